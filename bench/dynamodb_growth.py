"""Is a call on a table of 1,000,000 items slower than on one of 1,000?

Unit: microseconds of server CPU for one call at 16 connections, on each of the two tables; median over the rounds.
Workload: items of 300 bytes with a sort key in one global secondary index; random gets, puts, updates, queries of 10.
"""

import asyncio
import json
import random
from typing import Any

from bench.aws_connection import Connection
from bench.aws_endpoint import Endpoint, endpoint_under_test, report
from bench.dynamodb_calls import call, fill, repeated

SIZES = {"thousand": 1_000, "million": 1_000_000}
PER_PARTITION = 10
CALLS = 320
CONNECTIONS = 16


def key(number: int) -> dict[str, Any]:
    """Ten items a partition."""
    return {"pk": {"S": f"p{number // PER_PARTITION}"}, "sk": {"S": f"{number % PER_PARTITION}"}}


def item(number: int) -> dict[str, Any]:
    """300 bytes."""
    return {**key(number), "g": {"S": f"g{number % 97}"}, "n": {"N": str(number)}, "pad": {"S": "x" * 250}}


async def make_table(connection: Connection, name: str, size: int) -> None:
    """A table with an index and so many items."""
    attributes = ("pk", "sk", "g")
    await call(
        connection,
        "CreateTable",
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in attributes],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-g",
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    for start in range(0, size, 1000):
        await fill(connection, name, [{"PutRequest": {"Item": item(start + n)}} for n in range(1000)])


async def main(endpoint: Endpoint) -> None:
    """Measure both tables in turns, and print."""
    (first,) = await endpoint.connect(1)
    numbers = {}
    for name, size in SIZES.items():
        await make_table(first, name, size)
    for name, size in SIZES.items():
        chance = random.Random(name)
        some = [chance.randrange(size) for _ in range(4000)]
        add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
        works = {
            "get": repeated("GetItem", [{"TableName": name, "Key": key(number)} for number in some]),
            "put": repeated("PutItem", [{"TableName": name, "Item": item(number)} for number in some]),
            "update": repeated("UpdateItem", [{"TableName": name, "Key": key(number), **add} for number in some]),
            "query of 10": repeated(
                "Query",
                [
                    {
                        "TableName": name,
                        "KeyConditionExpression": "pk = :p",
                        "ExpressionAttributeValues": {":p": key(number)["pk"]},
                    }
                    for number in some
                ],
            ),
        }
        for kind, work in works.items():
            measured = await endpoint.measure(work, connections=CONNECTIONS, calls=CALLS)
            numbers[f"{kind}, a {name}"] = measured["cpu_us"]
    report("dynamodb_growth", json.loads(json.dumps(numbers)))


if __name__ == "__main__":
    with endpoint_under_test(__doc__) as under_test:
        asyncio.run(main(under_test))
