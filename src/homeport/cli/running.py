"""Finding the server that runs on a data directory, and asking it how it is."""

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from homeport.kernel.clock import to_datetime
from homeport.kernel.errors import OperatorError
from homeport.kernel.runfile import RunFile, process_exists, read_run_file
from homeport.kernel.storage.layout import DataDirectory

HEALTH_PATH = "/_homeport/health"
_PATIENCE_SECONDS = 5.0


class NotRunningError(OperatorError):
    """No server runs on the data directory."""


class NoAnswerError(OperatorError):
    """A server runs, and does not say how it is."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answered.

    Attributes:
        healthy: whether it answered its health check with 200.
        told: what is wrong, or to be looked at, by name.
    """

    data_dir: Path
    note: RunFile
    healthy: bool
    told: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> Mapping[str, object]:
        """Everything known, for programs."""
        return {
            "healthy": self.healthy,
            "told": dict(self.told),
            "version": self.note.version,
            "pid": self.note.pid,
            "started": to_datetime(self.note.started).isoformat(timespec="milliseconds"),
            "data_dir": str(self.data_dir),
            "addresses": [{"name": name, "url": url} for name, url in self.note.addresses],
        }


def find_running(data_dir: Path) -> Running:
    """Ask the server that left a note in the data directory.

    Raises:
        NotRunningError: there is no note, or its server has ended without removing it.
        NoAnswerError: its server runs but answers on none of its addresses.
    """
    note = read_run_file(DataDirectory(data_dir).run)
    if note is None:
        raise NotRunningError(f"no Homeport runs on {data_dir}", hint="start one with `homeport up`")
    for _, url in note.addresses:
        answer = _ask(url)
        if answer is not None:
            return Running(data_dir, note, healthy=answer[0] == http.HTTPStatus.OK, told=_read(answer[1]))
    if not process_exists(note.pid):
        raise NotRunningError(
            f"no Homeport runs on {data_dir}; the one that did (process {note.pid}) ended without saying so",
            hint="nothing is lost; start it again with `homeport up`",
        )
    raise NoAnswerError(f"Homeport (process {note.pid}) answers on none of its addresses", hint="look at its log")


def _ask(url: str) -> tuple[int, bytes] | None:
    """Status code and body of the health check; None when there is no answer."""
    connection = _connect(url)
    try:
        connection.request("GET", HEALTH_PATH)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _read(body: bytes) -> Mapping[str, str]:
    import json

    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in told.items()} if isinstance(told, dict) else {}


def _connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme == "http+unix":
        return _UnixConnection(parts.path)
    host, port = parts.hostname or "127.0.0.1", parts.port
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=_PATIENCE_SECONDS, context=_any_certificate())
    return http.client.HTTPConnection(host, port, timeout=_PATIENCE_SECONDS)


def _any_certificate() -> ssl.SSLContext:
    # The address comes from our own data directory, nothing secret is sent, and a certificate made for the
    # server's public name does not match 127.0.0.1.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_PATIENCE_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket file."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
