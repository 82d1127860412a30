"""CopyObject: another version with the same bytes, which are linked, not read, wherever that is enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import unquote_to_bytes

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.errors import AwsError
from homeport.aws.services.s3.errors import (
    InvalidArgument,
    InvalidRequest,
)
from homeport.aws.services.s3.model import checksums, encryption
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.multipart import MOST_PART_BYTES
from homeport.aws.services.s3.model.names import encode_key
from homeport.aws.services.s3.model.version import Head, Version
from homeport.aws.services.s3.operations.access import authorize, check_expected_owner, is_charged
from homeport.aws.services.s3.operations.answers import Members, checksum_members, encryption_members, shown_id
from homeport.aws.services.s3.operations.contents import Content, body_of, discard
from homeport.aws.services.s3.operations.get import MarkerNotAllowed, check_restored, conditions_of, locate
from homeport.aws.services.s3.operations.put import Draft, announce, draft, place, writing_file
from homeport.aws.services.s3.room import S3
from homeport.kernel.storage.database import Snapshot, Tx

_HEADER = "x-amz-copy-source"
_CONTENT_MEMBERS = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "Expires")


class TooLargeToCopy(InvalidRequest):
    """More than can be copied at once."""

    def __init__(self) -> None:
        super().__init__(
            f"The specified copy source is larger than the maximum allowable size for a copy source: {MOST_PART_BYTES}"
        )


@dataclass(frozen=True, slots=True)
class Source:
    """Where a copy comes from.

    Attributes:
        data: a small one's bytes.
        held: a name of its own for a large one's file, which stays whatever becomes of the source; whoever gets it
            uses it up or discards it.
    """

    bucket: Bucket
    version: Version
    data: bytes
    held: str


def parse_source(header: str) -> tuple[str, str, str | None]:
    """Bucket, key and version id of an `x-amz-copy-source` header.

    Raises:
        InvalidArgument: it names none.
    """
    path, _, query = header.partition("?")
    try:
        text = unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        raise InvalidArgument("Invalid copy source encoding.", _HEADER, header) from None
    bucket, slash, key = text.removeprefix("/").partition("/")
    if text.startswith("arn:"):
        bucket, slash, key = text.partition("/object/")
        bucket = bucket.rpartition(":")[2] if slash else text
    if not slash or not bucket:
        raise InvalidArgument("Invalid copy source object key", _HEADER, _HEADER)
    if not key:
        raise InvalidArgument("Invalid copy source object key", _HEADER, _HEADER)
    identifier = None
    if query:
        name, _, value = query.partition("=")
        if name != "versionId" or not value:
            raise InvalidArgument("Invalid copy source object version", _HEADER, header)
        identifier = unquote_to_bytes(value).decode("ascii", "replace")
    return bucket, key, identifier


async def find_source(s3: S3, call: Call, request: Mapping[str, object]) -> Source:
    """The version that is copied.

    Raises:
        AwsError: there is none, the caller may not read it, a condition does not hold, or it is archived.
    """
    bucket_name, key, identifier = parse_source(str(request["CopySource"]))
    bucket = await s3.bucket(bucket_name)
    check_expected_owner(bucket, request, "ExpectedSourceBucketOwner")
    asked = {"Key": key} if identifier is None else {"Key": key, "VersionId": identifier}
    await authorize(s3, call, bucket, "s3:GetObject", asked, key)
    is_charged(call, bucket, request)

    def read(snapshot: Snapshot) -> tuple[Version, bytes]:
        try:
            found = locate(snapshot, bucket, key, identifier)
        except MarkerNotAllowed:
            raise InvalidRequest(
                "The source of a copy request may not specifically refer to a delete marker by version id."
            ) from None
        return found, body_of(snapshot, found.row)

    version, data = await s3.db.read(read)
    held = s3.files.link(version.file) if version.file else ""
    try:
        _check_source(s3, version, request)
    except AwsError:
        discard(s3, held)
        raise
    return Source(bucket, version, data, held)


def _check_source(s3: S3, version: Version, request: Mapping[str, object]) -> None:
    conditions = conditions_of(request, "CopySource")
    if conditions is not None:
        conditions.check(version.etag, version.modified, s3.clock.now())
    encryption.check_customer_key(version, request, "CopySource")
    if version.archived:
        check_restored(version, s3)


def _check_size(version: Version) -> None:
    if version.size > MOST_PART_BYTES:
        raise TooLargeToCopy


async def copy_object(s3: S3, call: Call, bucket: Bucket, request: api.CopyObjectRequest) -> Members:
    """Copy an object.

    Raises:
        AwsError: nothing was changed.
    """
    asked = cast("Mapping[str, object]", request)
    source = await find_source(s3, call, asked)
    try:
        _check_in_place(source, bucket, asked)
        _check_size(source.version)
        new = await _draft(s3, call, bucket, source, asked)
        content = await _content(s3, source, request.get("ChecksumAlgorithm"))
    except BaseException:
        discard(s3, source.held)
        raise

    def write(tx: Tx) -> Members:
        latest, made = place(s3, tx, bucket, new, content)
        announce(s3, tx, call, latest, made, "ObjectCreated:Copy")
        return {
            "CopyObjectResult": {
                "ETag": f'"{made.etag}"',
                "LastModified": made.modified,
                **checksum_members(made),
            },
            "CopySourceVersionId": source.version.id if source.bucket.versioning else None,
            "VersionId": shown_id(latest, made),
            **encryption_members(made.head),
        }

    return await writing_file(s3, content.file, write)


def _check_in_place(source: Source, bucket: Bucket, request: Mapping[str, object]) -> None:
    same = source.bucket.id == bucket.id and source.version.key == encode_key(str(request["Key"]))
    if not same or not source.version.current:
        return
    changing = (
        "StorageClass",
        "WebsiteRedirectLocation",
        "ServerSideEncryption",
        "SSECustomerAlgorithm",
        "ObjectLockMode",
    )
    encrypted = "encryption" in bucket.configurations
    if request.get("MetadataDirective") == "REPLACE" or encrypted or any(name in request for name in changing):
        return
    if source.bucket.versioning == "Suspended":
        return
    raise InvalidRequest(
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
        "metadata, storage class, website redirect location or encryption attributes."
    )


async def _draft(s3: S3, call: Call, bucket: Bucket, source: Source, request: Mapping[str, object]) -> Draft:
    for member, header in (
        ("MetadataDirective", "x-amz-metadata-directive"),
        ("TaggingDirective", "x-amz-tagging-directive"),
    ):
        if request.get(member, "COPY") not in {"COPY", "REPLACE"}:
            word = "metadata" if member.startswith("Meta") else "tagging"
            raise InvalidArgument(f"Unknown {word} directive.", header, str(request[member]))
    asked = dict(request)
    replaces = request.get("MetadataDirective") == "REPLACE"
    if not replaces:
        # Content headers count only with REPLACE.
        asked["Metadata"] = {}
        for member in _CONTENT_MEMBERS:
            asked.pop(member, None)
        asked["ContentType"] = None
    if request.get("TaggingDirective") != "REPLACE":
        asked.pop("Tagging", None)
    new = await draft(s3, call, bucket, asked)
    if not replaces:
        kept = {
            name: value
            for name, value in source.version.head.items()
            if name in {*_CONTENT_MEMBERS, "ContentType", "Metadata"}
        }
        new.head.pop("ContentType", None)
        new.head.update(cast("Head", kept))
    if request.get("TaggingDirective", "COPY") == "COPY" and source.version.extra.get("tags"):
        new.extra["tags"] = source.version.extra["tags"]
    return new


async def _content(s3: S3, source: Source, wanted: str | None) -> Content:
    """The copy's own bytes; hashed anew only if what is known of the source is not what the copy will say."""
    version = source.version
    algorithm = (wanted or version.algorithm or checksums.DEFAULT).upper()
    if algorithm not in checksums.ALGORITHMS:
        raise checksums.unsupported()
    known = version.checksum_kind == f"{algorithm}/{checksums.FULL}"
    etag, checksum = version.etag, version.checksum
    if "-" in etag or not known:
        md5, other = checksums.running("MD5"), checksums.running(algorithm)
        await s3.files.digest(source.held or source.data, 0, version.size, (md5, other))
        etag, checksum = md5.digest().hex(), checksums.encode(other.digest())
    return Content(version.size, etag, algorithm, checksum, source.data, source.held)
