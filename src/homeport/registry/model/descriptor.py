"""Descriptors: how a manifest points at content, and which spelling of their fields counts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from homeport.registry.errors import DigestInvalid, ManifestInvalid
from homeport.registry.model.digest import Digest, parse_digest
from homeport.registry.model.documents import is_array, is_object
from homeport.registry.model.media_types import is_manifest

_MAX_SIZE = (1 << 63) - 1
_FOREIGN_MEDIA_TYPES = frozenset(
    {
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    }
)
_FOREIGN_PREFIX = "application/vnd.oci.image.layer.nondistributable."
# Any printable text: artifacts in the wild name their files "text/plain; charset=utf-8" and worse.
_media_type = re.compile(r"[\x20-\x7e]{1,255}").fullmatch

# Go matches these in any case, other languages do not: a document with `Layers` has two meanings.
_KNOWN_KEYS: Final = {
    key.casefold(): key
    for key in (
        *("schemaVersion", "mediaType", "artifactType", "config", "layers", "fsLayers", "manifests", "subject"),
        *("annotations", "digest", "size", "urls", "data", "platform", "os", "architecture", "variant"),
    )
}


@dataclass(frozen=True, slots=True)
class Platform:
    """What a child of an index runs on."""

    os: str = ""
    architecture: str = ""
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Type, digest and size (in bytes) of some content, and what else its pointer says."""

    media_type: str
    digest: Digest
    size: int
    urls: tuple[str, ...] = ()
    artifact_type: str = ""
    annotations: Mapping[str, str] | None = None
    platform: Platform | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether the content may live elsewhere: a layer that must not be distributed, with an address to get it."""
        return bool(self.urls) and (
            self.media_type in _FOREIGN_MEDIA_TYPES or self.media_type.startswith(_FOREIGN_PREFIX)
        )

    @property
    def is_manifest(self) -> bool:
        """Whether the content is itself a manifest, going by its type."""
        return is_manifest(self.media_type)


def check_spelling(fields: Mapping[str, object], where: str) -> None:
    """Refuse keys that differ from a known one only in their case.

    Raises:
        ManifestInvalid: there is one.
    """
    for key in fields:
        known = _KNOWN_KEYS.get(key.casefold())
        if known is not None and known != key:
            raise ManifestInvalid(f"{where} has a key {key[:100]!r}; write {known!r}")


def read_descriptor(value: object, where: str) -> Descriptor:
    """The descriptor at one place of a manifest.

    Spec: OCI image, descriptor.

    Raises:
        ManifestInvalid: a required field is missing, or any field is of the wrong type.
    """
    if not is_object(value):
        raise ManifestInvalid(f"{where} must be a descriptor")
    check_spelling(value, where)
    platform = value.get("platform")
    return Descriptor(
        media_type=_read_media_type(value.get("mediaType"), f"{where}.mediaType"),
        digest=_read_digest(value.get("digest"), f"{where}.digest"),
        size=_read_size(value.get("size"), f"{where}.size"),
        urls=_read_strings(value.get("urls"), f"{where}.urls"),
        artifact_type=_read_string(value.get("artifactType"), f"{where}.artifactType"),
        annotations=read_annotations(value.get("annotations"), f"{where}.annotations"),
        platform=None if platform is None else _read_platform(platform, f"{where}.platform"),
    )


def read_annotations(value: object, where: str) -> Mapping[str, str] | None:
    """A map of strings to strings, or nothing.

    Raises:
        ManifestInvalid: it holds anything else.
    """
    if value is None:
        return None
    if not is_object(value):
        raise ManifestInvalid(f"{where} must be an object")
    return {key: _read_string(text, f"{where}[{key[:100]!r}]") for key, text in value.items()}


def _read_platform(value: object, where: str) -> Platform:
    if not is_object(value):
        raise ManifestInvalid(f"{where} must be an object")
    check_spelling(value, where)
    return Platform(
        *(_read_string(value.get(field), f"{where}.{field}") for field in ("os", "architecture", "variant"))
    )


def _read_media_type(value: object, where: str) -> str:
    text = _read_string(value, where)
    if _media_type(text) is None:
        raise ManifestInvalid(f"{where} must be a media type")
    return text


def _read_digest(value: object, where: str) -> Digest:
    try:
        return parse_digest(_read_string(value, where))
    except DigestInvalid as error:
        raise ManifestInvalid(f"{where}: {error.message}") from None


def _read_size(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_SIZE:
        raise ManifestInvalid(f"{where} must be a number of bytes")
    return value


def _read_string(value: object, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ManifestInvalid(f"{where} must be a string")
    return value


def _read_strings(value: object, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not is_array(value):
        raise ManifestInvalid(f"{where} must be an array")
    return tuple(_read_string(item, f"{where}[{position}]") for position, item in enumerate(value))
