"""Who is really asking: the client's address, scheme and host, when a trusted proxy stands between."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

_PAIR = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"([^"]*)"|([^;,"\s]*))\s*')
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from and how it was addressed: client address, `http` or `https`, host with its port."""

    client: str
    scheme: str
    host: str


class TrustedProxies:
    """The networks whose X-Forwarded-* and Forwarded headers (RFC 7239) count; nobody else's do.

    A peer on a Unix socket is always trusted: the file's permissions say who that can be.

    Args:
        networks: whose headers count.
        tls_hosts: hosts, with all names below them, whose clients speak TLS to a proxy that passes bytes on and so
            cannot tell. A Host with a port is another way in.
    """

    def __init__(self, networks: Sequence[Network], tls_hosts: Sequence[str] = ()) -> None:
        self._networks = tuple(networks)
        self._tls_hosts = tuple(f".{each.lower()}" for each in tls_hosts)

    def trusts(self, peer: str) -> bool:
        """Whether this peer may speak for others."""
        if not peer:
            return True
        if not self._networks:
            return False
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)

    def origin(self, peer: str, *, tls: bool, headers: Mapping[str, str]) -> Origin:
        """What the request's own connection says, corrected by headers where the peer is trusted.

        `Forwarded` wins over `X-Forwarded-*`; of several hops the nearest one that is not itself trusted is the client.
        """
        host = headers.get("Host", "")
        own = _own(peer, tls or self._speaks_tls(host), host)
        if not self.trusts(peer):
            return own
        if forwarded := headers.get("Forwarded"):
            return self._from_forwarded(forwarded, own)
        scheme = headers.get("X-Forwarded-Proto", "").split(",")[0].strip().lower()
        host = _plausible_host(headers.get("X-Forwarded-Host", "").split(",")[0].strip())
        hops = [hop.strip() for hop in headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        return Origin(
            self._client(hops) or peer, scheme if scheme in {"http", "https"} else own.scheme, host or own.host
        )

    def _speaks_tls(self, host: str) -> bool:
        return bool(self._tls_hosts) and f".{host.lower()}".endswith(self._tls_hosts)

    def _from_forwarded(self, text: str, own: Origin) -> Origin:
        elements = [_pairs(element) for element in text.split(",")]
        scheme = next((e["proto"] for e in elements if e.get("proto") in {"http", "https"}), own.scheme)
        host = next((h for e in elements if (h := _plausible_host(e.get("host", "")))), own.host)
        return Origin(self._client([e["for"] for e in elements if "for" in e]) or own.client, scheme, host)

    def _client(self, hops: Sequence[str]) -> str:
        addresses = [_address_of(hop) for hop in hops]
        for address in reversed(addresses):
            if not self.trusts(address):
                return address
        return addresses[0] if addresses else ""


@lru_cache(maxsize=1024)
def _own(peer: str, tls: bool, host: str) -> Origin:  # noqa: FBT001 # keywords would cost as much as is saved
    """What a connection says of itself."""
    return Origin(peer, "https" if tls else "http", _plausible_host(host))


def _pairs(element: str) -> dict[str, str]:
    return {m[1].lower(): m[2] if m[2] is not None else m[3] for m in _PAIR.finditer(element)}


def _address_of(hop: str) -> str:
    """The address of `192.0.2.1:47011`, `[2001:db8::1]:80` or a bare one."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _plausible_host(text: str) -> str:
    """A host that may stand in a URL; anything else is dropped, so that it cannot smuggle a header or a path."""
    return text if _HOST.fullmatch(text) else ""
