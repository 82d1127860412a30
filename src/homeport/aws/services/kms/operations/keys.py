"""Keys: made, described, switched on and off, deleted after a waiting period."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from homeport.aws.call import Call
from homeport.aws.services.kms import store
from homeport.aws.services.kms.crypto.specs import SPECS, KeySpec
from homeport.aws.services.kms.errors import InvalidState, UnsupportedOperation, ValidationFailed
from homeport.aws.services.kms.model import check_policy, check_tags, default_policy
from homeport.aws.services.kms.room import Kms, ensure_aws_key, find_key, place_of
from homeport.aws.services.kms.store import Key, Material
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Tx

if TYPE_CHECKING:
    from homeport.aws.api.kms import (
        CancelKeyDeletionRequest,
        CancelKeyDeletionResponse,
        CreateKeyRequest,
        CreateKeyResponse,
        DescribeKeyRequest,
        DescribeKeyResponse,
        DisableKeyRequest,
        EnableKeyRequest,
        KeyMetadata,
        ListKeysRequest,
        ListKeysResponse,
        ScheduleKeyDeletionRequest,
        ScheduleKeyDeletionResponse,
        UpdateKeyDescriptionRequest,
    )

_DAY_MS: Final = 86_400_000
_DEFAULT_DELETION_DAYS: Final = 30
_DEFAULT_LIMIT: Final = 100


async def create_key(kms: Kms, call: Call, request: CreateKeyRequest) -> CreateKeyResponse:
    """Make a key; RSA keys are made in a thread."""
    if request.get("Origin", "AWS_KMS") != "AWS_KMS":
        raise UnsupportedOperation("Homeport makes key material itself: Origin has to be AWS_KMS.")
    name = request.get("KeySpec") or request.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    spec = SPECS.get(name)
    if spec is None:
        raise UnsupportedOperation(f"Homeport does not make keys of the spec {name}.")
    place = place_of(call)
    now = kms.clock.now()
    policy = request.get("Policy", "") or default_policy(call.account)
    key_id = kms.ids.uuid()
    multi_region = request.get("MultiRegion", False)
    key = Key(
        place=place,
        id="mrk-" + key_id.replace("-", "") if multi_region else key_id,
        spec=name,
        usage=_usage(spec, request.get("KeyUsage"), name),
        created=now,
        description=request.get("Description", ""),
        multi_region=multi_region,
        policy=check_policy(policy),
        tags=check_tags(request.get("Tags", [])),
    )
    secret = await make_secret(kms, name)

    def write(tx: Tx) -> None:
        store.put_key(tx, key)
        store.add_material(tx, key, Material(1, secret, now, ""))

    await kms.db.write(write)
    return {"KeyMetadata": metadata(key)}


def _usage(spec: KeySpec, wanted: str | None, name: str) -> str:
    if wanted is None:
        if spec.must_choose:
            raise ValidationFailed(
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
            )
        return spec.usages[0]
    if wanted not in spec.usages:
        raise ValidationFailed(f"KeyUsage {wanted} is not compatible with KeySpec {name}")
    return wanted


async def make_secret(kms: Kms, spec_name: str) -> bytes:
    """New material for a key of a spec."""
    spec = SPECS[spec_name]
    if spec.family in {"symmetric", "hmac"}:
        return bytes.fromhex(kms.ids.hex(spec.size))
    from homeport.aws.services.kms.crypto.asymmetric import make_pair

    return await asyncio.get_running_loop().run_in_executor(None, make_pair, spec_name)


def metadata(key: Key) -> KeyMetadata:
    """What DescribeKey tells of a key."""
    spec = SPECS[key.spec]
    told: KeyMetadata = {
        "AWSAccountId": key.place.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": key.created,
        "Enabled": key.enabled and key.delete_at is None,
        "Description": key.description,
        "KeyUsage": key.usage,
        "KeyState": _state(key),
        "Origin": "AWS_KMS",
        "KeyManager": key.manager,
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "MultiRegion": key.multi_region,
    }
    match key.usage:
        case "ENCRYPT_DECRYPT":
            told["EncryptionAlgorithms"] = list(spec.encryption)
        case "SIGN_VERIFY":
            told["SigningAlgorithms"] = list(spec.signing)
        case "GENERATE_VERIFY_MAC":
            told["MacAlgorithms"] = list(spec.mac)
        case "KEY_AGREEMENT":
            told["KeyAgreementAlgorithms"] = ["ECDH"]
    if key.multi_region:
        primary = {"Arn": key.arn, "Region": key.place.region}
        told["MultiRegionConfiguration"] = {
            "MultiRegionKeyType": "PRIMARY",
            "PrimaryKey": {"Arn": primary["Arn"], "Region": primary["Region"]},
            "ReplicaKeys": [],
        }
    if key.delete_at is not None:
        told["DeletionDate"] = key.delete_at
    return told


def _state(key: Key) -> str:
    if key.delete_at is not None:
        return "PendingDeletion"
    return "Enabled" if key.enabled else "Disabled"


async def describe_key(kms: Kms, call: Call, request: DescribeKeyRequest) -> DescribeKeyResponse:
    """Tell about a key."""
    await ensure_aws_key(kms, place_of(call), request["KeyId"])
    key = await kms.db.read(lambda snapshot: find_key(snapshot, place_of(call), request["KeyId"]))
    return {"KeyMetadata": metadata(key)}


async def list_keys(kms: Kms, call: Call, request: ListKeysRequest) -> ListKeysResponse:
    """The account's keys in the region."""
    limit = request.get("Limit", _DEFAULT_LIMIT)
    marker = request.get("Marker", "")
    found = await kms.db.read(lambda snapshot: store.keys(snapshot, place_of(call), marker, limit + 1))
    page = found[:limit]
    answer: ListKeysResponse = {
        "Keys": [{"KeyId": key.id, "KeyArn": key.arn} for key in page],
        "Truncated": len(found) > limit,
    }
    if len(found) > limit:
        answer["NextMarker"] = page[-1].id
    return answer


