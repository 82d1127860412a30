"""How much server CPU does a durable SendMessage cost, alone and in batches of ten, beside other servers?

Unit: microseconds of server CPU for one call, calls a second, and peak memory of the server in MB (10^6 bytes).
Workload: bodies of 1 KB to one standard queue, JSON protocol, 1 and 16 connections.
"""

from bench.aws_connection import Connection
from bench.aws_endpoint import Endpoint
from bench.beside import Column, run

CALLS = 480
BATCHES = 96
BODY = "x" * 1024


async def measure(endpoint: Endpoint, column: Column) -> None:
    """Every line of one server."""
    (first,) = await endpoint.connect(1)
    queue = (await first.sqs("CreateQueue", QueueName="bench-send"))["QueueUrl"]
    entries = [{"Id": str(number), "MessageBody": BODY} for number in range(10)]

    async def send(connection: Connection) -> None:
        await connection.sqs("SendMessage", QueueUrl=queue, MessageBody=BODY)

    async def batch(connection: Connection) -> None:
        await connection.sqs("SendMessageBatch", QueueUrl=queue, Entries=entries)

    for connections in (1, 16):
        await column.add(f"send, {connections}", endpoint.measure(send, connections=connections, calls=CALLS))
        await column.add(f"batch of 10, {connections}", endpoint.measure(batch, connections=connections, calls=BATCHES))


if __name__ == "__main__":
    run("sqs_send", __doc__, measure)
