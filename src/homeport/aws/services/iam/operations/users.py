"""Users, and the keys that they sign with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from homeport.aws.auth.keys import AccessKey, new_secret, unique_id
from homeport.aws.call import Call
from homeport.aws.services.iam import store
from homeport.aws.services.iam.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    NoSuchEntity,
)
from homeport.aws.services.iam.room import Iam, add, find, new_entity, page_of, tags_of, told_boundary, told_tags
from homeport.aws.services.iam.store import Entity
from homeport.kernel.storage.database import Snapshot, Tx

if TYPE_CHECKING:
    from homeport.aws.api.iam import (
        AccessKeyMetadata,
        CreateAccessKeyRequest,
        CreateAccessKeyResponse,
        CreateUserRequest,
        CreateUserResponse,
        DeleteAccessKeyRequest,
        DeleteUserRequest,
        GetAccessKeyLastUsedRequest,
        GetAccessKeyLastUsedResponse,
        GetUserRequest,
        GetUserResponse,
        ListAccessKeysRequest,
        ListAccessKeysResponse,
        ListUsersRequest,
        ListUsersResponse,
        UpdateAccessKeyRequest,
        UpdateUserRequest,
        User,
    )

_MOST_KEYS: Final = 2
_STATUSES: Final = {"Active": True, "Inactive": False}


def told(user: Entity, *, whole: bool = True) -> User:
    """A user as answers have it; listings leave tags and boundary out."""
    answer: User = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created,
    }
    if whole and user.tags:
        answer["Tags"] = [{"Key": tag["Key"], "Value": tag["Value"]} for tag in told_tags(user)]
    if whole and (boundary := told_boundary(user)):
        answer["PermissionsBoundary"] = boundary["PermissionsBoundary"]
    return answer


def caller_name(call: Call) -> str:
    """The user who calls.

    Raises:
        InvalidInput: it is no user, as the account's root.
    """
    kind, _, name = call.principal_arn.rpartition(":")[2].partition("/")
    if kind != "user":
        raise InvalidInput("Must specify userName when calling with non-User credentials")
    return name.rpartition("/")[2]


async def create_user(iam: Iam, call: Call, request: CreateUserRequest) -> CreateUserResponse:
    """Make a user."""
    tags = tags_of([{"Key": tag["Key"], "Value": tag["Value"]} for tag in request.get("Tags", [])])
    user = new_entity(
        iam,
        call.account,
        "user",
        request["UserName"],
        request.get("Path"),
        {"tags": tags, "boundary": request.get("PermissionsBoundary", "")},
    )
    return {"User": told(await iam.db.write(lambda tx: add(tx, user)))}


async def get_user(iam: Iam, call: Call, request: GetUserRequest) -> GetUserResponse:
    """A user; without a name the one who asks, who may be the account's root."""
    name = request.get("UserName")
    if name is None and call.principal_arn.endswith(":root"):
        root: User = {
            "Path": "/",
            "UserName": "root",
            "UserId": call.account,
            "Arn": call.principal_arn,
            "CreateDate": iam.clock.now(),
        }
        return {"User": root}
    wanted = name or caller_name(call)
    return {"User": told(await iam.db.read(lambda snapshot: find(snapshot, call.account, "user", wanted)))}


async def list_users(iam: Iam, call: Call, request: ListUsersRequest) -> ListUsersResponse:
    """The account's users."""
    page = await iam.db.read(lambda snapshot: page_of(store.every(snapshot, call.account, "user"), request))
    answer: ListUsersResponse = {"Users": [told(user, whole=False) for user in page.entities]}
    answer.update(page.told)  # type: ignore[typeddict-item] # the members of every listing
    return answer


async def update_user(iam: Iam, call: Call, request: UpdateUserRequest) -> None:
    """Give a user another name or path; its keys and groups go with it."""

    def write(tx: Tx) -> None:
        user = find(tx, call.account, "user", request["UserName"])
        new_name = request.get("NewUserName", user.name)
        if new_name.lower() != user.name.lower() and store.get(tx, call.account, "user", new_name) is not None:
            raise EntityAlreadyExists(f"User with name {new_name} already exists.")
        renamed = replace(user, name=new_name, path=request.get("NewPath", user.path))
        store.remove(tx, user)
        store.put(tx, renamed)
        for key in iam.keys.of_principal(tx, user.arn):
            iam.keys.put(tx, replace(key, principal_arn=renamed.arn))
        for group in list(store.every(tx, call.account, "group")):
            if user.name in group.members:
                members = [renamed.name if name == user.name else name for name in group.members]
                store.put(tx, group.with_facts(members=members))

    await iam.db.write(write)


