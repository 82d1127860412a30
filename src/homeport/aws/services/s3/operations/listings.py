"""ListObjects, ListObjectsV2 and ListObjectVersions."""

from collections.abc import Callable, Sequence
from functools import partial

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.services.s3.errors import InvalidArgument
from homeport.aws.services.s3.model import listing
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.listing import INCLUSIVE, Cursor, Page, Query
from homeport.aws.services.s3.model.names import canonical_id, decode_key, encode_key
from homeport.aws.services.s3.model.version import NULL_VERSION, Version, sequence_of
from homeport.aws.services.s3.operations.answers import Members, restore_header
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import objects
from homeport.aws.services.s3.store.objects import Listed
from homeport.kernel.storage.database import Snapshot

Show = Callable[[bytes], str]


def _shower(encoding: str | None) -> Show:
    listing.check_encoding(encoding)
    return listing.encode if encoding else decode_key


def _place(row: Listed) -> Cursor:
    return row[0], 0


async def _page(s3: S3, bucket: Bucket, query: Query) -> Page[Listed]:
    def read(snapshot: Snapshot) -> Page[Listed]:
        return listing.page(
            lambda begin, end, most: objects.list_current(snapshot, bucket.id, begin, end, most), _place, query
        )

    return await s3.db.read(read)


def _contents(rows: Sequence[Listed], show: Show, *, owner: bool) -> list[Members]:
    found: list[Members] = []
    for key, size, etag, modified, storage_class, kind, account in rows:
        entry: Members = {
            "Key": show(key),
            "LastModified": modified,
            "ETag": f'"{etag}"',
            "Size": size,
            "StorageClass": storage_class,
        }
        if kind:
            algorithm, _, checksum_type = kind.partition("/")
            entry["ChecksumAlgorithm"] = (algorithm,)
            entry["ChecksumType"] = checksum_type
        if owner:
            entry["Owner"] = {"ID": canonical_id(account)}
        found.append(entry)
    return found


async def _add_restore_status(s3: S3, bucket: Bucket, rows: Sequence[Listed], contents: list[Members]) -> None:
    """RestoreStatus of those that are archived: it is asked for seldom, and looked up one by one."""
    for row, entry in zip(rows, contents, strict=True):
        if row[4] not in {"GLACIER", "DEEP_ARCHIVE"}:
            continue
        version = await s3.db.read(partial(_current, bucket.id, row[0]))
        if version is not None and "restore" in version.extra:
            ongoing = 'ongoing-request="true"' in restore_header(version, s3.clock.now())
            status: Members = {"IsRestoreInProgress": ongoing}
            if not ongoing:
                status["RestoreExpiryDate"] = version.extra["restore"]["expires"]
            entry["RestoreStatus"] = status


def _current(bucket: int, key: bytes, snapshot: Snapshot) -> Version | None:
    return objects.current(snapshot, bucket, key)


async def list_objects_v2(s3: S3, call: Call, bucket: Bucket, request: api.ListObjectsV2Request) -> Members:
    """A page of current objects.

    Raises:
        InvalidArgument: a parameter makes no sense.
    """
    del call
    show = _shower(request.get("EncodingType"))
    prefix, delimiter = request.get("Prefix", "").encode(), request.get("Delimiter", "").encode()
    token, after = request.get("ContinuationToken"), request.get("StartAfter", "")
    most = listing.page_size(request.get("MaxKeys"), "max-keys")
    if token is not None:
        start = listing.behind(listing.read_token(token), prefix, delimiter)
    elif after:
        start = after.encode(), 0
    else:
        start = b"", INCLUSIVE
    page = await _page(s3, bucket, Query(prefix, delimiter, start, most))
    contents = _contents(page.rows, show, owner=bool(request.get("FetchOwner")))
    if "RestoreStatus" in request.get("OptionalObjectAttributes", ()):
        await _add_restore_status(s3, bucket, page.rows, contents)
    return {
        "Name": bucket.name,
        "Prefix": show(prefix),
        "Delimiter": show(delimiter) if delimiter else None,
        "MaxKeys": most,
        "KeyCount": page.count,
        "IsTruncated": page.truncated,
        "Contents": contents,
        "CommonPrefixes": [{"Prefix": show(common)} for common in page.prefixes],
        "ContinuationToken": token,
        "NextContinuationToken": listing.token_of(page.last) if page.truncated else None,
        "StartAfter": show(after.encode()) if after else None,
        "EncodingType": request.get("EncodingType"),
    }


