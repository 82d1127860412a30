"""Keys as bytes: what SQLite's order of blobs makes DynamoDB's order of items.

A table's key is `partition + sort`: `partition` is a CRC of the partition key (so that items spread and a parallel
scan can cut the table into even segments), its length and its bytes; `sort` is the sort key's bytes, last and
therefore as they are. All items of one partition are neighbours, in the order of their sort keys.

An index's key is `partition + sort keys + table key`: there each sort key ends with a terminator that sorts before
everything else, and the table's key tells apart items that are alike in the index.
"""

from collections.abc import Sequence
from zlib import crc32

from homeport.aws.services.dynamodb.model import numbers
from homeport.aws.services.dynamodb.model.values import Value, decode, text_of

SEGMENT_SPACE = 1 << 32
"""How many values the CRC at the beginning of a key can have."""

_CRC_BYTES = 4
_LENGTH_BYTES = 2


def scalar_bytes(value: Value) -> bytes:
    """A checked S, N or B as bytes that sort as DynamoDB sorts the values."""
    text = value.get("S")
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass")
    if "N" in value:
        return numbers.ordered(text_of(value))
    return decode(text_of(value))


def partition(parts: Sequence[bytes]) -> bytes:
    """The beginning that all items with these partition key attributes share."""
    whole = parts[0] if len(parts) == 1 else b"".join(len(part).to_bytes(_LENGTH_BYTES) + part for part in parts)
    return crc32(whole).to_bytes(_CRC_BYTES) + len(whole).to_bytes(_LENGTH_BYTES) + whole


def terminated(part: bytes) -> bytes:
    """Bytes that sort as `part` does and are no beginning of any other's."""
    return part.replace(b"\x00", b"\x00\xff") + b"\x00\x00"


def escaped(part: bytes) -> bytes:
    """The same without the end: the common beginning of every longer part."""
    return part.replace(b"\x00", b"\x00\xff")


def after(prefix: bytes) -> bytes:
    """The first bytes that sort behind everything that begins with `prefix`."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes((stripped[-1] + 1,)) if stripped else b"\xff" * (len(prefix) + 1)


def segment_bounds(segment: int, total: int) -> tuple[bytes, bytes]:
    """Where a parallel scan's segment begins, and where it ends (excluded)."""
    start = -(-SEGMENT_SPACE * segment // total)
    end = -(-SEGMENT_SPACE * (segment + 1) // total)
    return start.to_bytes(_CRC_BYTES), _LAST if end == SEGMENT_SPACE else end.to_bytes(_CRC_BYTES)


_LAST = b"\xff" * (_CRC_BYTES + _LENGTH_BYTES + 2)
