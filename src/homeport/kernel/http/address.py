"""Where a listener listens: the text of a setting turned into sockets' addresses."""

import ipaddress
import re
from dataclasses import dataclass

from homeport.kernel.errors import OperatorError

_HOST_PORT = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%a-z]+)\]|(?P<host>[^\[\]:/]*)):(?P<port>\d{1,5})")
_HIGHEST_PORT = 65535
_UNIX = "unix:"


class AddressInvalid(OperatorError):
    """A listen address that cannot be read."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"'{text}' is not an address to listen on",
            hint="write HOST:PORT, [::1]:PORT, :PORT for every interface, or unix:/path/to.sock",
        )


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A host and a port; an empty host is every interface, port 0 any free port."""

    host: str
    port: int

    @property
    def everywhere(self) -> bool:
        """Whether it is every interface, and so no address that a client could be told."""
        return self.host in {"", "0.0.0.0", "::"}  # noqa: S104 # compared with, not listened on

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A Unix socket in the file system."""

    path: str

    @property
    def loopback(self) -> bool:
        """Only this machine reaches a file of its own."""
        return True

    def __str__(self) -> str:
        return f"{_UNIX}{self.path}"


Address = TcpAddress | UnixAddress


def parse_addresses(text: str) -> tuple[Address, ...]:
    """Read a comma-separated list of addresses; an empty text is an empty list.

    Raises:
        AddressInvalid: one of them cannot be read.
    """
    return tuple(_parse_address(part.strip()) for part in text.split(",") if part.strip())


def _parse_address(text: str) -> Address:
    if text.startswith(_UNIX):
        path = text.removeprefix(_UNIX)
        if not path:
            raise AddressInvalid(text)
        return UnixAddress(path)
    match = _HOST_PORT.fullmatch(text)
    if match is None or int(match["port"]) > _HIGHEST_PORT:
        raise AddressInvalid(text)
    return TcpAddress(match["six"] or match["host"] or "", int(match["port"]))
