"""What lies on a volume: repositories, revisions, tags and layers as directories show them, damage included.

Nothing here decides what damage means. A directory that vanishes between listing and looking is `Damage` too: whoever
only builds an index shrugs, whoever deletes stops.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from homeport.registry.model.digest import ALGORITHMS, Algorithm, Digest, find_digest
from homeport.registry.model.names import (
    MAX_REPOSITORY_CHARACTERS,
    RepositoryName,
    Tag,
    UploadId,
    is_repository,
    is_tag,
    is_upload_id,
)
from homeport.registry.store.links import Damaged, read_link
from homeport.registry.store.paths import LAYERS, LINK, MANIFESTS, TEMPORARY_SUFFIX, Paths

_SHARD_CHARACTERS = 2


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that is not as distribution's layout has it.

    Attributes:
        kind: `unreadable` for what the disk would not give; `link` for a link that cannot be followed; `stray` for
            what no client can reach, such as the directories that NAS systems strew about.
        named: the digest that a damaged link's path spells.
    """

    path: str
    reason: str
    kind: Literal["unreadable", "link", "stray"] = "unreadable"
    named: Digest | None = None


@dataclass(frozen=True, slots=True)
class LinkEntry:
    """A link found in a directory that is named for a digest.

    Attributes:
        named: the digest that the path spells, by which clients ask.
        target: the digest that the link holds, under which the bytes lie.
    """

    path: str
    named: Digest
    target: Digest


@dataclass(frozen=True, slots=True)
class TagEntry:
    """A tag and the digest that it means now."""

    path: str
    tag: Tag
    target: Digest


@dataclass(frozen=True, slots=True)
class BlobEntry:
    """A blob's directory; `size` in bytes."""

    digest: Digest
    path: str
    size: int


def scan_repositories(paths: Paths) -> Iterator[RepositoryName | Damage]:
    """Every directory that holds `_manifests` or `_layers`, sorted by path; none if the volume is new."""
    yield from _scan_below(paths.repositories, "", top=True)


def _scan_below(directory: str, name: str, *, top: bool = False) -> Iterator[RepositoryName | Damage]:
    entries = _list(directory)
    if isinstance(entries, Damage):
        if not (top and not os.path.lexists(directory)):
            yield entries
        return
    if len(name) > MAX_REPOSITORY_CHARACTERS:
        # A symbolic link to above leads here.
        yield Damage(directory, "nested too deeply for a repository name", "stray")
        return
    if any(entry.name in {MANIFESTS, LAYERS} for entry in entries):
        if is_repository(name):
            yield RepositoryName(name)
        else:
            yield Damage(directory, "not a valid repository name", "link")
    for entry in entries:
        if not entry.name.startswith("_") and _is_directory(entry):
            yield from _scan_below(entry.path, f"{name}/{entry.name}" if name else entry.name)


def scan_revisions(paths: Paths, name: RepositoryName, only: Algorithm | None = None) -> Iterator[LinkEntry | Damage]:
    """The manifests that a repository has links to, of all algorithms or one."""
    yield from _scan_links(paths.revisions(name), only)


def scan_layers(paths: Paths, name: RepositoryName, only: Algorithm | None = None) -> Iterator[LinkEntry | Damage]:
    """The blobs that a repository has links to, of all algorithms or one."""
    yield from _scan_links(paths.layers(name), only)


def scan_tag_index(paths: Paths, name: RepositoryName, tag: Tag) -> Iterator[LinkEntry | Damage]:
    """What a tag has meant ever."""
    yield from _scan_links(paths.tag_index(name, tag))


def scan_tags(paths: Paths, name: RepositoryName) -> Iterator[TagEntry | Damage]:
    """The tags of a repository. A directory without `current/link` is no tag: a deletion or a push was cut short."""
    for entry in _list_existing(paths.tags(name)):
        if isinstance(entry, Damage):
            yield entry
            continue
        path = f"{entry.path}/current/{LINK}"
        if not is_tag(entry.name):
            yield Damage(entry.path, "not a valid tag", _kind_of_unnamed(path))
            continue
        found = _read(path)
        if isinstance(found, Damage):
            yield found
        elif found is not None:
            yield TagEntry(path, Tag(entry.name), found)


