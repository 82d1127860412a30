"""The one connection that writes: transactions, a savepoint for each write, and what is left when one of them fails."""

import errno
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import apsw

from homeport.kernel.storage.errors import StorageError, StorageFailed
from homeport.kernel.storage.sqlite import TROUBLE, Durability, Snapshot, connect, translate
from homeport.kernel.storage.wal import WriteAheadLog

T = TypeVar("T")


class Tx(Snapshot):
    """An open transaction, for one write; it also sees what earlier writes of the same batch have changed.

    Constraints are to be immediate: a deferred one is looked at by the commit, and would fail the whole batch.
    """

    __slots__ = ("_callbacks",)

    def __init__(self, connection: apsw.Connection, callbacks: list[Callable[[], object]]) -> None:
        super().__init__(connection)
        self._callbacks = callbacks

    def mark(self) -> int:
        """How many callbacks there are so far."""
        return len(self._callbacks)

    def forget(self, mark: int) -> None:
        """Drop the callbacks that came after a mark."""
        del self._callbacks[mark:]

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Call `callback` in the event loop once this write is durable; never if it fails."""
        self._callbacks.append(callback)


class TransactionLost(Exception):
    """SQLite has taken back the whole transaction, not one write alone; `failure` says why."""

    def __init__(self, failure: StorageError) -> None:
        super().__init__(failure)
        self.failure = failure


class Writer:
    """Begin, run some writes, commit. Any one thread at a time may call it."""

    def __init__(self, path: Path, durability: Durability, log: WriteAheadLog) -> None:
        self._path = path
        self._durability: Durability = durability
        self._log = log
        self._connection = self._open()
        self._usable = True

    def begin(self, callbacks: list[Callable[[], object]]) -> Tx:
        """Start a transaction.

        Raises:
            StorageError: the disk failed, or another process has held the file's write lock for too long.
        """
        if not self._usable:
            self._connection = self._open()
            self._usable = True
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except apsw.Error as error:
            raise translate(self._connection, self._path, error) from error
        return Tx(self._connection, callbacks)

    def run(self, fn: Callable[[Tx], T], tx: Tx) -> T:
        """Run `fn` in a savepoint of the open transaction; if it raises, its changes are taken back.

        Raises:
            StorageError: the disk failed; the transaction goes on without this write.
            TransactionLost: the same, and the transaction is gone.
            Exception: whatever `fn` raised.
        """
        execute = self._connection.execute
        mark = tx.mark()
        try:
            execute("SAVEPOINT write")
            result = fn(tx)
            execute("RELEASE write")
        except TROUBLE as error:
            failure = translate(self._connection, self._path, error)
            tx.forget(mark)
            self._undo(failure)
            raise failure from error
        except BaseException:
            tx.forget(mark)
            self._undo(StorageFailed(str(self._path), errno.EIO))
            raise
        return result

    def commit(self) -> StorageError | None:
        """Make the transaction durable; if that fails, take it back and say why.

        After a failed fsync the changes may lie in the log all the same, and a crash before the next commit may
        bring them back: as with any commit that was never acknowledged.
        """
        try:
            self._connection.execute("COMMIT")
        except apsw.Error as error:
            failure = translate(self._connection, self._path, error)
            self._roll_back()
            return failure
        if self._connection.txn_state() != apsw.SQLITE_TXN_NONE:
            # An iterator of rows has outlived its fn; it would keep the log from ever starting anew.
            self._drop_connection()
        else:
            self._log.tend(self._connection)
        return None

    def close(self) -> None:
        """Close the connection; the last one to go folds the log into the file."""
        self._connection.close(force=True)

    def _open(self) -> apsw.Connection:
        connection = connect(self._path, self._durability)
        self._log.watch(connection)
        return connection

    def _undo(self, failure: StorageError) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK TO write; RELEASE write")
            except apsw.Error:
                self._drop_connection()
            else:
                return
        raise TransactionLost(failure) from failure

    def _roll_back(self) -> None:
        if not self._connection.in_transaction:
            return
        try:
            self._connection.execute("ROLLBACK")
        except apsw.Error:
            self._drop_connection()

    def _drop_connection(self) -> None:
        """Close the connection, which ends whatever it holds; the next transaction opens another."""
        self._usable = False
        with suppress(apsw.Error):
            self._connection.close(force=True)
