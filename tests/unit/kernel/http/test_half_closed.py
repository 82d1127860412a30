"""Clients that close their sending half once they have asked, as `nc -N` and `socat` do (RFC 9293, section 3.6)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.unit.kernel.http.conftest import Site, Wire

from homeport.kernel.hangups import told_of_hang_up
from homeport.kernel.http.message import Request, Response

Serve = Callable[..., Awaitable[Site]]
GET = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"


async def slow(request: Request) -> Response:
    await asyncio.sleep(0.002)
    return Response(200, [], request.raw_path.encode())


async def hello(_request: Request) -> Response:
    return Response(200, [], b"hello")


async def last_answers(wire: Wire, count: int) -> list[bytes]:
    """Bodies, behind which the server ends the connection."""
    answers = [await wire.response() for _ in range(count)]
    assert {status for status, _, _ in answers} == {200}
    assert await wire.ended()
    return [body for _, _, body in answers]


@pytest.mark.parametrize("handler", [slow, hello])
@pytest.mark.parametrize("together", [True, False])
async def test_is_answered(serve: Serve, handler: Callable[..., object], *, together: bool) -> None:
    site = await serve(handler)
    wire = await site.connect()
    wire.send(GET % 1)
    if not together:
        await site.seen.until(lambda: site.seen.running == 1 or bool(site.seen.finished_requests))
    wire.writer.write_eof()

    assert len(await last_answers(wire, 1)) == 1
    await site.seen.until(lambda: not site.seen.running)
    assert not site.seen.failures


async def test_every_pipelined_request_is_answered(serve: Serve) -> None:
    site = await serve(slow)
    wire = await site.connect()
    wire.send(b"".join(GET % number for number in range(400)))
    wire.writer.write_eof()

    assert await last_answers(wire, 400) == [b"/%d" % number for number in range(400)]


async def test_a_large_answer_arrives_whole(serve: Serve) -> None:
    content = bytes(8 << 20)

    async def large(_request: Request) -> Response:
        return Response(200, [], content)

    site = await serve(large)
    wire = await site.connect()
    wire.send(GET % 1)
    wire.writer.write_eof()

    assert await last_answers(wire, 1) == [content]


async def test_nobody_waits_long_for_it(serve: Serve) -> None:
    told = asyncio.Event()

    async def wait(_request: Request) -> Response:
        with told_of_hang_up(told.set):
            await told.wait()
        return Response(200, [], b"nothing")

    site = await serve(wait)
    wire = await site.connect()
    wire.send(GET % 1)
    await site.seen.until(lambda: site.seen.running == 1)
    wire.writer.write_eof()

    assert await last_answers(wire, 1) == [b"nothing"]


async def test_a_refusal_arrives(serve: Serve) -> None:
    site = await serve(hello)
    wire = await site.connect()
    wire.send(b"no request at all\r\n\r\n")
    wire.writer.write_eof()

    assert (await wire.response())[0] == 400
    assert await wire.ended()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"])
async def test_what_is_cut_off_ends_the_connection(serve: Serve, sent: bytes) -> None:
    async def read(request: Request) -> Response:
        return Response(200, [], await request.body.read(100))

    site = await serve(read)
    wire = await site.connect()
    wire.send(sent)
    wire.writer.write_eof()

    assert await wire.ended()
    await site.seen.until(lambda: not site.seen.running)
    assert not site.seen.failures


async def test_an_idle_connection_ends(serve: Serve) -> None:
    site = await serve(hello)
    wire = await site.connect()
    wire.send(GET % 1)
    assert (await wire.response())[0] == 200
    wire.writer.write_eof()

    assert await wire.ended()
