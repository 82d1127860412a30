"""How Homeport opens SQLite's files, and what SQLite's errors mean."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, NoReturn

import apsw

from homeport.kernel.storage.errors import StorageError, storage_error
from homeport.kernel.storage.rows import Params, Row, SqlValue

Durability = Literal["process", "power"]
"""What an acknowledged write survives: the process's death (kill -9), or the machine's (power loss)."""

# In WAL mode NORMAL means: no fsync at a commit, fsync of log and file at a checkpoint. A commit is then a write()
# into the kernel's page cache, which outlives the process however it dies. OFF would survive kill -9 as well, and
# saves only the checkpoint's fsync (in a thread here), but after a power cut it can leave a corrupt file; with
# NORMAL the file is whole and only the last commits are missing. FULL adds an fsync of the log to each commit.
_SYNCHRONOUS: dict[Durability, str] = {"process": "NORMAL", "power": "FULL"}
# Holds the inner pages of a table of millions of rows, so that a row costs one read however large its table is; memory
# that a small database never asks for. Not mmap: there, a bad sector is a SIGBUS and no error.
_CACHE_KIB = 16 * 1024
_BUSY_TIMEOUT_MS = 2_000
_LOG_SIZE_LIMIT_BYTES = 16 << 20

TROUBLE = (
    apsw.FullError,
    apsw.IOError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.CantOpenError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.NoMemError,
    apsw.PermissionsError,
    apsw.ReadOnlyError,
)
"""SQLite's errors that are the disk's or the machine's fault, not the statement's."""

_CODES: dict[type[apsw.Error], int] = {
    apsw.FullError: errno.ENOSPC,
    apsw.BusyError: errno.EBUSY,
    apsw.LockedError: errno.EBUSY,
    apsw.NoMemError: errno.ENOMEM,
    apsw.PermissionsError: errno.EACCES,
    apsw.ReadOnlyError: errno.EROFS,
}


def open_connection(path: Path, durability: Durability, *, query_only: bool = False) -> apsw.Connection:
    """A connection in WAL mode with Homeport's pragmas; makes the file if it is missing.

    Raises:
        apsw.Error: the file cannot be opened or is no SQLite file.
    """
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(_BUSY_TIMEOUT_MS)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", _SYNCHRONOUS[durability])
    connection.pragma("foreign_keys", 1)
    connection.pragma("cache_size", -_CACHE_KIB)
    # Sorting in memory: a full disk must not make reads fail.
    connection.pragma("temp_store", "memory")
    # After a long read has kept the log from being reused, the next reuse cuts the file back to this.
    connection.pragma("journal_size_limit", _LOG_SIZE_LIMIT_BYTES)
    connection.wal_autocheckpoint(0)
    # A plan does not depend on bound values. Without this, a statement with a range is compiled anew at each run, to
    # look its bounds up in statistics that nobody gathers.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    if query_only:
        connection.pragma("query_only", 1)
    return connection


def connect(path: Path, durability: Durability, *, query_only: bool = False) -> apsw.Connection:
    """The same, with the store's own errors.

    Raises:
        StorageError: the file cannot be opened or is no SQLite file.
    """
    try:
        return open_connection(path, durability, query_only=query_only)
    except apsw.Error as error:
        raise storage_error(str(path), code_of_opening(path, error)) from error


def code_of_opening(path: Path, error: apsw.Error) -> int:
    """The system's own reason why a file cannot be opened; SQLite says only that it cannot."""
    if not os.access(path.parent, os.W_OK):
        return errno.EACCES
    try:
        os.close(os.open(path, os.O_RDWR))
    except OSError as refused:
        return refused.errno or errno.EIO
    return _CODES.get(type(error), errno.EIO)


def translate(connection: apsw.Connection, path: Path, error: apsw.Error) -> StorageError:
    """What an error of SQLite means to the store, with the system's errno where there was one."""
    code = _CODES.get(type(error))
    if code is None:
        # The connection remembers the errno of its last failed system call; a closed one has forgotten it.
        with suppress(apsw.Error):
            code = connection.system_errno
    return storage_error(str(path), code or errno.EIO)


class Snapshot:
    """One consistent state of the database, for reading."""

    __slots__ = ("_execute",)

    def __init__(self, connection: apsw.Connection) -> None:
        # apsw's cursors are iterators of rows, and say so only of themselves.
        self._execute: Callable[[str, Params], Iterator[Row]] = connection.execute

    def execute(self, sql: str, params: Params = ()) -> Iterator[Row]:
        """Run one statement; its rows come lazily, and only while the transaction lasts."""
        return self._execute(sql, params)

    def row(self, sql: str, params: Params = ()) -> Row | None:
        """The first row, or None."""
        return next(self._execute(sql, params), None)

    def value(self, sql: str, params: Params = ()) -> SqlValue:
        """The first column of the first row; None also when there is no row."""
        row = next(self._execute(sql, params), None)
        return None if row is None else row[0]

    @property
    def expired(self) -> bool:
        """Whether it may be used no more."""
        return self._execute is _interrupted

    def expire(self) -> None:
        """Let every further statement fail with `apsw.InterruptError`; for another thread to call."""
        self._execute = _interrupted


def _interrupted(_sql: str, _params: Params) -> NoReturn:
    raise apsw.InterruptError
