"""Every operation that S3 has here, by AWS's name, with the permission that it takes."""

from collections.abc import Mapping
from typing import Any, Final

from homeport.aws.service import Operation
from homeport.aws.services.s3 import errors
from homeport.aws.services.s3.operations import (
    acls,
    annotations,
    buckets,
    completing,
    copy,
    delete,
    entries,
    get,
    listings,
    notifying,
    protections,
    put,
    select,
    settings,
    upload_listings,
    uploads,
)
from homeport.aws.services.s3.operations.access import Run, guarded
from homeport.aws.services.s3.room import S3

_Guarded = Mapping[str, tuple[str, Run[Any]]]

_OBJECTS: Final[_Guarded] = {
    "AbortMultipartUpload": ("s3:AbortMultipartUpload", uploads.abort_multipart_upload),
    "CompleteMultipartUpload": ("s3:PutObject", completing.complete_multipart_upload),
    "CopyObject": ("s3:PutObject", copy.copy_object),
    "CreateMultipartUpload": ("s3:PutObject", uploads.create_multipart_upload),
    "DeleteObject": ("s3:DeleteObject", delete.delete_object),
    "DeleteObjectAnnotation": ("s3:DeleteObjectAnnotation", annotations.delete_object_annotation),
    "DeleteObjectTagging": ("s3:DeleteObjectTagging", protections.delete_object_tagging),
    "GetObject": ("s3:GetObject", get.get_object),
    "GetObjectAcl": ("s3:GetObjectAcl", acls.get_object_acl),
    "GetObjectAnnotation": ("s3:GetObjectAnnotation", annotations.get_object_annotation),
    "GetObjectAttributes": ("s3:GetObject", get.get_object_attributes),
    "GetObjectLegalHold": ("s3:GetObjectLegalHold", protections.get_object_legal_hold),
    "GetObjectRetention": ("s3:GetObjectRetention", protections.get_object_retention),
    "GetObjectTagging": ("s3:GetObjectTagging", protections.get_object_tagging),
    "HeadObject": ("s3:GetObject", get.head_object),
    "ListMultipartUploads": ("s3:ListBucketMultipartUploads", upload_listings.list_multipart_uploads),
    "ListObjectAnnotations": ("s3:ListObjectAnnotations", annotations.list_object_annotations),
    "ListObjectVersions": ("s3:ListBucketVersions", listings.list_object_versions),
    "ListObjects": ("s3:ListBucket", listings.list_objects),
    "ListObjectsV2": ("s3:ListBucket", listings.list_objects_v2),
    "ListParts": ("s3:ListMultipartUploadParts", upload_listings.list_parts),
    "PutObject": ("s3:PutObject", put.put_object),
    "PutObjectAcl": ("s3:PutObjectAcl", acls.put_object_acl),
    "PutObjectAnnotation": ("s3:PutObjectAnnotation", annotations.put_object_annotation),
    "PutObjectLegalHold": ("s3:PutObjectLegalHold", protections.put_object_legal_hold),
    "PutObjectRetention": ("s3:PutObjectRetention", protections.put_object_retention),
    "PutObjectTagging": ("s3:PutObjectTagging", protections.put_object_tagging),
    "RestoreObject": ("s3:RestoreObject", protections.restore_object),
    "SelectObjectContent": ("s3:GetObject", select.select_object_content),
    "UpdateObjectEncryption": ("s3:UpdateObjectEncryption", protections.update_object_encryption),
    "UploadPart": ("s3:PutObject", uploads.upload_part),
    "UploadPartCopy": ("s3:PutObject", uploads.upload_part_copy),
}

_FREE: Final = frozenset({"DeleteObjectTagging", "SelectObjectContent"})
"""What has no header to agree to pay with."""

