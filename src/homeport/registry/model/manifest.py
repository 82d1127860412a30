"""Manifests: what the registry takes in, what it reads back from disk, and what each of them refers to."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from homeport.registry.errors import ManifestInvalid, SchemaOneRefused
from homeport.registry.model.descriptor import Descriptor, check_spelling, read_annotations, read_descriptor
from homeport.registry.model.digest import Digest, find_digest
from homeport.registry.model.documents import is_array, is_object, load_ambiguous_object, load_object
from homeport.registry.model.media_types import (
    ACCEPTED,
    KIND_OF,
    NEEDS_OWN_NAME,
    OCI_IMAGE,
    OCI_INDEX,
    SCHEMA_ONE_SIGNED,
    UNSPECIFIC,
    Kind,
    bare,
    is_media_type,
)

MAX_MANIFEST_BYTES: Final = 4 << 20
"""registry:2's limit; the caller enforces it before the bytes come here."""

_SCHEMA_VERSION = 2
_NOT_IN_IMAGE = ("manifests", "fsLayers")
_NOT_IN_INDEX = ("config", "layers", "fsLayers")


@dataclass(frozen=True, slots=True)
class ParsedManifest:
    """A manifest's meaning.

    Attributes:
        media_type: what it is served as.
        config: of an image; `None` for everything else.
        layers: of an image, in order, foreign ones included.
        manifests: an index's children, in order; old build caches list layers here.
        subject: the manifest that this one is attached to, which need not exist.
        artifact_type: what referrers are filtered by; empty if there is none.
        mentions: for schema 1, unknown types and damaged documents only: every digest anywhere in it.
    """

    media_type: str
    kind: Kind
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    manifests: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] | None = None
    mentions: tuple[Digest, ...] = ()

    @property
    def blobs(self) -> Iterator[Descriptor]:
        """Config and layers that the repository must hold; foreign layers live elsewhere."""
        if self.config is not None:
            yield self.config
        yield from (layer for layer in self.layers if not layer.is_foreign)

    @property
    def references(self) -> Iterator[Digest]:
        """Every digest that this manifest keeps alive: config, layers and children, but never its subject."""
        if self.config is not None:
            yield self.config.digest
        yield from (layer.digest for layer in self.layers)
        yield from (child.digest for child in self.manifests)
        yield from self.mentions


def parse_manifest(data: bytes, content_type: str) -> ParsedManifest:
    """What a client wants to put, checked in full.

    Spec: OCI distribution, end-7; OCI image, manifest and index; GHSA-qq97-vm5h-rrhg (one document, one meaning).

    Args:
        data: the body, exactly as received.
        content_type: the request's header; one that says nothing about manifests leaves the word to the document.

    Raises:
        SchemaOneRefused: it is a Docker schema 1 manifest.
        ManifestInvalid: anything else that is wrong with it.
    """
    document = load_object(data)
    check_spelling(document, "the manifest")
    media_type = _agreed_type(document, bare(content_type))
    if document.get("schemaVersion") != _SCHEMA_VERSION or isinstance(document["schemaVersion"], float):
        raise ManifestInvalid("schemaVersion must be 2")
    kind = KIND_OF[media_type]
    _check_shape(document, media_type, kind)
    return _read(document, media_type, kind)


def read_stored(data: bytes) -> ParsedManifest:
    """What lies in the store, whoever put it there: also schema 1, unknown types, and what `parse_manifest` refuses.

    Whoever uses this to decide what may be deleted can rely on `references`: where the structure is not certain, every
    digest in the document counts.

    Raises:
        ManifestInvalid: not a JSON object.
    """
    try:
        return _read_certain(load_object(data))
    except ManifestInvalid:
        return _read_uncertain(load_ambiguous_object(data))


def _read_certain(document: Mapping[str, object]) -> ParsedManifest:
    media_type = _own_type(document)
    kind = KIND_OF.get(media_type, Kind.OTHER)
    if kind is Kind.SCHEMA_ONE or kind is Kind.OTHER:
        return _read_uncertain(document)
    check_spelling(document, "the manifest")
    _check_shape(document, media_type, kind)
    return _read(document, media_type, kind)


