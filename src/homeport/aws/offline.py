"""The store as the command line changes it: in its file, whether a server runs on it or not."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from homeport.aws import schema
from homeport.kernel.clock import Clock
from homeport.kernel.storage.database import Database, Tx
from homeport.kernel.storage.layout import DataDirectory
from homeport.kernel.storage.migrations import Migration

T = TypeVar("T")


async def change_store(
    data: DataDirectory, clock: Clock, tables: Mapping[str, Sequence[Migration]], work: Callable[[Database, Tx], T]
) -> T:
    """Bring these tables up to date, and do something in one transaction.

    Raises:
        OperatorError: the store is from a later Homeport, or no store.
        StorageError: the disk failed.
    """
    data.create()
    path = data.database("aws")
    db = Database.open(path, migrations=schema.ROOT, durability="power", clock=clock, backups=data.backups)
    try:
        await schema.bring_up(db, path, tables, backups=data.backups, clock=clock)
        return await db.write(lambda tx: work(db, tx))
    finally:
        await db.close()
