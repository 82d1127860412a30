"""Errors about an object, its versions, its parts and its state."""

from homeport.aws.services.s3.errors.base import S3Error


class NoSuchKey(S3Error):
    """No object has this key, or it is hidden by a delete marker."""

    code = "NoSuchKey"
    status = 404

    def __init__(self, key: str) -> None:
        super().__init__("The specified key does not exist.", extra={"Key": key})


class NoSuchVersion(S3Error):
    """The key has no version of this id."""

    code = "NoSuchVersion"
    status = 404

    def __init__(self, key: str, version_id: str) -> None:
        super().__init__("The specified version does not exist.", extra={"Key": key, "VersionId": version_id})


class NoSuchUpload(S3Error):
    """No multipart upload has this id."""

    code = "NoSuchUpload"
    status = 404

    def __init__(self, upload_id: str) -> None:
        super().__init__(
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted "
            "or completed.",
            extra={"UploadId": upload_id},
        )


class NoSuchAnnotation(S3Error):
    """The object has no annotation of this name."""

    code = "NoSuchAnnotation"
    status = 404

    def __init__(self, name: str) -> None:
        super().__init__("The specified annotation does not exist.", extra={"AnnotationName": name})


class NoSuchObjectLockConfiguration(S3Error):
    """The object has no retention, or no legal hold."""

    code = "NoSuchObjectLockConfiguration"
    status = 404

    def __init__(self) -> None:
        super().__init__("The specified object does not have a ObjectLock configuration")


class MethodNotAllowed(S3Error):
    """A delete marker cannot be read, and what is locked for ever cannot be changed."""

    code = "MethodNotAllowed"
    status = 405

    def __init__(self, method: str, resource_type: str = "DeleteMarker") -> None:
        super().__init__(
            "The specified method is not allowed against this resource.",
            extra={"Method": method, "ResourceType": resource_type},
        )


class AllAccessDisabled(S3Error):
    """Retention and holds protect the version."""

    code = "AccessDenied"
    status = 403

    def __init__(self) -> None:
        super().__init__("Access Denied because object protected by object lock.")


class InvalidObjectState(S3Error):
    """The object is archived."""

    code = "InvalidObjectState"
    status = 403

    def __init__(self, storage_class: str) -> None:
        super().__init__(
            "The operation is not valid for the object's storage class", extra={"StorageClass": storage_class}
        )


class RestoreAlreadyInProgress(S3Error):
    """A second restore before the first has ended."""

    code = "RestoreAlreadyInProgress"
    status = 409

    def __init__(self) -> None:
        super().__init__("Object restore is already in progress")


class InvalidPart(S3Error):
    """A part that was not uploaded, or is another one."""

    code = "InvalidPart"

    def __init__(self, upload_id: str, number: int, etag: str) -> None:
        super().__init__(
            "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
            "specified entity tag may not match the part's entity tag.",
            extra={"ETag": etag, "PartNumber": str(number), "UploadId": upload_id},
        )


class InvalidPartOrder(S3Error):
    """The parts are not listed in ascending order."""

    code = "InvalidPartOrder"

    def __init__(self, upload_id: str) -> None:
        super().__init__(
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
            extra={"UploadId": upload_id},
        )


class EntityTooSmall(S3Error):
    """A part that is not the last one has less than 5 MiB."""

    code = "EntityTooSmall"

    def __init__(self, number: int, size: int, etag: str, least: int) -> None:
        super().__init__(
            "Your proposed upload is smaller than the minimum allowed size",
            extra={
                "ETag": etag,
                "MinSizeAllowed": str(least),
                "PartNumber": str(number),
                "ProposedSize": str(size),
            },
        )


class InvalidPartNumber(S3Error):
    """The object has no such part."""

    code = "InvalidPartNumber"
    status = 416

    def __init__(self, requested: int, count: int) -> None:
        super().__init__(
            "The requested partnumber is not satisfiable",
            extra={"PartNumberRequested": str(requested), "ActualPartCount": str(count)},
        )


class InvalidRange(S3Error):
    """The range begins behind the object's end."""

    code = "InvalidRange"
    status = 416

    def __init__(self, requested: str, size: int) -> None:
        super().__init__(
            "The requested range is not satisfiable",
            extra={"RangeRequested": requested, "ActualObjectSize": str(size)},
        )


class PreconditionFailed(S3Error):
    """A conditional header did not hold."""

    code = "PreconditionFailed"
    status = 412

    def __init__(self, condition: str) -> None:
        super().__init__(
            "At least one of the pre-conditions you specified did not hold", extra={"Condition": condition}
        )


class NotModified(S3Error):
    """The client has the object already (RFC 9110, section 15.4.5)."""

    code = "NotModified"
    status = 304

    def __init__(self) -> None:
        super().__init__("Not Modified")


class ConditionalRequestConflict(S3Error):
    """The object changed while a conditional upload was under way."""

    code = "ConditionalRequestConflict"
    status = 409

    def __init__(self, condition: str, key: str) -> None:
        super().__init__(
            "The conditional request cannot succeed due to a conflicting operation against this resource.",
            extra={"Condition": condition, "Key": key},
        )
