"""What a bucket is told and asked: one configuration of each kind, checked when it is put."""

from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.services.s3 import errors
from homeport.aws.services.s3.model import acl, configurations, cors, encryption, lifecycle, lock, policy, tags, website
from homeport.aws.services.s3.model.bucket import ENFORCED, Bucket, Kind
from homeport.aws.services.s3.operations.answers import Members
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import buckets
from homeport.kernel.storage.database import Tx

Ask = Mapping[str, object]
Answer = Awaitable[Members]


async def tell(s3: S3, bucket: Bucket, kind: Kind, content: object | None) -> Members:
    """Keep a configuration; None takes it away."""
    await s3.change_bucket(bucket, lambda tx, latest: buckets.configure(tx, latest, kind, content))
    return {}


def forgetting(kind: Kind) -> Callable[[S3, Call, Bucket, Ask], Answer]:
    """The operation that takes a configuration away, whether it is there or not."""

    async def operation(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
        del call, request
        return await tell(s3, bucket, kind, None)

    return operation


def reading(kind: Kind, member: str, missing: Callable[[str], Exception]) -> Callable[[S3, Call, Bucket, Ask], Answer]:
    """The operation that answers a configuration as it was put."""

    async def operation(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
        del s3, call, request
        content = bucket.configurations.get(kind)
        if content is None:
            raise missing(bucket.name)
        return {member: content} if member else dict(cast("Ask", content))

    return operation


async def put_bucket_cors(s3: S3, call: Call, bucket: Bucket, request: api.PutBucketCorsRequest) -> Members:
    """Say which pages may use the bucket."""
    del call
    cors.check_rules(request["CORSConfiguration"])
    return await tell(s3, bucket, "cors", request["CORSConfiguration"])


async def put_bucket_website(s3: S3, call: Call, bucket: Bucket, request: api.PutBucketWebsiteRequest) -> Members:
    """Make the bucket a website."""
    del call
    website.check_configuration(request["WebsiteConfiguration"])
    return await tell(s3, bucket, "website", request["WebsiteConfiguration"])


async def put_bucket_tagging(s3: S3, call: Call, bucket: Bucket, request: api.PutBucketTaggingRequest) -> Members:
    """Tag the bucket."""
    del call
    new = request["Tagging"].get("TagSet", [])
    tags.check_tags(new, bucket=True, most=tags.BUCKET_TAGS)
    return await tell(s3, bucket, "tags", new or None)


async def get_bucket_encryption(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    """The encryption of objects whose requests ask for none."""
    del s3, call, request
    return {"ServerSideEncryptionConfiguration": bucket.configurations.get("encryption", encryption.DEFAULT)}


async def put_bucket_encryption(s3: S3, call: Call, bucket: Bucket, request: api.PutBucketEncryptionRequest) -> Members:
    """Set the encryption of objects whose requests ask for none."""
    del call
    wanted = request["ServerSideEncryptionConfiguration"]
    encryption.check_configuration(wanted)
    rule: api.ServerSideEncryptionRule = {"BucketKeyEnabled": False, **wanted["Rules"][0]}
    if "ApplyServerSideEncryptionByDefault" not in rule:
        rule["ApplyServerSideEncryptionByDefault"] = {"SSEAlgorithm": encryption.AES}
    return await tell(s3, bucket, "encryption", {"Rules": [rule]})


async def get_bucket_lifecycle(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    """The lifecycle rules."""
    del s3, call, request
    told = bucket.configurations.get("lifecycle")
    if told is None:
        raise errors.NoSuchLifecycleConfiguration(bucket.name)
    return {"Rules": told["rules"], "TransitionDefaultMinimumObjectSize": told["minimum_size"]}


async def put_bucket_lifecycle(
    s3: S3, call: Call, bucket: Bucket, request: api.PutBucketLifecycleConfigurationRequest
) -> Members:
    """Set the lifecycle rules; rules without an id are given one."""
    del call
    rules = request.get("LifecycleConfiguration", {"Rules": []})["Rules"]
    lifecycle.check_rules(rules)
    minimum = request.get("TransitionDefaultMinimumObjectSize", lifecycle.DEFAULT_MINIMUM)
    if minimum not in {lifecycle.DEFAULT_MINIMUM, "varies_by_storage_class"}:
        raise errors.InvalidArgument(
            "Invalid value for TransitionDefaultMinimumObjectSize",
            "x-amz-transition-default-minimum-object-size",
            minimum,
        )
    kept = [{**rule, "ID": rule["ID"] if rule.get("ID") else s3.ids.hex(24)} for rule in rules]
    await tell(s3, bucket, "lifecycle", {"rules": kept, "minimum_size": minimum})
    s3.wake_job("s3-lifecycle")
    return {"TransitionDefaultMinimumObjectSize": minimum}


async def put_bucket_policy(s3: S3, call: Call, bucket: Bucket, request: api.PutBucketPolicyRequest) -> Members:
    """Set the policy.

    Raises:
        MalformedPolicy: it cannot be read, or speaks of other buckets.
        AccessDenied: public ones are blocked.
    """
    del call
    text = request["Policy"]
    parsed = policy.parse(text)
    policy.check_resources(parsed, bucket.name)
    if parsed.public and bucket.configurations.get("public_access", {}).get("BlockPublicPolicy"):
        raise errors.AccessDenied(
            "User is not authorized to perform: s3:PutBucketPolicy on resource: "
            f'"{bucket.arn}" because public policies are blocked by the BlockPublicPolicy block public access setting.'
        )
    return await tell(s3, bucket, "policy", text)


async def get_bucket_policy_status(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    """Whether the policy lets anybody in."""
    del s3, call, request
    text = bucket.configurations.get("policy")
    if text is None:
        raise errors.NoSuchBucketPolicy(bucket.name)
    return {"PolicyStatus": {"IsPublic": policy.parse(text).public}}


async def put_public_access_block(
    s3: S3, call: Call, bucket: Bucket, request: api.PutPublicAccessBlockRequest
) -> Members:
    """Block public access, in parts or whole."""
    del call
    wanted = request["PublicAccessBlockConfiguration"]
    full = {name: bool(wanted.get(name, False)) for name in configurations.NEW_BUCKETS_BLOCK}
    return await tell(s3, bucket, "public_access", full)


async def get_ownership(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    """Who owns objects that others put."""
    del s3, call, request
    ownership = bucket.configurations.get("ownership")
    if ownership is None:
        raise errors.OwnershipControlsNotFound(bucket.name)
    return {"OwnershipControls": {"Rules": [{"ObjectOwnership": ownership}]}}


async def put_ownership(s3: S3, call: Call, bucket: Bucket, request: api.PutBucketOwnershipControlsRequest) -> Members:
    """Say who owns objects that others put."""
    del call
    ownership = configurations.ownership_of(request["OwnershipControls"])

    def change(tx: Tx, latest: Bucket) -> None:
        granted = latest.configurations.get("acl")
        if ownership == ENFORCED and granted is not None and not acl.is_private(granted):
            raise errors.InvalidBucketAclWithObjectOwnership
        buckets.configure(tx, latest, "ownership", ownership)

    await s3.change_bucket(bucket, change)
    return {}


async def get_request_payment(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    """Who pays."""
    del s3, call, request
    return {"Payer": bucket.configurations.get("payer", "BucketOwner")}


async def put_request_payment(
    s3: S3, call: Call, bucket: Bucket, request: api.PutBucketRequestPaymentRequest
) -> Members:
    """Say who pays."""
    del call
    payer = request["RequestPaymentConfiguration"].get("Payer")
    if payer not in {"BucketOwner", "Requester"}:
        raise errors.MalformedXml
    return await tell(s3, bucket, "payer", payer)


async def get_accelerate(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    """Whether transfers are accelerated."""
    del s3, call, request
    return {"Status": bucket.configurations.get("accelerate")}


async def put_accelerate(
    s3: S3, call: Call, bucket: Bucket, request: api.PutBucketAccelerateConfigurationRequest
) -> Members:
    """Say whether transfers are accelerated."""
    del call
    configurations.check_accelerate(request["AccelerateConfiguration"], bucket.name)
    return await tell(s3, bucket, "accelerate", request["AccelerateConfiguration"]["Status"])


async def get_abac(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    """Whether tags decide about access."""
    del s3, call, request
    return {"AbacStatus": {"Status": bucket.configurations.get("abac", "Disabled")}}


async def put_abac(s3: S3, call: Call, bucket: Bucket, request: api.PutBucketAbacRequest) -> Members:
    """Say whether tags decide about access."""
    del call
    status = request["AbacStatus"].get("Status")
    if status not in {"Enabled", "Disabled"}:
        raise errors.MalformedXml
    return await tell(s3, bucket, "abac", status)


async def get_logging(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    """Where access logs go."""
    del s3, call, request
    return {"LoggingEnabled": bucket.configurations.get("logging")}


async def put_logging(s3: S3, call: Call, bucket: Bucket, request: api.PutBucketLoggingRequest) -> Members:
    """Say where access logs go.

    Raises:
        AwsError: there is no such bucket, or it may not have them.
    """
    wanted = request["BucketLoggingStatus"].get("LoggingEnabled")
    if wanted is None:
        return await tell(s3, bucket, "logging", None)
    name = wanted["TargetBucket"]
    try:
        target = await s3.bucket(name)
    except errors.NoSuchBucket:
        raise errors.InvalidTargetBucketForLogging("The target bucket for logging does not exist", name) from None
    if target.account != call.account:
        raise errors.InvalidTargetBucketForLogging(
            "The owner for the bucket to be logged and the target bucket must be the same.", name
        )
    if target.region != bucket.region:
        raise errors.CrossLocationLogging
    return await tell(s3, bucket, "logging", wanted)


async def put_replication(s3: S3, call: Call, bucket: Bucket, request: api.PutBucketReplicationRequest) -> Members:
    """Say where objects are to be copied; kept and read back, not carried out.

    Raises:
        AwsError: source or destination has no versions.
    """
    del call
    kept = configurations.replication_kept(request["ReplicationConfiguration"])
    if bucket.versioning != "Enabled":
        raise errors.InvalidRequest("Versioning must be 'Enabled' on the bucket to apply a replication configuration")
    for rule in kept["Rules"]:
        name = rule["Destination"]["Bucket"].rpartition(":")[2]
        try:
            target = await s3.bucket(name)
        except errors.NoSuchBucket:
            target = None
        if target is None or target.versioning != "Enabled":
            raise errors.InvalidRequest("Destination bucket must have versioning enabled.")
    return await tell(s3, bucket, "replication", kept)


async def put_object_lock(
    s3: S3, call: Call, bucket: Bucket, request: api.PutObjectLockConfigurationRequest
) -> Members:
    """Set the retention of new objects; gives a versioned bucket object lock if it has none.

    Raises:
        AwsError: the bucket is not versioned, or the configuration makes no sense.
    """
    del call
    wanted = request.get("ObjectLockConfiguration")
    if wanted is None:
        raise errors.MalformedXml
    lock.check_configuration(wanted)

    def change(tx: Tx, latest: Bucket) -> None:
        if latest.versioning != "Enabled":
            raise errors.InvalidBucketState(
                "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
            )
        if not latest.lockable:
            buckets.set_lockable(tx, latest)
        buckets.configure(tx, latest, "lock", wanted)

    await s3.change_bucket(bucket, change)
    return {}
