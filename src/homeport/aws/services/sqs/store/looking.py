"""Messages looked at without receiving them."""

from collections.abc import Sequence

from homeport.aws.services.sqs.store.rows import STORED_COLUMNS, Stored, stored
from homeport.aws.services.sqs.store.schema import PLACE_BITS
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot

_BY_AGE = f"SELECT {STORED_COLUMNS} FROM sqs_message WHERE shelf = ?"  # noqa: S608 # constants
_BY_ID = f"SELECT {STORED_COLUMNS} FROM sqs_message WHERE id = ?"  # noqa: S608 # constants


def message(snapshot: Snapshot, shelf: int, row_id: int) -> Stored | None:
    """One message of a queue by its row's number; None when it is gone, or lies on a shelf that was purged."""
    row = snapshot.row(_BY_ID, (row_id,)) if row_id >> PLACE_BITS == shelf else None
    return stored(snapshot, row) if row else None


def oldest(
    snapshot: Snapshot, shelf: int, now: Millis, *, invisible: bool, delayed: bool, limit: int
) -> Sequence[Stored]:
    """The oldest messages of a queue; those in flight and those delayed only if asked for."""
    rows = snapshot.execute(
        f"{_BY_AGE} AND (visible_ms <= ? OR (receives > 0 AND ?) OR (receives = 0 AND ?)) ORDER BY sent_ms, id LIMIT ?",
        (shelf, now, invisible, delayed, limit),
    )
    return [stored(snapshot, row) for row in list(rows)]
