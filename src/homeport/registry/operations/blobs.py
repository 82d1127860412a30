"""Blobs: read, mounted from another repository, taken out of one."""

from homeport.registry.errors import BlobInUse, BlobUnknown
from homeport.registry.model.digest import Digest, is_canonical
from homeport.registry.model.names import RepositoryName
from homeport.registry.operations.context import Call, Registry, require
from homeport.registry.operations.reconcile import reconcile_repository
from homeport.registry.store.content import Blob


def open_blob(registry: Registry, call: Call, name: RepositoryName, digest: Digest) -> Blob:
    """Open a repository's blob for reading; the caller closes it.

    Spec: OCI distribution, end-2.

    Raises:
        BlobUnknown: the repository has none.
    """
    require(registry, call, "pull", name)
    blob = registry.content.open_blob(name, digest)
    if blob is None:
        raise BlobUnknown(digest)
    return blob


def blob_size(registry: Registry, call: Call, name: RepositoryName, digest: Digest) -> int:
    """Bytes of a repository's blob.

    Spec: OCI distribution, end-2 (HEAD). Only the repository's own link counts: whether another one holds the bytes is
    nobody's business who may not read there.

    Raises:
        BlobUnknown: the repository has none.
    """
    require(registry, call, "pull", name)
    target = registry.content.layer(name, digest)
    size_bytes = None if target is None else registry.content.stored_size(target)
    if target is None or size_bytes is None:
        raise BlobUnknown(digest)
    if registry.rules.allow(call.principal, "push", name):
        # Whoever may push asks because of a manifest that is to come, and will not upload what is there.
        registry.renew(target)
    return size_bytes


async def mount_blob(
    registry: Registry, call: Call, name: RepositoryName, digest: Digest, source: RepositoryName | None
) -> bool:
    """Give a repository a share in a blob of another one. Whether that was possible; if not, the client uploads.

    Spec: OCI distribution, end-11. Without a source, any repository that the caller may pull from will do.
    """
    require(registry, call, "push", name)
    async with registry.changing(name):
        target = registry.content.layer(name, digest) or await _find_readable(registry, call, digest, source)
        size_bytes = None if target is None else registry.content.stored_size(target)
        if target is None or size_bytes is None:
            return False
        found = target
        await registry.on_disk(lambda: registry.content.link_layer(name, digest, found))
        await registry.index.add_blob(name, found, size_bytes)
    return True


async def _find_readable(
    registry: Registry, call: Call, digest: Digest, source: RepositoryName | None
) -> Digest | None:
    if source is not None:
        may_read = registry.rules.allow(call.principal, "pull", source)
        return registry.content.layer(source, digest) if may_read else None
    if not is_canonical(digest):
        return None
    for holder in await registry.index.holders_of(digest):
        if registry.rules.allow(call.principal, "pull", holder) and registry.content.layer(holder, digest) == digest:
            return digest
    return None


async def delete_blob(registry: Registry, call: Call, name: RepositoryName, digest: Digest) -> None:
    """Take a blob from a repository; its bytes stay until garbage collection.

    Spec: OCI distribution, end-10.

    Raises:
        BlobUnknown: the repository has none.
        BlobInUse: a manifest of the repository needs it.
    """
    require(registry, call, "delete", name)
    await registry.until_indexed()
    # Who uses it is read from the index, which has to know of other writers' manifests.
    await reconcile_repository(registry, name)
    async with registry.changing(name):
        target = registry.content.layer(name, digest)
        if target is None or registry.content.revision(name, digest) is not None:
            raise BlobUnknown(digest)
        for known_as in {digest, target}:
            if await registry.index.users_of(name, known_as):
                raise BlobInUse(digest)
        await registry.on_disk(lambda: registry.content.unlink_layer(name, digest, target))
        await registry.index.remove_blob(name, target)
