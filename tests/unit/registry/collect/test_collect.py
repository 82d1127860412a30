import contextlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.unit.registry.volumes import LAYER_TYPE, Volume, descriptor

from homeport.kernel.storage.lock import DirectoryInUse, DirectoryLock
from homeport.registry.collect.errors import CollectionFailed, SweepFailed
from homeport.registry.collect.plan import Plan
from homeport.registry.collect.run import Options, collect_garbage
from homeport.registry.model.digest import Digest, digest_of
from homeport.registry.model.media_types import DOCKER_IMAGE, OCI_IMAGE, OCI_INDEX
from homeport.registry.model.names import parse_repository, parse_tag

APP = parse_repository("team/app")


class Run:
    """One collection and what it printed."""

    def __init__(self, volume: Volume, *, dry_run: bool = False, untagged: bool = False, quiet: bool = False) -> None:
        self.out: list[str] = []
        self.log: list[str] = []
        options = Options(dry_run=dry_run, delete_untagged=untagged, quiet=quiet)
        self.plan: Plan = collect_garbage(volume.root, options, out=self.out.append, log=self.log.append)


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    return Volume(tmp_path / "registry")


def test_an_empty_volume_has_no_garbage(volume: Volume) -> None:
    """distribution#3058."""
    assert Run(volume).out == ["\n0 blobs marked, 0 blobs and 0 manifests eligible for deletion"]


def test_a_root_that_nothing_was_ever_pushed_to_has_no_garbage(tmp_path: Path) -> None:
    collect_garbage(tmp_path, Options(), out=list[str]().append, log=list[str]().append)


def test_what_a_tag_needs_stays_and_the_rest_goes(volume: Volume) -> None:
    layer, orphan = volume.blob("team/app", b"layer"), volume.blob("team/app", b"orphan")
    image = volume.image("team/app", "v1", layers=[layer])
    before = volume.snapshot()

    run = Run(volume)

    assert volume.has_bytes(layer)
    assert not volume.has_bytes(orphan)
    assert volume.pulls("team/app", "v1") == volume.pulls("team/app", image) is not None
    assert set(before) - set(volume.snapshot()) == {
        str(Path(path).relative_to(volume.root))
        for path in (volume.paths.blob(orphan), volume.paths.layer_link(APP, orphan))
    }
    assert run.plan.freed_bytes == len(b"orphan")


def test_the_lines_are_those_of_registry_2(volume: Volume) -> None:
    """Scripts read them."""
    layer, orphan = volume.blob("team/app", b"layer"), volume.blob("team/app", b"orphan")
    image = volume.image("team/app", "v1", layers=[layer])
    config = digest_of(json.dumps({"mark": ""}).encode())
    volume.blob("other", b"x")
    volume.untag("other", "none")

    run = Run(volume)

    assert run.out == [
        "other",
        "team/app",
        f"team/app: marking manifest {image} ",
        f"team/app: marking blob {config}",
        f"team/app: marking blob {layer}",
        "\n3 blobs marked, 2 blobs and 0 manifests eligible for deletion",
        *sorted(f"blob eligible for deletion: {digest}" for digest in (orphan, digest_of(b"x"))),
        f"other: layer link eligible for deletion: {digest_of(b'x')}",
        f"team/app: layer link eligible for deletion: {orphan}",
    ]
    hexadecimal = orphan.removeprefix("sha256:")
    assert f"Deleting blob: /docker/registry/v2/blobs/sha256/{hexadecimal[:2]}/{hexadecimal}" in run.log


def test_quiet_prints_nothing(volume: Volume) -> None:
    volume.blob("team/app", b"orphan")

    assert Run(volume, quiet=True).out == []


def test_a_dry_run_changes_nothing_and_says_what_would_be(volume: Volume) -> None:
    volume.blob("team/app", b"orphan")
    volume.image("team/app", layers=[volume.blob("team/app", b"layer")])
    before = volume.snapshot()

    dry = Run(volume, dry_run=True, untagged=True)

    assert volume.snapshot() == before
    wet = Run(volume, untagged=True)
    assert (dry.plan, dry.out) == (wet.plan, wet.out)
    assert len(wet.plan.blobs) == 4


def test_without_the_flag_untagged_manifests_stay(volume: Volume) -> None:
    image = volume.image("team/app", layers=[volume.blob("team/app", b"layer")])

    assert Run(volume).plan.blobs == ()
    assert volume.pulls("team/app", image)


