"""PutObject: a new version of a key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.errors import AwsError
from homeport.aws.services.s3 import events
from homeport.aws.services.s3.errors import (
    AccessControlListNotSupported,
    AccessDenied,
    HeaderNotImplemented,
    InvalidRequest,
)
from homeport.aws.services.s3.model import acl, checksums, encryption, heads, lock, tags
from homeport.aws.services.s3.model.bucket import Acl, Bucket
from homeport.aws.services.s3.model.conditions import check_write
from homeport.aws.services.s3.model.multipart import MOST_PART_BYTES
from homeport.aws.services.s3.model.names import decode_key, encode_key
from homeport.aws.services.s3.model.notifications import Event
from homeport.aws.services.s3.model.version import Extra, Head, Version
from homeport.aws.services.s3.operations.answers import Members, put_members
from homeport.aws.services.s3.operations.contents import Content, discard, receive
from homeport.aws.services.s3.operations.kms_keys import settle_key
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import buckets, objects, writing
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Tx

_ACLS_WITHOUT_EFFECT: Final = frozenset({"private", "bucket-owner-full-control"})
_UNSUPPORTED: Final = (
    ("WriteOffsetBytes", "x-amz-write-offset-bytes"),
    ("ObjectLockEventHold", "x-amz-object-lock-event-hold"),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new version will be, but for its content and place."""

    key: bytes
    head: Head
    extra: Extra
    storage_class: str
    owner: str
    if_match: str | None = None
    if_none_match: str | None = None


async def draft(s3: S3, call: Call, bucket: Bucket, request: Mapping[str, object]) -> Draft:
    """Read everything of a request that describes the new object.

    Raises:
        AwsError: some of it is not allowed.
    """
    key = encode_key(str(request["Key"]))
    head, sse_key = encryption.requested(request, bucket)
    await settle_key(s3, call, bucket, head)
    head = cast("Head", {**heads.content_head(request), **head})
    extra = lock.requested(
        bucket,
        mode=cast("str | None", request.get("ObjectLockMode")),
        until=cast("Millis | None", request.get("ObjectLockRetainUntilDate")),
        hold=cast("str | None", request.get("ObjectLockLegalHoldStatus")),
        now=s3.clock.now(),
    )
    if "Tagging" in request:
        extra["tags"] = tags.parse_tagging(str(request["Tagging"]))
        if not extra["tags"]:
            del extra["tags"]
    if sse_key:
        extra["sse_key"] = sse_key
    owner = bucket.account if bucket.enforces_ownership or call.anonymous else call.account
    given = object_acl(bucket, request, owner)
    if given is not None:
        extra["grants"] = given["grants"]
        if request.get("ACL") == "bucket-owner-full-control":
            preferred = bucket.configurations.get("ownership") == "BucketOwnerPreferred"
            owner = bucket.account if preferred else owner
    return Draft(
        key,
        head,
        extra,
        heads.storage_class(request),
        owner,
        cast("str | None", request.get("IfMatch")),
        cast("str | None", request.get("IfNoneMatch")),
    )


def object_acl(bucket: Bucket, request: Mapping[str, object], owner: str) -> Acl | None:
    """The ACL that a new object's request asks for; None for the owner's alone.

    Raises:
        AccessControlListNotSupported: the bucket has none.
        AccessDenied: public ones are blocked.
        InvalidRequest, InvalidArgument: it cannot be read.
    """
    name = request.get("ACL")
    granted = acl.grant_headers(request)
    if name is None and not granted:
        return None
    if name is not None and granted:
        raise InvalidRequest("Specifying both Canned ACLs and Header Grants is not allowed")
    if bucket.enforces_ownership:
        if name in _ACLS_WITHOUT_EFFECT:
            return None
        raise AccessControlListNotSupported
    if name is not None:
        made = acl.canned(str(name), owner, bucket.account, bucket=False)
    else:
        made = acl.from_headers(granted, owner)
    if acl.is_public(made) and bucket.configurations.get("public_access", {}).get("BlockPublicAcls"):
        raise AccessDenied
    return made


def refuse_unsupported(request: Mapping[str, object]) -> None:
    """Refuse headers whose meaning Homeport does not have, rather than pass over them.

    Raises:
        HeaderNotImplemented: there is one.
    """
    for member, header in _UNSUPPORTED:
        if member in request:
            raise HeaderNotImplemented(header)


async def put_object(s3: S3, call: Call, bucket: Bucket, request: api.PutObjectRequest) -> Members:
    """Put an object.

    Raises:
        AwsError: nothing was changed.
        StorageError: the same.
    """
    refuse_unsupported(request)
    new = await draft(s3, call, bucket, request)
    content = await receive(s3, request.get("Body"), request, most=MOST_PART_BYTES)
    return await commit(s3, call, bucket, new, content, "ObjectCreated:Put")


async def commit(s3: S3, call: Call, bucket: Bucket, new: Draft, content: Content, event: str) -> Members:
    """Make a content that has come a version of its key.

    Raises:
        AwsError: a condition did not hold; the content is gone.
    """

    def write(tx: Tx) -> Members:
        now_bucket, version = place(s3, tx, bucket, new, content)
        announce(s3, tx, call, now_bucket, version, event)
        return put_members(now_bucket, version)

    return await writing_file(s3, content.file, write)


async def writing_file(s3: S3, file: str, write: Callable[[Tx], Members]) -> Members:
    """Run a transaction that gives a file its row; the file is gone if the transaction refuses.

    Raises:
        AwsError, StorageError: whatever `write` raised.
    """
    if not file:
        return await s3.db.write(write)
    try:
        return await s3.db.write(write)
    except AwsError:
        discard(s3, file)
        raise
    finally:
        # Whatever else went wrong, the commit may have happened: only the sweep, which sees the rows, may judge.
        s3.files.listed((file,))


def place(s3: S3, tx: Tx, bucket: Bucket, new: Draft, content: Content) -> tuple[Bucket, Version]:
    """Give a content its version, in the place of what was there.

    Raises:
        AwsError: a condition does not hold, or the bucket is gone.
    """
    bucket = buckets.latest(tx, bucket)
    current = objects.current(tx, bucket.id, new.key)
    if new.if_match is not None or new.if_none_match is not None:
        check_write(current, decode_key(new.key), new.if_match, new.if_none_match)
    seq = s3.next_seq(current.seq if current is not None else 0)
    version = Version(
        new.key,
        seq,
        s3.new_version_id(bucket, seq),
        True,
        False,
        content.size,
        content.etag,
        s3.clock.now(),
        new.storage_class,
        f"{content.algorithm}/{checksums.FULL}",
        content.checksum,
        content.keep(tx),
        content.file,
        new.owner,
        new.head,
        new.extra,
    )
    put_in_place(s3, tx, bucket, version, current)
    return bucket, version


def put_in_place(s3: S3, tx: Tx, bucket: Bucket, version: Version, current: Version | None) -> None:
    """Make a version the newest, and let the files go that were replaced."""
    gone = [file for file in writing.place(tx, bucket, version, current) if file]
    if gone:
        tx.after_commit(s3.files.removal(gone))


def announce(s3: S3, tx: Tx, call: Call, bucket: Bucket, version: Version, name: str) -> None:
    """Tell of a new version whoever wants to know."""
    if "notification" not in bucket.configurations:
        return
    event = Event(
        name,
        decode_key(version.key),
        version.seq,
        version.size,
        version.etag,
        version.id if bucket.versioning == "Enabled" else "",
    )
    events.post(s3, tx, bucket, event, events.origin_of(call))
