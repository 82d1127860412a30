"""A load generator of its own process: one request over and over on many connections, as cheaply as Python can.

Speaks lines of JSON on its standard streams: one line with the job, then `{"seconds": S}` for each round, answered
by `{"requests": N, "seconds": S}`.
"""

import asyncio
import base64
import json
import ssl
import sys
import time
from dataclasses import dataclass
from typing import cast

import uvloop


@dataclass(frozen=True, slots=True)
class Job:
    """What to ask of whom.

    Attributes:
        request: the whole request, in base64.
        head: whether it is a HEAD, whose answers have no body.
    """

    host: str
    port: int
    cacert: str
    tls: bool
    connections: int
    request: str
    head: bool


class Counter:
    """What all connections share in a round."""

    def __init__(self) -> None:
        self.requests = 0
        self.deadline = 0.0
        self.busy = 0
        self.idle = asyncio.Event()


class Caller(asyncio.Protocol):
    """One connection: sends the request again as soon as the answer is whole."""

    def __init__(self, job: Job, counter: Counter) -> None:
        self._request = base64.b64decode(job.request)
        self._head = job.head
        self._counter = counter
        self._buffer = b""
        self._missing = -1
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # uvloop's transports are not of asyncio's class.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that breaks spoils the measurement."""
        if self._counter.busy:
            sys.exit(f"the server closed a connection: {exc}")

    def start(self) -> None:
        """Send the first request of a round."""
        assert self._transport is not None
        self._counter.busy += 1
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count whole answers."""
        if self._missing >= 0:
            self._missing -= len(data)
        else:
            self._buffer += data
            if not self._read_head():
                return
        if self._missing <= 0:
            self._answered()

    def _read_head(self) -> bool:
        """Read the head, and with it how much is missing; whether that is known by now."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        if self._buffer[9:12] != b"200":
            sys.exit(f"unexpected answer: {self._buffer[:300]!r}")
        head = self._buffer[:end].lower()
        if self._head:
            self._missing = 0
        elif (at := head.find(b"content-length:")) >= 0:
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            self._missing = length - (len(self._buffer) - end - 4)
        else:
            # Chunked: with one request under way, the last chunk is the end of the buffer.
            self._missing = 0 if self._buffer.endswith(b"\r\n0\r\n\r\n") else -1
        return self._missing >= 0

    def _answered(self) -> None:
        assert self._transport is not None
        self._buffer, self._missing = b"", -1
        counter = self._counter
        counter.requests += 1
        if time.perf_counter() < counter.deadline:
            self._transport.write(self._request)
            return
        counter.busy -= 1
        if not counter.busy:
            counter.idle.set()


async def run(job: Job) -> None:
    """Connect, then run rounds as they are asked for."""
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(cafile=job.cacert or None) if job.tls else None
    counter = Counter()
    callers = [
        (await loop.create_connection(lambda: Caller(job, counter), job.host, job.port, ssl=context))[1]
        for _ in range(job.connections)
    ]
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        began = time.perf_counter()
        counter.requests, counter.deadline = 0, began + json.loads(line)["seconds"]
        counter.idle.clear()
        for caller in callers:
            caller.start()
        await counter.idle.wait()
        answer = {"requests": counter.requests, "seconds": time.perf_counter() - began}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    uvloop.run(run(Job(**json.loads(sys.stdin.readline()))))
