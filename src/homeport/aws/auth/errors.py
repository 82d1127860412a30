"""What AWS answers to credentials that it does not accept; S3, the JSON services and the form services differ."""

from collections.abc import Sequence
from typing import Final

from homeport.aws.errors import AwsError, ErrorOfCode, ErrorValue
from homeport.kernel.clock import Millis, to_datetime

_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


class SignatureVersionUnsupported(AwsError):
    """A request signed with version 2, which AWS ended for new buckets in 2020."""

    code = "InvalidRequest"
    status = 400

    def __init__(self) -> None:
        super().__init__(
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256. "
            "boto3 does with Config(signature_version='s3v4'), the AWS CLI after "
            "`aws configure set default.s3.signature_version s3v4`."
        )


class RequestExpired(AwsError):
    """A presigned URL whose time is over."""

    code = "AccessDenied"
    status = 403

    def __init__(self, *, expires: Millis, now: Millis, seconds: int) -> None:
        super().__init__(
            "Request has expired",
            extra={
                "X-Amz-Expires": seconds,
                "Expires": f"{to_datetime(expires):%Y-%m-%dT%H:%M:%SZ}",
                "ServerTime": f"{to_datetime(now):%Y-%m-%dT%H:%M:%SZ}",
            },
        )


def unknown_key(service: str, protocol_is_json: bool, key_id: str) -> AwsError:  # noqa: FBT001 # one of two families
    """A key id that was not issued here."""
    if service == "s3":
        message = "The AWS Access Key Id you provided does not exist in our records."
        return ErrorOfCode("InvalidAccessKeyId", message, status=403, extra={"AWSAccessKeyId": key_id})
    message = "The security token included in the request is invalid."
    if protocol_is_json:
        return ErrorOfCode("UnrecognizedClientException", message, status=400)
    return ErrorOfCode("InvalidClientTokenId", message, status=403)


def wrong_signature(service: str, protocol_is_json: bool, key_id: str, canonical: str) -> AwsError:  # noqa: FBT001 # likewise
    """A signature that the key's secret does not make of this request."""
    if service == "s3":
        message = "The request signature we calculated does not match the signature you provided. " + _CHECK_KEY
        extra = {"AWSAccessKeyId": key_id, "CanonicalRequest": canonical}
        return ErrorOfCode("SignatureDoesNotMatch", message, status=403, extra={**extra})
    if protocol_is_json:
        return ErrorOfCode("InvalidSignatureException", _MISMATCH, status=400)
    return ErrorOfCode("SignatureDoesNotMatch", _MISMATCH, status=403)


_CHECK_KEY: Final = "Check your key and signing method."


def skewed(service: str, protocol_is_json: bool, moment: str, now: Millis) -> AwsError:  # noqa: FBT001 # likewise
    """A request signed too long ago, or in the future."""
    server_time = f"{to_datetime(now):%Y%m%dT%H%M%SZ}"
    if service == "s3":
        message = "The difference between the request time and the current time is too large."
        extra: dict[str, ErrorValue] = {"RequestTime": moment, "ServerTime": server_time}
        extra["MaxAllowedSkewMilliseconds"] = 900_000
        return ErrorOfCode("RequestTimeTooSkewed", message, status=403, extra=extra)
    message = f"Signature expired: {moment} is not within 15 minutes of {server_time}"
    code = "InvalidSignatureException" if protocol_is_json else "SignatureDoesNotMatch"
    return ErrorOfCode(code, message, status=400 if protocol_is_json else 403)


def not_signed(protocol_is_json: bool) -> AwsError:  # noqa: FBT001 # likewise
    """A request without credentials where some are needed."""
    code = "MissingAuthenticationTokenException" if protocol_is_json else "MissingAuthenticationToken"
    return ErrorOfCode(code, "Request is missing Authentication Token", status=400 if protocol_is_json else 403)


def wrong_token(service: str, protocol_is_json: bool) -> AwsError:  # noqa: FBT001 # likewise
    """A session key without its token, or with another one's."""
    if service == "s3":
        return ErrorOfCode("InvalidToken", "The provided token is malformed or otherwise invalid.", status=400)
    return unknown_key(service, protocol_is_json, "")


class HeadersNotSigned(AwsError):
    """Headers that say something and are not under the signature."""

    code = "AccessDenied"
    status = 403

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            "There were headers present in the request which were not signed",
            extra={"HeadersNotSigned": ", ".join(names)},
        )


class PayloadHashMismatch(AwsError):
    """The body is not what was signed."""

    code = "XAmzContentSHA256Mismatch"
    status = 400

    def __init__(self, announced: str, computed: str) -> None:
        super().__init__(
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            extra={"ClientComputedContentSHA256": announced, "S3ComputedContentSHA256": computed},
        )


class ChunkSignatureMismatch(AwsError):
    """A chunk's signature is not the one that its data makes."""

    code = "SignatureDoesNotMatch"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method."
        )
