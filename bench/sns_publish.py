"""How much server CPU does a Publish cost that reaches 1 and 10 queues?

Unit: microseconds of server CPU for one call, delivery included, and calls a second.
Workload: messages of 256 bytes to a standard topic whose queues get signed envelopes, then raw; 1 and 16 connections.
The messages have arrived when a round ends: the last one is looked for in the last queue.
"""

import asyncio

from bench.aws_endpoint import Connection, Endpoint, endpoint_under_test, report

CALLS = 192
MESSAGE = "x" * 256


async def topic_with(endpoint: Endpoint, queues: int, *, raw: bool) -> str:
    """A topic's ARN."""
    (connection,) = await endpoint.connect(1)
    name = f"bench-{queues}-{'raw' if raw else 'signed'}"
    arn = f"arn:aws:sns:us-east-1:000000000000:{name}"
    await connection.sns("CreateTopic", Name=name)
    for number in range(queues):
        queue = f"{name}-{number}"
        await connection.sqs("CreateQueue", QueueName=queue)
        more = {"Attributes.entry.1.key": "RawMessageDelivery", "Attributes.entry.1.value": str(raw).lower()}
        await connection.sns(
            "Subscribe", TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:000000000000:{queue}", **more
        )
    connection.close()
    return arn


async def main(endpoint: Endpoint) -> None:
    """Measure, and print."""
    numbers = {}
    for raw in (False, True):
        for queues in (1, 10):
            arn = await topic_with(endpoint, queues, raw=raw)

            async def publish(connection: Connection, arn: str = arn) -> None:
                await connection.sns("Publish", TopicArn=arn, Message=MESSAGE)

            for connections in (1, 16):
                label = f"to {queues} {'raw' if raw else 'signed'}, {connections}"
                numbers[label] = await endpoint.measure(publish, connections=connections, calls=CALLS)
    report("sns_publish", numbers)


if __name__ == "__main__":
    with endpoint_under_test(__doc__) as under_test:
        asyncio.run(main(under_test))
