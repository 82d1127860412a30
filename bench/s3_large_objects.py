"""How much server CPU and memory do large objects cost, put whole, put in parts, and read, beside other servers?

Unit: server CPU seconds per GB (10^9 bytes), MB (10^6 bytes) a second, peak memory of the server in MB.
Workload: objects of 64 MiB by 1 and by 16 connections; parts of 8 MiB, eight to an object; bytes that do not compress.
Where nginx is installed, it serves the same objects as plain files.
"""

import asyncio
import http.client
import os
import re
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from bench import nginx
from bench.aws_connection import Refused
from bench.aws_endpoint import ROUNDS_SECONDS, Endpoint, Numbers
from bench.beside import Column, Server, run

SIZE = 64 << 20
PART = 8 << 20
PIECE = 1 << 20
CROWD = 16
ROUNDS = 5
TIMEOUT_SECONDS = 60.0
BUCKET = "bench-large"
BODY = os.urandom(SIZE)
HEADERS = {
    "Authorization": (
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    ),
    "X-Amz-Date": "20260101T000000Z",
}


class Caller:
    """One connection of a thread of its own; the server may hang up between two requests."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        self._path = f"/{BUCKET}/{key}"

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[http.client.HTTPResponse, bytes]:
        """One call and its answer."""
        response = self._answer(method, path, body)
        content = response.read()
        if response.status >= 300:
            raise Refused(f"{response.status} {content[:60].decode(errors='replace')}")
        return response, content

    def put(self) -> None:
        """One object whole."""
        self.ask("PUT", self._path, BODY)

    def get(self) -> None:
        """One object, read as fast as it comes."""
        response = self._answer("GET", self._path)
        buffer, count = bytearray(PIECE), 0
        while size := response.readinto(buffer):
            count += size
        if response.status != 200 or count != SIZE:
            raise Refused(f"{response.status} with {count} bytes")

    def put_in_parts(self) -> None:
        """One object in parts."""
        _, begun = self.ask("POST", f"{self._path}?uploads")
        match = re.search(rb"<UploadId>(.+?)</UploadId>", begun)
        if match is None:
            raise Refused("an upload without an id")
        upload = match[1].decode()
        parts = ""
        for number, start in enumerate(range(0, SIZE, PART), start=1):
            path = f"{self._path}?partNumber={number}&uploadId={upload}"
            response, _ = self.ask("PUT", path, BODY[start : start + PART])
            parts += f"<Part><PartNumber>{number}</PartNumber><ETag>{response.headers['ETag']}</ETag></Part>"
        document = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        self.ask("POST", f"{self._path}?uploadId={upload}", document)

    def _answer(self, method: str, path: str, body: bytes = b"") -> http.client.HTTPResponse:
        try:
            self._connection.request(method, path, body, HEADERS)
            return self._connection.getresponse()
        except ConnectionError:
            self._connection.close()
        self._connection.request(method, path, body, HEADERS)
        return self._connection.getresponse()


Transfer = Callable[[Caller], None]


def transfers(endpoint: Endpoint, transfer: Transfer, connections: int) -> Numbers:
    """Medians over some rounds, or over as many as fit into the time."""
    callers = [Caller(endpoint.url, f"object-{index}") for index in range(connections)]
    gigabytes = SIZE * connections / 1e9
    cpu, speed = list[float](), list[float]()
    endpoint.cost.forget_peak()
    deadline = time.perf_counter() + ROUNDS_SECONDS
    with ThreadPoolExecutor(connections) as pool:
        while not speed or (len(speed) < min(ROUNDS, endpoint.rounds) and time.perf_counter() < deadline):
            before, began = endpoint.cost.cpu_seconds_finely(), time.perf_counter()
            list(pool.map(transfer, callers))
            speed.append(gigabytes * 1000 / (time.perf_counter() - began))
            after = endpoint.cost.cpu_seconds_finely()
            if before is not None and after is not None:
                cpu.append((after - before) / gigabytes)
    return {
        "cpu_s_per_gb": round(statistics.median(cpu), 3) if cpu else None,
        "mb_per_second": round(statistics.median(speed)),
        "peak_mb": endpoint.cost.peak_megabytes(),
        "rounds": len(speed),
    }


async def lines(endpoint: Endpoint, column: Column, kinds: Mapping[str, Transfer]) -> None:
    """These kinds of transfers, at few and at many connections."""
    for connections in (1, CROWD):
        for name, transfer in kinds.items():
            measuring = asyncio.to_thread(transfers, endpoint, transfer, connections)
            await column.add(f"{name}, {connections}", measuring)


async def measure(endpoint: Endpoint, column: Column) -> None:
    """Every line of one server."""
    Caller(endpoint.url, "").ask("PUT", f"/{BUCKET}")
    kinds = {"put 64 MiB": Caller.put, "get 64 MiB": Caller.get, "put in parts": Caller.put_in_parts}
    await lines(endpoint, column, kinds)


async def measure_files(endpoint: Endpoint, column: Column) -> None:
    """What a server of plain files can answer."""
    await lines(endpoint, column, {"get 64 MiB": Caller.get})


def write_objects(directory: Path) -> None:
    """The objects as files."""
    (directory / BUCKET).mkdir()
    for index in range(CROWD):
        (directory / BUCKET / f"object-{index}").write_bytes(BODY)


def plain_servers() -> list[Server]:
    """nginx, if it is there."""
    found = nginx.program()
    return [Server("nginx", partial(nginx.serving, found, write_objects), measure_files)] if found else []


if __name__ == "__main__":
    run("s3_large_objects", __doc__, measure, plain_servers())
