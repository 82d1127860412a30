"""The log as a person at a terminal reads it."""

import json
import time
from collections.abc import Mapping

from homeport.kernel.clock import MILLIS_PER_SECOND, Millis
from homeport.kernel.log_lines import Json, Level, Request, plain, trace_of

_RESET = "\x1b[0m"
_DIM = "\x1b[2m"
_LEVEL_COLOURS: dict[Level, str] = {"debug": _DIM, "info": "\x1b[32m", "warning": "\x1b[33m", "error": "\x1b[31m"}
_STATUS_COLOURS = ("", "\x1b[32m", "\x1b[32m", "\x1b[36m", "\x1b[33m", "\x1b[31m")
_KIB = 1024
_NEEDS_QUOTES = frozenset(" \"'=")


class HumanLines:
    """Time of day (local), level, event, `key=value`; a request as method, path, status, duration, sizes, who."""

    def __init__(self, *, colour: bool) -> None:
        self._second = -1
        self._clock_text = ""
        self._dim, self._reset = (_DIM, _RESET) if colour else ("", "")
        self._levels = {level: (code if colour else "") for level, code in _LEVEL_COLOURS.items()}
        self._statuses = _STATUS_COLOURS if colour else ("",) * len(_STATUS_COLOURS)

    def event(self, at: Millis, level: Level, event: str, fields: Mapping[str, object]) -> str:
        """An exception's traceback follows on lines of its own, indented."""
        parts = [self._time(at), f"{self._levels[level]}{level:7}{self._reset}", escape(str(plain("", event)))]
        for name, value in fields.items():
            parts.append(f"{self._dim}{name}={self._reset}{_show(plain(name, value))}")
        line = " ".join(parts)
        trace = trace_of(level, fields)
        if trace is None:
            return line
        return "\n    ".join([line, *map(escape, trace.splitlines())])

    def request(self, at: Millis, request: Request) -> str:
        """What was asked, what became of it, how long it took, how much went in and out, and who it was."""
        colour = self._statuses[min(request.status // 100, 5)]
        return (
            f"{self._time(at)} {colour}{request.status}{self._reset}     {request.method} {escape(request.path)}"
            f" {request.duration_seconds * MILLIS_PER_SECOND:.1f}ms"
            f"{self._dim} in={_size(request.received_bytes)} out={_size(request.sent_bytes)}"
            f" {escape(request.user or '-')} {request.peer} {request.request_id}{self._reset}"
        )

    def _time(self, at: Millis) -> str:
        second, millis = divmod(at, MILLIS_PER_SECOND)
        if second != self._second:
            self._second = second
            self._clock_text = time.strftime("%H:%M:%S", time.localtime(second))
        return f"{self._dim}{self._clock_text}.{millis:03}{self._reset}"


def escape(text: str) -> str:
    """The text with everything that a terminal would obey, or that would end the line, made visible."""
    return text if text.isprintable() else json.dumps(text)[1:-1]


def _show(value: Json) -> str:
    if not isinstance(value, str):
        return escape(json.dumps(value, ensure_ascii=False))
    if value and value.isprintable() and _NEEDS_QUOTES.isdisjoint(value):
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())


def _size(size_bytes: int) -> str:
    if size_bytes < _KIB:
        return f"{size_bytes}B"
    size: float = size_bytes
    for unit in ("KiB", "MiB", "GiB"):
        size /= _KIB
        if size < _KIB:
            return f"{size:.1f}{unit}"
    return f"{size / _KIB:.1f}TiB"
