"""One page of a query or a scan: which items are looked at, which are kept, where the next page begins."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Final, TypeVar, cast

import orjson
from orjson import Fragment

from homeport.aws.services.dynamodb.errors import INVALID, ValidationException
from homeport.aws.services.dynamodb.model.capacity import Consumed, read_units
from homeport.aws.services.dynamodb.model.expressions.evaluate import CompiledCondition
from homeport.aws.services.dynamodb.model.expressions.projections import CompiledProjection
from homeport.aws.services.dynamodb.model.projection import shown as visible_of
from homeport.aws.services.dynamodb.model.query_plan import Span
from homeport.aws.services.dynamodb.model.schema import Index, Table
from homeport.aws.services.dynamodb.model.values import Item, item_size
from homeport.aws.services.dynamodb.store import items
from homeport.aws.services.dynamodb.store.items import Found, Row
from homeport.kernel.storage.database import Database, Snapshot

T = TypeVar("T")

PAGE_BYTES: Final = 1 << 20
"""DynamoDB developer guide, "Paginating table query results": 1 MB of what is looked at, before filters."""

SHORT_PAGE: Final = 400
SHORT_BYTES: Final = 1 << 17
"""So many items, and so much of them to look into, are read in a millisecond or two; more are read in a thread."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a query or a scan reads, and what it makes of it.

    Attributes:
        span: without what came before the page.
        start: the item behind which the page begins.
        fetch: whether whole items are wanted where the index shows only a part.
        keep: which items are kept.
        cut: what is shown of them.
        count_only: whether no item is shown at all.
    """

    table: Table
    index: Index | None
    span: Span
    start: bytes | None = None
    backward: bool = False
    limit: int | None = None
    fetch: bool = False
    keep: Callable[[Item], bool] | None = None
    cut: Callable[[Item], Item] | None = None
    count_only: bool = False
    consistent: bool = False

    @property
    def partial(self) -> bool:
        """Whether the index shows only a part of the items."""
        return self.index is not None and self.index.projected is not None

    @property
    def parses(self) -> bool:
        """Whether items have to be looked into."""
        return self.keep is not None or self.cut is not None or self.partial


@dataclass(slots=True)
class Page:
    """What came of it."""

    items: list[object] = field(default_factory=list)
    count: int = 0
    scanned: int = 0
    size: int = 0
    fetched_units: float = 0.0
    last: Item | None = None


class _Much(Exception):
    """More has to be looked into than is done at once."""


@dataclass(slots=True)
class Effort:
    """How much may still be looked into, in bytes."""

    left: float

    def spend(self, size: int) -> None:
        """Look into so much of an item."""
        self.left -= size
        if self.left < 0:
            raise _Much


def shown(row: Row, projection: CompiledProjection | None, effort: Effort) -> object:
    """What is shown of an item that was read by its key."""
    if projection is None:
        return Fragment(row.blob)
    effort.spend(row.size)
    return projection(row.item())


def check_filter_projected(index: Index | None, keep: CompiledCondition | None) -> None:
    """Refuse a filter on what an index does not show.

    Raises:
        ValidationException: it looks at something else, even if the index is a local one.
    """
    if index is None or index.projected is None or keep is None:
        return
    unseen = sorted(keep.heads - index.projected)
    if unseen:
        raise ValidationException(
            f"{INVALID}Secondary index {index.name} does not project one or more filter attributes: "
            f"[{', '.join(unseen)}]"
        )


async def read_with_effort(db: Database, read: Callable[[Snapshot, Effort], T]) -> T:
    """Read at once, unless that takes long: then anew, in a thread."""
    try:
        return await db.read(lambda snapshot: read(snapshot, Effort(SHORT_BYTES)))
    except _Much:
        return await db.read_long(lambda snapshot: read(snapshot, Effort(inf)))


async def read_in_time(db: Database, reading: Reading) -> Page:
    """A page: a short one at once, one that takes longer in a thread, so that it holds up nobody else."""
    page = await db.read(lambda snapshot: read_short_page(snapshot, reading))
    if page is None:
        page = await db.read_long(lambda snapshot: read_page(snapshot, reading))
    return page


def read_short_page(snapshot: Snapshot, reading: Reading) -> Page | None:
    """A page; None if it is one of many items, or of much that has to be looked into."""
    rows: list[Found] = []
    size = 0
    for found in _rows(snapshot, reading):
        if len(rows) == SHORT_PAGE or (reading.parses and size > SHORT_BYTES):
            return None
        rows.append(found)
        size += found[1]
        if len(rows) == reading.limit or (size >= PAGE_BYTES and not reading.parses):
            break
    page = Page()
    _fill(page, rows, reading)
    return page


def read_page(snapshot: Snapshot, reading: Reading) -> Page:
    """Read until the limit, the end of the span, or 1 MB."""
    page = Page()
    _fill(page, _rows(snapshot, reading), reading)
    return page


def _fill(page: Page, rows: Iterable[Found], reading: Reading) -> None:
    take = _taker(reading, page)
    for found in rows:
        take(found)
        page.scanned += 1
        if page.scanned == reading.limit or page.size >= PAGE_BYTES:
            page.last = last_key(reading, cast("Item", orjson.loads(found[2])))
            break


def _rows(snapshot: Snapshot, reading: Reading) -> Iterator[Found]:
    low, high = reading.span.low, reading.span.high
    after = False
    if reading.start is not None:
        if reading.backward:
            high = min(high, reading.start)
        else:
            after = reading.start >= low
            low = max(low, reading.start)
    return items.scan(
        snapshot,
        data_id=reading.table.data_id,
        index_id=None if reading.index is None else reading.index.id,
        low=low,
        high=high,
        after=after,
        backward=reading.backward,
    )


def _taker(reading: Reading, page: Page) -> Callable[[Found], None]:
    return _take_parsed(reading, page) if reading.parses else _take_whole(reading, page)


def _take_whole(reading: Reading, page: Page) -> Callable[[Found], None]:
    append, count_only = page.items.append, reading.count_only

    def take(found: Found) -> None:
        _, size, blob = found
        page.size += size
        page.count += 1
        if not count_only:
            append(Fragment(blob))

    return take


def _take_parsed(reading: Reading, page: Page) -> Callable[[Found], None]:
    index, keep, cut = reading.index, reading.keep, reading.cut

    def take(found: Found) -> None:
        _, size, blob = found
        item = cast("Item", orjson.loads(blob))
        if index is not None and index.projected is not None:
            visible = visible_of(index, item)
            page.size += item_size(visible)
            if reading.fetch:
                page.fetched_units += read_units(size, consistent=reading.consistent)
            else:
                item = visible
        else:
            page.size += size
        if keep is not None and not keep(item):
            return
        page.count += 1
        if not reading.count_only:
            page.items.append(item if cut is None else cut(item))

    return take


def last_key(reading: Reading, item: Item) -> Item:
    """`LastEvaluatedKey`: the key attributes of table and index."""
    key = {attribute.name: item[attribute.name] for attribute in reading.table.keys}
    if reading.index is not None:
        for attribute in reading.index.keys:
            key[attribute.name] = item[attribute.name]
    return key


def consumed_by(reading: Reading, page: Page) -> Consumed:
    """The read units of a page."""
    consumed = Consumed(reading.table.name)
    units = read_units(page.size, consistent=reading.consistent)
    if reading.index is None:
        consumed.units = units
    else:
        consumed.add_index(reading.index.name, units, local=reading.index.local)
        consumed.units = page.fetched_units
    return consumed
