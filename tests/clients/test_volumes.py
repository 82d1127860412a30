"""One volume, two registries: Debian's docker-registry opens what Homeport wrote, and the other way round."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.images import (
    DOCKER_LIST,
    OCI_EMPTY,
    OCI_INDEX,
    OCI_MANIFEST,
    Image,
    build_image,
    build_index,
    descriptor,
    digest_of,
    encode,
    noise,
)
from tests.servers import DebianRegistry, HomeportProcess
from tests.wire import Client, received, target_of, with_query

REPOSITORIES = "docker/registry/v2/repositories"
SBOM = "application/vnd.example.sbom.v1"


@dataclass
class Content:
    """What was pushed, to be asked for again."""

    manifests: dict[tuple[str, str], bytes] = field(default_factory=dict)
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def push(self, client: Client, name: str, tag: str, image: Image) -> None:
        """Push an image and remember it by tag, by digest, and by its blobs."""
        client.push_image(name, image, tag)
        self.manifests |= {(name, tag): image.manifest, (name, image.digest): image.manifest}
        self.blobs |= {(name, digest_of(blob)): blob for blob in image.blobs}

    def push_index(self, client: Client, name: str, tag: str, index: bytes, media_type: str) -> None:
        """Push an index whose children are there."""
        assert client.put_manifest(name, tag, index, media_type).status == 201
        self.manifests |= {(name, tag): index, (name, digest_of(index)): index}

    def check(self, client: Client) -> None:
        """Every byte is where it was."""
        for (name, reference), manifest in self.manifests.items():
            assert client.get_manifest(name, reference).body == manifest, (name, reference)
        for (name, digest), blob in self.blobs.items():
            assert client.get(f"/v2/{name}/blobs/{digest}").body == blob, (name, digest)


def fill(client: Client, prefix: str) -> Content:
    """A volume's worth: plain, Docker, multi-arch and nested images, a moved tag, an empty blob, a large one."""
    content = Content()
    images = [build_image(architecture=each) for each in ("amd64", "arm64")]
    docker = [build_image(architecture=each, docker=True) for each in ("amd64", "arm64")]
    for image in images:
        content.push(client, f"{prefix}/multi", image.architecture, image)
    inner = build_index([image.entry() for image in images])
    content.push_index(client, f"{prefix}/multi", "multi", inner, OCI_INDEX)
    content.push_index(client, f"{prefix}/multi", "nested", build_index([descriptor(OCI_INDEX, inner)]), OCI_INDEX)
    for image in docker:
        content.push(client, f"{prefix}/docker/deep/er", image.architecture, image)
    listed = build_index([image.entry() for image in docker], media_type=DOCKER_LIST)
    content.push_index(client, f"{prefix}/docker/deep/er", "list", listed, DOCKER_LIST)
    content.push(client, f"{prefix}/moved", "latest", images[0])
    content.push(client, f"{prefix}/moved", "latest", images[1])
    for blob in (b"", noise(prefix, 3_000_000)):
        content.blobs[f"{prefix}/moved", client.push_blob(f"{prefix}/moved", blob)] = blob
    return content


@pytest.fixture
def homeport(tmp_path: Path) -> Iterator[HomeportProcess]:
    """A Homeport on the volume, not yet started."""
    server = HomeportProcess.on(tmp_path / "data", settings={"registry.root": str(tmp_path / "volume")})
    yield server
    server.stop()


@pytest.fixture
def debian(tmp_path: Path) -> Iterator[DebianRegistry]:
    """A docker-registry on the same volume, not yet started."""
    server = DebianRegistry.on(tmp_path / "volume")
    yield server
    server.stop()


def test_docker_registry_serves_what_homeport_wrote(homeport: HomeportProcess, debian: DebianRegistry) -> None:
    content = fill(homeport.start().client(), "ours")
    homeport.stop()

    client = debian.start().client()

    content.check(client)
    assert sorted(client.get("/v2/ours/moved/tags/list").strings("tags")) == ["latest"]
    assert {"ours/multi", "ours/docker/deep/er", "ours/moved"} == set(
        client.get("/v2/_catalog").strings("repositories")
    )


