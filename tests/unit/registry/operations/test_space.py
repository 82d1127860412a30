"""Room for uploads: what may come in, and how much of it counts."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.registry.operations.conftest import APP, CALL, Opening, Port, chunk

from homeport.kernel.log import stderr_log
from homeport.kernel.storage.errors import StorageFailed
from homeport.registry.errors import BlobUploadUnknown, StorageFull
from homeport.registry.jobs import KeepIndex
from homeport.registry.model.digest import digest_of
from homeport.registry.model.names import RepositoryName
from homeport.registry.operations.blobs import blob_size, mount_blob
from homeport.registry.operations.uploads import Chunk, complete_upload, upload_status

MEBIBYTE = 1 << 20
QUOTA = 4 * MEBIBYTE


@pytest.fixture
def small(opening: Opening) -> Port:
    """A registry with a quota."""
    return opening(max_bytes=QUOTA)


async def test_an_upload_of_unknown_length_cannot_pass_the_quota(small: Port) -> None:
    """docker never says how long a layer is."""
    upload = await small.begin()

    with pytest.raises(StorageFull):
        await small.append(upload, b"x" * (QUOTA + 1))

    with pytest.raises(BlobUploadUnknown):
        upload_status(small.registry, CALL, APP, upload)


async def test_an_upload_of_unknown_length_is_stopped_on_its_way(small: Port) -> None:
    upload = await small.begin()
    asked = 0

    async def pour() -> AsyncIterator[bytes]:
        nonlocal asked
        for _ in range(100):
            asked += 1
            yield b"x" * MEBIBYTE

    with pytest.raises(StorageFull):
        await complete_upload(small.registry, CALL, APP, upload, digest_of(b""), Chunk(pour(), None))

    assert asked < 30


async def test_many_small_chunks_cannot_pass_the_quota(small: Port) -> None:
    upload = await small.begin()
    for _ in range(4):
        await small.append(upload, b"x" * MEBIBYTE, length=MEBIBYTE)

    with pytest.raises(StorageFull):
        await small.append(upload, b"x", length=1)

    assert upload_status(small.registry, CALL, APP, upload).size_bytes == QUOTA


async def test_a_blob_pushed_by_two_counts_once(opening: Opening) -> None:
    port = opening(durable=True)

    await asyncio.gather(*(port.push(b"x" * 1000, RepositoryName(name)) for name in "abcd"))

    assert port.registry.space.used_bytes == 1000


async def test_a_blob_pushed_before_the_first_count_counts_once(port: Port) -> None:
    port.registry.indexed.clear()
    await port.push(b"x" * 1000)
    job = KeepIndex(port.registry, stderr_log(clock=port.registry.clock, line_format="json", level="error"))

    await job.run_due(port.registry.clock.now())

    assert port.registry.space.used_bytes == 1000


async def test_old_bytes_that_are_pushed_or_mounted_are_young_again(port: Port) -> None:
    """What is uploaded a moment before its manifest must not look like garbage to a collection that runs meanwhile."""
    digest = await port.push(b"old")
    path = Path(port.registry.content.paths.blob(digest))

    for share in (
        port.push(b"old", RepositoryName("other")),
        mount_blob(port.registry, CALL, RepositoryName("third"), digest, APP),
    ):
        os.utime(path, (0, 0))
        await share
        assert path.stat().st_mtime > 0


@pytest.mark.parametrize("durable", [False, True])
async def test_a_put_that_failed_at_its_last_step_can_be_repeated(opening: Opening, *, durable: bool) -> None:
    port = opening(durable=durable)
    upload = await port.begin()
    layers = Path(port.registry.content.paths.layers(APP))
    layers.write_text("a file where a directory should be")
    with pytest.raises(StorageFailed):
        await complete_upload(port.registry, CALL, APP, upload, digest_of(b"data"), chunk(b"data"))
    layers.unlink()

    await complete_upload(port.registry, CALL, APP, upload, digest_of(b"data"), chunk(length=0))

    assert blob_size(port.registry, CALL, APP, digest_of(b"data")) == 4
