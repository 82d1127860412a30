"""Which sha512 digests stand for which stored bytes.

A manifest may name a layer by sha512 while its bytes lie under their sha256. distribution's own collection compares
the two as text and deletes such layers; here every digest is resolved to where the bytes lie before it is compared.
"""

from collections.abc import Iterable

from homeport.registry.collect.errors import damaged
from homeport.registry.model.digest import Digest, is_canonical, to_key
from homeport.registry.model.names import RepositoryName
from homeport.registry.store.paths import Paths
from homeport.registry.store.scan import Damage, LinkEntry, scan_layers, scan_revisions


class Aliases:
    """sha512 to sha256, gathered from the links of every repository: the same digest means the same bytes in all.

    Attributes:
        unresolved: keys that are needed and that no link explains; the bytes may lie there nevertheless.
    """

    def __init__(self) -> None:
        self._targets: dict[bytes, set[bytes]] = {}
        self.unresolved: set[bytes] = set()

    def add(self, named: Digest, target: Digest) -> None:
        """Learn what one link says."""
        if not is_canonical(named):
            self._targets.setdefault(to_key(named), set()).add(to_key(target))

    def find(self, digest: Digest) -> Iterable[bytes]:
        """The keys under which the bytes of a digest may lie; its own one is always among them."""
        key = to_key(digest)
        return (key, *self._targets.get(key, ()))

    def resolve(self, digest: Digest) -> Iterable[bytes]:
        """The same for bytes that are needed, so that those which no link explains are looked for."""
        if not is_canonical(digest) and (key := to_key(digest)) not in self._targets:
            self.unresolved.add(key)
        return self.find(digest)

    def count_renamed(self, keys: set[bytes]) -> int:
        """How many of these are second names of bytes that lie under another one."""
        return len(keys & self._targets.keys())

    def explain(self, key: bytes, target: bytes) -> None:
        """Learn from the bytes themselves what no link says any more."""
        self._targets.setdefault(key, set()).add(target)
        self.unresolved.discard(key)


def gather_aliases(paths: Paths, repositories: Iterable[RepositoryName]) -> Aliases:
    """Read every link that renames a digest.

    Raises:
        MarkFailed: a directory cannot be read.
    """
    aliases = Aliases()
    for name in repositories:
        for scanned in (scan_layers(paths, name, "sha512"), scan_revisions(paths, name, "sha512")):
            for entry in _renaming(scanned):
                aliases.add(entry.named, entry.target)
    return aliases


def _renaming(entries: Iterable[LinkEntry | Damage]) -> Iterable[LinkEntry]:
    for entry in entries:
        if isinstance(entry, LinkEntry):
            yield entry
        elif entry.kind == "unreadable":
            raise damaged(entry)
