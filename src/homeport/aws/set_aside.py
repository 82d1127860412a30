"""Deliveries that were set aside, as the command line sees them: in the store itself, with or without a server."""

from collections.abc import Callable
from typing import TypeVar

from homeport.aws import outbox, schema
from homeport.kernel.clock import Clock
from homeport.kernel.errors import OperatorError
from homeport.kernel.storage.database import Database, Tx
from homeport.kernel.storage.layout import DataDirectory

T = TypeVar("T")


class NoSuchDeliveryError(OperatorError):
    """A delivery that was not set aside."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"no delivery {number} was set aside", hint="`homeport deliveries list` names those that there are"
        )


async def with_outbox(data: DataDirectory, clock: Clock, work: Callable[[Tx], T]) -> T:
    """Do something in one transaction; a running server sees what it put back within half a minute.

    Raises:
        OperatorError: the store is from a later Homeport, or no store.
        StorageError: the disk failed.
    """
    data.create()
    path = data.database("aws")
    db = Database.open(path, migrations=schema.ROOT, durability="power", clock=clock, backups=data.backups)
    try:
        await schema.bring_up(db, path, {"outbox": outbox.MIGRATIONS}, backups=data.backups, clock=clock)
        return await db.write(work)
    finally:
        await db.close()
