"""Durations as Go writes them: `168h`, `1h30m`, `500ms`."""

import re
from typing import Final

_SECONDS: Final = {
    "ns": 1e-9,
    "us": 1e-6,
    "\u00b5s": 1e-6,
    "\u03bcs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_part = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)", re.ASCII)
_whole = re.compile(rf"[+-]?(?:{_part.pattern})+", re.ASCII).fullmatch
_NANOSECONDS: Final = 1e9


def parse_duration(text: str) -> float:
    """Seconds of a Go duration; a bare whole number counts nanoseconds, as YAML gives them to Go.

    Raises:
        ValueError: not a duration.
    """
    if re.fullmatch(r"-?\d+", text, re.ASCII):
        return int(text) / _NANOSECONDS
    if _whole(text) is None:
        raise ValueError(text)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _part.findall(text))
    return -seconds if text.startswith("-") else seconds
