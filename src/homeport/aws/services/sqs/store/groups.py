"""Message groups: which of a group's messages is looked at by a receive."""

from homeport.aws.services.sqs.model.queue import Queue
from homeport.aws.services.sqs.model.visibility import BEHIND, CROWDED, FRONT, crowds, kind_of, moved_to
from homeport.aws.services.sqs.store.counting import counters_at
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import as_int, as_int_or_none

_ENOUGH = 1000


def has_messages(snapshot: Snapshot, shelf: int, group: str) -> bool:
    """Whether the group has any message."""
    sql = "SELECT 1 FROM sqs_message WHERE shelf = ? AND group_id = ? LIMIT 1"
    return snapshot.value(sql, (shelf, group)) is not None


def settle(tx: Tx, queue: Queue, group: str, now: Millis) -> None:
    """After a change in a group: put its next message in front, where a receive sees it, and no other one."""
    first = tx.row(
        "SELECT id, lane FROM sqs_message WHERE shelf = ? AND group_id = ? ORDER BY rank, id LIMIT 1",
        (queue.shelf, group),
    )
    if queue.fifo:
        # The order of a FIFO group never changes: who is first stays in front until it is gone.
        if first is not None:
            _move(tx, as_int(first[0]), as_int(first[1]), FRONT)
        return
    head = as_int(first[0]) if first else None
    _replace_head(tx, queue.shelf, group, head)
    if first is not None and head is not None:
        kind = CROWDED if _crowds(tx, queue.shelf, group, now) else FRONT
        _move(tx, head, as_int(first[1]), kind)


def _move(tx: Tx, message: int, lane: int, kind: int) -> None:
    if kind_of(lane) != kind:
        tx.execute("UPDATE sqs_message SET lane = ? WHERE id = ?", (moved_to(kind, lane), message))


def _replace_head(tx: Tx, shelf: int, group: str, head: int | None) -> None:
    old = as_int_or_none(tx.value("SELECT head FROM sqs_group WHERE shelf = ? AND group_id = ?", (shelf, group)))
    if old == head:
        return
    if old is not None:
        lane = as_int_or_none(tx.value("SELECT lane FROM sqs_message WHERE id = ?", (old,)))
        if lane is not None:
            _move(tx, old, lane, BEHIND)
    if head is None:
        tx.execute("DELETE FROM sqs_group WHERE shelf = ? AND group_id = ?", (shelf, group))
    else:
        tx.execute("INSERT OR REPLACE INTO sqs_group (shelf, group_id, head) VALUES (?, ?, ?)", (shelf, group, head))


def _crowds(tx: Tx, shelf: int, group: str, now: Millis) -> bool:
    in_flight_of_queue = counters_at(tx, shelf, now).in_flight
    found = tx.value(
        "SELECT count(*) FROM (SELECT 1 FROM sqs_message"
        " WHERE shelf = ? AND group_id = ? AND rank > ? AND receives > 0 LIMIT ?)",
        (shelf, group, now, _ENOUGH),
    )
    return as_int(found) >= _ENOUGH or crowds(as_int(found), in_flight_of_queue)
