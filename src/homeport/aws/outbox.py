"""The outbox's tables: what waits to be delivered, lane by lane, and what was set aside because it cannot be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from homeport.aws.delivery import Delivery
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.migrations import Migration
from homeport.kernel.storage.rows import as_bytes, as_int, as_text

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        1,
        """
        CREATE TABLE outbox_lane (
            lane TEXT PRIMARY KEY,
            due_ms INTEGER NOT NULL,
            place TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX outbox_lane_by_due ON outbox_lane (due_ms, place);
        CREATE TABLE outbox_delivery (
            number INTEGER PRIMARY KEY,
            lane TEXT NOT NULL,
            content BLOB NOT NULL,
            attempt INTEGER NOT NULL
        );
        CREATE INDEX outbox_delivery_by_lane ON outbox_delivery (lane, number);
        """,
    ),
    Migration(
        2,
        """
        ALTER TABLE outbox_delivery ADD COLUMN troubles INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE outbox_set_aside (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            lane TEXT NOT NULL,
            place TEXT NOT NULL,
            content BLOB NOT NULL,
            attempt INTEGER NOT NULL,
            error TEXT NOT NULL,
            since_ms INTEGER NOT NULL
        );
        """,
    ),
)

TROUBLES: Final = 8
"""So often may one delivery fail in a way that nobody foresaw; by then ten minutes have gone by."""

_FIRST_PAUSE_MS: Final = 5000
_LONGEST_PAUSE_MS: Final = 300_000


# What waits


def is_waiting(tx: Tx, lane: str) -> bool:
    """Whether a lane has deliveries."""
    return tx.value("SELECT 1 FROM outbox_lane WHERE lane = ?", (lane,)) is not None


def is_empty(tx: Tx) -> bool:
    """Whether no lane has deliveries."""
    return tx.value("SELECT 1 FROM outbox_lane LIMIT 1") is None


def add(tx: Tx, delivery: Delivery, lane: str, place: str, now: Millis) -> None:
    """Put a delivery at the end of its lane."""
    _append(tx, lane, place, encode(delivery), 0, now)


def _append(tx: Tx, lane: str, place: str, content: bytes, attempt: int, now: Millis) -> None:
    tx.execute("INSERT INTO outbox_delivery (lane, content, attempt) VALUES (?, ?, ?)", (lane, content, attempt))
    tx.execute(
        "INSERT INTO outbox_lane (lane, due_ms, place) VALUES (?, ?, ?) ON CONFLICT (lane) DO NOTHING",
        (lane, now, place),
    )


def due_lanes(snapshot: Snapshot, now: Millis, full: Sequence[str], limit: int) -> list[tuple[str, str]]:
    """Lanes that are due with their places, except to those that can take no more now."""
    others = f" AND place NOT IN ({', '.join('?' * len(full))})" if full else ""
    rows = snapshot.execute(
        f"SELECT lane, place FROM outbox_lane WHERE due_ms <= ?{others} ORDER BY due_ms LIMIT ?",  # noqa: S608
        (now, *full, limit),
    )
    return [(as_text(lane), as_text(place)) for lane, place in rows]


def next_due(snapshot: Snapshot, now: Millis) -> Millis | None:
    """When the next lane is due that is not yet."""
    due = snapshot.value("SELECT min(due_ms) FROM outbox_lane WHERE due_ms > ?", (now,))
    return None if due is None else Millis(as_int(due))


def head(snapshot: Snapshot, lane: str) -> tuple[int, Delivery] | None:
    """A lane's first delivery, and its number."""
    row = snapshot.row(
        "SELECT number, content, attempt FROM outbox_delivery WHERE lane = ? ORDER BY number LIMIT 1", (lane,)
    )
    return None if row is None else (as_int(row[0]), decode(as_bytes(row[1]), as_int(row[2])))


def count_attempt(tx: Tx, number: int) -> None:
    """Its source wants it to be tried again."""
    tx.execute("UPDATE outbox_delivery SET attempt = attempt + 1 WHERE number = ?", (number,))


def postpone(tx: Tx, lane: str, due: Millis) -> None:
    """Leave a lane alone until then."""
    tx.execute("UPDATE outbox_lane SET due_ms = ? WHERE lane = ?", (due, lane))


def remove(tx: Tx, number: int) -> None:
    """Forget a delivery: it has arrived, or its source has been told that it will not."""
    tx.execute("DELETE FROM outbox_delivery WHERE number = ?", (number,))


def drop_if_empty(tx: Tx, lane: str) -> bool:
    """Forget a lane that has nothing left; says whether it has."""
    if tx.value("SELECT 1 FROM outbox_delivery WHERE lane = ? LIMIT 1", (lane,)) is not None:
        return True
    tx.execute("DELETE FROM outbox_lane WHERE lane = ?", (lane,))
    return False


def encode(delivery: Delivery) -> bytes:
    """A delivery as its row has it."""
    return orjson.dumps(
        {
            "id": delivery.id,
            "via": delivery.via,
            "source": delivery.source,
            "target": delivery.target,
            "payload": dict(delivery.payload),
            "created": delivery.created,
            "account": delivery.account,
            "lane": delivery.lane,
            "context": dict(delivery.context),
        }
    )


def decode(content: bytes, attempt: int) -> Delivery:
    """What `encode` wrote.

    Raises:
        ValueError, TypeError: it did not write this.
    """
    members: Mapping[str, object] = orjson.loads(content)
    return Delivery(**members, attempt=attempt)  # type: ignore[arg-type] # as `encode` wrote them


# What fails in ways that no target has announced


@dataclass(frozen=True, slots=True)
class SetAside:
    """A delivery that nobody tries any more, until an operator says so.

    Attributes:
        lane: source and target, or what stood for them.
        error: the last one.
    """

    number: int
    lane: str
    error: str
    since: Millis


def note_trouble(tx: Tx, lane: str, error: str, now: Millis) -> int | None:
    """Count a failure of a lane's head, and set the head aside if it was the last that it may have.

    Returns:
        Milliseconds until it is tried again, doubling from one to the next; None if it was set aside.
    """
    row = tx.row("SELECT number, troubles FROM outbox_delivery WHERE lane = ? ORDER BY number LIMIT 1", (lane,))
    if row is None:
        drop_if_empty(tx, lane)
        return 0
    number, troubles = as_int(row[0]), as_int(row[1]) + 1
    if troubles >= TROUBLES:
        _set_aside(tx, number, error, now)
        drop_if_empty(tx, lane)
        return None
    tx.execute("UPDATE outbox_delivery SET troubles = ? WHERE number = ?", (troubles, number))
    pause = min(_FIRST_PAUSE_MS << (troubles - 1), _LONGEST_PAUSE_MS)
    postpone(tx, lane, Millis(now + pause))
    return pause


def _set_aside(tx: Tx, number: int, error: str, now: Millis) -> None:
    tx.execute(
        "INSERT INTO outbox_set_aside (lane, place, content, attempt, error, since_ms)"
        " SELECT d.lane, l.place, d.content, d.attempt, ?, ? FROM outbox_delivery d"
        " JOIN outbox_lane l ON l.lane = d.lane WHERE d.number = ?",
        (error, now, number),
    )
    remove(tx, number)


def count_set_aside(snapshot: Snapshot) -> int:
    """How many an operator has to look at."""
    return as_int(snapshot.value("SELECT count(*) FROM outbox_set_aside"))


def all_set_aside(snapshot: Snapshot) -> list[SetAside]:
    """All of them, the oldest first."""
    rows = snapshot.execute("SELECT number, lane, error, since_ms FROM outbox_set_aside ORDER BY number")
    return [SetAside(as_int(n), as_text(lane), as_text(error), Millis(as_int(ms))) for n, lane, error, ms in rows]


def content_set_aside(snapshot: Snapshot, number: int) -> bytes | None:
    """One delivery whole, as JSON; None if there is none of that number."""
    content = snapshot.value("SELECT content FROM outbox_set_aside WHERE number = ?", (number,))
    return None if content is None else as_bytes(content)


def retry(tx: Tx, number: int, now: Millis) -> bool:
    """Put one back, at the end of its lane, as if it had never been tried; says whether there was one."""
    row = tx.row("SELECT lane, place, content FROM outbox_set_aside WHERE number = ?", (number,))
    if row is None:
        return False
    _append(tx, as_text(row[0]), as_text(row[1]), as_bytes(row[2]), 0, now)
    return discard(tx, number)


def discard(tx: Tx, number: int) -> bool:
    """Delete one for good; says whether there was one."""
    return tx.value("DELETE FROM outbox_set_aside WHERE number = ? RETURNING 1", (number,)) is not None
