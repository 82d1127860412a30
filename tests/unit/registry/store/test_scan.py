from pathlib import Path

import pytest

from homeport.registry.model.digest import digest_of
from homeport.registry.model.names import RepositoryName, parse_repository, parse_tag
from homeport.registry.store.links import write_link
from homeport.registry.store.paths import Paths
from homeport.registry.store.scan import (
    Damage,
    LinkEntry,
    TagEntry,
    scan_blobs,
    scan_layers,
    scan_repositories,
    scan_revisions,
    scan_tag_index,
    scan_tags,
    scan_uploads,
)

A, B = digest_of(b"a"), digest_of(b"b")
WIDE = digest_of(b"a", "sha512")
APP = parse_repository("team/app")
V1 = parse_tag("v1")


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path)


def link(path: str, digest: str = A) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(digest)


def make(path: str) -> None:
    Path(path).mkdir(parents=True)


def names(paths: Paths) -> list[str]:
    return [found for found in scan_repositories(paths) if not isinstance(found, Damage)]


def test_a_new_volume_is_empty_and_sound(paths: Paths) -> None:
    """distribution#3058: an empty volume is no error."""
    assert list(scan_repositories(paths)) == []
    assert list(scan_blobs(paths)) == []


def test_repositories_nest_and_either_part_makes_one(paths: Paths) -> None:
    """2.8 lists what has `_layers`, 3 what has `_manifests`; pull-through caches lack the first (distribution#4443)."""
    link(paths.layer_link(parse_repository("a"), A))
    link(paths.revision_link(parse_repository("a/b/c"), A))
    make(paths.uploads(parse_repository("a/only-uploads")))
    make(f"{paths.repositories}/empty/dir")

    assert names(paths) == ["a", "a/b/c"]


def test_directories_that_are_no_repositories_are_told(paths: Paths) -> None:
    make(f"{paths.repositories}/Not_Valid/_manifests")
    make(f"{paths.repositories}/_layers")

    found = list(scan_repositories(paths))

    assert [item.reason for item in found if isinstance(item, Damage)] == ["not a valid repository name"] * 2


def test_a_link_that_leads_upwards_does_not_trap_the_scan(paths: Paths) -> None:
    link(paths.revision_link(parse_repository("a"), A))
    Path(paths.repositories, "a", "loop").symlink_to(paths.repositories)

    found = list(scan_repositories(paths))

    assert "a" in found
    assert any(isinstance(item, Damage) for item in found)


def test_revisions_are_found_under_the_digest_that_names_them(paths: Paths) -> None:
    link(paths.revision_link(APP, A))
    link(paths.revision_link(APP, WIDE), A)

    found = list(scan_revisions(paths, APP))

    assert found == [
        LinkEntry(paths.revision_link(APP, A), A, A),
        LinkEntry(paths.revision_link(APP, WIDE), WIDE, A),
    ]


def test_what_a_deletion_leaves_behind_is_ignored(paths: Paths) -> None:
    """registry:2 removes only the link file."""
    make(str(Path(paths.revision_link(APP, A)).parent))
    make(f"{paths.tag(APP, V1)}/index")

    assert list(scan_revisions(paths, APP)) == []
    assert list(scan_tags(paths, APP)) == []


def test_damaged_links_are_told_and_the_rest_goes_on(paths: Paths) -> None:
    """distribution#1960: one bad link must not hide the others."""
    link(paths.layer_link(APP, A), "")
    link(paths.layer_link(APP, B), B)
    make(f"{paths.layers(APP)}/sha256/nonsense")

    found = list(scan_layers(paths, APP))

    assert LinkEntry(paths.layer_link(APP, B), B, B) in found
    assert {item.path for item in found if isinstance(item, Damage)} == {
        paths.layer_link(APP, A),
        f"{paths.layers(APP)}/sha256/nonsense",
    }


def test_strays_of_interrupted_writes_are_ignored(paths: Paths) -> None:
    link(paths.layer_link(APP, A))
    Path(paths.layer_link(APP, A) + ".1.tmp").write_text("")
    Path(paths.layers(APP), "x.tmp").write_text("")

    assert list(scan_layers(paths, APP)) == [LinkEntry(paths.layer_link(APP, A), A, A)]


