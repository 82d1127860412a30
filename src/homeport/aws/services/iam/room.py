"""What IAM's operations work with, and what they have in common: finding, making, tagging, pages."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from homeport.aws.auth.keys import AccessKeys, unique_id
from homeport.aws.service import ServiceContext
from homeport.aws.services.iam import store
from homeport.aws.services.iam.errors import EntityAlreadyExists, InvalidInput, LimitExceeded, NoSuchEntity
from homeport.aws.services.iam.store import Entity, Kind
from homeport.kernel.clock import Clock
from homeport.kernel.ids import Ids
from homeport.kernel.storage.database import Database, Snapshot, Tx

T = TypeVar("T")

_PREFIXES: Final[Mapping[Kind, str]] = {
    "user": "AIDA",
    "group": "AGPA",
    "role": "AROA",
    "policy": "ANPA",
    "instance-profile": "AIPA",
}
_WORDS: Final[Mapping[Kind, str]] = {
    "user": "user",
    "group": "group",
    "role": "role",
    "policy": "policy",
    "instance-profile": "instance profile",
}
_PAGE: Final = 100
_MOST_TAGS: Final = 50


@dataclass(frozen=True, slots=True)
class Iam:
    """The room."""

    db: Database
    clock: Clock
    ids: Ids
    keys: AccessKeys


async def open_iam(context: ServiceContext) -> Iam:
    """Make the room."""
    return Iam(context.db, context.clock, context.ids, context.keys)


def missing(kind: Kind, name: str) -> NoSuchEntity:
    """The error of an entity that is not there."""
    if kind == "instance-profile":
        return NoSuchEntity(f"Instance Profile {name} cannot be found.")
    return NoSuchEntity(f"The {_WORDS[kind]} with name {name} cannot be found.")


def find(snapshot: Snapshot, account: str, kind: Kind, name: str) -> Entity:
    """An entity by its name.

    Raises:
        NoSuchEntity: there is none.
    """
    entity = store.get(snapshot, account, kind, name)
    if entity is None:
        raise missing(kind, name)
    return entity


def new_entity(iam: Iam, account: str, kind: Kind, name: str, path: str | None, facts: Mapping[str, Any]) -> Entity:
    """An entity that is not kept yet."""
    return Entity(account, kind, name, path or "/", unique_id(iam.ids, _PREFIXES[kind]), iam.clock.now(), facts)


def add(tx: Tx, entity: Entity) -> Entity:
    """Keep a new entity.

    Raises:
        EntityAlreadyExists: the name is taken.
    """
    if store.get(tx, entity.account, entity.kind, entity.name) is not None:
        match entity.kind:
            case "policy":
                message = f"A policy called {entity.name} already exists. Duplicate names are not allowed."
            case "instance-profile":
                message = f"Instance Profile {entity.name} already exists."
            case kind:
                message = f"{kind.capitalize()} with name {entity.name} already exists."
        raise EntityAlreadyExists(message)
    store.put(tx, entity)
    return entity


async def change(iam: Iam, account: str, kind: Kind, name: str, changed: Callable[[Entity], Entity]) -> Entity:
    """Change an entity's facts.

    Raises:
        NoSuchEntity: there is none.
        AwsError: what `changed` raises.
    """

    def write(tx: Tx) -> Entity:
        entity = changed(find(tx, account, kind, name))
        store.put(tx, entity)
        return entity

    return await iam.db.write(write)


# Pages


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a listing; `marker` is empty at its end."""

    entities: Sequence[Entity]
    marker: str

    @property
    def told(self) -> dict[str, Any]:
        """The members that every listing's answer has."""
        return {"IsTruncated": True, "Marker": self.marker} if self.marker else {"IsTruncated": False}


def page_of(entities: Iterable[Entity], request: Mapping[str, Any]) -> Page:
    """The part that a request asks for: below its path prefix, behind its marker."""
    prefix, marker, most = request.get("PathPrefix", "/"), request.get("Marker", ""), request.get("MaxItems", _PAGE)
    left = [e for e in entities if e.path.startswith(prefix) and e.name.lower() > marker.lower()]
    return Page(left[:most], left[most - 1].name if len(left) > most else "")


def page_of_names(names: Iterable[str], request: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The same for plain names, sorted."""
    marker, most = request.get("Marker", ""), request.get("MaxItems", _PAGE)
    left = sorted(name for name in names if name > marker)
    told: dict[str, Any] = {"IsTruncated": len(left) > most}
    if len(left) > most:
        told["Marker"] = left[most - 1]
    return left[:most], told


# Tags


def tags_of(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Tags by their keys.

    Raises:
        InvalidInput: the same key twice.
        LimitExceeded: too many.
    """
    found: dict[str, str] = {}
    for tag in tags:
        if tag["Key"].lower() in {key.lower() for key in found}:
            raise InvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        found[tag["Key"]] = tag["Value"]
    if len(found) > _MOST_TAGS:
        raise LimitExceeded(f"Cannot exceed quota for tags: {_MOST_TAGS}")
    return found


def told_tags(entity: Entity) -> list[dict[str, str]]:
    """Tags as answers have them."""
    return [{"Key": key, "Value": value} for key, value in entity.tags.items()]


def tagged(entity: Entity, tags: Sequence[Mapping[str, str]]) -> Entity:
    """The entity with more tags.

    Raises:
        InvalidInput, LimitExceeded: as `tags_of`.
    """
    added = tags_of(tags)
    kept = {key: value for key, value in entity.tags.items() if key.lower() not in {key.lower() for key in added}}
    if len(kept) + len(added) > _MOST_TAGS:
        raise LimitExceeded(f"Cannot exceed quota for tags: {_MOST_TAGS}")
    return entity.with_facts(tags={**kept, **added})


def untagged(entity: Entity, keys: Sequence[str]) -> Entity:
    """The entity without some tags."""
    return entity.with_facts(tags={key: value for key, value in entity.tags.items() if key not in keys})


def told_boundary(entity: Entity) -> dict[str, Any]:
    """The permissions boundary as answers have it, if there is one."""
    arn = entity.facts.get("boundary")
    if not arn:
        return {}
    return {"PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}}
