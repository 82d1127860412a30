"""Rows about SMS: settings, numbers that want none, numbers of the sandbox."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import as_text


@dataclass(frozen=True, slots=True)
class SandboxNumber:
    """A number that its owner verifies with a one-time password."""

    number: str
    password: str
    verified: bool


def settings(snapshot: Snapshot, account: str, region: str) -> dict[str, str]:
    """The account's SMS attributes that somebody has set."""
    found = snapshot.value("SELECT attributes FROM sns_sms WHERE account = ? AND region = ?", (account, region))
    return {} if found is None else orjson.loads(as_text(found))


def set_settings(tx: Tx, account: str, region: str, attributes: Mapping[str, str]) -> None:
    """Replace them."""
    text = orjson.dumps(dict(attributes)).decode()
    tx.execute("INSERT OR REPLACE INTO sns_sms (account, region, attributes) VALUES (?, ?, ?)", (account, region, text))


def opted_out(snapshot: Snapshot, account: str, region: str, *, after: str = "", limit: int = 100) -> list[str]:
    """Numbers that want no messages."""
    rows = snapshot.execute(
        "SELECT number FROM sns_opted_out WHERE account = ? AND region = ? AND number > ? ORDER BY number LIMIT ?",
        (account, region, after, limit),
    )
    return [as_text(number) for (number,) in rows]


def is_opted_out(snapshot: Snapshot, account: str, region: str, number: str) -> bool:
    """Whether the number wants no messages."""
    sql = "SELECT 1 FROM sns_opted_out WHERE account = ? AND region = ? AND number = ?"
    return snapshot.value(sql, (account, region, number)) is not None


def opt_out(tx: Tx, account: str, region: str, number: str) -> None:
    """The owner of the number has answered STOP."""
    tx.execute(
        "INSERT OR IGNORE INTO sns_opted_out (account, region, number) VALUES (?, ?, ?)", (account, region, number)
    )


def opt_in(tx: Tx, account: str, region: str, number: str) -> None:
    """The number gets messages again."""
    tx.execute("DELETE FROM sns_opted_out WHERE account = ? AND region = ? AND number = ?", (account, region, number))


def sandbox(snapshot: Snapshot, account: str, region: str, *, after: str = "", limit: int = 100) -> list[SandboxNumber]:
    """Numbers of the sandbox."""
    rows = snapshot.execute(
        "SELECT number, password, verified FROM sns_sandbox WHERE account = ? AND region = ? AND number > ?"
        " ORDER BY number LIMIT ?",
        (account, region, after, limit),
    )
    return [SandboxNumber(as_text(row[0]), as_text(row[1]), bool(row[2])) for row in rows]


def sandbox_number(snapshot: Snapshot, account: str, region: str, number: str) -> SandboxNumber | None:
    """One of them, or None."""
    row = snapshot.row(
        "SELECT number, password, verified FROM sns_sandbox WHERE account = ? AND region = ? AND number = ?",
        (account, region, number),
    )
    return SandboxNumber(as_text(row[0]), as_text(row[1]), bool(row[2])) if row else None


def put_sandbox(tx: Tx, account: str, region: str, entry: SandboxNumber) -> None:
    """Add a number, or change it."""
    tx.execute(
        "INSERT OR REPLACE INTO sns_sandbox (account, region, number, password, verified) VALUES (?, ?, ?, ?, ?)",
        (account, region, entry.number, entry.password, entry.verified),
    )


def delete_sandbox(tx: Tx, account: str, region: str, number: str) -> None:
    """Take a number away."""
    tx.execute("DELETE FROM sns_sandbox WHERE account = ? AND region = ? AND number = ?", (account, region, number))
