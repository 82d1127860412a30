"""IAM's error codes."""

from homeport.aws.errors import AwsError


class NoSuchEntity(AwsError):
    """What is named is not there."""

    code = "NoSuchEntity"


class EntityAlreadyExists(AwsError):
    """The name is taken."""

    code = "EntityAlreadyExists"


class DeleteConflict(AwsError):
    """Something still hangs on what is to be deleted."""

    code = "DeleteConflict"


class LimitExceeded(AwsError):
    """More than an account or entity can have."""

    code = "LimitExceeded"


class MalformedPolicyDocument(AwsError):
    """A document that is no policy."""

    code = "MalformedPolicyDocument"


class InvalidInput(AwsError):
    """A request that contradicts itself."""

    code = "InvalidInput"


class UnmodifiableEntity(AwsError):
    """What AWS itself keeps."""

    code = "UnmodifiableEntity"


class ValidationFailed(AwsError):
    """A request that breaks the model's constraints."""

    code = "ValidationError"
    status = 400
