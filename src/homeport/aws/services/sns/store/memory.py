"""What topics remember: deduplication ids, archived messages, replays under way."""

from dataclasses import dataclass
from typing import Literal

from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import as_bytes, as_int, as_int_or_none, as_text

ReplayStatus = Literal["Pending", "In progress", "Completed"]

DEDUPLICATION_MS = 300_000
"""A deduplication id is remembered for five minutes from its first publication."""

WHOLE_TOPIC = ""
"""The scope of an id that counts in all groups; no group has this name."""


@dataclass(frozen=True, slots=True)
class Published:
    """The message that a deduplication id was first published with."""

    message_id: str
    place: int


@dataclass(frozen=True, slots=True)
class Replay:
    """A subscription that gets archived messages; `place` is the last one that it got."""

    subscription: int
    place: int
    start: Millis
    end: Millis | None


def recall(snapshot: Snapshot, topic: int, deduplication_id: str, group: str, now: Millis) -> Published | None:
    """The message that was published with this id in the last five minutes, in the group or for the whole topic.

    So it stays a duplicate in its group when the topic's scope changes.
    """
    row = snapshot.row(
        "SELECT message_id, place FROM sns_deduplication"
        " WHERE topic = ? AND id = ? AND scope IN ('', ?) AND sent_ms > ? LIMIT 1",
        (topic, deduplication_id, group, now - DEDUPLICATION_MS),
    )
    return Published(as_text(row[0]), as_int(row[1])) if row else None


def remember(tx: Tx, topic: int, deduplication_id: str, scope: str, published: Published, now: Millis) -> None:
    """Note that the id was published."""
    tx.execute(
        "INSERT OR REPLACE INTO sns_deduplication (topic, id, scope, sent_ms, message_id, place)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (topic, deduplication_id, scope, now, published.message_id, published.place),
    )


def archive(tx: Tx, topic: int, place: int, content: bytes, now: Millis) -> None:
    """Keep a message for replays."""
    tx.execute(
        "INSERT INTO sns_archive (topic, place, published_ms, content) VALUES (?, ?, ?, ?)",
        (topic, place, now, content),
    )


def archived(snapshot: Snapshot, topic: int, replay: Replay, limit: int) -> list[tuple[int, bytes]]:
    """The next messages of a replay, with their places."""
    rows = snapshot.execute(
        "SELECT place, content FROM sns_archive WHERE topic = ? AND place > ? AND published_ms >= ?"
        " AND (? IS NULL OR published_ms <= ?) ORDER BY place LIMIT ?",
        (topic, replay.place, replay.start, replay.end, replay.end, limit),
    )
    return [(as_int(row[0]), as_bytes(row[1])) for row in rows]


def oldest_archived(snapshot: Snapshot, topic: int) -> Millis | None:
    """When the oldest message of the archive was published."""
    sql = "SELECT published_ms FROM sns_archive WHERE topic = ? ORDER BY published_ms LIMIT 1"
    found = as_int_or_none(snapshot.value(sql, (topic,)))
    return None if found is None else Millis(found)


def begin_replay(tx: Tx, replay: Replay) -> None:
    """Note a replay; a new one of the same subscription takes the old one's place."""
    tx.execute(
        "INSERT OR REPLACE INTO sns_replay (subscription, place, start_ms, end_ms) VALUES (?, ?, ?, ?)",
        (replay.subscription, replay.place, replay.start, replay.end),
    )


def replays(snapshot: Snapshot) -> list[Replay]:
    """All replays under way."""
    rows = snapshot.execute(
        "SELECT subscription, place, start_ms, end_ms FROM sns_replay WHERE done = 0 ORDER BY subscription"
    )
    return [
        Replay(
            as_int(row[0]), as_int(row[1]), Millis(as_int(row[2])), None if row[3] is None else Millis(as_int(row[3]))
        )
        for row in rows
    ]


def replay_status(snapshot: Snapshot, subscription: int) -> ReplayStatus | None:
    """How far a subscription's replay is; None without one."""
    row = snapshot.row("SELECT done, place FROM sns_replay WHERE subscription = ?", (subscription,))
    if row is None:
        return None
    if row[0]:
        return "Completed"
    return "In progress" if row[1] else "Pending"


def held_back(snapshot: Snapshot, topic: int) -> frozenset[int]:
    """Subscriptions that get nothing new: by a replay whose turn it is first, or one that had an end."""
    rows = snapshot.execute(
        "SELECT subscription FROM sns_replay JOIN sns_subscription ON id = subscription"
        " WHERE topic = ? AND (done = 0 OR end_ms IS NOT NULL)",
        (topic,),
    )
    return frozenset(as_int(number) for (number,) in rows)


def complete_replay(tx: Tx, subscription: int) -> None:
    """Everything has been replayed; the row stays, for the status and because of the end that it may have."""
    tx.execute("UPDATE sns_replay SET done = 1 WHERE subscription = ?", (subscription,))


def end_replay(tx: Tx, subscription: int) -> None:
    """Forget a subscription's replay."""
    tx.execute("DELETE FROM sns_replay WHERE subscription = ?", (subscription,))


def forget(tx: Tx, now: Millis) -> None:
    """Delete deduplication ids that need not be remembered any more, and replays of subscriptions that are gone."""
    tx.execute("DELETE FROM sns_deduplication WHERE sent_ms <= ?", (now - DEDUPLICATION_MS,))
    tx.execute(
        "DELETE FROM sns_replay WHERE subscription NOT IN (SELECT id FROM sns_subscription WHERE topic IS NOT NULL)"
    )


def forget_archived(tx: Tx, topic: int, before: Millis, limit: int) -> None:
    """Delete archived messages that are too old."""
    tx.execute(
        "DELETE FROM sns_archive WHERE topic = ? AND place IN"
        " (SELECT place FROM sns_archive WHERE topic = ? AND published_ms <= ? ORDER BY published_ms LIMIT ?)",
        (topic, topic, before, limit),
    )


def drop_archive(tx: Tx, topic: int) -> None:
    """Delete all archived messages: the topic's owner wants no archive any more."""
    tx.execute("DELETE FROM sns_archive WHERE topic = ?", (topic,))
