"""STS's error codes."""

from homeport.aws.errors import AwsError


class AccessDenied(AwsError):
    """A role that the caller may not take."""

    code = "AccessDenied"
    status = 403

    def __init__(self, principal_arn: str, action: str, role_arn: str) -> None:
        super().__init__(f"User: {principal_arn} is not authorized to perform: {action} on resource: {role_arn}")


class ValidationFailed(AwsError):
    """A request that breaks the model's or STS's own constraints."""

    code = "ValidationError"
    status = 400


class InvalidIdentityToken(AwsError):
    """A token that cannot be read."""

    code = "InvalidIdentityToken"


class ExpiredToken(AwsError):
    """A token whose time is over."""

    code = "ExpiredTokenException"
