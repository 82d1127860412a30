"""How much server CPU does each of DynamoDB's calls cost, beside other servers on the same machine?

Unit: microseconds of server CPU for one call (a scan: one walk over 10,000 items), calls a second, and peak memory of
the server in MB (10^6 bytes).
Workload: items of 1 KB with ten attributes and a sort key; puts and updates of random items, gets, queries of 100
items, batches of 25 puts, transactions of 4 puts, scans of 10,000 items of 100 bytes; 1 and 16 connections.
"""

import asyncio
import json
import random
from collections.abc import Sequence
from itertools import cycle
from typing import Any

from bench.aws_connection import Connection, Refused
from bench.aws_endpoint import Endpoint, Numbers, Work
from bench.beside import Column, run

CALLS = 320
FEW_CALLS = 64
CONNECTIONS = (1, 16)
PARTITIONS, PER_PARTITION = 20, 100
SCANNED = 10_000
_POLLS = 300


def item(partition: str, number: int) -> dict[str, Any]:
    """1 KB in ten attributes."""
    texts = {f"attribute{index}": {"S": "x" * 110} for index in range(7)}
    return {"pk": {"S": partition}, "sk": {"S": f"{number:06}"}, "n": {"N": str(number)}, **texts}


def key(number: int) -> dict[str, Any]:
    """The key of one of the items that are there from the beginning."""
    return {"pk": {"S": f"p{number // PER_PARTITION}"}, "sk": {"S": f"{number % PER_PARTITION:06}"}}


def put(partition: str, number: int) -> dict[str, Any]:
    """An element of a batch."""
    return {"PutRequest": {"Item": item(partition, number)}}


async def call(connection: Connection, operation: str, **request: Any) -> Any:
    """One call outside of the measurement."""
    return json.loads(await connection.dynamodb(operation, json.dumps(request).encode()) or b"{}")


async def make_table(connection: Connection, name: str, *keys: str) -> None:
    """A table on demand, once it is active."""
    schema = [{"AttributeName": key, "KeyType": role} for key, role in zip(keys, ("HASH", "RANGE"), strict=False)]
    definitions = [{"AttributeName": key, "AttributeType": "S"} for key in keys]
    options = {"AttributeDefinitions": definitions, "BillingMode": "PAY_PER_REQUEST"}
    await call(connection, "CreateTable", TableName=name, KeySchema=schema, **options)
    await until_active(connection, name)


async def until_active(connection: Connection, name: str) -> None:
    """Wait for a table that was just made."""
    for _ in range(_POLLS):
        if (await call(connection, "DescribeTable", TableName=name))["Table"]["TableStatus"] == "ACTIVE":
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(name)


async def fill(connection: Connection, table: str, puts: Sequence[dict[str, Any]]) -> None:
    """Write items in batches."""
    for start in range(0, len(puts), 25):
        await call(connection, "BatchWriteItem", RequestItems={table: puts[start : start + 25]})


def repeated(operation: str, requests: Sequence[dict[str, Any]]) -> Work:
    """A call with one of these requests after the other, made before the measurement."""
    bodies = cycle([json.dumps({"TableName": "bench", **request}).encode() for request in requests])

    async def work(connection: Connection) -> None:
        await connection.dynamodb(operation, next(bodies))

    return work


def workloads() -> dict[str, tuple[Work, int]]:
    """Each kind of call, and how many make a round."""
    chance = random.Random(1)
    count = PARTITIONS * PER_PARTITION
    some = [chance.randrange(count) for _ in range(2000)]
    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    queries = [
        {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": f"p{number}"}}}
        for number in range(PARTITIONS)
    ]
    batches = [
        {"TableName": None, "RequestItems": {"bench": [put(f"b{chance.randrange(9999)}", n) for n in range(25)]}}
        for _ in range(100)
    ]
    transactions = [
        {
            "TransactItems": [
                {"Put": {"TableName": "bench", "Item": item(f"t{chance.randrange(10**6)}", n)}} for n in range(4)
            ]
        }
        for _ in range(400)
    ]
    puts = [{"Item": item(f"u{chance.randrange(10**6)}", number)} for number in range(2000)]
    return {
        "put": (repeated("PutItem", puts), CALLS),
        "get": (repeated("GetItem", [{"Key": key(number)} for number in some]), CALLS),
        "query of 100": (repeated("Query", queries), FEW_CALLS),
        "update": (repeated("UpdateItem", [{"Key": key(number), **add} for number in some]), CALLS),
        "batch of 25": (repeated("BatchWriteItem", batches), FEW_CALLS),
        "transaction of 4": (repeated("TransactWriteItems", transactions), FEW_CALLS),
    }


async def fill_scanned(connection: Connection) -> None:
    """A table of 10,000 small items."""
    await make_table(connection, "scanned", "pk")
    puts = [{"PutRequest": {"Item": {"pk": {"S": f"key {number}"}, "v": {"S": "y" * 80}}}} for number in range(SCANNED)]
    await fill(connection, "scanned", puts)


async def scan(connection: Connection) -> None:
    """One walk over the table, page after page."""
    found, start = 0, dict[str, Any]()
    while True:
        page = await call(connection, "Scan", TableName="scanned", **start)
        found += page["Count"]
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    if found != SCANNED:
        raise Refused(f"{found} of {SCANNED} items")


async def scans(endpoint: Endpoint, connection: Connection, connections: int) -> Numbers:
    """One walk of each connection a round; the first line makes the table."""
    if connections == CONNECTIONS[0]:
        await fill_scanned(connection)
    return await endpoint.measure(scan, connections=connections, calls=connections)


async def measure(endpoint: Endpoint, column: Column) -> None:
    """Every line of one server."""
    (first,) = await endpoint.connect(1)
    await make_table(first, "bench", "pk", "sk")
    await fill(first, "bench", [put(f"p{n // PER_PARTITION}", n % PER_PARTITION) for n in range(PARTITIONS * 100)])
    for name, (work, calls) in workloads().items():
        for connections in CONNECTIONS:
            measuring = endpoint.measure(work, connections=connections, calls=calls)
            await column.add(f"{name}, {connections}", measuring)
    for connections in CONNECTIONS:
        await column.add(f"scan of 10,000, {connections}", scans(endpoint, first, connections))


if __name__ == "__main__":
    run("dynamodb_calls", __doc__, measure)
