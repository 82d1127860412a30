"""Pages of listings against the plainest listing there is."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from homeport.aws.services.s3.model.listing import (
    INCLUSIVE,
    Cursor,
    Page,
    Query,
    behind,
    encode,
    page,
    read_token,
    successor,
    token_of,
)

LETTERS = st.sampled_from([b"a", b"b", b"/", b"\x00", b"\xff", b"\xc3\xa4"])
KEYS = st.lists(LETTERS, min_size=1, max_size=6).map(b"".join)
PREFIXES = st.lists(LETTERS, max_size=2).map(b"".join)
DELIMITERS = st.sampled_from([b"", b"/", b"a", b"//", b"\xff"])


def fetch(keys: Sequence[bytes], begin: Cursor, end: bytes | None, most: int) -> list[bytes]:
    """What a store reads, of keys in order."""
    first, below = begin
    wanted = (key for key in keys if key > first or (key == first and below == INCLUSIVE))
    return [key for key in wanted if end is None or key < end][:most]


def plainly(keys: Sequence[bytes], prefix: bytes, delimiter: bytes) -> list[tuple[bytes, bool]]:
    """All entries, and whether each is a common prefix."""
    found: list[tuple[bytes, bool]] = []
    for key in keys:
        if not key.startswith(prefix):
            continue
        index = key.find(delimiter, len(prefix)) if delimiter else -1
        entry = (key, False) if index < 0 else (key[: index + len(delimiter)], True)
        if entry not in found:
            found.append(entry)
    return found


def entries(one: Page[bytes]) -> list[tuple[bytes, bool]]:
    """A page's entries in order."""
    return sorted([(key, False) for key in one.rows] + [(prefix, True) for prefix in one.prefixes])


@given(st.sets(KEYS, max_size=60), PREFIXES, DELIMITERS, st.integers(1, 7))
def test_pages_one_after_the_other_are_the_whole_listing(
    names: set[bytes], prefix: bytes, delimiter: bytes, most: int
) -> None:
    keys = sorted(names)
    found: list[tuple[bytes, bool]] = []
    start: Cursor = (b"", INCLUSIVE)

    for _ in range(len(keys) + 1):
        one = page(
            lambda begin, end, count: fetch(keys, begin, end, count),
            lambda key: (key, 0),
            Query(prefix, delimiter, start, most),
        )
        assert one.count <= most
        found += entries(one)
        if not one.truncated:
            break
        assert one.count == most
        start = behind(read_token(token_of(one.last)), prefix, delimiter)

    assert sorted(found) == sorted(plainly(keys, prefix, delimiter))
    assert [entry for entry, _ in found] == sorted(entry for entry, _ in found)


@given(st.binary(max_size=5), st.binary(max_size=8))
def test_the_successor_is_behind_every_key_with_the_prefix(prefix: bytes, rest: bytes) -> None:
    following = successor(prefix)

    if following is not None:
        assert prefix + rest < following
        assert not following.startswith(prefix)


def test_keys_are_encoded_as_s3_does() -> None:
    """As recorded: a space is a plus, slashes and stars stay, everything else but letters and `-_.` is escaped."""
    assert encode("a b/c*d-e_f.g~h+i%ü".encode()) == "a+b/c*d-e_f.g%7Eh%2Bi%25%C3%BC"
