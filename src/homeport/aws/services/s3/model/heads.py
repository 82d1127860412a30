"""What is said of an object's content when it is put: which headers are kept, how large, and with which characters."""

import base64
import re
from collections.abc import Mapping
from typing import Final, cast

from homeport.aws.services.s3.errors import InvalidArgument, InvalidStorageClass, MetadataTooLarge
from homeport.aws.services.s3.model.version import STANDARD, STORAGE_CLASSES, Head

DEFAULT_CONTENT_TYPE: Final = "binary/octet-stream"
_MOST_METADATA_BYTES: Final = 2048
_TEXTS: Final = {
    "CacheControl": "Cache-Control",
    "ContentDisposition": "Content-Disposition",
    "ContentEncoding": "Content-Encoding",
    "ContentLanguage": "Content-Language",
    "ContentType": "Content-Type",
    "Expires": "Expires",
    "WebsiteRedirectLocation": "x-amz-website-redirect-location",
}
_NO_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""What no header's value can carry, and (the surrogates) bytes that are no UTF-8."""

_METADATA_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*")
_LAST_OF_LATIN_1: Final = "\xff"
_CHUNKED = re.compile(r"\s*aws-chunked\s*(,|$)", re.IGNORECASE)


def content_head(request: Mapping[str, object]) -> Head:
    """The head of a new object, without its encryption.

    Raises:
        MetadataTooLarge, InvalidArgument: it has too much, or what no header may have.
    """
    head: dict[str, object] = {"ContentType": request.get("ContentType") or DEFAULT_CONTENT_TYPE}
    for member, header in _TEXTS.items():
        text = request.get(member)
        if isinstance(text, str) and text:
            _check_text(header, text)
            head[member] = text
    if "ContentEncoding" in head:
        encoding = _CHUNKED.sub("", str(head["ContentEncoding"])).strip()
        head["ContentEncoding"] = encoding
        if not encoding:
            del head["ContentEncoding"]
    metadata = cast("Mapping[str, str]", request.get("Metadata") or {})
    if metadata:
        check_metadata(metadata)
        head["Metadata"] = {name: _mail_safe(name, value) for name, value in metadata.items()}
    location = head.get("WebsiteRedirectLocation")
    if isinstance(location, str) and not location.startswith(("/", "http://", "https://")):
        raise InvalidArgument(
            "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
            "x-amz-website-redirect-location",
            location,
        )
    return cast("Head", head)


def _check_text(header: str, text: str) -> None:
    """Forms and presigned URLs can say what no header can; an answer could not give it back."""
    if not text.isprintable() and _NO_HEADER.search(text):
        raise InvalidArgument("Header value contains characters that no header can have.", header)


def _mail_safe(name: str, value: str) -> str:
    """User metadata as S3 gives it back: what is not ASCII in words of RFC 2047, its bytes taken for Latin-1."""
    if _METADATA_NAME.fullmatch(name) is None:
        raise InvalidArgument("Metadata names have to be names of headers.", f"x-amz-meta-{name}")
    if value.isascii():
        _check_text(f"x-amz-meta-{name}", value)
        return value
    meant = value.encode("utf-8", "surrogateescape").decode("latin-1")
    return f"=?UTF-8?B?{base64.b64encode(meant.encode()).decode()}?="


def answer_header(parameter: str, text: str) -> str:
    """A header of the answer that a URL asks for, as Latin-1: what lies beyond ASCII stands for its byte.

    Raises:
        InvalidArgument: it has other characters.
    """
    if text.isascii() and text.isprintable():
        return text
    _check_text(parameter, text)
    if max(text, default="") > _LAST_OF_LATIN_1:
        raise InvalidArgument("Header value cannot be represented using ISO-8859-1.", parameter, text)
    return text.encode("latin-1").decode("ascii", "surrogateescape")


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Refuse user metadata of more than 2 KB, names and values together.

    Raises:
        MetadataTooLarge: it has more.
    """
    size = sum(
        len(name.encode("utf-8", "surrogateescape")) + len(value.encode("utf-8", "surrogateescape"))
        for name, value in metadata.items()
    )
    if size > _MOST_METADATA_BYTES:
        raise MetadataTooLarge(size, _MOST_METADATA_BYTES)


def storage_class(request: Mapping[str, object]) -> str:
    """The class that a new object is put in.

    Raises:
        InvalidStorageClass: S3 has no such class.
    """
    name = request.get("StorageClass", STANDARD)
    if not isinstance(name, str) or name not in STORAGE_CLASSES:
        raise InvalidStorageClass(str(name))
    return name
