"""Errors about a bucket and what it has been told."""

from homeport.aws.services.s3.errors.base import S3Error


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
