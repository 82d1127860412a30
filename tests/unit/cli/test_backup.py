"""`homeport backup` and `homeport restore`, between two directories."""

from pathlib import Path

from tests.unit.cli.conftest import Homeport


def test_a_backup_is_its_owners_alone_and_comes_back(homeport: Homeport, tmp_path: Path) -> None:
    archive = tmp_path / "homeport.tar"
    homeport("user", "add", "anna", "--generate", "--cost=4")

    saved = homeport("backup", archive)
    restored = homeport("restore", archive, "--data-dir", tmp_path / "other")
    users = homeport("user", "list", "--data-dir", tmp_path / "other")

    assert (saved.returncode, restored.returncode) == (0, 0), saved.stderr + restored.stderr
    assert archive.stat().st_mode & 0o077 == 0
    assert users.stdout == "anna\n"


def test_a_backup_that_cannot_be_written_says_why(homeport: Homeport, tmp_path: Path) -> None:
    homeport("user", "add", "anna", "--generate", "--cost=4")

    told = homeport("backup", tmp_path / "missing" / "homeport.tar")

    assert told.returncode == 1
    assert "homeport.tar: No such file or directory" in told.stderr


def test_a_backup_that_fails_leaves_the_older_one(homeport: Homeport, tmp_path: Path) -> None:
    archive = tmp_path / "homeport.tar"
    archive.write_text("the older one")
    archive.chmod(0o644)

    failed = homeport("backup", archive)
    homeport("user", "add", "anna", "--generate", "--cost=4")
    saved = homeport("backup", archive)

    assert failed.returncode == 1
    assert f"cannot archive {homeport.data}: No such file or directory" in failed.stderr
    assert saved.returncode == 0
    assert archive.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.glob("homeport.tar*")] == ["homeport.tar"]


def test_a_failed_backup_leaves_no_file(homeport: Homeport, tmp_path: Path) -> None:
    homeport("backup", tmp_path / "homeport.tar")

    assert not list(tmp_path.glob("homeport.tar*"))
