"""Messages put into a queue, hidden, and removed from it."""

from collections.abc import Sequence

from homeport.aws.services.sqs.model.queue import Queue
from homeport.aws.services.sqs.model.visibility import BEHIND, FRONT, kind_of, lane, waited, waits
from homeport.aws.services.sqs.store import counting, groups
from homeport.aws.services.sqs.store.rows import NewMessage
from homeport.aws.services.sqs.store.schema import INLINE_BYTES, PLACE_BITS
from homeport.kernel.clock import MILLIS_PER_SECOND, Millis
from homeport.kernel.storage.database import Tx
from homeport.kernel.storage.rows import as_int, as_text_or_none

_INSERT = (
    "INSERT INTO sqs_message (id, shelf, lane, visible_ms, receives, sent_ms, message_id, sender, md5, body,"
    " attributes, trace, group_id, rank, deduplication_id, origin)"
    " VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class ShelfGone(Exception):
    """The queue was purged or deleted since it was read: read it again."""


def put(tx: Tx, queue: Queue, messages: Sequence[NewMessage], now: Millis) -> list[int]:
    """Add messages behind all others and return their places.

    Raises:
        ShelfGone: nothing was changed.
    """
    delayed = len([message for message in messages if message.delay_seconds])
    grouped = bool([message for message in messages if message.group is not None])
    last = reserve(tx, queue, len(messages), delayed=delayed, grouped=grouped, now=now)
    places = list(range(last - len(messages) + 1, last + 1))
    for place, message in zip(places, messages, strict=True):
        _insert(tx, queue, message, place, now)
    return places


def reserve(tx: Tx, queue: Queue, count: int, *, delayed: int, grouped: bool, now: Millis) -> int:
    """Count messages in, of which some are delayed, and return the last one's place.

    Raises:
        ShelfGone: nothing was changed.
    """
    row = tx.row(
        "UPDATE sqs_shelf SET place = place + ?, total = total + ?, delayed = delayed + ?, grouped = max(grouped, ?)"
        " WHERE id = ? AND queue IS NOT NULL RETURNING place, as_of_ms",
        (count, count, delayed, grouped and not queue.fifo, queue.shelf),
    )
    if row is None:
        raise ShelfGone
    if delayed and as_int(row[1]) > now:
        # The clock has been set back: what waits is counted as of a moment that must not lie ahead of it.
        tx.execute("UPDATE sqs_shelf SET as_of_ms = ? WHERE id = ?", (now, queue.shelf))
    return as_int(row[0])


def row_id(queue: Queue, place: int) -> int:
    """The number of the row for a place in a queue."""
    return queue.shelf << PLACE_BITS | place


def join_group(tx: Tx, queue: Queue, group: str | None, place: int, visible: Millis) -> tuple[int, int | None]:
    """The kind of lane, and the rank in its group, for a message that comes last; `groups.settle` is to follow."""
    if group is None:
        return FRONT, None
    if not queue.fifo:
        return BEHIND, visible
    return BEHIND if groups.has_messages(tx, queue.shelf, group) else FRONT, place


def _insert(tx: Tx, queue: Queue, message: NewMessage, place: int, now: Millis) -> None:
    number = row_id(queue, place)
    visible = Millis(now + message.delay_seconds * MILLIS_PER_SECOND)
    kind, rank = join_group(tx, queue, message.group, place, visible)
    body: str | None = message.body
    if len(message.body) > INLINE_BYTES:
        tx.execute("INSERT INTO sqs_body (id, body) VALUES (?, ?)", (number, body))
        body = None
    of_lane = lane(kind, waited=message.delay_seconds > 0)
    given = (message.message_id, message.sender, message.md5, body, message.attributes, message.trace)
    tail = (message.group, rank, message.deduplication_id, message.origin)
    tx.execute(_INSERT, (number, queue.shelf, of_lane, visible, now, *given, *tail))
    if message.group is not None and not queue.fifo:
        groups.settle(tx, queue, message.group, now)


def remove(tx: Tx, queue: Queue, message: int, receives: int, now: Millis) -> bool:
    """Delete a message that has been received so often; False when there is none on the queue's shelf."""
    if message >> PLACE_BITS != queue.shelf:
        return False
    row = tx.row(
        "DELETE FROM sqs_message WHERE id = ? AND receives = ? RETURNING lane, visible_ms, group_id, body IS NULL",
        (message, receives),
    )
    if row is None:
        return False
    of_lane, visible = as_int(row[0]), as_int(row[1])
    if row[3]:
        tx.execute("DELETE FROM sqs_body WHERE id = ?", (message,))
    # A message that has never waited counts as visible whatever its time: 0 is not after any moment.
    waited_until = visible if waits(of_lane, visible, 0) else 0
    received = receives > 0
    tx.execute(
        "UPDATE sqs_shelf SET total = total - 1, in_flight = in_flight - (? AND ? > as_of_ms),"
        " delayed = delayed - (NOT ? AND ? > as_of_ms) WHERE id = ?",
        (received, waited_until, received, waited_until, queue.shelf),
    )
    group = as_text_or_none(row[2])
    if group is not None and (not queue.fifo or kind_of(of_lane) == FRONT):
        groups.settle(tx, queue, group, now)
    return True


def hide(tx: Tx, queue: Queue, message: int, until: Millis, now: Millis) -> None:
    """Let a message that is in flight become visible at another moment."""
    row = tx.row("SELECT lane, visible_ms, group_id FROM sqs_message WHERE id = ?", (message,))
    if row is None:
        return
    of_lane, old, group = as_int(row[0]), as_int(row[1]), as_text_or_none(row[2])
    as_of = counting.counters(tx, queue.shelf).as_of
    rank = until if group is not None and not queue.fifo else None
    tx.execute(
        "UPDATE sqs_message SET visible_ms = ?, rank = coalesce(?, rank) WHERE id = ?",
        (until, rank, message),
    )
    change = waits(of_lane, until, as_of) - waits(of_lane, old, as_of)
    if change:
        counting.adjust(tx, queue.shelf, in_flight=change)
    if rank is not None and group is not None:
        groups.settle(tx, queue, group, now)


def delay_anew(tx: Tx, queue: Queue, seconds: int, now: Millis) -> int:
    """Delay what nobody has received yet by so much from its send on, instead of by the queue's delay until now.

    Returns:
        How many messages had been sent so lately that it makes a difference.
    """
    as_of = counting.advance(tx, queue.shelf, now).as_of
    longer = max(seconds, queue.settings.delay_seconds) * MILLIS_PER_SECOND
    changed = list(
        tx.execute(
            "UPDATE sqs_message SET lane = lane | ?, visible_ms = sent_ms + ?"
            " WHERE shelf = ? AND sent_ms > ? AND receives = 0 RETURNING visible_ms > ?",
            (waited(FRONT), seconds * MILLIS_PER_SECOND, queue.shelf, now - longer, as_of),
        )
    )
    delayed = len([row for row in changed if row[0]])
    tx.execute("UPDATE sqs_shelf SET delayed = ? WHERE id = ?", (delayed, queue.shelf))
    return len(changed)
