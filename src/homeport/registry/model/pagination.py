"""Pages of a listing: what `n` and `last` of a request come to, and how the next page is named."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a sorted listing is wanted.

    Attributes:
        limit: at most so many entries; `None` for all of them.
        after: only entries that sort behind this text; empty for the first page.
    """

    limit: int | None
    after: str


def parse_page(n: str | None, last: str | None, *, maximum: int | None, default: int | None = None) -> Page:
    """What a request's query asks for, clamped rather than refused.

    Spec: OCI distribution, end-8b. A number that is none counts as absent: registry:2 answers 400, and many a UI that
    asks for "all" broke on it.

    Args:
        n: the parameter as sent, or `None`.
        last: likewise.
        maximum: no page is longer than this; `None` for no limit.
        default: the length of a page where the client names none; `None` for everything.
    """
    asked = int(n) if n is not None and n.isascii() and n.isdigit() and len(n) <= _MAX_DIGITS else None
    if asked is None:
        return Page(default, last or "")
    return Page(asked if maximum is None else min(asked, maximum), last or "")


def next_link(path: str, page: Page, entries: Sequence[str]) -> str | None:
    """The Link header to the page after this one, or `None` if the listing ends here.

    Args:
        path: of the listing, without a query.
        page: the page that was asked for.
        entries: what follows `page.after`, one more than `page.limit` where there are so many.
    """
    if not page.limit or len(entries) <= page.limit:
        return None
    return f'<{path}?last={quote(entries[page.limit - 1], safe="")}&n={page.limit}>; rel="next"'


_MAX_DIGITS = 18
