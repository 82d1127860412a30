"""GetObject, HeadObject and GetObjectAttributes: versions found, conditions checked, parts of them sent."""

from collections.abc import Mapping
from email.utils import formatdate
from typing import Final, cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.services.s3.errors import (
    AccessDenied,
    AttributesMissing,
    InvalidArgument,
    InvalidObjectState,
    InvalidRequest,
    MethodNotAllowed,
    NoSuchKey,
    NoSuchVersion,
    NotModified,
)
from homeport.aws.services.s3.model import ranges
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.conditions import ReadConditions, range_holds
from homeport.aws.services.s3.model.encryption import check_customer_key
from homeport.aws.services.s3.model.heads import answer_header
from homeport.aws.services.s3.model.names import encode_key
from homeport.aws.services.s3.model.ranges import Extent
from homeport.aws.services.s3.model.version import NULL_VERSION, Version, sequence_of
from homeport.aws.services.s3.operations.access import may
from homeport.aws.services.s3.operations.answers import Members, checksum_members, read_members, shown_id
from homeport.aws.services.s3.operations.contents import body_of
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import objects
from homeport.aws.stream import Download
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot

_OVERRIDES: Final = (
    ("ResponseCacheControl", "CacheControl", "response-cache-control"),
    ("ResponseContentDisposition", "ContentDisposition", "response-content-disposition"),
    ("ResponseContentEncoding", "ContentEncoding", "response-content-encoding"),
    ("ResponseContentLanguage", "ContentLanguage", "response-content-language"),
    ("ResponseContentType", "ContentType", "response-content-type"),
    ("ResponseExpires", "Expires", "response-expires"),
)
_ATTRIBUTES: Final = frozenset({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"})
_CONDITIONS: Final = frozenset({"IfMatch", "IfNoneMatch", "IfModifiedSince", "IfUnmodifiedSince"})
_MOST_PARTS: Final = 1000


class HiddenByMarker(NoSuchKey):
    """The newest version is a delete marker; the answer says so in headers."""

    def __init__(self, key: str, version_id: str) -> None:
        super().__init__(key)
        self.headers = {"x-amz-delete-marker": "true", "x-amz-version-id": version_id}


class MarkerNotAllowed(MethodNotAllowed):
    """A delete marker, asked for by its id, has nothing to read."""

    def __init__(self, method: str, version: Version) -> None:
        super().__init__(method)
        self.headers = {
            "x-amz-delete-marker": "true",
            "x-amz-version-id": version.id,
            "Allow": "DELETE",
            "Last-Modified": formatdate(version.modified // 1000, usegmt=True),
        }


def locate(snapshot: Snapshot, bucket: Bucket, key: str, identifier: str | None, *, method: str = "GET") -> Version:
    """The version that a request means.

    Raises:
        NoSuchKey, NoSuchVersion, MethodNotAllowed: there is none, or it is a delete marker.
    """
    encoded = encode_key(key)
    if identifier is None:
        version = objects.current(snapshot, bucket.id, encoded)
        if version is None:
            raise NoSuchKey(key)
        if version.marker:
            raise HiddenByMarker(key, version.id)
        return version
    check_version_id(identifier)
    version = objects.find(snapshot, bucket.id, encoded, identifier)
    if version is None:
        raise NoSuchVersion(key, identifier)
    if version.marker:
        raise MarkerNotAllowed(method, version)
    return version


def check_version_id(identifier: str) -> None:
    """Refuse what cannot be a version's id.

    Raises:
        InvalidArgument: it cannot.
    """
    if identifier != NULL_VERSION and sequence_of(identifier) is None:
        raise InvalidArgument("Invalid version id specified", "versionId", identifier)


def conditions_of(request: Mapping[str, object], prefix: str = "") -> ReadConditions | None:
    """The conditions of a GET, or of a copy's source; None without any."""
    if not prefix and _CONDITIONS.isdisjoint(request):
        return None
    names = (f"{prefix}IfMatch", f"{prefix}IfNoneMatch", f"{prefix}IfModifiedSince", f"{prefix}IfUnmodifiedSince")
    if not any(name in request for name in names):
        return None
    match, none_match, modified, unmodified = (request.get(name) for name in names)
    return ReadConditions(
        cast("str | None", match),
        cast("str | None", none_match),
        cast("Millis | None", modified),
        cast("Millis | None", unmodified),
        bool(prefix),
    )


async def find(s3: S3, call: Call, bucket: Bucket, request: Mapping[str, object]) -> tuple[Version, bytes]:
    """The version that a request means, and its content if that is small.

    Raises:
        AwsError: there is none, a condition does not hold, its key is missing, or it is archived.
    """
    key, identifier = str(request["Key"]), cast("str | None", request.get("VersionId"))
    method = "HEAD" if call.operation == "HeadObject" else "GET"

    def read(snapshot: Snapshot) -> tuple[Version, bytes]:
        version = locate(snapshot, bucket, key, identifier, method=method)
        return version, b"" if method == "HEAD" else body_of(snapshot, version.row)

    try:
        version, data = await s3.db.read(read)
    except NoSuchKey:
        # Who may not list shall not learn what is there.
        foreign = call.anonymous or call.account != bucket.account
        if foreign and not await may(s3, call, bucket, "s3:ListBucket", request):
            raise AccessDenied from None
        raise
    conditions = conditions_of(request)
    if conditions is not None:
        _check_conditions(conditions, version, s3.clock.now())
    if "sse_key" in version.extra or "SSECustomerAlgorithm" in request or "SSECustomerKey" in request:
        check_customer_key(version, request)
    return version, data


def _check_conditions(conditions: ReadConditions, version: Version, now: Millis) -> None:
    try:
        conditions.check(version.etag, version.modified, now)
    except NotModified as error:
        # What a cache renews its entry with (RFC 9110, section 15.4.5).
        error.headers = {"ETag": f'"{version.etag}"', "Last-Modified": formatdate(version.modified / 1000, usegmt=True)}
        raise


def extent_of(request: Mapping[str, object], version: Version) -> tuple[Extent | None, int | None]:
    """The part of the content that is wanted, and of how many parts the object has; None for all of it.

    Raises:
        AwsError: it cannot be had.
    """
    number = request.get("PartNumber")
    header = request.get("Range")
    if number is not None:
        if header is not None:
            raise InvalidRequest("Cannot specify both Range header and partNumber query parameter")
        parts = version.extra.get("parts")
        return ranges.of_part(version, cast("int", number)), len(parts) if parts else None
    if header is None or not range_holds(str(request.get("IfRange", "")), version.etag, version.modified):
        return None, None
    return ranges.requested(str(header), version.size), None


def describe(s3: S3, bucket: Bucket, version: Version, request: Mapping[str, object]) -> tuple[Members, int, int]:
    """The answer's members but its body; where that begins, and its length."""
    extent, count = extent_of(request, version)
    members = read_members(bucket, version, s3.clock.now())
    start, length = 0, version.size
    if extent is not None:
        start, length = extent.start, extent.count
        if extent.count:
            members["ContentRange"] = extent.content_range
        if count is not None:
            members["PartsCount"] = count
    members["ContentLength"] = length
    whole = start == 0 and length == version.size
    if request.get("ChecksumMode") == "ENABLED":
        if whole and not (count and count > 1):
            members |= checksum_members(version)
        elif count is not None:
            members |= _part_checksum(version, cast("int", request["PartNumber"]))
    for parameter, member, name in _OVERRIDES:
        if parameter in request:
            members[member] = answer_header(name, str(request[parameter]))
    return members, start, length


def _part_checksum(version: Version, number: int) -> Members:
    part = version.extra["parts"][number - 1]
    checksum = part.get("checksum")
    kind = version.checksum_kind.partition("/")[2]
    return {f"Checksum{version.algorithm}": checksum, "ChecksumType": kind} if checksum else {}


async def get_object(s3: S3, call: Call, bucket: Bucket, request: api.GetObjectRequest) -> Members:
    """Read an object, or a part of it.

    Raises:
        AwsError: there is none, or a condition does not hold.
    """
    if call.anonymous and any(parameter in request for parameter, _, _ in _OVERRIDES):
        raise InvalidRequest("Request specific response headers cannot be used for anonymous GET requests.")
    version, data = await find(s3, call, bucket, request)
    if version.archived:
        check_restored(version, s3)
    members, start, length = describe(s3, bucket, version, request)
    members["Body"] = content(s3, version, data, start, length)
    return members


def check_restored(version: Version, s3: S3) -> None:
    """Refuse to read what is archived.

    Raises:
        InvalidObjectState: no restored copy of it is there now.
    """
    restore = version.extra.get("restore")
    now = s3.clock.now()
    if restore is None or restore["ready"] > now or restore["expires"] <= now:
        raise InvalidObjectState(version.storage_class)


def content(s3: S3, version: Version, data: bytes, start: int, length: int) -> Download:
    """A version's bytes for an answer."""
    if version.file:
        return s3.files.open(version.file, start, length)
    return data if length == len(data) else data[start : start + length]


async def head_object(s3: S3, call: Call, bucket: Bucket, request: api.HeadObjectRequest) -> Members:
    """Describe an object.

    Raises:
        AwsError: there is none, or a condition does not hold.
    """
    version, _ = await find(s3, call, bucket, request)
    return describe(s3, bucket, version, request)[0]


async def get_object_attributes(s3: S3, call: Call, bucket: Bucket, request: api.GetObjectAttributesRequest) -> Members:
    """Describe an object in a document, with its parts.

    Raises:
        AwsError: there is none, or an attribute that objects do not have is wanted.
    """
    wanted = request["ObjectAttributes"]
    if not wanted:
        raise AttributesMissing
    if not _ATTRIBUTES.issuperset(wanted):
        raise InvalidArgument("Invalid attribute name specified.", "x-amz-object-attributes")
    version, _ = await find(s3, call, bucket, cast("Mapping[str, object]", request))
    found: Members = {
        "ETag": version.etag,
        "StorageClass": version.storage_class,
        "ObjectSize": version.size,
        "Checksum": _bare_checksum(version),
        "ObjectParts": _parts(version, request),
    }
    members: Members = {name: found[name] for name in wanted if found[name] or name == "ObjectSize"}
    members["LastModified"] = version.modified
    members["VersionId"] = shown_id(bucket, version)
    return members


def _bare_checksum(version: Version) -> Members:
    members = checksum_members(version)
    return {name: str(value).partition("-")[0] if name != "ChecksumType" else value for name, value in members.items()}


def _parts(version: Version, request: api.GetObjectAttributesRequest) -> Members | None:
    parts = version.extra.get("parts")
    if not parts:
        return None
    after, most = request.get("PartNumberMarker", 0), min(request.get("MaxParts", _MOST_PARTS), _MOST_PARTS)
    behind = [part for part in parts if part["number"] > after]
    page = behind[:most]
    members: Members = {
        "TotalPartsCount": len(parts),
        "PartNumberMarker": after,
        "NextPartNumberMarker": page[-1]["number"] if page else 0,
        "MaxParts": most,
        "IsTruncated": len(behind) > most,
    }
    if any("checksum" in part for part in parts) and page:
        name = f"Checksum{version.algorithm}"
        members["Parts"] = [
            {"PartNumber": part["number"], "Size": part["size"], name: part.get("checksum")} for part in page
        ]
    return members
