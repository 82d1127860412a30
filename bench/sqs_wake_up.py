"""How long does a receive that waits take to get the message that somebody sends?

Unit: milliseconds from the send to the end of the receive; then microseconds of server CPU for a ListQueues beside
receives that wait.
Workload: one receiver and one sender, 200 times; then 500 waiting receives on connections of their own.
"""

import asyncio
import statistics
import time

from bench.aws_endpoint import Connection, Endpoint, endpoint_under_test, p95, report

TIMES = 200
WAITING = 500
LISTINGS = 96


async def wake_ups(endpoint: Endpoint, queue: str) -> list[float]:
    """Milliseconds of each."""
    sender, receiver = await endpoint.connect(2)
    found = []
    for _ in range(TIMES):
        waiting = asyncio.create_task(receiver.sqs("ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=20))
        await asyncio.sleep(0.005)
        began = time.perf_counter()
        await sender.sqs("SendMessage", QueueUrl=queue, MessageBody="b")
        handle = (await waiting)["Messages"][0]["ReceiptHandle"]
        found.append((time.perf_counter() - began) * 1000)
        await sender.sqs("DeleteMessage", QueueUrl=queue, ReceiptHandle=handle)
    return found


async def list_queues(connection: Connection) -> None:
    """Something that has nothing to do with those who wait."""
    await connection.sqs("ListQueues")


async def main(endpoint: Endpoint) -> None:
    """Measure, and print."""
    (first,) = await endpoint.connect(1)
    queue = (await first.sqs("CreateQueue", QueueName="bench-wake-up"))["QueueUrl"]
    found = await wake_ups(endpoint, queue)
    alone = await endpoint.measure(list_queues, connections=1, calls=LISTINGS)
    crowd = await endpoint.connect(WAITING)
    tasks = [asyncio.create_task(one.sqs("ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=20)) for one in crowd]
    await asyncio.sleep(1)
    beside = await endpoint.measure(list_queues, connections=1, calls=LISTINGS)
    for task, one in zip(tasks, crowd, strict=True):
        task.cancel()
        one.close()
    numbers = {"median_ms": round(statistics.median(found), 2), "p95_ms": round(p95(found), 2)}
    report("sqs_wake_up", {**numbers, "ListQueues": alone, f"ListQueues beside {WAITING}": beside})


if __name__ == "__main__":
    with endpoint_under_test(__doc__) as under_test:
        asyncio.run(main(under_test))
