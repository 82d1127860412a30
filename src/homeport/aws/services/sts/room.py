"""What STS's operations work with."""

from dataclasses import dataclass

from homeport.aws.auth.keys import AccessKeys
from homeport.aws.service import Invoke, ServiceContext
from homeport.kernel.clock import Clock
from homeport.kernel.ids import Ids
from homeport.kernel.storage.database import Database


@dataclass(frozen=True, slots=True)
class Sts:
    """STS keeps nothing of its own: its keys are everybody's, its roles IAM's.

    Attributes:
        any_role: whether roles that nobody made may be taken, as tools' examples do.
    """

    db: Database
    clock: Clock
    ids: Ids
    keys: AccessKeys
    invoke: Invoke
    any_role: bool


async def open_sts(context: ServiceContext) -> Sts:
    """Make the room."""
    any_role = context.settings.aws_auth == "open"
    return Sts(context.db, context.clock, context.ids, context.keys, context.invoke, any_role)
