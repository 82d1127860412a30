"""A listener in the test's own loop, with a handler of the test's own, and raw connections to it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import pytest
import uvloop

from homeport.kernel.http.address import TcpAddress, UnixAddress
from homeport.kernel.http.forwarded import TrustedProxies
from homeport.kernel.http.limits import Limits
from homeport.kernel.http.listener import Listener
from homeport.kernel.http.message import Handler, Request, Response
from homeport.kernel.http.server import Service


@dataclass
class Recorder:
    """An observer that remembers."""

    finished_requests: list[tuple[str, int, int]] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    running: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def started(self, _request: Request) -> None:
        self.running += 1
        self.changed.set()

    def finished(self, request: Request, status: int, sent_bytes: int, _seconds: float) -> None:
        self.running -= 1
        self.finished_requests.append((request.raw_path, status, sent_bytes))
        self.changed.set()

    def failed(self, _request: Request, error: BaseException) -> None:
        self.failures.append(error)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something about the requests is so."""
        async with asyncio.timeout(10):
            while not holds():
                self.changed.clear()
                await self.changed.wait()


def plain_error(status: int, reason: str) -> Response:
    return Response(status, [("Content-Type", "text/plain")], reason.encode())


@dataclass
class Site:
    """A listening service."""

    listener: Listener
    seen: Recorder
    wires: "list[Wire]"

    @property
    def port(self) -> int:
        address = self.listener.endpoints[0].address
        assert isinstance(address, TcpAddress)
        return address.port

    async def connect(self) -> "Wire":
        """A connection, closed at the end of the test."""
        address = self.listener.endpoints[0].address
        if isinstance(address, UnixAddress):
            wire = Wire(*await asyncio.open_unix_connection(address.path))
        else:
            wire = Wire(*await asyncio.open_connection(address.host, address.port))
        self.wires.append(wire)
        return wire

    async def ask(self, head: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        """One request on a connection of its own: status, headers in lower case, body."""
        wire = await self.connect()
        wire.send(head.encode() + b"\r\n\r\n" + body)
        return await wire.response()


@dataclass
class Wire:
    """A raw connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def response(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(10):
            status = int((await self.reader.readline()).split()[1])
            headers: dict[str, str] = {}
            while (line := (await self.reader.readline()).decode().strip()) != "":
                name, _, value = line.partition(": ")
                headers[name.lower()] = value
            length = int(headers.get("content-length", "0"))
            return status, headers, await self.reader.readexactly(length)

    async def ended(self) -> bool:
        """Whether the server closes the connection without another byte."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True

    async def close(self) -> None:
        """Close, however the other end feels about it."""
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


ANY_PORT = TcpAddress("127.0.0.1", 0)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Both loops that the server may run on."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., object]]:
    """Starts listeners, and stops them at the end."""
    async with AsyncExitStack() as undo:

        async def start(
            handler: Handler,
            *,
            address: TcpAddress | UnixAddress = ANY_PORT,
            limits: Limits | None = None,
            proxies: TrustedProxies | None = None,
        ) -> Site:
            seen = Recorder()
            service = Service("test", handler, plain_error, seen, proxies or TrustedProxies(()), limits or Limits())
            listener = Listener(service)
            await listener.open(address, None)
            undo.push_async_callback(listener.close, 0.1)
            wires: list[Wire] = []
            undo.push_async_callback(_close_all, wires)
            return Site(listener, seen, wires)

        yield start


async def _close_all(wires: list[Wire]) -> None:
    for wire in wires:
        await wire.close()
