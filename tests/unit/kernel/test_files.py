"""Files that are replaced whole."""

import os
from pathlib import Path

import pytest

from homeport.kernel.files import make_private_directory, replace_file


def test_a_new_file_holds_the_content_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"

    replace_file(path, b"content")

    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_mode_is_what_was_asked_for_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "public"
    before = os.umask(0o077)
    try:
        replace_file(path, b"content", mode=0o644)
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o644


def test_a_reader_that_has_the_file_open_keeps_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_file(path, b"old")

    with path.open("rb") as reader:
        replace_file(path, b"new")

        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"


def test_a_symbolic_link_stays_one_and_what_it_names_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "file"
    target.parent.mkdir()
    target.write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(target)

    replace_file(link, b"new")

    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_what_root_replaces_stays_its_owner_s(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    os.chown(path, 12345, 54321)

    replace_file(path, b"new")

    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


def test_when_it_fails_nothing_is_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.mkdir()

    with pytest.raises(IsADirectoryError):
        replace_file(path, b"content")

    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


def test_a_private_directory_is_private_all_the_way_down_and_leaves_what_was_there(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    make_private_directory(tmp_path / "data" / "auth")
    make_private_directory(tmp_path / "data" / "auth")

    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data" / "auth").stat().st_mode & 0o777 == 0o700
    assert tmp_path.stat().st_mode & 0o777 == 0o755
