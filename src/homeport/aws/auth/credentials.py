"""What a request says about who signs it, read from its header or its query string, not yet believed."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from homeport.aws.errors import AwsError
from homeport.aws.protocol.routes import read_query

Form = Literal["header", "presigned", "ecdsa", "v2", "presigned v2"]
"""`ecdsa` is SigV4A, whose scope has no region; `v2` is the signature that ended with 2020, on a URL of S3's or not."""

# What is no signature at all is one that does not match; requests written by hand have such.
_HEADER = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([!-+\--~]+)\s*"
)
_SCOPE = re.compile(r"(.+)/(\d{8})/([^/]*)/([^/]+)/aws4_request")
_ECDSA = re.compile(r"AWS4-ECDSA-P256-SHA256\s+Credential=(.+?)/(\d{8})/([^/]+)/aws4_request")
_V2 = re.compile(r"AWS\s+([^:\s]+):(\S+)")


class AuthorizationMalformed(AwsError):
    """An Authorization header in none of the known forms."""

    code = "IncompleteSignature"
    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)


class TwoSignatures(AwsError):
    """A presigned URL, sent with a signature or somebody else's token in its headers."""

    code = "InvalidArgument"
    status = 400

    def __init__(self, authorization: str) -> None:
        super().__init__(
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
            "parameter or the Authorization header should be specified",
            extra={"ArgumentName": "Authorization", "ArgumentValue": authorization},
        )


class PresignedMalformed(AwsError):
    """A presigned URL with a parameter missing or wrong."""

    code = "AuthorizationQueryParametersError"
    status = 400


class Credentials(NamedTuple):
    """A claim of identity.

    Attributes:
        date: of the scope, YYYYMMDD.
        signed_headers: names in lower case, in order.
        expires_seconds: of a presigned URL; 0 elsewhere.
        moment: of a presigned URL, as `X-Amz-Date` says it; of version 2 when it ends, as `Expires` says it.
        token: the session token.
    """

    form: Form
    key_id: str
    date: str = ""
    region: str = ""
    service: str = ""
    signed_headers: tuple[str, ...] = ()
    signature: str = ""
    expires_seconds: int = 0
    moment: str = ""
    token: str = ""


def read_credentials(headers: Mapping[str, str], raw_query: str) -> Credentials | None:
    """Who signs a request; None when nobody does.

    Raises:
        AuthorizationMalformed, PresignedMalformed: it is signed in a form that cannot be read.
        TwoSignatures: it is signed twice.
    """
    authorization = headers.get("Authorization")
    if authorization is not None:
        if "Signature=" in raw_query and ("X-Amz-Algorithm=" in raw_query or "AWSAccessKeyId=" in raw_query):
            raise TwoSignatures(authorization)
        return _from_header(authorization, headers.get("X-Amz-Security-Token", ""))
    if "X-Amz-" in raw_query and "X-Amz-Algorithm=" in raw_query:
        return _from_query(read_query(raw_query))
    if "AWSAccessKeyId=" in raw_query:
        return _from_query_v2(read_query(raw_query))
    return None


def _from_query_v2(query: Mapping[str, list[str]]) -> Credentials | None:
    """Of the services only S3 has URLs without an `Action`."""

    def value(name: str) -> str:
        return query.get(name, [""])[0]

    if "AWSAccessKeyId" not in query:
        return None
    if "Action" in query or "SignatureVersion" in query:
        return Credentials("v2", value("AWSAccessKeyId"))
    tokens = (values[0] for name, values in query.items() if name.lower() == "x-amz-security-token")
    return Credentials(
        "presigned v2",
        value("AWSAccessKeyId"),
        service="s3",
        # A plus that nobody encoded has been read as a blank.
        signature=value("Signature").replace(" ", "+"),
        moment=value("Expires"),
        token=next(tokens, ""),
    )


def _from_header(text: str, token: str) -> Credentials | None:
    match = _HEADER.fullmatch(text)
    if match is not None:
        credential, names, signature = match.groups()
        key_id, date, region, service = _scope(credential)
        return Credentials("header", key_id, date, region, service, _names(names), signature, token=token)
    if ecdsa := _ECDSA.match(text):
        return Credentials("ecdsa", ecdsa[1], ecdsa[2], "", ecdsa[3], token=token)
    if old := _V2.fullmatch(text):
        return Credentials("v2", old[1], signature=old[2], token=token)
    if text.startswith("AWS4-"):
        raise AuthorizationMalformed(
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' "
            f"parameter. Authorization header requires 'SignedHeaders' parameter. Authorization={text[:100]}"
        )
    # A password or a bearer's token is somebody else's: to AWS the request is not signed.
    return None


# A client says the same of itself all day.
@lru_cache(maxsize=1024)
def _scope(credential: str) -> tuple[str, str, str, str]:
    scope = _SCOPE.fullmatch(credential)
    if scope is None:
        raise AuthorizationMalformed(
            "Credential must have exactly 5 slash-delimited elements, "
            f"e.g. keyid/date/region/service/term, got '{credential}'"
        )
    key_id, date, region, service = scope.groups()
    return key_id, date, region, service


@lru_cache(maxsize=1024)
def _names(signed_headers: str) -> tuple[str, ...]:
    return tuple(signed_headers.lower().split(";"))


def _from_query(query: Mapping[str, list[str]]) -> Credentials:
    def value(name: str) -> str:
        found = query.get(name)
        if not found or not found[0]:
            raise PresignedMalformed(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
                "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
            )
        return found[0]

    scope = _SCOPE.fullmatch(value("X-Amz-Credential"))
    if scope is None:
        raise PresignedMalformed(
            "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
            '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
        )
    key_id, date, region, service = scope.groups()
    token = query.get("X-Amz-Security-Token", [""])[0]
    return Credentials(
        "presigned",
        key_id,
        date,
        region,
        service,
        tuple(value("X-Amz-SignedHeaders").lower().split(";")),
        value("X-Amz-Signature"),
        _expiry(query),
        value("X-Amz-Date"),
        token,
    )


_LONGEST_SECONDS = 604_800


def _expiry(query: Mapping[str, list[str]]) -> int:
    """Seconds that a presigned URL lives; other services than S3 leave it out and mean fifteen minutes."""
    text = query.get("X-Amz-Expires", ["900"])[0]
    if not text.isascii() or not text.lstrip("-").isdecimal():
        raise PresignedMalformed("X-Amz-Expires should be a number")
    seconds = int(text)
    if seconds < 0:
        raise PresignedMalformed("X-Amz-Expires must be non-negative")
    if seconds > _LONGEST_SECONDS:
        raise PresignedMalformed(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given "
            "X-Amz-Expires must be less than 604800 seconds"
        )
    return seconds
