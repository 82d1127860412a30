"""An answer on its way out: one write for small ones, sendfile for files on plain sockets, paced reads under TLS."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

from homeport.kernel.http.message import Request, Response
from homeport.kernel.streams import READ_BYTES, FileShorter, FileSlices, SocketSender, Turn, pieces_of

if TYPE_CHECKING:
    from homeport.kernel.http.incoming import Incoming

_INLINE_BYTES = 64 * 1024
_LINGER_SECONDS = 5.0
_LINGER_BYTES = 64 * 1024 * 1024
_CLIENT_GONE = 499
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_STATUSES_WITHOUT_BODY = frozenset({204, 304})

Finished = Callable[["Incoming", int, int], None]


class _HttpDate:
    """The Date header (RFC 9110, section 6.6.1), made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._text = ""

    def text(self) -> str:
        now = int(time.time())
        if now != self._second:
            self._second = now
            self._text = formatdate(now, usegmt=True)
        return self._text


_date = _HttpDate()


class HeaderInvalid(ValueError):
    """A header that would break the framing: it holds a line's end."""


class PiecesNotAsPromised(ConnectionError):
    """The pieces of an answer are more or fewer bytes than its header says; the connection cannot go on."""

    def __init__(self) -> None:
        super().__init__("the pieces ended elsewhere than was promised of them")


def head_of(response: Response, *, keep_alive: bool, chunks: bool = True) -> bytes:
    """The status line and headers as bytes.

    Args:
        response: whose.
        keep_alive: whether another request may follow.
        chunks: whether a body of unknown length is sent in chunks; else the end of the connection ends it.

    Raises:
        HeaderInvalid: a name or value holds a CR or LF.
    """
    lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, '')}"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    if response.status not in _STATUSES_WITHOUT_BODY:
        length = response.content_length
        if length is not None:
            lines.append(f"Content-Length: {length}")
        elif chunks:
            lines.append("Transfer-Encoding: chunked")
    lines.append(f"Date: {_date.text()}")
    if not keep_alive:
        lines.append("Connection: close")
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
        raise HeaderInvalid(text)
    return f"{text}\r\n\r\n".encode("utf-8", "surrogateescape")


