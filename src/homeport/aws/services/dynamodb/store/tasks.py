"""Exports and imports: what was asked for, and how far it is."""

from typing import Literal, NamedTuple, cast

import orjson

from homeport.kernel.storage.database import Snapshot, Tx

Kind = Literal["export", "import"]
Description = dict[str, object]


class Task(NamedTuple):
    """An export or an import; `description` is what Describe tells, with the wire's own names."""

    id: int
    arn: str
    kind: Kind
    account: str
    region: str
    table_arn: str
    token: str
    digest: bytes
    status: str
    description: Description


_SELECT = "SELECT id, arn, kind, account, region, table_arn, token, digest, status, description FROM ddb_task"
IN_PROGRESS = "IN_PROGRESS"


def _task(row: object) -> Task:
    values = cast("tuple[int, str, Kind, str, str, str, str, bytes, str, str]", row)
    return Task(*values[:9], cast("Description", orjson.loads(values[9])))


def find(snapshot: Snapshot, kind: Kind, arn: str) -> Task | None:
    """One of them."""
    row = snapshot.row(f"{_SELECT} WHERE kind = ? AND arn = ?", (kind, arn))
    return None if row is None else _task(row)


def find_token(snapshot: Snapshot, kind: Kind, account: str, region: str, token: str) -> Task | None:
    """The one that a client token was used for."""
    row = snapshot.row(
        f"{_SELECT} WHERE kind = ? AND account = ? AND region = ? AND token = ?", (kind, account, region, token)
    )
    return None if row is None else _task(row)


def every(snapshot: Snapshot, kind: Kind, account: str, region: str, table_arn: str | None) -> list[Task]:
    """All of an account in a region, the newest first; of one table, if one is given."""
    rows = snapshot.execute(
        f"{_SELECT} WHERE kind = ? AND account = ? AND region = ? AND (? IS NULL OR table_arn = ?) ORDER BY id DESC",
        (kind, account, region, table_arn, table_arn),
    )
    return [_task(row) for row in rows]


def unfinished(snapshot: Snapshot) -> list[Task]:
    """Those that are still to be done, the oldest first."""
    return [_task(row) for row in snapshot.execute(f"{_SELECT} WHERE status = ? ORDER BY id", (IN_PROGRESS,))]


def add(
    tx: Tx,
    kind: Kind,
    arn: str,
    owner: tuple[str, str],
    table_arn: str,
    asked: tuple[str, bytes],
    description: Description,
) -> None:
    """Keep a new one; `owner` is account and region, `asked` the client token and the request's digest."""
    tx.execute(
        "INSERT INTO ddb_task (arn, kind, account, region, table_arn, token, digest, status, description)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (arn, kind, *owner, table_arn, *asked, IN_PROGRESS, orjson.dumps(description).decode()),
    )


def finish(tx: Tx, task: Task, status: str, description: Description) -> None:
    """Note how it ended."""
    tx.execute(
        "UPDATE ddb_task SET status = ?, description = ? WHERE id = ?",
        (status, orjson.dumps(description).decode(), task.id),
    )
