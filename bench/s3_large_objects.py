"""How much server CPU and memory do large objects cost, put whole, put in parts, and read?

Unit: server CPU seconds per GB (10^9 bytes), MB (10^6 bytes) a second, peak memory of the server in MB.
Workload: objects of 64 MiB by 1 and by 4 connections; parts of 8 MiB, eight to an object; bytes that do not compress.
"""

import http.client
import os
import re
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from bench.aws_endpoint import Endpoint, endpoint_under_test, report

SIZE = 64 << 20
PART = 8 << 20
PIECE = 1 << 20
ROUNDS = 5
BUCKET = "bench-large"
BODY = os.urandom(SIZE)
HEADERS = {
    "Authorization": (
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    ),
    "X-Amz-Date": "20260101T000000Z",
}


class Caller:
    """One connection of a thread of its own."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        self._path = f"/{BUCKET}/{key}"

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[http.client.HTTPResponse, bytes]:
        """One call and its answer."""
        self._connection.request(method, path, body, HEADERS)
        response = self._connection.getresponse()
        content = response.read()
        assert response.status < 300, content
        return response, content

    def put(self) -> None:
        """One object whole."""
        self.ask("PUT", self._path, BODY)

    def get(self) -> None:
        """One object, read as fast as it comes."""
        self._connection.request("GET", self._path, headers=HEADERS)
        response = self._connection.getresponse()
        buffer, count = bytearray(PIECE), 0
        while size := response.readinto(buffer):
            count += size
        assert count == SIZE

    def put_in_parts(self) -> None:
        """One object in parts."""
        _, begun = self.ask("POST", f"{self._path}?uploads")
        match = re.search(rb"<UploadId>(.+?)</UploadId>", begun)
        assert match is not None
        upload = match[1].decode()
        parts = ""
        for number, start in enumerate(range(0, SIZE, PART), start=1):
            path = f"{self._path}?partNumber={number}&uploadId={upload}"
            response, _ = self.ask("PUT", path, BODY[start : start + PART])
            parts += f"<Part><PartNumber>{number}</PartNumber><ETag>{response.headers['ETag']}</ETag></Part>"
        document = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        self.ask("POST", f"{self._path}?uploadId={upload}", document)


def measure(endpoint: Endpoint, transfer: Callable[[Caller], None], connections: int) -> dict[str, float | None]:
    """Medians over some rounds."""
    callers = [Caller(endpoint.url, f"object-{index}") for index in range(connections)]
    gigabytes = SIZE * connections / 1e9
    cpu, speed = [], []
    endpoint.cost.forget_peak()
    with ThreadPoolExecutor(connections) as pool:
        for _ in range(ROUNDS):
            before, began = endpoint.cost.cpu_seconds(), time.perf_counter()
            list(pool.map(transfer, callers))
            speed.append(gigabytes * 1000 / (time.perf_counter() - began))
            after = endpoint.cost.cpu_seconds()
            if before is not None and after is not None:
                cpu.append((after - before) / gigabytes)
    peak = endpoint.cost.peak_megabytes()
    return {
        "cpu_s_per_gb": round(statistics.median(cpu), 2) if cpu else None,
        "mb_per_second": round(statistics.median(speed)),
        "peak_mb": None if peak is None else round(peak),
    }


def main(endpoint: Endpoint) -> None:
    """Measure, and print."""
    Caller(endpoint.url, "").ask("PUT", f"/{BUCKET}")
    numbers = {}
    for connections in (1, 4):
        for transfer in (Caller.put, Caller.get, Caller.put_in_parts):
            numbers[f"{transfer.__name__}, {connections}"] = measure(endpoint, transfer, connections)
    report("s3_large_objects", numbers)


if __name__ == "__main__":
    with endpoint_under_test(__doc__) as under_test:
        main(under_test)
