"""Does a call cost more on a table of 1,000,000 items than on one of 1,000, and than on other servers' tables?

Unit: microseconds of server CPU for one call at 16 connections, calls a second, and peak memory of the server in MB
(10^6 bytes); each the median of the turns that the tables take one after the other.
Workload: items of 300 bytes with a sort key in one global secondary index; gets, puts, updates and queries of 10, of
random items out of a table of a thousand, out of a thousand that a table of a million has among others, and out of
all that million. The second tells what the table's size costs, the third adds what it costs that none of the items
that are asked for, 400 MB of them, are in the processor's caches or the server's own.
"""

import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.aws_connection import Connection
from bench.aws_endpoint import Endpoint, Numbers, Work
from bench.beside import FAILURES, Column, refusal, run
from bench.dynamodb_calls import call, fill, repeated, until_active

SIZES = {"thousand": 1_000, "million": 1_000_000}
PER_PARTITION = 10
CALLS = 320
CONNECTIONS = 16
TURNS = 6
ASKED = 20_000
KINDS = ("get", "put", "update", "query of 10")


@dataclass(frozen=True, slots=True)
class Range:
    """The first items of a table, as many as are asked for."""

    line: str
    table: str
    items: int


RANGES = (
    Range("a thousand", "thousand", 1_000),
    Range("a thousand of a million", "million", 1_000),
    Range("a million", "million", 1_000_000),
)


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
    await until_active(connection, name)
    for start in range(0, size, 1000):
        await fill(connection, name, [{"PutRequest": {"Item": item(start + n)}} for n in range(1000)])


def works(of: Range) -> dict[str, Work]:
    """Each kind of call, on random items."""
    chance = random.Random(of.line)
    some = [chance.randrange(of.items) for _ in range(ASKED)]
    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    requests: dict[str, tuple[str, list[dict[str, Any]]]] = {
        "get": ("GetItem", [{"Key": key(number)} for number in some]),
        "put": ("PutItem", [{"Item": item(number)} for number in some]),
        "update": ("UpdateItem", [{"Key": key(number), **add} for number in some]),
        "query of 10": ("Query", [neighbours(number) for number in some]),
    }
    return {
        kind: repeated(operation, [{"TableName": of.table, **one} for one in each])
        for kind, (operation, each) in requests.items()
    }


def neighbours(number: int) -> dict[str, Any]:
    """What asks for an item's whole partition."""
    return {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": key(number)["pk"]}}


async def in_turns(endpoint: Endpoint, lines: Mapping[str, Work]) -> Mapping[str, Numbers]:
    """Measure each line a little, again and again, so that they share the machine's weather."""
    briefly = replace(endpoint, rounds=max(1, endpoint.rounds // TURNS))
    turns: dict[str, list[Numbers]] = {line: [] for line in lines}
    for _ in range(TURNS):
        for line, work in lines.items():
            turns[line].append(await briefly.measure(work, connections=CONNECTIONS, calls=CALLS))
    return {line: middle(each) for line, each in turns.items()}


def middle(turns: Sequence[Numbers]) -> Numbers:
    """The median of each number that is known."""
    known = {name: [number for each in turns if (number := each[name]) is not None] for name in turns[0]}
    return {name: round(statistics.median(numbers), 1) for name, numbers in known.items() if numbers}


async def measure(endpoint: Endpoint, column: Column) -> None:
    """Every line of one server."""
    (first,) = await endpoint.connect(1)
    for name, size in SIZES.items():
        await make_table(first, name, size)
    every = {of.line: works(of) for of in RANGES}
    for kind in KINDS:
        lines = {f"{kind}, {line}": each[kind] for line, each in every.items()}
        try:
            column.lines |= await in_turns(endpoint, lines)
        except FAILURES as failure:
            column.lines |= dict.fromkeys(lines, refusal(failure))


if __name__ == "__main__":
    run("dynamodb_growth", __doc__, measure)
