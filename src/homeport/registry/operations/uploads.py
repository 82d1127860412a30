"""Uploads: a blob's way in, at once or in chunks."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from homeport.kernel.storage.errors import StorageError
from homeport.registry.errors import DigestInvalid, RangeInvalid, SizeInvalid, StorageFull
from homeport.registry.model.digest import Algorithm, Digest, algorithm
from homeport.registry.model.names import RepositoryName, UploadId
from homeport.registry.model.ranges import ByteRange
from homeport.registry.operations.context import Call, Registry, require
from homeport.registry.store.uploads import Upload

_CHECK_SPACE_BYTES = 16 * 1024 * 1024
"""So many bytes may come before somebody looks again whether there is room for more."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of an upload, and what the client says of them."""

    pieces: AsyncIterator[bytes]
    length: int | None
    """How many there will be; None when the client does not know."""
    place: ByteRange | None = None
    """Where they belong; None for behind what is there."""


def start_upload(
    registry: Registry, call: Call, name: RepositoryName, *, named_by: Algorithm, expected_bytes: int
) -> Upload:
    """Open an upload session.

    Spec: OCI distribution, end-4a, and `digest-algorithm` of its main branch.

    Raises:
        StorageFull: there is no room for what the client has announced.
    """
    require(registry, call, "push", name)
    registry.space.require(expected_bytes)
    return registry.uploads.create(name, named_by)


def upload_status(registry: Registry, call: Call, name: RepositoryName, upload_id: UploadId) -> Upload:
    """How far an upload has come.

    Spec: OCI distribution, end-13.

    Raises:
        BlobUploadUnknown: there is no such session.
    """
    require(registry, call, "push", name)
    return registry.uploads.find(name, upload_id)


async def append_chunk(
    registry: Registry, call: Call, name: RepositoryName, upload_id: UploadId, chunk: Chunk
) -> Upload:
    """Take the next bytes of an upload. What arrived before a connection broke counts.

    Spec: OCI distribution, end-5.

    Raises:
        BlobUploadUnknown: there is no such session.
        UploadBusy: another request is writing to it.
        RangeInvalid: the bytes do not continue what is there; nothing was taken.
        SizeInvalid: more or fewer bytes than their range says; the session ends.
        StorageFull: there is no room for them; the session ends if some had come already.
    """
    upload = upload_status(registry, call, name, upload_id)
    with registry.uploads.hold(upload):
        await _receive(registry, upload, chunk, "sha256")
    return upload


async def complete_upload(
    registry: Registry, call: Call, name: RepositoryName, upload_id: UploadId, digest: Digest, chunk: Chunk
) -> None:
    """Take the last bytes of an upload, if any, and make it a blob of its repository.

    Spec: OCI distribution, end-6. The blob is on disk when this returns.

    Raises:
        BlobUploadUnknown: there is no such session.
        UploadBusy: another request is writing to it.
        RangeInvalid: the bytes do not continue what is there; the session stays.
        DigestInvalid: all bytes together hash to something else; the session ends.
        StorageFull: as for a chunk.
    """
    upload = upload_status(registry, call, name, upload_id)
    with registry.uploads.hold(upload):
        await _receive(registry, upload, chunk, algorithm(digest))
        if await registry.uploads.digest(upload, algorithm(digest)) != digest:
            registry.uploads.remove(upload)
            raise DigestInvalid(detail={"digest": digest})
        await _settle(registry, upload, digest)


def cancel_upload(registry: Registry, call: Call, name: RepositoryName, upload_id: UploadId) -> None:
    """End an upload and free its bytes.

    Spec: OCI distribution, end-14. Whoever may push may also stop pushing.

    Raises:
        BlobUploadUnknown: there is no such session.
        UploadBusy: a request is writing to it.
    """
    upload = upload_status(registry, call, name, upload_id)
    with registry.uploads.hold(upload):
        registry.uploads.remove(upload)


async def _receive(registry: Registry, upload: Upload, chunk: Chunk, named_by: Algorithm) -> None:
    _check_place(upload, chunk)
    registry.space.require(chunk.length or 0, received_bytes=upload.size_bytes)
    if chunk.length == 0:
        return
    first = upload.size_bytes
    try:
        await _write(registry, upload, chunk.pieces, named_by)
        registry.space.require(0, received_bytes=upload.size_bytes)
    except (StorageError, StorageFull):
        # What is there can never be finished on a full disk, and would keep it full.
        registry.uploads.remove(upload)
        raise
    if chunk.place is not None and upload.size_bytes - first != chunk.place.length:
        registry.uploads.remove(upload)
        raise SizeInvalid


def _check_place(upload: Upload, chunk: Chunk) -> None:
    place = chunk.place
    if place is None:
        return
    if place.first != upload.size_bytes or (chunk.length is not None and place.length != chunk.length):
        raise RangeInvalid(detail={"offset": upload.size_bytes})


async def _write(registry: Registry, upload: Upload, pieces: AsyncIterator[bytes], named_by: Algorithm) -> None:
    receiving = await registry.uploads.receive_into(upload, named_by)
    checked = receiving.size_bytes
    try:
        try:
            async for piece in pieces:
                await receiving.append(piece)
                if receiving.size_bytes - checked >= _CHECK_SPACE_BYTES:
                    checked = receiving.size_bytes
                    registry.space.require(0, received_bytes=checked)
        finally:
            # Also when the client has gone: what it sent is there when it comes back.
            await receiving.flush()
    finally:
        upload.size_bytes = receiving.size_bytes
        await receiving.close(durable=False)


async def _settle(registry: Registry, upload: Upload, digest: Digest) -> None:
    target = await registry.uploads.digest(upload, "sha256")
    name, content = upload.name, registry.content
    await registry.uploads.sync(upload)

    def settle() -> bool:
        if upload.size_bytes == 0:
            is_new = content.ensure_empty_blob()
        else:
            is_new = content.settle_blob(registry.uploads.data_path(upload), target, size_bytes=upload.size_bytes)
        content.link_layer(name, digest, target)
        return is_new

    async with registry.changing(name):
        # Whoever finds the bytes there already must find them synced as well.
        async with registry.lock(target):
            is_new = await registry.on_disk(settle)
        registry.space.used_bytes += upload.size_bytes if is_new else 0
        await registry.index.add_blob(name, target, upload.size_bytes)
    registry.uploads.remove(upload)
