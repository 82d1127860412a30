"""Archives and collections keep out of each other's way: what an archive has listed must still be there for it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
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
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BeingArchived from None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _open(directory: Path) -> int | None:
    """The lock's file; none where nothing can be written, and nothing be collected therefore."""
    path = directory.joinpath(*_FILE)
    try:
        if directory.is_dir():
            path.parent.mkdir(exist_ok=True)
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        pass
    return None