def test_with_the_flag_untagged_manifests_go_with_all_that_only_they_need(volume: Volume) -> None:
    shared, own = volume.blob("team/app", b"shared"), volume.blob("team/app", b"own")
    kept = volume.image("team/app", "v1", layers=[shared], mark="kept")
    gone = volume.image("team/app", "v1", layers=[shared, own], mark="gone")
    volume.content.set_tag(APP, parse_tag("v1"), kept)

    run = Run(volume, untagged=True)

    assert volume.pulls("team/app", "v1") == volume.pulls("team/app", kept) is not None
    assert volume.pulls("team/app", gone) is None
    assert (volume.has_bytes(shared), volume.has_bytes(own)) == (True, False)
    assert f"manifest eligible for deletion: {{team/app {gone} [v1]}}" in run.out
    assert not Path(volume.paths.tag_index_link(APP, parse_tag("v1"), gone)).exists()
    assert Path(volume.paths.tag_index_link(APP, parse_tag("v1"), kept)).exists()


def test_images_of_a_multi_arch_tag_stay_at_any_depth(volume: Volume) -> None:
    """distribution#3178, #3004, #4461: version 2.8 looks one level deep."""
    layer = volume.blob("team/app", b"layer")
    child: Digest = volume.image("team/app", layers=[layer])
    chain = [child]
    for _ in range(6):
        chain.append(volume.index("team/app", children=[chain[-1]]))
    volume.index("team/app", "multi", children=[chain[-1]])

    run = Run(volume, untagged=True)

    assert run.plan.blobs == ()
    assert run.plan.manifests == ()
    assert all(volume.pulls("team/app", digest) for digest in chain)
    assert volume.has_bytes(layer)


def test_nesting_deeper_than_any_stack_is_followed(volume: Volume) -> None:
    child = volume.image("team/app", layers=[volume.blob("team/app", b"layer")])
    for _ in range(1500):
        child = volume.index("team/app", children=[child])
    volume.index("team/app", "deep", children=[child])

    assert Run(volume, untagged=True).plan.blobs == ()


def test_a_child_without_a_link_of_its_own_is_followed_too(volume: Volume) -> None:
    layer = volume.blob("team/app", b"layer")
    child = volume.image("team/app", layers=[layer])
    volume.index("team/app", "v1", children=[child])
    volume.delete_manifest("team/app", child)

    Run(volume)

    assert volume.has_bytes(child)
    assert volume.has_bytes(layer)


def test_an_index_that_calls_a_layer_a_manifest_stops_nobody(volume: Volume) -> None:
    layer = volume.blob("team/app", b"\x1f\x8bno manifest at all")
    volume.index("team/app", "odd", children=[layer, digest_of(b"missing")])

    Run(volume)

    assert volume.has_bytes(layer)


def test_a_blob_that_another_repository_needs_stays(volume: Volume) -> None:
    layer = volume.blob("a", b"layer")
    volume.content.link_layer(parse_repository("b/c"), layer, layer)
    volume.image("b/c", "v1", layers=[layer])
    volume.content.link_layer(parse_repository("z"), layer, layer)

    run = Run(volume)

    assert run.plan.blobs == ()
    assert run.plan.layers == ()


@pytest.mark.parametrize("untagged", [False, True])
def test_a_layer_named_by_sha512_stays(volume: Volume, *, untagged: bool) -> None:
    """distribution compares the digests as text, and deletes it."""
    layer = volume.blob("team/app", b"wide", "sha512")
    volume.image("team/app", "v1", layers=[layer])

    run = Run(volume, untagged=untagged)

    assert run.plan.blobs == ()
    assert run.plan.layers == ()
    assert run.plan.marked == 3
    assert volume.content.blob_size(APP, layer) == len(b"wide")


def test_a_layer_named_by_sha512_stays_though_its_link_is_lost(volume: Volume) -> None:
    layer = volume.blob("team/app", b"wide", "sha512")
    orphan = volume.blob("team/app", b"orphan")
    volume.image("team/app", "v1", layers=[layer])
    Path(volume.paths.layer_link(APP, layer)).write_bytes(b"")

    Run(volume)

    assert volume.has_bytes(layer, data=b"wide")
    assert not volume.has_bytes(orphan)


