"""Forgetting a service's state, for tests that begin anew: `/_localstack/state/reset`."""

from homeport.aws import schema
from homeport.aws.auth.keys import AccessKeys
from homeport.aws.room import Room
from homeport.kernel.storage.database import Database, Tx


async def reset(db: Database, room: Room, tables: str) -> None:
    """Empty a service's tables, whose names begin with `tables`, and let it forget what it has cached and in files.

    Raises:
        StorageError: nothing was changed.
    """
    await db.write(lambda tx: _empty(tx, tables))
    if room.service is not None and room.service.reset is not None:
        await room.service.reset(room.state)


async def reset_shared(db: Database, keys: AccessKeys) -> None:
    """Forget what is no single service's: what is on its way between them, and the keys of users and sessions."""

    def write(tx: Tx) -> None:
        _empty(tx, "outbox_")
        keys.remove_all_but_root(tx)

    await db.write(write)


def _empty(tx: Tx, prefix: str) -> None:
    tx.execute("PRAGMA defer_foreign_keys = ON")
    for table in schema.tables(tx, prefix):
        tx.execute(f'DELETE FROM "{table}"')  # noqa: S608 # a name out of the schema