def test_homeport_serves_what_docker_registry_wrote(homeport: HomeportProcess, debian: DebianRegistry) -> None:
    content = fill(debian.start().client(), "theirs")
    debian.stop()

    client = homeport.start().client()

    content.check(client)
    assert client.get("/v2/theirs/multi/tags/list").strings("tags") == ["amd64", "arm64", "multi", "nested"]
    assert client.get("/v2/_catalog").strings("repositories") == [
        "theirs/docker/deep/er",
        "theirs/moved",
        "theirs/multi",
    ]


def test_the_volume_goes_to_and_fro(homeport: HomeportProcess, debian: DebianRegistry) -> None:
    """What the other wrote meanwhile is seen, and what it deleted is gone."""
    ours = fill(homeport.start().client(), "ours")
    homeport.stop()
    client = debian.start().client()
    theirs = fill(client, "theirs")
    late = build_image([{"late": b"image"}])
    theirs.push(client, "ours/multi", "late", late)
    gone = digest_of(ours.manifests.pop(("ours/multi", "nested")))
    ours.manifests.pop(("ours/multi", gone))
    assert client.delete(f"/v2/ours/multi/manifests/{gone}").status == 202
    debian.stop()

    client = homeport.restart().client()

    ours.check(client)
    theirs.check(client)
    assert client.get("/v2/ours/multi/tags/list").strings("tags") == ["amd64", "arm64", "late", "multi"]
    assert client.get_manifest("ours/multi", gone).status == 404


def test_an_upload_that_docker_registry_began_is_finished_by_homeport(
    homeport: HomeportProcess, debian: DebianRegistry
) -> None:
    data = noise("interrupted", 500_000)
    begun = debian.start().client()
    patched = begun.patch(begun.start_upload("half/done"), data[:300_000])
    debian.kill()
    session = target_of(patched).partition("?")[0]

    client = homeport.start().client()

    status = client.get(session)
    assert status.status == 204
    assert received(status) == 300_000
    client.patch(target_of(status), data[300_000:], content_range="300000-499999")
    assert client.put(with_query(session, digest=digest_of(data))).status == 201
    assert client.get(f"/v2/half/done/blobs/{digest_of(data)}").body == data


def test_an_upload_that_homeport_began_is_no_trouble_to_docker_registry(
    homeport: HomeportProcess, debian: DebianRegistry
) -> None:
    client = homeport.start().client()
    content = fill(client, "ours")
    client.patch(client.start_upload("ours/multi"), noise("begun", 100_000))
    homeport.kill()

    content.check(debian.start().client())


def damage(link: Path, content: bytes = b"") -> None:
    """What a crash of distribution 2.8 leaves: a link file without its digest."""
    assert link.is_file(), link
    link.write_bytes(content)


@pytest.mark.parametrize(
    "content", [b"", b"sha256:", b"garbage\n", b"\0" * 71], ids=["empty", "cut", "garbage", "zeros"]
)
def test_a_damaged_link_costs_only_what_it_names(
    homeport: HomeportProcess, debian: DebianRegistry, content: bytes
) -> None:
    """distribution#4478, #1960."""
    client = debian.start().client()
    image = build_image([{"a": b"1"}, {"b": b"2"}])
    for tag in ("good", "bad"):
        client.push_image("dented/image", image, tag)
    loose = client.push_blob("dented/image", b"loose").removeprefix("sha256:")
    debian.stop()
    repository = debian.root / REPOSITORIES / "dented/image"
    damage(repository / "_manifests/tags/bad/current/link", content)
    damage(repository / "_layers/sha256" / loose / "link", content)

    client = homeport.start().client()

    assert client.get_manifest("dented/image", "good").body == image.manifest
    assert client.get_manifest("dented/image", "bad").status == 404
    assert "good" in client.get("/v2/dented/image/tags/list").strings("tags")
    assert client.get(f"/v2/dented/image/blobs/sha256:{loose}").status in {200, 404}
    assert all(client.get(f"/v2/dented/image/blobs/{digest_of(blob)}").body == blob for blob in image.blobs)


def test_a_damaged_tag_and_blob_may_be_pushed_again(homeport: HomeportProcess, debian: DebianRegistry) -> None:
    image = build_image()
    debian.start().client().push_image("dented/image", image, "v1")
    debian.stop()
    repository = debian.root / REPOSITORIES / "dented/image"
    damage(repository / "_manifests/tags/v1/current/link")
    damage(repository / "_manifests/revisions/sha256" / image.digest.removeprefix("sha256:") / "link")
    for blob in image.blobs:
        damage(repository / "_layers/sha256" / digest_of(blob).removeprefix("sha256:") / "link")

    client = homeport.start().client()

    client.push_image("dented/image", image, "v1")
    assert client.get_manifest("dented/image", "v1").body == image.manifest


