"""What goes into an archive, by its place, and in which order."""

from pathlib import Path

import pytest

from homeport.kernel.storage.archived import archived_files

V2 = "registry/docker/registry/v2"


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def found(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in archived_files(root, root / "registry")]


@pytest.mark.parametrize("repository", ["run", "backups", "tools/blobs", "a.tmp", "b-wal", "c.lock", "tags", "db"])
def test_a_repository_is_kept_whatever_it_is_called(tmp_path: Path, repository: str) -> None:
    links = [
        f"{V2}/repositories/{repository}/_manifests/tags/v1/current/link",
        f"{V2}/repositories/{repository}/_manifests/revisions/sha256/aa/link",
        f"{V2}/repositories/{repository}/_layers/sha256/bb/link",
    ]
    make(tmp_path, *links, f"{V2}/blobs/sha256/aa/aa/data")

    assert found(tmp_path) == [*links, f"{V2}/blobs/sha256/aa/aa/data"]


@pytest.mark.parametrize("tag", ["run", "backups", "blobs", "nightly.tmp", "x-shm", "y.lock", "_uploads", "_homeport"])
def test_a_tag_is_kept_whatever_it_is_called(tmp_path: Path, tag: str) -> None:
    links = [f"{V2}/repositories/a/_manifests/tags/{tag}/{place}/link" for place in ("current", "index/sha256/aa")]
    make(tmp_path, *links)

    assert found(tmp_path) == links


def test_what_only_the_running_server_needs_is_not_kept(tmp_path: Path) -> None:
    make(tmp_path, "run/homeport.json", "backups/x.sqlite", "homeport.lock", "db/x.sqlite", "db/x.sqlite-wal", "format")
    make(tmp_path, "registry/_homeport/incoming/1", "registry/homeport.lock", f"{V2}/repositories/a/_uploads/1/data")
    make(tmp_path, f"{V2}/blobs/sha256/aa/aa/data.tmp")

    assert found(tmp_path) == ["db/x.sqlite", "format"]


def test_what_lies_on_another_disk_is_kept_and_no_circle_is_walked(tmp_path: Path) -> None:
    root, disk = tmp_path / "data", tmp_path / "disk"
    make(root, "format")
    make(disk, "docker/registry/v2/blobs/sha256/aa/aa/data", "users")
    (root / "registry").symlink_to(disk)
    (root / "auth").mkdir()
    (root / "auth" / "htpasswd").symlink_to(disk / "users")
    (root / "auth" / "circle").symlink_to(root / "auth")
    (disk / "around").symlink_to(root / "registry")
    (root / "auth" / "lost").symlink_to(root / "nowhere")

    assert found(root) == ["auth/htpasswd", "format", "registry/users", f"{V2}/blobs/sha256/aa/aa/data"]


def test_a_directory_that_a_deletion_takes_meanwhile_stops_nothing(tmp_path: Path) -> None:
    tags = f"{V2}/repositories/a/_manifests/tags"
    make(tmp_path, *(f"{tags}/{tag}/current/link" for tag in ("v1", "v2")))
    files = archived_files(tmp_path, tmp_path / "registry")

    first = next(files)
    (tmp_path / tags / "v2").rename(tmp_path / "gone")

    assert (first, list(files)) == (tmp_path / tags / "v1/current/link", [])
