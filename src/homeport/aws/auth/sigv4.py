"""Signature version 4: what is signed, and with which key (AWS General Reference, "Signing AWS API requests")."""

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final
from urllib.parse import quote, unquote_to_bytes

EMPTY_SHA256: Final = sha256(b"").hexdigest()
UNSIGNED: Final = "UNSIGNED-PAYLOAD"

_SPACES = re.compile(" +")
_UNRESERVED: Final = "-_.~"


@lru_cache(maxsize=256)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key of one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def sign(key: bytes, text: str) -> str:
    """A signature in hexadecimal."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def canonical_path(raw_path: str, *, s3: bool) -> str:
    """The path as it is signed: of S3 as it is, encoded once; of the others normalised, and encoded once more."""
    if s3:
        return quote(unquote_to_bytes(raw_path), safe=f"/{_UNRESERVED}")
    return quote(_normalised(raw_path), safe=f"/{_UNRESERVED}")


def _normalised(path: str) -> str:
    """RFC 3986, section 5.2.4, and empty segments removed."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment not in {"", "."}:
            kept.append(segment)
    tail = "/" if path.endswith("/") and kept else ""
    return "/" + "/".join(kept) + tail


def canonical_query(raw_query: str) -> str:
    """The query string as it is signed: decoded, encoded, sorted, without the signature itself."""
    pairs = []
    for part in raw_query.split("&"):
        name, _, value = part.partition("=")
        if part and name != "X-Amz-Signature":
            pairs.append((_encoded(name), _encoded(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text.replace("+", "%20")), safe=_UNRESERVED)


def header_values(headers: Mapping[str, str], name: str) -> Iterable[str]:
    """Every value of a header, in order."""
    getall = getattr(headers, "getall", None)
    if getall is None:
        return [headers[name]] if name in headers else []
    values: Sequence[str] = getall(name, [])
    return values


def canonical_headers(headers: Mapping[str, str], names: Sequence[str]) -> str:
    """The signed headers' lines, each with its end."""
    lines = []
    for name in names:
        values = (_SPACES.sub(" ", value.strip()) for value in header_values(headers, name))
        lines.append(f"{name}:{','.join(values)}\n")
    return "".join(lines)


def canonical_request(
    method: str,
    raw_path: str,
    raw_query: str,
    headers: Mapping[str, str],
    signed_headers: Sequence[str],
    payload: str,
    *,
    s3: bool,
) -> str:
    """What the signature is of, before it is hashed; `payload` is the body's digest or what stands for it."""
    return "\n".join(
        (
            method,
            canonical_path(raw_path, s3=s3),
            canonical_query(raw_query),
            canonical_headers(headers, signed_headers),
            ";".join(signed_headers),
            payload,
        )
    )


def string_to_sign(moment: str, scope: str, canonical: str) -> str:
    """What is signed of a request; `scope` is `date/region/service/aws4_request`."""
    return f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(canonical.encode('utf-8', 'surrogateescape')).hexdigest()}"


def chunk_string_to_sign(moment: str, scope: str, previous: str, digest: str) -> str:
    """What is signed of one chunk (S3 API reference, "Signature calculations: transferring payload in chunks")."""
    return f"AWS4-HMAC-SHA256-PAYLOAD\n{moment}\n{scope}\n{previous}\n{EMPTY_SHA256}\n{digest}"


def trailer_string_to_sign(moment: str, scope: str, previous: str, trailers: str) -> str:
    """What is signed of the trailing headers, given as `name:value` lines with their ends."""
    digest = sha256(trailers.encode()).hexdigest()
    return f"AWS4-HMAC-SHA256-TRAILER\n{moment}\n{scope}\n{previous}\n{digest}"


def same(first: str, second: str) -> bool:
    """Whether two signatures are equal, told in a time that says nothing about where they differ."""
    return hmac.compare_digest(first.encode("utf-8", "surrogateescape"), second.encode("utf-8", "surrogateescape"))
