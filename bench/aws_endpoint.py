"""An AWS endpoint under measurement: a fresh Homeport of its own, or the one at `--endpoint`, and cheap calls of it."""

import argparse
import asyncio
import json
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from bench.process_cost import ProcessCost, listener_pid
from tests.servers import HomeportProcess

ROUNDS = 30
WARM_UP_ROUNDS = 3
_SCOPE = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"

Work = Callable[["Connection"], Awaitable[None]]


@dataclass
class Connection:
    """One kept-alive connection, as cheap as Python can be."""

    host: str
    port: int
    _reader: asyncio.StreamReader = field(init=False, repr=False)
    _writer: asyncio.StreamWriter = field(init=False, repr=False)

    async def open(self) -> Self:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection(self.host, self.port, limit=1 << 22)
        return self

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def sqs(self, operation: str, **request: Any) -> Any:
        """Call SQS by its JSON protocol."""
        headers = f"X-Amz-Target: AmazonSQS.{operation}\r\nContent-Type: application/x-amz-json-1.0\r\n"
        return json.loads(await self._ask("sqs", headers, json.dumps(request).encode()) or b"{}")

    async def dynamodb(self, operation: str, body: bytes) -> bytes:
        """Call DynamoDB with a body that was made before."""
        headers = f"X-Amz-Target: DynamoDB_20120810.{operation}\r\nContent-Type: application/x-amz-json-1.0\r\n"
        headers += "X-Amz-Date: 20260101T000000Z\r\n"
        return await self._ask("dynamodb", headers, body)

    async def sns(self, action: str, **parameters: str) -> bytes:
        """Call SNS by its forms."""
        form = urlencode({"Action": action, "Version": "2010-03-31", **parameters}).encode()
        return await self._ask("sns", "Content-Type: application/x-www-form-urlencoded\r\n", form)

    async def s3(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Call S3; any answer but 2xx ends the measurement."""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAuthorization: {_SCOPE.format('s3')}\r\n"
        head += f"X-Amz-Date: 20260101T000000Z\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            answer = await self._send(head.encode() + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            # Some servers hang up between two requests.
            await self.open()
            answer = await self._send(head.encode() + body)
        lines = answer.decode().split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        content = b""
        if fields.get("transfer-encoding", "").lower() == "chunked":
            while size := int((await self._reader.readline()).split(b";")[0], 16):
                content += (await self._reader.readexactly(size + 2))[:-2]
            await self._reader.readline()
        elif method != "HEAD":
            content = await self._reader.readexactly(int(fields.get("content-length", "0")))
        assert lines[0].split()[1].startswith("2"), (lines[0], content[:500])
        return content

    async def _ask(self, service: str, headers: str, body: bytes) -> bytes:
        head = f"POST / HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAuthorization: {_SCOPE.format(service)}\r\n"
        request = f"{head}{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body
        try:
            answer = await self._send(request)
        except asyncio.IncompleteReadError:
            # Some servers hang up between two requests.
            await self.open()
            answer = await self._send(request)
        lines = answer.decode().split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        content = await self._reader.readexactly(int(fields.get("content-length", "0")))
        assert lines[0].split()[1] == "200", content
        return content

    async def _send(self, request: bytes) -> bytes:
        self._writer.write(request)
        return await self._reader.readuntil(b"\r\n\r\n")


@dataclass(frozen=True)
class Endpoint:
    """Where it is, and which process it is."""

    url: str
    cost: ProcessCost

    async def connect(self, count: int) -> list[Connection]:
        """So many connections."""
        parts = urlsplit(self.url)
        return [await Connection(parts.hostname or "", parts.port or 80).open() for _ in range(count)]

    async def measure(self, work: Work, *, connections: int, calls: int) -> dict[str, float | None]:
        """Microseconds of server CPU for one call and calls a second: median and p95 over all rounds."""
        opened = await self.connect(connections)
        cpu, rate = [], []
        for number in range(WARM_UP_ROUNDS + ROUNDS):
            before, began = self.cost.cpu_seconds_finely(), time.perf_counter()
            await asyncio.gather(*(_repeat(work, one, calls // connections) for one in opened))
            if number >= WARM_UP_ROUNDS:
                done = calls // connections * connections
                rate.append(done / (time.perf_counter() - began))
                after = self.cost.cpu_seconds_finely()
                if before is not None and after is not None:
                    cpu.append((after - before) / done * 1_000_000)
        for one in opened:
            one.close()
        return {
            "cpu_us": round(statistics.median(cpu), 1) if cpu else None,
            "cpu_us_p95": round(p95(cpu), 1) if cpu else None,
            "per_second": round(statistics.median(rate)),
        }


async def _repeat(work: Work, connection: Connection, times: int) -> None:
    for _ in range(times):
        await work(connection)


def p95(values: Sequence[float]) -> float:
    """The value that one in twenty exceeds."""
    return sorted(values)[min(len(values) - 1, len(values) * 95 // 100)]


@contextmanager
def endpoint_under_test(purpose: str | None) -> Iterator[Endpoint]:
    """The endpoint that `--endpoint` names, or a fresh Homeport with `--durability`."""
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("--endpoint", default="", help="measure what runs at this URL instead of a fresh Homeport")
    parser.add_argument("--durability", default="process", choices=("process", "power"))
    given = parser.parse_args()
    if given.endpoint:
        yield Endpoint(given.endpoint, ProcessCost(listener_pid(urlsplit(given.endpoint).port or 80)))
        return
    with tempfile.TemporaryDirectory() as directory:
        settings = {"durability": given.durability}
        server = HomeportProcess.on(Path(directory) / "data", settings=settings, listen_aws="127.0.0.1:0").start()
        try:
            yield Endpoint(server.aws_url, ProcessCost(server.pid))
        finally:
            server.stop()


def report(question: str, numbers: Mapping[str, object]) -> None:
    """One line of JSON."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    machine = f"{platform.machine()} {platform.python_version()}"
    print(json.dumps({"question": question, "commit": commit.stdout.strip(), "machine": machine, **numbers}))
