"""The registry's errors as clients see them: one class per code of the distribution spec and of registry:2.

Codes, statuses and messages are registry:2's own wherever it has them, because clients print and compare them.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeAlias

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
"""What a JSON document may hold."""


class RegistryError(Exception):
    """A refusal that reaches the client as `{"errors": [{"code", "message", "detail"}]}`.

    Attributes:
        code: the wire code, upper case.
        status: the HTTP status; of several errors the first one's counts.
        message: one line for people.
        detail: whatever else the code's readers expect; `None` is left out of the body.
    """

    code: ClassVar[str] = "UNKNOWN"
    status: ClassVar[int] = 500
    default_message: ClassVar[str] = "unknown error"

    def __init__(self, message: str | None = None, *, detail: Json = None) -> None:
        self.message = message or self.default_message
        self.detail = detail
        super().__init__(self.message)


class Unknown(RegistryError):
    """Something broke that has no code of its own."""


class Unsupported(RegistryError):
    """The operation is switched off or does not exist here."""

    code = "UNSUPPORTED"
    status = 405
    default_message = "The operation is unsupported."


class Unavailable(RegistryError):
    """The registry cannot serve this now, and may later."""

    code = "UNAVAILABLE"
    status = 503
    default_message = "service unavailable"


class StorageFull(Unavailable):
    """The disk or the quota has no room for the upload; no client gains by retrying at once (RFC 4918, 11.5)."""

    status = 507
    default_message = "not enough storage space left in the registry"


class TooManyRequests(RegistryError):
    """The caller is throttled; the wire adds Retry-After from `retry_after_seconds`."""

    code = "TOOMANYREQUESTS"
    status = 429
    default_message = "too many requests"

    def __init__(self, *, retry_after_seconds: int) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class Unauthorized(RegistryError):
    """Nobody in particular asked, and only somebody may; the wire adds the challenge."""

    code = "UNAUTHORIZED"
    status = 401
    default_message = "authentication required"


class Denied(RegistryError):
    """The caller is known and may not."""

    code = "DENIED"
    status = 403
    default_message = "requested access to the resource is denied"


class BlobInUse(Denied):
    """A manifest of the repository still refers to the blob, so it stays."""

    status = 405
    default_message = "blob is referenced by a manifest of this repository"

    def __init__(self, digest: str) -> None:
        super().__init__(detail={"digest": digest})


class NameInvalid(RegistryError):
    """The repository's name breaks the grammar."""

    code = "NAME_INVALID"
    status = 400
    default_message = "invalid repository name"

    def __init__(self, name: str) -> None:
        super().__init__(detail={"name": name[:300]})


class NameUnknown(RegistryError):
    """There is no such repository, or the caller may not know of it."""

    code = "NAME_UNKNOWN"
    status = 404
    default_message = "repository name not known to registry"

    def __init__(self, name: str) -> None:
        super().__init__(detail={"name": name})


class TagInvalid(RegistryError):
    """The tag breaks the grammar."""

    code = "TAG_INVALID"
    status = 400
    default_message = "manifest tag did not match URI"

    def __init__(self, tag: str) -> None:
        super().__init__(detail={"tag": tag[:300]})


class ManifestUnknown(RegistryError):
    """The repository has no manifest of this tag or digest."""

    code = "MANIFEST_UNKNOWN"
    status = 404
    default_message = "manifest unknown"

    def __init__(self, name: str, reference: str) -> None:
        by_digest = ":" in reference
        super().__init__(
            detail=f"unknown manifest name={name} revision={reference}" if by_digest else f"unknown tag={reference}"
        )


class ManifestInvalid(RegistryError):
    """The manifest is not one: `reason` says why."""

    code = "MANIFEST_INVALID"
    status = 400
    default_message = "manifest invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"manifest invalid: {reason}", detail=reason)
        self.reason = reason


class ManifestTooLarge(ManifestInvalid):
    """The manifest exceeds the limit (distribution spec: 413 for manifests larger than the registry's limit)."""

    status = 413

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"larger than {limit_bytes} bytes")


class SchemaOneRefused(ManifestInvalid):
    """A Docker schema 1 manifest: gone from registry:3 and from every client of the last years."""

    def __init__(self) -> None:
        super().__init__(
            "Docker image manifest version 2, schema 1 is not supported; push with a client that writes schema 2 or OCI"
        )


class ManifestBlobUnknown(RegistryError):
    """The manifest refers to something that the repository does not hold."""

    code = "MANIFEST_BLOB_UNKNOWN"
    # The spec says 404, registry:2 answers 400; clients only read the code, proxies and dashboards the status.
    status = 400
    default_message = "blob unknown to registry"

    def __init__(self, digest: str) -> None:
        super().__init__(detail=digest)


class SeveralErrors(RegistryError):
    """More than one thing is wrong, and the client is told of all of them; the status is the first one's."""

    def __init__(self, errors: Sequence[RegistryError]) -> None:
        super().__init__(errors[0].message)
        self.errors = tuple(errors)


class BlobUnknown(RegistryError):
    """The repository has no such blob."""

    code = "BLOB_UNKNOWN"
    status = 404
    default_message = "blob unknown to registry"

    def __init__(self, digest: str) -> None:
        super().__init__(detail=digest)


class BlobUploadUnknown(RegistryError):
    """There is no such upload session: never opened, completed, cancelled or expired."""

    code = "BLOB_UPLOAD_UNKNOWN"
    status = 404
    default_message = "blob upload unknown to registry"


class BlobUploadInvalid(RegistryError):
    """The upload session exists but cannot go on."""

    code = "BLOB_UPLOAD_INVALID"
    status = 404
    default_message = "blob upload invalid"


class UploadBusy(BlobUploadInvalid):
    """Another request is writing to the same session at this moment."""

    status = 409
    default_message = "another request is writing to this blob upload"


class DigestInvalid(RegistryError):
    """The digest is malformed, of an unknown algorithm, or not that of the bytes."""

    code = "DIGEST_INVALID"
    status = 400
    default_message = "provided digest did not match uploaded content"


class SizeInvalid(RegistryError):
    """The body is longer or shorter than announced."""

    code = "SIZE_INVALID"
    status = 400
    default_message = "provided length did not match content length"


class RangeInvalid(RegistryError):
    """A range that cannot be served, or a chunk that does not continue the upload."""

    code = "RANGE_INVALID"
    status = 416
    default_message = "invalid content range"
