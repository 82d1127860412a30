"""What answers about a version say of it: its head, its checksum, its lock, in the wire's own members."""

from collections.abc import Mapping
from typing import Final

from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.lifecycle import expiration_header
from homeport.aws.services.s3.model.names import decode_key
from homeport.aws.services.s3.model.version import STANDARD, Version
from homeport.kernel.clock import Millis

Members = dict[str, object]
_ENCRYPTION: Final = (
    "ServerSideEncryption",
    "SSEKMSKeyId",
    "BucketKeyEnabled",
    "SSECustomerAlgorithm",
    "SSECustomerKeyMD5",
)


def encryption_members(head: Mapping[str, object]) -> Members:
    """What an answer says about encryption."""
    return {name: head[name] for name in _ENCRYPTION if name in head}


def checksum_members(version: Version) -> Members:
    """The checksum and its type; nothing for an old version without one."""
    if not version.checksum_kind:
        return {}
    algorithm, _, kind = version.checksum_kind.partition("/")
    return {f"Checksum{algorithm}": version.checksum, "ChecksumType": kind}


def shown_id(bucket: Bucket, version: Version) -> str | None:
    """The version's id, as far as the bucket has any."""
    return version.id if bucket.versioning else None


def expiration(bucket: Bucket, version: Version) -> str | None:
    """When a lifecycle rule will expire the current object."""
    rules = bucket.configurations.get("lifecycle", {}).get("rules")
    if not rules or not version.current:
        return None
    return expiration_header(rules, version, decode_key(version.key)) or None


def put_members(bucket: Bucket, version: Version) -> Members:
    """The answer to a put."""
    members = {
        "ETag": f'"{version.etag}"',
        **checksum_members(version),
        **encryption_members(version.head),
    }
    if bucket.versioning == "Enabled":
        members["VersionId"] = version.id
    if "lifecycle" in bucket.configurations:
        members["Expiration"] = expiration(bucket, version)
    return members


def read_members(bucket: Bucket, version: Version, now: Millis) -> Members:
    """What GET and HEAD say beside length and content."""
    members: Members = {
        **version.head,
        "AcceptRanges": "bytes",
        "ETag": f'"{version.etag}"',
        "LastModified": version.modified,
    }
    if bucket.versioning:
        members["VersionId"] = version.id
    if version.storage_class != STANDARD:
        members["StorageClass"] = version.storage_class
    if version.extra:
        _add_extra(members, version, now)
    if "lifecycle" in bucket.configurations:
        members["Expiration"] = expiration(bucket, version)
    return members


def _add_extra(members: Members, version: Version, now: Millis) -> None:
    extra = version.extra
    if extra.get("tags"):
        members["TagCount"] = len(extra["tags"])
    if "mode" in extra:
        members["ObjectLockMode"] = extra["mode"]
        members["ObjectLockRetainUntilDate"] = extra["retain_until"]
    if "hold" in extra:
        members["ObjectLockLegalHoldStatus"] = extra["hold"]
    if "replication" in extra:
        members["ReplicationStatus"] = extra["replication"]
    if "restore" in extra:
        members["Restore"] = restore_header(version, now)


def restore_header(version: Version, now: Millis) -> str:
    """`x-amz-restore`: under way, or until when the copy is there."""
    from email.utils import formatdate

    restore = version.extra["restore"]
    if restore["ready"] > now:
        return 'ongoing-request="true"'
    return f'ongoing-request="false", expiry-date="{formatdate(restore["expires"] / 1000, usegmt=True)}"'
