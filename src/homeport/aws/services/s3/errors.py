"""What S3 answers when it does not do what was asked: one class a code, in S3's own words."""

from typing import Literal

from homeport.aws.errors import AwsError, ErrorValue


class S3Error(AwsError):
    """An error of S3; `extra` holds the members that its document has beside code and message."""

    status = 400


class _BucketError(S3Error):
    """An error about one bucket."""

    words = ""

    def __init__(self, bucket: str) -> None:
        super().__init__(self.words, extra={"BucketName": bucket})


class _Missing(_BucketError):
    """A configuration that the bucket does not have."""

    status = 404


class NoSuchBucket(_Missing):
    """No bucket has this name."""

    code = "NoSuchBucket"
    words = "The specified bucket does not exist"


class NoSuchCorsConfiguration(_Missing):
    """The bucket has no CORS rules."""

    code = "NoSuchCORSConfiguration"
    words = "The CORS configuration does not exist"


class NoSuchLifecycleConfiguration(_Missing):
    """The bucket has no lifecycle rules."""

    code = "NoSuchLifecycleConfiguration"
    words = "The lifecycle configuration does not exist"


class NoSuchTagSet(_Missing):
    """The bucket has no tags."""

    code = "NoSuchTagSet"
    words = "The TagSet does not exist"


class NoSuchBucketPolicy(_Missing):
    """The bucket has no policy."""

    code = "NoSuchBucketPolicy"
    words = "The bucket policy does not exist"


class NoSuchWebsiteConfiguration(_Missing):
    """The bucket is no website."""

    code = "NoSuchWebsiteConfiguration"
    words = "The specified bucket does not have a website configuration"


class OwnershipControlsNotFound(_Missing):
    """The bucket's ownership rule has been deleted."""

    code = "OwnershipControlsNotFoundError"
    words = "The bucket ownership controls were not found"


class NoSuchPublicAccessBlock(_Missing):
    """The bucket's public access block has been deleted."""

    code = "NoSuchPublicAccessBlockConfiguration"
    words = "The public access block configuration was not found"


class ObjectLockConfigurationNotFound(_Missing):
    """The bucket was made without object lock."""

    code = "ObjectLockConfigurationNotFoundError"
    words = "Object Lock configuration does not exist for this bucket"


class ReplicationConfigurationNotFound(_Missing):
    """The bucket is not replicated."""

    code = "ReplicationConfigurationNotFoundError"
    words = "The replication configuration was not found"


class EncryptionConfigurationNotFound(_Missing):
    """The bucket's default encryption has been taken away."""

    code = "ServerSideEncryptionConfigurationNotFoundError"
    words = "The server side encryption configuration was not found"


class NoSuchConfiguration(S3Error):
    """No analytics, inventory, metrics or tiering configuration has this id."""

    code = "NoSuchConfiguration"
    status = 404

    def __init__(self) -> None:
        super().__init__("The specified configuration does not exist.")


class InvalidBucketName(_BucketError):
    """A name that no bucket can have."""

    code = "InvalidBucketName"
    words = "The specified bucket is not valid."


class BucketAlreadyExists(_BucketError):
    """Another account has a bucket of this name."""

    code = "BucketAlreadyExists"
    status = 409
    words = (
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
        "Please select a different name and try again."
    )


class BucketAlreadyOwnedByYou(_BucketError):
    """The caller's own bucket has this name."""

    code = "BucketAlreadyOwnedByYou"
    status = 409
    words = "Your previous request to create the named bucket succeeded and you already own it."


class BucketNotEmpty(_BucketError):
    """Only empty buckets can be deleted."""

    code = "BucketNotEmpty"
    status = 409
    words = "The bucket you tried to delete is not empty"

    def __init__(self, bucket: str, *, versions: bool) -> None:
        super().__init__(bucket)
        if versions:
            self.message += ". You must delete all versions in the bucket."


class TooManyBuckets(S3Error):
    """The account has as many as it may."""

    code = "TooManyBuckets"

    def __init__(self) -> None:
        super().__init__("You have attempted to create more buckets than allowed")


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


class AccessDenied(S3Error):
    """The caller may not."""

    code = "AccessDenied"
    status = 403

    def __init__(self, message: str = "Access Denied") -> None:
        super().__init__(message)


class AllAccessDisabled(S3Error):
    """Retention and holds protect the version."""

    code = "AccessDenied"
    status = 403

    def __init__(self) -> None:
        super().__init__("Access Denied because object protected by object lock.")


class AccessControlListNotSupported(S3Error):
    """The bucket's owner owns every object; there are no ACLs."""

    code = "AccessControlListNotSupported"

    def __init__(self) -> None:
        super().__init__("The bucket does not allow ACLs")


