"""Names on the wire: repositories, tags, references and upload ids, and which text is a valid one."""

import re
from typing import Final, NewType, TypeAlias

from homeport.registry.errors import BlobUploadUnknown, NameInvalid, TagInvalid
from homeport.registry.model.digest import Digest, parse_digest

RepositoryName = NewType("RepositoryName", str)
Tag = NewType("Tag", str)
UploadId = NewType("UploadId", str)
Reference: TypeAlias = Tag | Digest

MAX_REPOSITORY_CHARACTERS: Final = 255
"""registry:2's limit on the whole name; so each component also fits a directory entry."""

_COMPONENT = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_repository = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*").fullmatch
_tag = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}").fullmatch
_upload = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch


def parse_repository(text: str) -> RepositoryName:
    """The repository that a request names.

    Spec: OCI distribution, "Pulling manifests", the grammar of `<name>`.

    Raises:
        NameInvalid: the grammar is broken or the name longer than 255 characters.
    """
    if len(text) > MAX_REPOSITORY_CHARACTERS or _repository(text) is None:
        raise NameInvalid(text)
    return RepositoryName(text)


def is_repository(text: str) -> bool:
    """Whether the text is a valid repository name."""
    return len(text) <= MAX_REPOSITORY_CHARACTERS and _repository(text) is not None


def parse_tag(text: str) -> Tag:
    """The tag that a request names.

    Spec: OCI distribution, "Pulling manifests", the grammar of `<reference>` as a tag: at most 128 characters.

    Raises:
        TagInvalid: the grammar is broken.
    """
    if _tag(text) is None:
        raise TagInvalid(text)
    return Tag(text)


def is_tag(text: str) -> bool:
    """Whether the text is a valid tag."""
    return _tag(text) is not None


def parse_reference(text: str) -> Reference:
    """A tag or a digest: a colon tells them apart, since no tag may hold one.

    Raises:
        DigestInvalid: there is a colon, but no digest around it.
        TagInvalid: there is none, and it is no tag.
    """
    return parse_digest(text) if ":" in text else parse_tag(text)


def as_digest(reference: Reference) -> Digest | None:
    """The reference if it is a digest."""
    return Digest(reference) if ":" in reference else None


def parse_upload_id(text: str) -> UploadId:
    """The upload session that a request names: a lower-case UUID, which cannot lead out of its directory.

    Raises:
        BlobUploadUnknown: no session ever had such an id.
    """
    if _upload(text) is None:
        raise BlobUploadUnknown
    return UploadId(text)


def is_upload_id(text: str) -> bool:
    """Whether the text has the form of an upload id."""
    return _upload(text) is not None
