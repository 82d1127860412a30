"""Backups: the items of a table at one moment, kept under an id of their own."""

from typing import NamedTuple, cast

import orjson

from homeport.aws.services.dynamodb.model.schema import Table, TableSettings
from homeport.aws.services.dynamodb.store import items, tables
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


_SELECT = "SELECT id, arn, account, region, table_name, name, created, data_id, size, count, settings FROM ddb_backup"


def _backup(row: object) -> Backup:
    values = cast("tuple[int, str, str, str, str, str, Millis, int, int, int, str]", row)
    return Backup(*values[:10], cast("TableSettings", orjson.loads(values[10])))


def find(snapshot: Snapshot, arn: str) -> Backup | None:
    """A backup."""
    row = snapshot.row(f"{_SELECT} WHERE arn = ?", (arn,))
    return None if row is None else _backup(row)


def every(snapshot: Snapshot, account: str, region: str) -> list[Backup]:
    """All backups of an account in a region, the oldest first."""
    rows = snapshot.execute(f"{_SELECT} WHERE account = ? AND region = ? ORDER BY id", (account, region))
    return [_backup(row) for row in rows]


def make(tx: Tx, table: Table, arn: str, name: str, now: Millis) -> Backup:
    """Copy a table's items aside."""
    data_id = tables.new_data(tx)
    items.copy_all(tx, table.data_id, data_id)
    count, size = items.totals(tx, data_id)
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
            size,
            count,
            orjson.dumps(table.settings).decode(),
        ),
    )
    made = find(tx, arn)
    if made is None:
        raise LookupError(arn)
    return made


def remove(tx: Tx, backup: Backup) -> None:
    """Delete a backup; its items are cleared away later."""
    tx.execute("DELETE FROM ddb_backup WHERE id = ?", (backup.id,))
    tables.drop_data(tx, backup.data_id)
