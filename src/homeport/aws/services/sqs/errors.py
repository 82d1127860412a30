"""What SQS answers when it does not do what was asked: a class for each of its codes."""

from homeport.aws.errors import AwsError

VALID_CHARACTERS = "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"


class QueueDoesNotExist(AwsError):
    """No queue of that name or URL, for this account and region."""

    code = "QueueDoesNotExist"

    def __init__(self) -> None:
        super().__init__("The specified queue does not exist.")


class QueueNameExists(AwsError):
    """A queue has the name, and other attributes than those asked for."""

    code = "QueueNameExists"

    def __init__(self, attribute: str) -> None:
        super().__init__(f"A queue already exists with the same name and a different value for attribute {attribute}")


class QueueDeletedRecently(AwsError):
    """The name is not free yet."""

    code = "QueueDeletedRecently"

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"You must wait {seconds} seconds after deleting a queue before you can create another with the same name."
        )


class PurgeQueueInProgress(AwsError):
    """The last purge was less than a minute ago."""

    code = "PurgeQueueInProgress"

    def __init__(self, name: str, seconds: int) -> None:
        super().__init__(f"Only one PurgeQueue operation on {name} is allowed every {seconds} seconds.")


class InvalidAttributeName(AwsError):
    """There is no attribute of that name, or not for this type of queue."""

    code = "InvalidAttributeName"

    def __init__(self, name: str) -> None:
        super().__init__(f"Unknown Attribute {name}.")


class InvalidAttributeValue(AwsError):
    """An attribute of a queue cannot have this value."""

    code = "InvalidAttributeValue"

    def __init__(self, name: str, reason: str = "") -> None:
        super().__init__(f"Invalid value for the parameter {name}." + (f" Reason: {reason}" if reason else ""))


class InvalidParameterValue(AwsError):
    """A parameter of the request is wrong; AWS says so without declaring it in its model."""

    code = "InvalidParameterValue"


class InvalidParameter(InvalidParameterValue):
    """The same in its usual words."""

    def __init__(self, name: str, value: object, reason: str) -> None:
        super().__init__(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


class MissingParameter(AwsError):
    """A parameter that this call needs is not there."""

    code = "MissingParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}.")


class InvalidMessageContents(AwsError):
    """The body has characters that XML cannot carry."""

    code = "InvalidMessageContents"

    def __init__(self) -> None:
        super().__init__(f"Invalid characters found. Valid unicode characters are {VALID_CHARACTERS}")


class ReceiptHandleIsInvalid(AwsError):
    """The text is no receipt handle, or one of another queue."""

    code = "ReceiptHandleIsInvalid"

    def __init__(self, handle: str) -> None:
        super().__init__(f'The input receipt handle "{handle}" is not a valid receipt handle.')


class OverLimit(AwsError):
    """Too many messages are in flight."""

    code = "OverLimit"

    def __init__(self, message: str) -> None:
        super().__init__(message)


class UnsupportedOperation(AwsError):
    """The queue is not of the kind that can do this."""

    code = "UnsupportedOperation"


class ResourceNotFound(AwsError):
    """A move task, or the queue of one, is not there."""

    code = "ResourceNotFoundException"


class TooManyEntriesInBatchRequest(AwsError):
    """A batch has more than ten entries."""

    code = "TooManyEntriesInBatchRequest"

    def __init__(self, count: int) -> None:
        super().__init__(f"Maximum number of entries per request are 10. You have sent {count}.")


class EmptyBatchRequest(AwsError):
    """A batch has no entries."""

    code = "EmptyBatchRequest"

    def __init__(self, entry: str) -> None:
        super().__init__(f"There should be at least one {entry} in the request.")


class BatchEntryIdsNotDistinct(AwsError):
    """Two entries of a batch have the same id."""

    code = "BatchEntryIdsNotDistinct"

    def __init__(self, repeated: str) -> None:
        super().__init__(f"Id {repeated} repeated.")


class InvalidBatchEntryId(AwsError):
    """An entry's id has characters or a length that it must not have."""

    code = "InvalidBatchEntryId"

    def __init__(self) -> None:
        super().__init__(
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long."
        )


class BatchRequestTooLong(AwsError):
    """The messages of a batch are too long together."""

    code = "BatchRequestTooLong"

    def __init__(self, limit: int, sent: int) -> None:
        super().__init__(f"Batch requests cannot be longer than {limit} bytes. You have sent {sent} bytes.")


class AccessDenied(AwsError):
    """The queue is another account's whose policy does not let the caller in, or its policy forbids it."""

    code = "AccessDenied"
    status = 403


class InvalidAddress(AwsError):
    """The text is no queue's URL."""

    code = "InvalidAddress"

    def __init__(self, address: str) -> None:
        super().__init__(f"The address {address} is not valid for this endpoint.")


class MessageNotInflight(AwsError):
    """The message is visible: nobody has it."""

    code = "MessageNotInflight"
