"""Byte ranges of an object: the one that a Range header means, or a part's (RFC 9110, section 14)."""

import re
from dataclasses import dataclass

from homeport.aws.services.s3.errors import InvalidArgument, InvalidPartNumber, InvalidRange
from homeport.aws.services.s3.model.version import Version

_RANGE = re.compile(r"bytes\s*=\s*(\d*)\s*-\s*(\d*)")
_COPY_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_MOST_DIGITS = 18
"""Enough for every size there is; a number that has more is behind the end in any case."""


@dataclass(frozen=True, slots=True)
class Extent:
    """`count` bytes from `start` on, of a whole of `size`."""

    start: int
    count: int
    size: int

    @property
    def content_range(self) -> str:
        """The header of a partial answer."""
        return f"bytes {self.start}-{self.start + self.count - 1}/{self.size}"


def _number(digits: str) -> int:
    return int(digits.lstrip("0")[: _MOST_DIGITS + 1] or "0")


def requested(header: str, size: int) -> Extent | None:
    """What a Range header asks for; None for all of it: S3 ignores several ranges, and what it cannot read.

    Raises:
        InvalidRange: it begins behind the end.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        count = min(_number(match[2]), size)
        if count == 0:
            raise InvalidRange(header, size)
        return Extent(size - count, count, size)
    start = _number(match[1])
    end = _number(match[2]) if match[2] else size - 1
    if match[2] and end < start:
        return None
    if start >= size:
        raise InvalidRange(header, size)
    return Extent(start, min(end, size - 1) - start + 1, size)


def of_part(version: Version, number: int) -> Extent:
    """Where a part of the object lies; an object that was put whole is its own only part.

    Raises:
        InvalidPartNumber: there is no such part.
    """
    parts = version.extra.get("parts")
    if not 1 <= number <= (len(parts) if parts else 1):
        raise InvalidPartNumber(number, len(parts) if parts else 1)
    if not parts:
        return Extent(0, version.size, version.size)
    start = sum(part["size"] for part in parts[: number - 1])
    return Extent(start, parts[number - 1]["size"], version.size)


def of_copy(header: str, size: int) -> Extent:
    """The range of a source that a part is copied from: both ends, and within it.

    Raises:
        InvalidArgument: it has another form, or goes beyond the end.
    """
    match = _COPY_RANGE.fullmatch(header)
    if match is None:
        raise InvalidArgument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
            "x-amz-copy-source-range",
            header,
        )
    first, last = _number(match[1]), _number(match[2])
    if last < first or last >= size:
        raise InvalidArgument(
            f"Range specified is not valid for source object of size: {size}", "x-amz-copy-source-range", header
        )
    return Extent(first, last - first + 1, size)