class Outgoing:
    """An answer on its way."""

    __slots__ = ("_finished", "_incoming", "_response", "_sent", "keep_alive")

    def __init__(self, incoming: "Incoming", response: Response, finished: Finished) -> None:
        self._incoming = incoming
        self._response = response
        self._finished = finished
        self._sent = 0
        self.keep_alive = incoming.keep_alive and not response.close and not incoming.connection.ending
        """Whether the connection goes on behind the answer, as its header says."""

    async def send(self) -> None:
        """Send the answer.

        Raises:
            ConnectionError: the client is gone, or took nothing for the body timeout.
        """
        incoming = self._incoming
        completed = False
        try:
            head = self._head()
            response = self._response
            body = response.body
            if incoming.request.method == "HEAD" or response.status in _STATUSES_WITHOUT_BODY:
                body = b""
            if type(body) is bytes and len(body) <= _INLINE_BYTES and not incoming.connection.writing_paused:
                self._hand_over(head + body)
                self._sent = len(body)
            elif isinstance(body, bytes | FileSlices):
                await self._send(head, body)
            else:
                await self._send_pieces(head, body, response.length)
            completed = True
            if not self.keep_alive:
                await self._linger(incoming.request)
        except OSError as error:
            raise ConnectionResetError(str(error)) from error
        finally:
            self._let_go()
            self._finished(incoming, self._response.status if completed else _CLIENT_GONE, self._sent)

    def _head(self) -> bytes:
        """The answer's head; one that cannot be sent is a fault of ours, and makes way for an answer that says so."""
        try:
            return head_of(self._response, keep_alive=self.keep_alive, chunks=self._incoming.speaks_1_1)
        except ValueError as error:
            self._let_go()
            self.keep_alive = False
            self._response = self._incoming.connection.server.failed(self._incoming.request, error)
            return head_of(self._response, keep_alive=False)

    def _let_go(self) -> None:
        if isinstance(self._response.body, FileSlices):
            self._response.body.close()

    def _hand_over(self, data: bytes) -> None:
        """Give the transport what it has room for; nearly every answer goes at once."""
        transport = self._incoming.connection.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("client gone")
        transport.write(data)

    async def _send(self, head: bytes, body: bytes | FileSlices) -> None:
        if isinstance(body, bytes):
            await self._write(head, body)
            self._sent = len(body)
        elif len(body) <= _INLINE_BYTES:
            await self._write(head + body.read(), b"")
            self._sent = len(body)
        elif self._incoming.connection.tls:
            await self._write_paced(head, body)
        else:
            await self._send_file(head, body)

    async def _send_pieces(self, head: bytes, pieces: AsyncIterator[bytes], length: int | None) -> None:
        """Send what comes when it comes, in chunks of HTTP/1.1 (RFC 9112, section 7.1) unless the length is known."""
        in_chunks = length is None and self._incoming.speaks_1_1
        await self._write(head, b"")
        try:
            async for piece in pieces:
                if length is not None and self._sent + len(piece) > length:
                    # What goes beyond would be read as the next answer.
                    raise PiecesNotAsPromised
                if piece:
                    await self._write(b"%x\r\n%b\r\n" % (len(piece), piece) if in_chunks else piece, b"")
                    self._sent += len(piece)
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()
        if in_chunks:
            await self._write(b"0\r\n\r\n", b"")
        elif length is not None and self._sent != length:
            raise PiecesNotAsPromised

    async def _write(self, head: bytes, rest: bytes) -> None:
        self._hand_over(head)
        for start in range(0, len(rest), READ_BYTES):
            await self._drain()
            self._hand_over(rest[start : start + READ_BYTES])
        await self._drain()

    async def _drain(self) -> None:
        """Wait until the transport has room again; a client that takes nothing for the body timeout is cut off."""
        connection = self._incoming.connection
        if connection.transport is None:
            raise ConnectionResetError("client gone")
        if not connection.writing_paused:
            if connection.tls:
                # The loss of such a connection is told a turn late, and until then its transport takes everything.
                await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(connection.server.service.limits.body_timeout):
                await connection._drain_helper()  # noqa: SLF001 # aiohttp's protocol keeps the only waiter for this
        except TimeoutError:
            connection.transport.abort()
            raise ConnectionResetError("client takes nothing") from None

    async def _write_paced(self, head: bytes, body: FileSlices) -> None:
        loop = asyncio.get_running_loop()
        for piece in pieces_of(head, body):
            if isinstance(piece, bytes):
                await self._write(piece, b"")
                continue
            offset, count = piece
            while count:
                data = await loop.run_in_executor(None, os.pread, body.fd, min(READ_BYTES, count), offset)
                if not data:
                    raise FileShorter
                await self._write(data, b"")
                offset, count = offset + len(data), count - len(data)
        self._sent = len(body)

    async def _send_file(self, head: bytes, body: FileSlices) -> None:
        connection = self._incoming.connection
        await self._empty_transport()
        if connection.transport is None:
            raise ConnectionResetError("client gone")
        sock_fd = os.dup(connection.transport.get_extra_info("socket").fileno())
        loop = asyncio.get_running_loop()
        timeout = connection.server.service.limits.body_timeout
        sender = SocketSender(sock_fd, body.fd, pieces_of(head, body))
        running = None
        try:
            while True:
                running = loop.run_in_executor(None, sender.send_for_a_turn)
                turn = await asyncio.shield(running)
                if turn is Turn.DONE:
                    break
                if turn is Turn.BLOCKED:
                    async with asyncio.timeout(timeout):
                        await _writable(loop, sock_fd)
        except TimeoutError:
            connection.transport.abort()
            raise ConnectionResetError("client takes nothing") from None
        finally:
            await _settled(running)
            os.close(sock_fd)
        self._sent = len(body)

    async def _empty_transport(self) -> None:
        """Wait until what earlier answers left in the transport is out: raw writes must not overtake it."""
        connection = self._incoming.connection
        timeout = connection.server.service.limits.body_timeout
        deadline = connection.loop.time() + timeout
        while connection.transport is not None and connection.transport.get_write_buffer_size():
            if connection.loop.time() > deadline:
                connection.transport.abort()
                raise ConnectionResetError("client takes nothing")
            await self._drain()
            await asyncio.sleep(0.001 if connection.transport.get_write_buffer_size() else 0)

    async def _linger(self, request: Request) -> None:
        """Read on before closing: a reset would take the answer away from a client that is still sending."""
        if request.body.at_end or request.body.unanswered_expectation:
            return
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                await request.body.discard(_LINGER_BYTES)
        except TimeoutError:
            return


async def _writable(loop: asyncio.AbstractEventLoop, fd: int) -> None:
    ready = asyncio.Event()
    loop.add_writer(fd, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(fd)


async def _settled(running: "asyncio.Future[Turn] | None") -> None:
    """Wait for a sender's thread even when we are cancelled: its descriptors must not be closed under it."""
    while running is not None and not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:
            continue