async def list_objects(s3: S3, call: Call, bucket: Bucket, request: api.ListObjectsRequest) -> Members:
    """A page of current objects, in the older form.

    Raises:
        InvalidArgument: a parameter makes no sense.
    """
    del call
    show = _shower(request.get("EncodingType"))
    prefix, delimiter = request.get("Prefix", "").encode(), request.get("Delimiter", "").encode()
    marker = request.get("Marker", "")
    most = listing.page_size(request.get("MaxKeys"), "max-keys")
    start = listing.behind(marker.encode(), prefix, delimiter) if marker else (b"", INCLUSIVE)
    page = await _page(s3, bucket, Query(prefix, delimiter, start, most))
    contents = _contents(page.rows, show, owner=True)
    if "RestoreStatus" in request.get("OptionalObjectAttributes", ()):
        await _add_restore_status(s3, bucket, page.rows, contents)
    return {
        "Name": bucket.name,
        "Prefix": show(prefix),
        "Marker": show(marker.encode()),
        "Delimiter": show(delimiter) if delimiter else None,
        "MaxKeys": most,
        "IsTruncated": page.truncated,
        "Contents": contents,
        "CommonPrefixes": [{"Prefix": show(common)} for common in page.prefixes],
        "NextMarker": show(page.last) if page.truncated and delimiter else None,
        "EncodingType": request.get("EncodingType"),
    }


async def list_object_versions(s3: S3, call: Call, bucket: Bucket, request: api.ListObjectVersionsRequest) -> Members:
    """A page of versions and delete markers.

    Raises:
        InvalidArgument: a parameter makes no sense.
    """
    del call
    show = _shower(request.get("EncodingType"))
    prefix, delimiter = request.get("Prefix", "").encode(), request.get("Delimiter", "").encode()
    most = listing.page_size(request.get("MaxKeys"), "max-keys")
    marker, id_marker = request.get("KeyMarker", ""), request.get("VersionIdMarker")
    if id_marker and not marker:
        raise InvalidArgument(
            "A version-id marker cannot be specified without a key marker.", "version-id-marker", id_marker
        )

    def read(snapshot: Snapshot) -> Page[Version]:
        start = _start_of_versions(snapshot, bucket, marker, id_marker or "", prefix, delimiter)
        return listing.page(
            lambda begin, end, count: objects.list_versions(snapshot, bucket.id, begin, end, count),
            lambda version: (version.key, version.seq),
            Query(prefix, delimiter, start, most),
        )

    page = await s3.db.read(read)
    last = page.rows[-1] if page.rows else None
    members: Members = {
        "Name": bucket.name,
        "Prefix": show(prefix),
        "KeyMarker": show(marker.encode()),
        "VersionIdMarker": id_marker or "",
        "Delimiter": show(delimiter) if delimiter else None,
        "MaxKeys": most,
        "IsTruncated": page.truncated,
        "EncodingType": request.get("EncodingType"),
        "Versions": [_version_members(version, show) for version in page.rows if not version.marker],
        "DeleteMarkers": [_marker_members(version, show) for version in page.rows if version.marker],
        "CommonPrefixes": [{"Prefix": show(common)} for common in page.prefixes],
    }
    if page.truncated:
        members["NextKeyMarker"] = show(page.last)
        if last is not None and last.key == page.last:
            members["NextVersionIdMarker"] = last.id
    return members


def _start_of_versions(
    snapshot: Snapshot, bucket: Bucket, marker: str, id_marker: str, prefix: bytes, delimiter: bytes
) -> Cursor:
    if not marker:
        return b"", INCLUSIVE
    key = encode_key(marker)
    if not id_marker:
        return listing.behind(key, prefix, delimiter)
    if id_marker == NULL_VERSION:
        version = objects.find(snapshot, bucket.id, key, id_marker)
        # The only id that does not tell its place: behind one that has been deleted, all that are left of the key come.
        return key, INCLUSIVE if version is None else version.seq
    seq = sequence_of(id_marker)
    if seq is None:
        raise InvalidArgument("Invalid version id specified", "version-id-marker", id_marker)
    return key, seq


def _version_members(version: Version, show: Show) -> Members:
    algorithm, _, kind = version.checksum_kind.partition("/")
    return {
        "ETag": f'"{version.etag}"',
        "ChecksumAlgorithm": (algorithm,) if algorithm else None,
        "ChecksumType": kind or None,
        "Size": version.size,
        "StorageClass": version.storage_class,
        **_marker_members(version, show),
    }


def _marker_members(version: Version, show: Show) -> Members:
    return {
        "Key": show(version.key),
        "VersionId": version.id,
        "IsLatest": version.current,
        "LastModified": version.modified,
        "Owner": {"ID": canonical_id(version.owner)},
    }
