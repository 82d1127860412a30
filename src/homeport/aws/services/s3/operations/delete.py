"""DeleteObject and DeleteObjects: versions removed, or hidden behind a delete marker."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.errors import AwsError
from homeport.aws.services.s3 import events
from homeport.aws.services.s3.errors import AccessDenied, HeaderNotImplemented, MalformedXml, NoSuchVersion
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.conditions import check_delete
from homeport.aws.services.s3.model.lock import protect_deletion
from homeport.aws.services.s3.model.names import decode_key, encode_key
from homeport.aws.services.s3.model.notifications import Event, Origin
from homeport.aws.services.s3.model.version import NULL_VERSION, Version, sequence_of
from homeport.aws.services.s3.operations.access import may, owns
from homeport.aws.services.s3.operations.answers import Members
from homeport.aws.services.s3.operations.get import check_version_id
from homeport.aws.services.s3.operations.put import put_in_place
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import buckets, objects, writing
from homeport.kernel.storage.database import Tx

MOST_KEYS: Final = 1000


@dataclass(frozen=True, slots=True)
class Wish:
    """One deletion that is asked for."""

    key: bytes
    version_id: str | None
    if_match: str | None = None
    bypass: bool = False


@dataclass(frozen=True, slots=True)
class Deleted:
    """What was done.

    Attributes:
        version_id: of the version that was removed, or of the marker that was set; None where there are none.
        marker: whether a marker was set, or was what was removed.
    """

    version_id: str | None
    marker: bool


@dataclass(frozen=True, slots=True)
class Names:
    """How events call a deletion and the setting of a marker."""

    removed: str = "ObjectRemoved:Delete"
    hidden: str = "ObjectRemoved:DeleteMarkerCreated"


BY_REQUEST: Final = Names()


def carry_out(s3: S3, tx: Tx, bucket: Bucket, wish: Wish, origin: Origin, names: Names = BY_REQUEST) -> Deleted:
    """Delete in the open transaction.

    Raises:
        AwsError: it is protected, or another one than the caller believes; nothing was changed.
    """
    if wish.version_id is not None:
        return _remove(s3, tx, bucket, wish, origin, names)
    current = objects.current(tx, bucket.id, wish.key)
    check_delete(current, decode_key(wish.key), wish.if_match)
    if bucket.versioning:
        return _hide(s3, tx, bucket, wish.key, current, origin, names)
    if current is not None:
        _let_go(s3, tx, bucket, current)
        _tell(s3, tx, bucket, current, names.removed, origin, "")
    return Deleted(None, False)


def _remove(s3: S3, tx: Tx, bucket: Bucket, wish: Wish, origin: Origin, names: Names) -> Deleted:
    identifier = str(wish.version_id)
    version = objects.find(tx, bucket.id, wish.key, identifier)
    if version is None:
        return Deleted(identifier if bucket.versioning else None, False)
    check_delete(version, decode_key(wish.key), wish.if_match)
    protect_deletion(version.extra, s3.clock.now(), bypass=wish.bypass)
    _let_go(s3, tx, bucket, version)
    _tell(s3, tx, bucket, version, names.removed, origin, identifier if bucket.versioning else "")
    return Deleted(identifier if bucket.versioning else None, version.marker)


def _let_go(s3: S3, tx: Tx, bucket: Bucket, version: Version) -> None:
    gone = [file for file in writing.remove_version(tx, bucket, version) if file]
    if gone:
        tx.after_commit(s3.files.removal(gone))


def _hide(s3: S3, tx: Tx, bucket: Bucket, key: bytes, current: Version | None, origin: Origin, names: Names) -> Deleted:
    seq = s3.next_seq(current.seq if current is not None else 0)
    identifier = s3.new_version_id(bucket, seq)
    marker = writing.new_marker(key, seq, identifier, bucket.account, s3.clock.now())
    put_in_place(s3, tx, bucket, marker, current)
    _tell(s3, tx, bucket, marker, names.hidden, origin, identifier)
    return Deleted(identifier, True)


def _tell(s3: S3, tx: Tx, bucket: Bucket, version: Version, name: str, origin: Origin, version_id: str) -> None:
    if "notification" not in bucket.configurations:
        return
    seq = version.seq if name.endswith("MarkerCreated") else s3.next_seq(version.seq)
    shown = "" if version_id == NULL_VERSION and bucket.versioning != "Enabled" else version_id
    event = Event(name, decode_key(version.key), seq, version_id=shown)
    events.post(s3, tx, bucket, event, origin)


async def delete_object(s3: S3, call: Call, bucket: Bucket, request: api.DeleteObjectRequest) -> Members:
    """Delete an object, or a version of one.

    Raises:
        AwsError: it is protected, or another one than the caller believes.
    """
    for member, header in (
        ("IfMatchLastModifiedTime", "x-amz-if-match-last-modified-time"),
        ("IfMatchSize", "x-amz-if-match-size"),
    ):
        if member in request:
            raise HeaderNotImplemented(header)
    identifier = request.get("VersionId")
    if identifier is not None:
        check_version_id(identifier)
    bypass = await _may_bypass(s3, call, bucket, cast("Mapping[str, object]", request), request["Key"])
    wish = Wish(encode_key(request["Key"]), identifier, request.get("IfMatch"), bypass)
    origin = events.origin_of(call)
    done = await s3.db.write(lambda tx: carry_out(s3, tx, buckets.latest(tx, bucket), wish, origin))
    return {"VersionId": done.version_id, "DeleteMarker": done.marker or None}


async def _may_bypass(s3: S3, call: Call, bucket: Bucket, request: Mapping[str, object], key: str) -> bool:
    if not request.get("BypassGovernanceRetention"):
        return False
    return await may(s3, call, bucket, "s3:BypassGovernanceRetention", request, key)


async def delete_objects(s3: S3, call: Call, bucket: Bucket, request: api.DeleteObjectsRequest) -> Members:
    """Delete up to a thousand objects; each for itself, all in one transaction.

    Raises:
        MalformedXml: there are none, or too many.
    """
    wanted = request["Delete"].get("Objects", [])
    if not 1 <= len(wanted) <= MOST_KEYS:
        raise MalformedXml
    outcomes: list[Members] = []
    wishes: list[tuple[api.ObjectIdentifier, Wish]] = []
    for item in wanted:
        try:
            wishes.append((item, await _wish(s3, call, bucket, item, cast("Mapping[str, object]", request))))
        except AwsError as error:
            outcomes.append(_failure(item, error))
    origin = events.origin_of(call)

    def write(tx: Tx) -> list[Members]:
        latest = buckets.latest(tx, bucket)
        return [_attempt(s3, tx, latest, item, wish, origin) for item, wish in wishes]

    outcomes += await s3.db.write(write)
    deleted = [outcome for outcome in outcomes if "Code" not in outcome]
    quiet = request["Delete"].get("Quiet", False)
    return {
        "Deleted": None if quiet else deleted,
        "Errors": [outcome for outcome in outcomes if "Code" in outcome],
    }


async def _wish(s3: S3, call: Call, bucket: Bucket, item: api.ObjectIdentifier, request: Mapping[str, object]) -> Wish:
    key, identifier = item["Key"], item.get("VersionId")
    if "LastModifiedTime" in item or "Size" in item:
        raise HeaderNotImplemented("x-amz-if-match-last-modified-time" if "Size" not in item else "x-amz-if-match-size")
    if not key:
        raise MalformedXml
    if identifier is not None and identifier != NULL_VERSION and sequence_of(identifier) is None:
        raise NoSuchVersion(key, identifier)
    if not owns(call, bucket):
        asked = {**request, "Key": key} | ({"VersionId": identifier} if identifier else {})
        if not await may(s3, call, bucket, "s3:DeleteObject", asked, key):
            raise AccessDenied
    bypass = await _may_bypass(s3, call, bucket, request, key)
    return Wish(encode_key(key), identifier or None, item.get("ETag"), bypass)


def _attempt(s3: S3, tx: Tx, bucket: Bucket, item: api.ObjectIdentifier, wish: Wish, origin: Origin) -> Members:
    # What refuses a deletion looks before it writes: the transaction can go on without this one.
    try:
        done = carry_out(s3, tx, bucket, wish, origin)
    except AwsError as error:
        return _failure(item, error)
    outcome: Members = {"Key": item["Key"], "VersionId": wish.version_id}
    if done.marker:
        outcome |= {"DeleteMarker": True, "DeleteMarkerVersionId": done.version_id}
    return outcome


def _failure(item: api.ObjectIdentifier, error: AwsError) -> Members:
    return {
        "Key": item["Key"],
        "VersionId": item.get("VersionId"),
        "Code": error.code,
        "Message": error.message,
    }