def test_an_image_named_by_sha512_stays_with_all_it_needs_though_its_links_are_lost(volume: Volume) -> None:
    layer = volume.blob("team/app", b"layer")
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_IMAGE,
        "config": descriptor("a/b", volume.blob("team/app", b"{}")),
        "layers": [descriptor(LAYER_TYPE, layer)],
    }
    image = volume.manifest("team/app", document, algorithm="sha512")
    volume.index("team/app", "v1", children=[image])
    volume.delete_manifest("team/app", image)

    run = Run(volume, untagged=True)

    assert run.plan.blobs == ()
    assert volume.has_bytes(layer)


def test_a_manifest_put_by_sha512_stays_while_tagged_and_goes_whole(volume: Volume) -> None:
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
    wide = volume.manifest("team/app", document, "v1", algorithm="sha512")

    assert Run(volume, untagged=True).plan.manifests == ()
    assert volume.pulls("team/app", wide)
    volume.untag("team/app", "v1")
    assert len(Run(volume, untagged=True).plan.manifests) == 1
    assert volume.pulls("team/app", wide) is None
    assert not Path(volume.paths.revision_link(APP, wide)).exists()


# Referrers


def test_signatures_of_a_living_image_stay_and_those_of_a_dead_one_go(volume: Volume) -> None:
    """Version 2 and 3 with -m delete every artifact that is attached by subject."""
    alive = volume.image("team/app", "v1", layers=[volume.blob("team/app", b"1")], mark="alive")
    dead = volume.image("team/app", layers=[volume.blob("team/app", b"2")], mark="dead")
    kept_layer, lost_layer = volume.blob("team/app", b"signature of 1"), volume.blob("team/app", b"signature of 2")
    kept = volume.image("team/app", layers=[kept_layer], subject=alive)
    lost = volume.image("team/app", layers=[lost_layer], subject=dead)

    Run(volume, untagged=True)

    assert volume.pulls("team/app", kept)
    assert volume.has_bytes(kept_layer)
    assert volume.pulls("team/app", lost) is None
    assert not volume.has_bytes(lost_layer)


def test_what_is_attached_to_a_signature_or_to_one_architecture_stays_too(volume: Volume) -> None:
    child = volume.image("team/app", layers=[volume.blob("team/app", b"1")])
    volume.index("team/app", "v1", children=[child])
    sbom = volume.image("team/app", layers=[volume.blob("team/app", b"sbom")], subject=child)
    signature = volume.image("team/app", layers=[volume.blob("team/app", b"signature")], subject=sbom)

    Run(volume, untagged=True)

    assert volume.pulls("team/app", sbom)
    assert volume.pulls("team/app", signature)


def test_two_artifacts_attached_to_each_other_keep_nobody_alive(volume: Volume) -> None:
    nothing = digest_of(b"nothing")
    first = volume.image("team/app", layers=[], mark="1", subject=nothing)
    volume.image("team/app", layers=[], mark="2", subject=first)

    assert len(Run(volume, untagged=True).plan.manifests) == 2


def test_a_signature_s_subject_is_not_kept_by_it(volume: Volume) -> None:
    image = volume.image("team/app", layers=[volume.blob("team/app", b"1")])
    volume.image("team/app", "signature", layers=[volume.blob("team/app", b"s")], subject=image)

    Run(volume, untagged=True)

    assert volume.pulls("team/app", image) is None
    assert volume.pulls("team/app", "signature")


def test_fallback_tags_keep_the_artifacts_that_they_list(volume: Volume) -> None:
    """OCI distribution, "Referrers Tag Schema"."""
    image = volume.image("team/app", "v1", layers=[volume.blob("team/app", b"1")])
    artifact = volume.image("team/app", layers=[volume.blob("team/app", b"s")], mark="s")
    volume.index("team/app", image.replace(":", "-"), children=[artifact])

    Run(volume, untagged=True)

    assert volume.pulls("team/app", artifact)


# What other registries leave


def test_schema_1_keeps_its_layers(volume: Volume) -> None:
    layer = volume.blob("old", b"layer")
    volume.manifest("old", {"schemaVersion": 1, "fsLayers": [{"blobSum": layer}], "signatures": []}, "v1")

    Run(volume, untagged=True)

    assert volume.has_bytes(layer)


