"""KMS: keys that never leave, and what is done with them."""

from collections.abc import Sequence

from homeport.aws.protocol.constraints import Violation, validation_message
from homeport.aws.service import Service
from homeport.aws.services.kms.errors import ValidationFailed
from homeport.aws.services.kms.jobs import RemoveDeletedKeys
from homeport.aws.services.kms.operations import OPERATIONS
from homeport.aws.services.kms.operations.access import guarded
from homeport.aws.services.kms.room import Kms, open_kms
from homeport.aws.services.kms.store import MIGRATIONS


def _refuse(_operation: str, violations: Sequence[Violation]) -> ValidationFailed:
    return ValidationFailed(validation_message(violations))


SERVICE: Service[Kms] = Service(
    name="kms",
    operations={name: guarded(operation) for name, operation in OPERATIONS.items()},
    open=open_kms,
    migrations=MIGRATIONS,
    jobs=lambda kms: (RemoveDeletedKeys(kms),),
    refuse=_refuse,
)
