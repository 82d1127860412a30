"""How much server CPU does a pair of ReceiveMessage and DeleteMessage cost, and does a deep queue make it dearer?

Unit: microseconds of server CPU for one pair, pairs a second, and peak memory of the server in MB (10^6 bytes).
Workload: bodies of 1 KB in one standard queue, JSON protocol, 1 and 16 connections; then the same, and sends, in a
queue of `BENCH_QUEUE_DEPTH` messages (200,000 unless it says otherwise); the same of other servers.
"""

import asyncio
import os
from contextlib import suppress

from bench.aws_connection import Connection, Refused
from bench.aws_endpoint import WARM_UP_ROUNDS, Endpoint, Numbers
from bench.beside import Column, run

PAIRS = 320
DEPTH = int(os.environ.get("BENCH_QUEUE_DEPTH", "200000"))
# A server that takes messages more slowly than this answers fewer rounds too, so it needs fewer; and is not deep.
FILL_SECONDS = 30.0
DEPTH_SECONDS = 90.0
BODY = "x" * 1024


async def fill(endpoint: Endpoint, queue: str, count: int, seconds: float) -> int:
    """Send so many messages, or as many as fit into the time; how many they are."""
    connections = await endpoint.connect(8)
    entries = [{"Id": str(number), "MessageBody": BODY} for number in range(10)]
    sent = 0

    async def some(connection: Connection) -> None:
        nonlocal sent
        for _ in range(count // 80 + 1):
            await connection.sqs("SendMessageBatch", QueueUrl=queue, Entries=entries)
            sent += len(entries)

    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(some(connection) for connection in connections))
    for connection in connections:
        connection.close()
    return sent


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

    async def among_few(connections: int) -> Numbers:
        rounds = endpoint.rounds + min(endpoint.rounds, WARM_UP_ROUNDS)
        await fill(endpoint, queue, PAIRS * rounds, FILL_SECONDS)
        return await endpoint.measure(pair, connections=connections, calls=PAIRS)

    async def among_many() -> Numbers:
        sent = await fill(endpoint, queue, DEPTH, DEPTH_SECONDS)
        if sent < DEPTH:
            raise Refused(f"took only {sent:,} messages in {DEPTH_SECONDS:.0f} s")
        return await endpoint.measure(pair, connections=16, calls=PAIRS)

    for connections in (1, 16):
        await column.add(f"pair, {connections}", among_few(connections))
    deep, sends = f"pair of {DEPTH:,}, 16", f"send into {DEPTH:,}, 16"
    await column.add(deep, among_many())
    if isinstance(column.lines[deep], str):
        column.lines[sends] = column.lines[deep]
    else:
        await column.add(sends, endpoint.measure(send, connections=16, calls=PAIRS))


if __name__ == "__main__":
    run("sqs_receive", __doc__, measure)
