"""Local mailboxes: what would have gone out as SMS, push notification or email."""

from typing import Literal

import orjson

from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import as_bytes, as_text

Kind = Literal["sms", "push", "email"]
_MOST = 10_000


def put(tx: Tx, kind: Kind, account: str, region: str, recipient: str, content: dict[str, object], now: Millis) -> None:
    """Put a message into a mailbox."""
    tx.execute(
        "INSERT INTO sns_mail (kind, account, region, recipient, sent_ms, content) VALUES (?, ?, ?, ?, ?, ?)",
        (kind, account, region, recipient, now, orjson.dumps(content)),
    )


def look(
    snapshot: Snapshot, kind: Kind, account: str, region: str, recipient: str | None
) -> dict[str, list[dict[str, object]]]:
    """The messages of a mailbox, or of all, by recipient and in the order in which they came."""
    rows = snapshot.execute(
        "SELECT recipient, content FROM sns_mail WHERE kind = ? AND account = ? AND region = ?"
        " AND (? IS NULL OR recipient = ?) ORDER BY id LIMIT ?",
        (kind, account, region, recipient, recipient, _MOST),
    )
    found: dict[str, list[dict[str, object]]] = {}
    for who, content in rows:
        found.setdefault(as_text(who), []).append(orjson.loads(as_bytes(content)))
    return found


def clear(tx: Tx, kind: Kind, account: str, region: str, recipient: str | None) -> None:
    """Empty a mailbox, or all."""
    tx.execute(
        "DELETE FROM sns_mail WHERE kind = ? AND account = ? AND region = ? AND (? IS NULL OR recipient = ?)",
        (kind, account, region, recipient, recipient),
    )


def forget(tx: Tx, before: Millis) -> None:
    """Delete old messages."""
    tx.execute("DELETE FROM sns_mail WHERE sent_ms <= ?", (before,))
