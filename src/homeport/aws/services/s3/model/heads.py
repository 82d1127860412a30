"""What is said of an object's content when it is put: which headers are kept, and how large they may be."""

import re
from collections.abc import Mapping
from typing import Final, cast

from homeport.aws.services.s3.errors import InvalidArgument, InvalidStorageClass, MetadataTooLarge
from homeport.aws.services.s3.model.version import STANDARD, STORAGE_CLASSES, Head

DEFAULT_CONTENT_TYPE: Final = "binary/octet-stream"
_MOST_METADATA_BYTES: Final = 2048
_TEXTS: Final = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "WebsiteRedirectLocation",
)
_CHUNKED = re.compile(r"\s*aws-chunked\s*(,|$)", re.IGNORECASE)


def content_head(request: Mapping[str, object]) -> Head:
    """The head of a new object, without its encryption.

    Raises:
        MetadataTooLarge, InvalidArgument: it has too much, or what no header may have.
    """
    head: dict[str, object] = {"ContentType": request.get("ContentType") or DEFAULT_CONTENT_TYPE}
    for member in _TEXTS:
        text = request.get(member)
        if isinstance(text, str) and text:
            head[member] = text
    if "ContentEncoding" in head:
        encoding = _CHUNKED.sub("", str(head["ContentEncoding"])).strip()
        head["ContentEncoding"] = encoding
        if not encoding:
            del head["ContentEncoding"]
    if "Expires" in request:
        head["Expires"] = request["Expires"]
    metadata = cast("Mapping[str, str]", request.get("Metadata") or {})
    if metadata:
        check_metadata(metadata)
        head["Metadata"] = dict(metadata)
    location = head.get("WebsiteRedirectLocation")
    if isinstance(location, str) and not location.startswith(("/", "http://", "https://")):
        raise InvalidArgument(
            "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
            "x-amz-website-redirect-location",
            location,
        )
    return cast("Head", head)


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Refuse user metadata of more than 2 KB, names and values together.

    Raises:
        MetadataTooLarge: it has more.
    """
    size = sum(len(name.encode()) + len(value.encode("utf-8", "surrogateescape")) for name, value in metadata.items())
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
