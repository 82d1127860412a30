"""Access keys as the command line changes them: in the store itself, whether a server runs on it or not."""

from collections.abc import Callable
from typing import TypeVar

from homeport.aws import schema
from homeport.aws.auth import keys
from homeport.aws.auth.keys import AccessKey, AccessKeys, new_secret, unique_id
from homeport.kernel.clock import Clock
from homeport.kernel.errors import OperatorError
from homeport.kernel.ids import Ids
from homeport.kernel.storage.database import Database, Tx
from homeport.kernel.storage.layout import DataDirectory

T = TypeVar("T")


class NoSuchKeyError(OperatorError):
    """A key that is not there."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"there is no access key {key_id}", hint="`homeport key list` names those that there are")


async def with_keys(data: DataDirectory, clock: Clock, work: Callable[[AccessKeys, Tx], T]) -> T:
    """Do something in one transaction; a running server sees it with its next request.

    Raises:
        OperatorError: the store is from a later Homeport, or no store.
        StorageError: the disk failed.
    """
    data.create()
    path = data.database("aws")
    db = Database.open(path, migrations=schema.ROOT, durability="power", clock=clock, backups=data.backups)
    try:
        await schema.bring_up(db, path, {"keys": keys.MIGRATIONS}, backups=data.backups, clock=clock)
        table = AccessKeys(db, clock)
        return await db.write(lambda tx: work(table, tx))
    finally:
        await db.close()


def new_root_key(ids: Ids, clock: Clock, account: str) -> AccessKey:
    """A key that stands for a whole account."""
    arn = f"arn:aws:iam::{account}:root"
    return AccessKey(unique_id(ids, "AKIA"), new_secret(ids), account, arn, account, clock.now())
