"""How much server CPU does a pair of ReceiveMessage and DeleteMessage cost, and does a deep queue make it dearer?

Unit: microseconds of server CPU for one pair, and pairs a second.
Workload: bodies of 1 KB in one standard queue, JSON protocol, 1 and 16 connections; then the same, and sends, in a
queue of `BENCH_QUEUE_DEPTH` messages (200,000 unless it says otherwise).
"""

import asyncio
import os

from bench.aws_endpoint import ROUNDS, WARM_UP_ROUNDS, Connection, Endpoint, endpoint_under_test, report

PAIRS = 320
DEPTH = int(os.environ.get("BENCH_QUEUE_DEPTH", "200000"))
BODY = "x" * 1024


async def fill(endpoint: Endpoint, queue: str, count: int) -> None:
    """Send so many messages."""
    connections = await endpoint.connect(8)
    entries = [{"Id": str(number), "MessageBody": BODY} for number in range(10)]

    async def some(connection: Connection) -> None:
        for _ in range(count // 80 + 1):
            await connection.sqs("SendMessageBatch", QueueUrl=queue, Entries=entries)
        connection.close()

    await asyncio.gather(*(some(connection) for connection in connections))


async def main(endpoint: Endpoint) -> None:
    """Measure, and print."""
    (first,) = await endpoint.connect(1)
    queue = (await first.sqs("CreateQueue", QueueName="bench-receive"))["QueueUrl"]

    async def pair(connection: Connection) -> None:
        result = await connection.sqs("ReceiveMessage", QueueUrl=queue)
        handle = result["Messages"][0]["ReceiptHandle"]
        await connection.sqs("DeleteMessage", QueueUrl=queue, ReceiptHandle=handle)

    async def send(connection: Connection) -> None:
        await connection.sqs("SendMessage", QueueUrl=queue, MessageBody=BODY)

    numbers = {}
    for connections in (1, 16):
        await fill(endpoint, queue, PAIRS * (ROUNDS + WARM_UP_ROUNDS))
        numbers[f"pair, {connections}"] = await endpoint.measure(pair, connections=connections, calls=PAIRS)
    await fill(endpoint, queue, DEPTH)
    numbers[f"pair of {DEPTH}, 16"] = await endpoint.measure(pair, connections=16, calls=PAIRS)
    numbers[f"send into {DEPTH}, 16"] = await endpoint.measure(send, connections=16, calls=PAIRS)
    report("sqs_receive", {**numbers, "resident_mb": endpoint.cost.resident_megabytes()})


if __name__ == "__main__":
    with endpoint_under_test(__doc__) as under_test:
        asyncio.run(main(under_test))
