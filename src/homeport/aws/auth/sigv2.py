"""Signature version 2 of S3: what old URLs are signed of (S3 guide, "Signing and authenticating REST requests")."""

import base64
import hmac
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from homeport.aws.auth.sigv4 import header_values
from homeport.aws.protocol.model import load_model
from homeport.aws.protocol.routes import Routes

_SUB_RESOURCES: Final = (
    "accelerate acl analytics cors defaultObjectAcl delete inventory lifecycle location logging metrics notification "
    "object-lock partNumber policy replication requestPayment restore select select-type storageClass tagging torrent "
    "uploadId uploads versionId versioning versions website"
)
_OVERRIDES: Final = "cache-control content-disposition content-encoding content-language content-type expires"
_SIGNED: Final = frozenset(_SUB_RESOURCES.split()) | {f"response-{name}" for name in _OVERRIDES.split()}
"""Parameters of the query that are part of what is signed."""

_NO_OPERATION: Final = frozenset({"list-type"})
"""Tells two listings of the same objects apart, and was never signed."""

_AMAZON: Final = "x-amz-"


def sign(secret: str, text: str) -> str:
    """A signature in base 64."""
    return base64.b64encode(hmac.digest(secret.encode(), text.encode("utf-8", "surrogateescape"), "sha1")).decode()


def string_to_sign(
    method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], expires: str
) -> str:
    """What a presigned URL is signed of.

    `path`: still encoded, the bucket in it even where the host names it.
    `expires`: as the URL says it; it stands where other requests have their date.
    """
    given = _of_query(query) | {name.lower(): _joined(header_values(headers, name)) for name in headers}
    amazon = "".join(f"{name}:{given[name]}\n" for name in sorted(given) if name.startswith(_AMAZON))
    first = "\n".join((method, given.get("content-md5", ""), given.get("content-type", ""), expires))
    return f"{first}\n{amazon}{path}{_sub_resources(query)}"


def _of_query(query: Mapping[str, list[str]]) -> dict[str, str]:
    """SDKs move the headers that they signed into the URL; a header that the request has itself goes first."""
    return {name.lower(): _joined(values) for name, values in query.items()}


def _joined(values: Iterable[str]) -> str:
    return ",".join(value.strip() for value in values)


def _sub_resources(query: Mapping[str, list[str]]) -> str:
    pairs = [
        f"{name}={value}" if value else name for name in sorted(_SIGNED.intersection(query)) for value in query[name]
    ]
    return f"?{'&'.join(pairs)}" if pairs else ""


def unsigned_operations(query: Mapping[str, list[str]]) -> frozenset[str]:
    """The parameters that make another operation of a request, and that whoever holds its URL could add to it."""
    return _operations().intersection(query)


@cache
def _operations() -> frozenset[str]:
    return Routes(load_model("s3")).sub_resources - _SIGNED - _NO_OPERATION
