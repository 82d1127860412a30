"""Buckets: created, found, listed, deleted, and their versioning."""

from typing import Final, cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.services.s3.errors import (
    AccessDenied,
    BucketAlreadyExists,
    BucketAlreadyOwnedByYou,
    BucketNotEmpty,
    InvalidArgument,
    InvalidRequest,
)
from homeport.aws.services.s3.model import acl, configurations, listing, names, tags
from homeport.aws.services.s3.model.bucket import Bucket, Configurations, Versioning
from homeport.aws.services.s3.operations.answers import Members
from homeport.aws.services.s3.operations.uploads import give_up
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import buckets, objects, uploads
from homeport.kernel.storage.database import Tx

_MOST_BUCKETS: Final = 10_000


async def create_bucket(s3: S3, call: Call, request: api.CreateBucketRequest) -> Members:
    """Make a bucket.

    Raises:
        AwsError: the name is taken or none, or the region makes no sense.
    """
    name = request["Bucket"]
    if call.anonymous:
        raise AccessDenied
    names.check_bucket_name(name)
    wanted = request.get("CreateBucketConfiguration", {})
    if "Location" in wanted or "Bucket" in wanted:
        raise InvalidRequest("Directory buckets are not supported: a bucket's name and region say where it is.")
    spoken = names.spoken_region(call.region)
    region = names.bucket_region(wanted.get("LocationConstraint"), spoken)
    told = _told(call, request)
    lockable = bool(request.get("ObjectLockEnabledForBucket"))
    bucket = Bucket(0, name, call.account, region, s3.clock.now(), 1, "Enabled" if lockable else "", lockable, told)
    if lockable:
        told["lock"] = {"ObjectLockEnabled": "Enabled"}

    def write(tx: Tx) -> None:
        there = buckets.find(tx, name)
        if there is None:
            buckets.create(tx, bucket)
        elif there.account != call.account:
            raise BucketAlreadyExists(name)
        elif there.region != names.HOME or spoken != names.HOME:
            # The home region answers its owner's repetition with success, for the sake of old clients.
            raise BucketAlreadyOwnedByYou(name)

    await s3.db.write(write)
    return {
        "Location": f"/{name}" if spoken == names.HOME else f"http://{name}.s3.amazonaws.com/",
        "BucketArn": bucket.arn,
    }


def _told(call: Call, request: api.CreateBucketRequest) -> Configurations:
    told: Configurations = {
        "ownership": _ownership(request.get("ObjectOwnership")),
        "public_access": configurations.NEW_BUCKETS_BLOCK,
    }
    new_tags = request.get("CreateBucketConfiguration", {}).get("Tags")
    if new_tags:
        tags.check_creation_tags(new_tags)
        told["tags"] = new_tags
    granted = acl.grant_headers(cast("dict[str, object]", request))
    canned = request.get("ACL")
    if canned is None and not granted:
        return told
    made = (
        acl.from_headers(granted, call.account)
        if granted
        else acl.canned(str(canned), call.account, call.account, bucket=True)
    )
    if not acl.is_private(made):
        if told["ownership"] == "BucketOwnerEnforced":
            raise InvalidRequest("Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
        if acl.is_public(made):
            raise AccessDenied
        told["acl"] = made
    return told


def _ownership(name: str | None) -> str:
    if name is None:
        return "BucketOwnerEnforced"
    if name not in configurations.OWNERSHIPS:
        raise InvalidArgument(f"Invalid x-amz-object-ownership header: {name}", "x-amz-object-ownership")
    return name


async def head_bucket(s3: S3, call: Call, bucket: Bucket, request: api.HeadBucketRequest) -> Members:
    """Say whether a bucket is there, and where."""
    del s3, call, request
    return {"BucketRegion": bucket.region, "BucketArn": bucket.arn, "AccessPointAlias": False}


async def delete_bucket(s3: S3, call: Call, bucket: Bucket, request: api.DeleteBucketRequest) -> Members:
    """Delete an empty bucket; uploads under way in it are given up.

    Raises:
        BucketNotEmpty: it is not.
    """
    del call, request

    def change(tx: Tx, latest: Bucket) -> None:
        if objects.any_version(tx, latest.id) is not None:
            raise BucketNotEmpty(latest.name, versions=not objects.has_objects(tx, latest.id))
        for upload in uploads.of_bucket(tx, latest.id):
            give_up(s3, tx, upload)
        buckets.delete(tx, latest)

    await s3.change_bucket(bucket, change)
    return {}


async def list_buckets(s3: S3, call: Call, request: api.ListBucketsRequest) -> Members:
    """The caller's buckets.

    Raises:
        AccessDenied: nobody calls.
        InvalidArgument: a parameter makes no sense.
    """
    if call.anonymous:
        raise AccessDenied
    most = request.get("MaxBuckets", _MOST_BUCKETS)
    if not 1 <= most <= _MOST_BUCKETS:
        raise InvalidArgument("Argument max-buckets must be an integer between 1 and 10000", "max-buckets", str(most))
    token = request.get("ContinuationToken")
    after = listing.read_token(token).decode("utf-8", "replace") if token else ""
    prefix = request.get("Prefix", "")
    found = await s3.db.read(
        lambda snapshot: buckets.list_of(
            snapshot, call.account, prefix=prefix, after=after, region=request.get("BucketRegion"), most=most + 1
        )
    )
    paged = any(name in request for name in ("MaxBuckets", "ContinuationToken", "Prefix", "BucketRegion"))
    return {
        "Owner": {"ID": names.canonical_id(call.account)},
        "Buckets": [
            {
                "Name": bucket.name,
                "CreationDate": bucket.created,
                "BucketArn": bucket.arn,
                "BucketRegion": bucket.region if paged else None,
            }
            for bucket in found[:most]
        ],
        "ContinuationToken": listing.token_of(found[most - 1].name.encode()) if len(found) > most else None,
        "Prefix": request.get("Prefix"),
    }


async def get_bucket_location(s3: S3, call: Call, bucket: Bucket, request: api.GetBucketLocationRequest) -> Members:
    """Where a bucket is."""
    del s3, call, request
    return {"LocationConstraint": names.location_constraint(bucket.region)}


async def get_bucket_versioning(s3: S3, call: Call, bucket: Bucket, request: api.GetBucketVersioningRequest) -> Members:
    """Whether objects have versions."""
    del s3, call, request
    return {"Status": bucket.versioning or None, "MFADelete": bucket.mfa_delete or None}


async def put_bucket_versioning(s3: S3, call: Call, bucket: Bucket, request: api.PutBucketVersioningRequest) -> Members:
    """Let objects have versions, or no new ones any more.

    Raises:
        AwsError: there is no such state, or the bucket's lock does not allow it.
    """
    del call
    wanted = request["VersioningConfiguration"]

    def change(tx: Tx, latest: Bucket) -> None:
        configurations.check_versioning(wanted, latest)
        status = cast("Versioning", wanted.get("Status", latest.versioning))
        buckets.set_versioning(tx, latest, status, wanted.get("MFADelete", latest.mfa_delete))

    await s3.change_bucket(bucket, change)
    return {}
