"""Listeners: addresses, framing, bodies, limits, stopping. Real sockets on loopback."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from tests.unit.kernel.http.conftest import Site, Wire

from homeport.kernel.http.address import AddressInvalid, TcpAddress, UnixAddress, parse_addresses
from homeport.kernel.http.limits import Limits
from homeport.kernel.http.listener import AddressUnavailable
from homeport.kernel.http.message import Request, Response
from homeport.kernel.streams import FileSlices, Slice

Serve = Callable[..., Awaitable[Site]]
MEBIBYTE = 1 << 20


async def hello(_request: Request) -> Response:
    return Response(200, [("Content-Type", "text/plain")], b"hello")


async def in_pieces(_request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    return Response(200, [], pieces())


async def echo(request: Request) -> Response:
    return Response(200, [], await request.body.read(MEBIBYTE))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def file_handler(path: Path, *slices: Slice, after: bytes = b"") -> Callable[[Request], Awaitable[Response]]:
    async def handle(_request: Request) -> Response:
        return Response(200, [], FileSlices(os.open(path, os.O_RDONLY), slices, after=after))

    return handle


class TestAddresses:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", ()),
            ("127.0.0.1:5000", (TcpAddress("127.0.0.1", 5000),)),
            ("[::1]:0, :80", (TcpAddress("::1", 0), TcpAddress("", 80))),
            ("unix:/run/x.sock", (UnixAddress("/run/x.sock"),)),
        ],
    )
    def test_an_address_list_is_read(self, text: str, expected: tuple[object, ...]) -> None:
        assert parse_addresses(text) == expected

    @pytest.mark.parametrize("text", ["5000", "host", "h:65536", "::1:5", "unix:", "a/b:1", "h:-1", "[::1]"])
    def test_what_is_no_address_is_refused(self, text: str) -> None:
        with pytest.raises(AddressInvalid):
            parse_addresses(text)

    def test_only_this_machine_reaches_loopback_and_unix_sockets(self) -> None:
        texts = {
            "127.0.0.1:1": True,
            "[::1]:1": True,
            "localhost:1": True,
            "unix:/x": True,
            ":1": False,
            "10.0.0.1:1": False,
        }

        assert {text: parse_addresses(text)[0].loopback for text in texts} == texts

    async def test_a_unix_socket_serves_and_replaces_one_that_a_killed_server_left(
        self, serve: Serve, tmp_path: Path
    ) -> None:
        path = str(tmp_path / "s.sock")
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(path)
        stale.close()

        site = await serve(hello, address=UnixAddress(path))

        assert (await site.ask("GET / HTTP/1.1\r\nHost: x"))[2] == b"hello"
        assert Path(path).stat().st_mode & 0o777 == 0o660

    async def test_an_ipv6_address_serves(self, serve: Serve) -> None:
        site = await serve(hello, address=TcpAddress("::1", 0))

        assert site.listener.endpoints[0].url == f"http://[::1]:{site.port}"
        assert (await site.ask("GET / HTTP/1.1\r\nHost: x"))[0] == 200

    @pytest.mark.parametrize(
        ("address", "reason"),
        [(UnixAddress("/" + "x" * 200), "too long"), (TcpAddress("no-such-host.invalid", 0), "not known|failure")],
    )
    async def test_an_address_that_cannot_be_is_an_error_that_says_why(
        self, serve: Serve, address: TcpAddress | UnixAddress, reason: str
    ) -> None:
        with pytest.raises(AddressUnavailable, match=reason):
            await serve(hello, address=address)

    async def test_a_taken_port_is_an_error_that_says_so(self, serve: Serve) -> None:
        site = await serve(hello)

        with pytest.raises(AddressUnavailable, match="in use") as told:
            await serve(hello, address=TcpAddress("127.0.0.1", site.port))

        assert told.value.hint is not None
        name = site.listener.endpoints[0].name
        assert told.value.hint.endswith(f"to listen.{name} (--listen-{name})")


class TestFraming:
    async def test_a_connection_is_kept_for_the_next_request(self, serve: Serve) -> None:
        wire = await (await serve(hello)).connect()

        for _ in range(3):
            wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            status, headers, body = await wire.response()
            assert (status, body) == (200, b"hello")
            assert "connection" not in headers

    async def test_pipelined_requests_are_answered_in_their_order(self, serve: Serve) -> None:
        wire = await (await serve(echo)).connect()

        wire.send(b"".join(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n%d" % n for n in range(5)))

        assert [(await wire.response())[2] for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]

    async def test_more_pipelined_requests_than_are_parsed_ahead_are_all_answered_in_their_order(
        self, serve: Serve
    ) -> None:
        site = await serve(echo)
        wire = await site.connect()
        bodies = [b"%d" % number * 50 for number in range(300)]
        wire.send(b"".join(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b" % (len(b), b) for b in bodies))
        assert [(await wire.response())[2] for _ in bodies] == bodies

    async def test_an_offer_of_http_2_is_passed_over(self, serve: Serve) -> None:
        site = await serve(echo)
        wire = await site.connect()
        offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"
        wire.send(b"POST / HTTP/1.1\r\nHost: h\r\n" + offer + b"Content-Length: 5\r\n\r\nhello")
        assert (await wire.response())[2] == b"hello"

    async def test_http_1_0_and_connection_close_end_the_connection(self, serve: Serve) -> None:
        site = await serve(hello)
        for head in ("GET / HTTP/1.0", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close"):
            wire = await site.connect()
            wire.send(head.encode() + b"\r\n\r\n")
            assert (await wire.response())[0] == 200
            assert await wire.ended()

    async def test_an_http_1_0_client_is_not_kept_waiting_for_what_was_never_promised(self, serve: Serve) -> None:
        """RFC 9112, 9.3: without `Connection: keep-alive` in the answer it reads to the end of the connection."""
        wire = await (await serve(hello)).connect()

        wire.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")

        status, headers, _ = await wire.response()
        assert (status, headers["connection"]) == (200, "close")
        assert await wire.ended()

    async def test_an_http_1_0_client_gets_pieces_as_they_are(self, serve: Serve) -> None:
        """RFC 9112, 6.1: a server must not send it chunks."""
        wire = await (await serve(in_pieces)).connect()

        wire.send(b"GET / HTTP/1.0\r\n\r\n")

        head, _, body = (await asyncio.wait_for(wire.reader.read(), 10)).partition(b"\r\n\r\n")
        assert b"transfer-encoding" not in head.lower()
        assert body == b"one two"

    async def test_a_target_in_absolute_form_means_its_path(self, serve: Serve) -> None:
        """RFC 9112, 3.2.2: a server must accept it."""
        site = await serve(hello)

        for target in ("http://x/v2/a?n=1", "HTTPS://x/v2/a", "http://x"):
            await site.ask(f"GET {target} HTTP/1.1\r\nHost: x")

        assert [path for path, _, _ in site.seen.finished_requests] == ["/v2/a", "/v2/a", "/"]

    @pytest.mark.parametrize(
        "head",
        [
            "CONNECT x:1 HTTP/1.1\r\nHost: x\r\nContent-Length: 33",
            "PUT / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 33",
            "PUT / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 33",
            "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615",
            "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9223372036854775808",
        ],
    )
    async def test_a_body_never_becomes_a_request(self, serve: Serve, head: str) -> None:
        """RFC 9112, 11.2: where its framing is in doubt the connection ends behind the answer."""
        site = await serve(echo)
        wire = await site.connect()

        wire.send(head.encode() + b"\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")

        assert (await wire.response())[1]["connection"] == "close"
        assert await wire.ended()
        assert [path for path, _, _ in site.seen.finished_requests if path == "/smuggled"] == []

    async def test_head_tells_the_length_and_sends_nothing(self, serve: Serve) -> None:
        wire = await (await serve(hello)).connect()

        wire.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n")

        head = (await wire.reader.readuntil(b"\r\n\r\n")).lower()
        assert b"content-length: 5\r\n" in head
        assert (await wire.response())[2] == b"hello"

    @pytest.mark.parametrize(
        "data",
        [
            b"GARBAGE\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
            b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
            b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(500)) + b"\r\n",
        ],
    )
    async def test_a_broken_header_is_400_in_the_protocols_words_and_ends_the_connection(
        self, serve: Serve, data: bytes
    ) -> None:
        site = await serve(hello)
        wire = await site.connect()

        wire.send(data)
        status, headers, _ = await wire.response()

        assert (status, headers["content-type"], headers["connection"]) == (400, "text/plain", "close")
        assert await wire.ended()
        assert site.seen.running == 0

    async def test_a_header_with_a_line_end_in_it_never_leaves(self, serve: Serve) -> None:
        async def split(_request: Request) -> Response:
            return Response(200, [("Location", "/x\r\nSet-Cookie: y=1")])

        wire = await (await serve(split)).connect()
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        received = await asyncio.wait_for(wire.reader.read(), 10)

        assert b"Set-Cookie" not in received.split(b"\r\n\r\n")[0]

    async def test_a_fault_of_the_handler_is_500_and_told(self, serve: Serve) -> None:
        async def fail(_request: Request) -> Response:
            raise LookupError("secret detail")

        site = await serve(fail)
        status, _, body = await site.ask("GET / HTTP/1.1\r\nHost: x")

        assert (status, body) == (500, b"internal error")
        assert [type(error) for error in site.seen.failures] == [LookupError]


class TestBodies:
    async def test_a_chunked_body_is_read_whole(self, serve: Serve) -> None:
        chunked = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

        answer = await (await serve(echo)).ask("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked", chunked)

        assert answer[2] == b"abcde"

    async def test_a_compressed_body_stays_as_it_was_sent(self, serve: Serve) -> None:
        head = "PUT / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 4"

        assert (await (await serve(echo)).ask(head, b"\x1f\x8b\x08\x00"))[2] == b"\x1f\x8b\x08\x00"

    @pytest.mark.parametrize("head", ["Content-Length: 1048577", "Transfer-Encoding: chunked"])
    async def test_a_body_over_the_limit_is_413(self, serve: Serve, head: str) -> None:
        body = b"100001\r\n" + b"x" * (MEBIBYTE + 1) + b"\r\n0\r\n\r\n" if "chunked" in head else b"x" * (MEBIBYTE + 1)

        assert (await (await serve(echo)).ask(f"PUT / HTTP/1.1\r\nHost: x\r\n{head}", body))[0] == 413

    async def test_continue_is_said_when_the_body_is_wanted_and_not_before(self, serve: Serve) -> None:
        wanted = asyncio.Event()

        async def think(request: Request) -> Response:
            await wanted.wait()
            return Response(200, [], await request.body.read(10))

        wire = await (await serve(think)).connect()
        wire.send(b"PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wire.reader.read(1), 0.05)

        wanted.set()
        assert await wire.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.send(b"ok")
        assert (await wire.response())[2] == b"ok"

    async def test_a_refusal_comes_instead_of_continue_and_ends_the_connection(self, serve: Serve) -> None:
        async def refuse(_request: Request) -> Response:
            return Response(403)

        wire = await (await serve(refuse)).connect()
        wire.send(b"PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")

        status, headers, _ = await wire.response()

        assert (status, headers["connection"]) == (403, "close")

    async def test_the_rest_of_a_small_unread_body_is_read_away_and_the_connection_goes_on(self, serve: Serve) -> None:
        wire = await (await serve(hello)).connect()
        wire.send(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        assert [(await wire.response())[0] for _ in range(2)] == [200, 200]

    async def test_a_client_that_sends_on_still_reads_the_refusal_of_its_large_body(self, serve: Serve) -> None:
        wire = await (await serve(hello)).connect()
        wire.send(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n")
        for _ in range(8):
            wire.send(b"x" * MEBIBYTE)
            await wire.writer.drain()

        status, headers, _ = await wire.response()

        assert (status, headers["connection"]) == (200, "close")

    async def test_a_connection_lost_in_the_body_is_told_to_the_handler(self, serve: Serve) -> None:
        errors: list[BaseException] = []

        async def read(request: Request) -> Response:
            try:
                await request.body.read(100)
            except ConnectionError as error:
                errors.append(error)
                raise
            return Response(200)

        site = await serve(read)
        wire = await site.connect()
        wire.send(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nonly this")
        await wire.writer.drain()
        await site.seen.until(lambda: site.seen.running == 1)
        await wire.close()
        await site.seen.until(lambda: site.seen.running == 0)

        assert len(errors) == 1
        assert site.seen.finished_requests == [("/", 499, 0)]

    async def test_broken_chunk_framing_is_400(self, serve: Serve) -> None:
        answer = await (await serve(echo)).ask("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked", b"zz\r\nabc")

        assert answer[0] == 400


class TestFiles:
    @pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 5 * MEBIBYTE])
    async def test_a_file_arrives_byte_for_byte(self, serve: Serve, tmp_path: Path, size: int) -> None:
        content = os.urandom(size)
        (tmp_path / "f").write_bytes(content)
        site = await serve(file_handler(tmp_path / "f", Slice(0, size)))

        assert (await site.ask("GET / HTTP/1.1\r\nHost: x"))[2] == content
        await site.seen.until(lambda: bool(site.seen.finished_requests))
        assert site.seen.finished_requests == [("/", 200, size)]

    async def test_slices_come_in_their_order_with_what_goes_between(self, serve: Serve, tmp_path: Path) -> None:
        content = os.urandom(3 * MEBIBYTE)
        (tmp_path / "f").write_bytes(content)
        site = await serve(
            file_handler(tmp_path / "f", Slice(MEBIBYTE, MEBIBYTE, b"<1>"), Slice(0, 10, b"<2>"), after=b"<end>")
        )

        body = (await site.ask("GET / HTTP/1.1\r\nHost: x"))[2]

        assert body == b"<1>" + content[MEBIBYTE : 2 * MEBIBYTE] + b"<2>" + content[:10] + b"<end>"

    async def test_files_and_small_answers_do_not_overtake_each_other(self, serve: Serve, tmp_path: Path) -> None:
        content = os.urandom(MEBIBYTE)
        (tmp_path / "f").write_bytes(content)
        send_file = file_handler(tmp_path / "f", Slice(0, MEBIBYTE))

        async def either(request: Request) -> Response:
            return await (send_file if request.raw_path == "/file" else hello)(request)

        wire = await (await serve(either)).connect()
        wire.send(b"".join(b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in (b"file", b"", b"file", b"")))

        assert [(await wire.response())[2] for _ in range(4)] == [content, b"hello", content, b"hello"]

    async def test_a_slow_reader_gets_all_of_it(self, serve: Serve, tmp_path: Path) -> None:
        content = os.urandom(16 * MEBIBYTE)
        (tmp_path / "f").write_bytes(content)
        site = await serve(file_handler(tmp_path / "f", Slice(0, len(content))))
        wire = await site.connect()
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await site.seen.until(lambda: site.seen.running == 1)
        await asyncio.sleep(0.1)  # the sender's patience ends: it must wait for the socket, not for a thread

        assert (await wire.response())[2] == content

    @pytest.mark.parametrize(("size", "promised"), [(100_000, 200_000), (100, 200)])
    async def test_a_file_that_became_shorter_ends_the_connection(
        self, serve: Serve, tmp_path: Path, size: int, promised: int
    ) -> None:
        (tmp_path / "f").write_bytes(b"x" * size)
        site = await serve(file_handler(tmp_path / "f", Slice(0, promised)))
        wire = await site.connect()
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        received = await asyncio.wait_for(wire.reader.read(), 10)

        assert len(received.partition(b"\r\n\r\n")[2]) < promised
        assert site.seen.finished_requests[0][1] == 499

    async def test_descriptors_are_closed_whatever_happens(self, serve: Serve, tmp_path: Path) -> None:
        (tmp_path / "f").write_bytes(b"x" * (8 * MEBIBYTE))
        site = await serve(file_handler(tmp_path / "f", Slice(0, 8 * MEBIBYTE)))
        before = open_files()
        for _ in range(5):
            wire = await site.connect()
            wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await wire.reader.read(100)
            wire.writer.transport.abort()
        await site.seen.until(lambda: len(site.seen.finished_requests) == 5)
        await site.listener.close(1)

        assert open_files() < before


class TestLimits:
    async def test_a_client_that_never_ends_its_header_is_cut_off(self, serve: Serve) -> None:
        site = await serve(hello, limits=Limits(header_timeout=0.05))
        wire = await site.connect()
        wire.send(b"GET / HTTP/1.1\r\nHost:")

        assert await wire.ended()

    async def test_an_idle_connection_is_closed(self, serve: Serve) -> None:
        site = await serve(hello, limits=Limits(idle_timeout=0.05))
        wire = await site.connect()
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await wire.response()

        assert await wire.ended()

    async def test_a_body_that_stalls_is_408(self, serve: Serve) -> None:
        site = await serve(echo, limits=Limits(body_timeout=0.05))

        assert (await site.ask("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5", b"12"))[0] == 408

    async def test_a_client_that_takes_nothing_is_cut_off(self, serve: Serve, tmp_path: Path) -> None:
        (tmp_path / "f").write_bytes(b"x" * (32 * MEBIBYTE))
        site = await serve(file_handler(tmp_path / "f", Slice(0, 32 * MEBIBYTE)), limits=Limits(body_timeout=0.05))
        wire = await site.connect()
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        await site.seen.until(lambda: bool(site.seen.finished_requests))

        assert site.seen.finished_requests[0][1] == 499

    async def test_a_client_that_takes_nothing_of_a_long_answer_is_cut_off(self, serve: Serve) -> None:
        async def long_answer(_request: Request) -> Response:
            return Response(200, [], b"x" * (32 * MEBIBYTE))

        site = await serve(long_answer, limits=Limits(body_timeout=0.05))
        wire = await site.connect()
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        await site.seen.until(lambda: bool(site.seen.finished_requests))

        assert site.seen.finished_requests[0][1] == 499

    async def test_one_connection_too_many_is_told_to_come_again(self, serve: Serve) -> None:
        site = await serve(hello, limits=Limits(connections=2))
        open_ones = [await site.connect() for _ in range(2)]
        for wire in open_ones:
            wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await wire.response())[0] == 200

        refused = await site.connect()
        assert (await refused.response())[0] == 503
        assert await refused.ended()


class TestStopping:
    async def test_a_running_request_is_answered_and_idle_connections_end(self, serve: Serve) -> None:
        go_on = asyncio.Event()

        async def wait(_request: Request) -> Response:
            await go_on.wait()
            return Response(200, [], b"done")

        site = await serve(wait)
        idle, busy = await site.connect(), await site.connect()
        busy.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await site.seen.until(lambda: site.seen.running == 1)

        closing = asyncio.create_task(site.listener.close(10))
        assert await idle.ended()
        go_on.set()
        status, _, body = await busy.response()
        await closing

        assert (status, body) == (200, b"done")

    async def test_an_upload_goes_on_while_the_listener_drains(self, serve: Serve) -> None:
        site = await serve(echo)
        idle, wire = await site.connect(), await site.connect()
        wire.send(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nfirst")
        await site.seen.until(lambda: site.seen.running == 1)

        closing = asyncio.create_task(site.listener.close(10))
        assert await idle.ended()
        wire.send(b" half")
        status, headers, body = await wire.response()
        await closing

        assert (status, headers["connection"], body) == (200, "close", b"first half")
        assert await wire.ended()

    async def test_an_answer_on_its_way_is_sent_to_its_end(self, serve: Serve) -> None:
        content = os.urandom(16 * MEBIBYTE)
        began = asyncio.Event()

        async def send(_request: Request) -> Response:
            asyncio.get_running_loop().call_soon(began.set)
            return Response(200, [], content)

        site = await serve(send)
        wire = await site.connect()
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await began.wait()

        closing = asyncio.create_task(site.listener.close(10))
        await asyncio.sleep(0)

        assert (await wire.response())[2] == content
        await closing
        assert await wire.ended()

    async def test_a_request_that_does_not_end_is_cut_off_at_the_drain_limit(self, serve: Serve) -> None:
        async def for_ever(_request: Request) -> Response:
            await asyncio.Event().wait()
            return Response(200)

        site = await serve(for_ever)
        wire = await site.connect()
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await site.seen.until(lambda: site.seen.running == 1)

        await asyncio.wait_for(site.listener.close(0.05), 5)

        assert await wire.ended()


async def test_a_file_arrives_whole_over_tls(tmp_path: Path, serve: Serve) -> None:
    from homeport.kernel.clock import SystemClock
    from homeport.kernel.http.forwarded import TrustedProxies
    from homeport.kernel.http.listener import Listener
    from homeport.kernel.http.server import Service
    from homeport.kernel.tls.context import ServerTls

    content = os.urandom(3 * MEBIBYTE + 17)
    (tmp_path / "f").write_bytes(content)
    tls = ServerTls.from_own_authority(tmp_path / "ca", SystemClock())
    site = await serve(hello)
    handler = file_handler(tmp_path / "f", Slice(0, len(content)))
    service = Service("tls", handler, lambda status, _reason: Response(status), site.seen, TrustedProxies(()), Limits())
    listener = Listener(service)
    await listener.open(TcpAddress("127.0.0.1", 0), tls.context)
    trusting = ssl.create_default_context(cafile=str(tmp_path / "ca" / "ca.crt"))

    port = listener.endpoints[0].address
    assert isinstance(port, TcpAddress)
    wire = Wire(*await asyncio.open_connection("127.0.0.1", port.port, ssl=trusting))
    site.wires.append(wire)
    wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    assert (await wire.response())[2] == content
    assert listener.endpoints[0].url.startswith("https://")
    await listener.close(0.1)
