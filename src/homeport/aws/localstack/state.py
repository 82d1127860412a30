"""Forgetting a service's state, for tests that begin anew: `/_localstack/state/reset`."""

from homeport.aws.room import Room
from homeport.kernel.storage.database import Database, Snapshot, Tx
from homeport.kernel.storage.rows import as_text


async def reset(db: Database, room: Room) -> None:
    """Empty a service's tables in one transaction, and let it forget what it has cached and kept in files.

    Raises:
        StorageError: nothing was changed.
    """
    service = room.service
    if service is None:
        return
    tables = await db.read(lambda snapshot: _tables(snapshot, service.tables))
    await db.write(lambda tx: _empty(tx, tables))
    if service.reset is not None:
        await service.reset(room.state)


async def reset_outbox(db: Database) -> None:
    """Forget what is on its way between services."""
    tables = await db.read(lambda snapshot: _tables(snapshot, "outbox_"))
    await db.write(lambda tx: _empty(tx, tables))


def _tables(snapshot: Snapshot, prefix: str) -> list[str]:
    rows = snapshot.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return [name for (value,) in rows if (name := as_text(value)).startswith(prefix)]


def _empty(tx: Tx, tables: list[str]) -> None:
    tx.execute("PRAGMA defer_foreign_keys = ON")
    for table in tables:
        tx.execute(f'DELETE FROM "{table}"')  # noqa: S608 # a name out of the schema
