"""What a receive takes out of a queue: the next messages, hidden for a while, the poisoned ones moved away."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from homeport.aws.services.sqs.model.queue import Queue
from homeport.aws.services.sqs.model.visibility import (
    CROWDED,
    FRONT,
    MAX_IN_FLIGHT,
    RECEIVABLE_LANES,
    lane,
    waited,
    waits,
)
from homeport.aws.services.sqs.store import counting, groups, messages, queues, transfer
from homeport.aws.services.sqs.store.messages import ShelfGone
from homeport.aws.services.sqs.store.rows import STORED_COLUMNS, Stored, stored
from homeport.kernel.clock import MILLIS_PER_SECOND, Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import as_int, as_text, as_text_or_none

_RECONSIDERED = 2
_MOST_DROPPED = 500
"""So many messages may one receive move away or let expire: a queue full of them does not hold up everybody else."""

# The lane as it is by now: whoever received, or buried, the one before it has brought it to the front.
_TIMES = (
    f"lane = lane | {waited(FRONT)}, visible_ms = ?, receives = receives + 1, received_ms = ?,"
    " first_received_ms = coalesce(first_received_ms, ?)"
)
_HIDE = f"UPDATE sqs_message SET {_TIMES} WHERE id = ? RETURNING {STORED_COLUMNS}"  # noqa: S608 # constants
_HIDE_GROUPED = f"UPDATE sqs_message SET {_TIMES}, rank = max(?, rank + 1) WHERE id = ? RETURNING {STORED_COLUMNS}"  # noqa: S608
_FIND = (
    "SELECT visible_ms, id, receives FROM sqs_message WHERE shelf = ? AND lane = ? AND visible_ms <= ?"
    " ORDER BY visible_ms, receives, id LIMIT ?"
)


class TooManyInFlight(Exception):
    """So many messages have been received and not deleted that no more may be."""


@dataclass(slots=True)
class Receive:
    """One receive while it goes on.

    Attributes:
        hide_ms: for how long what it takes is hidden.
        target: the dead-letter queue, if there is one.
        taken: what it has received; the row's number leads to the message.
        dropped: how many messages it has found and moved away or let expire.
        as_of, grouped: of the queue's shelf.
        delayed, in_flight: changes of the counters that are not yet written.
    """

    queue: Queue
    limit: int
    now: Millis
    hide_ms: int
    target: Queue | None = None
    taken: dict[int, Stored] = field(default_factory=dict)
    dropped: int = 0
    as_of: int = 0
    grouped: bool = False
    delayed: int = 0
    in_flight: int = 0

    @property
    def full(self) -> bool:
        """Whether it has as many as were asked for."""
        return len(self.taken) >= self.limit

    @property
    def tired(self) -> bool:
        """Whether it has to leave the rest to the next receive."""
        return self.dropped >= _MOST_DROPPED

    @property
    def progress(self) -> int:
        """Grows with every message that it has dealt with."""
        return len(self.taken) + self.dropped


@dataclass(frozen=True, slots=True, order=True)
class _Candidate:
    visible: int
    id: int
    receives: int
    lane: int


def anything_visible(snapshot: Snapshot, shelf: int, now: Millis) -> bool:
    """Whether a receive would find something to do."""
    return any(snapshot.row(_FIND, (shelf, of_lane, now, 1)) for of_lane in RECEIVABLE_LANES)


def front(snapshot: Snapshot, shelf: int, now: Millis, limit: int) -> list[int]:
    """Rows of messages that a receive would find, without the ones behind others of their group."""
    found: list[int] = []
    for of_lane in RECEIVABLE_LANES:
        if len(found) < limit:
            found += [as_int(row[1]) for row in snapshot.execute(_FIND, (shelf, of_lane, now, limit - len(found)))]
    return found


def next_visible(snapshot: Snapshot, shelf: int, now: Millis) -> Millis | None:
    """When the next message that waits can be received; None if none does."""
    found = [
        snapshot.value(
            "SELECT visible_ms FROM sqs_message WHERE shelf = ? AND lane = ? AND visible_ms > ?"
            " ORDER BY visible_ms LIMIT 1",
            (shelf, lane(kind, waited=True), now),
        )
        for kind in (FRONT, CROWDED)
    ]
    return min((Millis(as_int(moment)) for moment in found if moment is not None), default=None)


def take(tx: Tx, receive: Receive) -> list[Stored]:
    """Receive up to so many messages.

    Raises:
        ShelfGone: the queue was purged or deleted; nothing was changed.
        TooManyInFlight: nothing was changed.
    """
    _look_at_shelf(tx, receive)
    if receive.grouped:
        _reconsider(tx, receive)
    before = -1
    # Each pass sees the next message of each group; a receive that hides nothing (timeout 0) must not see them again.
    while not (receive.full or receive.tired) and receive.progress > before:
        before = receive.progress
        for candidate in _candidates(tx, receive):
            _receive(tx, receive, candidate)
        if not (receive.grouped or receive.queue.fifo or receive.dropped):
            break
    _write_counters(tx, receive)
    return list(receive.taken.values())


def _look_at_shelf(tx: Tx, receive: Receive) -> None:
    shelf = receive.queue.shelf
    row = tx.row("SELECT in_flight, as_of_ms, grouped, queue FROM sqs_shelf WHERE id = ?", (shelf,))
    if row is None or row[3] is None:
        raise ShelfGone
    receive.as_of, receive.grouped = as_int(row[1]), bool(row[2])
    if as_int(row[0]) >= MAX_IN_FLIGHT:
        now = counting.advance(tx, shelf, receive.now)
        receive.as_of = now.as_of
        receive.limit = min(receive.limit, MAX_IN_FLIGHT - now.in_flight)
        if receive.limit <= 0:
            raise TooManyInFlight


def _write_counters(tx: Tx, receive: Receive) -> None:
    if receive.delayed or receive.in_flight:
        counting.adjust(tx, receive.queue.shelf, delayed=receive.delayed, in_flight=receive.in_flight)
        receive.delayed = receive.in_flight = 0


def _reconsider(tx: Tx, receive: Receive) -> None:
    """Groups that have crowded others out may have stopped to do so; the longest waiting ones are looked at."""
    for of_lane in (CROWDED, CROWDED + 1):
        found = list(tx.execute(_FIND, (receive.queue.shelf, of_lane, receive.now, _RECONSIDERED)))
        for row in found:
            group = tx.value("SELECT group_id FROM sqs_message WHERE id = ?", (row[1],))
            groups.settle(tx, receive.queue, as_text(group), receive.now)


def _candidates(tx: Tx, receive: Receive) -> list[_Candidate]:
    found = _front(tx, receive, FRONT, receive.limit - len(receive.taken))
    if not found and receive.grouped:
        found = _front(tx, receive, CROWDED, 1)
    return found


def _front(tx: Tx, receive: Receive, kind: int, wanted: int) -> list[_Candidate]:
    """The messages that have been visible for longest."""
    shelf, now = receive.queue.shelf, receive.now
    # What is received without being hidden is found again.
    seen = 0 if receive.hide_ms else len(receive.taken)
    found = [
        _Candidate(as_int(row[0]), as_int(row[1]), as_int(row[2]), of_lane)
        for of_lane in (kind, waited(kind))
        for row in tx.execute(_FIND, (shelf, of_lane, now, wanted + seen))
        if row[1] not in receive.taken
    ]
    if found and found[-1].lane != kind:
        found.sort()
    return found[:wanted]


def _receive(tx: Tx, receive: Receive, candidate: _Candidate) -> None:
    for each in _run(tx, receive, candidate) if receive.queue.fifo else (candidate,):
        if receive.full:
            return
        if each.id not in receive.taken:
            _take_one(tx, receive, each)


def _run(tx: Tx, receive: Receive, head: _Candidate) -> Iterator[_Candidate]:
    """A FIFO group's messages from its first one on, as far as they are visible without a gap."""
    group = tx.value("SELECT group_id FROM sqs_message WHERE id = ?", (head.id,))
    rows = list(
        tx.execute(
            "SELECT visible_ms, id, receives, lane FROM sqs_message WHERE shelf = ? AND group_id = ?"
            " ORDER BY rank, id LIMIT ?",
            (receive.queue.shelf, group, receive.limit - len(receive.taken)),
        )
    )
    for row in rows:
        each = _Candidate(as_int(row[0]), as_int(row[1]), as_int(row[2]), as_int(row[3]))
        if each.visible > receive.now:
            return
        yield each


