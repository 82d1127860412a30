"""Copies of a table's items as they were at one moment, made piece by piece while others write to the table.

Items are copied in the order of their keys, each as it is when its turn comes; the table's changes are written down
meanwhile. Once all are copied, what has changed since the moment is taken back, the latest change first: what remains
is what each item was before its first change. All of that is kept, so that a copy goes on after a restart.
"""

from collections.abc import Iterator
from typing import NamedTuple, cast

from homeport.aws.services.dynamodb.store import items, pieces, streams
from homeport.kernel.storage.database import Snapshot, Tx


class Copy(NamedTuple):
    """A copy that is not complete.

    Attributes:
        source: the id of the items.
        target: the id that the copied ones have.
        first: the first change that it must not show.
        copied_to: the last key that has been copied.
        undone_to: None until all items are copied; then the last change that has been taken back.
    """

    id: int
    source: int
    target: int
    first: int
    copied_to: bytes
    undone_to: int | None


_SELECT = "SELECT id, source, target, first, copied_to, undone_to FROM ddb_copy"


def begin(tx: Tx, source: int, target: int, first: int) -> int:
    """Begin a copy of items as they were before a change; returns its id."""
    made = tx.value(
        "INSERT INTO ddb_copy (source, target, first, copied_to) VALUES (?, ?, ?, x'') RETURNING id",
        (source, target, first),
    )
    return cast("int", made)


def unfinished(snapshot: Snapshot) -> list[Copy]:
    """Every copy that is not complete."""
    return [Copy(*cast("tuple[int, int, int, int, bytes, int | None]", row)) for row in snapshot.execute(_SELECT)]


def end(tx: Tx, copy_id: int) -> None:
    """Forget a copy that is complete."""
    tx.execute("DELETE FROM ddb_copy WHERE id = ?", (copy_id,))


def advance(tx: Tx, copy_id: int) -> bool:
    """Do a piece of a copy; True once every item is as it has to be."""
    row = tx.row(f"{_SELECT} WHERE id = ?", (copy_id,))
    if row is None:
        return True
    copy = Copy(*cast("tuple[int, int, int, int, bytes, int | None]", row))
    if copy.undone_to is None:
        _copy_piece(tx, copy)
        return False
    return _undo_piece(tx, copy, copy.undone_to)


def _copy_piece(tx: Tx, copy: Copy) -> None:
    piece = pieces.next_piece(tx, copy.source, copy.copied_to)
    if piece.end is not None:
        items.copy_run(tx, copy.source, copy.target, copy.copied_to, piece.end)
        tx.execute("UPDATE ddb_copy SET copied_to = ? WHERE id = ?", (piece.end, copy.id))
    if piece.last:
        tx.execute("UPDATE ddb_copy SET undone_to = ? WHERE id = ?", (streams.next_change(tx), copy.id))


def _undo_piece(tx: Tx, copy: Copy, undone_to: int) -> bool:
    rows = tx.execute(
        "SELECT id, key, old FROM ddb_change WHERE data_id = ? AND id >= ? AND id < ? ORDER BY id DESC LIMIT ?",
        (copy.source, copy.first, undone_to, pieces.ROWS),
    )
    former: list[tuple[bytes, int, bytes | None]] = []
    size = 0
    for change, key, old in cast("Iterator[tuple[int, bytes, bytes | None]]", rows):
        undone_to = change
        former.append((key, items.size_of(old), old))
        size += former[-1][1]
        if size >= pieces.BYTES:
            break
    items.overwrite(tx, copy.target, former)
    tx.execute("UPDATE ddb_copy SET undone_to = ? WHERE id = ?", (undone_to, copy.id))
    return len(former) < pieces.ROWS and size < pieces.BYTES
