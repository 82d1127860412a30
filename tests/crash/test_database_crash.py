"""What a database keeps when its process is killed, or its disk fails: everything acknowledged, nothing by halves."""

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import apsw
import pytest

from homeport.kernel.storage.database import Durability

PROGRAM = Path(__file__).with_name("database_program.py")
WRITERS = 16
ENDLESS = 10_000_000
SMALL_DISK_BYTES = 2 << 20

FAILING_FSYNC = """
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/syscall.h>

static int broken(void) { return access(getenv("BREAK_WHEN_EXISTS"), F_OK) == 0; }
int fsync(int fd) { if (broken()) { errno = EIO; return -1; } return syscall(SYS_fsync, fd); }
int fdatasync(int fd) { if (broken()) { errno = EIO; return -1; } return syscall(SYS_fdatasync, fd); }
"""


@pytest.fixture(params=["process", "power"])
def durability(request: pytest.FixtureRequest) -> Durability:
    return "power" if request.param == "power" else "process"


def start(
    path: Path, durability: Durability, limit: int, environment: Mapping[str, str] = os.environ
) -> "subprocess.Popen[str]":
    command = [sys.executable, str(PROGRAM), str(path), durability, str(limit)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def lines_of(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout is not None
    return (line.rstrip("\n") for line in process.stdout)


def acknowledged(lines: list[str]) -> set[int]:
    return {int(line.removeprefix("ok ")) for line in lines if line.startswith("ok ")}


def refused(lines: list[str]) -> list[int]:
    return [int(line.removeprefix("error ")) for line in lines if line.startswith("error ")]


def content(path: Path) -> set[int]:
    """The numbers in the file, which is checked to be whole."""
    connection = apsw.Connection(str(path))
    assert list(connection.execute("PRAGMA integrity_check")) == [("ok",)]
    assert list(connection.execute("PRAGMA foreign_key_check")) == []
    pairs = list(
        connection.execute("SELECT manifests.number, tags.number FROM manifests LEFT JOIN tags USING (number)")
    )
    connection.close()
    assert all(first == second for first, second in pairs)
    return {first for first, _ in pairs}


@pytest.mark.parametrize("writes", [1, 100, 2500])
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, durability: Durability, writes: int) -> None:
    """2,500 writes of 2 KB reach over several checkpoints of the log."""
    path = tmp_path / "a.sqlite"

    with start(path, durability, ENDLESS) as process:
        lines = []
        for line in lines_of(process):
            lines.append(line)
            if len(lines) > writes:
                process.kill()
        process.wait()

    kept = content(path)
    assert len(acknowledged(lines)) >= writes
    assert acknowledged(lines) <= kept


def test_a_killed_process_leaves_a_file_that_the_next_one_goes_on_with(tmp_path: Path, durability: Durability) -> None:
    path = tmp_path / "a.sqlite"
    with start(path, durability, ENDLESS) as first:
        next(lines_of(first))
        next(lines_of(first))
        first.kill()
    kept = content(path)

    with start(path, durability, 0) as second:
        lines = list(lines_of(second))

    assert lines == ["open", f"readable {len(kept)}"]
    assert second.returncode == 0
    assert [file.name for file in tmp_path.iterdir()] == ["a.sqlite"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}", "homeport-test", str(mount)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_a_full_disk_refuses_writes_and_serves_reads(small_disk: Path, durability: Durability) -> None:
    path = small_disk / "a.sqlite"

    with start(path, durability, 2000) as process:
        lines = list(lines_of(process))

    kept = content(path)
    assert process.returncode == 0
    assert set(refused(lines)) == {errno.ENOSPC}
    assert len(acknowledged(lines)) > 100
    assert acknowledged(lines) == kept
    assert lines[-1] == f"readable {len(kept)}"


def test_a_disk_that_has_room_again_takes_writes_again(small_disk: Path, durability: Durability) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(SMALL_DISK_BYTES // 2))
    path = small_disk / "a.sqlite"

    with start(path, durability, ENDLESS) as process:
        lines = []
        for line in lines_of(process):
            lines.append(line)
            if line == f"error {errno.ENOSPC}" and ballast.exists():
                ballast.unlink()
                freed_at = len(lines)
            if not ballast.exists() and len(acknowledged(lines[freed_at:])) > 100:
                process.kill()

    assert acknowledged(lines) <= content(path)


def test_a_limit_on_the_size_of_files_is_a_full_disk_too(tmp_path: Path, durability: Durability) -> None:
    path = tmp_path / "a.sqlite"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_DISK_BYTES, hard))
    try:
        process = start(path, durability, 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    with process:
        lines = list(lines_of(process))

    kept = content(path)
    assert process.returncode == 0
    assert set(refused(lines)) == {errno.EFBIG}
    assert acknowledged(lines) == kept
    assert lines[-1] == f"readable {len(kept)}"


@pytest.fixture
def failing_fsync(tmp_path: Path) -> Path:
    """A library that lets fsync fail with EIO once the file named by BREAK_WHEN_EXISTS is there."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler, and Linux")
    source, library = tmp_path / "failing.c", tmp_path / "failing.so"
    source.write_text(FAILING_FSYNC)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    return library


def test_a_disk_whose_fsync_fails_refuses_writes_and_serves_reads(tmp_path: Path, failing_fsync: Path) -> None:
    """The last refused batch lies in the log, where the next start may find it: refused is not the same as undone."""
    path, switch = tmp_path / "a.sqlite", tmp_path / "broken"
    environment = {**os.environ, "LD_PRELOAD": str(failing_fsync), "BREAK_WHEN_EXISTS": str(switch)}

    with start(path, "power", 3000, environment) as process:
        lines = []
        for line in lines_of(process):
            lines.append(line)
            if line.startswith("ok ") and len(lines) > 200:
                switch.touch()

    kept = content(path)
    assert process.returncode == 0
    assert set(refused(lines)) == {errno.EIO}
    assert len(refused(lines)) > 1000
    assert lines[-1] == f"readable {len(acknowledged(lines))}"
    assert acknowledged(lines) <= kept
    assert len(kept - acknowledged(lines)) <= WRITERS
