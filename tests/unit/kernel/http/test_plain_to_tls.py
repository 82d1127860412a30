"""A port that speaks TLS alone, and clients that speak plain HTTP to it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.kernel.http.conftest import ANY_PORT, Recorder, Wire, plain_error

from homeport.kernel.clock import SystemClock
from homeport.kernel.http.address import TcpAddress
from homeport.kernel.http.forwarded import TrustedProxies
from homeport.kernel.http.limits import Limits
from homeport.kernel.http.listener import Listener
from homeport.kernel.http.message import Request, Response
from homeport.kernel.http.server import Service
from homeport.kernel.tls.context import ServerTls

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def hello(_request: Request) -> Response:
    return Response(200, [], b"hello")


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    """Of a listener under TLS that waits a second for a client's first byte."""
    tls = ServerTls.from_own_authority(tmp_path / "ca", SystemClock())
    limits = Limits(header_timeout=1)
    listener = Listener(Service("tls", hello, plain_error, Recorder(), TrustedProxies(()), limits))
    await listener.open(ANY_PORT, tls.context)
    address = listener.endpoints[0].address
    assert isinstance(address, TcpAddress)
    yield address.port
    async with asyncio.timeout(10):
        while listener.connections:  # noqa: ASYNC110 # a listener tells nobody of a connection that ends
            await asyncio.sleep(0.01)
    await listener.close(0.1)


async def spoken(port: int, data: bytes) -> bytes:
    """What a client reads that has sent this."""
    wire = Wire(*await asyncio.open_connection("127.0.0.1", port))
    wire.send(data)
    async with asyncio.timeout(10):
        answer = await wire.reader.read()
    await wire.close()
    return answer


@pytest.mark.parametrize("data", [GET, b"P", b"PUT / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n" + bytes(2_000_000)])
async def test_they_are_told_what_is_wrong(port: int, data: bytes) -> None:
    answer = await spoken(port, data)

    assert answer.startswith(b"HTTP/1.0 400 Bad Request\r\n")
    assert b"this port speaks HTTPS" in answer


async def test_who_says_nothing_is_let_go(port: int) -> None:
    assert await spoken(port, b"") == b""


async def test_a_broken_handshake_ends_the_connection_alone(port: int, tmp_path: Path) -> None:
    assert not (await spoken(port, b"\x16 and no more of TLS" + bytes(100))).startswith(b"HTTP")

    trusting = ssl.create_default_context(cafile=str(tmp_path / "ca" / "ca.crt"))
    wire = Wire(*await asyncio.open_connection("127.0.0.1", port, ssl=trusting))
    wire.send(GET)
    assert (await wire.response())[2] == b"hello"
    await wire.close()
