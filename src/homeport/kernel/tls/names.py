"""Which names a certificate of this machine needs: those it calls itself, and the addresses of its interfaces."""

import ipaddress
import itertools
import re
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from homeport.kernel.errors import OperatorError

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_MAX_NAME_CHARS = 253
_FIB_TRIE = Path("/proc/net/fib_trie")
_IF_INET6 = Path("/proc/net/if_inet6")
_TEMPORARY = 0x01
_MOST = 64
"""A cluster's node may have thousands of addresses; so many names would fit no handshake."""

_DOCUMENTATION_ADDRESSES = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadCertificateName(OperatorError):
    """What no certificate can be made out for."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is neither a host name nor an IP address",
            hint="tls.names takes names such as registry.lan, *.lan, 192.168.1.20 or fd00::20, without port or scheme",
        )


def parse_name(text: str) -> str | IpAddress:
    """A host name in lower-case ASCII (IDNA, `*` allowed as the first label), or an IP address.

    Raises:
        BadCertificateName: neither.
    """
    bare = text.strip().removeprefix("[").removesuffix("]").removesuffix(".")
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        pass
    try:
        name = bare.lower() if bare.isascii() else bare.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise BadCertificateName(text) from error
    labels = name.removeprefix("*.").split(".")
    if len(name) > _MAX_NAME_CHARS or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdecimal():
        raise BadCertificateName(text)
    return name


def certificate_names(more: Iterable[str] = ()) -> tuple[str, ...]:
    """What a certificate is made out for: `more`, then everything that this machine is known to be called.

    No name server is asked, so that a start never waits for one.

    Raises:
        BadCertificateName: one of `more` is neither a host name nor an IP address.
    """
    wanted = [str(parse_name(text)) for text in more]
    found = ["localhost", "127.0.0.1", "::1", *_host_names(), *map(str, sorted(_addresses(), key=_version_and_number))]
    return tuple(dict.fromkeys([*wanted, *found]))


def _version_and_number(address: IpAddress) -> tuple[int, int]:
    return address.version, int(address)


def _host_names() -> Iterator[str]:
    """The host's name, its first label, and that as multicast DNS knows it; none if it is no name for a certificate."""
    full = socket.gethostname().lower()
    short = full.partition(".")[0]
    for name in (full, short, f"{short}.local"):
        try:
            yield str(parse_name(name))
        except BadCertificateName:
            continue


def _addresses() -> set[IpAddress]:
    """Addresses of the interfaces; without Linux's tables only those that outgoing packets would carry."""
    listed = itertools.chain(_from_if_inet6(_read(_IF_INET6)), _from_fib_trie(_read(_FIB_TRIE)))
    found = {*_routed(), *itertools.islice(listed, _MOST)}
    return {each for each in found if not (each.is_link_local or each.is_unspecified or each.is_loopback)}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _from_fib_trie(table: str) -> Iterator[IpAddress]:
    """Every `|-- ADDRESS` line that is followed by `/32 host LOCAL`."""
    lines = table.splitlines()
    for line, following in itertools.pairwise(lines):
        if following.strip() == "/32 host LOCAL":
            yield ipaddress.IPv4Address(line.split()[-1])


def _from_if_inet6(table: str) -> Iterator[IpAddress]:
    """Address (32 hex digits), interface index, prefix length, scope, flags, name; temporary ones come and go daily."""
    for fields in map(str.split, table.splitlines()):
        if not int(fields[4], 16) & _TEMPORARY:
            yield ipaddress.IPv6Address(int(fields[0], 16))


def _routed() -> Iterator[IpAddress]:
    """The source address of a datagram socket that was connected and sends nothing."""
    for family, destination in _DOCUMENTATION_ADDRESSES:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((destination, 9))
                yield ipaddress.ip_address(probe.getsockname()[0].partition("%")[0])
        except OSError:
            continue
