"""A request as it arrives and a response as it leaves: what handlers see of HTTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import StreamReader

from homeport.kernel.http.forwarded import Origin
from homeport.kernel.streams import FileSlices

HeaderList = list[tuple[str, str]]


class BodyCutOff(ConnectionError):
    """The client went away, or broke its framing, before the body ended."""


class BodyBroken(Exception):
    """What the parser says of a body whose framing is wrong; to handlers it is `BodyCutOff`."""


class BodyStalled(Exception):
    """The client sent no byte of its body for the listener's body timeout."""


class BodyTooLarge(Exception):
    """The body is larger than the operation takes.

    Args:
        limit_bytes: the most that it takes.
    """

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"body larger than {limit_bytes} bytes")
        self.limit_bytes = limit_bytes


class Body:
    """The bytes of a request, read as they come; `Expect: 100-continue` is answered by the first read."""

    __slots__ = ("_content", "_continue", "_timeout", "length", "received")

    def __init__(
        self,
        content: StreamReader,
        *,
        length: int | None,
        timeout_seconds: float,
        on_first_read: Callable[[], None] | None = None,
    ) -> None:
        self._content = content
        self._timeout = timeout_seconds
        self._continue = on_first_read
        self.length: Final = length
        """What Content-Length says; None when the body is chunked."""
        self.received = 0

    @property
    def unanswered_expectation(self) -> bool:
        """Whether the client still waits for leave to send."""
        return self._continue is not None

    @property
    def at_end(self) -> bool:
        """Whether nothing is left to read."""
        return self._content.at_eof()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body piece by piece, none of them empty.

        Raises:
            BodyCutOff: it ended too early.
            BodyStalled: nothing came for the body timeout.
        """
        while piece := await self._next():
            yield piece

    async def read(self, limit_bytes: int) -> bytes:
        """The whole body.

        Raises:
            BodyTooLarge: it is larger than `limit_bytes`; nothing beyond has been kept.
            BodyCutOff: it ended too early.
            BodyStalled: nothing came for the body timeout.
        """
        if self.length is not None and self.length > limit_bytes:
            raise BodyTooLarge(limit_bytes)
        content = self._content
        if content.is_eof() and self._continue is None and not self.received and content.exception() is None:
            # Small bodies come with their header.
            whole = content.read_nowait()
            self.received = len(whole)
            if self.received > limit_bytes:
                raise BodyTooLarge(limit_bytes)
            return whole
        pieces = []
        while piece := await self._next():
            if self.received > limit_bytes:
                raise BodyTooLarge(limit_bytes)
            pieces.append(piece)
        return b"".join(pieces)

    async def _next(self) -> bytes:
        if self._continue is not None:
            self._continue()
            self._continue = None
        try:
            # Nearly always something is there already, and a timer would cost more than the read.
            if self._content.is_eof() or self._content.total_bytes > self.received:
                piece = await self._content.readany()
            else:
                async with asyncio.timeout(self._timeout):
                    piece = await self._content.readany()
        except TimeoutError as error:
            raise BodyStalled from error
        except (BodyBroken, ConnectionError) as error:
            raise BodyCutOff("the request's body ended too early") from error
        self.received += len(piece)
        return piece

    async def discard(self, limit_bytes: int) -> bool:
        """Read away what is left, up to a limit; says whether the end was reached."""
        left = limit_bytes
        with contextlib.suppress(BodyCutOff, BodyStalled):
            while left >= 0:
                piece = await self._next()
                if not piece:
                    return True
                left -= len(piece)
        return False


@dataclass(slots=True, eq=False)
class Request:
    """One request, as its bytes say it.

    `raw_path` is as it was sent, percent-encoded, without the query; `raw_query` without its question mark.
    """

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    """Case does not matter; of a repeated header the first."""
    body: Body
    id: str
    listener: str
    peer: str
    """The other end's address; empty on a Unix socket."""
    tls: bool
    origin_of: Callable[["Request"], Origin]
    route: str = ""
    """Which kind of thing was asked for; named by the handler, for metrics and the log."""
    principal: str = ""
    """Who asks; named by the handler, for the log."""
    _origin: Origin | None = field(default=None, repr=False)

    @property
    def origin(self) -> Origin:
        """Client, scheme and host, as far as a trusted proxy corrects them."""
        if self._origin is None:
            self._origin = self.origin_of(self)
        return self._origin


@dataclass(slots=True, eq=False)
class Response:
    """What is answered: a status, headers in their order, and bytes, slices of a file, or pieces as they come.

    Content-Length, Date and Connection are the server's to write. `close` ends the connection behind it.
    """

    status: int
    headers: HeaderList = field(default_factory=list)
    body: bytes | FileSlices | AsyncIterator[bytes] = b""
    close: bool = False
    length: int | None = None
    """Content-Length of an answer to HEAD, whose body is not sent, or of pieces; else the body's own."""

    @property
    def content_length(self) -> int | None:
        """Bytes of the body as the header tells them; None for pieces of unknown length, which are sent chunked."""
        if self.length is not None:
            return self.length
        return len(self.body) if isinstance(self.body, bytes | FileSlices) else None


Handler = Callable[[Request], Awaitable[Response]]
