"""What one line of the log looks like, for people and for machines, and what never appears in it.

Secrets stay out in three ways: a value of type `Secret` shows asterisks; so does whatever goes under a name that
means one (`authorization`, `cookie`, `password`, ...), also inside mappings such as a request's headers; and
credentials in running text (`Bearer ...`, `https://user:password@host`) are cut out. Control characters are escaped:
who chooses a path or a user name can neither forge a line nor colour a terminal.
"""

import json
import math
import re
import time
import traceback
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple, Protocol

import orjson

from homeport.kernel.clock import MILLIS_PER_SECOND, Millis
from homeport.kernel.secret import HIDDEN, Secret

Level = Literal["debug", "info", "warning", "error"]
Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")
"""From the least to the most important."""

_SECRET_ENDINGS = (
    "authorization",
    "cookie",
    "password",
    "passwd",
    "secret",
    "token",
    "secret_access_key",
    "private_key",
)
_CREDENTIALS = re.compile(r"(?i)\b(?:basic|bearer)\s+[\w+/=.~-]{6,}|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
_LONGEST_TEXT = 16_384
_DEEPEST = 6


FAULT: Final = 500
"""From this status on it is the server's fault (RFC 9110, section 15.6)."""


class Request(NamedTuple):
    """What is logged of a request; its query and headers are not, as they may hold secrets."""

    method: str
    path: str
    status: int
    duration_seconds: float
    received_bytes: int
    sent_bytes: int
    peer: str = ""
    user: str = ""
    request_id: str = ""

    @property
    def level(self) -> Level:
        """A failure of ours is an error; everything else is the client's affair."""
        return "error" if self.status >= FAULT else "info"


class LineFormat(Protocol):
    """Turns an event into a line, without its end."""

    def event(self, at: Millis, level: Level, event: str, fields: Mapping[str, object]) -> str:
        """Any event."""
        ...

    def request(self, at: Millis, request: Request) -> str:
        """A request that has been answered."""
        ...


def plain(name: str, value: object, depth: int = 0) -> Json:
    """A field's value as JSON, without secrets."""
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if _is_secret(name) and value:
        return HIDDEN
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _plain_inside(name, value, depth + 1)
    if isinstance(value, BaseException):
        return _text(f"{type(value).__name__}: {value}")
    if isinstance(value, bytes):
        return _text(value.decode(errors="backslashreplace"))
    return str(value) if isinstance(value, Secret) else _text(str(value))


def _plain_inside(name: str, value: Mapping[object, object] | Iterable[object], depth: int) -> Json:
    if depth > _DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        return {str(key): plain(str(key), inner, depth) for key, inner in value.items()}
    match value:
        case (str() | bytes() as key, inner):  # a header as a pair
            named = key.decode(errors="replace") if isinstance(key, bytes) else key
            return [plain(name, named, depth), plain(named, inner, depth)]
        case _:
            return [plain(name, inner, depth) for inner in value]


def _is_secret(name: str) -> bool:
    return name.lower().replace("-", "_").endswith(_SECRET_ENDINGS)


def _text(text: str) -> str:
    cut = text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "..."
    return _CREDENTIALS.sub(HIDDEN, cut)


def trace_of(level: Level, fields: Mapping[str, object]) -> str | None:
    """The traceback of the field `error`, for events that say that the program is wrong."""
    error = fields.get("error")
    if level != "error" or not isinstance(error, BaseException) or error.__traceback__ is None:
        return None
    return _text("".join(traceback.format_exception(error)))


class JsonLines:
    """One JSON object a line; times are UTC."""

    def __init__(self) -> None:
        self._second = -1
        self._prefix = ""

    def event(self, at: Millis, level: Level, event: str, fields: Mapping[str, object]) -> str:
        """`time`, `level`, `event`, then the fields."""
        line: dict[str, Json] = {"time": self._time(at), "level": level, "event": _text(event)}
        for name, value in fields.items():
            line.setdefault(name, plain(name, value))
        trace = trace_of(level, fields)
        if trace is not None:
            line["traceback"] = trace
        return _dump(line)

    def request(self, at: Millis, request: Request) -> str:
        """An event named `request`; the duration is in milliseconds, as its field's name says."""
        return _dump(
            {
                "time": self._time(at),
                "level": "error" if request.status >= FAULT else "info",
                "event": "request",
                "method": request.method,
                "path": request.path,
                "status": request.status,
                "duration_ms": round(request.duration_seconds * MILLIS_PER_SECOND, 3),
                "received_bytes": request.received_bytes,
                "sent_bytes": request.sent_bytes,
                "peer": request.peer,
                "user": request.user,
                "request_id": request.request_id,
            }
        )

    def _time(self, at: Millis) -> str:
        second, millis = divmod(at, MILLIS_PER_SECOND)
        if second != self._second:
            self._second = second
            self._prefix = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._prefix}.{millis:03}Z"


def _dump(line: dict[str, Json]) -> str:
    try:
        return orjson.dumps(line).decode()
    except TypeError:  # integers over 64 bits, and text that is no Unicode (a path's raw bytes)
        return json.dumps(line)
