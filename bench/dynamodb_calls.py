"""How much server CPU does each of DynamoDB's calls cost, beside other servers on the same machine?

Unit: microseconds of server CPU for one call (a scan: one walk over 10,000 items, in milliseconds), at 1 and 16
connections; median over the rounds.
Workload: items of 1 KB with ten attributes and a sort key; puts and updates of random items, gets, queries of 100
items, batches of 25 puts, transactions of 4 puts, scans of 10,000 items of 100 bytes.

With `--beside 'NAME=COMMAND'` another server is started and measured in the same run; `{port}` and `{directory}` stand
for a free port and an empty directory: `--beside 'dynalite=dynalite --port {port} --path {directory}'`,
`--beside 'ministack=env GATEWAY_PORT={port} ministack'`.
"""

import argparse
import asyncio
import json
import random
import shlex
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.aws_endpoint import Connection, Endpoint, Work, report
from bench.process_cost import ProcessCost, listener_pid
from rich.console import Console
from rich.table import Table
from tests.servers import HomeportProcess, free_port

CALLS = 320
FEW_CALLS = 64
CONNECTIONS = (1, 16)
PARTITIONS, PER_PARTITION = 20, 100
SCANNED = 10_000
SCANS = 5
STARTING_SECONDS = 30.0
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


async def scan_milliseconds(connection: Connection, endpoint: Endpoint) -> float | None:
    """Milliseconds of server CPU for one walk over a table of 10,000 small items."""
    await make_table(connection, "scanned", "pk")
    puts = [{"PutRequest": {"Item": {"pk": {"S": f"key {number}"}, "v": {"S": "y" * 80}}}} for number in range(SCANNED)]
    await fill(connection, "scanned", puts)
    spent = []
    for _ in range(SCANS):
        before, found = endpoint.cost.cpu_seconds_finely(), 0
        start: dict[str, Any] = {}
        while True:
            page = await call(connection, "Scan", TableName="scanned", **start)
            found += page["Count"]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        assert found == SCANNED, found
        after = endpoint.cost.cpu_seconds_finely()
        if before is not None and after is not None:
            spent.append((after - before) * 1000)
    return round(sorted(spent)[len(spent) // 2], 1) if spent else None


async def measure(endpoint: Endpoint) -> dict[str, float | str | None]:
    """Every line of the table for one server; what it does not do is told as such."""
    (first,) = await endpoint.connect(1)
    await make_table(first, "bench", "pk", "sk")
    await fill(first, "bench", [put(f"p{n // PER_PARTITION}", n % PER_PARTITION) for n in range(PARTITIONS * 100)])
    numbers: dict[str, float | str | None] = {}
    for name, (work, calls) in workloads().items():
        for connections in CONNECTIONS:
            try:
                measured = await endpoint.measure(work, connections=connections, calls=calls)
                numbers[f"{name}, {connections}"] = measured["cpu_us"]
            except (AssertionError, asyncio.IncompleteReadError) as refused:
                numbers[f"{name}, {connections}"] = f"no: {str(refused)[:40]}"
    (fresh,) = await endpoint.connect(1)
    numbers["scan of 10,000 (ms)"] = await scan_milliseconds(fresh, endpoint)
    return numbers


@contextmanager
def homeport(durability: str) -> Iterator[Endpoint]:
    """A fresh Homeport."""
    with tempfile.TemporaryDirectory() as directory:
        settings = {"durability": durability}
        server = HomeportProcess.on(Path(directory) / "data", settings=settings, listen_aws="127.0.0.1:0").start()
        try:
            yield Endpoint(server.aws_url, ProcessCost(server.pid))
        finally:
            server.stop()


@contextmanager
def beside(command: str) -> Iterator[Endpoint]:
    """Another server, started by its command."""
    with tempfile.TemporaryDirectory() as directory:
        port = free_port()
        words = shlex.split(command.format(port=port, directory=directory))
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=directory) as process:
            try:
                _await_port(port)
                yield Endpoint(f"http://127.0.0.1:{port}", ProcessCost(listener_pid(port)))
            finally:
                process.terminate()


def _await_port(port: int) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def show(columns: dict[str, dict[str, float | str | None]]) -> None:
    """The table, and one line of JSON."""
    table = Table("us of server CPU for one call", *columns)
    for line in next(iter(columns.values())):
        table.add_row(line, *(str(numbers[line]) for numbers in columns.values()))
    Console().print(table)
    report("dynamodb_calls", columns)


def main() -> None:
    """Measure one server after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="", help="measure what runs at this URL instead of a fresh Homeport")
    parser.add_argument("--durability", default="process", choices=("process", "power"))
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=COMMAND")
    given = parser.parse_args()
    columns = {}
    with ExitStack() as stack:
        if given.endpoint:
            port = urlsplit(given.endpoint).port or 80
            columns[given.endpoint] = asyncio.run(measure(Endpoint(given.endpoint, ProcessCost(listener_pid(port)))))
        else:
            columns["Homeport"] = asyncio.run(measure(stack.enter_context(homeport(given.durability))))
    for server in given.beside:
        name, _, command = server.partition("=")
        with beside(command) as endpoint:
            columns[name] = asyncio.run(measure(endpoint))
    show(columns)


if __name__ == "__main__":
    main()
