"""STS's operations by AWS's names."""

from collections.abc import Mapping

from homeport.aws.service import Operation
from homeport.aws.services.sts.operations import identity, sessions
from homeport.aws.services.sts.room import Sts

OPERATIONS: Mapping[str, Operation[Sts]] = {
    "AssumeRole": sessions.assume_role,
    "AssumeRoleWithWebIdentity": sessions.assume_role_with_web_identity,
    "GetAccessKeyInfo": identity.get_access_key_info,
    "GetCallerIdentity": identity.get_caller_identity,
    "GetFederationToken": sessions.get_federation_token,
    "GetSessionToken": sessions.get_session_token,
}
