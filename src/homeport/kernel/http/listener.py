"""Listening sockets: opened, told where they ended up, and closed with grace."""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
import stat
from dataclasses import dataclass

from homeport.kernel.errors import OperatorError
from homeport.kernel.http.address import Address, TcpAddress, UnixAddress
from homeport.kernel.http.server import HttpServer, Service
from homeport.kernel.http.sniffing import MakeContext, SniffingServer

_BACKLOG = 1024
_REACHABLE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 # replaced here, not listened on


class AddressUnavailable(OperatorError):
    """An address that cannot be listened on."""

    def __init__(self, address: Address, error: OSError, listener: str) -> None:
        setting = f"listen.{listener} (--listen-{listener})"
        hints = {errno.EADDRINUSE: f"another program has it; stop that, or give another address, or none, to {setting}"}
        of_tcp = {
            errno.EACCES: f"ports below 1024 are root's and CAP_NET_BIND_SERVICE's; give a higher one to {setting}",
            errno.EADDRNOTAVAIL: f"no interface of this machine has it; give another address to {setting}",
        }
        super().__init__(
            f"cannot listen on {address}: {error.strerror or error}",
            hint=(hints if isinstance(address, UnixAddress) else hints | of_tcp).get(error.errno or 0),
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a listener can be reached."""

    name: str
    address: Address
    tls: bool

    @property
    def url(self) -> str:
        """The address as a client types it; every interface is written as 127.0.0.1."""
        if isinstance(self.address, UnixAddress):
            return f"http+unix://{self.address.path}"
        host = self.address.host
        reachable = TcpAddress(_REACHABLE.get(host, host), self.address.port)
        return f"{'https' if self.tls else 'http'}://{reachable}"


class Listener:
    """One service on one or more addresses."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._servers: list[asyncio.Server | SniffingServer] = []
        self._http = HttpServer(service, loop=asyncio.get_running_loop())
        self._socket_files: list[str] = []
        self.endpoints: list[Endpoint] = []

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._http.open_connections)

    async def open(self, address: Address, tls: ssl.SSLContext | None) -> None:
        """Begin to listen.

        Raises:
            AddressUnavailable: the system refuses the address.
        """
        sockets = _sockets(address, self._service.name)
        for sock in sockets:
            if tls is not None and isinstance(address, TcpAddress):
                self._servers.append(self._sniffing(sock, _ready(tls), only_tls=True))
            else:
                self._servers.append(await _serve(self._http, sock, tls))
        self._note(address, sockets[0], tls=tls is not None)

    def _note(self, address: Address, sock: socket.socket, *, tls: bool) -> None:
        if isinstance(address, UnixAddress):
            self._socket_files.append(address.path)
            self.endpoints.append(Endpoint(self._service.name, address, tls))
        else:
            where = TcpAddress(address.host, sock.getsockname()[1])
            self.endpoints.append(Endpoint(self._service.name, where, tls))

    async def open_both(self, address: Address, make_context: MakeContext) -> None:
        """Begin to listen for HTTP and HTTPS at once; the endpoint is told as HTTP.

        Raises:
            AddressUnavailable: the system refuses the address.
        """
        sockets = _sockets(address, self._service.name)
        for sock in sockets:
            self._servers.append(self._sniffing(sock, make_context))
        self._note(address, sockets[0], tls=False)

    def _sniffing(self, sock: socket.socket, make_context: MakeContext, *, only_tls: bool = False) -> SniffingServer:
        timeout = self._service.limits.header_timeout
        return SniffingServer(sock, self._http, make_context, first_byte_seconds=timeout, only_tls=only_tls)

    async def close(self, drain_seconds: float) -> None:
        """Stop listening, let running requests end for at most so long, then cut what is left."""
        for server in self._servers:
            server.close()
        for path in self._socket_files:
            with contextlib.suppress(OSError):
                os.unlink(path)
        self._http.close_idle()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_seconds):
                await self._http.drained()
        await self._http.shutdown(0.05)


def _ready(context: ssl.SSLContext) -> MakeContext:
    async def make() -> ssl.SSLContext:
        return context

    return make


async def _serve(http: HttpServer, sock: socket.socket, tls: ssl.SSLContext | None) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if sock.family == socket.AF_UNIX:
        return await loop.create_unix_server(http, sock=sock, ssl=tls, backlog=_BACKLOG)
    return await loop.create_server(http, sock=sock, ssl=tls, backlog=_BACKLOG)


def _sockets(address: Address, listener: str) -> list[socket.socket]:
    try:
        if isinstance(address, UnixAddress):
            return [_unix_socket(address.path)]
        if not address.host:
            return _every_interface(address.port)
        return [_tcp_socket(address.host, address.port)]
    except OSError as error:
        raise AddressUnavailable(address, error, listener) from error


def _tcp_socket(host: str, port: int, *, dual_stack: bool = False) -> socket.socket:
    family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not dual_stack))
        sock.bind(where)
        sock.listen(_BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _every_interface(port: int) -> list[socket.socket]:
    """One socket for both families where the machine has IPv6, else one for IPv4."""
    if socket.has_dualstack_ipv6():
        with contextlib.suppress(OSError):
            return [_tcp_socket("::", port, dual_stack=True)]
    return [_tcp_socket("0.0.0.0", port)]  # noqa: S104 # the operator asked for every interface


def _unix_socket(path: str) -> socket.socket:
    """A socket file that only its owner and group may use; one left by a killed server is replaced."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.stat(path).st_mode) and not _answers(path):
            os.unlink(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(path)
        os.chmod(path, 0o660)
        sock.listen(_BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(path) == 0
