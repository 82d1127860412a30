"""The log: events with named fields, one line per request, and the libraries' own messages in the same stream."""

import logging
import os
import sys
from collections.abc import Mapping
from typing import Literal

from homeport.kernel.clock import Clock
from homeport.kernel.log_human import HumanLines
from homeport.kernel.log_lines import FAULT, LEVELS, JsonLines, Level, LineFormat, Request
from homeport.kernel.log_sink import DescriptorSink, Sink

__all__ = ["Format", "Level", "Log", "Request", "route_library_logs", "stderr_log"]

Format = Literal["auto", "human", "json"]


class Log:
    """Writes events that are important enough.

    An event is a short sentence or name that stays the same each time; what differs goes into fields. Names say
    their units (`size_bytes`). An exception goes under `error`; with `Log.error` its traceback is logged too.
    """

    __slots__ = ("_bound", "_clock", "_format", "_lowest", "_sink")

    def __init__(self, sink: Sink, line_format: LineFormat, clock: Clock, *, level: Level = "info") -> None:
        self._sink = sink
        self._format = line_format
        self._clock = clock
        self._lowest = LEVELS.index(level)
        self._bound: Mapping[str, object] = {}

    def bind(self, **fields: object) -> "Log":
        """A log that adds these fields to each of its events."""
        log = Log(self._sink, self._format, self._clock, level=LEVELS[self._lowest])
        log._bound = {**self._bound, **fields}
        return log

    def debug(self, event: str, /, **fields: object) -> None:
        """What only helps to find a fault."""
        if self._lowest == 0:
            self.write("debug", event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        """What happened."""
        if self._lowest <= 1:
            self.write("info", event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """What somebody should look at some day."""
        if self._lowest <= 2:  # noqa: PLR2004 - index in LEVELS
            self.write("warning", event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        """What went wrong here and should not have."""
        self.write("error", event, fields)

    def request(self, request: Request) -> None:
        """A request that has been answered."""
        if self._lowest <= 1 or request.status >= FAULT:
            self._sink.write(self._format.request(self._clock.now(), request))

    def enabled(self, level: Level) -> bool:
        """Whether events of this level are written."""
        return LEVELS.index(level) >= self._lowest

    def flush(self) -> None:
        """Write out what waits for the end of the loop's turn; for the end of the program."""
        self._sink.flush()

    def write(self, level: Level, event: str, fields: Mapping[str, object]) -> None:
        """An event whose level is found out only when it happens; written whatever the lowest level is."""
        every = {**self._bound, **fields} if self._bound else fields
        self._sink.write(self._format.event(self._clock.now(), level, event, every))


def stderr_log(*, clock: Clock, line_format: Format = "auto", level: Level = "info") -> Log:
    """The program's log on standard error: for a person if that is a terminal, as JSON lines if not.

    Colours are left out where `NO_COLOR` is set (no-color.org) or the terminal is `dumb`.
    """
    terminal = sys.stderr.isatty()
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    human = line_format == "human" or (line_format == "auto" and terminal)
    lines: LineFormat = HumanLines(colour=colour) if human else JsonLines()
    return Log(DescriptorSink(sys.stderr.fileno()), lines, clock, level=level)


_LIBRARY_LEVELS: tuple[tuple[int, Level], ...] = (
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)


class _LibraryHandler(logging.Handler):
    """Hands records of `logging` to a `Log`."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        level = _our_level(record.levelno)
        fields: dict[str, object] = {"logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = record.exc_info[1]
        if self._log.enabled(level):
            self._log.write(level, _message(record), fields)


def _our_level(theirs: int) -> Level:
    for lowest, level in _LIBRARY_LEVELS:
        if theirs >= lowest:
            return level
    return "debug"


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # the library's own format string is wrong
        return f"{record.msg} {record.args}"


def route_library_logs(log: Log) -> None:
    """Take over `logging` and `warnings`: libraries' warnings and errors, and all they say at level debug."""
    root = logging.getLogger()
    root.handlers[:] = [_LibraryHandler(log)]
    root.setLevel(logging.DEBUG if log.enabled("debug") else logging.WARNING)
    logging.captureWarnings(capture=True)
