"""Homeport in the place of registry:2: the same configuration, the same volume, the same commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.clients.programs import Programs
from tests.clients.test_skopeo import FROM, PLAIN, TO, make_layout
from tests.clients.test_volumes import Content, fill
from tests.images import (
    OCI_EMPTY,
    OCI_INDEX,
    OCI_MANIFEST,
    build_image,
    build_index,
    descriptor,
    digest_of,
    encode,
    noise,
)
from tests.servers import DebianRegistry, HomeportStandIn
from tests.wire import Client


@pytest.fixture
def debian(tmp_path: Path) -> Iterator[DebianRegistry]:
    """A docker-registry, not yet started."""
    server = DebianRegistry.on(tmp_path / "volume")
    yield server
    server.stop()


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[HomeportStandIn]:
    """`homeport registry serve` with the same configuration on the same volume, not yet started."""
    server = HomeportStandIn.on(tmp_path / "volume")
    yield server
    server.stop()


def test_the_same_configuration_serves_the_same_volume(debian: DebianRegistry, stand_in: HomeportStandIn) -> None:
    theirs = fill(debian.start().client(), "theirs")
    debian.stop()

    client = stand_in.start().client()
    theirs.check(client)
    ours = fill(client, "ours")
    stand_in.stop()

    client = debian.start().client()
    theirs.check(client)
    ours.check(client)


def test_the_same_htpasswd_lets_the_same_users_in(programs: Programs, tmp_path: Path) -> None:
    layout = make_layout(tmp_path, "dropin")
    for server in (
        DebianRegistry.on(tmp_path / "volume", user="captain", password="a password"),
        HomeportStandIn.on(tmp_path / "volume", user="captain", password="a password"),
    ):
        remote = f"docker://{server.start().netloc}/drop/in:v1"
        try:
            assert server.client().anonymous().get("/v2/").status == 401
            programs.login("skopeo", server.netloc, server.user, server.password, PLAIN)
            programs.run("skopeo", "copy", TO, f"oci:{layout}:latest", remote)
            programs.run("skopeo", "copy", FROM, remote, f"oci:{tmp_path / type(server).__name__}:latest")
        finally:
            server.stop()


def test_variables_go_over_the_file(stand_in: HomeportStandIn) -> None:
    stand_in.environment = {"REGISTRY_STORAGE_DELETE_ENABLED": "false", "REGISTRY_HTTP_HEADERS_X-Test": "[yes]"}
    client = stand_in.start().client()
    client.push_image("drop/in", build_image(), "v1")

    response = client.delete("/v2/drop/in/manifests/v1")

    assert response.status == 405
    assert response.header("X-Test") == "yes"


def push_referrer(client: Client, name: str, subject: bytes) -> bytes:
    """A manifest that refers to another, untagged as signatures are."""
    client.push_blob(name, b"{}")
    referrer = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(OCI_EMPTY, b"{}"),
            "layers": [],
            "subject": descriptor(OCI_MANIFEST, subject),
        }
    )
    assert client.put_manifest(name, digest_of(referrer), referrer).status == 201
    return referrer


@pytest.fixture
def littered(stand_in: HomeportStandIn) -> Content:
    """A volume with rubbish in it, nobody serving it: what has to survive a collection."""
    client = stand_in.start().client()
    content = Content()
    images = [build_image([{"a": noise(each, 2000)}], architecture=each) for each in ("amd64", "arm64")]
    for image in images:
        client.push_image("kept/multi", image)
        content.manifests["kept/multi", image.digest] = image.manifest
        content.blobs |= {("kept/multi", digest_of(blob)): blob for blob in image.blobs}
    content.push_index(client, "kept/multi", "v1", build_index([image.entry() for image in images]), OCI_INDEX)
    gone = build_image([{"gone": noise("gone", 2000)}])
    client.push_image("kept/multi", gone, "gone")
    client.delete(f"/v2/kept/multi/manifests/{gone.digest}")
    client.push_blob("kept/loose", b"nobody names this")
    stand_in.stop()
    return content


def eligible(output: str) -> set[str]:
    """What a collection would delete, and how it counts, in the lines that scripts look for."""
    return {line for line in output.splitlines() if line.startswith("blob eligible") or "blobs marked" in line}


@pytest.mark.usefixtures("littered")
def test_both_find_the_same_rubbish(debian: DebianRegistry, stand_in: HomeportStandIn) -> None:
    theirs = debian.collect_garbage("--dry-run")

    ours = stand_in.collect_garbage("--dry-run")

    assert ours.returncode == theirs.returncode == 0
    assert len(eligible(ours.stdout)) > 3
    assert eligible(ours.stdout) == eligible(theirs.stdout)


def test_our_collection_deletes_that_and_nothing_else(
    debian: DebianRegistry, stand_in: HomeportStandIn, littered: Content
) -> None:
    before = {path.name for path in stand_in.root.glob("docker/registry/v2/blobs/sha256/*/*")}

    done = stand_in.collect_garbage()

    assert done.returncode == 0, done.stderr
    after = {path.name for path in stand_in.root.glob("docker/registry/v2/blobs/sha256/*/*")}
    announced = {line.split(":")[-1].strip() for line in done.stdout.splitlines() if line.startswith("blob eligible")}
    assert before - after == announced
    littered.check(debian.start().client())
    debian.stop()
    littered.check(stand_in.start().client())


def test_deleting_untagged_ones_spares_platforms_and_signatures(stand_in: HomeportStandIn, littered: Content) -> None:
    """distribution#3178 and #3004 destroyed every multi-arch image here, and every signature."""
    client = stand_in.start().client()
    subject = build_image([{"signed": b"image"}])
    littered.push(client, "kept/signed", "v1", subject)
    signature = push_referrer(client, "kept/signed", subject.manifest)
    littered.manifests["kept/signed", digest_of(signature)] = signature
    old = build_image([{"old": noise("old", 2000)}])
    client.push_image("kept/signed", old, "moved")
    littered.push(client, "kept/signed", "moved", build_image([{"new": b"image"}]))
    stand_in.stop()

    done = stand_in.collect_garbage("--delete-untagged")

    assert done.returncode == 0, done.stderr
    client = stand_in.start().client()
    littered.check(client)
    assert client.get_manifest("kept/signed", old.digest).status == 404
    assert client.get(f"/v2/kept/signed/blobs/{digest_of(old.blobs[1])}").status == 404
    referrers = client.get(f"/v2/kept/signed/referrers/{subject.digest}").descriptors()
    assert [entry["digest"] for entry in referrers] == [digest_of(signature)]


