"""How long does a receive that waits take to get the message that somebody sends, beside other servers?

Unit: milliseconds from the send to the end of the receive, median and p95; then microseconds of server CPU for a
ListQueues beside receives that wait.
Workload: one receiver and one sender, 200 times; 16 such pairs at once, each with a queue of its own; then 500
waiting receives on connections of their own.
"""

import asyncio
import statistics
import time

from bench.aws_connection import Connection, Refused
from bench.aws_endpoint import ROUNDS_SECONDS, Endpoint, Numbers, p95
from bench.beside import Column, run

TIMES = 200
WAITING = 500
LISTINGS = 96


async def new_queue(connection: Connection, name: str) -> str:
    """Its URL."""
    url = (await connection.sqs("CreateQueue", QueueName=f"bench-wake-up-{name}"))["QueueUrl"]
    return str(url)


async def wake_ups(endpoint: Endpoint, name: str, deadline: float) -> list[float]:
    """Milliseconds of each, as many as fit into the time."""
    sender, receiver = await endpoint.connect(2)
    queue = await new_queue(sender, name)
    found = list[float]()
    while len(found) < TIMES and not (found and time.perf_counter() > deadline):
        waiting = asyncio.create_task(receiver.sqs("ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=20))
        await asyncio.sleep(0.005)
        began = time.perf_counter()
        await sender.sqs("SendMessage", QueueUrl=queue, MessageBody="b")
        messages = (await waiting).get("Messages")
        if not messages:
            raise Refused("a receive that waited got nothing")
        found.append((time.perf_counter() - began) * 1000)
        await sender.sqs("DeleteMessage", QueueUrl=queue, ReceiptHandle=messages[0]["ReceiptHandle"])
    sender.close()
    receiver.close()
    return found


async def pairs(endpoint: Endpoint, count: int) -> Numbers:
    """So many receivers, each with its sender."""
    deadline = time.perf_counter() + ROUNDS_SECONDS
    every = await asyncio.gather(*(wake_ups(endpoint, f"{count}-{index}", deadline) for index in range(count)))
    found = [one for each in every for one in each]
    return {"median_ms": round(statistics.median(found), 2), "p95_ms": round(p95(found), 2), "times": len(found)}


async def list_queues(connection: Connection) -> None:
    """Something that has nothing to do with those who wait."""
    await connection.sqs("ListQueues")


async def beside_a_crowd(endpoint: Endpoint) -> Numbers:
    """ListQueues while many wait."""
    crowd = await endpoint.connect(WAITING)
    queue = await new_queue(crowd[0], "crowd")
    tasks = [asyncio.create_task(one.sqs("ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=20)) for one in crowd]
    try:
        await asyncio.sleep(1)
        return await endpoint.measure(list_queues, connections=1, calls=LISTINGS)
    finally:
        for task, one in zip(tasks, crowd, strict=True):
            task.cancel()
            one.close()
        await asyncio.gather(*tasks, return_exceptions=True)


async def measure(endpoint: Endpoint, column: Column) -> None:
    """Every line of one server."""
    for connections in (1, 16):
        await column.add(f"wake-up, {connections}", pairs(endpoint, connections))
    await column.add("ListQueues, 1", endpoint.measure(list_queues, connections=1, calls=LISTINGS))
    await column.add(f"ListQueues beside {WAITING}, 1", beside_a_crowd(endpoint))


if __name__ == "__main__":
    run("sqs_wake_up", __doc__, measure)
