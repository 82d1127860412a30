import io
import tarfile
import tempfile
from pathlib import Path

import apsw
import pytest

from homeport.kernel.storage.archive import DIGESTS, ArchiveError, read_archive, write_archive
from homeport.kernel.storage.lock import DirectoryInUse, DirectoryLock


def filled(folder: Path) -> Path:
    """A data directory with a database, files, and what is not worth keeping."""
    for name in ("db", "auth", "run", "backups", "registry/docker/registry/v2/blobs/sha256/aa/aabb"):
        (folder / name).mkdir(parents=True)
    (folder / "format").write_text("1\n")
    (folder / "auth" / "htpasswd").write_text("a:b\n")
    (folder / "run" / "homeport.json").write_text("{}")
    (folder / "homeport.lock").write_text("1")
    (folder / "registry/docker/registry/v2/blobs/sha256/aa/aabb/data").write_bytes(b"blob")
    link = folder / "registry/docker/registry/v2/repositories/a/_layers/sha256/aabb"
    link.mkdir(parents=True)
    (link / "link").write_text("sha256:aabb")
    upload = folder / "registry/docker/registry/v2/repositories/a/_uploads/1"
    upload.mkdir(parents=True)
    (upload / "data").write_text("half")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "archive.lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def archive_of(root: Path, registry: Path) -> bytes:
    out = io.BytesIO()
    write_archive(root, registry, out)
    return out.getvalue()


def test_what_is_kept_comes_back_and_what_only_the_running_server_needs_does_not(tmp_path: Path) -> None:
    source, target = filled(tmp_path / "source"), tmp_path / "target"

    read_archive(target, target / "registry", io.BytesIO(archive_of(source, source / "registry")))

    left_out = {"run/homeport.json", "homeport.lock", "registry/docker/registry/v2/repositories/a/_uploads/1/data"}
    assert contents(target) == {name: each for name, each in contents(source).items() if name not in left_out}
    assert all(path.stat().st_mode & 0o077 == 0 for path in target.rglob("*"))


def test_what_refers_to_bytes_goes_before_them(tmp_path: Path) -> None:
    source = filled(tmp_path)
    with tarfile.open(fileobj=io.BytesIO(archive_of(source, source / "registry"))) as archive:
        names = archive.getnames()

    assert names[-1] == DIGESTS
    assert names.index("registry/docker/registry/v2/repositories/a/_layers/sha256/aabb/link") < names.index(
        "registry/docker/registry/v2/blobs/sha256/aa/aabb/data"
    )


def test_a_database_that_is_written_to_is_copied_whole(tmp_path: Path) -> None:
    """Committed rows are in it, those of an open transaction are not; its log stays behind."""
    source, target = filled(tmp_path / "source"), tmp_path / "target"
    writer = apsw.Connection(str(source / "db" / "x.sqlite"))
    writer.execute("PRAGMA journal_mode=WAL; CREATE TABLE t (n); INSERT INTO t VALUES (1)").fetchall()
    writer.execute("BEGIN IMMEDIATE; INSERT INTO t VALUES (2)").fetchall()

    content = archive_of(source, source / "registry")
    writer.execute("COMMIT")
    writer.close()
    read_archive(target, target / "registry", io.BytesIO(content))

    reader = apsw.Connection(str(target / "db" / "x.sqlite"))
    assert reader.execute("SELECT n FROM t").fetchall() == [(1,)]
    reader.close()
    assert [path.name for path in (target / "db").iterdir() if path.suffix != ".sqlite"] == []


