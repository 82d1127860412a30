"""How much server CPU does a durable SendMessage cost, alone and in batches of ten?

Unit: microseconds of server CPU for one call, and calls a second.
Workload: bodies of 1 KB to one standard queue, JSON protocol, 1 and 16 connections.
"""

import asyncio

from bench.aws_endpoint import Connection, Endpoint, endpoint_under_test, report

CALLS = 480
BATCHES = 96
BODY = "x" * 1024


async def main(endpoint: Endpoint) -> None:
    """Measure, and print."""
    (first,) = await endpoint.connect(1)
    queue = (await first.sqs("CreateQueue", QueueName="bench-send"))["QueueUrl"]
    entries = [{"Id": str(number), "MessageBody": BODY} for number in range(10)]

    async def send(connection: Connection) -> None:
        await connection.sqs("SendMessage", QueueUrl=queue, MessageBody=BODY)

    async def batch(connection: Connection) -> None:
        await connection.sqs("SendMessageBatch", QueueUrl=queue, Entries=entries)

    numbers = {}
    for connections in (1, 16):
        numbers[f"send, {connections}"] = await endpoint.measure(send, connections=connections, calls=CALLS)
        numbers[f"batch, {connections}"] = await endpoint.measure(batch, connections=connections, calls=BATCHES)
    report("sqs_send", numbers)


if __name__ == "__main__":
    with endpoint_under_test(__doc__) as under_test:
        asyncio.run(main(under_test))
