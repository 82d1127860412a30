"""How much server CPU and memory do large objects cost, put whole, put in parts, and read?

Unit: server CPU seconds per GB (10^9 bytes), MB (10^6 bytes) a second, peak memory of the server in MB.
Workload: objects of 64 MiB by 1 and by 4 connections; parts of 8 MiB, eight to an object; bytes that do not compress.
"""

import asyncio
import os
import re
import statistics
import time
from collections.abc import Awaitable, Callable

from bench.aws_endpoint import Connection, Endpoint, endpoint_under_test, report

SIZE = 64 << 20
PART = 8 << 20
ROUNDS = 5
BUCKET = "bench-large"
BODY = os.urandom(SIZE)

Transfer = Callable[[Connection, str], Awaitable[None]]


async def put(connection: Connection, key: str) -> None:
    """One object whole."""
    await connection.s3("PUT", f"/{BUCKET}/{key}", BODY)


async def get(connection: Connection, key: str) -> None:
    """One object."""
    assert len(await connection.s3("GET", f"/{BUCKET}/{key}")) == SIZE


async def put_in_parts(connection: Connection, key: str) -> None:
    """One object in parts."""
    begun = await connection.s3("POST", f"/{BUCKET}/{key}?uploads")
    match = re.search(rb"<UploadId>(.+?)</UploadId>", begun)
    assert match is not None
    upload = match[1].decode()
    named = []
    for number, start in enumerate(range(0, SIZE, PART), start=1):
        path = f"/{BUCKET}/{key}?partNumber={number}&uploadId={upload}"
        await connection.s3("PUT", path, BODY[start : start + PART])
        named.append(number)
    listed = await connection.s3("GET", f"/{BUCKET}/{key}?uploadId={upload}")
    etags = re.findall(rb"<ETag>(.+?)</ETag>", listed)
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag.decode()}</ETag></Part>"
        for number, etag in zip(named, etags, strict=True)
    )
    document = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    await connection.s3("POST", f"/{BUCKET}/{key}?uploadId={upload}", document)


async def measure(endpoint: Endpoint, transfer: Transfer, connections: int) -> dict[str, float | None]:
    """Medians over some rounds."""
    opened = await endpoint.connect(connections)
    gigabytes = SIZE * connections / 1e9
    cpu, speed = [], []
    endpoint.cost.forget_peak()
    for _ in range(ROUNDS):
        before, began = endpoint.cost.cpu_seconds(), time.perf_counter()
        await asyncio.gather(*(transfer(one, f"object-{index}") for index, one in enumerate(opened)))
        speed.append(gigabytes * 1000 / (time.perf_counter() - began))
        after = endpoint.cost.cpu_seconds()
        if before is not None and after is not None:
            cpu.append((after - before) / gigabytes)
    for one in opened:
        one.close()
    peak = endpoint.cost.peak_megabytes()
    return {
        "cpu_s_per_gb": round(statistics.median(cpu), 2) if cpu else None,
        "mb_per_second": round(statistics.median(speed)),
        "peak_mb": None if peak is None else round(peak),
    }


async def main(endpoint: Endpoint) -> None:
    """Measure, and print."""
    (first,) = await endpoint.connect(1)
    await first.s3("PUT", f"/{BUCKET}")
    numbers = {}
    for connections in (1, 4):
        for transfer in (put, get, put_in_parts):
            numbers[f"{transfer.__name__}, {connections}"] = await measure(endpoint, transfer, connections)
    report("s3_large_objects", numbers)


if __name__ == "__main__":
    with endpoint_under_test(__doc__) as under_test:
        asyncio.run(main(under_test))
