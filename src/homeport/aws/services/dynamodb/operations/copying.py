"""Copies of tables for backups and restores: small ones at once, large ones in the background."""

from homeport.aws.services.dynamodb.model.schema import Table
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.aws.services.dynamodb.store import backups, copies, items, tables
from homeport.aws.services.dynamodb.store.clearing import fill_index
from homeport.aws.services.dynamodb.store.copies import Copy
from homeport.kernel.storage.database import Tx

_AT_ONCE = 2
"""Pieces that a request does itself: one of items, one of changes."""


def start_copy(tx: Tx, source: int, target: int, first: int) -> None:
    """Copy items as they were before a change; if there are many, `run_copies` goes on."""
    copy_id = copies.begin(tx, source, target, first)
    if not any(copies.advance(tx, copy_id) for _ in range(_AT_ONCE)):
        return
    for table in tables.members(tx, target):
        while not _fill_indexes(tx, table):
            pass
    _finish(tx, copy_id, target, items.totals(tx, target))


async def run_copies(dynamodb: DynamoDb) -> None:
    """Complete every copy that is not, one after another."""
    for copy in await dynamodb.db.read(copies.unfinished):
        await _run(dynamodb, copy)


async def _run(dynamodb: DynamoDb, copy: Copy) -> None:
    db, target = dynamodb.db, copy.target
    while not await db.write(lambda tx: copies.advance(tx, copy.id)):
        pass
    for table in await db.read(lambda snapshot: tables.members(snapshot, target)):
        while not await db.write(lambda tx, table=table: _fill_indexes(tx, table)):  # type: ignore[misc]
            pass
    totals = await db.read_long(lambda snapshot: items.totals(snapshot, target))
    await dynamodb.tables.change(lambda tx: _finish(tx, copy.id, target, totals))


def _fill_indexes(tx: Tx, table: Table) -> bool:
    """Fill a piece of an index; True once all are complete."""
    return all(fill_index(tx, table, index) for index in table.indexes)


def _finish(tx: Tx, copy_id: int, target: int, totals: tuple[int, int]) -> None:
    """Let a copy be used."""
    copies.end(tx, copy_id)
    backups.complete(tx, target, totals)
    for table in tables.members(tx, target):
        table.settings["Status"] = "ACTIVE"
        table.settings["RestoreSummary"] = {**table.settings.get("RestoreSummary", {}), "RestoreInProgress": False}
        tables.save(tx, table.id, table.settings)
