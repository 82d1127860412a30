"""Listings: prefixes, delimiters and pages over keys in byte order, and the tokens between pages."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from urllib.parse import quote

from homeport.aws.services.s3.errors import InvalidArgument

MOST_KEYS: Final = 1000
INCLUSIVE: Final = (1 << 63) - 1
_FEW: Final = 8
T = TypeVar("T")

Cursor = tuple[bytes, int]
"""A place in a listing: everything behind the key, and of the key itself the versions below the number."""

Fetch = Callable[[Cursor, bytes | None, int], Sequence[T]]
"""Of (place, first key not wanted any more, how many): rows in order."""


@dataclass(slots=True)
class Page(Generic[T]):
    """One page.

    Attributes:
        prefixes: common prefixes, in order.
        last: the last key or common prefix of the page.
        truncated: whether there is more behind it.
    """

    rows: list[T] = field(default_factory=list)
    prefixes: list[bytes] = field(default_factory=list)
    last: bytes = b""
    truncated: bool = False

    @property
    def count(self) -> int:
        """Keys and common prefixes together."""
        return len(self.rows) + len(self.prefixes)


def successor(prefix: bytes) -> bytes | None:
    """The first key that is behind all keys with this prefix; None if there is none."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes((trimmed[-1] + 1,)) if trimmed else None


@dataclass(frozen=True, slots=True)
class Query:
    """What a page is wanted of."""

    prefix: bytes
    delimiter: bytes
    start: Cursor
    most: int

    def common_prefix(self, key: bytes) -> bytes | None:
        """What the key is rolled up to, if it is."""
        index = key.find(self.delimiter, len(self.prefix))
        return key[: index + len(self.delimiter)] if index >= 0 else None


def page(fetch: Fetch[T], place_of: Callable[[T], Cursor], query: Query) -> Page[T]:
    """One page of what has the prefix, from the start on.

    Keys that share what lies between the prefix and the next delimiter are one common prefix; they are skipped by
    asking for the first key behind all of them.
    """
    found: Page[T] = Page()
    end = successor(query.prefix) if query.prefix else None
    begin = max(query.start, (query.prefix, INCLUSIVE)) if query.start[0] < query.prefix else query.start
    if query.most <= 0:
        return found
    if query.delimiter:
        _fill(found, fetch, place_of, query, begin, end)
        return found
    rows = fetch(begin, end, query.most + 1)
    found.truncated = len(rows) > query.most
    found.rows = list(rows[: query.most])
    found.last = place_of(found.rows[-1])[0] if found.rows else b""
    return found


def _fill(
    found: Page[T],
    fetch: Fetch[T],
    place_of: Callable[[T], Cursor],
    query: Query,
    begin: Cursor,
    end: bytes | None,
) -> None:
    # Few at first, and few again where folders are large: most of a long read would be thrown away there.
    batch = _FEW
    while True:
        before = found.count
        rows = fetch(begin, end, batch)
        if not _take(found, rows, place_of, query) or len(rows) < batch:
            return
        # Nothing between the last row and the end of its folder is a new entry.
        place = place_of(rows[-1])
        common = query.common_prefix(place[0])
        behind = successor(common) if common is not None else b""
        if behind is None:
            return
        begin = (behind, INCLUSIVE) if behind else place
        useful = (found.count - before) * 2 > len(rows)
        batch = min(batch * 4, MOST_KEYS + 1) if useful else max(batch // 4, _FEW)


def _take(found: Page[T], rows: Sequence[T], place_of: Callable[[T], Cursor], query: Query) -> bool:
    """Add rows to the page; False once it is full and there is more."""
    for row in rows:
        key = place_of(row)[0]
        common = query.common_prefix(key)
        if common is not None and found.prefixes and found.prefixes[-1] == common:
            continue
        if found.count == query.most:
            found.truncated = True
            return False
        if common is None:
            found.rows.append(row)
            found.last = key
        else:
            found.prefixes.append(common)
            found.last = common
    return True


def behind(marker: bytes, prefix: bytes, delimiter: bytes) -> Cursor:
    """Where a page begins behind a marker; one that is a common prefix means everything below it."""
    if delimiter and marker.startswith(prefix) and marker.endswith(delimiter):
        query = Query(prefix, delimiter, (b"", INCLUSIVE), 0)
        if query.common_prefix(marker) == marker:
            following = successor(marker)
            return (following, INCLUSIVE) if following else (marker + b"\xff" * 1024, 0)
    return marker, 0


def token_of(last: bytes) -> str:
    """The continuation token of a page that ends with this key or common prefix."""
    return base64.urlsafe_b64encode(b"1" + last).decode("ascii")


def read_token(token: str) -> bytes:
    """The key or common prefix in a continuation token.

    Raises:
        InvalidArgument: it is none of ours.
    """
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw.startswith(b"1"):
        raise InvalidArgument("The continuation token provided is incorrect", "continuation-token")
    return raw[1:]


def page_size(value: int | None, name: str) -> int:
    """How many entries a page may have: what was asked for, and a thousand at most.

    Raises:
        InvalidArgument: it is negative.
    """
    if value is None:
        return MOST_KEYS
    if value < 0:
        raise InvalidArgument(f"Argument {name} must be an integer between 0 and 2147483647", name, str(value))
    return min(value, MOST_KEYS)


def check_encoding(encoding: str | None) -> None:
    """Refuse another encoding than `url`.

    Raises:
        InvalidArgument: it is another one.
    """
    if encoding is not None and encoding != "url":
        raise InvalidArgument("Invalid Encoding Method specified in Request", "encoding-type", encoding)


_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./*")
_PLAIN_BYTES: Final = bytes(sorted(_PLAIN))


def encode(key: bytes) -> str:
    """A key as `encoding-type=url` writes it: spaces become plus signs, slashes and stars stay."""
    if not key.translate(None, _PLAIN_BYTES):
        return key.decode("ascii")
    return quote(key, safe="/*-_. ").replace(" ", "+").replace("~", "%7E")
