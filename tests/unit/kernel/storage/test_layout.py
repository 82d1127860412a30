import os
from pathlib import Path

import apsw
import pytest

from homeport.kernel.clock import FakeClock
from homeport.kernel.storage import layout
from homeport.kernel.storage.layout import (
    DataDirectory,
    DataDirectoryTooNew,
    DataDirectoryUnusable,
    FormatUnreadable,
)
from homeport.kernel.storage.migrations import Migration, migrate


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    made = DataDirectory(tmp_path / "homeport")
    made.create()
    return made


def test_a_new_directory_is_for_its_owner_alone_and_has_the_newest_format(
    directory: DataDirectory, clock: FakeClock
) -> None:
    directory.bring_up(clock=clock)

    assert directory.root.stat().st_mode & 0o777 == 0o700
    assert directory.format.read_text() == "1\n"
    assert sorted(path.name for path in directory.root.iterdir()) == [
        "auth", "backups", "ca", "db", "format", "registry", "run",
    ]  # fmt: skip


def test_a_directory_that_others_could_read_is_closed(tmp_path: Path) -> None:
    root = tmp_path / "open"
    root.mkdir()
    root.chmod(0o755)

    DataDirectory(root).create()

    assert root.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_holds_other_things_stays_open_and_only_the_rooms_are_closed(tmp_path: Path) -> None:
    root = tmp_path / "srv"
    root.mkdir()
    root.chmod(0o755)
    (root / "somebody's").touch()

    DataDirectory(root).create()

    assert root.stat().st_mode & 0o777 == 0o755
    assert {path.stat().st_mode & 0o777 for path in root.iterdir() if path.is_dir()} == {0o700}


def test_an_own_directory_that_was_opened_later_is_closed_again(directory: DataDirectory, clock: FakeClock) -> None:
    directory.bring_up(clock=clock)
    directory.root.chmod(0o755)

    directory.create()

    assert directory.root.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a directory that belongs to somebody else")
def test_a_volume_of_kubernetes_that_belongs_to_root_and_lets_everybody_write_can_be_used(tmp_path: Path) -> None:
    root = tmp_path / "volume"
    root.mkdir()
    root.chmod(0o777)
    os.chown(root, 12345, 12345)

    DataDirectory(root).create()

    assert root.stat().st_mode & 0o777 == 0o777
    assert (root / "auth").stat().st_mode & 0o777 == 0o700


def test_the_drawing_in_the_docstring_names_every_path(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    drawing = layout.__doc__ or ""

    paths = [
        directory.lock, directory.format, directory.run, directory.database("<name>"),
        directory.registry, directory.auth, directory.ca, directory.backups,
    ]  # fmt: skip

    for path in paths:
        assert f"── {path.relative_to(tmp_path)}" in drawing


def test_a_directory_of_a_newer_homeport_is_refused(directory: DataDirectory, clock: FakeClock) -> None:
    directory.format.write_text("2\n")

    with pytest.raises(DataDirectoryTooNew, match=r"newer Homeport \(format 2, this one knows 1\)"):
        directory.bring_up(clock=clock)

    assert directory.format.read_text() == "2\n"


@pytest.mark.parametrize("content", ["", "one", "-1", "0", "1.5", "\x00"])
def test_a_format_that_is_no_number_is_an_operators_error(
    directory: DataDirectory, clock: FakeClock, content: str
) -> None:
    directory.format.write_text(content)

    with pytest.raises(FormatUnreadable):
        directory.bring_up(clock=clock)


def test_an_older_directory_is_brought_up_step_by_step_after_a_copy_of_its_databases(
    directory: DataDirectory, clock: FakeClock
) -> None:
    database = directory.database("registry")
    migrate(database, [Migration(1, "CREATE TABLE tags (name TEXT)")], backups=directory.backups, clock=clock)
    directory.format.write_text("1\n")
    seen: list[tuple[str, int]] = []

    def step(name: str) -> layout.LayoutStep:
        return lambda at: seen.append((name, len(list(at.backups.iterdir()))))

    directory.bring_up(clock=clock, steps=[step("to 2"), step("to 3")])

    assert seen == [("to 2", 1), ("to 3", 1)]
    assert directory.format.read_text() == "3\n"
    (copy,) = directory.backups.iterdir()
    assert copy.name == "registry.format-1.20260101T000000000.sqlite"
    assert list(apsw.Connection(str(copy)).execute("SELECT name FROM sqlite_schema")) == [("tags",)]


def test_a_step_that_failed_is_tried_again_and_those_before_it_are_not(
    directory: DataDirectory, clock: FakeClock
) -> None:
    directory.format.write_text("1\n")
    seen: list[str] = []

    def fail(_at: DataDirectory) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        directory.bring_up(clock=clock, steps=[lambda _: seen.append("first"), fail])
    directory.bring_up(clock=clock, steps=[lambda _: seen.append("first"), lambda _: seen.append("second")])

    assert seen == ["first", "second"]


def test_a_file_in_the_directorys_place_is_an_operators_error(tmp_path: Path) -> None:
    (tmp_path / "homeport").write_text("")

    with pytest.raises(DataDirectoryUnusable, match="cannot be used: "):
        DataDirectory(tmp_path / "homeport").create()
