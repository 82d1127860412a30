"""What FIFO queues remember: which deduplication ids were sent, and what a receive attempt was answered."""

from typing import NamedTuple

import orjson

from homeport.aws.services.sqs.model.fifo import DEDUPLICATION_MS
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import as_int, as_text

WHOLE_QUEUE = ""
"""The scope of an id that counts in all groups; no group has this name."""


class Sent(NamedTuple):
    """The message that a deduplication id was first sent with."""

    message_id: str
    place: int


def recall(snapshot: Snapshot, queue: int, deduplication_id: str, group: str, now: Millis) -> Sent | None:
    """The message that was sent with this id in the last five minutes, in the group or for the whole queue.

    Ids that were sent while they counted for the whole queue go on to count for it when the scope is narrowed.
    """
    row = snapshot.row(
        "SELECT message_id, place FROM sqs_deduplication"
        " WHERE queue = ? AND id = ? AND scope IN ('', ?) AND sent_ms > ? LIMIT 1",
        (queue, deduplication_id, group, now - DEDUPLICATION_MS),
    )
    return Sent(as_text(row[0]), as_int(row[1])) if row else None


def remember(tx: Tx, queue: int, deduplication_id: str, scope: str, sent: Sent, now: Millis) -> None:
    """Note that the id was sent."""
    tx.execute(
        "INSERT OR REPLACE INTO sqs_deduplication (queue, id, scope, sent_ms, message_id, place)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (queue, deduplication_id, scope, now, sent.message_id, sent.place),
    )


def recall_attempt(snapshot: Snapshot, queue: int, attempt: str, now: Millis) -> list[tuple[int, int]]:
    """Rows and receive counts of what the attempt was answered in the last five minutes."""
    found = snapshot.value(
        "SELECT messages FROM sqs_attempt WHERE queue = ? AND id = ? AND received_ms > ?",
        (queue, attempt, now - DEDUPLICATION_MS),
    )
    return [(int(pair[0]), int(pair[1])) for pair in orjson.loads(as_text(found))] if found else []


def remember_attempt(tx: Tx, queue: int, attempt: str, received: list[tuple[int, int]], now: Millis) -> None:
    """Note what the attempt was answered."""
    tx.execute(
        "INSERT OR REPLACE INTO sqs_attempt (queue, id, received_ms, messages) VALUES (?, ?, ?, ?)",
        (queue, attempt, now, orjson.dumps(received).decode()),
    )


def forget(tx: Tx, now: Millis, limit: int) -> bool:
    """Delete some of what need not be remembered any more; says whether there is more."""
    horizon = now - DEDUPLICATION_MS
    deleted = 0
    for _ in tx.execute(
        "DELETE FROM sqs_deduplication WHERE (queue, id, scope) IN"
        " (SELECT queue, id, scope FROM sqs_deduplication WHERE sent_ms <= ? LIMIT ?) RETURNING 1",
        (horizon, limit),
    ):
        deleted += 1
    tx.execute(
        "DELETE FROM sqs_attempt WHERE (queue, id) IN"
        " (SELECT queue, id FROM sqs_attempt WHERE received_ms <= ? LIMIT ?)",
        (horizon, limit),
    )
    return deleted == limit
