"""One client's connection: aiohttp's protocol with our limits, our request and our way of answering."""

import asyncio
import itertools
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from aiohttp import StreamReader
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.http_writer import HttpVersion10, HttpVersion11
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import StreamResponse
from aiohttp.web_server import Server

from homeport.kernel.http.forwarded import Origin, TrustedProxies
from homeport.kernel.http.limits import Limits
from homeport.kernel.http.message import Body, BodyCutOff, BodyStalled, BodyTooLarge, Handler, Request, Response
from homeport.kernel.http.outgoing import Outgoing

if TYPE_CHECKING:
    from aiohttp.web_request import BaseRequest as AiohttpRequest

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
_WRITE_HIGH_WATER_BYTES = 256 * 1024
_LONGEST_BODY_BYTES = (1 << 63) - 1


class Observer(Protocol):
    """Who is told of each request when its last byte has been handed over."""

    def started(self, request: Request, /) -> None:
        """A request's header is there."""
        ...

    def finished(self, request: Request, status: int, sent_bytes: int, seconds: float) -> None:
        """It is answered; status 499 when the client went away first."""
        ...

    def failed(self, request: Request, error: BaseException) -> None:
        """Its handler raised what it should not have."""
        ...


class ErrorAnswers(Protocol):
    """How a listener's protocol words what goes wrong outside its handler."""

    def __call__(self, status: int, reason: str) -> Response:
        """An answer of this status; `reason` is one sentence for a person."""
        ...


@dataclass(frozen=True, slots=True)
class Service:
    """What stands behind a listener."""

    name: str
    handler: Handler
    error_answers: ErrorAnswers
    observer: Observer
    proxies: TrustedProxies
    limits: Limits


class Incoming:
    """A request on its connection: what aiohttp's protocol wants of one, and ours beside it."""

    __slots__ = (
        *("_payload", "_task", "connection", "keep_alive"),
        *("request", "speaks_1_1", "started_at", "version", "writer"),
    )

    def __init__(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        connection: "Connection",
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> None:
        self.connection = connection
        self.writer = writer
        self._payload = payload
        self._task = task
        self.version = message.version
        self.speaks_1_1 = message.version >= HttpVersion11
        # HTTP/1.0 would have to be told in so many words. CONNECT and upgrades, which nobody gets here, are where
        # parsers disagree about what follows the header.
        self.keep_alive: bool = self.speaks_1_1 and not message.should_close and not message.upgrade
        # Not the loop's time: it stands still during a turn, which is longer than most requests.
        self.started_at = time.perf_counter()
        self.request = connection.request_from(message, payload)

    @property
    def remote(self) -> str:
        """The peer, for aiohttp's own messages."""
        return self.request.peer

    def _cancel(self, exc: BaseException) -> None:
        """Called by aiohttp when the connection is lost: whoever reads the body learns of it."""
        self._payload.set_exception(exc)

    def _finish(self) -> None:
        """Called by aiohttp before the answer goes out; we keep nothing that needs closing."""


class Connection(RequestHandler):
    """aiohttp's connection with a header timeout, a bound on their number, and answers in the protocol's own words."""

    def __init__(self, server: "HttpServer", *, loop: asyncio.AbstractEventLoop) -> None:
        limits = server.service.limits
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=limits.idle_timeout,
            access_log=None,  # type: ignore[arg-type] # aiohttp takes None for no access log
            max_line_size=limits.header_line_bytes,
            max_field_size=limits.header_line_bytes,
            max_headers=limits.header_count,
            read_bufsize=limits.read_buffer_bytes,
            lingering_time=0,  # we read the rest of an unread body ourselves, with a bound
            auto_decompress=False,  # a body is its bytes
        )
        self.loop = loop
        self.server = server
        self.peer = ""
        self.tls = False
        self.ending = False
        """Whether the running request is the last one."""
        self.answering = False
        """Whether a request is there whose answer is not out yet."""
        self._header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or turn it away when there are too many."""
        if len(self.server.open_connections) >= self.server.service.limits.connections:
            plain = cast("asyncio.Transport", transport)
            plain.write(_FULL)
            plain.close()
            self._manager = None
            return
        super().connection_made(transport)
        self.server.open_connections.add(self)
        cast("asyncio.Transport", transport).set_write_buffer_limits(high=_WRITE_HIGH_WATER_BYTES)
        peer = transport.get_extra_info("peername")
        self.peer = peer[0] if isinstance(peer, tuple) else ""
        self.tls = transport.get_extra_info("sslcontext") is not None
        self._expect_header()

    def _expect_header(self) -> None:
        """Replace aiohttp's first timer, which knows only the idle time, by the header timeout."""
        if self._keepalive_handle is not None:
            self._keepalive_handle.cancel()
        timeout = self.server.service.limits.header_timeout
        self._next_keepalive_close_time = self.loop.time() + timeout
        self._keepalive_handle = self._header_timer = self.loop.call_later(timeout, self._process_keepalive)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection."""
        self.server.open_connections.discard(self)
        super().connection_lost(exc)

    def request_from(self, message: RawRequestMessage, payload: StreamReader) -> Request:
        """Our view of a parsed header."""
        if self._header_timer is not None:
            # The first header is there; from now on aiohttp's own timer for idle connections is the right one.
            self._header_timer.cancel()
            self._header_timer = self._keepalive_handle = None
        self.answering = True
        headers = message.headers
        expects = message.version >= HttpVersion11 and headers.get("Expect", "").lower() == "100-continue"
        path, _, query = _origin_form(message.path).partition("?")
        service = self.server.service
        return Request(
            method=message.method,
            raw_path=path,
            raw_query=query,
            headers=headers,
            body=Body(
                payload,
                length=_content_length(headers.get("Content-Length")) if not message.chunked else None,
                timeout_seconds=service.limits.body_timeout,
                on_first_read=self._send_continue if expects else None,
            ),
            id=self.server.next_request_id(),
            listener=service.name,
            peer=self.peer,
            tls=self.tls,
            origin_of=self.server.origin_of,
        )

    def _send_continue(self) -> None:
        if self.transport is not None:
            self.transport.write(_CONTINUE)

    def end(self) -> None:
        """End once the running request is answered, or now if there is none."""
        # Not aiohttp's `close`, after which nothing more is read: the running request's body would never end.
        self.ending = True
        if not self.answering and not self._messages:
            self.force_close()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        """Called by aiohttp for a header that cannot be parsed: answered in the protocol's own words, then closed."""
        incoming = cast("Incoming", request)
        reason = (message or str(exc) or "bad request").splitlines()[0]
        answer = self.server.service.error_answers(status, reason)
        answer.close = True
        self.server.began(incoming)
        return cast("StreamResponse", Outgoing(incoming, answer, self.server.finished))


