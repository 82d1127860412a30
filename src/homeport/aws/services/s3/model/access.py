"""Who may do what with a bucket: its owner, its policy, ACLs, and the block on public access together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from homeport.aws.services.s3.model import acl, policy
from homeport.aws.services.s3.model.bucket import Acl, Bucket

# A policy that denies the owner everything must not keep the owner from mending it.
_MENDING: Final = frozenset({"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"})

_BUCKET_PERMISSIONS: Final[Mapping[str, str]] = {
    "s3:ListBucket": "READ",
    "s3:ListBucketVersions": "READ",
    "s3:ListBucketMultipartUploads": "READ",
    "s3:PutObject": "WRITE",
    "s3:DeleteObject": "WRITE",
    "s3:DeleteObjectVersion": "WRITE",
    "s3:AbortMultipartUpload": "WRITE",
    "s3:ListMultipartUploadParts": "WRITE",
    "s3:GetBucketAcl": "READ_ACP",
    "s3:PutBucketAcl": "WRITE_ACP",
}
_OBJECT_PERMISSIONS: Final[Mapping[str, str]] = {
    "s3:GetObject": "READ",
    "s3:GetObjectVersion": "READ",
    "s3:GetObjectAttributes": "READ",
    "s3:GetObjectAcl": "READ_ACP",
    "s3:GetObjectVersionAcl": "READ_ACP",
    "s3:PutObjectAcl": "WRITE_ACP",
    "s3:PutObjectVersionAcl": "WRITE_ACP",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        account: empty for somebody without credentials.
        context: condition keys in lower case.
    """

    account: str
    arn: str
    context: Mapping[str, str] = field(default_factory=dict)


def reads_object_acl(action: str) -> bool:
    """Whether an object's own ACL can allow this."""
    return action in _OBJECT_PERMISSIONS


def allowed(bucket: Bucket, caller: Caller, action: str, key: str | None, object_acl: Acl | None = None) -> bool:
    """Whether the caller may.

    `key`: the object's; None for the bucket itself.
    `object_acl`: of the object that is meant, where there is one.
    """
    owns = caller.account == bucket.account
    resource = bucket.arn if key is None else f"{bucket.arn}/{key}"
    text = bucket.configurations.get("policy")
    if text is not None:
        verdict = policy.parse(text).verdict(caller.arn, caller.account, action, resource, caller.context)
        if verdict == "deny":
            return owns and action in _MENDING and caller.arn.endswith(":root")
        if verdict == "allow" and not _restricted(bucket, text):
            return True
    return owns or _granted(bucket, caller, action, object_acl)


def _restricted(bucket: Bucket, text: str) -> bool:
    """RestrictPublicBuckets: a public policy then counts only inside its own account."""
    block = bucket.configurations.get("public_access", {})
    return bool(block.get("RestrictPublicBuckets")) and policy.parse(text).public


def _granted(bucket: Bucket, caller: Caller, action: str, object_acl: Acl | None) -> bool:
    if bucket.enforces_ownership:
        return False
    block = bucket.configurations.get("public_access", {})
    for permissions, found in (
        (_OBJECT_PERMISSIONS, object_acl),
        (_BUCKET_PERMISSIONS, bucket.configurations.get("acl")),
    ):
        permission = permissions.get(action)
        if permission is None or found is None:
            continue
        grants = found["grants"]
        if block.get("IgnorePublicAcls") and acl.is_public(found):
            grants = [grant for grant in grants if "URI" not in grant["Grantee"]]
        if acl.grants({"owner": found["owner"], "grants": grants}, permission, caller.account):
            return True
    return False
