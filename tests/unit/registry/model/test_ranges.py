import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.registry.errors import RangeInvalid
from homeport.registry.model.content_range import parse_content_range
from homeport.registry.model.ranges import MAX_RANGES, parse_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", [(0, 0)]),
        ("bytes=0-9", [(0, 9)]),
        ("bytes=0-10000", [(0, 9)]),
        ("bytes=3-", [(3, 9)]),
        ("bytes=-3", [(7, 9)]),
        ("bytes=-100", [(0, 9)]),
        ("Bytes = 2-3", [(2, 3)]),
        ("bytes=0-0,-1", [(0, 0), (9, 9)]),
        ("bytes=5-6, 0-1 ,", [(5, 6), (0, 1)]),
        ("bytes=0-1,2-3", [(0, 1), (2, 3)]),
        ("bytes=2-5,0-3", [(0, 5)]),
        ("bytes=0-0,50-60", [(0, 0)]),
    ],
)
def test_a_range_is_clipped_to_the_blob(header: str, expected: list[tuple[int, int]]) -> None:
    """RFC 9110, 14.1.2."""
    assert [tuple(item) for item in parse_range(header, 10)] == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99-100,-0"])
def test_a_range_outside_the_blob_cannot_be_satisfied(header: str) -> None:
    """RFC 9110, 15.5.17."""
    with pytest.raises(RangeInvalid) as caught:
        parse_range(header, 10)
    assert caught.value.status == 416


def test_no_range_of_the_empty_blob_can_be_satisfied() -> None:
    for header in ("bytes=0-", "bytes=0-0", "bytes=-1"):
        with pytest.raises(RangeInvalid):
            parse_range(header, 0)


@pytest.mark.parametrize(
    "header",
    [
        *(
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "items=0-1",
            "bytes=a-b",
            "bytes=1",
            "bytes=5-3",
            "bytes=--1",
            "bytes=1-2-3",
        ),
        *(
            "bytes=0-1,x",
            "bytes=+1-2",
            "bytes=0x1-2",
            "bytes=1 - 2",
            "bytes=-",
            "bytes=\u0663-\u0664",
            "bytes=" + "9" * 30 + "-",
        ),
    ],
)
def test_a_range_that_makes_no_sense_is_ignored(header: str) -> None:
    """RFC 9110, 14.2: a server ignores what it does not understand."""
    assert parse_range(header, 10) == ()


def test_too_many_ranges_are_ignored() -> None:
    header = "bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(MAX_RANGES + 1))

    assert parse_range(header, 10_000) == ()


def test_as_many_ranges_as_podman_asks_for_are_served_one_by_one() -> None:
    header = "bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(MAX_RANGES))

    assert len(parse_range(header, 10_000)) == MAX_RANGES


@given(
    st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)).map(sorted), min_size=1, max_size=8),
    st.integers(1, 100),
)
def test_ranges_cover_what_was_asked_for_once_and_nothing_else(asked: list[list[int]], size: int) -> None:
    wanted = {byte for first, last in asked for byte in range(first, min(last, size - 1) + 1)}
    header = "bytes=" + ",".join(f"{first}-{last}" for first, last in asked)

    if not wanted:
        with pytest.raises(RangeInvalid):
            parse_range(header, size)
        return
    sent = [byte for item in parse_range(header, size) for byte in range(item.first, item.last + 1)]
    assert sorted(sent) == sorted(wanted)


@given(st.text(), st.integers(0, 1000))
def test_any_text_makes_ranges_inside_the_blob_or_none(text: str, size: int) -> None:
    try:
        found = parse_range("bytes=" + text, size)
    except RangeInvalid:
        return
    assert all(0 <= item.first <= item.last < size and item.length > 0 for item in found)


@pytest.mark.parametrize("header", ["0-99", "bytes 0-99/200", "bytes 0-99/*", "bytes=0-99", " 0-99 "])
def test_a_chunk_says_which_bytes_it_is_in_the_specs_form_or_http_s(header: str) -> None:
    """OCI distribution, "Pushing a blob in chunks"."""
    assert tuple(parse_content_range(header)) == (0, 99)


@pytest.mark.parametrize(
    "header", ["", "0", "-1", "5-", "9-3", "a-b", "items 0-1", "0-1/x", "1" * 30 + "-2", "\u0660-\u0669"]
)
def test_a_chunk_whose_range_is_unreadable_is_refused(header: str) -> None:
    with pytest.raises(RangeInvalid):
        parse_content_range(header)
