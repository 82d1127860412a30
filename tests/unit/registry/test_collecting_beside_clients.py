"""Garbage is collected while clients push and pull: neither waits for the other longer than a moment."""

import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.images import OCI_INDEX, build_image, build_index, digest_of, noise
from tests.servers import HomeportProcess
from tests.unit.registry.collecting import DAY, age, age_links, collect
from tests.wire import read_responses, with_query

from homeport.kernel.storage.keeping import BeingArchived, kept, unarchived

SOON_SECONDS = 5.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomeportProcess]:
    """A Homeport of these tests' own."""
    running = HomeportProcess.on(tmp_path_factory.mktemp("beside") / "data").start()
    yield running
    assert running.stop() == 0, running.log_tail()


@pytest.mark.parametrize("way", ["PUT", "POST", "manifest"])
def test_a_slow_push_holds_up_neither_a_collection_nor_other_pushes(server: HomeportProcess, way: str) -> None:
    """containerd sends a layer as the body of its last PUT: gigabytes over a home's wifi take minutes."""
    client = server.client()
    image = build_image([{"slow": noise(f"slow {way}", 2000)}])
    for blob in image.blobs:
        client.push_blob("gc/slow", blob)
    content = image.manifest if way == "manifest" else noise(f"a slow {way}", 100_000)
    name = f"gc/slow-{way.lower()}"
    method, target = {
        "PUT": ("PUT", with_query(client.start_upload(name), digest=digest_of(content))),
        "POST": ("POST", f"/v2/{name}/blobs/uploads/?digest={digest_of(content)}"),
        "manifest": ("PUT", "/v2/gc/slow/manifests/v1"),
    }[way]

    with client.socket() as slow:
        head = client.head_of(method, target, f"Content-Length: {len(content)}", f"Content-Type: {image.media_type}")
        slow.sendall(head + content[:50])
        time.sleep(0.2)
        began = time.monotonic()
        collect(server)
        other = client.push_blob("gc/quick", noise("quick", 1000))
        took = time.monotonic() - began
        slow.sendall(content[50:])
        answer = read_responses(slow)[0]

    assert took < SOON_SECONDS
    assert answer.status == 201
    assert client.head(f"/v2/gc/quick/blobs/{other}").status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_manifest_that_a_client_was_just_told_of_stays(server: HomeportProcess, method: str) -> None:
    """Who pulls goes on with its layers; who pushes an index sends no child that is there, and then names it."""
    client = server.client()
    image = build_image([{"told": noise(f"told by {method}", 2000)}])
    client.push_image("gc/told", image, image.digest)
    age_links(server, "gc/told", 30)

    assert client.request(method, f"/v2/gc/told/manifests/{image.digest}").status == 200
    done = collect(server, f"?untagged={7 * DAY}")

    assert done["manifests"] == []
    assert client.put_manifest("gc/told", method, build_index([image.entry()]), OCI_INDEX).status == 201
    assert all(client.get(f"/v2/gc/told/blobs/{digest_of(blob)}").body == blob for blob in image.blobs)


def test_a_backup_and_a_collection_keep_each_other_out(server: HomeportProcess) -> None:
    client = server.client()
    file = age(server, client.push_blob("gc/backup", noise("archived", 1000)))

    with kept(server.registry_root):
        with pytest.raises(urllib.error.HTTPError) as refused:
            collect(server)
        there_meanwhile = file.exists()
    collect(server)

    assert b"a backup is being written" in refused.value.read()
    assert there_meanwhile
    assert not file.exists()


def test_a_backup_is_written_where_nothing_can_be_locked(tmp_path: Path) -> None:
    with kept(tmp_path / "nowhere"):
        assert not (tmp_path / "nowhere").exists()


def test_a_repository_of_which_nothing_is_left_leaves_the_catalog_at_once(server: HomeportProcess) -> None:
    client = server.client()
    image = build_image([{"last": noise("the last one", 1000)}])
    client.push_image("gc/emptied", image, image.digest)
    age_links(server, "gc/emptied", 8)

    before = client.get("/v2/_catalog").strings("repositories")
    collect(server, f"?untagged={7 * DAY}")
    after = client.get("/v2/_catalog").strings("repositories")

    assert "gc/emptied" in before
    assert "gc/emptied" not in after


def test_a_backup_makes_nothing_that_its_server_could_not_open(tmp_path: Path) -> None:
    """The backup may be root's: where no server has been yet, its directory would be root's too."""
    with kept(tmp_path):
        assert not list(tmp_path.iterdir())

    (tmp_path / "_homeport").mkdir()
    with kept(tmp_path), pytest.raises(BeingArchived), unarchived(tmp_path):
        pass
    lock = tmp_path / "_homeport" / "archive.lock"
    lock.chmod(0o444)
    with kept(tmp_path), pytest.raises(BeingArchived), unarchived(tmp_path):
        pass
    with unarchived(tmp_path):
        pass
