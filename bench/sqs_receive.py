"""How much server CPU does a pair of ReceiveMessage and DeleteMessage cost, and does a deep queue make it dearer?

Unit: microseconds of server CPU for one pair, pairs a second, and peak memory of the server in MB (10^6 bytes).
Workload: bodies of 1 KB in one standard queue, JSON protocol, 1 and 16 connections; then the same, and sends, in a
queue of `BENCH_QUEUE_DEPTH` messages (200,000 unless it says otherwise); the same of other servers.
"""

import asyncio
import os

from bench.aws_connection import Connection, Refused
from bench.aws_endpoint import WARM_UP_ROUNDS, Endpoint, Numbers, Work
from bench.beside import Column, run

PAIRS = 320
DEPTH = int(os.environ.get("BENCH_QUEUE_DEPTH", "200000"))
FILL_SECONDS = 90.0
BODY = "x" * 1024


async def fill(endpoint: Endpoint, queue: str, count: int) -> None:
    """Send so many messages, unless that takes too long."""
    connections = await endpoint.connect(8)
    entries = [{"Id": str(number), "MessageBody": BODY} for number in range(10)]
    sent = 0

    async def some(connection: Connection) -> None:
        nonlocal sent
        for _ in range(count // 80 + 1):
            await connection.sqs("SendMessageBatch", QueueUrl=queue, Entries=entries)
            sent += len(entries)

    try:
        async with asyncio.timeout(FILL_SECONDS):
            await asyncio.gather(*(some(connection) for connection in connections))
    except TimeoutError:
        raise Refused(f"took only {sent:,} messages in {FILL_SECONDS:.0f} s") from None
    finally:
        for connection in connections:
            connection.close()


async def measure(endpoint: Endpoint, column: Column) -> None:
    """Every line of one server."""
    (first,) = await endpoint.connect(1)
    queue = (await first.sqs("CreateQueue", QueueName="bench-receive"))["QueueUrl"]

    async def pair(connection: Connection) -> None:
        result = await connection.sqs("ReceiveMessage", QueueUrl=queue)
        if not result.get("Messages"):
            raise Refused("found no message in a queue that has some")
        handle = result["Messages"][0]["ReceiptHandle"]
        await connection.sqs("DeleteMessage", QueueUrl=queue, ReceiptHandle=handle)

    async def send(connection: Connection) -> None:
        await connection.sqs("SendMessage", QueueUrl=queue, MessageBody=BODY)

    async def filled(count: int, work: Work, connections: int) -> Numbers:
        await fill(endpoint, queue, count)
        return await endpoint.measure(work, connections=connections, calls=PAIRS)

    for connections in (1, 16):
        rounds = endpoint.rounds + min(endpoint.rounds, WARM_UP_ROUNDS)
        await column.add(f"pair, {connections}", filled(PAIRS * rounds, pair, connections))
    await column.add(f"pair of {DEPTH:,}, 16", filled(DEPTH, pair, 16))
    await column.add(f"send into {DEPTH:,}, 16", endpoint.measure(send, connections=16, calls=PAIRS))


if __name__ == "__main__":
    run("sqs_receive", __doc__, measure)
