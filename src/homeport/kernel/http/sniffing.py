"""One port for HTTP and HTTPS: the first byte says which a client speaks, before anybody has read it."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

_TLS_HANDSHAKE: Final = b"\x16"
"""The content type that every TLS connection begins with (RFC 8446, section 5.1); no HTTP method does."""

_MOST_WAITING: Final = 1024
_PAUSE_SECONDS: Final = 0.1

_PLAIN_REFUSED: Final = (
    b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
    b"this port speaks HTTPS, and the request came as plain HTTP\n"
)
_READ_BYTES: Final = 65_536
_PARTING_SECONDS: Final = 2.0

MakeContext = Callable[[], Awaitable[ssl.SSLContext]]
"""Makes the context, or finds it; asked only when somebody speaks TLS."""


class SniffingServer:
    """Accepts on a socket and gives each connection its protocol, under TLS or not.

    Args:
        make_protocol: as for `loop.create_server`.
        first_byte_seconds: how long a client may take to send its first byte.
        only_tls: whether a client that speaks plain HTTP is told so, and no more.
    """

    def __init__(
        self,
        sock: socket.socket,
        make_protocol: Callable[[], asyncio.Protocol],
        make_context: MakeContext,
        *,
        first_byte_seconds: float,
        only_tls: bool = False,
    ) -> None:
        self._sock = sock
        self._make_protocol = make_protocol
        self._make_context = make_context
        self._first_byte_seconds = first_byte_seconds
        self._only_tls = only_tls
        self._waiting: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.create_task(self._accept(), name="accept http or https")

    def close(self) -> None:
        """Accept nothing more; connections that have their protocol go on."""
        self._accepting.cancel()
        for task in self._waiting:
            task.cancel()
        self._sock.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(self._sock)
            except OSError:
                # Out of descriptors, most likely: those that close meanwhile make room.
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if len(self._waiting) >= _MOST_WAITING:
                connection.close()
                continue
            task = loop.create_task(self._introduce(connection))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)

    async def _introduce(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        handed_over = False
        try:
            connection.setblocking(False)
            async with asyncio.timeout(self._first_byte_seconds):
                first = await _peek(loop, connection)
            if first and first != _TLS_HANDSHAKE and self._only_tls:
                await _refuse(loop, connection)
            elif first:
                tls = await self._make_context() if first == _TLS_HANDSHAKE else None
                handed_over = True
                await loop.connect_accepted_socket(self._make_protocol, connection, ssl=tls)
        except (OSError, TimeoutError):
            # A client that says nothing, goes away, or whose handshake fails is no matter for the log.
            return
        finally:
            if not handed_over:
                connection.close()


async def _peek(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> bytes:
    """The first byte, left where it is; empty when the client has gone."""
    with contextlib.suppress(BlockingIOError):
        return connection.recv(1, socket.MSG_PEEK)
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
    return connection.recv(1, socket.MSG_PEEK)


async def _refuse(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> None:
    """Say it, and let the client read it: bytes of its that nobody has read would make a reset of the end."""
    async with asyncio.timeout(_PARTING_SECONDS):
        await loop.sock_sendall(connection, _PLAIN_REFUSED)
        connection.shutdown(socket.SHUT_WR)
        while await loop.sock_recv(connection, _READ_BYTES):
            pass