async def delete_user(iam: Iam, call: Call, request: DeleteUserRequest) -> None:
    """Delete a user who has nothing left."""

    def write(tx: Tx) -> None:
        user = find(tx, call.account, "user", request["UserName"])
        if user.attached:
            raise DeleteConflict("Cannot delete entity, must detach all policies first.")
        if user.inline:
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
        if any(user.name in group.members for group in store.every(tx, call.account, "group")):
            raise DeleteConflict("Cannot delete entity, must remove users from group first.")
        if iam.keys.of_principal(tx, user.arn):
            raise DeleteConflict("Cannot delete entity, must delete access keys first.")
        store.remove(tx, user)

    await iam.db.write(write)


# Access keys


def _told_key(name: str, key: AccessKey) -> AccessKeyMetadata:
    return {
        "UserName": name,
        "AccessKeyId": key.id,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": key.created,
    }


async def create_access_key(iam: Iam, call: Call, request: CreateAccessKeyRequest) -> CreateAccessKeyResponse:
    """Give a user a key; its secret is told this once."""
    name = request.get("UserName") or caller_name(call)
    key_id, secret, now = unique_id(iam.ids, "AKIA"), new_secret(iam.ids), iam.clock.now()

    def write(tx: Tx) -> Entity:
        user = find(tx, call.account, "user", name)
        if len(iam.keys.of_principal(tx, user.arn)) >= _MOST_KEYS:
            raise LimitExceeded(f"Cannot exceed quota for AccessKeysPerUser: {_MOST_KEYS}")
        iam.keys.put(tx, AccessKey(key_id, secret, call.account, user.arn, user.id, now))
        return user

    user = await iam.db.write(write)
    return {
        "AccessKey": {
            "UserName": user.name,
            "AccessKeyId": key_id,
            "Status": "Active",
            "SecretAccessKey": secret,
            "CreateDate": now,
        }
    }


async def list_access_keys(iam: Iam, call: Call, request: ListAccessKeysRequest) -> ListAccessKeysResponse:
    """A user's keys without their secrets."""
    name = request.get("UserName") or caller_name(call)

    def read(snapshot: Snapshot) -> ListAccessKeysResponse:
        user = find(snapshot, call.account, "user", name)
        keys = iam.keys.of_principal(snapshot, user.arn)
        return {"AccessKeyMetadata": [_told_key(user.name, key) for key in keys], "IsTruncated": False}

    return await iam.db.read(read)


def _key_of(iam: Iam, snapshot: Snapshot, account: str, name: str, key_id: str) -> AccessKey:
    user = find(snapshot, account, "user", name)
    key = iam.keys.get(snapshot, key_id)
    if key is None or key.principal_arn != user.arn:
        raise NoSuchEntity(f"The Access Key with id {key_id} cannot be found.")
    return key


async def update_access_key(iam: Iam, call: Call, request: UpdateAccessKeyRequest) -> None:
    """Switch a key on or off."""
    name = request.get("UserName") or caller_name(call)
    if request["Status"] not in _STATUSES:
        raise InvalidInput("A key's status is Active or Inactive.")

    def write(tx: Tx) -> None:
        key = _key_of(iam, tx, call.account, name, request["AccessKeyId"])
        iam.keys.put(tx, replace(key, active=_STATUSES[request["Status"]]))

    await iam.db.write(write)


async def delete_access_key(iam: Iam, call: Call, request: DeleteAccessKeyRequest) -> None:
    """Take a key away."""
    name = request.get("UserName") or caller_name(call)

    def write(tx: Tx) -> None:
        iam.keys.remove(tx, _key_of(iam, tx, call.account, name, request["AccessKeyId"]).id)

    await iam.db.write(write)


async def get_access_key_last_used(
    iam: Iam, _call: Call, request: GetAccessKeyLastUsedRequest
) -> GetAccessKeyLastUsedResponse:
    """Whose a key is; its uses are not counted, which AWS tells in the same words."""
    key = await iam.db.read(lambda snapshot: iam.keys.get(snapshot, request["AccessKeyId"]))
    if key is None:
        raise NoSuchEntity(f"The Access Key with id {request['AccessKeyId']} cannot be found.")
    return {
        "UserName": key.principal_arn.rpartition("/")[2],
        "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"},
    }