def _read_uncertain(document: Mapping[str, object]) -> ParsedManifest:
    media_type = _own_type(document)
    kind = Kind.SCHEMA_ONE if KIND_OF.get(media_type) is Kind.SCHEMA_ONE else Kind.OTHER
    return ParsedManifest(media_type, kind, mentions=tuple(dict.fromkeys(_mentions(document))))


def sniff_media_type(data: bytes) -> str:
    """The Content-Type that stored bytes are served with: derived as registry:2 does, since nothing records it.

    Raises:
        ManifestInvalid: not a JSON object.
    """
    return _own_type(load_ambiguous_object(data))


def _own_type(document: Mapping[str, object]) -> str:
    """The type that a document claims, or else its shape shows."""
    named = document.get("mediaType")
    if isinstance(named, str) and is_media_type(named):
        return named
    if document.get("schemaVersion") == 1:
        return SCHEMA_ONE_SIGNED
    return OCI_IMAGE if document.get("manifests") is None else OCI_INDEX


def _agreed_type(document: Mapping[str, object], content_type: str) -> str:
    """The one type that request, document and this registry agree on."""
    named = document.get("mediaType")
    if named is not None and not isinstance(named, str):
        raise ManifestInvalid("mediaType must be a string")
    media_type = (named or _own_type(document)) if content_type in UNSPECIFIC else content_type
    if KIND_OF.get(media_type) is Kind.SCHEMA_ONE or document.get("schemaVersion") == 1:
        raise SchemaOneRefused
    if media_type not in ACCEPTED:
        raise ManifestInvalid(f"media type {media_type[:200]!r} is not one of {', '.join(ACCEPTED)}")
    if named and named != media_type:
        raise ManifestInvalid(f"mediaType is {named[:200]!r}, but Content-Type is {media_type!r}")
    if not named and media_type in NEEDS_OWN_NAME:
        raise ManifestInvalid(f"mediaType must be {media_type!r}")
    return media_type


def _check_shape(document: Mapping[str, object], media_type: str, kind: Kind) -> None:
    """Refuse a document that is an image to one reader and an index to another."""
    for foreign in _NOT_IN_INDEX if kind is Kind.INDEX else _NOT_IN_IMAGE:
        if document.get(foreign) is not None:
            raise ManifestInvalid(f"{foreign!r} has no place in {media_type}")


def _read(document: Mapping[str, object], media_type: str, kind: Kind) -> ParsedManifest:
    config = None
    layers: tuple[Descriptor, ...] = ()
    manifests: tuple[Descriptor, ...] = ()
    if kind is Kind.INDEX:
        manifests = _descriptors(document, "manifests")
    else:
        config = read_descriptor(document.get("config"), "config")
        layers = _descriptors(document, "layers")
    subject = document.get("subject")
    return ParsedManifest(
        media_type,
        kind,
        config,
        layers,
        manifests,
        subject=None if subject is None else read_descriptor(subject, "subject"),
        artifact_type=_artifact_type(document, config),
        annotations=read_annotations(document.get("annotations"), "annotations"),
    )


def _descriptors(document: Mapping[str, object], field: str) -> tuple[Descriptor, ...]:
    # Go writes an empty slice as null, so null is an empty list here as well.
    entries = document.get(field)
    if entries is None:
        return ()
    if not is_array(entries):
        raise ManifestInvalid(f"{field} must be an array")
    return tuple(read_descriptor(entry, f"{field}[{position}]") for position, entry in enumerate(entries))


def _artifact_type(document: Mapping[str, object], config: Descriptor | None) -> str:
    """Spec: OCI distribution, "Listing Referrers": artifactType, or for an image its config's media type."""
    named = document.get("artifactType")
    if named is not None and not isinstance(named, str):
        raise ManifestInvalid("artifactType must be a string")
    return named or (config.media_type if config is not None else "")


def _mentions(value: object) -> Iterator[Digest]:
    """Every digest among the strings of a document, also inside longer strings such as schema 1's history."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            yield from (digest for text in _digest_like(current) if (digest := find_digest(text)) is not None)
        elif is_object(current):
            pending.extend(current.values())
        elif is_array(current):
            pending.extend(current)


_digest_like = re.compile(r"sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})").findall
