"""Deliveries that were set aside, as the command line sees them: in the store itself, with or without a server."""

from collections.abc import Callable
from typing import TypeVar

from homeport.aws import outbox
from homeport.aws.offline import change_store
from homeport.kernel.clock import Clock
from homeport.kernel.errors import OperatorError
from homeport.kernel.storage.database import Tx
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
    return await change_store(data, clock, {"outbox": outbox.MIGRATIONS}, lambda _db, tx: work(tx))
