"""STS: who somebody is, and keys that last for a while."""

from collections.abc import Sequence

from homeport.aws.protocol.constraints import Violation, validation_message
from homeport.aws.service import Service
from homeport.aws.services.sts.errors import ValidationFailed
from homeport.aws.services.sts.operations import OPERATIONS
from homeport.aws.services.sts.room import Sts, open_sts


def _refuse(_operation: str, violations: Sequence[Violation]) -> ValidationFailed:
    return ValidationFailed(validation_message(violations))


SERVICE: Service[Sts] = Service(name="sts", operations=OPERATIONS, open=open_sts, refuse=_refuse)
