"""Access keys as the command line changes them: in the store itself, whether a server runs on it or not."""

from collections.abc import Callable
from typing import TypeVar

from homeport.aws.auth import keys
from homeport.aws.auth.keys import AccessKey, AccessKeys, new_secret, unique_id
from homeport.aws.offline import change_store
from homeport.kernel.clock import Clock
from homeport.kernel.errors import OperatorError
from homeport.kernel.ids import Ids
from homeport.kernel.storage.database import Tx
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
    return await change_store(data, clock, {"keys": keys.MIGRATIONS}, lambda db, tx: work(AccessKeys(db, clock), tx))


def new_root_key(ids: Ids, clock: Clock, account: str) -> AccessKey:
    """A key that stands for a whole account."""
    arn = f"arn:aws:iam::{account}:root"
    return AccessKey(unique_id(ids, "AKIA"), new_secret(ids), account, arn, account, clock.now())