_BUCKETS: Final[_Guarded] = {
    "DeleteBucket": ("s3:DeleteBucket", buckets.delete_bucket),
    "DeleteBucketCors": ("s3:PutBucketCORS", settings.forgetting("cors")),
    "DeleteBucketEncryption": ("s3:PutEncryptionConfiguration", settings.forgetting("encryption")),
    "DeleteBucketLifecycle": ("s3:PutLifecycleConfiguration", settings.forgetting("lifecycle")),
    "DeleteBucketOwnershipControls": ("s3:PutBucketOwnershipControls", settings.forgetting("ownership")),
    "DeleteBucketPolicy": ("s3:DeleteBucketPolicy", settings.forgetting("policy")),
    "DeleteBucketReplication": ("s3:PutReplicationConfiguration", settings.forgetting("replication")),
    "DeleteBucketTagging": ("s3:PutBucketTagging", settings.forgetting("tags")),
    "DeleteBucketWebsite": ("s3:DeleteBucketWebsite", settings.forgetting("website")),
    "DeletePublicAccessBlock": ("s3:PutBucketPublicAccessBlock", settings.forgetting("public_access")),
    "GetBucketAbac": ("s3:GetBucketAbac", settings.get_abac),
    "GetBucketAccelerateConfiguration": ("s3:GetAccelerateConfiguration", settings.get_accelerate),
    "GetBucketAcl": ("s3:GetBucketAcl", acls.get_bucket_acl),
    "GetBucketCors": ("s3:GetBucketCORS", settings.reading("cors", "", errors.NoSuchCorsConfiguration)),
    "GetBucketEncryption": ("s3:GetEncryptionConfiguration", settings.get_bucket_encryption),
    "GetBucketLifecycle": ("s3:GetLifecycleConfiguration", settings.get_bucket_lifecycle),
    "GetBucketLifecycleConfiguration": ("s3:GetLifecycleConfiguration", settings.get_bucket_lifecycle),
    "GetBucketLocation": ("s3:GetBucketLocation", buckets.get_bucket_location),
    "GetBucketLogging": ("s3:GetBucketLogging", settings.get_logging),
    "GetBucketNotification": ("s3:GetBucketNotification", notifying.get_bucket_notification),
    "GetBucketNotificationConfiguration": ("s3:GetBucketNotification", notifying.get_bucket_notification),
    "GetBucketOwnershipControls": ("s3:GetBucketOwnershipControls", settings.get_ownership),
    "GetBucketPolicy": ("s3:GetBucketPolicy", settings.reading("policy", "Policy", errors.NoSuchBucketPolicy)),
    "GetBucketPolicyStatus": ("s3:GetBucketPolicyStatus", settings.get_bucket_policy_status),
    "GetBucketReplication": (
        "s3:GetReplicationConfiguration",
        settings.reading("replication", "ReplicationConfiguration", errors.ReplicationConfigurationNotFound),
    ),
    "GetBucketRequestPayment": ("s3:GetBucketRequestPayment", settings.get_request_payment),
    "GetBucketTagging": ("s3:GetBucketTagging", settings.reading("tags", "TagSet", errors.NoSuchTagSet)),
    "GetBucketVersioning": ("s3:GetBucketVersioning", buckets.get_bucket_versioning),
    "GetBucketWebsite": ("s3:GetBucketWebsite", settings.reading("website", "", errors.NoSuchWebsiteConfiguration)),
    "GetObjectLockConfiguration": (
        "s3:GetBucketObjectLockConfiguration",
        settings.reading("lock", "ObjectLockConfiguration", errors.ObjectLockConfigurationNotFound),
    ),
    "GetPublicAccessBlock": (
        "s3:GetBucketPublicAccessBlock",
        settings.reading("public_access", "PublicAccessBlockConfiguration", errors.NoSuchPublicAccessBlock),
    ),
    "HeadBucket": ("s3:ListBucket", buckets.head_bucket),
    "PutBucketAbac": ("s3:PutBucketAbac", settings.put_abac),
    "PutBucketAccelerateConfiguration": ("s3:PutAccelerateConfiguration", settings.put_accelerate),
    "PutBucketAcl": ("s3:PutBucketAcl", acls.put_bucket_acl),
    "PutBucketCors": ("s3:PutBucketCORS", settings.put_bucket_cors),
    "PutBucketEncryption": ("s3:PutEncryptionConfiguration", settings.put_bucket_encryption),
    "PutBucketLifecycleConfiguration": ("s3:PutLifecycleConfiguration", settings.put_bucket_lifecycle),
    "PutBucketLogging": ("s3:PutBucketLogging", settings.put_logging),
    "PutBucketNotificationConfiguration": ("s3:PutBucketNotification", notifying.put_bucket_notification),
    "PutBucketOwnershipControls": ("s3:PutBucketOwnershipControls", settings.put_ownership),
    "PutBucketPolicy": ("s3:PutBucketPolicy", settings.put_bucket_policy),
    "PutBucketReplication": ("s3:PutReplicationConfiguration", settings.put_replication),
    "PutBucketRequestPayment": ("s3:PutBucketRequestPayment", settings.put_request_payment),
    "PutBucketTagging": ("s3:PutBucketTagging", settings.put_bucket_tagging),
    "PutBucketVersioning": ("s3:PutBucketVersioning", buckets.put_bucket_versioning),
    "PutBucketWebsite": ("s3:PutBucketWebsite", settings.put_bucket_website),
    "PutObjectLockConfiguration": ("s3:PutBucketObjectLockConfiguration", settings.put_object_lock),
    "PutPublicAccessBlock": ("s3:PutBucketPublicAccessBlock", settings.put_public_access_block),
}

_ENTRIES: Final = (
    ("Analytics", "s3:{}AnalyticsConfiguration", entries.ANALYTICS),
    ("IntelligentTiering", "s3:{}IntelligentTieringConfiguration", entries.TIERING),
    ("Inventory", "s3:{}InventoryConfiguration", entries.INVENTORY),
    ("Metrics", "s3:{}MetricsConfiguration", entries.METRICS),
)


def _entries() -> _Guarded:
    found: dict[str, tuple[str, Run[Any]]] = {}
    for name, permission, kind in _ENTRIES:
        read, write = permission.format("Get"), permission.format("Put")
        found |= {
            f"PutBucket{name}Configuration": (write, kind.put()),
            f"GetBucket{name}Configuration": (read, kind.get()),
            f"DeleteBucket{name}Configuration": (write, kind.delete()),
            f"ListBucket{name}Configurations": (read, kind.list()),
        }
    return found


OPERATIONS: Final[Mapping[str, Operation[S3]]] = {
    "CreateBucket": buckets.create_bucket,
    "ListBuckets": buckets.list_buckets,
    # Each of its deletions is asked about by itself.
    "DeleteObjects": guarded("", delete.delete_objects, paid=True),
    **{name: guarded(action, run, paid=name not in _FREE) for name, (action, run) in _OBJECTS.items()},
    **{name: guarded(action, run) for name, (action, run) in {**_BUCKETS, **_entries()}.items()},
}
"""What is not here answers 501: directory buckets and their sessions, metadata tables, torrents, Object Lambda."""
