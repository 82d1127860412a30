"""A disk without room: a clean refusal, a server that goes on reading, and normal work once there is room again."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash.ledger import check_volume, make_manifest
from tests.images import build_image, digest_of, noise
from tests.servers import HomeportProcess
from tests.tools import require
from tests.wire import OCTETS_ARGUMENT, Client, Response, with_query

MEBIBYTE = 1 << 20
DISK_BYTES = 32 * MEBIBYTE
BIG = b"".join(noise(f"big {number}", MEBIBYTE) for number in range(40))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = [require("mount"), "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"mounting is impossible here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def server(small_disk: Path) -> Iterator[HomeportProcess]:
    """A Homeport that keeps everything on the small disk, and uses it to the last byte."""
    running = HomeportProcess.on(small_disk / "data", settings={"registry.min_free": "0"})
    running.log = small_disk.parent / "homeport.log"
    running.start()
    yield running
    running.stop()


@pytest.fixture
def image(server: HomeportProcess) -> bytes:
    """A manifest that was pushed while there was room."""
    image = build_image()
    server.client().push_image("full/image", image, "v1")
    return image.manifest


def fill(disk: Path, *, leave: int) -> Path:
    """A file that takes all room but `leave` bytes."""
    filler = disk / "filler"
    free = os.statvfs(disk)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - leave)
    return filler


def check_refusal(response: Response) -> None:
    """No room is the server's trouble, said in the specification's JSON."""
    assert response.status in {503, 507}, response
    assert response.problem().message


def check_reading(client: Client, manifest: bytes) -> None:
    """What was there before is still served."""
    assert client.get_manifest("full/image", "v1").body == manifest
    assert client.get("/v2/full/image/tags/list").strings("tags") == ["v1"]


def test_a_blob_larger_than_the_disk_is_refused(server: HomeportProcess, image: bytes) -> None:
    client = server.client()
    location = client.start_upload("full/image")

    check_refusal(client.put(with_query(location, digest=digest_of(BIG)), BIG, **OCTETS_ARGUMENT))

    check_reading(client, image)
    assert client.head(f"/v2/full/image/blobs/{digest_of(BIG)}").status == 404


def test_a_blob_of_unknown_length_that_fills_the_disk_is_refused(server: HomeportProcess, image: bytes) -> None:
    client = server.client()
    location = client.start_upload("full/image")
    pieces = (BIG[at : at + MEBIBYTE] for at in range(0, len(BIG), MEBIBYTE))

    check_refusal(client.patch(location, pieces))

    check_reading(client, image)
    check_volume(server.registry_root)


def test_when_there_is_room_again_everything_works_again(
    server: HomeportProcess, image: bytes, small_disk: Path
) -> None:
    client = server.client()
    data = noise("small", 2 * MEBIBYTE)
    filler = fill(small_disk, leave=MEBIBYTE)
    location = client.start_upload("full/image")
    check_refusal(client.put(with_query(location, digest=digest_of(data)), data, **OCTETS_ARGUMENT))
    check_reading(client, image)

    filler.unlink()

    assert client.push_blob("full/image", data) == digest_of(data)
    assert client.get(f"/v2/full/image/blobs/{digest_of(data)}").body == data


def test_without_a_byte_left_reading_goes_on_and_writing_is_refused(
    server: HomeportProcess, image: bytes, small_disk: Path
) -> None:
    client = server.client()
    client.push_blob("full/image", b"{}")
    filler = fill(small_disk, leave=0)
    manifests = [make_manifest(f"no room {number}") for number in range(5)]

    for number, manifest in enumerate(manifests):
        response = client.put_manifest("full/image", f"full{number}", manifest)
        if response.status != 201:
            check_refusal(response)
    opened = client.post("/v2/full/image/blobs/uploads/")
    if opened.status != 202:
        check_refusal(opened)
    assert client.get_manifest("full/image", "v1").body == image

    filler.unlink()
    for number, manifest in enumerate(manifests):
        assert client.put_manifest("full/image", f"full{number}", manifest).status == 201
        assert client.get_manifest("full/image", f"full{number}").body == manifest
    check_volume(server.registry_root)


def test_a_server_on_a_full_disk_stops_in_peace(server: HomeportProcess, image: bytes, small_disk: Path) -> None:
    fill(small_disk, leave=0)
    assert server.client().get_manifest("full/image", "v1").body == image

    assert server.stop() == 0, server.log_tail()


def test_a_server_that_was_killed_on_a_full_disk_starts_again(
    server: HomeportProcess, image: bytes, small_disk: Path
) -> None:
    client = server.client()
    filler = fill(small_disk, leave=MEBIBYTE)
    client.patch(client.start_upload("full/image"), BIG[: 2 * MEBIBYTE])
    server.kill()
    filler.unlink()

    client = server.restart().client()

    check_reading(client, image)
    assert client.push_blob("full/image", b"room again")


def test_below_the_watermark_uploads_are_refused_before_their_body(tmp_path: Path) -> None:
    """`registry.min_free`: a disk is never filled to its last byte by uploads."""
    server = HomeportProcess.on(tmp_path / "data", settings={"registry.min_free": "100TiB"}).start()
    try:
        client = server.client()
        check_refusal(client.post("/v2/full/image/blobs/uploads/"))
        assert client.get("/v2/_catalog").strings("repositories") == []
    finally:
        server.stop()