def test_a_manifest_of_unknown_type_keeps_all_that_it_mentions(volume: Volume) -> None:
    blob = volume.blob("new", b"blob")
    volume.manifest("new", {"mediaType": "application/vnd.oci.artifact.manifest.v1+json", "blobs": [{"digest": blob}]})

    Run(volume)

    assert volume.has_bytes(blob)


def test_a_repository_without_layers_is_no_obstacle(volume: Volume) -> None:
    """distribution#4443: a pull-through cache has none."""
    volume.image("team/app", "v1", layers=[volume.blob("team/app", b"1")])
    shutil.rmtree(volume.paths.layers(APP))

    assert Run(volume).plan.blobs == ()


def test_running_uploads_are_left_alone(volume: Volume) -> None:
    upload = Path(volume.paths.uploads(APP), "0190a0b0-0000-7000-8000-000000000001")
    upload.mkdir(parents=True)
    (upload / "data").write_bytes(b"half")
    (upload / "startedat").write_text("2026-01-01T00:00:00Z")
    volume.blob("team/app", b"orphan")

    Run(volume, untagged=True)

    assert (upload / "data").read_bytes() == b"half"


def test_what_a_nas_strews_about_neither_stops_nor_goes(volume: Volume) -> None:
    volume.image("team/app", "v1", layers=[volume.blob("team/app", b"1")])
    for directory in (volume.paths.repositories, volume.paths.revisions(APP), volume.paths.tags(APP)):
        Path(directory, "@eaDir", "x").mkdir(parents=True)
    Path(volume.paths.blobs, "sha256", "@eaDir").mkdir()
    (stray := Path(volume.paths.blobs, "sha256", "@eaDir", "file")).write_text("x")

    Run(volume, untagged=True)

    assert stray.exists()
    assert volume.pulls("team/app", "v1")


def test_an_empty_revision_link_is_read_off_its_path(volume: Volume) -> None:
    """distribution#4478 leaves them, #1960 stops at them."""
    layer = volume.blob("team/app", b"1")
    image = volume.image("team/app", layers=[layer])
    Path(volume.paths.revision_link(APP, image)).write_bytes(b"")

    run = Run(volume)

    assert volume.has_bytes(image)
    assert volume.has_bytes(layer)
    assert any("taken for" in line for line in run.log)


# Fail closed


def refused(volume: Volume, *, untagged: bool = False) -> str:
    """Why the collection refuses; and it must not have touched anything."""
    volume.blob("garbage", b"garbage")
    before = volume.snapshot()
    with pytest.raises(CollectionFailed) as caught:
        Run(volume, untagged=untagged)
    assert volume.snapshot() == before
    return caught.value.message


@pytest.fixture
def image(volume: Volume) -> Digest:
    return volume.image("team/app", "v1", layers=[volume.blob("team/app", b"layer")])


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"{", b"[]", b'{"schemaVersion":2'])
def test_an_altered_manifest_stops_it(volume: Volume, image: Digest, data: bytes) -> None:
    Path(volume.paths.blob(image)).write_bytes(data)

    assert volume.paths.blob(image) in refused(volume)


def test_a_manifest_altered_into_another_valid_one_stops_it(volume: Volume, image: Digest) -> None:
    """Its new references would be marked, and the old ones deleted."""
    Path(volume.paths.blob(image)).write_text(json.dumps({"schemaVersion": 2, "manifests": []}))

    assert "do not match" in refused(volume)


def test_a_manifest_that_is_none_stops_it(volume: Volume) -> None:
    digest = volume.manifest("team/app", ["not", "a", "manifest"])

    assert volume.paths.blob(digest) in refused(volume)


def test_a_missing_manifest_stops_it(volume: Volume, image: Digest) -> None:
    Path(volume.paths.blob(image)).unlink()

    assert "missing" in refused(volume)


@pytest.mark.parametrize("untagged", [False, True])
def test_an_unreadable_untagged_manifest_stops_it(volume: Volume, *, untagged: bool) -> None:
    """It may be a signature of something alive."""
    digest = volume.image("team/app", layers=[])
    Path(volume.paths.blob(digest)).write_bytes(b"{}")

    assert volume.paths.blob(digest) in refused(volume, untagged=untagged)


