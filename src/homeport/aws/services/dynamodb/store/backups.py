"""Backups: the items of a table at one moment, kept under an id of their own."""

from typing import NamedTuple, cast

import orjson

from homeport.aws.services.dynamodb.model.schema import Table, TableSettings
from homeport.aws.services.dynamodb.store import tables
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx


class Backup(NamedTuple):
    """An on-demand backup."""

    id: int
    arn: str
    account: str
    region: str
    table_name: str
    name: str
    created: Millis
    data_id: int
    size: int
    item_count: int
    settings: TableSettings
    complete: bool


_SELECT = (
    "SELECT id, arn, account, region, table_name, name, created, data_id, size, count, settings,"
    " NOT EXISTS (SELECT 1 FROM ddb_copy WHERE target = data_id) FROM ddb_backup"
)


def _backup(row: object) -> Backup:
    values = cast("tuple[int, str, str, str, str, str, Millis, int, int, int, str, int]", row)
    return Backup(*values[:10], cast("TableSettings", orjson.loads(values[10])), bool(values[11]))


def find(snapshot: Snapshot, arn: str) -> Backup | None:
    """A backup."""
    row = snapshot.row(f"{_SELECT} WHERE arn = ?", (arn,))
    return None if row is None else _backup(row)


def every(snapshot: Snapshot, account: str, region: str) -> list[Backup]:
    """All backups of an account in a region, the oldest first."""
    rows = snapshot.execute(f"{_SELECT} WHERE account = ? AND region = ? ORDER BY id", (account, region))
    return [_backup(row) for row in rows]


def make(tx: Tx, table: Table, arn: str, name: str, now: Millis) -> int:
    """Note a backup of a table; returns the id that its items will have."""
    data_id = tables.new_data(tx)
    tx.execute(
        "INSERT INTO ddb_backup (arn, account, region, table_name, name, created, data_id, size, count, settings)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            arn,
            table.account,
            table.region,
            table.name,
            name,
            now,
            data_id,
            0,
            0,
            orjson.dumps(table.settings).decode(),
        ),
    )
    return data_id


def complete(tx: Tx, data_id: int, totals: tuple[int, int]) -> None:
    """Note how many items a backup has, and their bytes."""
    count, size = totals
    tx.execute("UPDATE ddb_backup SET count = ?, size = ? WHERE data_id = ?", (count, size, data_id))


def remove(tx: Tx, backup: Backup) -> None:
    """Delete a backup; its items are cleared away later."""
    tx.execute("DELETE FROM ddb_backup WHERE id = ?", (backup.id,))
    tables.drop_data(tx, backup.data_id)
