"""What one repository holds, as far as it decides over life and death: its manifests and what its tags mean."""

from collections.abc import Callable
from dataclasses import dataclass, field

from homeport.registry.collect.errors import MarkFailed, damaged
from homeport.registry.model.digest import Digest, is_canonical, to_key
from homeport.registry.model.names import RepositoryName, Tag
from homeport.registry.store.paths import Paths
from homeport.registry.store.scan import Damage, LinkEntry, scan_repositories, scan_revisions, scan_tags

Warn = Callable[[str], None]


@dataclass(slots=True)
class Inventory:
    """One repository.

    Attributes:
        revisions: keys of its manifests' bytes, each with the digests that links call them by.
        tagged: keys of the bytes that its tags mean.
        followed: keys of the manifests whose references have been marked.
    """

    name: RepositoryName
    revisions: dict[bytes, list[Digest]] = field(default_factory=dict)
    tags: list[Tag] = field(default_factory=list)
    tagged: set[bytes] = field(default_factory=set)
    followed: set[bytes] = field(default_factory=set)


def find_repositories(paths: Paths, warn: Warn) -> list[RepositoryName]:
    """Every repository of the volume.

    Raises:
        MarkFailed: a directory cannot be read, or holds manifests under a name that no repository can have.
    """
    found: list[RepositoryName] = []
    for item in scan_repositories(paths):
        if not isinstance(item, Damage):
            found.append(item)
        elif item.kind == "stray":
            warn(f"{item.path}: {item.reason}")
        else:
            raise damaged(item)
    return found


def take_inventory(paths: Paths, name: RepositoryName, *, untagged_die: bool, warn: Warn) -> Inventory:
    """Read a repository's links.

    Args:
        paths: of the volume.
        name: of the repository.
        untagged_die: whether tags decide what lives; a tag that cannot be read matters only then.
        warn: told what is odd and does no harm.

    Raises:
        MarkFailed: something that matters cannot be read.
    """
    inventory = Inventory(name)
    for entry in scan_revisions(paths, name):
        _add_revision(inventory, entry if isinstance(entry, LinkEntry) else _salvage(entry, warn))
    for tag in scan_tags(paths, name):
        if isinstance(tag, Damage):
            _judge_tag(tag, untagged_die=untagged_die, warn=warn)
        else:
            inventory.tags.append(tag.tag)
            inventory.tagged.add(to_key(tag.target))
    return inventory


def _add_revision(inventory: Inventory, entry: LinkEntry | None) -> None:
    if entry is None:
        return
    if is_canonical(entry.named) and entry.named != entry.target:
        raise MarkFailed(entry.path, f"holds {entry.target}, which is not what it is named for")
    inventory.revisions.setdefault(to_key(entry.target), []).append(entry.named)


def _salvage(damage: Damage, warn: Warn) -> LinkEntry | None:
    """A damaged link of sha256 can only have said what its path says; crashes of registry:2.8 leave empty ones."""
    if damage.kind == "link" and damage.named is not None and is_canonical(damage.named):
        warn(f"{damage.path}: {damage.reason}; taken for {damage.named}, as its path says")
        return LinkEntry(damage.path, damage.named, damage.named)
    if damage.kind == "stray":
        warn(f"{damage.path}: {damage.reason}")
        return None
    raise damaged(damage)


def _judge_tag(damage: Damage, *, untagged_die: bool, warn: Warn) -> None:
    if damage.kind == "unreadable" or (damage.kind == "link" and untagged_die):
        raise damaged(damage)
    warn(f"{damage.path}: {damage.reason}")