def test_an_unreadable_child_stops_it(volume: Volume) -> None:
    child = volume.image("team/app", layers=[])
    volume.index("team/app", "v1", children=[child])
    Path(volume.paths.blob(child)).write_bytes(b"{}")

    assert volume.paths.blob(child) in refused(volume, untagged=True)


def test_a_revision_link_that_says_something_else_stops_it(volume: Volume, image: Digest) -> None:
    path = Path(volume.paths.revision_link(APP, image))
    path.write_text(digest_of(b"other"))

    assert str(path) in refused(volume)


def test_a_damaged_sha512_link_of_a_manifest_stops_it(volume: Volume) -> None:
    wide = volume.manifest("team/app", {"schemaVersion": 2, "manifests": []}, algorithm="sha512")
    path = Path(volume.paths.revision_link(APP, wide))
    path.write_bytes(b"")

    assert str(path) in refused(volume)


def test_a_damaged_tag_stops_it_where_tags_decide(volume: Volume, image: Digest) -> None:
    path = Path(volume.paths.tag_current_link(APP, parse_tag("v1")))
    path.write_bytes(b"")

    assert str(path) in refused(volume, untagged=True)
    Run(volume)
    assert volume.pulls("team/app", image)


@pytest.mark.parametrize("where", ["revisions", "tags", "layers", "manifests"])
def test_a_directory_that_cannot_be_read_stops_it(volume: Volume, image: Digest, where: str) -> None:
    path = Path(
        {
            "revisions": volume.paths.revisions(APP),
            "tags": volume.paths.tags(APP),
            "layers": volume.paths.layers(APP),
            "manifests": f"{volume.paths.revisions(APP)}/sha256",
        }[where]
    )
    path.rename(aside := volume.root / "aside")
    path.symlink_to(path)  # reading it fails, for root as well

    assert path.name in refused(volume)
    path.unlink()
    aside.rename(path)
    assert volume.pulls("team/app", image)


def test_a_link_of_an_unknown_algorithm_stops_it(volume: Volume) -> None:
    path = Path(volume.paths.revisions(APP), "blake3", "0" * 64, "link")
    path.parent.mkdir(parents=True)
    path.write_text(digest_of(b"x"))

    assert "blake3" in refused(volume)


def test_manifests_under_an_invalid_name_stop_it(volume: Volume, image: Digest) -> None:
    Path(volume.paths.repository(APP)).rename(Path(volume.paths.repositories, "Team"))

    assert "not a valid repository name" in refused(volume)


def test_the_server_s_index_sees_that_a_collection_has_been_there(volume: Volume) -> None:
    """Layers may go without a tag or manifest changing; what the index knows of their sizes is wrong then."""
    volume.image("team/app", "v1", layers=[])
    volume.blob("team/app", b"in nobody's image")
    before = volume.content.stamp(APP)

    Run(volume, dry_run=True)
    assert volume.content.stamp(APP) == before
    Run(volume)
    assert volume.content.stamp(APP) != before


def test_a_running_server_stops_it(volume: Volume, image: Digest) -> None:
    with DirectoryLock(volume.root):
        with pytest.raises(DirectoryInUse):
            Run(volume)
        Run(volume, dry_run=True)


def test_a_deletion_that_fails_is_told(volume: Volume, image: Digest) -> None:
    orphan = volume.blob("team/app", b"orphan")
    link = Path(volume.paths.layer_link(APP, orphan))
    shutil.rmtree(link.parent)
    plan = Run(volume, dry_run=True).plan
    assert plan.blobs
    path = Path(volume.paths.blob(orphan))
    path.unlink()
    path.mkdir()

    with pytest.raises(SweepFailed, match="failed to delete"):
        Run(volume)
    assert volume.pulls("team/app", image)


class Killed(Exception):
    """The process ends here."""


