"""Errors about what a request says: its content, its headers, its documents, who sends it."""

from typing import Literal

from homeport.aws.errors import ErrorValue
from homeport.aws.services.s3.errors.base import S3Error


class AccessDenied(S3Error):
    """The caller may not."""

    code = "AccessDenied"
    status = 403

    def __init__(self, message: str = "Access Denied") -> None:
        super().__init__(message)


class AccessControlListNotSupported(S3Error):
    """The bucket's owner owns every object; there are no ACLs."""

    code = "AccessControlListNotSupported"

    def __init__(self) -> None:
        super().__init__("The bucket does not allow ACLs")


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


class AttributesMissing(S3Error):
    """Attributes of an object are asked for, and none is named."""

    code = "InvalidRequest"

    def __init__(self) -> None:
        super().__init__(
            "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty"
        )


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


class EntityTooLarge(S3Error):
    """More than an object, or a part, may have."""

    code = "EntityTooLarge"

    def __init__(self, proposed: int, most: int) -> None:
        super().__init__(
            "Your proposed upload exceeds the maximum allowed size",
            extra={"ProposedSize": str(proposed), "MaxSizeAllowed": str(most)},
        )


class PostTooSmall(S3Error):
    """A form's file is smaller than its policy wants."""

    code = "EntityTooSmall"

    def __init__(self, proposed: int, least: int) -> None:
        super().__init__(
            "Your proposed upload is smaller than the minimum allowed size",
            extra={"ProposedSize": str(proposed), "MinSizeAllowed": str(least)},
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


class CorsForbidden(S3Error):
    """The bucket's CORS rules do not let the page ask."""

    code = "AccessForbidden"
    status = 403

    def __init__(self, message: str, method: str, resource_type: str) -> None:
        super().__init__(message, extra={"Method": method, "ResourceType": resource_type})


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
