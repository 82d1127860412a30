"""Messages that go from one queue to another: dead letters, and what a move task brings back."""

from homeport.aws.services.sqs.model.queue import Queue
from homeport.aws.services.sqs.model.visibility import FRONT, kind_of, lane, waits
from homeport.aws.services.sqs.store import counting, groups, messages
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Tx
from homeport.kernel.storage.rows import as_int, as_text_or_none


def bury(tx: Tx, source: Queue, target: Queue, message: int, now: Millis) -> None:
    """Move a message to the dead-letter queue: visible there at once, with its id and its receive count.

    In a standard queue its age goes on, so that retention counts from the first send; in a FIFO queue it begins anew.
    SQS developer guide, "Using dead-letter queues", message retention periods.

    Raises:
        ShelfGone: of the target; nothing was changed.
    """
    moved = _move(tx, source, target, message, now)
    if target.fifo:
        tx.execute("UPDATE sqs_message SET sent_ms = ?, origin = ? WHERE id = ?", (now, source.arn, moved))
    else:
        tx.execute("UPDATE sqs_message SET origin = ? WHERE id = ?", (source.arn, moved))


def redrive(tx: Tx, source: Queue, target: Queue, message: int, *, message_id: str, now: Millis) -> None:
    """Move a message out of a dead-letter queue as a new one: new id, new age, never received.

    Raises:
        ShelfGone: of the target; nothing was changed.
    """
    moved = _move(tx, source, target, message, now)
    tx.execute(
        "UPDATE sqs_message SET sent_ms = ?, message_id = ?, receives = 0, received_ms = NULL,"
        " first_received_ms = NULL, origin = NULL WHERE id = ?",
        (now, message_id, moved),
    )


def _move(tx: Tx, source: Queue, target: Queue, message: int, now: Millis) -> int:
    """Give the message a place at the end of another queue, and return its row's new number."""
    sql = "SELECT lane, visible_ms, receives, group_id FROM sqs_message WHERE id = ?"
    row = tx.row(sql, (message,))
    if row is None:
        raise messages.ShelfGone
    group = as_text_or_none(row[3])
    place = messages.reserve(tx, target, 1, delayed=0, grouped=group is not None, now=now)
    moved = messages.row_id(target, place)
    kind, rank = messages.join_group(tx, target, group, place, now)
    tx.execute(
        "UPDATE sqs_message SET id = ?, shelf = ?, lane = ?, visible_ms = ?, rank = ? WHERE id = ?",
        (moved, target.shelf, lane(kind, waited=False), now, rank, message),
    )
    tx.execute("UPDATE sqs_body SET id = ? WHERE id = ?", (moved, message))
    _count_out(tx, source, as_int(row[0]), as_int(row[1]), as_int(row[2]))
    if group is not None:
        _settle_both(tx, source, target, group, as_int(row[0]), now)
    return moved


def _count_out(tx: Tx, source: Queue, of_lane: int, visible: int, receives: int) -> None:
    waiting = waits(of_lane, visible, counting.counters(tx, source.shelf).as_of)
    in_flight, delayed = waiting and receives > 0, waiting and not receives
    counting.adjust(tx, source.shelf, total=-1, in_flight=-in_flight, delayed=-delayed)


def _settle_both(tx: Tx, source: Queue, target: Queue, group: str, of_lane: int, now: Millis) -> None:
    if not source.fifo or kind_of(of_lane) == FRONT:
        groups.settle(tx, source, group, now)
    if not target.fifo:
        groups.settle(tx, target, group, now)
