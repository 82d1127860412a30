"""What it means when the disk says no, whichever part of the store asked it."""

import errno
import os
from typing import Self

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class StorageError(Exception):
    """The store could not do what it was asked; nothing half-written stays behind.

    Args:
        where: the file or directory, for the operator.
        code: the system's errno.
    """

    def __init__(self, where: str, code: int) -> None:
        super().__init__(where, code)
        self.where = where
        self.errno = code

    def __str__(self) -> str:
        return f"{self.where}: {os.strerror(self.errno)}"

    def again(self) -> Self:
        """The same error once more, so that each of many callers gets a traceback of its own."""
        return type(self)(self.where, self.errno)


class StorageFull(StorageError):
    """No room is left: disk, quota or file size limit."""


class StorageFailed(StorageError):
    """The disk, the file system or the database file is broken, read-only, or held by somebody else."""


class SnapshotExpired(StorageError):
    """A long read was cut off, because the changes kept for its sake grew too many; it may be tried again."""


def storage_error(where: str, code: int) -> StorageError:
    """The error class for an errno."""
    return StorageFull(where, code) if code in _NO_SPACE else StorageFailed(where, code)


def from_os_error(error: OSError, where: os.PathLike[str] | str | None = None) -> StorageError:
    """What an `OSError` of a file operation means to the store."""
    return storage_error(os.fspath(where or error.filename or "storage"), error.errno or errno.EIO)
