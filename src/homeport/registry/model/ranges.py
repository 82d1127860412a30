"""Ranges of a blob that a client asks for: RFC 9110, section 14."""

import re
from typing import Final, NamedTuple

from homeport.registry.errors import RangeInvalid

MAX_RANGES: Final = 1024
"""More ranges than these get the whole blob instead.

podman asks for up to 1,024 chunks of a zstd:chunked layer at once, and the parts must come back one to one.
"""

_spec = re.compile(r"(\d{1,19})-(\d{0,19})|-(\d{1,19})", re.ASCII).fullmatch


class ByteRange(NamedTuple):
    """Offsets of the first and the last byte, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes that is."""
        return self.last - self.first + 1


def parse_range(header: str, size: int) -> tuple[ByteRange, ...]:
    """The ranges to send, in the order asked for; empty if the header is to be ignored and the whole blob sent.

    A malformed header, another unit and too many ranges are ignored (14.2). Ranges that overlap are sent as one, so
    that no request can have more bytes sent than the blob holds (14.2, 17.15); those that merely touch stay apart.

    Args:
        header: the value of the Range header.
        size: the blob's size in bytes.

    Raises:
        RangeInvalid: no range lies inside the blob.
    """
    unit, equals, text = header.partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return ()
    specs = [spec for part in text.split(",") if (spec := part.strip(" \t"))]
    if not 1 <= len(specs) <= MAX_RANGES:
        return ()
    found: list[ByteRange] = []
    for spec in specs:
        matched = _spec(spec)
        if matched is None:
            return ()
        first, last, suffix = matched.groups()
        if last and int(last) < int(first):
            return ()
        found.append(_clip(first, last, suffix, size))
    satisfiable = [item for item in found if item.first <= item.last]
    if not satisfiable:
        raise RangeInvalid(detail={"size": size})
    return tuple(satisfiable) if len(satisfiable) == 1 else _joined(satisfiable)


def _clip(first: str | None, last: str | None, suffix: str | None, size: int) -> ByteRange:
    """The range inside the blob; one with first > last if it lies outside."""
    if suffix is not None:
        return ByteRange(max(0, size - int(suffix)), size - 1)
    return ByteRange(int(first or 0), min(int(last), size - 1) if last else size - 1)


def _joined(ranges: list[ByteRange]) -> tuple[ByteRange, ...]:
    """Overlapping ranges become one, at the place of the one that was asked for first."""
    merged: list[tuple[ByteRange, int]] = []
    for position, item in sorted(enumerate(ranges), key=lambda entry: entry[1]):
        if merged and item.first <= merged[-1][0].last:
            before, earliest = merged[-1]
            merged[-1] = (ByteRange(before.first, max(before.last, item.last)), min(earliest, position))
        else:
            merged.append((item, position))
    return tuple(item for item, _ in sorted(merged, key=lambda entry: entry[1]))
