"""The gateway's doorman: in mode `open` credentials are taken at their word, in mode `signed` they are proved."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from homeport.aws.auth import errors, sigv2, sigv4
from homeport.aws.auth.authenticate import Identity, Mode, identify
from homeport.aws.auth.credentials import Credentials
from homeport.aws.auth.keys import AccessKey, AccessKeys
from homeport.aws.errors import AwsError, OperationNotImplemented
from homeport.aws.protocol.chunked import ChunkedUpload, PlainUpload
from homeport.aws.protocol.hosts import read_host_under
from homeport.aws.protocol.routes import read_query
from homeport.aws.protocol.s3_requests import bucket_path
from homeport.aws.stream import Upload
from homeport.kernel.clock import MILLIS_PER_SECOND, Clock, Millis, from_datetime
from homeport.kernel.http.message import Request

_SKEW_MS: Final = 15 * 60 * MILLIS_PER_SECOND
_HEX = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z")
_SECONDS = re.compile(r"[0-9]{1,11}")
_STREAMING: Final = "STREAMING-"
_STREAMS: Final = frozenset(
    f"{_STREAMING}{kind}"
    for kind in (
        "AWS4-HMAC-SHA256-PAYLOAD",
        "AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "AWS4-ECDSA-P256-SHA256-PAYLOAD",
        "AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
        "UNSIGNED-PAYLOAD-TRAILER",
    )
)
"""What stands for a body in chunks."""

_PAYLOAD_HEADER: Final = "x-amz-content-sha256"
"""Part of what is signed wherever it stands."""

_UNSIGNED_ACTIONS: Final = frozenset(
    {"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "ConfirmSubscription", "Unsubscribe"}
)
"""Of those who have no key yet, and of the links in SNS's messages, which carry a secret of their own."""