@pytest.mark.parametrize("deletions", range(1, 10))
def test_a_collection_cut_short_leaves_nothing_broken_and_the_next_one_ends_it(volume: Volume, deletions: int) -> None:
    kept = volume.image("team/app", "v1", layers=[volume.blob("team/app", b"kept")], mark="kept")
    volume.image("team/app", "v1", layers=[volume.blob("team/app", b"gone")], mark="gone")
    volume.content.set_tag(APP, parse_tag("v1"), kept)
    left = deletions

    def die(_line: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    options = Options(delete_untagged=True, quiet=True)
    with contextlib.suppress(Killed):
        collect_garbage(volume.root, options, out=die, log=die)

    assert volume.pulls("team/app", "v1") == volume.pulls("team/app", kept) is not None
    Run(volume, untagged=True)
    assert len(list(Path(volume.paths.blobs).rglob("data"))) == 3
    assert len(list(Path(volume.paths.repositories).rglob("link"))) == 5
    assert Run(volume, untagged=True).log == []


# With the real thing


@pytest.mark.skipif(shutil.which("docker-registry") is None, reason="Debian's docker-registry is not installed")
def test_registry_2_collects_garbage_on_a_volume_of_ours(volume: Volume, tmp_path: Path) -> None:
    """Debian's package of distribution 2.8.2."""
    orphan = volume.blob("team/app", b"orphan")
    kept = volume.image("team/app", "v1", layers=[volume.blob("team/app", b"layer")])
    docker = {"schemaVersion": 2, "mediaType": DOCKER_IMAGE, "layers": []}
    volume.manifest("a/b/c", docker | {"config": descriptor("a/b", volume.blob("a/b/c", b"{}"), 2)}, "latest")
    config = tmp_path / "config.yml"
    config.write_text(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {volume.root}}}}}\n")

    done = subprocess.run(
        ["docker-registry", "garbage-collect", str(config)], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert f"team/app: marking manifest {kept} " in done.stdout.splitlines()
    assert f"blob eligible for deletion: {orphan}" in done.stdout.splitlines()
    assert "5 blobs marked, 1 blobs and 0 manifests eligible for deletion" in done.stdout
    assert volume.pulls("team/app", "v1")
    assert not volume.has_bytes(orphan)
    assert Run(volume, untagged=True).plan.blobs == ()


@pytest.mark.skipif(shutil.which("docker-registry") is None, reason="Debian's docker-registry is not installed")
def test_registry_2_keeps_what_was_put_by_sha512(volume: Volume, tmp_path: Path) -> None:
    """Without a sha256 link beside the other it would leave the manifest unmarked, and delete it."""
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
    wide = volume.manifest("team/app", document, "v1", algorithm="sha512")
    config = tmp_path / "config.yml"
    config.write_text(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {volume.root}}}}}\n")

    subprocess.run(
        ["docker-registry", "garbage-collect", "--delete-untagged", str(config)],
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert volume.pulls("team/app", wide) == volume.pulls("team/app", "v1") is not None


@pytest.mark.skipif(shutil.which("docker-registry") is None, reason="Debian's docker-registry is not installed")
def test_our_dry_run_says_what_registry_2_s_says(volume: Volume, tmp_path: Path) -> None:
    volume.blob("team/app", b"orphan")
    volume.image("team/app", "v1", layers=[volume.blob("team/app", b"layer")])
    volume.image("team/app", layers=[volume.blob("team/app", b"other")], mark="untagged")
    config = tmp_path / "config.yml"
    config.write_text(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {volume.root}}}}}\n")

    theirs = subprocess.run(
        ["docker-registry", "garbage-collect", "--dry-run", str(config)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    ours = "\n".join(Run(volume, dry_run=True).out)

    def comparable(text: str) -> list[str]:
        return sorted({line for line in text.splitlines() if "layer link" not in line})

    assert comparable(ours) == comparable(theirs.stdout)


def test_only_bytes_that_go_wait_for_the_disks(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync of every disk of the machine takes long where they are busy, and pushes wait for a collection."""
    synced: list[bool] = []
    monkeypatch.setattr("os.sync", lambda: synced.append(True))
    volume.image("team/app", "v1", layers=[volume.blob("team/app", b"layer")])

    Run(volume)
    without_garbage = len(synced)
    volume.blob("team/app", b"orphan")
    Run(volume)

    assert (without_garbage, len(synced)) == (0, 1)


@pytest.mark.parametrize("tag", ["nightly.tmp", "_uploads", "x.lock", "current", "link"])
def test_a_tag_counts_whatever_it_is_called(volume: Volume, tag: str) -> None:
    layer = volume.blob("team/app", b"layer")
    image = volume.image("team/app", tag, layers=[layer])

    run = Run(volume, untagged=True)

    assert run.plan.manifests == ()
    assert volume.pulls("team/app", tag) == volume.pulls("team/app", image) is not None
    assert volume.has_bytes(layer)