def _take_one(tx: Tx, receive: Receive, candidate: _Candidate) -> None:
    queue, now = receive.queue, receive.now
    redrive = queue.settings.redrive
    if redrive and candidate.receives >= redrive.max_receives and _bury(tx, receive, candidate.id):
        receive.dropped += 1
        return
    message = _hide(tx, receive, candidate)
    if message.sent + queue.settings.retention_seconds * MILLIS_PER_SECOND <= now:
        messages.remove(tx, queue, message.id, message.receives, now)
        receive.dropped += 1
        return
    receive.taken[message.id] = message


def _bury(tx: Tx, receive: Receive, message: int) -> bool:
    """Move a message to the dead-letter queue; False if there is none."""
    if receive.target is None:
        return False
    try:
        transfer.bury(tx, receive.queue, receive.target, message, receive.now)
    except ShelfGone:
        # That one, not ours: it was purged or deleted since it was read.
        receive.target = queues.find(tx, receive.target.key)
        if receive.target is None:
            return False
        transfer.bury(tx, receive.queue, receive.target, message, receive.now)
    return True


def _hide(tx: Tx, receive: Receive, candidate: _Candidate) -> Stored:
    queue, now = receive.queue, receive.now
    until = now + receive.hide_ms
    times = (until, now, now)
    if receive.grouped:
        # Behind its group's others even when it is not hidden: whoever peeks sees them all.
        row = tx.row(_HIDE_GROUPED, (*times, max(until, now + 1), candidate.id))
    else:
        row = tx.row(_HIDE, (*times, candidate.id))
    if row is None:
        raise ShelfGone
    _count(receive, candidate, until)
    group = as_text_or_none(row[10])
    if group is not None and not queue.fifo:
        _write_counters(tx, receive)
        groups.settle(tx, queue, group, now)
    return stored(tx, row)


def _count(receive: Receive, candidate: _Candidate, until: int) -> None:
    """The counters stand as of an earlier moment, at which the message may have been waiting already."""
    receive.in_flight += until > receive.as_of
    if waits(candidate.lane, candidate.visible, receive.as_of):
        if candidate.receives:
            receive.in_flight -= 1
        else:
            receive.delayed -= 1
