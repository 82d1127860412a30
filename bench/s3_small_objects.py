"""How much server CPU do PutObject, GetObject and HeadObject of 1 KB cost?

Unit: microseconds of server CPU for one call, and calls a second.
Workload: each connection puts new keys and reads one of them again and again, 1 and 16 connections; the put's
checksum is the server's to compute.
"""

import asyncio
import itertools
import os

from bench.aws_endpoint import Connection, Endpoint, endpoint_under_test, report

CALLS = 480
BODY = os.urandom(1024)
BUCKET = "bench-small"


async def main(endpoint: Endpoint) -> None:
    """Measure, and print."""
    (first,) = await endpoint.connect(1)
    await first.s3("PUT", f"/{BUCKET}")
    await first.s3("PUT", f"/{BUCKET}/hot", BODY)
    names = itertools.count()

    async def put(connection: Connection) -> None:
        await connection.s3("PUT", f"/{BUCKET}/object-{next(names)}", BODY)

    async def get(connection: Connection) -> None:
        await connection.s3("GET", f"/{BUCKET}/hot")

    async def head(connection: Connection) -> None:
        await connection.s3("HEAD", f"/{BUCKET}/hot")

    numbers = {}
    for connections in (1, 16):
        for name, work in (("put", put), ("get", get), ("head", head)):
            measured = await endpoint.measure(work, connections=connections, calls=CALLS)
            numbers[f"{name}, {connections}"] = measured
    report("s3_small_objects", numbers)


if __name__ == "__main__":
    with endpoint_under_test(__doc__) as under_test:
        asyncio.run(main(under_test))
