"""One client's connection: aiohttp's parser makes requests of its bytes, one task answers them in their order."""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, cast

from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser, HttpVersion11, RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD
from multidict import CIMultiDict

from homeport.kernel.hangups import hung_up
from homeport.kernel.http.incoming import Incoming, Malformed
from homeport.kernel.http.message import Body, BodyBroken, Request
from homeport.kernel.http.outgoing import Outgoing
from homeport.kernel.http.target import origin_form

if TYPE_CHECKING:
    from homeport.kernel.http.server import HttpServer

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
_WRITE_HIGH_WATER_BYTES: Final = 256 * 1024
_MOST_PIPELINED: Final = 32
"""Requests of one connection that are parsed ahead; the client waits with more."""
_PARTING_SECONDS: Final = 2.0
"""How long a client whose header was refused may go on sending it."""


class Connection(BaseProtocol):
    """A connection with its limits: time for the header, idle time, requests parsed ahead, room for a body.

    aiohttp's BaseProtocol keeps the flow control between transport, parser and body.
    """

    def __init__(self, server: "HttpServer", *, loop: asyncio.AbstractEventLoop) -> None:
        limits = server.service.limits
        parser = HttpRequestParser(
            self,
            loop,
            limits.read_buffer_bytes,
            max_line_size=limits.header_line_bytes,
            max_field_size=limits.header_line_bytes,
            max_headers=limits.header_count,
            payload_exception=BodyBroken,
            auto_decompress=False,  # a body is its bytes
            max_msg_queue_size=1,  # it stops behind every request: an error in the next would take this one with it
        )
        super().__init__(loop, parser)
        self.loop = loop
        self.server = server
        self.peer = ""
        self.tls = False
        self.ending = False
        """Whether the running request is the last one."""
        self.answering = False
        """Whether a request is there whose answer is not out yet."""
        self._closed = False
        """Whether nothing is read or answered any more."""
        self.cutting = False
        """Whether the server is about to cut the running request off."""
        self._parting = False
        """Whether the connection is closed and has so much time for what was written."""
        self._hesitant = False
        """Whether the parser may stand still unasked: a pause at a chunk's end stops it later, when nobody knows."""
        self._header_bytes = 0
        """How much has come of a header that has not ended."""
        self._body_ended = False
        """Whether the parser has stopped behind a body since it was last asked."""
        self._silent = False
        """Whether the client has closed its sending half: what it has asked for is answered, and nothing else comes."""
        self._deaf = False
        """Whether what follows cannot be a request: behind one that could not be parsed, or asked to upgrade."""
        self._arrived: deque[tuple[RawRequestMessage | Malformed, StreamReader]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._payload: StreamReader = EMPTY_PAYLOAD
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        """When an idle connection ends, by the loop's clock."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or turn it away when there are too many."""
        # uvloop's transports are not of asyncio's class.
        plain = cast("asyncio.Transport", transport)
        if len(self.server.open_connections) >= self.server.service.limits.connections:
            plain.write(_FULL)
            plain.close()
            self._closed = True
            return
        super().connection_made(transport)
        self.server.open_connections.add(self)
        plain.set_write_buffer_limits(high=_WRITE_HIGH_WATER_BYTES)
        _keep_alive(plain.get_extra_info("socket"))
        peer = plain.get_extra_info("peername")
        self.peer = peer[0] if isinstance(peer, tuple) else ""
        self.tls = plain.get_extra_info("sslcontext") is not None
        self._await_until(self.loop.time() + self.server.service.limits.header_timeout)
        self._task = self.loop.create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        """Parse; called with nothing to go on where the parser stopped."""
        if self._closed or self._deaf or self._parser is None:
            return
        try:
            messages, self._deaf, _ = self._parser.feed_data(data)
            if not messages and not self._body_ended:
                self._count_header(len(data))
            while messages or self._body_ended:
                self._body_ended = False
                self._header_bytes = 0
                self._arrived += messages
                if self._deaf or self._reading_paused or len(self._arrived) >= _MOST_PIPELINED:
                    break
                messages, self._deaf, _ = self._parser.feed_data(b"")
        except HttpProcessingError as error:
            self._give_up(error)
        if self._arrived:
            self._wake()
        if not self._buffer_paused and len(self._arrived) >= _MOST_PIPELINED:
            self._pause_reading_for_buffer()

    def _count_header(self, count: int) -> None:
        """Bytes that are a request's header, unless they are a body's. The parser bounds only each line of it."""
        payload = self._arrived[-1][1] if self._arrived else self._payload
        if payload.is_eof():
            self._header_bytes += count
            if self._header_bytes > self.server.service.limits.header_bytes:
                self._deaf = True
                self._arrived.append((Malformed(431, "the request's header is too long"), EMPTY_PAYLOAD))

    def _give_up(self, error: HttpProcessingError) -> None:
        """The parser tells of a broken body as of a broken header, and leaves the body open."""
        self._deaf = True
        reason = (error.message or "bad request").splitlines()[0]
        payload = self._arrived[-1][1] if self._arrived else self._payload
        if payload.is_eof():
            self._arrived.append((Malformed(400, reason), EMPTY_PAYLOAD))
        else:
            payload.set_exception(BodyBroken(reason))

    def pause_reading(self) -> None:
        """Called when a body has no room left."""
        self._hesitant = True
        super().pause_reading()

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 # aiohttp's signature
        """Called by every read of a body and at its end; most were never paused."""
        self._body_ended = not resume_parser
        if self._hesitant:
            super().resume_reading(resume_parser)

    def eof_received(self) -> bool:
        """The client sends no more; says whether it may still read.

        One that hangs up altogether looks the same until something is written to it. So whoever waits long for its
        sake is told that it is gone, and what ends by itself is answered.
        """
        last = self._arrived[-1][1] if self._arrived else self._payload
        if self.tls or not (self.answering or self._arrived) or not last.is_eof():
            return False
        self._silent = True
        if self._task is not None:
            hung_up(self._task)
        self._wake()
        return True

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection; whoever reads the body learns of it."""
        self.server.open_connections.discard(self)
        self._closed = True
        self._wake()
        if self._task is not None:
            hung_up(self._task)
        if self._timer is not None:
            self._timer.cancel()
        if not self._payload.is_eof():
            self._payload.set_exception(exc or ConnectionResetError("connection lost"))
        super().connection_lost(exc)
        # The two hold each other.
        self._parser = None

    def close(self) -> None:
        """End now; what was written goes out first."""
        self._closed = True
        self._wake()
        if self._parting:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        transport = self.transport
        if transport is not None:
            # Under TLS, closing has a time limit of its own.
            self._parting = self._unsent and not self.tls
            transport.close()
            if self._parting:
                self._timer = self.loop.call_later(self.server.service.limits.body_timeout, transport.abort)

    def end(self) -> None:
        """End once the running request is answered, or now if there is none."""
        # Not `close`, after which nothing more is read: the running request's body would never end.
        self.ending = True
        if not self.answering and not self._arrived:
            self.close()

    async def cut(self, patience: float) -> None:
        """End now, and give the running handler so many seconds to notice that its body is cut off."""
        self._closed = self.cutting = True
        self._wake()
        if not self._payload.is_eof():
            self._payload.set_exception(ConnectionResetError("the server stops"))
        if self._task is not None:
            _, running = await asyncio.wait([self._task], timeout=patience)
            if running:
                self._task.cancel()
                await asyncio.wait(running, timeout=patience)
        self.close()

    @property
    def unfinished(self) -> bool:
        """Whether a request waits for its answer, or an answer for the client to take it."""
        return bool(self._arrived) or self._unsent

    @property
    def _unsent(self) -> bool:
        """Whether the client has not taken all yet that was written to it."""
        transport = self.transport
        # asyncio's transports for TLS have no such size once they close.
        if transport is None or (self.tls and transport.is_closing()):
            return False
        return transport.get_write_buffer_size() > 0

    def _await_until(self, deadline: float) -> None:
        """Let the connection end at this time if it is idle then."""
        self._deadline = deadline
        if self._timer is None:
            self._timer = self.loop.call_at(deadline, self._look_at_time)

    def _look_at_time(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self.loop.time() < self._deadline:
            self._await_until(self._deadline)
        else:
            self.close()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _serve(self) -> None:
        """Answer one request after the other until the connection ends."""
        try:
            await self._arrive()
            if self._timer is not None:
                # It stood for the header of the first request; idle time may be shorter.
                self._timer.cancel()
                self._timer = None
            idle_timeout = self.server.service.limits.idle_timeout
            while not self._closed and await self._answer(*self._next()):
                self.answering = False
                if self._arrived:
                    # Who sends many requests at once is not served at one go.
                    await asyncio.sleep(0)
                elif self._silent:
                    break
                elif not self._closed:
                    self._payload = EMPTY_PAYLOAD
                    self._await_until(self.loop.time() + idle_timeout)
                    await self._arrive()
        except ConnectionError:
            # The client is gone.
            return
        finally:
            # They hold the connection as it holds them.
            self._payload = EMPTY_PAYLOAD
            self._arrived.clear()
            self.close()

    async def _arrive(self) -> None:
        """Wait for a request or for the connection's end."""
        if self._arrived or self._closed:
            return
        self._waiter = self.loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _next(self) -> tuple[RawRequestMessage | Malformed, StreamReader]:
        taken = self._arrived.popleft()
        self._payload = taken[1]
        if self._buffer_paused and len(self._arrived) <= _MOST_PIPELINED // 2:
            # First what the parser has kept, which may be enough to be full again.
            self.data_received(b"")
            if len(self._arrived) < _MOST_PIPELINED:
                self._resume_reading_for_buffer()
        return taken

    async def _answer(self, message: RawRequestMessage | Malformed, payload: StreamReader) -> bool:
        """Answer a request; says whether another may follow.

        Raises:
            ConnectionError: the client is gone.
        """
        server = self.server
        self.answering = True
        if isinstance(message, Malformed):
            incoming = Incoming.unreadable(self)
            server.began(incoming)
            answer = server.service.error_answers(*message)
            answer.close = True
        else:
            incoming = Incoming(message, payload, self)
            answer = await server.answer(incoming)
        outgoing = Outgoing(incoming, answer, server.finished)
        try:
            await outgoing.send()
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 # the connection loop is one of the places that catch everything
            server.service.observer.failed(incoming.request, error)
            return False
        if isinstance(message, Malformed):
            await self._part()
        return outgoing.keep_alive and not self.ending and payload.is_eof()

    async def _part(self) -> None:
        """Let a client that is still sending read its refusal: a reset would take it away (RFC 9112, section 9.6)."""
        transport = self.transport
        # TimeoutError is one of them.
        with contextlib.suppress(OSError):
            if transport is not None and transport.can_write_eof() and not transport.is_closing():
                transport.write_eof()
            async with asyncio.timeout(_PARTING_SECONDS):
                await self._arrive()

    def request_from(self, message: RawRequestMessage, payload: StreamReader) -> Request:
        """Our view of a parsed header."""
        headers: Mapping[str, str] = message.headers
        server = self.server
        target = message.path
        if not target.startswith("/"):
            host, target = origin_form(target)
            if host:
                headers = CIMultiDict(headers)
                headers["Host"] = host
        path, _, query = target.partition("?")
        expects = headers.get("Expect")
        waits = expects is not None and expects.lower() == "100-continue" and message.version >= HttpVersion11
        try:
            # The parser has refused lengths that are not digits.
            length = None if message.chunked else int(headers.get("Content-Length", 0))
        except ValueError:
            # It takes any number of zeros before them, and Python does not.
            length = int(headers["Content-Length"].lstrip("0") or "0")
        return Request(
            message.method,
            path,
            query,
            headers,
            Body(
                payload,
                length=length,
                timeout_seconds=server.service.limits.body_timeout,
                on_first_read=self._send_continue if waits else None,
            ),
            server.next_request_id(),
            server.service.name,
            self.peer,
            self.tls,
            server.origin_of,
        )

    def _send_continue(self) -> None:
        if self.transport is not None:
            self.transport.write(_CONTINUE)


def _keep_alive(sock: socket.socket | None) -> None:
    """Let the system notice a client that vanished without a word."""
    with contextlib.suppress(OSError):
        if sock is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