def scan_uploads(paths: Paths, name: RepositoryName) -> Iterator[UploadId | Damage]:
    """The upload sessions of a repository, live or abandoned."""
    for entry in _list_existing(paths.uploads(name)):
        if isinstance(entry, Damage):
            yield entry
        elif is_upload_id(entry.name):
            yield UploadId(entry.name)
        else:
            yield Damage(entry.path, "not a valid upload id", "stray")


def scan_blobs(paths: Paths) -> Iterator[BlobEntry | Damage]:
    """Every blob directory of the volume that holds bytes."""
    for algorithm in ALGORITHMS:
        for shard in _list_existing(f"{paths.blobs}/{algorithm}"):
            if isinstance(shard, Damage):
                yield shard
                continue
            if len(shard.name) != _SHARD_CHARACTERS:
                yield Damage(shard.path, "not a shard of blobs", "stray")
                continue
            for entry in _list_existing(shard.path):
                yield from _blob_at(entry, algorithm, shard.name)


def _blob_at(entry: "os.DirEntry[str] | Damage", algorithm: str, shard: str) -> Iterator[BlobEntry | Damage]:
    if isinstance(entry, Damage):
        yield entry
        return
    digest = find_digest(f"{algorithm}:{entry.name}")
    if digest is None or not entry.name.startswith(shard):
        yield Damage(entry.path, "not a blob's directory", "stray")
        return
    try:
        yield BlobEntry(digest, entry.path, os.stat(f"{entry.path}/data").st_size)
    except FileNotFoundError:
        return
    except OSError as error:
        yield Damage(entry.path, error.strerror or str(error))


def _scan_links(directory: str, only: Algorithm | None = None) -> Iterator[LinkEntry | Damage]:
    """Links below `<algorithm>/<hex>/`; directories that lost theirs are what a deletion leaves, and skipped."""
    for algorithm in _list_existing(directory):
        if only is not None and not isinstance(algorithm, Damage) and algorithm.name != only:
            continue
        if isinstance(algorithm, Damage):
            yield algorithm
            continue
        if not _is_directory(algorithm):
            yield Damage(algorithm.path, "not a directory of digests", "stray")
            continue
        for entry in _list_existing(algorithm.path):
            yield from _link_at(entry, algorithm.name)


def _link_at(entry: "os.DirEntry[str] | Damage", algorithm: str) -> Iterator[LinkEntry | Damage]:
    if isinstance(entry, Damage):
        yield entry
        return
    named = find_digest(f"{algorithm}:{entry.name}")
    path = f"{entry.path}/{LINK}"
    if named is None:
        yield Damage(entry.path, "not a digest's directory", _kind_of_unnamed(path))
        return
    found = _read(path)
    if isinstance(found, Damage):
        yield Damage(path, found.reason, found.kind, named)
    elif found is not None:
        yield LinkEntry(path, named, found)


def _is_directory(entry: "os.DirEntry[str]") -> bool:
    """Whether there is more to see below; where that cannot be told, whoever looks will find out why."""
    try:
        return entry.is_dir()
    except OSError:
        return True


def _read(path: str) -> Digest | Damage | None:
    try:
        found = read_link(path)
    except OSError as error:
        return Damage(path, error.strerror or str(error))
    return Damage(found.path, found.reason, "link") if isinstance(found, Damaged) else found


def _kind_of_unnamed(link: str) -> Literal["link", "stray"]:
    """What hides behind a name that says nothing to us: a link might be some other registry's way of keeping things."""
    return "link" if os.path.lexists(link) else "stray"


def _list_existing(directory: str) -> "Iterator[os.DirEntry[str] | Damage]":
    """The entries of a directory that may well be missing altogether; strays of interrupted writes left out."""
    if not os.path.lexists(directory):
        return
    entries = _list(directory)
    if isinstance(entries, Damage):
        yield entries
        return
    # A tag is a directory, and may be called x.tmp.
    yield from (each for each in entries if not each.name.endswith(TEMPORARY_SUFFIX) or _is_directory(each))


def _list(directory: str) -> "list[os.DirEntry[str]] | Damage":
    try:
        with os.scandir(directory) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        return Damage(directory, error.strerror or str(error))
