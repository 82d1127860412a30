"""The gate before every operation on a bucket: it exists, is whose it is expected to be, and the caller may."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from homeport.aws.call import Call
from homeport.aws.service import Operation, Result
from homeport.aws.services.s3.errors import AccessDenied, InvalidBucketOwnerAccountId
from homeport.aws.services.s3.model.access import Caller, allowed, reads_object_acl
from homeport.aws.services.s3.model.bucket import Acl, Bucket
from homeport.aws.services.s3.model.configurations import is_account
from homeport.aws.services.s3.model.names import canonical_id, encode_key
from homeport.aws.services.s3.model.notifications import iso
from homeport.aws.services.s3.model.tags import parse_tagging
from homeport.aws.services.s3.model.version import Version
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import objects

R = TypeVar("R")
Run = Callable[[S3, Call, Bucket, R], Awaitable[Result]]
Request = Mapping[str, object]

PAYING = "requester"
_VERSIONED = frozenset(
    {
        "s3:GetObject",
        "s3:DeleteObject",
        "s3:GetObjectTagging",
        "s3:PutObjectTagging",
        "s3:DeleteObjectTagging",
        "s3:GetObjectAcl",
        "s3:PutObjectAcl",
        "s3:GetObjectAttributes",
    }
)
_CONDITION_MEMBERS = (
    ("Prefix", "s3:prefix"),
    ("Delimiter", "s3:delimiter"),
    ("MaxKeys", "s3:max-keys"),
    ("ACL", "s3:x-amz-acl"),
    ("VersionId", "s3:versionid"),
    ("ServerSideEncryption", "s3:x-amz-server-side-encryption"),
    ("SSEKMSKeyId", "s3:x-amz-server-side-encryption-aws-kms-key-id"),
    ("StorageClass", "s3:x-amz-storage-class"),
    ("CopySource", "s3:x-amz-copy-source"),
)


def guarded(action: str, run: Run[R], *, paid: bool = False) -> Operation[S3]:
    """An operation that only those may call who may do `action`; `run` is given the bucket.

    With an empty action, `run` asks for itself. `paid`: strangers can be asked to pay for it.
    """

    async def operation(s3: S3, call: Call, request: Any) -> Result:
        bucket = await s3.bucket(request["Bucket"])
        if "ExpectedBucketOwner" in request:
            check_expected_owner(bucket, request)
        if action and not owns(call, bucket):
            await authorize(s3, call, bucket, action, request)
        if paid and is_charged(call, bucket, request):
            return {**(await run(s3, call, bucket, request) or {}), "RequestCharged": PAYING}
        return await run(s3, call, bucket, request)

    return operation


def is_charged(call: Call, bucket: Bucket, request: Request) -> bool:
    """Whether the caller pays for a request to somebody else's bucket (S3 user guide, "Requester Pays").

    Raises:
        AccessDenied: the bucket demands it, and the caller is nobody or has not agreed.
    """
    if bucket.configurations.get("payer") != "Requester" or (call.account == bucket.account and not call.anonymous):
        return False
    if call.anonymous or request.get("RequestPayer") != PAYING:
        raise AccessDenied
    return True


def owns(call: Call, bucket: Bucket) -> bool:
    """Whether the caller may do anything because the bucket is the caller's own, and no policy says otherwise."""
    return call.account == bucket.account and not call.anonymous and "policy" not in bucket.configurations


def check_expected_owner(bucket: Bucket, request: Request, member: str = "ExpectedBucketOwner") -> None:
    """Refuse when the bucket is another account's than the caller believes.

    Raises:
        InvalidBucketOwnerAccountId: it names no account.
        AccessDenied: it is another one's.
    """
    expected = request.get(member)
    if not isinstance(expected, str):
        return
    if not is_account(expected):
        raise InvalidBucketOwnerAccountId(expected)
    if expected != bucket.account:
        raise AccessDenied


def caller_of(s3: S3, call: Call, request: Request) -> Caller:
    """Who calls, with what policies may ask of the request."""
    context = {
        "aws:sourceip": call.source_ip or "127.0.0.1",
        "aws:useragent": call.user_agent,
        "aws:securetransport": "true" if call.secure else "false",
        "aws:currenttime": iso(s3.clock.now()),
        "aws:epochtime": str(s3.clock.now() // 1000),
        "aws:requestedregion": call.region,
    }
    if call.referer:
        context["aws:referer"] = call.referer
    if "Tagging" in request:
        context |= _asked_tags(request["Tagging"])
    if not call.anonymous:
        context |= {"aws:principalarn": call.principal_arn, "aws:principalaccount": call.account}
    for member, key in _CONDITION_MEMBERS:
        value = request.get(member)
        if value is not None:
            context[key] = str(value)
    if call.anonymous:
        return Caller("", "", context)
    return Caller(call.account, call.principal_arn or f"arn:aws:iam::{call.account}:root", context)


def _asked_tags(tagging: Any) -> Mapping[str, str]:
    """The tags that a put wants, from its header or its document."""
    found = parse_tagging(tagging) if isinstance(tagging, str) else tagging.get("TagSet", ())
    return {f"s3:requestobjecttag/{tag['Key'].lower()}": tag["Value"] for tag in found}


async def may(s3: S3, call: Call, bucket: Bucket, action: str, request: Request, key: str | None = None) -> bool:
    """Whether the caller may do `action` to the bucket, or to one of its objects."""
    caller = caller_of(s3, call, request)
    acl = None
    if key is not None and "VersionId" in request and action in _VERSIONED:
        verb, _, noun = action.partition("Object")
        action = f"{verb}ObjectVersion{noun}"
    if key is not None and not bucket.enforces_ownership and reads_object_acl(action):
        acl = await _object_acl(s3, bucket, key, request)
    if "policy" in bucket.configurations and "s3:ExistingObjectTag" in bucket.configurations["policy"]:
        caller = await _with_tags(s3, bucket, caller, key, request)
    return allowed(bucket, caller, action, key, acl)


async def authorize(s3: S3, call: Call, bucket: Bucket, action: str, request: Request, key: str | None = None) -> None:
    """Let nobody pass who may not.

    `key`: the object's; the request's own by default.

    Raises:
        AccessDenied: the caller may not.
    """
    named = request.get("Key")
    if key is None and isinstance(named, str):
        key = named
    if not await may(s3, call, bucket, action, request, key):
        raise AccessDenied


async def _version(s3: S3, bucket: Bucket, key: str, request: Request) -> Version | None:
    identifier = request.get("VersionId")
    encoded = encode_key(key)
    if isinstance(identifier, str):
        return await s3.db.read(lambda snapshot: objects.find(snapshot, bucket.id, encoded, identifier))
    return await s3.db.read(lambda snapshot: objects.current(snapshot, bucket.id, encoded))


async def _object_acl(s3: S3, bucket: Bucket, key: str, request: Request) -> Acl | None:
    version = await _version(s3, bucket, key, request)
    if version is None or "grants" not in version.extra:
        return None
    return {"owner": canonical_id(version.owner), "grants": version.extra["grants"]}


async def _with_tags(s3: S3, bucket: Bucket, caller: Caller, key: str | None, request: Request) -> Caller:
    version = await _version(s3, bucket, key, request) if key is not None else None
    if version is None:
        return caller
    tags = {f"s3:existingobjecttag/{tag['Key'].lower()}": tag["Value"] for tag in version.extra.get("tags", ())}
    return Caller(caller.account, caller.arn, {**caller.context, **tags})
