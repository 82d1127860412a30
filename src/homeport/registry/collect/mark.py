"""The mark phase: from what is pulled by tag or digest to every byte that it needs.

Roots are all manifests of a repository, or, when old untagged ones are to go, those that a tag means and those that
are not old. A root needs its config and layers, an index also its children and what those need, at any depth. Whoever
is attached to a living manifest by `subject` lives as well. Digests are compared by where their bytes lie, never as
text.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from homeport.registry.collect.aliases import Aliases
from homeport.registry.collect.errors import MarkFailed
from homeport.registry.collect.inventory import Inventory
from homeport.registry.collect.manifests import read_linked, read_possible
from homeport.registry.model.digest import Digest, from_key
from homeport.registry.model.manifest import ParsedManifest
from homeport.registry.model.names import RepositoryName
from homeport.registry.store.paths import Paths

Emit = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A manifest that no tag means; it dies unless something living needs it or is its subject."""

    inventory: Inventory
    key: bytes
    subject: Digest | None


class Marker:
    """Marks what lives, and says so line by line.

    Attributes:
        marked: keys of all bytes that are needed, also of those that do not lie here (foreign layers).
        candidates: untagged manifests whose fate is open until `settle`.
    """

    def __init__(self, paths: Paths, aliases: Aliases, emit: Emit) -> None:
        self._paths = paths
        self._aliases = aliases
        self._emit = emit
        self.marked: set[bytes] = set()
        self.candidates: list[Candidate] = []
        # Stands in for the repository of bytes that no link leads to.
        self._nowhere = Inventory(RepositoryName("(no repository)"))

    def mark_repository(self, inventory: Inventory, untagged_before: float | None) -> None:
        """Mark from a repository's roots; `untagged_before` as in `make_plan`.

        Raises:
            MarkFailed: a manifest of the repository cannot be read.
        """
        self._emit(inventory.name)
        for key, named in inventory.revisions.items():
            if key not in inventory.tagged and self._is_old(inventory.name, key, named, untagged_before):
                subject = read_linked(self._paths, key).subject
                self.candidates.append(Candidate(inventory, key, subject.digest if subject else None))
            else:
                self._mark_manifest(inventory, key)
        for key in inventory.tagged - inventory.revisions.keys():
            self._mark_manifest(inventory, key)

    def _is_old(self, name: RepositoryName, key: bytes, named: Sequence[Digest], before: float | None) -> bool:
        """Whether a manifest was last pushed and read before a time: pushes write links, reads renew the bytes."""
        if before is None or before == math.inf:
            return before is not None
        files = [self._paths.blob(from_key(key)), *(self._paths.revision_link(name, digest) for digest in named)]
        return all(_written(file) < before for file in files)

    def settle(self) -> None:
        """Spare every candidate that turned out to be needed, with all that it needs, until nothing changes.

        Raises:
            MarkFailed: a manifest cannot be read.
        """
        changed = True
        while changed:
            spared: list[Candidate] = []
            doomed: list[Candidate] = []
            for candidate in self.candidates:
                (spared if self._lives(candidate) else doomed).append(candidate)
            self.candidates = doomed
            for candidate in spared:
                if candidate.key not in candidate.inventory.followed:
                    self._mark_manifest(candidate.inventory, candidate.key)
            changed = bool(spared)

    def mark_found(self, key: bytes) -> None:
        """Mark bytes that turned out to be what a sha512 digest meant, and what they need if they are a manifest.

        Raises:
            MarkFailed: the disk does not give the bytes.
        """
        self.marked.add(key)
        found = read_possible(self._paths, key)
        if found is not None:
            self._follow(self._nowhere, key, found)

    def _lives(self, candidate: Candidate) -> bool:
        if candidate.key in self.marked:
            return True
        if candidate.subject is None:
            return False
        revisions = candidate.inventory.revisions
        return any(key in self.marked and key in revisions for key in self._aliases.find(candidate.subject))

    def _mark_manifest(self, inventory: Inventory, key: bytes) -> None:
        self._emit(f"{inventory.name}: marking manifest {from_key(key)} ")
        self.marked.add(key)
        if key in inventory.followed:
            return
        parsed = read_linked(self._paths, key) if key in inventory.revisions else read_possible(self._paths, key)
        if parsed is not None:
            self._follow(inventory, key, parsed)

    def _follow(self, inventory: Inventory, key: bytes, manifest: ParsedManifest) -> None:
        """Mark all that a manifest needs, without recursion: indexes may nest as deep as somebody likes."""
        pending = [(key, manifest)]
        while pending:
            current_key, current = pending.pop()
            if current_key in inventory.followed:
                continue
            inventory.followed.add(current_key)
            claimed = {child.digest for child in current.manifests if child.is_manifest}
            for digest in current.references:
                keys = self._mark_reference(inventory, digest)
                pending += self._read_below(inventory, keys, claimed=digest in claimed)

    def _mark_reference(self, inventory: Inventory, digest: Digest) -> Iterable[bytes]:
        keys = self._aliases.resolve(digest)
        if not self.marked.issuperset(keys):
            self.marked.update(keys)
            self._emit(f"{inventory.name}: marking blob {digest}")
        return keys

    def _read_below(
        self, inventory: Inventory, keys: Iterable[bytes], *, claimed: bool
    ) -> Iterator[tuple[bytes, ParsedManifest]]:
        """The manifests behind a reference, if there are any; what a link says to be one must be readable."""
        for key in keys:
            if key in inventory.followed:
                continue
            if key in inventory.revisions:
                yield key, read_linked(self._paths, key)
            elif claimed and (found := read_possible(self._paths, key)) is not None:
                yield key, found


def _written(file: str) -> float:
    try:
        return Path(file).stat().st_mtime
    except OSError as error:
        raise MarkFailed(file, error.strerror or str(error)) from error
