"""How much server CPU do PutObject, GetObject and HeadObject of 1 KB cost, beside other servers?

Unit: microseconds of server CPU for one call, calls a second, and peak memory of the server in MB (10^6 bytes).
Workload: each connection puts new keys and reads one of them again and again, 1 and 16 connections; the put's
checksum is the server's to compute.
"""

import itertools
import os

from bench.aws_connection import Connection
from bench.aws_endpoint import Endpoint
from bench.beside import Column, run

CALLS = 480
BODY = os.urandom(1024)
BUCKET = "bench-small"


async def measure(endpoint: Endpoint, column: Column) -> None:
    """Every line of one server."""
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

    for connections in (1, 16):
        for name, work in (("put", put), ("get", get), ("head", head)):
            measuring = endpoint.measure(work, connections=connections, calls=CALLS)
            await column.add(f"{name}, {connections}", measuring)


if __name__ == "__main__":
    run("s3_small_objects", __doc__, measure)
