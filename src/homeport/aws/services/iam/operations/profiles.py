"""Instance profiles, and what an account as a whole has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from homeport.aws.call import Call
from homeport.aws.services.iam import store
from homeport.aws.services.iam.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from homeport.aws.services.iam.operations import roles
from homeport.aws.services.iam.room import Iam, add, find, new_entity, page_of, tags_of, told_tags
from homeport.aws.services.iam.store import Entity
from homeport.kernel.storage.database import Snapshot, Tx

if TYPE_CHECKING:
    from homeport.aws.api.iam import (
        AddRoleToInstanceProfileRequest,
        CreateAccountAliasRequest,
        CreateInstanceProfileRequest,
        CreateInstanceProfileResponse,
        DeleteAccountAliasRequest,
        DeleteInstanceProfileRequest,
        GetAccountSummaryResponse,
        GetInstanceProfileRequest,
        GetInstanceProfileResponse,
        InstanceProfile,
        ListAccountAliasesRequest,
        ListAccountAliasesResponse,
        ListInstanceProfilesForRoleRequest,
        ListInstanceProfilesForRoleResponse,
        ListInstanceProfilesRequest,
        ListInstanceProfilesResponse,
        RemoveRoleFromInstanceProfileRequest,
    )

_KIND: Final = "instance-profile"


def _told(snapshot: Snapshot, profile: Entity, *, whole: bool = True) -> InstanceProfile:
    members = (store.get(snapshot, profile.account, "role", name) for name in profile.members)
    answer: InstanceProfile = {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.created,
        "Roles": [roles.told(role, whole=False) for role in members if role is not None],
    }
    if whole:
        answer["Tags"] = [{"Key": tag["Key"], "Value": tag["Value"]} for tag in told_tags(profile)]
    return answer


async def create_instance_profile(
    iam: Iam, call: Call, request: CreateInstanceProfileRequest
) -> CreateInstanceProfileResponse:
    """Make an instance profile."""
    tags = tags_of([{"Key": tag["Key"], "Value": tag["Value"]} for tag in request.get("Tags", [])])
    name = request["InstanceProfileName"]
    profile = new_entity(iam, call.account, _KIND, name, request.get("Path"), {"tags": tags})
    return {"InstanceProfile": await iam.db.write(lambda tx: _told(tx, add(tx, profile)))}


async def get_instance_profile(iam: Iam, call: Call, request: GetInstanceProfileRequest) -> GetInstanceProfileResponse:
    """An instance profile with its role."""
    name = request["InstanceProfileName"]
    told = await iam.db.read(lambda snapshot: _told(snapshot, find(snapshot, call.account, _KIND, name)))
    return {"InstanceProfile": told}


async def list_instance_profiles(
    iam: Iam, call: Call, request: ListInstanceProfilesRequest
) -> ListInstanceProfilesResponse:
    """The account's instance profiles."""

    def read(snapshot: Snapshot) -> ListInstanceProfilesResponse:
        page = page_of(store.every(snapshot, call.account, _KIND), request)
        told = [_told(snapshot, profile, whole=False) for profile in page.entities]
        answer: ListInstanceProfilesResponse = {"InstanceProfiles": told}
        answer.update(page.told)  # type: ignore[typeddict-item] # the members of every listing
        return answer

    return await iam.db.read(read)


async def list_instance_profiles_for_role(
    iam: Iam, call: Call, request: ListInstanceProfilesForRoleRequest
) -> ListInstanceProfilesForRoleResponse:
    """The instance profiles that a role is in."""

    def read(snapshot: Snapshot) -> ListInstanceProfilesForRoleResponse:
        role = find(snapshot, call.account, "role", request["RoleName"])
        found = [p for p in store.every(snapshot, call.account, _KIND) if role.name in p.members]
        return {"InstanceProfiles": [_told(snapshot, p, whole=False) for p in found], "IsTruncated": False}

    return await iam.db.read(read)


async def delete_instance_profile(iam: Iam, call: Call, request: DeleteInstanceProfileRequest) -> None:
    """Delete an instance profile without a role."""

    def write(tx: Tx) -> None:
        profile = find(tx, call.account, _KIND, request["InstanceProfileName"])
        if profile.members:
            raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
        store.remove(tx, profile)

    await iam.db.write(write)


async def add_role_to_instance_profile(iam: Iam, call: Call, request: AddRoleToInstanceProfileRequest) -> None:
    """Put a role in; there is room for one."""

    def write(tx: Tx) -> None:
        profile = find(tx, call.account, _KIND, request["InstanceProfileName"])
        role = find(tx, call.account, "role", request["RoleName"])
        if profile.members:
            raise LimitExceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
        store.put(tx, profile.with_facts(members=[role.name]))

    await iam.db.write(write)


async def remove_role_from_instance_profile(
    iam: Iam, call: Call, request: RemoveRoleFromInstanceProfileRequest
) -> None:
    """Take the role out."""

    def write(tx: Tx) -> None:
        profile = find(tx, call.account, _KIND, request["InstanceProfileName"])
        name = request["RoleName"]
        if name not in profile.members:
            raise NoSuchEntity(f"The role with name {name} cannot be found.")
        store.put(tx, profile.with_facts(members=[]))

    await iam.db.write(write)


# The account


async def create_account_alias(iam: Iam, call: Call, request: CreateAccountAliasRequest) -> None:
    """Give the account a name; it replaces the one before."""
    alias = request["AccountAlias"]

    def write(tx: Tx) -> None:
        if store.alias_of(tx, call.account) == alias:
            raise EntityAlreadyExists(f"The account alias {alias} already exists.")
        store.put_alias(tx, call.account, alias)

    await iam.db.write(write)


async def delete_account_alias(iam: Iam, call: Call, request: DeleteAccountAliasRequest) -> None:
    """Take the account's name away."""
    alias = request["AccountAlias"]

    def write(tx: Tx) -> None:
        if store.alias_of(tx, call.account) != alias:
            raise NoSuchEntity(f"The account alias {alias} cannot be found.")
        store.remove_alias(tx, call.account)

    await iam.db.write(write)


async def list_account_aliases(iam: Iam, call: Call, _request: ListAccountAliasesRequest) -> ListAccountAliasesResponse:
    """The account's name, if it has one."""
    alias = await iam.db.read(lambda snapshot: store.alias_of(snapshot, call.account))
    return {"AccountAliases": [alias] if alias is not None else [], "IsTruncated": False}


async def get_account_summary(iam: Iam, call: Call, _request: object) -> GetAccountSummaryResponse:
    """How many of everything there are, and AWS's usual quotas."""

    def read(snapshot: Snapshot) -> GetAccountSummaryResponse:
        def count(kind: store.Kind) -> int:
            return sum(1 for _ in store.every(snapshot, call.account, kind))

        return {
            "SummaryMap": {
                "Users": count("user"),
                "UsersQuota": 5000,
                "Groups": count("group"),
                "GroupsQuota": 300,
                "Roles": count("role"),
                "RolesQuota": 1000,
                "Policies": count("policy"),
                "PoliciesQuota": 1500,
                "InstanceProfiles": count("instance-profile"),
                "InstanceProfilesQuota": 1000,
                "AccessKeysPerUserQuota": 2,
                "VersionsPerPolicyQuota": 5,
            }
        }

    return await iam.db.read(read)
