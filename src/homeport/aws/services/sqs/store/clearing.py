"""What jobs take away: messages past their queue's retention, and shelves that no queue has any more."""

from homeport.aws.services.sqs.model.queue import Queue
from homeport.aws.services.sqs.store import messages
from homeport.aws.services.sqs.store.schema import PLACE_BITS
from homeport.kernel.clock import MILLIS_PER_SECOND, Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import as_int, as_int_or_none


def next_expiry(snapshot: Snapshot, queue: Queue) -> Millis | None:
    """When the queue's oldest message is past its retention; None if the queue is empty."""
    oldest = as_int_or_none(
        snapshot.value("SELECT sent_ms FROM sqs_message WHERE shelf = ? ORDER BY sent_ms, id LIMIT 1", (queue.shelf,))
    )
    return None if oldest is None else Millis(oldest + queue.settings.retention_seconds * MILLIS_PER_SECOND)


def expire(tx: Tx, queue: Queue, now: Millis, limit: int) -> bool:
    """Delete messages past their retention, the oldest first; says whether there are more."""
    horizon = now - queue.settings.retention_seconds * MILLIS_PER_SECOND
    rows = list(
        tx.execute(
            "SELECT id, receives FROM sqs_message WHERE shelf = ? AND sent_ms <= ? ORDER BY sent_ms, id LIMIT ?",
            (queue.shelf, horizon, limit),
        )
    )
    for row in rows:
        messages.remove(tx, queue, as_int(row[0]), as_int(row[1]), now)
    return len(rows) == limit


def clear_abandoned(tx: Tx, limit: int) -> bool:
    """Delete some messages of a shelf that no queue has any more; says whether there is more to do."""
    shelf = as_int_or_none(tx.value("SELECT id FROM sqs_shelf WHERE queue IS NULL ORDER BY id LIMIT 1"))
    if shelf is None:
        return False
    low, high = shelf << PLACE_BITS, (shelf + 1) << PLACE_BITS
    last = as_int_or_none(
        tx.value(
            "SELECT max(id) FROM (SELECT id FROM sqs_message WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)",
            (low, high, limit),
        )
    )
    if last is None:
        tx.execute("DELETE FROM sqs_group WHERE shelf = ?", (shelf,))
        tx.execute("DELETE FROM sqs_shelf WHERE id = ?", (shelf,))
    else:
        tx.execute("DELETE FROM sqs_message WHERE id >= ? AND id <= ?", (low, last))
        tx.execute("DELETE FROM sqs_body WHERE id >= ? AND id <= ?", (low, last))
    return True
