import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.registry.model.pagination import Page, next_link, parse_page


@pytest.mark.parametrize(
    ("n", "limit"),
    [(None, None), ("", None), ("x", None), ("-1", None), ("1e3", None), ("٣", None), ("9" * 40, None)],
)
def test_a_number_that_is_none_counts_as_absent(n: str | None, limit: int | None) -> None:
    assert parse_page(n, None, maximum=1000) == Page(limit, "")


def test_a_page_is_never_longer_than_the_registry_allows() -> None:
    """CVE-2023-2253, without registry:2's 400."""
    assert parse_page("1000000", "b", maximum=1000) == Page(1000, "b")
    assert parse_page("1000000", "b", maximum=None) == Page(1_000_000, "b")


def test_without_a_number_the_page_has_the_listing_s_own_length() -> None:
    assert parse_page(None, None, maximum=1000, default=100).limit == 100


def test_a_page_of_nothing_has_no_next_one() -> None:
    """OCI distribution, end-8b: n=0 is an empty list without Link."""
    page = parse_page("0", None, maximum=1000)

    assert page.limit == 0
    assert next_link("/v2/a/tags/list", page, ["x"]) is None


def test_the_next_page_starts_behind_the_last_entry_of_this_one() -> None:
    link = next_link("/v2/a/tags/list", Page(2, ""), ["a", "b&c", "d"])

    assert link == '</v2/a/tags/list?last=b%26c&n=2>; rel="next"'


@given(st.sets(st.text(min_size=1, max_size=4), max_size=12), st.integers(1, 5))
def test_pages_laid_end_to_end_are_the_listing(entries: set[str], limit: int) -> None:
    listing = sorted(entries)
    page, collected = Page(limit, ""), list[str]()

    for _ in range(len(listing) + 1):
        found = [entry for entry in listing if entry > page.after][: limit + 1]
        collected += found[:limit]
        if next_link("/x", page, found) is None:
            break
        page = Page(limit, found[limit - 1])

    assert collected == listing
