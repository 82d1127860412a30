"""What AWS answers when it does not do what was asked; services make a class of each of their codes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Fault = Literal["Sender", "Receiver"]

ErrorValue = str | int | float | bool | None | list["ErrorValue"] | dict[str, "ErrorValue"]


class AwsError(Exception):
    """An error that the client is told; its protocol decides what it looks like in bytes.

    A service subclasses it once for each code and builds the message in the constructor. Where the service's model
    declares the error, `code` is the shape's name (`QueueDoesNotExist`): the query protocol, and SQS's
    `x-amzn-query-error` header, take the other name from the model, and a `status` of 0 is the model's (400 where that
    declares none).

    Args:
        message: in AWS's own words.
        extra: members of the error beside its message, as `BucketName` or `CancellationReasons`.

    `headers` are what a REST answer says beside them, as S3's `x-amz-delete-marker`.
    """

    code: str = "InternalFailure"
    status: int = 0
    fault: Fault = "Sender"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, message: str = "", *, extra: Mapping[str, ErrorValue] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.extra: Mapping[str, ErrorValue] = extra or {}


class ErrorOfCode(AwsError):
    """An error whose code is known only when it happens, as when one service hands on another's."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 0,
        fault: Fault = "Sender",
        extra: Mapping[str, ErrorValue] | None = None,
    ) -> None:
        super().__init__(message, extra=extra)
        self.code = code
        self.status = status
        self.fault = fault


class OperationNotImplemented(AwsError):
    """Homeport knows the operation, and does not do it: said instead of doing something else."""

    code = "NotImplemented"
    status = 501
    fault: Fault = "Receiver"

    def __init__(self, service: str, operation: str) -> None:
        super().__init__(f"Homeport does not implement the operation {operation} of {service}.")


class InternalFailure(AwsError):
    """Something broke inside; the log says what."""

    code = "InternalFailure"
    status = 500
    fault: Fault = "Receiver"

    def __init__(self) -> None:
        super().__init__("The request processing has failed because of an unknown error, exception or failure.")


class ServiceUnavailable(AwsError):
    """The disk is full or failing, or the service has been switched off."""

    code = "ServiceUnavailable"
    status = 503
    fault: Fault = "Receiver"


class RequestEntityTooLarge(AwsError):
    """A body beyond what the service takes."""

    code = "RequestEntityTooLarge"
    status = 413

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"Request must be smaller than {limit_bytes} bytes")
