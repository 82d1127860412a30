"""Archives and collections keep out of each other's way: what an archive has listed must still be there for it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_FILE: Final = ("_homeport", "archive.lock")


class BeingArchived(Exception):
    """An archive of the directory is being written."""


@contextmanager
def kept(directory: Path) -> Iterator[None]:
    """Have nothing that lies in a registry's directory collected meanwhile; waits for a collection that runs."""
    descriptor = _open(directory)
    try:
        if descriptor is not None:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def unarchived(directory: Path) -> Iterator[None]:
    """Have no archive begun meanwhile.

    Raises:
        BeingArchived: one is being written.
    """
    descriptor = _open(directory)
    try:
        if descriptor is not None:
            _take(descriptor)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _take(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BeingArchived from None


def _open(directory: Path) -> int | None:
    """The lock's file; none where no server has been, or nothing can be written: nothing is collected there.

    A backup may be somebody else's than the server, root's for example: the file is for everybody to open, and the
    directory, in which the server has to write, is not made here.
    """
    path = directory.joinpath(*_FILE)
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
        with suppress(OSError):
            return os.open(path, flags | os.O_CLOEXEC, 0o644)
    return None