def test_strays_and_gaps_are_stepped_over(homeport: HomeportProcess, debian: DebianRegistry) -> None:
    """Temporary files of distribution 3, no `_layers` as pull-through caches leave it, and directories of nobody."""
    image = build_image()
    debian.start().client().push_image("odd/image", image, "v1")
    debian.stop()
    repository = debian.root / REPOSITORIES / "odd/image"
    (repository / "_manifests/tags/v1/current/link.0b7f.tmp").write_bytes(b"")
    (repository / "_manifests/tags/lost+found").mkdir()
    (repository / "_manifests/revisions/sha256/not a digest").mkdir()
    (repository / "_referrers").mkdir()
    (debian.root / REPOSITORIES / "no-layers/_manifests/revisions").mkdir(parents=True)
    (debian.root / REPOSITORIES / "Not A Name").mkdir()
    (debian.root / "docker/registry/v2/blobs/sha256/ff").mkdir(exist_ok=True)

    client = homeport.start().client()

    assert client.get_manifest("odd/image", "v1").body == image.manifest
    assert client.get("/v2/odd/image/tags/list").strings("tags") == ["v1"]


def test_referrers_of_an_old_registrys_fallback_tag_are_listed(
    homeport: HomeportProcess, debian: DebianRegistry
) -> None:
    """OCI distribution, "Enabling the Referrers API": preexisting ones MUST be included."""
    image = build_image()
    old = debian.start().client()
    old.push_image("signed/image", image, "v1")
    old.push_blob("signed/image", b"{}")
    sbom = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": SBOM,
            "config": descriptor(OCI_EMPTY, b"{}"),
            "layers": [descriptor(OCI_EMPTY, b"{}")],
            "subject": descriptor(OCI_MANIFEST, image.manifest),
        }
    )
    old.put_manifest("signed/image", digest_of(sbom), sbom)
    fallback = build_index([descriptor(OCI_MANIFEST, sbom, extra={"artifactType": SBOM})])
    old.put_manifest("signed/image", image.digest.replace(":", "-"), fallback, OCI_INDEX)
    debian.stop()

    response = homeport.start().client().get(f"/v2/signed/image/referrers/{image.digest}")

    assert [(entry["digest"], entry["artifactType"]) for entry in response.descriptors()] == [(digest_of(sbom), SBOM)]


def test_docker_registrys_garbage_collection_understands_our_volume(
    homeport: HomeportProcess, debian: DebianRegistry
) -> None:
    client = homeport.start().client()
    content = fill(client, "ours")
    unwanted = build_image([{"unwanted": noise("unwanted", 50_000)}])
    client.push_image("ours/multi", unwanted, "unwanted")
    assert client.delete(f"/v2/ours/multi/manifests/{unwanted.digest}").status == 202
    # The collector keeps what manifests name; loose blobs are rubbish to it, so they do not count as content here.
    for key in [key for key in content.blobs if key[0] == "ours/moved"]:
        del content.blobs[key]
    homeport.stop()

    assert debian.collect_garbage().returncode == 0
    client = homeport.restart().client()

    content.check(client)
    layer = digest_of(unwanted.blobs[1])
    assert client.get(f"/v2/ours/multi/blobs/{layer}").status == 404
    client.push_image("ours/multi", unwanted, "unwanted")
    assert client.get(f"/v2/ours/multi/blobs/{layer}").body == unwanted.blobs[1]


def test_a_missing_index_is_built_again_from_the_volume(homeport: HomeportProcess) -> None:
    """The files are the truth; the database is derived from them."""
    content = fill(homeport.start().client(), "ours")
    catalog = homeport.client().get("/v2/_catalog").strings("repositories")
    homeport.stop()
    databases = list((homeport.data_dir / "db").iterdir())
    assert databases
    for database in databases:
        database.unlink()

    client = homeport.restart().client()

    content.check(client)
    assert client.get("/v2/_catalog").strings("repositories") == catalog