def test_a_sha512_image_survives_our_collection(stand_in: HomeportStandIn) -> None:
    """Distribution marks `sha512:...`, finds `sha256:...` on disk, and deletes it."""
    client = stand_in.start().client()
    data = b"layer of sha512"
    for blob in (b"{}", data):
        client.push_blob("kept/sha512", blob, algorithm="sha512")
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(OCI_EMPTY, b"{}", algorithm="sha512"),
            "layers": [descriptor("application/x-tar", data, algorithm="sha512")],
        }
    )
    client.put_manifest("kept/sha512", digest_of(manifest, "sha512"), manifest)
    client.put_manifest("kept/sha512", "v1", manifest)
    stand_in.stop()

    for options in ([], ["--delete-untagged"]):
        assert stand_in.collect_garbage(*options).returncode == 0
        client = stand_in.start().client()
        assert client.get_manifest("kept/sha512", "v1").body == manifest
        assert client.get(f"/v2/kept/sha512/blobs/{digest_of(data, 'sha512')}").body == data
        stand_in.stop()


def test_a_running_server_is_not_swept_under_its_feet(stand_in: HomeportStandIn, littered: Content) -> None:
    stand_in.start()

    done = stand_in.collect_garbage()

    assert done.returncode != 0
    assert done.stderr
    littered.check(stand_in.client())
