"""Connections whose clients pipeline, break their framing, read nothing, or meet a stop. Raw sockets on loopback."""

import asyncio
import gc
import os
import socket
import ssl
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.unit.kernel.http.conftest import ANY_PORT, Site, Wire

from homeport.kernel.clock import SystemClock
from homeport.kernel.http.address import TcpAddress
from homeport.kernel.http.connection import Connection
from homeport.kernel.http.limits import Limits
from homeport.kernel.http.message import Request, Response
from homeport.kernel.streams import FileSlices, Slice
from homeport.kernel.tls.context import ServerTls

Serve = Callable[..., Awaitable[Site]]
MEBIBYTE = 1 << 20
HOST = b" HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /" + HOST + b"\r\n"
CHUNKED = b"PUT /" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
SHORT = Limits(idle_timeout=1, header_timeout=1, body_timeout=1)


async def hello(_request: Request) -> Response:
    return Response(200, [], b"hello")


async def echo(request: Request) -> Response:
    return Response(200, [], await request.body.read(MEBIBYTE))


async def everything(wire: Wire) -> bytes:
    """What comes until the server ends the connection."""
    received = bytearray()
    async with asyncio.timeout(10):
        with suppress(ConnectionError):
            while piece := await wire.reader.read(65_536):
                received += piece
    return bytes(received)


async def statuses(wire: Wire, count: int) -> list[int]:
    return [(await wire.response())[0] for _ in range(count)]


