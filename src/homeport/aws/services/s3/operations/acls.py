"""Access control lists of buckets and objects, read and set."""

from collections.abc import Mapping
from typing import cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.services.s3 import events
from homeport.aws.services.s3.errors import (
    AccessControlListNotSupported,
    AccessDenied,
    InvalidRequest,
    MissingSecurityHeader,
    UnexpectedContent,
)
from homeport.aws.services.s3.model import acl
from homeport.aws.services.s3.model.bucket import Acl, Bucket
from homeport.aws.services.s3.model.names import canonical_id, decode_key
from homeport.aws.services.s3.model.notifications import Event
from homeport.aws.services.s3.model.version import Extra, Version
from homeport.aws.services.s3.operations.answers import Members
from homeport.aws.services.s3.operations.get import locate
from homeport.aws.services.s3.operations.settings import tell
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import buckets, objects
from homeport.kernel.storage.database import Tx

Ask = Mapping[str, object]


def _wanted(bucket: Bucket, request: Ask, owner: str, *, of_bucket: bool) -> Acl:
    """The ACL that a request asks for, in one of its three forms.

    Raises:
        AwsError: in none, in several, or one that is not allowed.
    """
    name, granted = request.get("ACL"), acl.grant_headers(request)
    document = request.get("AccessControlPolicy")
    if name is not None and granted:
        raise InvalidRequest("Specifying both Canned ACLs and Header Grants is not allowed")
    if document is not None and (name is not None or granted):
        raise UnexpectedContent
    if name is not None:
        made = acl.canned(str(name), owner, bucket.account, bucket=of_bucket)
    elif granted:
        made = acl.from_headers(granted, owner)
    elif document is not None:
        made = acl.from_document(cast("api.AccessControlPolicy", document), owner)
    else:
        raise MissingSecurityHeader("x-amz-acl")
    if bucket.enforces_ownership and not (acl.is_private(made) and len(made["grants"]) == 1):
        raise AccessControlListNotSupported
    if acl.is_public(made) and bucket.configurations.get("public_access", {}).get("BlockPublicAcls"):
        raise AccessDenied
    return made


async def get_bucket_acl(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    """What others may do with the bucket."""
    del s3, call, request
    told = bucket.configurations.get("acl") or acl.private(bucket.account)
    return {"Owner": {"ID": told["owner"]}, "Grants": told["grants"]}


async def put_bucket_acl(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    """Say what others may do with the bucket."""
    del call
    made = _wanted(bucket, request, bucket.account, of_bucket=True)
    return await tell(s3, bucket, "acl", made)


async def get_object_acl(s3: S3, call: Call, bucket: Bucket, request: api.GetObjectAclRequest) -> Members:
    """What others may do with an object.

    Raises:
        NoSuchKey, NoSuchVersion, MethodNotAllowed: there is none.
    """
    del call
    version = await s3.db.read(lambda snapshot: locate(snapshot, bucket, request["Key"], request.get("VersionId")))
    grants = version.extra.get("grants") or [acl.user_grant(version.owner, "FULL_CONTROL")]
    return {"Owner": {"ID": canonical_id(version.owner)}, "Grants": grants}


async def put_object_acl(s3: S3, call: Call, bucket: Bucket, request: api.PutObjectAclRequest) -> Members:
    """Say what others may do with an object.

    Raises:
        AwsError: there is none, or the ACL is not allowed.
    """

    def write(tx: Tx) -> None:
        latest = buckets.latest(tx, bucket)
        version = locate(tx, latest, request["Key"], request.get("VersionId"), method="PUT")
        made = _wanted(latest, cast("Ask", request), version.owner, of_bucket=False)
        if latest.enforces_ownership:
            return
        extra: Extra = {**version.extra, "grants": made["grants"]}
        objects.change(tx, latest.id, version, extra)
        _announce(s3, tx, call, latest, version)

    await s3.db.write(write)
    return {}


def _announce(s3: S3, tx: Tx, call: Call, bucket: Bucket, version: Version) -> None:
    shown = version.id if bucket.versioning == "Enabled" else ""
    event = Event("ObjectAcl:Put", decode_key(version.key), version.seq, etag=version.etag, version_id=shown)
    events.post(s3, tx, bucket, event, events.origin_of(call))
