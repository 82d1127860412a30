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
            "`aws configure set default.s3.signature_version s3v4`. Homeport takes presigned URLs and forms of S3's "
            "that are signed with version 2 if its setting aws.presigned_v2 is `accept`."
        )


class OperationNeedsVersion4(AwsError):
    """A URL of version 2 for an operation that version 2 does not sign."""

    code = "InvalidRequest"
    status = 400

    def __init__(self, parameter: str) -> None:
        super().__init__(
            f"Signature version 2 does not cover the parameter {parameter}. Please use AWS4-HMAC-SHA256. "
            "boto3 does with Config(signature_version='s3v4')."
        )


class QueryIncomplete(AwsError):
    """A URL of version 2 without one of the three parameters."""

    code = "AccessDenied"
    status = 403

    def __init__(self) -> None:
        super().__init__("Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters")


class ExpiryMalformed(AwsError):
    """A URL of version 2 whose end is no number."""

    code = "AccessDenied"
    status = 403

    def __init__(self, text: str) -> None:
        super().__init__(f"Invalid date (should be seconds since epoch): {text}")


class RequestExpired(AwsError):
    """A presigned URL whose time is over."""

    code = "AccessDenied"
    status = 403

    def __init__(self, *, expires: Millis, now: Millis, seconds: int | None = None) -> None:
        super().__init__(
            "Request has expired",
            extra={
                **({} if seconds is None else {"X-Amz-Expires": seconds}),
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


def wrong_signature_v2(key_id: str, text: str, signature: str) -> AwsError:
    """A signature of version 2 that the key's secret does not make of `text`."""
    message = "The request signature we calculated does not match the signature you provided. " + _CHECK_KEY
    extra: dict[str, ErrorValue] = {"AWSAccessKeyId": key_id, "StringToSign": text, "SignatureProvided": signature}
    extra["StringToSignBytes"] = text.encode("utf-8", "surrogateescape").hex(" ")
    return ErrorOfCode("SignatureDoesNotMatch", message, status=403, extra=extra)


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


def expired_token(service: str, *, protocol_is_json: bool) -> AwsError:
    """A session that has run out; SDKs fetch a new one at this code."""
    if service == "s3":
        return ErrorOfCode("ExpiredToken", "The provided token has expired.", status=400)
    message = "The security token included in the request is expired"
    if protocol_is_json:
        return ErrorOfCode("ExpiredTokenException", message, status=400)
    return ErrorOfCode("ExpiredToken", message, status=403)


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