class InvalidBucketAclWithObjectOwnership(S3Error):
    """ACLs cannot be switched off while they grant something to others."""

    code = "InvalidBucketAclWithObjectOwnership"

    def __init__(self) -> None:
        super().__init__("Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")


class InvalidBucketOwnerAccountId(S3Error):
    """The expected owner is no account number."""

    code = "InvalidBucketOwnerAWSAccountID"

    def __init__(self, account: str) -> None:
        super().__init__(f"The value of the expected bucket owner parameter must be an AWS Account ID... [{account}]")


class InvalidArgument(S3Error):
    """A header, parameter or element with a value that is not allowed."""

    code = "InvalidArgument"

    def __init__(self, message: str, name: str, value: ErrorValue = None) -> None:
        super().__init__(message, extra={"ArgumentName": name, "ArgumentValue": value})


class InvalidDestinations(S3Error):
    """Event notifications would go where nothing is."""

    code = "InvalidArgument"

    def __init__(self, message: str, arguments: list[tuple[str, str]]) -> None:
        extra: dict[str, ErrorValue] = {}
        for number, (name, value) in enumerate(arguments, start=1):
            extra |= {f"ArgumentName{number}": name, f"ArgumentValue{number}": value}
        super().__init__(message, extra=extra)


class InvalidRequest(S3Error):
    """Members that do not go together."""

    code = "InvalidRequest"


class InvalidEncryptionAlgorithm(S3Error):
    """An encryption that S3 does not know."""

    code = "InvalidEncryptionAlgorithmError"

    def __init__(self, name: str, value: str) -> None:
        super().__init__(
            "The Encryption request you specified is not valid. Supported value: AES256.",
            extra={"ArgumentName": name, "ArgumentValue": value},
        )


class KmsNotFound(S3Error):
    """KMS does not know the key."""

    code = "KMS.NotFoundException"


