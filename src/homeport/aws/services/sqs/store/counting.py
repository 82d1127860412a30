"""Counters of a shelf: exact, and never counted from the start."""

from homeport.aws.services.sqs.model.visibility import WAITING_LANES, Counters
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import as_int

_NONE = Counters(0, 0, 0, Millis(0))


def counters(snapshot: Snapshot, shelf: int) -> Counters:
    """As they stand in the shelf's row; all 0 if it is gone."""
    row = snapshot.row("SELECT total, delayed, in_flight, as_of_ms FROM sqs_shelf WHERE id = ?", (shelf,))
    if row is None:
        return _NONE
    return Counters(as_int(row[0]), as_int(row[1]), as_int(row[2]), Millis(as_int(row[3])))


def counters_at(snapshot: Snapshot, shelf: int, now: Millis) -> Counters:
    """As they are at a moment: less what has come due since."""
    old = counters(snapshot, shelf)
    if now <= old.as_of:
        return old
    delayed, in_flight = old.delayed, old.in_flight
    for lane in WAITING_LANES:
        row = snapshot.row(
            "SELECT count(*), coalesce(sum(receives = 0), 0) FROM sqs_message"
            " WHERE shelf = ? AND lane = ? AND visible_ms > ? AND visible_ms <= ?",
            (shelf, lane, old.as_of, now),
        )
        if row:
            due, unread = as_int(row[0]), as_int(row[1])
            delayed -= unread
            in_flight -= due - unread
    return Counters(old.total, delayed, in_flight, now)


def advance(tx: Tx, shelf: int, now: Millis) -> Counters:
    """Bring the row's counters up to a moment, so that nothing is counted twice."""
    new = counters_at(tx, shelf, now)
    tx.execute(
        "UPDATE sqs_shelf SET delayed = ?, in_flight = ?, as_of_ms = ? WHERE id = ?",
        (new.delayed, new.in_flight, new.as_of, shelf),
    )
    return new


def adjust(tx: Tx, shelf: int, *, total: int = 0, delayed: int = 0, in_flight: int = 0) -> None:
    """Add to the counters; what waits is meant as of the row's moment."""
    tx.execute(
        "UPDATE sqs_shelf SET total = total + ?, delayed = delayed + ?, in_flight = in_flight + ? WHERE id = ?",
        (total, delayed, in_flight, shelf),
    )
