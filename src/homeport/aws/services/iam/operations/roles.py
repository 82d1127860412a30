"""Roles: who may take them, and what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from homeport.aws.call import Call
from homeport.aws.services.iam import store
from homeport.aws.services.iam.errors import DeleteConflict, UnmodifiableEntity
from homeport.aws.services.iam.model.documents import check_document, encoded
from homeport.aws.services.iam.room import (
    Iam,
    add,
    change,
    find,
    new_entity,
    page_of,
    tags_of,
    told_boundary,
    told_tags,
)
from homeport.aws.services.iam.store import Entity
from homeport.kernel.storage.database import Tx

if TYPE_CHECKING:
    from homeport.aws.api.iam import (
        CreateRoleRequest,
        CreateRoleResponse,
        CreateServiceLinkedRoleRequest,
        CreateServiceLinkedRoleResponse,
        DeleteRoleRequest,
        GetRoleRequest,
        GetRoleResponse,
        ListRolesRequest,
        ListRolesResponse,
        Role,
        UpdateAssumeRolePolicyRequest,
        UpdateRoleDescriptionRequest,
        UpdateRoleDescriptionResponse,
        UpdateRoleRequest,
        UpdateRoleResponse,
    )

_DEFAULT_SESSION_SECONDS: Final = 3600
_LINKED_PATH: Final = "/aws-service-role/"


def told(role: Entity, *, whole: bool = True) -> Role:
    """A role as answers have it; listings leave tags and boundary out."""
    answer: Role = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": encoded(role.facts["document"]),
        "MaxSessionDuration": role.facts.get("max_session_seconds", _DEFAULT_SESSION_SECONDS),
    }
    if role.facts.get("description"):
        answer["Description"] = role.facts["description"]
    if whole:
        answer["RoleLastUsed"] = {}
        if role.tags:
            answer["Tags"] = [{"Key": tag["Key"], "Value": tag["Value"]} for tag in told_tags(role)]
        if boundary := told_boundary(role):
            answer["PermissionsBoundary"] = boundary["PermissionsBoundary"]
    return answer


async def create_role(iam: Iam, call: Call, request: CreateRoleRequest) -> CreateRoleResponse:
    """Make a role."""
    facts = {
        "document": check_document(request["AssumeRolePolicyDocument"], trust=True),
        "description": request.get("Description", ""),
        "max_session_seconds": request.get("MaxSessionDuration", _DEFAULT_SESSION_SECONDS),
        "boundary": request.get("PermissionsBoundary", ""),
        "tags": tags_of([{"Key": tag["Key"], "Value": tag["Value"]} for tag in request.get("Tags", [])]),
    }
    role = new_entity(iam, call.account, "role", request["RoleName"], request.get("Path"), facts)
    return {"Role": told(await iam.db.write(lambda tx: add(tx, role)))}


async def get_role(iam: Iam, call: Call, request: GetRoleRequest) -> GetRoleResponse:
    """A role."""
    return {"Role": told(await iam.db.read(lambda snapshot: find(snapshot, call.account, "role", request["RoleName"])))}


async def list_roles(iam: Iam, call: Call, request: ListRolesRequest) -> ListRolesResponse:
    """The account's roles."""
    page = await iam.db.read(lambda snapshot: page_of(store.every(snapshot, call.account, "role"), request))
    answer: ListRolesResponse = {"Roles": [told(role, whole=False) for role in page.entities]}
    answer.update(page.told)  # type: ignore[typeddict-item] # the members of every listing
    return answer


async def update_role(iam: Iam, call: Call, request: UpdateRoleRequest) -> UpdateRoleResponse:
    """Change a role's description and longest session."""

    def changed(role: Entity) -> Entity:
        return role.with_facts(
            description=request.get("Description", role.facts.get("description", "")),
            max_session_seconds=request.get("MaxSessionDuration", role.facts.get("max_session_seconds", 3600)),
        )

    await change(iam, call.account, "role", request["RoleName"], changed)
    return {}


async def update_role_description(
    iam: Iam, call: Call, request: UpdateRoleDescriptionRequest
) -> UpdateRoleDescriptionResponse:
    """Describe a role anew."""
    role = await change(
        iam, call.account, "role", request["RoleName"], lambda r: r.with_facts(description=request["Description"])
    )
    return {"Role": told(role)}


async def update_assume_role_policy(iam: Iam, call: Call, request: UpdateAssumeRolePolicyRequest) -> None:
    """Say anew who may take a role."""
    document = check_document(request["PolicyDocument"], trust=True)
    await change(iam, call.account, "role", request["RoleName"], lambda role: role.with_facts(document=document))


async def delete_role(iam: Iam, call: Call, request: DeleteRoleRequest) -> None:
    """Delete a role that nothing hangs on."""

    def write(tx: Tx) -> None:
        role = find(tx, call.account, "role", request["RoleName"])
        if role.path.startswith(_LINKED_PATH):
            raise UnmodifiableEntity(f"Cannot perform the operation on the protected role '{role.name}'")
        if any(role.name in profile.members for profile in store.every(tx, call.account, "instance-profile")):
            raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
        if role.attached:
            raise DeleteConflict("Cannot delete entity, must detach all policies first.")
        if role.inline:
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
        store.remove(tx, role)

    await iam.db.write(write)


async def create_service_linked_role(
    iam: Iam, call: Call, request: CreateServiceLinkedRoleRequest
) -> CreateServiceLinkedRoleResponse:
    """Make the role that a service asks for under its own name."""
    service = request["AWSServiceName"]
    word = "".join(part.capitalize() for part in service.removesuffix(".amazonaws.com").replace(".", "-").split("-"))
    suffix = request.get("CustomSuffix", "")
    statement = {"Effect": "Allow", "Principal": {"Service": [service]}, "Action": ["sts:AssumeRole"]}
    document = orjson.dumps({"Version": "2012-10-17", "Statement": [statement]}).decode()
    role = new_entity(
        iam,
        call.account,
        "role",
        f"AWSServiceRoleFor{word}" + (f"_{suffix}" if suffix else ""),
        f"{_LINKED_PATH}{service}/",
        {"document": check_document(document, trust=True), "description": request.get("Description", "")},
    )
    return {"Role": told(await iam.db.write(lambda tx: add(tx, role)))}
