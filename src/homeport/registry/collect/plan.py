"""What a collection would delete, worked out in full before anything is deleted."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from homeport.registry.collect.aliases import Aliases, gather_aliases
from homeport.registry.collect.errors import MarkFailed, damaged
from homeport.registry.collect.inventory import Warn, find_repositories, take_inventory
from homeport.registry.collect.mark import Candidate, Emit, Marker
from homeport.registry.model.digest import Digest, from_key, to_key
from homeport.registry.model.names import RepositoryName, Tag
from homeport.registry.store.paths import Paths
from homeport.registry.store.scan import BlobEntry, Damage, scan_blobs, scan_layers

_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class DoomedManifest:
    """A manifest to be taken from a repository: every link to it, and its place in the history of every tag."""

    repository: RepositoryName
    digest: Digest
    named: tuple[Digest, ...]
    tags: tuple[Tag, ...]

    def __str__(self) -> str:
        return f"{{{self.repository} {self.digest} [{' '.join(self.tags)}]}}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What lives and what dies.

    Attributes:
        marked: how many blobs and manifests are needed.
        blobs: keys of the bytes to delete, in the order of their digests.
        layers: links to those bytes, by repository.
        freed_bytes: sum of the sizes of `blobs`.
        young_bytes: sum of what nothing needs but that is too young to be deleted.
    """

    marked: int
    manifests: tuple[DoomedManifest, ...]
    blobs: tuple[bytes, ...]
    layers: tuple[tuple[RepositoryName, tuple[Digest, ...]], ...]
    freed_bytes: int
    young_bytes: int = 0


def make_plan(paths: Paths, *, untagged_before: float | None, emit: Emit, warn: Warn) -> Plan:
    """Mark, and list what is not marked; the volume is only read.

    Args:
        paths: of the volume.
        untagged_before: manifests that no tag means are to go if they were last pushed and read before this, in seconds
            since 1970; None keeps them all.
        emit: gets the lines that registry:2 prints.
        warn: gets what is odd and does no harm.

    Raises:
        MarkFailed: something that decides what is reachable cannot be read.
    """
    repositories = find_repositories(paths, warn)
    aliases = gather_aliases(paths, repositories)
    marker = Marker(paths, aliases, emit)
    for name in repositories:
        inventory = take_inventory(paths, name, untagged_die=untagged_before is not None, warn=warn)
        marker.mark_repository(inventory, untagged_before)
    marker.settle()
    _explain_unresolved(paths, aliases, marker, warn)
    manifests = tuple(map(_doom, marker.candidates))
    blobs = [(to_key(entry.digest), entry.size) for entry in _unmarked(paths, marker, warn)]
    return Plan(
        marked=len(marker.marked) - aliases.count_renamed(marker.marked),
        manifests=manifests,
        blobs=tuple(key for key, _ in blobs),
        layers=tuple(_doomed_layers(paths, repositories, marker, warn)),
        freed_bytes=sum(size for _, size in blobs),
    )


def _doom(candidate: Candidate) -> DoomedManifest:
    inventory = candidate.inventory
    named = tuple(inventory.revisions[candidate.key])
    return DoomedManifest(inventory.name, from_key(candidate.key), named, tuple(inventory.tags))


def _unmarked(paths: Paths, marker: Marker, warn: Callable[[str], None]) -> Iterator[BlobEntry]:
    for entry in scan_blobs(paths):
        if isinstance(entry, BlobEntry):
            if to_key(entry.digest) not in marker.marked:
                yield entry
        elif entry.kind == "unreadable":
            raise damaged(entry)
        else:
            warn(f"{entry.path}: {entry.reason}")


def _explain_unresolved(paths: Paths, aliases: Aliases, marker: Marker, warn: Warn) -> None:
    """Look for bytes that are needed under a sha512 digest whose link is lost, among those about to be deleted."""
    unresolved = len(aliases.unresolved) + 1
    while aliases.unresolved and len(aliases.unresolved) != unresolved:
        unresolved = len(aliases.unresolved)
        for entry in _unmarked(paths, marker, warn):
            key = _sha512_of(paths.blob(entry.digest))
            if key in aliases.unresolved:
                aliases.explain(key, to_key(entry.digest))
                marker.mark_found(to_key(entry.digest))
        marker.settle()


def _sha512_of(path: str) -> bytes:
    hasher = hashlib.sha512()
    try:
        with Path(path).open("rb", buffering=0) as file:
            while piece := file.read(_READ_BYTES):
                hasher.update(piece)
    except OSError as error:
        raise MarkFailed(path, error.strerror or str(error)) from error
    return hasher.digest()


def _doomed_layers(
    paths: Paths, repositories: list[RepositoryName], marker: Marker, warn: Warn
) -> Iterator[tuple[RepositoryName, tuple[Digest, ...]]]:
    """Links to bytes that nothing needs; a damaged link is left where it is."""
    for name in repositories:
        doomed: list[Digest] = []
        for entry in scan_layers(paths, name):
            if isinstance(entry, Damage):
                if entry.kind == "unreadable":
                    raise damaged(entry)
                warn(f"{entry.path}: {entry.reason}")
            elif to_key(entry.target) not in marker.marked:
                doomed.append(entry.named)
        if doomed:
            yield name, tuple(doomed)
