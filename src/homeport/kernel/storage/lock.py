"""One process at a time in a directory."""

import fcntl
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from homeport.kernel.errors import OperatorError

LOCK_FILE = "homeport.lock"
_LONGEST_HOLDER = 512


class DirectoryInUse(OperatorError):
    """Another process holds the directory's lock.

    Args:
        holder: `pid 123 on host`, or empty if the other has not written it yet.
    """

    def __init__(self, directory: Path, holder: str) -> None:
        super().__init__(
            f"{directory} is in use by another Homeport ({holder or 'pid unknown'})",
            hint="stop that one first, or use another directory",
        )
        self.holder = holder


class LockRefused(OperatorError):
    """The directory is missing or read-only, or its file system has no locks."""

    def __init__(self, directory: Path, error: OSError) -> None:
        super().__init__(
            f"{directory} cannot be locked: {error.strerror}",
            hint="it must be writable by the user who runs Homeport, on a file system that has flock",
        )


class DirectoryLock:
    """An exclusive lock of a directory, held from `acquire` to `release` or the process's end, however it ends.

    The lock is the kernel's (flock) on a file of its own, so that kill -9 releases it and no stale file ever
    keeps a server from starting. The file stays: removing it would let two processes lock two different files.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock, without waiting.

        Raises:
            DirectoryInUse: another process has it; its pid and host are in the message.
            LockRefused: the system does not let us.
        """
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, _LONGEST_HOLDER, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise DirectoryInUse(self._directory, holder) from None
        except OSError as error:
            os.close(descriptor)
            raise LockRefused(self._directory, error) from error
        self._descriptor = descriptor
        self._sign(descriptor)

    def release(self) -> None:
        """Let the next one in; without effect when not held."""
        if self._descriptor is None:
            return
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = None

    def _open(self) -> int:
        path = self._directory / LOCK_FILE
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LockRefused(self._directory, error) from error

    def _sign(self, descriptor: int) -> None:
        # The host too: in two containers that share a volume, both servers are pid 1. A full disk must not
        # keep a server from starting and serving reads, so a lock without a signature will do.
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"pid {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        except OSError:
            os.ftruncate(descriptor, 0)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()
