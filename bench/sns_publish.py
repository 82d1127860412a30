"""How much server CPU does a Publish cost that reaches 1 and 10 queues, beside other servers?

Unit: microseconds of server CPU for one call, delivery included, calls a second, and peak memory of the server in MB
(10^6 bytes).
Workload: messages of 256 bytes to a standard topic whose queues get signed envelopes, then raw; 1 and 16 connections.
The messages have arrived when a round ends: the last queue is asked how many it has.
"""

import asyncio

from bench.aws_connection import Connection
from bench.aws_endpoint import Endpoint, Numbers
from bench.beside import Column, run

CALLS = 192
MESSAGE = "x" * 256
POLL_SECONDS = 0.01


async def topic_with(connection: Connection, name: str, queues: int, *, raw: bool) -> tuple[str, str]:
    """A topic's ARN, and the URL of the last of its queues; servers differ in the account that both belong to."""
    answer = await connection.sns("CreateTopic", Name=name)
    arn, url = answer.partition(b"<TopicArn>")[2].partition(b"<")[0].decode(), ""
    more = {"Attributes.entry.1.key": "RawMessageDelivery", "Attributes.entry.1.value": str(raw).lower()}
    for number in range(queues):
        url = (await connection.sqs("CreateQueue", QueueName=f"{name}-{number}"))["QueueUrl"]
        queue = await attribute(connection, url, "QueueArn")
        await connection.sns("Subscribe", TopicArn=arn, Protocol="sqs", Endpoint=queue, **more)
    return arn, url


async def publishing(endpoint: Endpoint, queues: int, connections: int, *, raw: bool) -> Numbers:
    """One line, with a topic of its own."""
    (first,) = await endpoint.connect(1)
    name = f"bench-{queues}-{'raw' if raw else 'signed'}-{connections}"
    arn, queue = await topic_with(first, name, queues, raw=raw)
    published = 0

    async def publish(connection: Connection) -> None:
        nonlocal published
        await connection.sns("Publish", TopicArn=arn, Message=MESSAGE)
        published += 1

    async def arrival() -> None:
        await arrived(first, queue, published)

    try:
        return await endpoint.measure(publish, connections=connections, calls=CALLS, after=arrival)
    finally:
        first.close()


async def attribute(connection: Connection, queue: str, name: str) -> str:
    """One attribute of a queue."""
    answer = await connection.sqs("GetQueueAttributes", QueueUrl=queue, AttributeNames=[name])
    return str(answer["Attributes"][name])


async def arrived(connection: Connection, queue: str, messages: int) -> None:
    """Once a queue has so many messages."""
    while True:
        if int(await attribute(connection, queue, "ApproximateNumberOfMessages")) >= messages:
            return
        await asyncio.sleep(POLL_SECONDS)


async def measure(endpoint: Endpoint, column: Column) -> None:
    """Every line of one server."""
    for raw in (False, True):
        for queues in (1, 10):
            for connections in (1, 16):
                line = f"to {queues} {'raw' if raw else 'signed'}, {connections}"
                await column.add(line, publishing(endpoint, queues, connections, raw=raw))


if __name__ == "__main__":
    run("sns_publish", __doc__, measure)