def _origin_form(target: str) -> str:
    """A request's target without the scheme and host that a proxy's client puts before it (RFC 9112, section 3.2.2)."""
    if target.startswith("/"):
        return target
    _, absolute, rest = target.partition("://")
    return f"/{rest.partition('/')[2]}" if absolute else target


def _content_length(text: str | None) -> int | None:
    """The parser has refused anything that is not digits."""
    return int(text) if text is not None else 0


class HttpServer(Server):
    """Makes connections for a listener and answers their requests through its service."""

    def __init__(self, service: Service, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(self._handle, request_factory=self._incoming, loop=loop)  # type: ignore[arg-type] # ours stands in for aiohttp's request
        self.service = service
        self.open_connections: set[Connection] = set()
        self.busy = 0
        self._loop_ = loop
        self._idle: asyncio.Event = asyncio.Event()
        self._idle.set()
        self._id_prefix = os.urandom(6).hex()
        self._ids = itertools.count(1)

    def __call__(self) -> Connection:
        """A protocol for a new connection."""
        return Connection(self, loop=self._loop_)

    def next_request_id(self) -> str:
        """An id that no other request has: the process's prefix and a count."""
        return f"{self._id_prefix}{next(self._ids):08x}"

    def origin_of(self, request: Request) -> Origin:
        """See `TrustedProxies.origin`."""
        return self.service.proxies.origin(request.peer, tls=request.tls, headers=request.headers)

    def _incoming(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: Connection,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> Incoming:
        return Incoming(message, payload, protocol, writer, task)

    async def _handle(self, aiohttp_request: "AiohttpRequest") -> StreamResponse:
        incoming = cast("Incoming", aiohttp_request)
        self.began(incoming)
        try:
            response = await self._answer(incoming)
        except BaseException:
            self.finished(incoming, 499, 0)
            raise
        if not incoming.request.body.at_end:
            await self._settle_body(incoming.request, response)
        return cast("StreamResponse", Outgoing(incoming, response, self.finished))

    async def _answer(self, incoming: Incoming) -> Response:
        service, request = self.service, incoming.request
        answer = self._refusal(incoming)
        if answer is not None:
            answer.close = True
            return answer
        try:
            return await service.handler(request)
        except BodyTooLarge as error:
            answer = service.error_answers(413, str(error))
        except BodyStalled:
            answer = service.error_answers(408, "the request's body did not come in time")
        except (BodyCutOff, ConnectionError):
            answer = service.error_answers(400, "the request's body ended too early")
        except Exception as error:  # noqa: BLE001 # the connection loop is one of the three places that catch everything
            service.observer.failed(request, error)
            answer = service.error_answers(500, "internal error")
        answer.close = True
        return answer

    def _refusal(self, incoming: Incoming) -> Response | None:
        """The answer to what no handler is asked about."""
        request = incoming.request
        if incoming.version < HttpVersion10:
            return self.service.error_answers(400, "the request line names no version of HTTP")
        expected = request.headers.get("Expect")
        if expected is not None and expected.lower() != "100-continue":
            return self.service.error_answers(417, "the only expectation that can be met is 100-continue")
        if (request.body.length or 0) > _LONGEST_BODY_BYTES:
            # The parser takes the largest number that it can hold for no body at all.
            return self.service.error_answers(413, "no body is that long")
        return None

    async def _settle_body(self, request: Request, response: Response) -> None:
        """An answer to an unread body: the client either still waits for leave to send it, or is sending.

        A short rest is read away so that the connection can go on; a long one ends it.
        """
        if request.body.unanswered_expectation:
            response.close = True
        elif not response.close and request.body.length is not None and request.body.length <= _WRITE_HIGH_WATER_BYTES:
            response.close = not await request.body.discard(_WRITE_HIGH_WATER_BYTES)
        else:
            response.close = True

    def began(self, incoming: Incoming) -> None:
        """A request's header is there."""
        self.busy += 1
        self._idle.clear()
        self.service.observer.started(incoming.request)

    def finished(self, incoming: Incoming, status: int, sent_bytes: int) -> None:
        """A request has come to its end."""
        incoming.connection.answering = False
        self.busy -= 1
        if self.busy <= 0:
            self._idle.set()
        seconds = time.perf_counter() - incoming.started_at
        self.service.observer.finished(incoming.request, status, sent_bytes, seconds)

    def close_idle(self) -> None:
        """Let connections end once their running request is answered; those without one end now."""
        for connection in list(self.open_connections):
            connection.end()

    async def drained(self) -> None:
        """Wait until no request is running."""
        await self._idle.wait()