def test_tags_are_found_with_what_they_mean_and_have_meant(paths: Paths) -> None:
    write_link(paths.tag_current_link(APP, V1), A, temporary=f"{paths.root}/t", durable=False)
    for digest in (A, B):
        write_link(paths.tag_index_link(APP, V1, digest), digest, temporary=f"{paths.root}/t", durable=False)
    make(f"{paths.tags(APP)}/.hidden")

    found = list(scan_tags(paths, APP))

    assert found == [
        Damage(f"{paths.tags(APP)}/.hidden", "not a valid tag", "stray"),
        TagEntry(paths.tag_current_link(APP, V1), V1, A),
    ]
    assert {entry.named for entry in scan_tag_index(paths, APP, V1) if isinstance(entry, LinkEntry)} == {A, B}


def test_a_tag_s_damaged_link_is_told(paths: Paths) -> None:
    link(paths.tag_current_link(APP, V1), "sha256:")

    assert [type(item) for item in scan_tags(paths, APP)] == [Damage]


def test_uploads_are_found_by_their_ids(paths: Paths) -> None:
    identifier = "0190a0b0-0000-7000-8000-000000000001"
    make(f"{paths.uploads(APP)}/{identifier}")
    make(f"{paths.uploads(APP)}/other")

    found = list(scan_uploads(paths, APP))

    assert found == [identifier, Damage(f"{paths.uploads(APP)}/other", "not a valid upload id", "stray")]


def test_blobs_are_found_with_their_sizes(paths: Paths) -> None:
    for digest, content in ((A, b"a"), (WIDE, b"aa")):
        make(paths.blob_directory(digest))
        Path(paths.blob(digest)).write_bytes(content)
    make(paths.blob_directory(B))
    make(f"{paths.blobs}/sha256/zz/{'0' * 64}")

    found = list(scan_blobs(paths))

    assert {(item.digest, item.size) for item in found if not isinstance(item, Damage)} == {(A, 1), (WIDE, 2)}
    assert [item.reason for item in found if isinstance(item, Damage)] == ["not a blob's directory"]


def test_an_unreadable_directory_is_damage(paths: Paths) -> None:
    make(paths.manifests(APP))
    Path(paths.revisions(APP)).symlink_to(paths.revisions(APP))

    assert [type(item) for item in scan_revisions(paths, APP)] == [Damage]


def test_a_file_in_place_of_a_directory_is_damage(paths: Paths) -> None:
    make(paths.manifests(APP))
    Path(paths.revisions(APP)).write_text("x")

    assert [type(item) for item in scan_revisions(paths, RepositoryName(APP))] == [Damage]


@pytest.mark.parametrize("name", ["@eaDir", ".DS_Store", "lost+found"])
def test_what_a_nas_strews_about_is_told_apart_from_damage(paths: Paths, name: str) -> None:
    link(paths.revision_link(APP, A))
    for directory in (paths.revisions(APP), f"{paths.revisions(APP)}/sha256", paths.tags(APP)):
        make(f"{directory}/{name}/x")
    Path(paths.revisions(APP), ".file").write_text("")

    found = [*scan_revisions(paths, APP), *scan_tags(paths, APP)]

    assert LinkEntry(paths.revision_link(APP, A), A, A) in found
    assert {item.kind for item in found if isinstance(item, Damage)} == {"stray"}


def test_a_link_under_a_name_that_says_nothing_is_damage(paths: Paths) -> None:
    """It might be how a later registry keeps manifests of an algorithm that we do not know."""
    link(f"{paths.revisions(APP)}/sha384/{'0' * 96}/link")
    link(f"{paths.tags(APP)}/@x/current/link")

    found = [*scan_revisions(paths, APP), *scan_tags(paths, APP)]

    assert [item.kind for item in found if isinstance(item, Damage)] == ["link", "link"]


def test_a_damaged_link_still_says_whose_it_was(paths: Paths) -> None:
    link(paths.revision_link(APP, A), "")

    assert [item.named for item in scan_revisions(paths, APP) if isinstance(item, Damage)] == [A]
