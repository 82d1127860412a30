"""IAM: users, groups, roles, policies and instance profiles, kept and read back."""

from collections.abc import Sequence

from homeport.aws.protocol.constraints import Violation, validation_message
from homeport.aws.service import Service
from homeport.aws.services.iam.errors import ValidationFailed
from homeport.aws.services.iam.operations import OPERATIONS
from homeport.aws.services.iam.room import Iam, open_iam
from homeport.aws.services.iam.store import MIGRATIONS


def _refuse(_operation: str, violations: Sequence[Violation]) -> ValidationFailed:
    return ValidationFailed(validation_message(violations))


async def _reset(iam: Iam) -> None:
    """Without its user a key stands for nobody; those of an account's root stay."""
    await iam.db.write(iam.keys.remove_all_but_root)


SERVICE: Service[Iam] = Service(
    name="iam",
    operations=OPERATIONS,
    open=open_iam,
    migrations=MIGRATIONS,
    reset=_reset,
    refuse=_refuse,
)
