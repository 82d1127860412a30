"""Names for keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from homeport.aws.call import Call
from homeport.aws.services.kms import store
from homeport.aws.services.kms.errors import AlreadyExists, NotFound
from homeport.aws.services.kms.model import check_alias
from homeport.aws.services.kms.operations.keys import not_deleted
from homeport.aws.services.kms.room import Kms, find_key, place_of
from homeport.aws.services.kms.store import Alias, Place
from homeport.kernel.storage.database import Snapshot, Tx

if TYPE_CHECKING:
    from homeport.aws.api.kms import (
        AliasListEntry,
        CreateAliasRequest,
        DeleteAliasRequest,
        ListAliasesRequest,
        ListAliasesResponse,
        UpdateAliasRequest,
    )

_DEFAULT_LIMIT: Final = 50


def _arn(place: Place, name: str) -> str:
    return f"arn:aws:kms:{place.region}:{place.account}:{name}"


async def create_alias(kms: Kms, call: Call, request: CreateAliasRequest) -> None:
    """Give a key a name."""
    name, place, now = check_alias(request["AliasName"]), place_of(call), kms.clock.now()

    def write(tx: Tx) -> None:
        if store.get_alias(tx, place, name) is not None:
            raise AlreadyExists(_arn(place, name))
        key = not_deleted(find_key(tx, place, request["TargetKeyId"]))
        store.put_alias(tx, place, Alias(name, key.id, now, now))

    await kms.db.write(write)


async def update_alias(kms: Kms, call: Call, request: UpdateAliasRequest) -> None:
    """Give a name to another key."""
    name, place, now = check_alias(request["AliasName"]), place_of(call), kms.clock.now()

    def write(tx: Tx) -> None:
        alias = store.get_alias(tx, place, name)
        if alias is None:
            raise NotFound.alias(_arn(place, name))
        key = not_deleted(find_key(tx, place, request["TargetKeyId"]))
        store.put_alias(tx, place, Alias(name, key.id, alias.created, now))

    await kms.db.write(write)


async def delete_alias(kms: Kms, call: Call, request: DeleteAliasRequest) -> None:
    """Take a name away."""
    name, place = check_alias(request["AliasName"]), place_of(call)

    def write(tx: Tx) -> None:
        if not store.remove_alias(tx, place, name):
            raise NotFound.alias(_arn(place, name))

    await kms.db.write(write)


async def list_aliases(kms: Kms, call: Call, request: ListAliasesRequest) -> ListAliasesResponse:
    """Names, of all keys or of one."""
    place, limit, marker = place_of(call), request.get("Limit", _DEFAULT_LIMIT), request.get("Marker", "")

    def read(snapshot: Snapshot) -> list[Alias]:
        wanted = request.get("KeyId")
        key_id = find_key(snapshot, place, wanted).id if wanted else None
        return list(store.aliases(snapshot, place, marker, limit + 1, key_id=key_id))

    found = await kms.db.read(read)
    page = found[:limit]
    answer: ListAliasesResponse = {"Aliases": [_told(place, a) for a in page], "Truncated": len(found) > limit}
    if len(found) > limit:
        answer["NextMarker"] = page[-1].name
    return answer


def _told(place: Place, alias: Alias) -> AliasListEntry:
    return {
        "AliasName": alias.name,
        "AliasArn": _arn(place, alias.name),
        "TargetKeyId": alias.key,
        "CreationDate": alias.created,
        "LastUpdatedDate": alias.updated,
    }
