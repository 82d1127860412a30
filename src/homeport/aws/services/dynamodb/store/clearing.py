"""Filling new indexes and clearing away what was deleted, a piece at a time."""

from collections.abc import Iterator
from typing import cast

import orjson

from homeport.aws.services.dynamodb.model.item_keys import expiry_entry, index_entry
from homeport.aws.services.dynamodb.model.schema import Index, Table
from homeport.aws.services.dynamodb.model.values import Item
from homeport.kernel.storage.database import Tx

PIECE = 500
"""Rows of one transaction."""

_DONE = b"\xff"


def fill_index(tx: Tx, table: Table, index: Index, limit: int = PIECE) -> bool:
    """Enter some more items into an index that was added to a table with items; True once all are in."""
    rows = _next_items(tx, table, index.id, limit)
    for key, item_id, item in rows:
        _enter(tx, index.id, index_entry(index, item, key), item_id)
    return _remember(tx, index.id, rows, limit)


def fill_expiry(tx: Tx, table: Table, limit: int = PIECE) -> bool:
    """The same for the order of ends; True once all are in."""
    expiry = table.expiry
    if expiry is None:
        return True
    rows = _next_items(tx, table, expiry.index_id, limit)
    for key, item_id, item in rows:
        _enter(tx, expiry.index_id, expiry_entry(expiry.attribute, item, key), item_id)
    return _remember(tx, expiry.index_id, rows, limit)


def _next_items(tx: Tx, table: Table, index_id: int, limit: int) -> list[tuple[bytes, int, Item]]:
    filled = cast("bytes | None", tx.value("SELECT filled_to FROM ddb_index WHERE id = ?", (index_id,))) or b""
    if filled == _DONE:
        return []
    rows = tx.execute(
        "SELECT key, id, item FROM ddb_item WHERE data_id = ? AND key > ? ORDER BY key LIMIT ?",
        (table.data_id, filled, limit),
    )
    found = cast("Iterator[tuple[bytes, int, bytes]]", rows)
    return [(key, item_id, cast("Item", orjson.loads(blob))) for key, item_id, blob in found]


def _enter(tx: Tx, index_id: int, key: bytes | None, item_id: int) -> None:
    if key is not None:
        tx.execute(
            "INSERT INTO ddb_entry (index_id, key, item_id) VALUES (?, ?, ?) ON CONFLICT (index_id, key) DO NOTHING",
            (index_id, key, item_id),
        )


def _remember(tx: Tx, index_id: int, rows: list[tuple[bytes, int, Item]], limit: int) -> bool:
    done = len(rows) < limit
    tx.execute("UPDATE ddb_index SET filled_to = ? WHERE id = ?", (_DONE if done else rows[-1][0], index_id))
    return done


def clear_dropped(tx: Tx, limit: int = PIECE) -> bool:
    """Delete some of what dropped tables and indexes have left; True once nothing is left."""
    index_id = tx.value("SELECT id FROM ddb_index WHERE dropped = 1 LIMIT 1")
    if index_id is not None:
        tx.execute(
            "DELETE FROM ddb_entry WHERE index_id = ? AND key IN"
            " (SELECT key FROM ddb_entry WHERE index_id = ? LIMIT ?)",
            (index_id, index_id, limit),
        )
        if tx.row("SELECT 1 FROM ddb_entry WHERE index_id = ? LIMIT 1", (index_id,)) is None:
            tx.execute("DELETE FROM ddb_index WHERE id = ?", (index_id,))
        return False
    data_id = tx.value("SELECT id FROM ddb_data WHERE dropped = 1 LIMIT 1")
    if data_id is None:
        return True
    tx.execute("DELETE FROM ddb_item WHERE id IN (SELECT id FROM ddb_item WHERE data_id = ? LIMIT ?)", (data_id, limit))
    if tx.row("SELECT 1 FROM ddb_item WHERE data_id = ? LIMIT 1", (data_id,)) is None:
        tx.execute("DELETE FROM ddb_data WHERE id = ?", (data_id,))
    return False
