"""What the checks of a cluster look at, and through what: the API, the system's resolver, and HTTPS to our hosts."""

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from homeport.deploy.cluster.api import Api
from homeport.deploy.values.table import Values

PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Looked:
    """An answer of the system's resolver.

    Attributes:
        error: the resolver's own word; empty when it answered, with or without addresses.
    """

    addresses: tuple[str, ...]
    seconds: float
    error: str = ""


class SystemResolver:
    """The resolver that every program on this machine asks."""

    async def look_up(self, name: str, family: socket.AddressFamily) -> Looked:
        """Addresses of one family."""
        loop = asyncio.get_running_loop()
        began = time.monotonic()
        try:
            found = await loop.getaddrinfo(name, None, family=family, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            missing = error.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
            return Looked((), time.monotonic() - began, "" if missing else str(error.strerror))
        addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
        return Looked(tuple(addresses), time.monotonic() - began)


class Here(AbstractResolver):
    """Sends every host to one address, so that TLS and the registry can be looked at while DNS is broken."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 # aiohttp's signature
    ) -> list[ResolveResult]:
        """The one address."""
        return [
            ResolveResult(
                hostname=host,
                host=self._address,
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing is held."""


@dataclass(slots=True)
class Scene:
    """One look at a deployment.

    Attributes:
        address: where Traefik answers; empty when nobody knows.
        authority: PEM of the CA; empty when a public one signed.
        https_port: of Traefik, as clients reach it.
        login: user and password of the registry; None skips what needs them.
        docker_certs: where Docker Engine keeps the CAs of registries.
    """

    api: Api
    values: Values
    address: str
    authority: str
    https_port: int = 443
    login: tuple[str, str] | None = None
    slow: bool = False
    slow_seconds: float = 70.0
    environment: Mapping[str, str] = field(default_factory=dict)
    resolver: SystemResolver = field(default_factory=SystemResolver)
    docker_certs: Path = Path("/etc/docker/certs.d")
    pod_patience_seconds: float = 120.0
    pause_seconds: float = 1.0

    @property
    def hosts(self) -> Sequence[str]:
        """The three names."""
        return [self.values.registry_host, self.values.ui_host, self.values.aws_host]

    def url(self, host: str) -> str:
        """HTTPS at a host."""
        return f"https://{host}" if self.https_port == 443 else f"https://{host}:{self.https_port}"  # noqa: PLR2004

    def tls(self) -> ssl.SSLContext:
        """TLS that trusts the deployment's CA, or the system's where that is public."""
        return ssl.create_default_context(cadata=self.authority or None)

    def session(self) -> aiohttp.ClientSession:
        """HTTPS to our hosts at Traefik's address, whatever DNS says."""
        resolver = Here(self.address) if self.address else None
        connector = aiohttp.TCPConnector(ssl=self.tls(), resolver=resolver, use_dns_cache=False)
        timeout = aiohttp.ClientTimeout(total=None, connect=PATIENCE_SECONDS, sock_read=PATIENCE_SECONDS)
        return aiohttp.ClientSession(connector=connector, timeout=timeout)
