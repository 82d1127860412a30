import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from homeport.kernel.storage.lock import LOCK_FILE, DirectoryInUse, DirectoryLock, LockRefused

HOLD = """
import sys, time
from pathlib import Path
from homeport.kernel.storage.lock import DirectoryLock
with DirectoryLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_holder_is_told_who_the_first_is(tmp_path: Path, holder: "subprocess.Popen[str]") -> None:
    with holder, pytest.raises(DirectoryInUse) as caught:
        DirectoryLock(tmp_path).acquire()

    assert caught.value.holder == f"pid {holder.pid} on {socket.gethostname()}"
    assert f"{tmp_path} is in use by another Homeport (pid {holder.pid} on " in caught.value.message


def test_a_holder_that_is_killed_leaves_no_lock(tmp_path: Path, holder: "subprocess.Popen[str]") -> None:
    with holder:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()

    with DirectoryLock(tmp_path):
        text = (tmp_path / LOCK_FILE).read_text()

    assert text == f"pid {os.getpid()} on {socket.gethostname()}\n"


def test_a_released_lock_can_be_taken_again_and_names_nobody(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path)
    with lock:
        pass

    assert (tmp_path / LOCK_FILE).read_text() == ""
    with lock, pytest.raises(DirectoryInUse):
        DirectoryLock(tmp_path).acquire()


def test_release_without_a_lock_does_nothing(tmp_path: Path) -> None:
    DirectoryLock(tmp_path).release()

    assert not (tmp_path / LOCK_FILE).exists()


def test_a_directory_that_is_missing_is_an_operators_error(tmp_path: Path) -> None:
    with pytest.raises(LockRefused, match="cannot be locked: No such file or directory"):
        DirectoryLock(tmp_path / "missing").acquire()


def test_programs_that_the_holder_starts_do_not_keep_the_lock(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)

    with child, DirectoryLock(tmp_path):
        assert child.poll() is None