def test_a_database_is_copied_beside_the_others_and_not_to_the_systems_temporary_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pod whose /tmp outgrows its limit is ended, in the middle of a backup."""
    source = filled(tmp_path / "source")
    apsw.Connection(str(source / "db" / "x.sqlite")).execute("CREATE TABLE t (n)").fetchall()
    before = contents(source)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))

    assert b"SQLite format 3" in archive_of(source, source / "registry")
    assert contents(source) == before


def test_a_registry_that_lies_elsewhere_goes_along_and_comes_back_elsewhere(tmp_path: Path) -> None:
    source = filled(tmp_path / "source")
    volume = tmp_path / "volume"
    (source / "registry").rename(volume)

    content = archive_of(source, volume)
    read_archive(tmp_path / "target", tmp_path / "other", io.BytesIO(content))

    assert (tmp_path / "other/docker/registry/v2/blobs/sha256/aa/aabb/data").read_bytes() == b"blob"
    assert not (tmp_path / "target" / "registry").exists()


def _tar(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no archive"),
        (b"nothing of the kind" * 1000, "no archive"),
        (_tar({"a": b"x"}), "ends too early"),
        (_tar({"a": b"x", DIGESTS: b"{}"}), "damaged: a"),
        (_tar({DIGESTS: b'{"a": "b"}'}), "damaged: a"),
        (_tar({"../a": b"x", DIGESTS: b"{}"}), "leads out"),
        (_tar({"/a": b"x", DIGESTS: b"{}"}), "leads out"),
    ],
)
def test_what_is_no_whole_archive_changes_nothing(content: bytes, message: str, tmp_path: Path) -> None:
    target = tmp_path / "target"

    with pytest.raises(ArchiveError, match=message):
        read_archive(target, target / "registry", io.BytesIO(content))

    assert list(target.iterdir()) == []


def test_nothing_is_restored_over_anything(tmp_path: Path) -> None:
    source = filled(tmp_path / "source")
    content = archive_of(source, source / "registry")

    with pytest.raises(ArchiveError, match="not empty"):
        read_archive(source, source / "registry", io.BytesIO(content))


def test_what_a_server_left_is_replaced_when_asked_and_only_by_a_whole_archive(tmp_path: Path) -> None:
    """A server that has started once has made its rooms: on a cluster that is every volume there is."""
    source, target = filled(tmp_path / "source"), filled(tmp_path / "target")
    content = archive_of(source, source / "registry")
    (target / "db" / "only-here.sqlite").write_text("old")
    before = contents(target)

    with pytest.raises(ArchiveError, match="too early"):
        read_archive(target, target / "registry", io.BytesIO(content[:1500]), replace=True)
    after_half = contents(target)
    read_archive(target, target / "registry", io.BytesIO(content), replace=True)

    assert {**before, "homeport.lock": b""} == {**after_half, "homeport.lock": b""}
    left_out = {"run/homeport.json", "registry/docker/registry/v2/repositories/a/_uploads/1/data"}
    wanted = {name: each for name, each in contents(source).items() if name not in left_out}
    assert contents(target) == {**wanted, "homeport.lock": b""}


def test_a_registry_that_lies_elsewhere_is_replaced_too(tmp_path: Path) -> None:
    source, target = filled(tmp_path / "source"), filled(tmp_path / "target")
    content = archive_of(source, source / "registry")
    volume = tmp_path / "volume"
    (target / "registry").rename(volume)
    (volume / "docker" / "only-here").write_text("old")

    read_archive(target, volume, io.BytesIO(content), replace=True)

    assert (volume / "docker/registry/v2/blobs/sha256/aa/aabb/data").read_bytes() == b"blob"
    assert not (volume / "docker" / "only-here").exists()


def test_what_is_not_homeports_is_never_replaced(tmp_path: Path) -> None:
    source, target = filled(tmp_path / "source"), filled(tmp_path / "target")
    (target / "letters").mkdir()

    with pytest.raises(ArchiveError, match="not empty: letters"):
        read_archive(target, target / "registry", io.BytesIO(archive_of(source, source / "registry")), replace=True)


def test_a_directory_that_is_served_is_not_replaced(tmp_path: Path) -> None:
    source, target = filled(tmp_path / "source"), filled(tmp_path / "target")
    content = archive_of(source, source / "registry")

    with DirectoryLock(target), pytest.raises(DirectoryInUse):
        read_archive(target, target / "registry", io.BytesIO(content), replace=True)


def test_what_a_restore_left_that_was_killed_is_in_nobodys_way(tmp_path: Path) -> None:
    source, target = filled(tmp_path / "source"), tmp_path / "target"
    (target / ".restore-x" / "db").mkdir(parents=True)

    read_archive(target, target / "registry", io.BytesIO(archive_of(source, source / "registry")))

    assert (target / "auth" / "htpasswd").read_text() == "a:b\n"
    assert not list(target.glob(".restore-*"))
