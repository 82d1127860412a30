"""Platform applications and their endpoints: which there are, what their attributes may be."""

from collections.abc import Mapping

from homeport.aws.services.sns.errors import InvalidParameter

_PLATFORMS = (
    "ADM",
    "APNS",
    "APNS_SANDBOX",
    "APNS_VOIP",
    "APNS_VOIP_SANDBOX",
    "BAIDU",
    "FCM",
    "GCM",
    "MACOS",
    "MACOS_SANDBOX",
    "MPNS",
    "WNS",
)
_SECRET = frozenset({"PlatformCredential", "PlatformPrincipal"})
_APPLICATION = frozenset(
    {
        "AppleCertificateExpirationDate",
        "ApplePlatformBundleID",
        "ApplePlatformTeamID",
        "AuthenticationMethod",
        "Enabled",
        "EventDeliveryFailure",
        "EventEndpointCreated",
        "EventEndpointDeleted",
        "EventEndpointUpdated",
        "FailureFeedbackRoleArn",
        "SuccessFeedbackRoleArn",
        "SuccessFeedbackSampleRate",
        *_SECRET,
    }
)
_ENDPOINT = frozenset({"CustomUserData", "Enabled", "Token"})
_MAX_USER_DATA = 2048


def check_application(platform: str, attributes: Mapping[str, str]) -> None:
    """Let there be an application of this platform.

    Raises:
        InvalidParameter: there is no such platform, or a credential is missing.
    """
    if platform not in _PLATFORMS:
        raise InvalidParameter("Platform", f"{platform} is not supported")
    principal, credential = "PlatformPrincipal" in attributes, "PlatformCredential" in attributes
    if principal and not credential:
        raise InvalidParameter("Attributes", "PlatformPrincipal attribute provided without PlatformCredential")
    if credential and not principal and platform not in {"GCM", "FCM", "BAIDU"}:
        raise InvalidParameter("Attributes", "PlatformCredential attribute provided without PlatformPrincipal")
    if not credential:
        raise InvalidParameter("Attributes", "PlatformCredential is missing")
    check_application_attributes(attributes)


def check_application_attributes(attributes: Mapping[str, str]) -> None:
    """Let an application have these attributes.

    Raises:
        InvalidParameter: there is no such attribute.
    """
    for name in attributes:
        if name not in _APPLICATION:
            raise InvalidParameter("Attributes", f"Unknown attribute {name}")


def readable(attributes: Mapping[str, str]) -> dict[str, str]:
    """What is told of an application: not its credentials."""
    return {"Enabled": "true"} | {name: value for name, value in attributes.items() if name not in _SECRET}


def check_endpoint(attributes: Mapping[str, str]) -> None:
    """Let an endpoint have these attributes.

    Raises:
        InvalidParameter: there is no such attribute, or the user data is too long.
    """
    for name, value in attributes.items():
        if name not in _ENDPOINT:
            raise InvalidParameter("Attributes", f"Unknown attribute {name}")
        if name == "CustomUserData" and len(value.encode()) > _MAX_USER_DATA:
            raise InvalidParameter("CustomUserData", "must be at most 2048 bytes long in UTF-8 encoding")


def split_endpoint(arn: str) -> tuple[str, str]:
    """The application's ARN and the endpoint's id.

    Raises:
        InvalidParameter: it is no endpoint's ARN.
    """
    parts = arn.split(":")
    if len(parts) < 6:  # noqa: PLR2004 # an ARN's parts
        raise InvalidParameter("EndpointArn", f"An ARN must have at least 6 elements, not {len(parts)}")
    slashes = parts[5].split("/")
    if len(slashes) != 4 or slashes[0] != "endpoint":  # noqa: PLR2004 # endpoint/platform/application/id
        raise InvalidParameter("EndpointArn", "Wrong number of slashes in relative portion of the ARN.")
    return ":".join([*parts[:5], f"app/{slashes[1]}/{slashes[2]}"]), slashes[3]
