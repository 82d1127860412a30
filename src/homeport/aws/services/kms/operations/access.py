"""Whose keys may be used, where callers are who they say: an account's own, and those whose policies let it in."""

from collections.abc import Mapping
from typing import Any, Final

from homeport.aws.auth.access import Asker, permitted, why_not
from homeport.aws.call import Call
from homeport.aws.service import Operation
from homeport.aws.services.kms.errors import AccessDenied
from homeport.aws.services.kms.room import Kms, find_key, place_of, read_key_id

_MEMBERS: Final[Mapping[str, str]] = {
    "KeyId": "",
    "TargetKeyId": "",
    "SourceKeyId": "From",
    "DestinationKeyId": "To",
}
"""Members of requests that name a key, and what stands behind the operation's name in the action."""

_SHARED: Final = frozenset(
    {
        "CreateGrant",
        "Decrypt",
        "DeriveSharedSecret",
        "DescribeKey",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "GetKeyRotationStatus",
        "GetPublicKey",
        "ListGrants",
        "ReEncryptFrom",
        "ReEncryptTo",
        "RetireGrant",
        "RevokeGrant",
        "Sign",
        "Verify",
        "VerifyMac",
    }
)
"""What can be done with another account's key at all (KMS developer guide, "AWS KMS permissions")."""


def guarded(operation: Operation[Kms]) -> Operation[Kms]:
    """An operation that in mode `signed` is kept from other accounts' keys."""

    async def guard(kms: Kms, call: Call, request: Any) -> Mapping[str, Any] | None:
        if kms.signed:
            for member, suffix in _MEMBERS.items():
                if isinstance(named := request.get(member), str):
                    await _admit(kms, call, named, call.operation + suffix)
        return await operation(kms, call, request)

    return guard


async def _admit(kms: Kms, call: Call, text: str, action: str) -> None:
    place = place_of(call)
    owner = read_key_id(place, text).place.account
    if owner == call.account:
        return
    asker = Asker.of_call(call, kms.clock.now())
    key = await kms.db.read(lambda snapshot: find_key(snapshot, place, text)) if action in _SHARED else None
    wanted = f"kms:{action}"
    if key is None or not permitted(asker, wanted, resource=key.arn, owner=owner, policy=key.policy):
        raise AccessDenied(why_not(asker, wanted, text))
