"""Customer policies and their versions, and AWS's own to read."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

from homeport.aws.call import Call
from homeport.aws.services.iam import store
from homeport.aws.services.iam.errors import DeleteConflict, LimitExceeded, NoSuchEntity
from homeport.aws.services.iam.model import managed
from homeport.aws.services.iam.model.documents import check_document, encoded
from homeport.aws.services.iam.operations.shared import policy_of
from homeport.aws.services.iam.room import Iam, add, new_entity, page_of, tags_of, told_tags
from homeport.aws.services.iam.store import Entity, Kind
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx

if TYPE_CHECKING:
    from homeport.aws.api.iam import (
        CreatePolicyRequest,
        CreatePolicyResponse,
        CreatePolicyVersionRequest,
        CreatePolicyVersionResponse,
        DeletePolicyRequest,
        DeletePolicyVersionRequest,
        GetPolicyRequest,
        GetPolicyResponse,
        GetPolicyVersionRequest,
        GetPolicyVersionResponse,
        ListEntitiesForPolicyRequest,
        ListEntitiesForPolicyResponse,
        ListPoliciesRequest,
        ListPoliciesResponse,
        ListPolicyVersionsRequest,
        ListPolicyVersionsResponse,
        Policy,
        PolicyVersion,
        SetDefaultPolicyVersionRequest,
    )

_MOST_VERSIONS: Final = 5
_MANAGED_SINCE: Final = Millis(1423170000000)
_HOLDERS: Final[tuple[Kind, ...]] = ("user", "group", "role")


def find_policy(snapshot: Snapshot, account: str, arn: str) -> Entity:
    """A customer's policy by its ARN.

    Raises:
        NoSuchEntity: there is none.
    """
    policy = policy_of(snapshot, account, arn)
    if policy is None:
        raise NoSuchEntity(f"Policy {arn} was not found.")
    return policy


def _attachments(snapshot: Snapshot, account: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for kind in _HOLDERS:
        for entity in store.every(snapshot, account, kind):
            for arn in entity.attached:
                counts[arn] = counts.get(arn, 0) + 1
    return counts


def told(policy: Entity, attached: int, *, whole: bool = True) -> Policy:
    """A policy as answers have it; listings leave tags and description out."""
    answer: Policy = {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.facts["default"],
        "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": Millis(policy.facts["updated"]),
    }
    if whole and policy.facts.get("description"):
        answer["Description"] = policy.facts["description"]
    if whole:
        answer["Tags"] = [{"Key": tag["Key"], "Value": tag["Value"]} for tag in told_tags(policy)]
    return answer


def _told_version(policy: Entity, version: dict[str, Any], *, document: bool) -> PolicyVersion:
    answer: PolicyVersion = {
        "VersionId": version["id"],
        "IsDefaultVersion": version["id"] == policy.facts["default"],
        "CreateDate": Millis(version["created"]),
    }
    if document:
        answer["Document"] = encoded(version["document"])
    return answer


async def create_policy(iam: Iam, call: Call, request: CreatePolicyRequest) -> CreatePolicyResponse:
    """Make a policy with its first version."""
    now = iam.clock.now()
    first = {"id": "v1", "document": check_document(request["PolicyDocument"]), "created": now}
    facts = {
        "description": request.get("Description", ""),
        "tags": tags_of([{"Key": tag["Key"], "Value": tag["Value"]} for tag in request.get("Tags", [])]),
        "versions": [first],
        "default": "v1",
        "next_version": 2,
        "updated": now,
    }
    policy = new_entity(iam, call.account, "policy", request["PolicyName"], request.get("Path"), facts)
    return {"Policy": told(await iam.db.write(lambda tx: add(tx, policy)), 0)}


def _managed(arn: str, attached: int) -> Policy:
    path = arn.removeprefix(managed.PREFIX).rpartition("/")[0]
    return {
        "PolicyName": managed.name_of(arn),
        "PolicyId": f"ANPA{zlib.crc32(arn.encode()):016}",
        "Arn": arn,
        "Path": f"/{path}/" if path else "/",
        "DefaultVersionId": "v1",
        "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": _MANAGED_SINCE,
        "UpdateDate": _MANAGED_SINCE,
        "Tags": [],
    }


async def get_policy(iam: Iam, call: Call, request: GetPolicyRequest) -> GetPolicyResponse:
    """A policy."""
    arn = request["PolicyArn"]

    def read(snapshot: Snapshot) -> GetPolicyResponse:
        attached = _attachments(snapshot, call.account).get(arn, 0)
        if managed.document_of(arn) is not None:
            return {"Policy": _managed(arn, attached)}
        return {"Policy": told(find_policy(snapshot, call.account, arn), attached)}

    return await iam.db.read(read)


async def list_policies(iam: Iam, call: Call, request: ListPoliciesRequest) -> ListPoliciesResponse:
    """Policies: the customer's, AWS's that are known here, or both."""
    scope, only_attached = request.get("Scope", "All"), request.get("OnlyAttached", False)

    def read(snapshot: Snapshot) -> ListPoliciesResponse:
        counts = _attachments(snapshot, call.account)
        own = list(store.every(snapshot, call.account, "policy")) if scope != "AWS" else []
        page = page_of((p for p in own if not only_attached or counts.get(p.arn)), request)
        policies = [told(policy, counts.get(policy.arn, 0), whole=False) for policy in page.entities]
        if scope != "Local" and not page.marker:
            arns = [managed.PREFIX + name for name in managed.ACTIONS]
            policies += [_managed(arn, counts.get(arn, 0)) for arn in arns if not only_attached or counts.get(arn)]
        answer: ListPoliciesResponse = {"Policies": policies}
        answer.update(page.told)  # type: ignore[typeddict-item] # the members of every listing
        return answer

    return await iam.db.read(read)


async def delete_policy(iam: Iam, call: Call, request: DeletePolicyRequest) -> None:
    """Delete a policy that nobody has and whose other versions are gone."""
    arn = request["PolicyArn"]

    def write(tx: Tx) -> None:
        policy = find_policy(tx, call.account, arn)
        if _attachments(tx, call.account).get(arn):
            raise DeleteConflict("Cannot delete a policy attached to entities.")
        if len(policy.facts["versions"]) > 1:
            raise DeleteConflict(
                "This policy has more than one version. Before you delete a policy, you must delete "
                "the policy's versions. The default version is deleted with the policy."
            )
        store.remove(tx, policy)

    await iam.db.write(write)


async def list_entities_for_policy(
    iam: Iam, call: Call, request: ListEntitiesForPolicyRequest
) -> ListEntitiesForPolicyResponse:
    """Who has a policy."""
    arn = request["PolicyArn"]

    def holders(snapshot: Snapshot, kind: Kind) -> list[Entity]:
        if request.get("EntityFilter", kind.capitalize()) != kind.capitalize():
            return []
        return [entity for entity in store.every(snapshot, call.account, kind) if arn in entity.attached]

    def read(snapshot: Snapshot) -> ListEntitiesForPolicyResponse:
        if not managed.is_managed(arn):
            find_policy(snapshot, call.account, arn)
        return {
            "PolicyUsers": [{"UserName": e.name, "UserId": e.id} for e in holders(snapshot, "user")],
            "PolicyGroups": [{"GroupName": e.name, "GroupId": e.id} for e in holders(snapshot, "group")],
            "PolicyRoles": [{"RoleName": e.name, "RoleId": e.id} for e in holders(snapshot, "role")],
            "IsTruncated": False,
        }

    return await iam.db.read(read)


# Versions


async def create_policy_version(
    iam: Iam, call: Call, request: CreatePolicyVersionRequest
) -> CreatePolicyVersionResponse:
    """Add a version; a policy has at most five."""
    document, now = check_document(request["PolicyDocument"]), iam.clock.now()

    def write(tx: Tx) -> PolicyVersion:
        policy = find_policy(tx, call.account, request["PolicyArn"])
        if len(policy.facts["versions"]) >= _MOST_VERSIONS:
            raise LimitExceeded(
                "A managed policy can have up to 5 versions. Before you create a new version, you must "
                "delete an existing version."
            )
        version = {"id": f"v{policy.facts['next_version']}", "document": document, "created": now}
        changed = policy.with_facts(
            versions=[*policy.facts["versions"], version],
            next_version=policy.facts["next_version"] + 1,
            default=version["id"] if request.get("SetAsDefault") else policy.facts["default"],
            updated=now,
        )
        store.put(tx, changed)
        return _told_version(changed, version, document=False)

    return {"PolicyVersion": await iam.db.write(write)}


def _version(policy: Entity, version_id: str) -> dict[str, Any]:
    for version in policy.facts["versions"]:
        if version["id"] == version_id:
            found: dict[str, Any] = version
            return found
    raise NoSuchEntity(f"Policy {policy.arn} version {version_id} does not exist or is not attachable.")


async def get_policy_version(iam: Iam, call: Call, request: GetPolicyVersionRequest) -> GetPolicyVersionResponse:
    """A version with its document."""
    arn, version_id = request["PolicyArn"], request["VersionId"]
    document = managed.document_of(arn)
    if document is not None and version_id == "v1":
        known: PolicyVersion = {"VersionId": "v1", "IsDefaultVersion": True, "CreateDate": _MANAGED_SINCE}
        known["Document"] = encoded(document)
        return {"PolicyVersion": known}
    policy = await iam.db.read(lambda snapshot: find_policy(snapshot, call.account, arn))
    return {"PolicyVersion": _told_version(policy, _version(policy, version_id), document=True)}


async def list_policy_versions(iam: Iam, call: Call, request: ListPolicyVersionsRequest) -> ListPolicyVersionsResponse:
    """Every version, the newest first."""
    arn = request["PolicyArn"]
    if managed.document_of(arn) is not None:
        created = _MANAGED_SINCE
        return {
            "Versions": [{"VersionId": "v1", "IsDefaultVersion": True, "CreateDate": created}],
            "IsTruncated": False,
        }
    policy = await iam.db.read(lambda snapshot: find_policy(snapshot, call.account, arn))
    versions = [_told_version(policy, version, document=False) for version in reversed(policy.facts["versions"])]
    return {"Versions": versions, "IsTruncated": False}


async def delete_policy_version(iam: Iam, call: Call, request: DeletePolicyVersionRequest) -> None:
    """Delete a version that is not the default one."""

    def write(tx: Tx) -> None:
        policy = find_policy(tx, call.account, request["PolicyArn"])
        version = _version(policy, request["VersionId"])
        if version["id"] == policy.facts["default"]:
            raise DeleteConflict("Cannot delete the default version of a policy.")
        left = [other for other in policy.facts["versions"] if other["id"] != version["id"]]
        store.put(tx, policy.with_facts(versions=left))

    await iam.db.write(write)


async def set_default_policy_version(iam: Iam, call: Call, request: SetDefaultPolicyVersionRequest) -> None:
    """Say which version counts."""

    def write(tx: Tx) -> None:
        policy = find_policy(tx, call.account, request["PolicyArn"])
        version = _version(policy, request["VersionId"])
        store.put(tx, policy.with_facts(default=version["id"], updated=iam.clock.now()))

    await iam.db.write(write)
