"""Operations that users, groups, roles and others have alike: made once for each kind."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from homeport.aws.call import Call
from homeport.aws.services.iam import store
from homeport.aws.services.iam.errors import InvalidInput, NoSuchEntity
from homeport.aws.services.iam.model import managed
from homeport.aws.services.iam.model.documents import check_document, encoded
from homeport.aws.services.iam.room import Iam, change, find, page_of_names, tagged, told_tags, untagged
from homeport.aws.services.iam.store import Entity, Kind
from homeport.kernel.storage.database import Snapshot, Tx

Members = Mapping[str, Any]
Made = Callable[[Iam, Call, Any], Awaitable[Members | None]]


def _word(kind: Kind) -> str:
    return "".join(part.capitalize() for part in kind.split("-"))


def policy_of(snapshot: Snapshot, account: str, arn: str) -> Entity | None:
    """A customer's policy by its ARN."""
    return next((policy for policy in store.every(snapshot, account, "policy") if policy.arn == arn), None)


def policy_name(snapshot: Snapshot, account: str, arn: str) -> str:
    """A policy's name, whoever keeps it."""
    if managed.is_managed(arn):
        return managed.name_of(arn)
    policy = policy_of(snapshot, account, arn)
    return policy.name if policy is not None else arn.rpartition("/")[2]


def attaching(kind: Kind) -> dict[str, Made]:
    """Attach, detach and list managed policies of a kind."""
    member = f"{_word(kind)}Name"

    async def attach(iam: Iam, call: Call, request: Members) -> None:
        arn = request["PolicyArn"]

        def write(tx: Tx) -> None:
            entity = find(tx, call.account, kind, request[member])
            if not managed.is_managed(arn) and policy_of(tx, call.account, arn) is None:
                raise NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")
            if arn not in entity.attached:
                store.put(tx, entity.with_facts(attached=[*entity.attached, arn]))

        await iam.db.write(write)

    async def detach(iam: Iam, call: Call, request: Members) -> None:
        arn = request["PolicyArn"]

        def without(entity: Entity) -> Entity:
            if arn not in entity.attached:
                raise NoSuchEntity(f"Policy {arn} was not found.")
            return entity.with_facts(attached=[other for other in entity.attached if other != arn])

        await change(iam, call.account, kind, request[member], without)

    async def list_attached(iam: Iam, call: Call, request: Members) -> Members:
        def read(snapshot: Snapshot) -> list[dict[str, str]]:
            entity = find(snapshot, call.account, kind, request[member])
            return [{"PolicyName": policy_name(snapshot, call.account, a), "PolicyArn": a} for a in entity.attached]

        found = await iam.db.read(read)
        names, told = page_of_names([policy["PolicyArn"] for policy in found], request)
        return {"AttachedPolicies": [policy for policy in found if policy["PolicyArn"] in names], **told}

    word = _word(kind)
    return {
        f"Attach{word}Policy": attach,
        f"Detach{word}Policy": detach,
        f"ListAttached{word}Policies": list_attached,
    }


def inlining(kind: Kind) -> dict[str, Made]:
    """Put, get, delete and list a kind's own policies."""
    member = f"{_word(kind)}Name"

    def missing(name: str) -> NoSuchEntity:
        return NoSuchEntity(f"The {kind} policy with name {name} cannot be found.")

    async def put(iam: Iam, call: Call, request: Members) -> None:
        document = check_document(request["PolicyDocument"])

        def added(entity: Entity) -> Entity:
            return entity.with_facts(inline={**entity.inline, request["PolicyName"]: document})

        await change(iam, call.account, kind, request[member], added)

    async def get(iam: Iam, call: Call, request: Members) -> Members:
        entity = await iam.db.read(lambda snapshot: find(snapshot, call.account, kind, request[member]))
        name = request["PolicyName"]
        if name not in entity.inline:
            raise missing(name)
        return {member: entity.name, "PolicyName": name, "PolicyDocument": encoded(entity.inline[name])}

    async def delete(iam: Iam, call: Call, request: Members) -> None:
        name = request["PolicyName"]

        def without(entity: Entity) -> Entity:
            if name not in entity.inline:
                raise missing(name)
            return entity.with_facts(inline={n: d for n, d in entity.inline.items() if n != name})

        await change(iam, call.account, kind, request[member], without)

    async def list_all(iam: Iam, call: Call, request: Members) -> Members:
        entity = await iam.db.read(lambda snapshot: find(snapshot, call.account, kind, request[member]))
        names, told = page_of_names(entity.inline, request)
        return {"PolicyNames": names, **told}

    word = _word(kind)
    return {
        f"Put{word}Policy": put,
        f"Get{word}Policy": get,
        f"Delete{word}Policy": delete,
        f"List{word}Policies": list_all,
    }


Lookup = Callable[[Snapshot, str, str], Entity]
"""Finds an entity of (account, what a request names it by)."""


def tagging(kind: Kind, member: str, lookup: Lookup) -> dict[str, Made]:
    """Tag, untag and list the tags of a kind."""

    async def tag(iam: Iam, call: Call, request: Members) -> None:
        def write(tx: Tx) -> None:
            store.put(tx, tagged(lookup(tx, call.account, request[member]), request["Tags"]))

        await iam.db.write(write)

    async def untag(iam: Iam, call: Call, request: Members) -> None:
        def write(tx: Tx) -> None:
            store.put(tx, untagged(lookup(tx, call.account, request[member]), request["TagKeys"]))

        await iam.db.write(write)

    async def list_tags(iam: Iam, call: Call, request: Members) -> Members:
        entity = await iam.db.read(lambda snapshot: lookup(snapshot, call.account, request[member]))
        return {"Tags": told_tags(entity), "IsTruncated": False}

    word = _word(kind)
    return {f"Tag{word}": tag, f"Untag{word}": untag, f"List{word}Tags": list_tags}


def bounding(kind: Kind) -> dict[str, Made]:
    """Put and delete a kind's permissions boundary: kept and read back."""
    member = f"{_word(kind)}Name"

    async def put(iam: Iam, call: Call, request: Members) -> None:
        boundary = request["PermissionsBoundary"]
        if not boundary.startswith("arn:"):
            raise InvalidInput(f"ARN {boundary} is not valid.")
        await change(iam, call.account, kind, request[member], lambda entity: entity.with_facts(boundary=boundary))

    async def delete(iam: Iam, call: Call, request: Members) -> None:
        def without(entity: Entity) -> Entity:
            if not entity.facts.get("boundary"):
                raise NoSuchEntity(f"The {kind} {entity.name} has no permissions boundary.")
            return entity.with_facts(boundary="")

        await change(iam, call.account, kind, request[member], without)

    word = _word(kind)
    return {f"Put{word}PermissionsBoundary": put, f"Delete{word}PermissionsBoundary": delete}
