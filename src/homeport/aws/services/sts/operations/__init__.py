"""STS's operations by AWS's names."""

from collections.abc import Mapping

from homeport.aws.service import Operation
from homeport.aws.services.sts.operations.identity import get_caller_identity
from homeport.aws.services.sts.room import Sts

OPERATIONS: Mapping[str, Operation[Sts]] = {
    "GetCallerIdentity": get_caller_identity,
}
