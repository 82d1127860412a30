"""How much of a table one transaction may touch, so that nobody waits long for the next."""

from collections.abc import Iterator
from typing import Final, NamedTuple, cast

from homeport.kernel.storage.database import Snapshot

ROWS: Final = 500
BYTES: Final = 4 << 20


class Piece(NamedTuple):
    """A run of a table's items: up to `end`, which is none if there are no items.

    Attributes:
        last: whether it is the table's last.
    """

    end: bytes | None
    last: bool


def next_piece(snapshot: Snapshot, data_id: int, after: bytes, rows: int = ROWS) -> Piece:
    """The items behind a key, as many as one transaction may touch."""
    found = snapshot.execute(
        "SELECT key, size FROM ddb_item WHERE data_id = ? AND key > ? ORDER BY key LIMIT ?", (data_id, after, rows)
    )
    end: bytes | None = None
    count = size = 0
    for key, item_size in cast("Iterator[tuple[bytes, int]]", found):
        end, count, size = key, count + 1, size + item_size
        if size >= BYTES:
            return Piece(end, last=False)
    return Piece(end, last=count < rows)
