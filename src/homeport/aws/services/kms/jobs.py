"""Keys that are removed when the waiting period of their deletion is over."""

from dataclasses import dataclass

from homeport.aws.services.kms import store
from homeport.aws.services.kms.room import Kms
from homeport.kernel.clock import Millis
from homeport.kernel.jobs import WHEN_WOKEN, Next
from homeport.kernel.storage.database import Tx


@dataclass(slots=True)
class RemoveDeletedKeys:
    """The job."""

    kms: Kms
    name: str = "kms-deletion"

    async def run_due(self, now: Millis) -> Next:
        """Remove the keys whose time has come."""
        following = await self.kms.db.write(lambda tx: _remove(tx, now))
        return WHEN_WOKEN if following is None else Next(following)


def _remove(tx: Tx, now: Millis) -> Millis | None:
    for key in store.due_keys(tx, now):
        store.remove_key(tx, key)
    return store.next_deletion(tx)
