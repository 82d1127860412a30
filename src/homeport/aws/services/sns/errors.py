"""What SNS answers when it does not do what was asked: a class for each of its codes."""

from homeport.aws.errors import AwsError


class InvalidParameter(AwsError):
    """A parameter is wrong; AWS begins every such message with the same two words.

    Args:
        what: the parameter, or a whole sentence about it.
    """

    code = "InvalidParameterException"

    def __init__(self, what: str, reason: str = "") -> None:
        super().__init__(f"Invalid parameter: {what}" + (f" Reason: {reason}" if reason else ""))


class InvalidPhone(AwsError):
    """The text is no phone's number; the one such message that does not begin with the two words."""

    code = "InvalidParameterException"

    def __init__(self, endpoint: str) -> None:
        super().__init__(f"Invalid SMS endpoint: {endpoint}")


class ParameterValueInvalid(AwsError):
    """A message attribute is wrong."""

    code = "InvalidParameterValueException"


class ValidationError(AwsError):
    """A parameter that must be there is not."""

    code = "ValidationError"

    def __init__(self, member: str) -> None:
        super().__init__(
            f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: "
            "Member must not be null"
        )


class NotFound(AwsError):
    """The topic, subscription, application or endpoint does not exist."""

    code = "NotFoundException"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} does not exist")


class ResourceNotFound(AwsError):
    """Tagging knows no such topic; the sandbox no such number."""

    code = "ResourceNotFoundException"

    def __init__(self, what: str = "Resource") -> None:
        super().__init__(f"{what} does not exist")


class AuthorizationError(AwsError):
    """The caller may not do this."""

    code = "AuthorizationErrorException"


class EndpointDisabled(AwsError):
    """A push endpoint that takes no messages."""

    code = "EndpointDisabledException"

    def __init__(self) -> None:
        super().__init__("Endpoint is disabled")


class PlatformApplicationDisabled(AwsError):
    """An application whose endpoints take no messages."""

    code = "PlatformApplicationDisabledException"

    def __init__(self) -> None:
        super().__init__("PlatformApplication is disabled")


class TagLimitExceeded(AwsError):
    """A topic cannot have more than fifty tags."""

    code = "TagLimitExceededException"

    def __init__(self) -> None:
        super().__init__("Could not complete request: tag quota of per resource exceeded")


class TooManyEntriesInBatchRequest(AwsError):
    """A batch has more than ten entries."""

    code = "TooManyEntriesInBatchRequestException"

    def __init__(self) -> None:
        super().__init__("The batch request contains more entries than permissible.")


class EmptyBatchRequest(AwsError):
    """A batch has no entries."""

    code = "EmptyBatchRequestException"

    def __init__(self) -> None:
        super().__init__("The batch request doesn't contain any entries.")


class InvalidState(AwsError):
    """A topic with an archive cannot be deleted."""

    code = "InvalidStateException"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid state: {reason}")


class BatchEntryIdsNotDistinct(AwsError):
    """Two entries of a batch have the same id."""

    code = "BatchEntryIdsNotDistinctException"

    def __init__(self) -> None:
        super().__init__("Two or more batch entries in the request have the same Id.")


class InvalidBatchEntryId(AwsError):
    """An entry's id has characters or a length that it must not have."""

    code = "InvalidBatchEntryIdException"

    def __init__(self) -> None:
        super().__init__("The Id of a batch entry in a batch request doesn't abide by the specification.")


class SubscriptionLimitExceeded(AwsError):
    """A topic has as many subscriptions as it may."""

    code = "SubscriptionLimitExceededException"
    status = 403

    def __init__(self, most: int, large: int) -> None:
        super().__init__(f"A topic with a MaximumMessageSize above {large} must have {most} or fewer subscriptions")


class BatchRequestTooLong(AwsError):
    """The messages of a batch are too long together."""

    code = "BatchRequestTooLongException"

    def __init__(self) -> None:
        super().__init__("The length of all the messages put together is more than the limit.")


class UserError(AwsError):
    """A number of the SMS sandbox is not in the state that the request needs."""

    code = "UserErrorException"


class VerificationFailed(AwsError):
    """The one-time password is wrong."""

    code = "VerificationException"

    def __init__(self) -> None:
        super().__init__("Invalid one-time password.", extra={"Status": "400"})


class OptedOut(AwsError):
    """The owner of the number wants no messages."""

    code = "OptedOutException"

    def __init__(self, number: str) -> None:
        super().__init__(f"The phone number {number} is opted out")
