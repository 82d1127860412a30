"""Groups of users."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from homeport.aws.call import Call
from homeport.aws.services.iam import store
from homeport.aws.services.iam.errors import DeleteConflict, EntityAlreadyExists
from homeport.aws.services.iam.operations import users
from homeport.aws.services.iam.room import Iam, add, find, new_entity, page_of
from homeport.aws.services.iam.store import Entity
from homeport.kernel.storage.database import Snapshot, Tx

if TYPE_CHECKING:
    from homeport.aws.api.iam import (
        AddUserToGroupRequest,
        CreateGroupRequest,
        CreateGroupResponse,
        DeleteGroupRequest,
        GetGroupRequest,
        GetGroupResponse,
        Group,
        ListGroupsForUserRequest,
        ListGroupsForUserResponse,
        ListGroupsRequest,
        ListGroupsResponse,
        RemoveUserFromGroupRequest,
        UpdateGroupRequest,
    )


def told(group: Entity) -> Group:
    """A group as answers have it."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.created,
    }


async def create_group(iam: Iam, call: Call, request: CreateGroupRequest) -> CreateGroupResponse:
    """Make a group."""
    group = new_entity(iam, call.account, "group", request["GroupName"], request.get("Path"), {})
    return {"Group": told(await iam.db.write(lambda tx: add(tx, group)))}


async def get_group(iam: Iam, call: Call, request: GetGroupRequest) -> GetGroupResponse:
    """A group and its users."""

    def read(snapshot: Snapshot) -> GetGroupResponse:
        group = find(snapshot, call.account, "group", request["GroupName"])
        members = [find(snapshot, call.account, "user", name) for name in group.members]
        return {
            "Group": told(group),
            "Users": [users.told(user, whole=False) for user in members],
            "IsTruncated": False,
        }

    return await iam.db.read(read)


async def list_groups(iam: Iam, call: Call, request: ListGroupsRequest) -> ListGroupsResponse:
    """The account's groups."""
    page = await iam.db.read(lambda snapshot: page_of(store.every(snapshot, call.account, "group"), request))
    answer: ListGroupsResponse = {"Groups": [told(group) for group in page.entities]}
    answer.update(page.told)  # type: ignore[typeddict-item] # the members of every listing
    return answer


async def update_group(iam: Iam, call: Call, request: UpdateGroupRequest) -> None:
    """Give a group another name or path."""

    def write(tx: Tx) -> None:
        group = find(tx, call.account, "group", request["GroupName"])
        new_name = request.get("NewGroupName", group.name)
        if new_name.lower() != group.name.lower() and store.get(tx, call.account, "group", new_name) is not None:
            raise EntityAlreadyExists(f"Group with name {new_name} already exists.")
        store.remove(tx, group)
        store.put(tx, replace(group, name=new_name, path=request.get("NewPath", group.path)))

    await iam.db.write(write)


async def delete_group(iam: Iam, call: Call, request: DeleteGroupRequest) -> None:
    """Delete a group that has nothing left."""

    def write(tx: Tx) -> None:
        group = find(tx, call.account, "group", request["GroupName"])
        if group.members:
            raise DeleteConflict("Cannot delete entity, must remove users from group first.")
        if group.attached:
            raise DeleteConflict("Cannot delete entity, must detach all policies first.")
        if group.inline:
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
        store.remove(tx, group)

    await iam.db.write(write)


async def add_user_to_group(iam: Iam, call: Call, request: AddUserToGroupRequest) -> None:
    """Put a user into a group; one who is there already stays."""

    def write(tx: Tx) -> None:
        group = find(tx, call.account, "group", request["GroupName"])
        user = find(tx, call.account, "user", request["UserName"])
        if user.name not in group.members:
            store.put(tx, group.with_facts(members=[*group.members, user.name]))

    await iam.db.write(write)


async def remove_user_from_group(iam: Iam, call: Call, request: RemoveUserFromGroupRequest) -> None:
    """Take a user out of a group."""

    def write(tx: Tx) -> None:
        group = find(tx, call.account, "group", request["GroupName"])
        user = find(tx, call.account, "user", request["UserName"])
        store.put(tx, group.with_facts(members=[name for name in group.members if name != user.name]))

    await iam.db.write(write)


async def list_groups_for_user(iam: Iam, call: Call, request: ListGroupsForUserRequest) -> ListGroupsForUserResponse:
    """The groups that a user is in."""

    def read(snapshot: Snapshot) -> ListGroupsForUserResponse:
        user = find(snapshot, call.account, "user", request["UserName"])
        groups = [g for g in store.every(snapshot, call.account, "group") if user.name in g.members]
        return {"Groups": [told(group) for group in groups], "IsTruncated": False}

    return await iam.db.read(read)
