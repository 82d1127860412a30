"""Manifests and tags: read, put, deleted."""

from collections.abc import Sequence
from dataclasses import dataclass

from homeport.kernel.clock import Millis
from homeport.registry.errors import DigestInvalid, ManifestBlobUnknown, ManifestInvalid, ManifestUnknown, SeveralErrors
from homeport.registry.model.digest import Digest, algorithm, digest_of
from homeport.registry.model.manifest import ParsedManifest, parse_manifest, read_stored, sniff_media_type
from homeport.registry.model.names import Reference, RepositoryName, Tag, as_digest
from homeport.registry.operations.context import LARGE_MANIFEST_BYTES, Call, Registry, require
from homeport.registry.store.index import Change, ManifestEntry
from homeport.registry.store.scan import TagEntry, scan_tags

_MEDIA_TYPES_REMEMBERED = 4096
_FALLBACK_MEDIA_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest as it was put; `digest` is the one asked for, or the one that a tag means."""

    digest: Digest
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class PutManifest:
    """What came of a manifest that was put."""

    digest: Digest
    subject: Digest | None


def get_manifest(registry: Registry, call: Call, name: RepositoryName, reference: Reference) -> StoredManifest:
    """Read a manifest by tag or digest.

    Spec: OCI distribution, end-3. The bytes are exactly those that were put.

    Raises:
        ManifestUnknown: the repository has none.
    """
    require(registry, call, "pull", name)
    digest = as_digest(reference) or registry.content.tag(name, Tag(reference))
    target = None if digest is None else registry.content.revision(name, digest)
    data = None if target is None else registry.content.bytes_of(target)
    if digest is None or target is None or data is None:
        raise ManifestUnknown(name, reference)
    registry.pulls[name] = registry.clock.now()
    # Who has it pulls its layers next, or pushes an index of it without sending it again.
    registry.renew(target)
    return StoredManifest(digest, _media_type(target, data), data)


_media_types: dict[Digest, str] = {}


def _media_type(target: Digest, data: bytes) -> str:
    """What a manifest is served as; the same bytes are always the same type, so it is worked out once."""
    known = _media_types.get(target)
    if known is not None:
        return known
    try:
        found = sniff_media_type(data)
    except ManifestInvalid:
        return _FALLBACK_MEDIA_TYPE
    if len(_media_types) >= _MEDIA_TYPES_REMEMBERED:
        _media_types.clear()
    _media_types[target] = found
    return found


def child_for(registry: Registry, name: RepositoryName, index: StoredManifest, *, os: str, arch: str) -> Digest | None:
    """The manifest of an index for one platform, if the repository holds it."""
    for child in read_stored(index.data).manifests:
        platform = child.platform
        if platform is not None and (platform.os, platform.architecture) == (os, arch):
            return child.digest if registry.content.revision(name, child.digest) else None
    return None


async def put_manifest(  # what a client says of a manifest
    registry: Registry,
    call: Call,
    name: RepositoryName,
    reference: Reference,
    data: bytes,
    *,
    content_type: str,
    more_tags: Sequence[Tag] = (),
) -> PutManifest:
    """Store a manifest, and let its tag and `more_tags` mean it.

    Spec: OCI distribution, end-7a, and end-7b of its main branch. It is on disk when this returns.

    Raises:
        ManifestInvalid: it is none, or not what the content type says.
        DigestInvalid: the bytes hash to something else than the reference.
        ManifestBlobUnknown: the repository lacks something that it refers to.
        StorageFull: the disk or the quota is full.
    """
    require(registry, call, "push", name)
    large = len(data) >= LARGE_MANIFEST_BYTES

    def understand() -> ManifestEntry:
        return _understand(reference, data, content_type, registry.clock.now())

    entry = await registry.in_thread(understand) if large else understand()
    tags = [*more_tags] if as_digest(reference) is not None else [Tag(reference), *more_tags]
    registry.space.require(len(data))
    run = registry.in_thread if large else registry.on_disk
    async with registry.changing(name):
        change = await run(lambda: _store(registry, name, entry, data, tags))
        await registry.index.add_manifest(name, entry, tags, change=change)
    registry.pushes[name] = entry.pushed_at
    return PutManifest(entry.digest, entry.parsed.subject.digest if entry.parsed.subject else None)


def _understand(reference: Reference, data: bytes, content_type: str, now: Millis) -> ManifestEntry:
    parsed = parse_manifest(data, content_type)
    asked = as_digest(reference)
    target = digest_of(data)
    digest = target if asked is None else digest_of(data, algorithm(asked))
    if asked is not None and digest != asked:
        raise DigestInvalid(detail={"digest": asked})
    return ManifestEntry(digest, target, len(data), now, parsed)


def _store(registry: Registry, name: RepositoryName, entry: ManifestEntry, data: bytes, tags: Sequence[Tag]) -> Change:
    """Check what the manifest needs and write it, with nothing in between in which that could be deleted."""
    _check_references(registry, name, entry.parsed)
    content = registry.content
    before = content.stamp(name)
    content.write_blob(entry.target, data)
    content.link_revision(name, entry.digest, entry.target)
    for tag in tags:
        content.set_tag(name, tag, entry.target)
    return Change(before, content.stamp(name))


def _check_references(registry: Registry, name: RepositoryName, parsed: ParsedManifest) -> None:
    needed = [blob.digest for blob in parsed.blobs]
    if not registry.policy.sparse_indexes:
        # Build caches of older BuildKits are indexes of layers: for a child, too, a blob will do.
        needed += [child.digest for child in parsed.manifests]
    blob_size = registry.content.blob_size
    missing = [ManifestBlobUnknown(digest) for digest in dict.fromkeys(needed) if blob_size(name, digest) is None]
    if missing:
        raise SeveralErrors(missing)


async def delete_manifest(registry: Registry, call: Call, name: RepositoryName, reference: Reference) -> None:
    """Delete a tag, or a manifest with every tag that means it.

    Spec: OCI distribution, end-9.

    Raises:
        ManifestUnknown: the repository has none.
    """
    require(registry, call, "delete", name)
    await registry.until_indexed()
    digest = as_digest(reference)
    async with registry.changing(name):
        if digest is None:
            await _delete_tag(registry, name, Tag(reference))
        else:
            await _delete_revision(registry, name, digest)


async def _delete_tag(registry: Registry, name: RepositoryName, tag: Tag) -> None:
    before = registry.content.stamp(name)
    if not await registry.in_thread(lambda: registry.content.remove_tag(name, tag)):
        raise ManifestUnknown(name, tag)
    await registry.index.remove_tag(name, tag, change=Change(before, registry.content.stamp(name)))


async def _delete_revision(registry: Registry, name: RepositoryName, digest: Digest) -> None:
    target = registry.content.revision(name, digest)
    if target is None:
        raise ManifestUnknown(name, digest)
    content = registry.content

    def remove() -> Change:
        before = content.stamp(name)
        # Tags first: one that means nothing is worse than a manifest without one. The directories say which, not the
        # index: it need not have seen yet what somebody else has tagged.
        for entry in list(scan_tags(content.paths, name)):
            if isinstance(entry, TagEntry) and entry.target == target:
                content.remove_tag(name, entry.tag)
        content.unlink_revision(name, digest, target)
        return Change(before, content.stamp(name))

    change = await registry.in_thread(remove)
    await registry.index.remove_manifest(name, target, change=change)
