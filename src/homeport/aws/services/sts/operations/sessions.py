"""Keys that last for a while: of a role, or of whoever asks."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import orjson

from homeport.aws.arn import Arn, ArnInvalid
from homeport.aws.auth.access import Asker
from homeport.aws.auth.keys import AccessKey, new_secret, unique_id
from homeport.aws.call import Call
from homeport.aws.errors import AwsError, OperationNotImplemented
from homeport.aws.services.sts.errors import AccessDenied, ExpiredToken, InvalidIdentityToken, ValidationFailed
from homeport.aws.services.sts.model.trust import may_assume
from homeport.aws.services.sts.room import Sts
from homeport.kernel.clock import MILLIS_PER_SECOND, Millis

if TYPE_CHECKING:
    from homeport.aws.api.sts import (
        AssumeRoleRequest,
        AssumeRoleResponse,
        AssumeRoleWithWebIdentityRequest,
        AssumeRoleWithWebIdentityResponse,
        Credentials,
        GetFederationTokenRequest,
        GetFederationTokenResponse,
        GetSessionTokenRequest,
        GetSessionTokenResponse,
    )

_ROLE_SECONDS: Final = 3600
_SESSION_SECONDS: Final = 43_200
_TOKEN_BYTES: Final = 180


@dataclass(frozen=True, slots=True)
class _Role:
    """What STS has to know of a role."""

    arn: Arn
    name: str
    id: str
    longest_seconds: int
    trust: str

    def session_arn(self, session: str) -> str:
        """The assumed role."""
        return f"arn:{self.arn.partition}:sts::{self.arn.account}:assumed-role/{self.name}/{session}"


async def _issue(sts: Sts, account: str, principal_arn: str, principal_id: str, seconds: int) -> Credentials:
    """New keys, on disk when this returns."""
    now = sts.clock.now()
    key = AccessKey(
        id=unique_id(sts.ids, "ASIA"),
        secret=new_secret(sts.ids),
        account=account,
        principal_arn=principal_arn,
        principal_id=principal_id,
        created=now,
        token=base64.b64encode(bytes.fromhex(sts.ids.hex(_TOKEN_BYTES))).decode(),
        expires=Millis(now + seconds * MILLIS_PER_SECOND),
    )
    await sts.db.write(lambda tx: sts.keys.put(tx, key))
    return {
        "AccessKeyId": key.id,
        "SecretAccessKey": key.secret,
        "SessionToken": key.token,
        "Expiration": Millis(now + seconds * MILLIS_PER_SECOND),
    }


async def _find_role(sts: Sts, call: Call, role_arn: str, action: str) -> _Role:
    """The role that an ARN names.

    Raises:
        ValidationFailed: it is no role's.
        AccessDenied: there is none, and nobody may take what is not there.
    """
    try:
        arn = Arn.parse(role_arn)
    except ArnInvalid:
        raise ValidationFailed(f"{role_arn} is invalid") from None
    if arn.service != "iam" or not arn.resource.startswith("role/") or len(arn.account) != 12:  # noqa: PLR2004 # digits
        raise ValidationFailed(f"{role_arn} is invalid")
    name = arn.resource.rpartition("/")[2]
    try:
        found = await sts.invoke(call._replace(account=arn.account), "iam", "GetRole", {"RoleName": name})
    except AwsError:
        if not sts.any_role:
            raise AccessDenied(call.principal_arn or "anonymous", action, role_arn) from None
        return _Role(arn, name, unique_id(sts.ids, "AROA"), _SESSION_SECONDS, "")
    role: dict[str, Any] = found["Role"]
    return _Role(arn, name, role["RoleId"], role["MaxSessionDuration"], unquote(role["AssumeRolePolicyDocument"]))


def _seconds(role: _Role, wanted: int | None) -> int:
    seconds = _ROLE_SECONDS if wanted is None else wanted
    if seconds > role.longest_seconds:
        raise ValidationFailed("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    return seconds


async def assume_role(sts: Sts, call: Call, request: AssumeRoleRequest) -> AssumeRoleResponse:
    """Keys of a role.

    In mode `open` of any, even one that nobody made: tools' configurations name roles that only their account has.
    In mode `signed` of a role whose trust policy lets the caller take it.
    """
    role = await _find_role(sts, call, request["RoleArn"], "sts:AssumeRole")
    asker = Asker.of_call(call, sts.clock.now())
    if not sts.any_role and not may_assume(role.trust, asker, request.get("ExternalId")):
        raise AccessDenied(call.principal_arn, "sts:AssumeRole", request["RoleArn"])
    session = request["RoleSessionName"]
    seconds = _seconds(role, request.get("DurationSeconds"))
    arn, principal_id = role.session_arn(session), f"{role.id}:{session}"
    answer: AssumeRoleResponse = {
        "Credentials": await _issue(sts, role.arn.account, arn, principal_id, seconds),
        "AssumedRoleUser": {"AssumedRoleId": principal_id, "Arn": arn},
    }
    if "Policy" in request or "PolicyArns" in request:
        answer["PackedPolicySize"] = min(100, len(request.get("Policy", "")) * 100 // 2048)
    if "SourceIdentity" in request:
        answer["SourceIdentity"] = request["SourceIdentity"]
    return answer


def _claims_of(token: str) -> dict[str, Any]:
    """A JSON Web Token's claims; who signed it is not looked at.

    Raises:
        InvalidIdentityToken: it is none.
    """
    parts = token.split(".")
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, binascii.Error, ValueError):
        claims = None
    if len(parts) != 3 or not isinstance(claims, dict):  # noqa: PLR2004 # header, claims, signature
        raise InvalidIdentityToken(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        )
    return claims


async def assume_role_with_web_identity(
    sts: Sts, call: Call, request: AssumeRoleWithWebIdentityRequest
) -> AssumeRoleWithWebIdentityResponse:
    """Keys of a role for whoever holds a token of an identity provider, in mode `open` alone.

    The provider's signature is not verified, so that in mode `signed` anybody could be anybody.
    """
    if not sts.any_role:
        raise OperationNotImplemented("STS", "AssumeRoleWithWebIdentity in mode `signed`: tokens are not verified")
    claims = _claims_of(request["WebIdentityToken"])
    if isinstance(claims.get("exp"), int) and claims["exp"] * MILLIS_PER_SECOND < sts.clock.now():
        raise ExpiredToken("Token expired: current date/time must be before the expiration date/time")
    role = await _find_role(sts, call, request["RoleArn"], "sts:AssumeRoleWithWebIdentity")
    session = request["RoleSessionName"]
    seconds = _seconds(role, request.get("DurationSeconds"))
    arn, principal_id = role.session_arn(session), f"{role.id}:{session}"
    audience = claims.get("aud", "")
    return {
        "Credentials": await _issue(sts, role.arn.account, arn, principal_id, seconds),
        "SubjectFromWebIdentityToken": str(claims.get("sub", "")),
        "AssumedRoleUser": {"AssumedRoleId": principal_id, "Arn": arn},
        "Provider": request.get("ProviderId") or str(claims.get("iss", "")),
        "Audience": str(audience[0] if isinstance(audience, list) and audience else audience),
    }


async def get_session_token(sts: Sts, call: Call, request: GetSessionTokenRequest) -> GetSessionTokenResponse:
    """Keys of whoever asks."""
    seconds = request.get("DurationSeconds", _SESSION_SECONDS)
    key = await sts.keys.find(call.access_key_id)
    arn = call.principal_arn or f"arn:aws:iam::{call.account}:root"
    principal_id = key.principal_id if key is not None else call.account
    return {"Credentials": await _issue(sts, call.account, arn, principal_id, seconds)}


async def get_federation_token(sts: Sts, call: Call, request: GetFederationTokenRequest) -> GetFederationTokenResponse:
    """Keys for somebody whom the caller vouches for."""
    name = request["Name"]
    arn = f"arn:aws:sts::{call.account}:federated-user/{name}"
    principal_id = f"{call.account}:{name}"
    seconds = request.get("DurationSeconds", _SESSION_SECONDS)
    return {
        "Credentials": await _issue(sts, call.account, arn, principal_id, seconds),
        "FederatedUser": {"FederatedUserId": principal_id, "Arn": arn},
        "PackedPolicySize": min(100, len(request.get("Policy", "")) * 100 // 2048),
    }
