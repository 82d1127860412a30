"""What is kept with a key: its policy, its tags, its rotation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from homeport.aws.call import Call
from homeport.aws.services.kms import store
from homeport.aws.services.kms.errors import NotFound, UnsupportedOperation, ValidationFailed
from homeport.aws.services.kms.model import DEFAULT_POLICY_NAME, check_policy, check_tags, default_policy
from homeport.aws.services.kms.operations.keys import make_secret, not_deleted
from homeport.aws.services.kms.room import Kms, find_key, find_usable_key, place_of
from homeport.aws.services.kms.store import Key, Material
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx

if TYPE_CHECKING:
    from homeport.aws.api.kms import (
        DisableKeyRotationRequest,
        EnableKeyRotationRequest,
        GetKeyPolicyRequest,
        GetKeyPolicyResponse,
        GetKeyRotationStatusRequest,
        GetKeyRotationStatusResponse,
        ListKeyPoliciesRequest,
        ListKeyPoliciesResponse,
        ListKeyRotationsRequest,
        ListKeyRotationsResponse,
        ListResourceTagsRequest,
        ListResourceTagsResponse,
        PutKeyPolicyRequest,
        RotateKeyOnDemandRequest,
        RotateKeyOnDemandResponse,
        TagResourceRequest,
        UntagResourceRequest,
    )

_DAY_MS: Final = 86_400_000
_DEFAULT_ROTATION_DAYS: Final = 365


async def _find(kms: Kms, call: Call, key_id: str) -> Key:
    return await kms.db.read(lambda snapshot: find_key(snapshot, place_of(call), key_id))


async def get_key_policy(kms: Kms, call: Call, request: GetKeyPolicyRequest) -> GetKeyPolicyResponse:
    """The key's policy."""
    key = await _find(kms, call, request["KeyId"])
    if request.get("PolicyName", DEFAULT_POLICY_NAME) != DEFAULT_POLICY_NAME:
        raise NotFound("No such policy exists")
    return {"Policy": key.policy or default_policy(key.place.account), "PolicyName": DEFAULT_POLICY_NAME}


async def put_key_policy(kms: Kms, call: Call, request: PutKeyPolicyRequest) -> None:
    """Replace the key's policy."""
    policy = check_policy(request["Policy"])

    def write(tx: Tx) -> None:
        key = not_deleted(find_key(tx, place_of(call), request["KeyId"]))
        store.put_key(tx, store.changed(key, policy=policy))

    await kms.db.write(write)


async def list_key_policies(kms: Kms, call: Call, request: ListKeyPoliciesRequest) -> ListKeyPoliciesResponse:
    """There is one, and its name is always the same."""
    await _find(kms, call, request["KeyId"])
    return {"PolicyNames": [DEFAULT_POLICY_NAME], "Truncated": False}


async def tag_resource(kms: Kms, call: Call, request: TagResourceRequest) -> None:
    """Add tags."""
    added = check_tags(request["Tags"])

    def write(tx: Tx) -> None:
        key = not_deleted(find_key(tx, place_of(call), request["KeyId"]))
        store.put_key(tx, store.changed(key, tags={**key.tags, **added}))

    await kms.db.write(write)


async def untag_resource(kms: Kms, call: Call, request: UntagResourceRequest) -> None:
    """Take tags away."""
    gone = set(request["TagKeys"])

    def write(tx: Tx) -> None:
        key = not_deleted(find_key(tx, place_of(call), request["KeyId"]))
        store.put_key(tx, store.changed(key, tags={n: v for n, v in key.tags.items() if n not in gone}))

    await kms.db.write(write)


async def list_resource_tags(kms: Kms, call: Call, request: ListResourceTagsRequest) -> ListResourceTagsResponse:
    """The key's tags; a key has few enough for one answer."""
    key = await _find(kms, call, request["KeyId"])
    tags = [{"TagKey": name, "TagValue": value} for name, value in sorted(key.tags.items())]
    return {"Tags": [{"TagKey": tag["TagKey"], "TagValue": tag["TagValue"]} for tag in tags], "Truncated": False}


# Rotation


def _rotates(key: Key) -> Key:
    if key.spec != "SYMMETRIC_DEFAULT":
        raise UnsupportedOperation(f"{key.arn} cannot be rotated: only symmetric encryption keys can.")
    return key


async def enable_key_rotation(kms: Kms, call: Call, request: EnableKeyRotationRequest) -> None:
    """Let the key be rotated every so many days."""
    days = request.get("RotationPeriodInDays", _DEFAULT_ROTATION_DAYS)

    def write(tx: Tx) -> None:
        key = _rotates(find_usable_key(tx, place_of(call), request["KeyId"]))
        store.put_key(tx, store.changed(key, rotation_days=days))

    await kms.db.write(write)


async def disable_key_rotation(kms: Kms, call: Call, request: DisableKeyRotationRequest) -> None:
    """Let it not be rotated by itself."""

    def write(tx: Tx) -> None:
        key = _rotates(find_usable_key(tx, place_of(call), request["KeyId"]))
        store.put_key(tx, store.changed(key, rotation_days=0))

    await kms.db.write(write)


async def get_key_rotation_status(
    kms: Kms, call: Call, request: GetKeyRotationStatusRequest
) -> GetKeyRotationStatusResponse:
    """Whether and when the key is rotated."""

    def read(snapshot: Snapshot) -> tuple[Key, Millis]:
        key = find_key(snapshot, place_of(call), request["KeyId"])
        return key, store.materials(snapshot, key)[-1].created

    key, since = await kms.db.read(read)
    told: GetKeyRotationStatusResponse = {"KeyRotationEnabled": key.rotation_days > 0, "KeyId": key.id}
    if key.rotation_days:
        told["RotationPeriodInDays"] = key.rotation_days
        told["NextRotationDate"] = Millis(since + key.rotation_days * _DAY_MS)
    return told


async def rotate_key_on_demand(kms: Kms, call: Call, request: RotateKeyOnDemandRequest) -> RotateKeyOnDemandResponse:
    """Give the key new material now; what the old one encrypted can still be decrypted."""
    secret = await make_secret(kms, "SYMMETRIC_DEFAULT")
    now = kms.clock.now()

    def write(tx: Tx) -> Key:
        key = _rotates(find_usable_key(tx, place_of(call), request["KeyId"]))
        number = store.materials(tx, key)[-1].number + 1
        store.add_material(tx, key, Material(number, secret, now, "ON_DEMAND"))
        return key

    return {"KeyId": (await kms.db.write(write)).id}


async def list_key_rotations(kms: Kms, call: Call, request: ListKeyRotationsRequest) -> ListKeyRotationsResponse:
    """When the key got new material."""
    if request.get("Marker"):
        raise ValidationFailed("All rotations come in one answer.")

    def read(snapshot: Snapshot) -> tuple[Key, list[Material]]:
        key = _rotates(find_key(snapshot, place_of(call), request["KeyId"]))
        return key, list(store.materials(snapshot, key))

    key, materials = await kms.db.read(read)
    return {
        "Rotations": [
            {"KeyId": key.id, "RotationDate": material.created, "RotationType": material.rotation}
            for material in materials
            if material.rotation
        ],
        "Truncated": False,
    }
