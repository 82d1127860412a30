"""How much server CPU do a listing of 1,000 keys and the deletion of 1,000 objects cost, beside other servers?

Unit: microseconds of server CPU for one call, calls a second, and peak memory of the server in MB (10^6 bytes).
Workload: ListObjectsV2 of a bucket with 10,000 keys of 30 letters, whole pages and one page by folders;
DeleteObjects of 1,000 objects of 100 bytes that were put before each round; 1 and 16 connections.
"""

import asyncio
import itertools

from bench.aws_connection import Connection, Refused
from bench.aws_endpoint import Endpoint, Numbers
from bench.beside import Column, run

LISTINGS = 16
KEYS = 10_000
BATCH = 1000
BUCKET = "bench-list"


def key(prefix: str, number: int) -> str:
    """30 letters, a hundred keys to a folder."""
    return f"{prefix}/{number // 100:03}/object-{number:06}"


async def fill(connections: list[Connection], prefix: str, count: int) -> None:
    """Put objects over all connections."""

    async def some(index: int, connection: Connection) -> None:
        for number in range(index, count, len(connections)):
            await connection.s3("PUT", f"/{BUCKET}/{key(prefix, number)}", b"x" * 100)

    await asyncio.gather(*(some(index, connection) for index, connection in enumerate(connections)))


def expect(count: int, what: bytes, answer: bytes) -> None:
    """A server that answers less is not faster."""
    if (found := answer.count(what)) != count:
        raise Refused(f"{found} of {count} {what.decode()}")


async def measure(endpoint: Endpoint, column: Column) -> None:
    """Every line of one server."""
    opened = await endpoint.connect(8)
    await opened[0].s3("PUT", f"/{BUCKET}")
    await fill(opened, "folder", KEYS)

    async def page(connection: Connection) -> None:
        expect(1000, b"<Key>", await connection.s3("GET", f"/{BUCKET}?list-type=2&max-keys=1000"))

    async def folders(connection: Connection) -> None:
        answer = await connection.s3("GET", f"/{BUCKET}?list-type=2&delimiter=%2F&prefix=folder%2F")
        expect(KEYS // 100, b"<CommonPrefixes>", answer)

    for connections in (1, 16):
        for name, work in (("1,000 keys", page), ("100 folders", folders)):
            measuring = endpoint.measure(work, connections=connections, calls=LISTINGS)
            await column.add(f"{name}, {connections}", measuring)
    for connections in (1, 16):
        await column.add(f"delete 1,000, {connections}", deletions(endpoint, opened, connections))


async def deletions(endpoint: Endpoint, opened: list[Connection], connections: int) -> Numbers:
    """Each connection deletes a batch of its own, once a round."""
    numbers, batches = itertools.count(), list[str]()

    async def put_batches() -> None:
        for _ in range(connections):
            prefix = f"batch-{next(numbers)}"
            await fill(opened, prefix, BATCH)
            batches.append(prefix)

    async def delete(connection: Connection) -> None:
        prefix = batches.pop()
        keys = "".join(f"<Object><Key>{key(prefix, number)}</Key></Object>" for number in range(BATCH))
        answer = await connection.s3("POST", f"/{BUCKET}?delete", f"<Delete>{keys}</Delete>".encode())
        expect(BATCH, b"<Deleted>", answer)

    return await endpoint.measure(delete, connections=connections, calls=connections, before=put_batches)


if __name__ == "__main__":
    run("s3_listings", __doc__, measure)