class TestPipelining:
    async def test_a_burst_behind_a_body_that_came_later_than_its_header_is_answered_whole(self, serve: Serve) -> None:
        site = await serve(echo, limits=SHORT)
        wire = await site.connect()
        wire.send(b"PUT /" + HOST + b"Content-Length: 4\r\n\r\nab")
        await site.seen.until(lambda: site.seen.running == 1)

        wire.send(b"cd" + GET * 200)

        assert await statuses(wire, 201) == [200] * 201

    @pytest.mark.parametrize("behind", [b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n"])
    async def test_what_cannot_be_parsed_takes_no_answer_away_from_requests_before_it(
        self, serve: Serve, behind: bytes
    ) -> None:
        """RFC 9112, 9.3.2: answers come in the order of their requests."""
        site = await serve(hello)
        wire = await site.connect()

        wire.send(GET * 3 + behind)

        assert await statuses(wire, 4) == [200, 200, 200, 400]
        assert await wire.ended()
        assert site.seen.running == 0

    @pytest.mark.parametrize(
        "last", [b"GET / HTTP/1.0\r\n\r\n", b"GET /" + HOST + b"Connection: close\r\n\r\n"], ids=["1.0", "close"]
    )
    async def test_what_follows_a_last_request_is_passed_over(self, serve: Serve, last: bytes) -> None:
        """RFC 9112, 9.6: a server must not process what comes after it."""
        site = await serve(hello)
        wire = await site.connect()

        wire.send(last + b"GET /more" + HOST + b"\r\n")

        assert (await wire.response())[2] == b"hello"
        assert await wire.ended()
        assert [path for path, _, _ in site.seen.finished_requests] == ["/"]

    async def test_a_body_behind_one_of_very_many_chunks_arrives(self, serve: Serve) -> None:
        """Where the number of chunks alone makes the parser pause, at the very end of a body."""
        limits = Limits(body_timeout=1, read_buffer_bytes=1024)
        for most in (63, 64, 65, 66):
            wire = await (await serve(echo, limits=limits)).connect()
            chunks = CHUNKED + b"1\r\na\r\n" * most + b"0\r\n\r\n"
            wire.send(chunks + b"PUT /" + HOST + b"Content-Length: 5\r\n\r\nhello" + GET)
            answers = [await wire.response() for _ in range(3)]
            assert [(status, body) for status, _, body in answers] == [(200, b"a" * most), (200, b"hello"), (200, b"")]

    async def test_a_body_that_comes_after_its_header_behind_one_of_very_many_chunks_arrives(
        self, serve: Serve
    ) -> None:
        limits = Limits(body_timeout=1, read_buffer_bytes=1024)
        for most in (63, 64, 65, 66):
            site = await serve(echo, limits=limits)
            wire = await site.connect()
            chunks = CHUNKED + b"1\r\na\r\n" * most + b"0\r\n\r\n"
            wire.send(chunks + b"PUT /" + HOST + b"Content-Length: 5\r\n\r\n")
            assert (await wire.response())[0] == 200
            await site.seen.until(lambda site=site: site.seen.running == 1)  # type: ignore[misc] # a lambda with a default
            wire.send(b"hello")
            assert (await wire.response())[2] == b"hello"

    async def test_bodies_larger_than_the_buffer_wait_for_their_turn(self, serve: Serve) -> None:
        wire = await (await serve(echo, limits=Limits(read_buffer_bytes=1024))).connect()
        bodies = [bytes([65 + number]) * 20_000 for number in range(20)]

        wire.send(b"".join(b"PUT /" + HOST + b"Content-Length: %d\r\n\r\n%b" % (len(b), b) for b in bodies))

        assert [(await wire.response())[2] for _ in bodies] == bodies


class TestBrokenBodies:
    async def test_a_chunk_that_breaks_the_framing_of_a_running_body_is_400_at_once(self, serve: Serve) -> None:
        site = await serve(echo)
        wire = await site.connect()
        wire.send(CHUNKED + b"3\r\nabc\r\n")
        await site.seen.until(lambda: site.seen.running == 1)

        wire.send(b"zz\r\n")

        assert (await wire.response())[0] == 400
        assert await wire.ended()
        assert [status for _, status, _ in site.seen.finished_requests] == [400]

    async def test_a_chunk_that_breaks_the_framing_of_a_waiting_body_is_400_in_its_turn(self, serve: Serve) -> None:
        site = await serve(echo)
        wire = await site.connect()

        wire.send(GET + CHUNKED + b"3\r\nabc\r\nzz\r\n")

        assert await statuses(wire, 2) == [200, 400]
        assert await wire.ended()

    async def test_a_length_with_many_leading_zeros_is_that_length(self, serve: Serve) -> None:
        wire = await (await serve(echo)).connect()

        wire.send(b"PUT /" + HOST + b"Content-Length: " + b"0" * 6000 + b"5\r\n\r\nhello")

        assert (await wire.response())[2] == b"hello"

    @pytest.mark.parametrize("coding", ["gzip, chunked", "x-private, chunked"])
    async def test_a_coding_that_nobody_undoes_is_501(self, serve: Serve, coding: str) -> None:
        """RFC 9112, 6.1: its body is not what it seems to be."""
        site = await serve(echo)

        answer = await site.ask(f"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {coding}", b"0\r\n\r\n")

        assert (answer[0], answer[1]["connection"]) == (501, "close")

    async def test_a_version_to_come_is_505(self, serve: Serve) -> None:
        """RFC 9110, 15.6.6."""
        assert (await (await serve(hello)).ask("GET / HTTP/2.0\r\nHost: x"))[0] == 505

    async def test_a_refused_header_is_told_to_a_client_that_is_still_sending_it(self, serve: Serve) -> None:
        """RFC 9112, 9.6: a reset could take the answer away before it is read."""
        wire = await (await serve(hello)).connect()
        wire.send(b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000)
        await wire.reader.readuntil(b"\r\n\r\n")

        for _ in range(16):
            wire.send(b"a" * MEBIBYTE)
            await wire.writer.drain()

        assert await asyncio.wait_for(wire.reader.read(), 10) != b""


class TestTargets:
    @pytest.mark.parametrize(
        ("target", "path", "query"),
        [
            ("http://x?a/b=1", "/", "a/b=1"),
            ("http://x/p?u=http://y/z", "/p", "u=http://y/z"),
            ("http://x", "/", ""),
            ("/p?u=http://y/z", "/p", "u=http://y/z"),
        ],
    )
    async def test_path_and_query_are_those_of_the_target(
        self, serve: Serve, target: str, path: str, query: str
    ) -> None:
        seen: list[tuple[str, str]] = []

        async def look(request: Request) -> Response:
            seen.append((request.raw_path, request.raw_query))
            return Response(200)

        await (await serve(look)).ask(f"GET {target} HTTP/1.1\r\nHost: x")

        assert seen == [(path, query)]

    async def test_the_host_of_an_absolute_target_replaces_the_header(self, serve: Serve) -> None:
        """RFC 9112, 3.2.2."""

        async def host(request: Request) -> Response:
            return Response(200, [], f"{request.headers['host']} {request.headers['x-other']}".encode())

        answer = await (await serve(host)).ask("GET http://u@a.example:81/ HTTP/1.1\r\nHost: b.example\r\nX-Other: o")

        assert answer[2] == b"a.example:81 o"


class TestAnswers:
    async def test_pieces_never_go_beyond_their_promised_length(self, serve: Serve) -> None:
        closed = asyncio.Event()

        async def too_many(_request: Request) -> Response:
            async def pieces() -> AsyncIterator[bytes]:
                try:
                    yield b"12345"
                    yield b"678HTTP/1.1 200 smuggled"
                finally:
                    closed.set()

            return Response(200, [], pieces(), length=8)

        site = await serve(too_many)
        wire = await site.connect()
        wire.send(GET)

        assert (await everything(wire)).endswith(b"\r\n\r\n12345")
        assert closed.is_set()
        assert site.seen.finished_requests[0][1] == 499

    async def test_pieces_are_closed_when_the_client_goes_away(self, serve: Serve) -> None:
        closed = asyncio.Event()

        async def endless(_request: Request) -> Response:
            async def pieces() -> AsyncIterator[bytes]:
                try:
                    while True:
                        yield b"x" * 100_000
                finally:
                    closed.set()

            return Response(200, [], pieces())

        site = await serve(endless)
        wire = await site.connect()
        wire.send(GET)
        await wire.reader.read(10)
        wire.writer.transport.abort()
        await site.seen.until(lambda: bool(site.seen.finished_requests))

        assert closed.is_set()

    async def test_pieces_that_fail_end_the_connection_and_are_told(self, serve: Serve) -> None:
        async def failing(_request: Request) -> Response:
            async def pieces() -> AsyncIterator[bytes]:
                yield b"one"
                raise LookupError("late")

            return Response(200, [], pieces())

        site = await serve(failing)
        wire = await site.connect()
        wire.send(GET)

        assert not (await everything(wire)).endswith(b"0\r\n\r\n")
        assert [type(error) for error in site.seen.failures] == [LookupError]
        assert site.seen.running == 0

    async def test_a_handler_whose_own_connection_failed_is_500(self, serve: Serve) -> None:
        async def refused(_request: Request) -> Response:
            raise ConnectionRefusedError("somebody else's server")

        site = await serve(refused)

        assert (await site.ask("GET / HTTP/1.1\r\nHost: x"))[0] == 500
        assert [type(error) for error in site.seen.failures] == [ConnectionRefusedError]

    async def test_a_handler_that_was_cancelled_by_somebody_else_is_500(self, serve: Serve) -> None:
        async def cancelled(_request: Request) -> Response:
            raise asyncio.CancelledError

        site = await serve(cancelled)

        assert (await site.ask("GET / HTTP/1.1\r\nHost: x"))[0] == 500
        assert [type(error) for error in site.seen.failures] == [asyncio.CancelledError]

    async def test_an_answer_whose_header_cannot_be_sent_is_500(self, serve: Serve) -> None:
        async def split(_request: Request) -> Response:
            return Response(200, [("Location", "/x\r\nSet-Cookie: y=1")])

        site = await serve(split)

        assert (await site.ask("GET / HTTP/1.1\r\nHost: x"))[0] == 500
        assert len(site.seen.failures) == 1


class TestHeaders:
    @pytest.mark.parametrize("line", [b"X-%d: " + b"a" * 15_000 + b"\r\n", b"\r\n" * 8000])
    async def test_a_header_that_grows_and_grows_is_431(self, serve: Serve, line: bytes) -> None:
        """RFC 6585, 5: else each connection could hold megabytes for whoever asks."""
        site = await serve(hello)
        wire = await site.connect()
        wire.send(GET)
        await wire.response()
        wire.send(line if line.startswith(b"\r") else b"GET /" + HOST)
        with suppress(ConnectionError):
            for number in range(100):
                wire.send(line.replace(b"%d", b"%d" % number))
                await asyncio.sleep(0.001)
                if site.seen.finished_requests[-1][1] == 431:
                    break

        assert (await wire.response())[0] == 431
        assert await wire.ended()

    async def test_a_long_body_in_pieces_is_no_header(self, serve: Serve) -> None:
        wire = await (await serve(echo)).connect()
        wire.send(b"PUT /" + HOST + b"Content-Length: 400000\r\n\r\n")
        for _ in range(40):
            wire.send(b"x" * 10_000)
            await asyncio.sleep(0.001)

        assert len((await wire.response())[2]) == 400_000

    async def test_a_header_that_trickles_in_gets_no_more_than_the_idle_time(self, serve: Serve) -> None:
        wire = await (await serve(hello, limits=Limits(idle_timeout=0.2))).connect()
        wire.send(GET)
        await wire.response()
        ending = asyncio.create_task(wire.ended())
        wire.send(b"GET /" + HOST + b"X: ")
        async with asyncio.timeout(3):
            while not ending.done():
                wire.send(b"a")
                await asyncio.sleep(0.02)

        assert await ending


class TestSlowReaders:
    async def test_a_connection_that_ends_with_unread_answers_is_dropped_in_the_end(self, serve: Serve) -> None:
        """Else who reads nothing holds its place among the connections for ever."""

        async def some(_request: Request) -> Response:
            return Response(200, [], b"x" * 60_000)

        site = await serve(some, limits=Limits(idle_timeout=0.1, body_timeout=0.3))
        unread = socket.create_connection(("127.0.0.1", site.port))
        unread.setblocking(False)
        loop = asyncio.get_running_loop()
        with unread:
            for _ in range(200):
                with suppress(ConnectionError):
                    await loop.sock_sendall(unread, GET)
                await asyncio.sleep(0.005)
                if not site.listener.connections:
                    break
            await _until(lambda: not site.listener.connections)

    async def test_a_long_answer_stops_where_its_client_has_gone(
        self, serve: Serve, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def long_answer(_request: Request) -> Response:
            return Response(200, [], b"x" * (64 * MEBIBYTE))

        site = await serve(long_answer)
        for _ in range(5):
            wire = await site.connect()
            wire.send(GET)
            wire.writer.transport.abort()
        await site.seen.until(lambda: len(site.seen.finished_requests) == 5)

        assert {status for _, status, _ in site.seen.finished_requests} == {499}
        assert caplog.messages == []

    async def test_pieces_stop_where_their_client_under_tls_has_gone(
        self, serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The loss of such a connection is told a turn late, and until then its transport takes everything."""

        async def many(_request: Request) -> Response:
            async def pieces() -> AsyncIterator[bytes]:
                for _ in range(1000):
                    yield b"y" * 5000

            return Response(200, [], pieces())

        tls = ServerTls.from_own_authority(tmp_path / "ca", SystemClock())
        trusting = ssl.create_default_context(cafile=str(tmp_path / "ca" / "ca.crt"))
        site = await serve(many)
        await site.listener.open(ANY_PORT, tls.context)
        address = site.listener.endpoints[1].address
        assert isinstance(address, TcpAddress)
        for _ in range(5):
            wire = Wire(*await asyncio.open_connection("127.0.0.1", address.port, ssl=trusting))
            wire.send(GET)
            wire.writer.transport.abort()
        await site.seen.until(lambda: len(site.seen.finished_requests) == 5)

        assert {status for _, status, _ in site.seen.finished_requests} == {499}
        assert caplog.messages == []


class TestStopping:
    async def test_a_body_cut_off_by_the_stop_is_no_fault_of_the_client(self, serve: Serve) -> None:
        site = await serve(echo)
        wire = await site.connect()
        wire.send(b"PUT /" + HOST + b"Content-Length: 10\r\n\r\nfirst")
        await site.seen.until(lambda: site.seen.running == 1)

        await asyncio.wait_for(site.listener.close(0.05), 5)

        assert b" 400 " not in await everything(wire)
        assert site.seen.finished_requests[0][1] == 503
        assert site.seen.running == 0

    async def test_an_answer_that_a_slow_client_has_not_taken_yet_is_not_cut_off(self, serve: Serve) -> None:
        content = os.urandom(250_000)
        loop = asyncio.get_running_loop()

        async def rather_long(_request: Request) -> Response:
            return Response(200, [], content)

        site = await serve(rather_long)
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
            slow.setblocking(False)
            await loop.sock_connect(slow, ("127.0.0.1", site.port))
            await _until(lambda: site.listener.connections == 1)
            (connection,) = site.listener._http.open_connections
            assert connection.transport is not None
            connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            await loop.sock_sendall(slow, GET)
            await site.seen.until(lambda: bool(site.seen.finished_requests))
            assert connection.unfinished

            closing = asyncio.create_task(site.listener.close(10))
            await asyncio.sleep(0.1)
            assert not closing.done()
            received = bytearray()
            while piece := await asyncio.wait_for(loop.sock_recv(slow, 65_536), 10):
                received += piece
            await closing

        assert received.endswith(content)

    async def test_a_request_that_arrives_just_before_the_stop_is_answered(self, serve: Serve) -> None:
        async def take_a_while(_request: Request) -> Response:
            await asyncio.sleep(0.2)  # longer than a handler has that is cut off
            return Response(200, [], b"hello")

        site = await serve(take_a_while)
        wire = await site.connect()
        await _until(lambda: site.listener.connections == 1)
        (connection,) = site.listener._http.open_connections

        connection.data_received(GET)
        await site.listener.close(5)

        assert (await wire.response())[2] == b"hello"

    async def test_a_handler_cut_off_at_the_drain_limit_has_ended_when_the_listener_is_closed(
        self, serve: Serve
    ) -> None:
        ended = asyncio.Event()

        async def stubborn(_request: Request) -> Response:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                ended.set()
            return Response(200)

        site = await serve(stubborn)
        wire = await site.connect()
        wire.send(GET)
        await site.seen.until(lambda: site.seen.running == 1)

        await asyncio.wait_for(site.listener.close(0.05), 5)

        assert ended.is_set()
        assert site.seen.running == 0

    async def test_a_stop_in_the_rest_of_an_unread_body_leaves_nothing_running(
        self, serve: Serve, tmp_path: Path
    ) -> None:
        (tmp_path / "f").write_bytes(b"12345")
        files: list[FileSlices] = []

        async def unread(_request: Request) -> Response:
            files.append(FileSlices(os.open(tmp_path / "f", os.O_RDONLY), [Slice(0, 5)]))
            return Response(200, [], files[0])

        site = await serve(unread)
        wire = await site.connect()
        wire.send(b"PUT /" + HOST + b"Content-Length: 10\r\n\r\nfirst")
        await site.seen.until(lambda: bool(files))

        await asyncio.wait_for(site.listener.close(0.05), 5)

        assert site.seen.running == 0
        assert files[0].fd == -1


async def test_a_connection_leaves_nothing_behind_for_the_garbage_collector(serve: Serve) -> None:
    site = await serve(echo)
    gone: list[weakref.ref[Connection]] = []
    gc.collect()
    gc.disable()
    try:
        for head in (b"", GET, b"PUT /" + HOST + b"Content-Length: 2\r\n\r\nok", CHUNKED + b"2\r\nok\r\n0\r\n\r\n"):
            wire = await site.connect()
            if head:
                wire.send(head)
                await wire.response()
            await _until(lambda: site.listener.connections == 1)
            gone += [weakref.ref(connection) for connection in site.listener._http.open_connections]
            await wire.close()
            await _until(lambda: site.listener.connections == 0)
        await _until(lambda: all(reference() is None for reference in gone))
    finally:
        gc.enable()


async def _until(holds: Callable[[], bool]) -> None:
    """Wait for what nobody tells of."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 # see above
            await asyncio.sleep(0.001)