def read_moment(text: str) -> Millis | None:
    """An instant as signatures write it: `20130524T000000Z`."""
    from datetime import UTC, datetime

    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        return from_datetime(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
    except ValueError:
        return None


@dataclass(slots=True)
class _ChunkChain:
    """Each chunk's signature is made of the one before."""

    key: bytes
    moment: str
    scope: str
    previous: str

    def chunk(self, signature: str, digest: str) -> None:
        """Check the next chunk."""
        self._check(signature, sigv4.chunk_string_to_sign(self.moment, self.scope, self.previous, digest))

    def trailers(self, signature: str, lines: str) -> None:
        """Check the trailing headers."""
        self._check(signature, sigv4.trailer_string_to_sign(self.moment, self.scope, self.previous, lines))

    def _check(self, signature: str, text: str) -> None:
        if not sigv4.same(sigv4.sign(self.key, text), signature):
            raise errors.ChunkSignatureMismatch
        self.previous = signature


@dataclass(frozen=True, slots=True)
class Door:
    """Lets requests in.

    Attributes:
        mode: shown to operators at the start and in health.
        presigned_v2: whether URLs of S3's count that are signed with version 2.
        domains: below which every host is a bucket's, which version 2 signs as part of the path.
    """

    keys: AccessKeys
    clock: Clock
    mode: Mode
    presigned_v2: bool = False
    domains: tuple[str, ...] = ()

    async def authenticate(self, request: Request, credentials: Credentials | None, host_region: str) -> Identity:
        """Say who sends a request.

        Raises:
            AwsError: the credentials are too old in form or time; in mode `signed` also unproved or missing.
        """
        if credentials is not None and credentials.form == "v2":
            raise errors.SignatureVersionUnsupported
        if credentials is not None and credentials.form == "presigned":
            self._check_expiry(credentials)
        elif credentials is not None and credentials.form == "presigned v2":
            self._check_v2(request, credentials)
        identity = await identify(credentials, self.keys, host_region=host_region)
        if self.mode == "signed":
            if credentials is not None and identity.key is None and await self.keys.expired(credentials.key_id):
                raise errors.expired_token(credentials.service, protocol_is_json=_speaks_json(request))
            self._prove(request, credentials, identity)
        return identity

    async def authenticate_alone(self, request: Request, credentials: Credentials | None, host_region: str) -> Identity:
        """The same where nobody shows the body to `check_body`: the signature has to stand without it.

        Raises:
            AwsError: also when only the body could tell what was signed.
        """
        if credentials is not None and credentials.form == "presigned v2":
            raise errors.SignatureVersionUnsupported
        identity = await self.authenticate(request, credentials, host_region)
        if self.mode == "signed" and credentials is not None and not _announced_payload(request, credentials):
            raise _MissingPayloadHash
        return identity

    def _check_expiry(self, credentials: Credentials) -> None:
        signed = read_moment(credentials.moment)
        if signed is None:
            raise _BadMoment
        expires = Millis(signed + credentials.expires_seconds * MILLIS_PER_SECOND)
        now = self.clock.now()
        if now >= expires:
            raise errors.RequestExpired(expires=expires, now=now, seconds=credentials.expires_seconds)

    def _check_v2(self, request: Request, credentials: Credentials) -> None:
        """Let a URL of version 2 go on that is whole and has not run out.

        Raises:
            AwsError: it is not, nobody wants such URLs here, or it asks something of another service.
        """
        if not self.presigned_v2 or "X-Amz-Target" in request.headers:
            raise errors.SignatureVersionUnsupported
        if not (credentials.key_id and credentials.signature and credentials.moment):
            raise errors.QueryIncomplete
        if _SECONDS.fullmatch(credentials.moment) is None:
            raise errors.ExpiryMalformed(credentials.moment)
        expires, now = Millis(int(credentials.moment) * MILLIS_PER_SECOND), self.clock.now()
        if now >= expires:
            raise errors.RequestExpired(expires=expires, now=now)

    def _prove_v2(self, request: Request, credentials: Credentials, key: AccessKey) -> None:
        query = read_query(request.raw_query)
        for parameter in sigv2.unsigned_operations(query):
            raise errors.OperationNeedsVersion4(parameter)
        host = read_host_under(request.headers.get("Host", ""), self.domains)
        path = bucket_path(request.raw_path, host.bucket)[2]
        if path.count("/") == 1 and path != "/":
            # S3 takes a bucket alone only with a slash behind it, whatever the request has.
            path += "/"
        text = sigv2.string_to_sign(request.method, path, query, request.headers, credentials.moment)
        if not sigv4.same(sigv2.sign(key.secret, text), credentials.signature):
            raise errors.wrong_signature_v2(credentials.key_id, text, credentials.signature)

    def _prove(self, request: Request, credentials: Credentials | None, identity: Identity) -> None:
        json = _speaks_json(request)
        if credentials is None:
            if json:
                raise errors.not_signed(json)
            return
        if credentials.form == "ecdsa":
            raise OperationNotImplemented("Homeport", "SigV4A, the signature of several regions")
        if identity.key is None:
            raise errors.unknown_key(credentials.service, json, credentials.key_id)
        if identity.key.token and not sigv4.same(identity.key.token, credentials.token):
            raise errors.wrong_token(credentials.service, json)
        if credentials.form == "presigned v2":
            self._prove_v2(request, credentials, identity.key)
            return
        self._check_time(request, credentials)
        _check_covered(request, credentials)
        payload = _announced_payload(request, credentials)
        if payload:
            if not _HEX.fullmatch(payload) and payload != sigv4.UNSIGNED and payload not in _STREAMS:
                raise _PayloadHashMalformed(payload)
            self._check_signature(request, credentials, identity.key, payload)
        elif credentials.service == "s3":
            raise _MissingPayloadHash

    def _check_time(self, request: Request, credentials: Credentials) -> None:
        moment = _moment(request, credentials)
        signed_at = read_moment(moment)
        now = self.clock.now()
        early = signed_at is not None and signed_at > now + _SKEW_MS
        late = signed_at is not None and signed_at < now - _SKEW_MS and credentials.form == "header"
        if signed_at is None or early or late or not moment.startswith(credentials.date):
            raise errors.skewed(credentials.service, _speaks_json(request), moment, now)

    def _check_signature(self, request: Request, credentials: Credentials, key: AccessKey, payload: str) -> None:
        s3 = credentials.service == "s3"
        scope = f"{credentials.date}/{credentials.region}/{credentials.service}/aws4_request"
        canonical = sigv4.canonical_request(
            request.method,
            request.raw_path,
            request.raw_query,
            request.headers,
            credentials.signed_headers,
            payload,
            s3=s3,
        )
        signing = sigv4.signing_key(key.secret, credentials.date, credentials.region, credentials.service)
        computed = sigv4.sign(signing, sigv4.string_to_sign(_moment(request, credentials), scope, canonical))
        if not sigv4.same(computed, credentials.signature):
            raise errors.wrong_signature(credentials.service, _speaks_json(request), credentials.key_id, canonical)

    def check_body(
        self, request: Request, credentials: Credentials | None, identity: Identity, content: bytes, action: str
    ) -> None:
        """Compare a body that has been read with what was signed; outside S3 only now the signature can be checked.

        `action` is the very one that a form chooses its operation by; empty for what is no form.

        Raises:
            AwsError: another body was signed, or nothing was where something has to be.
        """
        if self.mode == "open":
            return
        if credentials is None:
            if action not in _UNSIGNED_ACTIONS:
                raise errors.not_signed(_speaks_json(request))
            return
        digest = sha256(content).hexdigest()
        announced = _announced_payload(request, credentials)
        if not announced and identity.key is not None:
            self._check_signature(request, credentials, identity.key, digest)
        elif _HEX.fullmatch(announced) and announced != digest:
            raise errors.PayloadHashMismatch(announced, digest)

    def open_upload(self, request: Request, credentials: Credentials | None, identity: Identity) -> Upload:
        """A body without its framing.

        Raises:
            AwsError: the framing is announced in a way that cannot be read.
        """
        payload = request.headers.get("x-amz-content-sha256", "")
        proving = self.mode == "signed" and credentials is not None and identity.key is not None
        if payload.startswith(_STREAMING):
            return self._chunked(request, credentials, identity, payload)
        wanted = payload if proving and _HEX.fullmatch(payload) else None
        return PlainUpload(request.body, sha256_hex=wanted, mismatch=errors.PayloadHashMismatch)

    def _chunked(
        self, request: Request, credentials: Credentials | None, identity: Identity, payload: str
    ) -> ChunkedUpload:
        chain = None
        if self.mode == "signed" and credentials is not None and identity.key is not None and "HMAC" in payload:
            scope = f"{credentials.date}/{credentials.region}/{credentials.service}/aws4_request"
            key = sigv4.signing_key(identity.key.secret, credentials.date, credentials.region, credentials.service)
            chain = _ChunkChain(key, _header_moment(request.headers), scope, credentials.signature)
        if payload not in _STREAMS:
            raise _PayloadHashMalformed(payload)
        length = request.headers.get("x-amz-decoded-content-length", "")
        names = request.headers.get("x-amz-trailer", "").lower().split(",")
        if length and not (length.isascii() and length.isdecimal()):
            raise _BadLength
        return ChunkedUpload(
            request.body,
            length=int(length) if length else None,
            verifier=chain,
            trailing=payload.endswith("-TRAILER"),
            announced=frozenset(filter(None, map(str.strip, names))),
        )


def _check_covered(request: Request, credentials: Credentials) -> None:
    """What changes the meaning of a request has to be under its signature: a presigned put must not become a copy.

    Raises:
        AwsError: it is not.
    """
    signed = frozenset(credentials.signed_headers)
    loose = [
        name.lower()
        for name in request.headers
        if name.lower() not in signed and name.lower().startswith("x-amz-") and name.lower() != _PAYLOAD_HEADER
    ]
    if "host" not in signed:
        loose.append("host")
    if loose:
        raise errors.HeadersNotSigned(sorted(loose))


def _header_moment(headers: Mapping[str, str]) -> str:
    return headers.get("X-Amz-Date", "")


def _speaks_json(request: Request) -> bool:
    return "X-Amz-Target" in request.headers


def _moment(request: Request, credentials: Credentials) -> str:
    return credentials.moment or _header_moment(request.headers)


def _announced_payload(request: Request, credentials: Credentials) -> str:
    """What stands for the body in the signature; empty when only the body itself can tell."""
    announced = request.headers.get("x-amz-content-sha256", "")
    if announced:
        return announced
    if credentials.service == "s3":
        return sigv4.UNSIGNED if credentials.form == "presigned" else ""
    return sigv4.EMPTY_SHA256 if credentials.form == "presigned" or request.body.length == 0 else ""


class _BadMoment(AwsError):
    code = "AuthorizationQueryParametersError"
    status = 400

    def __init__(self) -> None:
        super().__init__("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")


class _BadLength(AwsError):
    code = "InvalidArgument"
    status = 400

    def __init__(self) -> None:
        super().__init__("x-amz-decoded-content-length must be a number")


class _PayloadHashMalformed(AwsError):
    code = "InvalidArgument"
    status = 400

    def __init__(self, text: str) -> None:
        super().__init__(
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, "
            "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid "
            "sha256 value.",
            extra={"ArgumentName": "x-amz-content-sha256", "ArgumentValue": text},
        )


class _MissingPayloadHash(AwsError):
    code = "InvalidRequest"
    status = 400

    def __init__(self) -> None:
        super().__init__("Missing required header for this request: x-amz-content-sha256")
