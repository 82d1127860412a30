"""Filling new indexes and clearing away what was deleted, a piece at a time."""

from collections.abc import Callable, Iterator
from typing import cast

import orjson

from homeport.aws.services.dynamodb.model.item_keys import expiry_entry, index_entry
from homeport.aws.services.dynamodb.model.schema import Index, Table
from homeport.aws.services.dynamodb.model.values import Item
from homeport.aws.services.dynamodb.store.pieces import ROWS, next_piece
from homeport.kernel.storage.database import Tx

_DONE = b"\xff"


def fill_index(tx: Tx, table: Table, index: Index, limit: int = ROWS) -> bool:
    """Enter some more items into an index that was added to a table with items; True once all are in."""
    return _fill(tx, table, index.id, lambda item, key: index_entry(index, item, key), limit)


def fill_expiry(tx: Tx, table: Table, limit: int = ROWS) -> bool:
    """The same for the order of ends; True once all are in."""
    expiry = table.expiry
    if expiry is None:
        return True
    return _fill(tx, table, expiry.index_id, lambda item, key: expiry_entry(expiry.attribute, item, key), limit)


def _fill(tx: Tx, table: Table, index_id: int, entry: Callable[[Item, bytes], bytes | None], limit: int) -> bool:
    filled = cast("bytes | None", tx.value("SELECT filled_to FROM ddb_index WHERE id = ?", (index_id,))) or b""
    if filled == _DONE:
        return True
    piece = next_piece(tx, table.data_id, filled, limit)
    if piece.end is not None:
        rows = tx.execute(
            "SELECT key, id, item FROM ddb_item WHERE data_id = ? AND key > ? AND key <= ?",
            (table.data_id, filled, piece.end),
        )
        for key, item_id, blob in cast("Iterator[tuple[bytes, int, bytes]]", rows):
            _enter(tx, index_id, entry(cast("Item", orjson.loads(blob)), key), item_id)
    tx.execute("UPDATE ddb_index SET filled_to = ? WHERE id = ?", (_DONE if piece.last else piece.end, index_id))
    return piece.last


def _enter(tx: Tx, index_id: int, key: bytes | None, item_id: int) -> None:
    if key is not None:
        tx.execute(
            "INSERT INTO ddb_entry (index_id, key, item_id) VALUES (?, ?, ?) ON CONFLICT (index_id, key) DO NOTHING",
            (index_id, key, item_id),
        )


def clear_dropped(tx: Tx, limit: int = ROWS) -> bool:
    """Delete some of what dropped tables and indexes have left; True once nothing is left that may be deleted."""
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
    # What is being copied has to stay a little longer.
    data_id = tx.value("SELECT id FROM ddb_data WHERE dropped = 1 AND id NOT IN (SELECT source FROM ddb_copy) LIMIT 1")
    if data_id is None:
        return True
    piece = next_piece(tx, cast("int", data_id), b"", limit)
    if piece.end is not None:
        tx.execute("DELETE FROM ddb_item WHERE data_id = ? AND key <= ?", (data_id, piece.end))
    if piece.last:
        tx.execute("DELETE FROM ddb_data WHERE id = ?", (data_id,))
    return False
