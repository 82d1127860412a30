"""Items: one row each, with their entries in secondary indexes and their line in the change log."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast

import orjson

from homeport.aws.services.dynamodb.model.item_keys import expiry_entry, index_entry
from homeport.aws.services.dynamodb.model.schema import Table
from homeport.aws.services.dynamodb.model.values import Item, equal_items, item_size
from homeport.aws.services.dynamodb.store.pieces import BYTES
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx

_FIND = "SELECT id, size, item FROM ddb_item WHERE data_id = ? AND key = ?"
_INSERT = "INSERT INTO ddb_item (data_id, key, size, item) VALUES (?, ?, ?, ?)"
_INSERT_AND_TELL = _INSERT + " RETURNING id"
_UPDATE = "UPDATE ddb_item SET size = ?, item = ? WHERE id = ?"
_DELETE = "DELETE FROM ddb_item WHERE id = ?"
_INSERT_ENTRY = "INSERT INTO ddb_entry (index_id, key, item_id) VALUES (?, ?, ?)"
_DELETE_ENTRY = "DELETE FROM ddb_entry WHERE index_id = ? AND key = ?"
_LOG = "INSERT INTO ddb_change (data_id, at, by_service, key, old, new) VALUES (?, ?, ?, ?, ?, ?)"

_RANGE = "SELECT key, size, item FROM ddb_item WHERE data_id = ? AND key {low} ? AND key < ? ORDER BY key"
_INDEX_RANGE = (
    "SELECT e.key, i.size, i.item FROM ddb_entry e CROSS JOIN ddb_item i ON i.id = e.item_id"
    " WHERE e.index_id = ? AND e.key {low} ? AND e.key < ? ORDER BY e.key"
)
_STATEMENTS = {
    (indexed, after, backward): (_INDEX_RANGE if indexed else _RANGE).format(low=">" if after else ">=")
    + (" DESC" if backward else "")
    for indexed in (False, True)
    for after in (False, True)
    for backward in (False, True)
}


class Row(NamedTuple):
    """An item as it is kept; `blob` is its JSON."""

    id: int
    size: int
    blob: bytes

    def item(self) -> Item:
        """The item; each time a new one, which the caller may change."""
        return cast("Item", orjson.loads(self.blob))


class Found(NamedTuple):
    """An item that a range read meets: its place in the order, its size, its JSON."""

    key: bytes
    size: int
    blob: bytes


def find(snapshot: Snapshot, data_id: int, key: bytes) -> Row | None:
    """The item with this key."""
    row = snapshot.row(_FIND, (data_id, key))
    return None if row is None else Row(*cast("tuple[int, int, bytes]", row))


def put(
    tx: Tx,
    table: Table,
    key: bytes,
    item: Item,
    size: int,
    old: Row | None,
    at: Millis,
    blob: bytes | None = None,
) -> bytes:
    """Write an item in place of what was found under its key; returns its JSON, which a caller may have already."""
    if blob is None:
        blob = orjson.dumps(item)
    if old is None:
        if table.indexes or table.expiry is not None:
            item_id = cast("int", tx.value(_INSERT_AND_TELL, (table.data_id, key, size, blob)))
            _move_entries(tx, table, key, item_id, None, item)
        else:
            tx.execute(_INSERT, (table.data_id, key, size, blob))
    else:
        tx.execute(_UPDATE, (size, blob, old.id))
        if table.indexes or table.expiry is not None:
            _move_entries(tx, table, key, old.id, old.item(), item)
    if table.log_changes:
        _log(tx, table, key, old, item, blob, at)
    return blob


def delete(tx: Tx, table: Table, key: bytes, old: Row, at: Millis, *, by_service: bool = False) -> None:
    """Remove an item that was found under its key."""
    tx.execute(_DELETE, (old.id,))
    if table.indexes or table.expiry is not None:
        _move_entries(tx, table, key, old.id, old.item(), None)
    if table.log_changes:
        tx.execute(_LOG, (table.data_id, at, int(by_service), key, old.blob, None))


def _log(tx: Tx, table: Table, key: bytes, old: Row | None, item: Item, blob: bytes, at: Millis) -> None:
    # DynamoDB developer guide, "Change data capture": a write that changes nothing makes no record.
    if old is None or not _same(old, item, blob):
        tx.execute(_LOG, (table.data_id, at, 0, key, None if old is None else old.blob, blob))


def _same(old: Row, item: Item, blob: bytes) -> bool:
    # Attributes and members of sets may stand in another order, but then there are as many bytes.
    return old.blob == blob or (len(old.blob) == len(blob) and equal_items(old.item(), item))


def _move_entries(tx: Tx, table: Table, key: bytes, item_id: int, old: Item | None, new: Item | None) -> None:
    for index in table.indexes:
        before = None if old is None else index_entry(index, old, key)
        after = None if new is None else index_entry(index, new, key)
        _move_entry(tx, index.id, item_id, before, after)
    expiry = table.expiry
    if expiry is not None:
        before = None if old is None else expiry_entry(expiry.attribute, old, key)
        after = None if new is None else expiry_entry(expiry.attribute, new, key)
        _move_entry(tx, expiry.index_id, item_id, before, after)


def _move_entry(tx: Tx, index_id: int, item_id: int, before: bytes | None, after: bytes | None) -> None:
    if before == after:
        return
    if before is not None:
        tx.execute(_DELETE_ENTRY, (index_id, before))
    if after is not None:
        # An index that is being filled may have met the item already.
        tx.execute(_INSERT_ENTRY + " ON CONFLICT (index_id, key) DO NOTHING", (index_id, after, item_id))


def scan(
    snapshot: Snapshot,
    *,
    data_id: int,
    index_id: int | None,
    low: bytes,
    high: bytes,
    after: bool = False,
    backward: bool = False,
) -> Iterator[Found]:
    """The items of a run of keys, in order, as they are asked for.

    Args:
        snapshot: must outlive the iteration.
        data_id: the items' table.
        index_id: the order is this index's; None is the table's own.
        low: where the run begins; included, unless `after`.
        high: where it ends; excluded.
        after: whether the item at `low` is left out.
        backward: whether the last comes first.
    """
    sql = _STATEMENTS[index_id is not None, after, backward]
    owner = data_id if index_id is None else index_id
    rows = snapshot.execute(sql, (owner, low, high))
    return cast("Iterator[Found]", rows)


def totals(snapshot: Snapshot, data_id: int) -> tuple[int, int]:
    """How many items there are, and their bytes."""
    row = snapshot.row("SELECT COUNT(*), COALESCE(SUM(size), 0) FROM ddb_item WHERE data_id = ?", (data_id,))
    return cast("tuple[int, int]", row)


def index_totals(snapshot: Snapshot, index_id: int) -> tuple[int, int]:
    """The same, of an index; bytes are those of whole items."""
    row = snapshot.row(
        "SELECT COUNT(*), COALESCE(SUM(i.size), 0) FROM ddb_entry e JOIN ddb_item i ON i.id = e.item_id"
        " WHERE e.index_id = ?",
        (index_id,),
    )
    return cast("tuple[int, int]", row)


def collection_bytes(snapshot: Snapshot, data_id: int, low: bytes, high: bytes) -> int:
    """Size of all items of a run of keys."""
    value = snapshot.value(
        "SELECT COALESCE(SUM(size), 0) FROM ddb_item WHERE data_id = ? AND key >= ? AND key < ?", (data_id, low, high)
    )
    return cast("int", value)


def is_empty(snapshot: Snapshot, data_id: int) -> bool:
    """Whether a table has no items."""
    return snapshot.row("SELECT 1 FROM ddb_item WHERE data_id = ? LIMIT 1", (data_id,)) is None


def copy_run(tx: Tx, source: int, target: int, after: bytes, end: bytes) -> None:
    """Copy the items behind a key, up to and with another, of a table or a backup into another."""
    tx.execute(
        "INSERT INTO ddb_item (data_id, key, size, item)"
        " SELECT ?, key, size, item FROM ddb_item WHERE data_id = ? AND key > ? AND key <= ?",
        (target, source, after, end),
    )


def overwrite(tx: Tx, data_id: int, states: Iterable[tuple[bytes, int, bytes | None]]) -> None:
    """Bring items into another state, without indexes and without a trace: key, size, and JSON or None."""
    for key, size, blob in states:
        if blob is None:
            tx.execute("DELETE FROM ddb_item WHERE data_id = ? AND key = ?", (data_id, key))
        else:
            tx.execute(
                _INSERT + " ON CONFLICT (data_id, key) DO UPDATE SET size = excluded.size, item = excluded.item",
                (data_id, key, size, blob),
            )


def due(snapshot: Snapshot, index_id: int, low: bytes, high: bytes, limit: int) -> list[tuple[bytes, Row]]:
    """Items that stand in an order from `low` up to but without `high`: their keys and what is kept of them.

    No more of them than one transaction may touch; none only if there are none.
    """
    rows = snapshot.execute(
        "SELECT i.key, i.id, i.size, i.item FROM ddb_entry e CROSS JOIN ddb_item i ON i.id = e.item_id"
        " WHERE e.index_id = ? AND e.key >= ? AND e.key < ? ORDER BY e.key LIMIT ?",
        (index_id, low, high, limit),
    )
    found: list[tuple[bytes, Row]] = []
    total = 0
    for key, item_id, size, blob in cast("Iterator[tuple[bytes, int, int, bytes]]", rows):
        found.append((key, Row(item_id, size, blob)))
        total += size
        if total >= BYTES:
            break
    return found


def size_of(blob: bytes | None) -> int:
    """Bytes of an item that is kept as JSON."""
    return 0 if blob is None else item_size(cast("Item", orjson.loads(blob)))
