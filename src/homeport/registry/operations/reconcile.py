"""The index, brought back into step with the files: at the start, and where somebody else has written."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from homeport.kernel.clock import Millis
from homeport.registry.errors import ManifestInvalid
from homeport.registry.model.digest import Digest
from homeport.registry.model.manifest import read_stored
from homeport.registry.model.names import RepositoryName, Tag
from homeport.registry.operations.context import Registry
from homeport.registry.store.content import NOTHING_THERE, Content
from homeport.registry.store.index import ManifestEntry
from homeport.registry.store.scan import (
    Damage,
    LinkEntry,
    scan_layers,
    scan_repositories,
    scan_revisions,
    scan_tags,
)

OnDamage = Callable[[Damage], None]


@dataclass(slots=True)
class _Found:
    """A repository as its directories show it."""

    stamp: str
    manifests: dict[Digest, ManifestEntry] = field(default_factory=dict)
    tags: list[tuple[Tag, Digest, Millis]] = field(default_factory=list)
    blobs: dict[Digest, int] = field(default_factory=dict)
    damage: list[Damage] = field(default_factory=list)


async def reconcile_all(registry: Registry, on_damage: OnDamage) -> int:
    """Bring every repository into step that has changed since the index last saw it; returns how many had."""
    names = await registry.in_thread(lambda: list(scan_repositories(registry.content.paths)))
    known = await registry.index.stamps()
    changed = 0
    for name in names:
        if isinstance(name, Damage):
            on_damage(name)
            continue
        try:
            if known.pop(name, None) != registry.content.stamp(name):
                changed += await _rescan(registry, name, on_damage)
        except OSError as error:
            # The others must not wait for this one.
            on_damage(Damage(registry.content.paths.repository(name), error.strerror or str(error)))
    for gone in known:
        if not registry.content.has_repository(gone):
            await registry.index.forget_repository(gone)
            changed += 1
    return changed


async def count_bytes(registry: Registry) -> None:
    """Count what all blobs take; what is pushed meanwhile is added to it."""
    before = registry.space.used_bytes
    counted = await registry.in_thread(registry.space.count)
    registry.space.used_bytes += counted - before


async def reconcile_repository(registry: Registry, name: RepositoryName) -> None:
    """The same for one repository; costs three system calls when there is nothing to do."""
    known = await registry.index.stamp(name)
    # One that nobody has heard of leaves no trace in the index, however often it is asked for.
    if (known or NOTHING_THERE) != registry.content.stamp(name):
        await _rescan(registry, name, lambda _damage: None)


async def _rescan(registry: Registry, name: RepositoryName, on_damage: OnDamage) -> bool:
    """Read a repository again, unless somebody has done so meanwhile; whether that was necessary."""
    async with registry.lock(name):
        if await registry.index.stamp(name) == registry.content.stamp(name):
            return False
        found = await registry.in_thread(lambda: _look(registry.content, name))
        await registry.index.replace_repository(
            name, list(found.manifests.values()), found.tags, list(found.blobs.items()), stamp=found.stamp
        )
    for damage in found.damage:
        on_damage(damage)
    return True


def _look(content: Content, name: RepositoryName) -> _Found:
    # The stamp comes first: what is written while we look then differs from it, and is found the next time.
    found = _Found(content.stamp(name))
    for entry in scan_revisions(content.paths, name):
        if isinstance(entry, Damage):
            found.damage.append(entry)
        else:
            _add_manifest(content, found, entry)
    for tag in scan_tags(content.paths, name):
        if isinstance(tag, Damage):
            found.damage.append(tag)
        else:
            found.tags.append((tag.tag, tag.target, _modified(tag.path)))
    for layer in scan_layers(content.paths, name):
        if isinstance(layer, Damage):
            found.damage.append(layer)
        else:
            _add_blob(content, found, layer)
    return found


def _add_blob(content: Content, found: _Found, layer: LinkEntry) -> None:
    try:
        size_bytes = content.stored_size(layer.target)
    except OSError as error:
        found.damage.append(Damage(content.paths.blob(layer.target), error.strerror or str(error)))
        return
    if size_bytes is not None:
        found.blobs[layer.target] = size_bytes


def _add_manifest(content: Content, found: _Found, entry: LinkEntry) -> None:
    # A manifest that was pushed by its sha512 has a link of each kind: it is listed once, as its pusher named it.
    before = found.manifests.get(entry.target)
    if before is not None and before.digest != before.target:
        return
    try:
        data = content.read_bytes(entry.target)
        parsed = None if data is None else read_stored(data)
    except (ManifestInvalid, OSError) as error:
        reason = error.reason if isinstance(error, ManifestInvalid) else error.strerror
        found.damage.append(Damage(content.paths.blob(entry.target), reason or str(error)))
        return
    if data is None or parsed is None:
        found.damage.append(Damage(entry.path, f"its bytes ({entry.target}) are missing"))
        return
    found.manifests[entry.target] = ManifestEntry(entry.named, entry.target, len(data), _modified(entry.path), parsed)


def _modified(path: str) -> Millis:
    try:
        return Millis(os.stat(path).st_mtime_ns // 1_000_000)
    except OSError:
        return Millis(0)
