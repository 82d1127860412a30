"""KMS's error codes."""

from homeport.aws.errors import AwsError


class NotFound(AwsError):
    """A key, alias or grant that is not there."""

    code = "NotFoundException"

    @classmethod
    def key(cls, arn: str) -> "NotFound":
        """A key."""
        return cls(f"Key '{arn}' does not exist")

    @classmethod
    def alias(cls, arn: str) -> "NotFound":
        """An alias."""
        return cls(f"Alias {arn} is not found.")


class Disabled(AwsError):
    """A key that may not be used."""

    code = "DisabledException"

    def __init__(self, arn: str) -> None:
        super().__init__(f"{arn} is disabled.")


class InvalidState(AwsError):
    """A key that is waiting to be deleted, or is not."""

    code = "KMSInvalidStateException"

    @classmethod
    def pending_deletion(cls, arn: str) -> "InvalidState":
        """It is waiting."""
        return cls(f"{arn} is pending deletion.")

    @classmethod
    def not_pending_deletion(cls, arn: str) -> "InvalidState":
        """It is not."""
        return cls(f"{arn} is not pending deletion.")


class InvalidKeyUsage(AwsError):
    """A key made for something else, or an algorithm that it has not."""

    code = "InvalidKeyUsageException"


class UnsupportedOperation(AwsError):
    """Something that this kind of key cannot do."""

    code = "UnsupportedOperationException"


class InvalidCiphertext(AwsError):
    """Bytes that no key here encrypted, or another encryption context."""

    code = "InvalidCiphertextException"


class IncorrectKey(AwsError):
    """Another key encrypted it."""

    code = "IncorrectKeyException"

    def __init__(self) -> None:
        super().__init__("The key ID in the request does not identify a CMK that can perform this operation.")


class InvalidSignature(AwsError):
    """A signature that the key did not make of the message."""

    code = "KMSInvalidSignatureException"


class InvalidMac(AwsError):
    """A MAC that the key did not make of the message."""

    code = "KMSInvalidMacException"


class AccessDenied(AwsError):
    """The key is another account's, whose policy does not let the caller in."""

    code = "AccessDeniedException"


class AlreadyExists(AwsError):
    """An alias whose name is taken."""

    code = "AlreadyExistsException"

    def __init__(self, arn: str) -> None:
        super().__init__(f"An alias with the name {arn} already exists")


class InvalidAliasName(AwsError):
    """A name that an alias cannot have."""

    code = "InvalidAliasNameException"


class InvalidArn(AwsError):
    """An ARN that is none of KMS's."""

    code = "InvalidArnException"

    def __init__(self, text: str) -> None:
        super().__init__(f"Invalid arn {text}")


class InvalidGrantId(AwsError):
    """A grant that is not there."""

    code = "NotFoundException"

    def __init__(self, grant_id: str) -> None:
        super().__init__(f"Grant ID {grant_id} not found")


class MalformedPolicy(AwsError):
    """A policy that is no JSON object."""

    code = "MalformedPolicyDocumentException"

    def __init__(self) -> None:
        super().__init__("The new key policy is not a valid JSON document.")


class TagInvalid(AwsError):
    """Tags that a key cannot have."""

    code = "TagException"


class ValidationFailed(AwsError):
    """A request that breaks the model's or KMS's own constraints."""

    code = "ValidationException"
