"""Grants: kept, listed, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeport.aws.call import Call
from homeport.aws.services.kms import store
from homeport.aws.services.kms.errors import InvalidGrantId, ValidationFailed
from homeport.aws.services.kms.room import Kms, find_key, find_usable_key, place_of
from homeport.aws.services.kms.store import Grant, Place
from homeport.kernel.storage.database import Snapshot, Tx

if TYPE_CHECKING:
    from homeport.aws.api.kms import (
        CreateGrantRequest,
        CreateGrantResponse,
        GrantListEntry,
        ListGrantsRequest,
        ListGrantsResponse,
        ListRetirableGrantsRequest,
        RetireGrantRequest,
        RevokeGrantRequest,
    )

_GRANT_ID_BYTES = 32
_TOKEN_BYTES = 64
_REQUEST_FACTS = ("GranteePrincipal", "RetiringPrincipal", "Operations", "Constraints", "Name")


async def create_grant(kms: Kms, call: Call, request: CreateGrantRequest) -> CreateGrantResponse:
    """Let somebody use a key; the same named grant twice is one."""
    facts = {name: request[name] for name in _REQUEST_FACTS if name in request}  # type: ignore[literal-required] # names of members
    facts |= {"CreationDate": kms.clock.now(), "IssuingAccount": f"arn:aws:iam::{call.account}:root"}
    grant_id, token, place = kms.ids.hex(_GRANT_ID_BYTES), kms.ids.hex(_TOKEN_BYTES), place_of(call)

    def write(tx: Tx) -> Grant:
        key = find_usable_key(tx, place, request["KeyId"])
        for known in store.grants(tx, place, key.id):
            if "Name" in facts and all(known.facts.get(name) == facts.get(name) for name in _REQUEST_FACTS):
                return known
        made = Grant(grant_id, token, key.id, facts)
        store.put_grant(tx, place, made)
        return made

    grant = await kms.db.write(write)
    return {"GrantToken": grant.token, "GrantId": grant.id}


def _told(place: Place, grant: Grant) -> GrantListEntry:
    arn = f"arn:aws:kms:{place.region}:{place.account}:key/{grant.key}"
    told: GrantListEntry = {"KeyId": arn, "GrantId": grant.id, **grant.facts}  # type: ignore[typeddict-item] # as create_grant kept them
    return told


def _page(place: Place, grants: list[Grant], marker: str, limit: int) -> ListGrantsResponse:
    left = [grant for grant in grants if grant.id > marker]
    page = left[:limit]
    answer: ListGrantsResponse = {"Grants": [_told(place, grant) for grant in page], "Truncated": len(left) > limit}
    if len(left) > limit:
        answer["NextMarker"] = page[-1].id
    return answer


async def list_grants(kms: Kms, call: Call, request: ListGrantsRequest) -> ListGrantsResponse:
    """A key's grants."""
    place = place_of(call)

    def read(snapshot: Snapshot) -> list[Grant]:
        key = find_key(snapshot, place, request["KeyId"])
        return [
            grant
            for grant in store.grants(snapshot, place, key.id)
            if request.get("GrantId", grant.id) == grant.id
            and request.get("GranteePrincipal", grant.facts.get("GranteePrincipal"))
            == grant.facts.get("GranteePrincipal")
        ]

    found = await kms.db.read(read)
    return _page(place, found, request.get("Marker", ""), request.get("Limit", 50))


async def list_retirable_grants(kms: Kms, call: Call, request: ListRetirableGrantsRequest) -> ListGrantsResponse:
    """The grants that somebody may give back."""
    place = place_of(call)

    def read(snapshot: Snapshot) -> list[Grant]:
        wanted = request["RetiringPrincipal"]
        return [g for g in store.grants(snapshot, place) if g.facts.get("RetiringPrincipal") == wanted]

    found = await kms.db.read(read)
    return _page(place, found, request.get("Marker", ""), request.get("Limit", 50))


async def revoke_grant(kms: Kms, call: Call, request: RevokeGrantRequest) -> None:
    """Take a grant back."""
    place = place_of(call)

    def write(tx: Tx) -> None:
        key = find_key(tx, place, request["KeyId"])
        _remove(tx, place, key.id, request["GrantId"])

    await kms.db.write(write)


def _remove(tx: Tx, place: Place, key_id: str, grant_id: str) -> None:
    grant = next((g for g in store.grants(tx, place, key_id) if g.id == grant_id), None)
    if grant is None:
        raise InvalidGrantId(grant_id)
    store.remove_grant(tx, place, grant)


async def retire_grant(kms: Kms, call: Call, request: RetireGrantRequest) -> None:
    """Give a grant back, named by its token or by key and id."""
    place = place_of(call)
    token = request.get("GrantToken")

    def write(tx: Tx) -> None:
        if token is not None:
            grant = next((g for g in store.grants(tx, place) if g.token == token), None)
            if grant is None:
                raise InvalidGrantId(token)
            store.remove_grant(tx, place, grant)
        elif "KeyId" in request and "GrantId" in request:
            _remove(tx, place, find_key(tx, place, request["KeyId"]).id, request["GrantId"])
        else:
            raise ValidationFailed("You must specify a grant token, or a key ID and a grant ID.")

    await kms.db.write(write)
