"""Media types of manifests: which kinds there are, and which the registry takes in."""

import re
from enum import Enum
from typing import Final

OCI_IMAGE: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_IMAGE: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
SCHEMA_ONE: Final = "application/vnd.docker.distribution.manifest.v1+json"
SCHEMA_ONE_SIGNED: Final = "application/vnd.docker.distribution.manifest.v1+prettyjws"


class Kind(Enum):
    """What a manifest is made of."""

    IMAGE = "image"
    """A config and layers; an artifact too is one of these."""
    INDEX = "index"
    """A list of further manifests."""
    SCHEMA_ONE = "schema1"
    """Docker's first format; found on old volumes, never taken in."""
    OTHER = "other"
    """A JSON object of a type that this registry does not know; found on foreign volumes, never taken in."""


# A media type is stored nowhere but inside the manifest, and registry:2 cannot read (nor collect garbage on) a volume
# that holds one it does not know. So only these four are taken in; clients of the retired OCI artifact manifest fall
# back to an image manifest when they are told so.
KIND_OF: Final = {
    OCI_IMAGE: Kind.IMAGE,
    DOCKER_IMAGE: Kind.IMAGE,
    OCI_INDEX: Kind.INDEX,
    DOCKER_LIST: Kind.INDEX,
    SCHEMA_ONE: Kind.SCHEMA_ONE,
    SCHEMA_ONE_SIGNED: Kind.SCHEMA_ONE,
}

ACCEPTED: Final = (OCI_IMAGE, OCI_INDEX, DOCKER_IMAGE, DOCKER_LIST)

NEEDS_OWN_NAME: Final = frozenset({DOCKER_IMAGE, DOCKER_LIST})
"""Types that a manifest must name itself, because one without a name is read back as OCI."""

UNSPECIFIC: Final = frozenset({"", "application/json", "application/octet-stream", "text/plain"})
"""Content types that say nothing about a manifest: what a hand-made request sends."""


_media_type = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}").fullmatch


def is_media_type(text: str) -> bool:
    """Whether the text is a type and subtype without parameters (RFC 6838, 4.2), fit for a header."""
    return _media_type(text) is not None


def bare(content_type: str) -> str:
    """The media type alone: parameters cut off, lower case."""
    return content_type.partition(";")[0].strip().lower()


def is_manifest(media_type: str) -> bool:
    """Whether a descriptor of this type points at a manifest rather than a blob."""
    return media_type in KIND_OF
