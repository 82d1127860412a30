"""How much server CPU do a listing of 1,000 keys and the deletion of 1,000 objects cost?

Unit: microseconds of server CPU for one call, and calls a second.
Workload: ListObjectsV2 of a bucket with 10,000 keys of 30 letters, whole pages and one page by folders, 1 and 16
connections; DeleteObjects of 1,000 objects of 100 bytes that were put before each call, 1 connection.
"""

import asyncio
import time

from bench.aws_endpoint import Connection, Endpoint, endpoint_under_test, report

LISTINGS = 16
KEYS = 10_000
BATCH = 1000
BATCHES = 5
BUCKET = "bench-list"


async def fill(connections: list[Connection], prefix: str, count: int) -> None:
    """Put objects over all connections."""

    async def some(index: int, connection: Connection) -> None:
        for number in range(index, count, len(connections)):
            await connection.s3("PUT", f"/{BUCKET}/{prefix}{number // 100:03}/object-{number:06}", b"x" * 100)

    await asyncio.gather(*(some(index, connection) for index, connection in enumerate(connections)))


async def main(endpoint: Endpoint) -> None:
    """Measure, and print."""
    opened = await endpoint.connect(8)
    await opened[0].s3("PUT", f"/{BUCKET}")
    await fill(opened, "folder/", KEYS)

    async def page(connection: Connection) -> None:
        await connection.s3("GET", f"/{BUCKET}?list-type=2&max-keys=1000")

    async def folders(connection: Connection) -> None:
        await connection.s3("GET", f"/{BUCKET}?list-type=2&delimiter=%2F&prefix=folder%2F")

    numbers: dict[str, object] = {}
    for connections in (1, 16):
        for name, work in (("1,000 keys", page), ("100 folders", folders)):
            measured = await endpoint.measure(work, connections=connections, calls=LISTINGS)
            numbers[f"{name}, {connections}"] = measured
    numbers["delete 1,000"] = await deletions(endpoint, opened)
    report("s3_listings", numbers)


async def deletions(endpoint: Endpoint, opened: list[Connection]) -> dict[str, float | None]:
    """One batch after the other, each of new objects."""
    keys = [f"batch/{number // 100:03}/object-{number:06}" for number in range(BATCH)]
    document = "<Delete>" + "".join(f"<Object><Key>{key}</Key></Object>" for key in keys) + "</Delete>"
    cpu, took = [], []
    for _ in range(BATCHES):
        await fill(opened, "batch/", BATCH)
        before, began = endpoint.cost.cpu_seconds_finely(), time.perf_counter()
        await opened[0].s3("POST", f"/{BUCKET}?delete", document.encode())
        took.append(time.perf_counter() - began)
        after = endpoint.cost.cpu_seconds_finely()
        if before is not None and after is not None:
            cpu.append((after - before) * 1_000_000)
    return {"cpu_us": round(min(cpu)) if cpu else None, "per_second": round(1 / min(took), 1)}


if __name__ == "__main__":
    with endpoint_under_test(__doc__) as under_test:
        asyncio.run(main(under_test))