class InvalidRange(S3Error):
    """The range begins behind the object's end."""

    code = "InvalidRange"
    status = 416

    def __init__(self, requested: str, size: int) -> None:
        super().__init__(
            "The requested range is not satisfiable",
            extra={"RangeRequested": requested, "ActualObjectSize": str(size)},
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


class HeaderNotImplemented(S3Error):
    """A header that general purpose buckets do not have."""

    code = "NotImplemented"
    status = 501
    fault: Literal["Sender", "Receiver"] = "Receiver"

    def __init__(self, header: str) -> None:
        super().__init__(
            "A header you provided implies functionality that is not implemented", extra={"Header": header}
        )


class BadDigest(S3Error):
    """The content is not what its checksum says."""

    code = "BadDigest"


class InvalidDigest(S3Error):
    """Content-MD5 is no MD5 digest."""

    code = "InvalidDigest"

    def __init__(self, value: str) -> None:
        super().__init__("The Content-MD5 you specified was invalid.", extra={"Content-MD5": value})


class MissingContentLength(S3Error):
    """The body's length is not told."""

    code = "MissingContentLength"
    status = 411

    def __init__(self) -> None:
        super().__init__("You must provide the Content-Length HTTP header.")


class IncompleteBody(S3Error):
    """Fewer bytes came than were announced."""

    code = "IncompleteBody"

    def __init__(self) -> None:
        super().__init__("You did not provide the number of bytes specified by the Content-Length HTTP header")


class EntityTooLarge(S3Error):
    """More than an object, or a part, may have."""

    code = "EntityTooLarge"

    def __init__(self, proposed: int, most: int) -> None:
        super().__init__(
            "Your proposed upload exceeds the maximum allowed size",
            extra={"ProposedSize": str(proposed), "MaxSizeAllowed": str(most)},
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


class PostTooSmall(S3Error):
    """A form's file is smaller than its policy wants."""

    code = "EntityTooSmall"

    def __init__(self, proposed: int, least: int) -> None:
        super().__init__(
            "Your proposed upload is smaller than the minimum allowed size",
            extra={"ProposedSize": str(proposed), "MinSizeAllowed": str(least)},
        )


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


class MetadataTooLarge(S3Error):
    """User metadata has more than 2 KB."""

    code = "MetadataTooLarge"

    def __init__(self, size: int, most: int) -> None:
        super().__init__(
            "Your metadata headers exceed the maximum allowed metadata size",
            extra={"Size": str(size), "MaxSizeAllowed": str(most)},
        )


class KeyTooLong(S3Error):
    """A key has more than 1,024 bytes."""

    code = "KeyTooLongError"

    def __init__(self, size: int, most: int) -> None:
        super().__init__("Your key is too long", extra={"Size": str(size), "MaxSizeAllowed": str(most)})


class InvalidTag(S3Error):
    """A tag that breaks the rules."""

    code = "InvalidTag"

    def __init__(self, message: str, key: str | None = None, value: str | None = None) -> None:
        super().__init__(message, extra={"TagKey": key, "TagValue": value})


class TooManyTags(S3Error):
    """Objects have ten tags at most, buckets fifty."""

    code = "BadRequest"

    def __init__(self, what: str, most: int) -> None:
        super().__init__(f"{what} tags cannot be greater than {most}")


class InvalidStorageClass(S3Error):
    """A storage class that S3 does not have."""

    code = "InvalidStorageClass"

    def __init__(self, name: str) -> None:
        super().__init__("The storage class you specified is not valid", extra={"StorageClassRequested": name})


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


class MalformedXml(S3Error):
    """A document that the schema does not allow."""

    code = "MalformedXML"

    def __init__(self) -> None:
        super().__init__("The XML you provided was not well-formed or did not validate against our published schema")


class MalformedAcl(S3Error):
    """An ACL that the schema does not allow."""

    code = "MalformedACLError"

    def __init__(self) -> None:
        super().__init__("The XML you provided was not well-formed or did not validate against our published schema")


class MalformedPolicy(S3Error):
    """A policy that cannot be read."""

    code = "MalformedPolicy"


class MissingSecurityHeader(S3Error):
    """An ACL request that says nothing."""

    code = "MissingSecurityHeader"

    def __init__(self, name: str) -> None:
        super().__init__("Your request was missing a required header", extra={"MissingHeaderName": name})


class UnexpectedContent(S3Error):
    """A body where the headers say it all."""

    code = "UnexpectedContent"

    def __init__(self) -> None:
        super().__init__("This request does not support content")


class IllegalVersioningConfiguration(S3Error):
    """A versioning state that is neither Enabled nor Suspended."""

    code = "IllegalVersioningConfigurationException"

    def __init__(self) -> None:
        super().__init__("The Versioning element must be specified")


class InvalidBucketState(S3Error):
    """Something that the bucket's versioning or lock does not allow."""

    code = "InvalidBucketState"
    status = 409


class InvalidLocationConstraint(S3Error):
    """A region that cannot be."""

    code = "InvalidLocationConstraint"

    def __init__(self, constraint: str) -> None:
        super().__init__("The specified location-constraint is not valid", extra={"LocationConstraint": constraint})


class IllegalLocationConstraint(S3Error):
    """The bucket's region is not the one that was spoken to."""

    code = "IllegalLocationConstraintException"

    def __init__(self, constraint: str) -> None:
        super().__init__(
            f"The {constraint} location constraint is incompatible for the region specific endpoint this request was "
            "sent to."
        )


class InvalidTargetBucketForLogging(S3Error):
    """Logs would go to a bucket that is not there, or may not have them."""

    code = "InvalidTargetBucketForLogging"

    def __init__(self, message: str, bucket: str) -> None:
        super().__init__(message, extra={"TargetBucket": bucket})


class CrossLocationLogging(S3Error):
    """Logs stay in their region."""

    code = "CrossLocationLoggingProhibitted"
    status = 403

    def __init__(self) -> None:
        super().__init__("Cross S3 location logging not allowed. ")


class CorsForbidden(S3Error):
    """The bucket's CORS rules do not let the page ask."""

    code = "AccessForbidden"
    status = 403

    def __init__(self, message: str, method: str, resource_type: str) -> None:
        super().__init__(message, extra={"Method": method, "ResourceType": resource_type})


class CorsBadRequest(S3Error):
    """A preflight without what a preflight has."""

    code = "BadRequest"

    def __init__(self) -> None:
        super().__init__("Insufficient information. Origin request header needed.")


class PostPolicyFailed(S3Error):
    """A form does not keep to its policy."""

    code = "AccessDenied"
    status = 403

    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid according to Policy: {reason}")


class InvalidPolicyDocument(S3Error):
    """A form's policy cannot be read."""

    code = "InvalidPolicyDocument"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid Policy: {reason}")


class MalformedPostRequest(S3Error):
    """A form's body that is no multipart/form-data."""

    code = "MalformedPOSTRequest"

    def __init__(self) -> None:
        super().__init__("The body of your POST request is not well-formed multipart/form-data.")


class NotAForm(S3Error):
    """A POST to a bucket of another content type."""

    code = "PreconditionFailed"
    status = 412

    def __init__(self) -> None:
        super().__init__(
            "At least one of the pre-conditions you specified did not hold",
            extra={"Condition": "Bucket POST must be of the enclosure-type multipart/form-data"},
        )


class SelectError(S3Error):
    """A query that cannot be read, or does not fit the data.

    Args:
        code: S3 Select has some eighty of them.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