async def enable_key(kms: Kms, call: Call, request: EnableKeyRequest) -> None:
    """Switch a key on."""
    await _switch(kms, call, request["KeyId"], enabled=True)


async def disable_key(kms: Kms, call: Call, request: DisableKeyRequest) -> None:
    """Switch a key off."""
    await _switch(kms, call, request["KeyId"], enabled=False)


async def _switch(kms: Kms, call: Call, key_id: str, *, enabled: bool) -> None:
    def write(tx: Tx) -> None:
        store.put_key(tx, store.changed(not_deleted(find_key(tx, place_of(call), key_id)), enabled=enabled))

    await kms.db.write(write)


def not_deleted(key: Key) -> Key:
    """The key, unless it is waiting to be deleted.

    Raises:
        InvalidState: it is.
    """
    if key.delete_at is not None:
        raise InvalidState.pending_deletion(key.arn)
    return key


async def update_key_description(kms: Kms, call: Call, request: UpdateKeyDescriptionRequest) -> None:
    """Describe a key anew."""

    def write(tx: Tx) -> None:
        key = not_deleted(find_key(tx, place_of(call), request["KeyId"]))
        store.put_key(tx, store.changed(key, description=request["Description"]))

    await kms.db.write(write)


async def schedule_key_deletion(
    kms: Kms, call: Call, request: ScheduleKeyDeletionRequest
) -> ScheduleKeyDeletionResponse:
    """Let a key be removed after 7 to 30 days."""
    days = request.get("PendingWindowInDays", _DEFAULT_DELETION_DAYS)
    due = Millis(kms.clock.now() + days * _DAY_MS)

    def write(tx: Tx) -> Key:
        key = store.changed(
            not_deleted(find_key(tx, place_of(call), request["KeyId"])),
            delete_at=due,
            deletion_days=days,
            enabled=False,
        )
        store.put_key(tx, key)
        tx.after_commit(kms.wake)
        return key

    key = await kms.db.write(write)
    return {"KeyId": key.arn, "DeletionDate": due, "KeyState": "PendingDeletion", "PendingWindowInDays": days}


async def cancel_key_deletion(kms: Kms, call: Call, request: CancelKeyDeletionRequest) -> CancelKeyDeletionResponse:
    """Keep a key after all; it stays switched off."""

    def write(tx: Tx) -> Key:
        key = find_key(tx, place_of(call), request["KeyId"])
        if key.delete_at is None:
            raise InvalidState.not_pending_deletion(key.arn)
        key = store.changed(key, delete_at=None, deletion_days=0)
        store.put_key(tx, key)
        return key

    return {"KeyId": (await kms.db.write(write)).arn}
