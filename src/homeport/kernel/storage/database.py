"""Group commit: how many small writes become one transaction, and what their callers may rely on.

`write(fn)` runs `fn` at once, in a savepoint of the open batch. The batch commits at the end of the event loop's
turn, and only then does any of its callers get an answer: a result is durable when it is seen, and so is an error,
which may rest on what another fn of the same batch has changed. A failed fn takes back its own changes alone. If the
commit fails, all changes are taken back and every caller of the batch gets the `StorageError`.

A commit that waits for the disk (each one with durability "power"; with "process" those around a checkpoint) runs in
a thread. SQLite's connection can do nothing else meanwhile, so writers that come then wait for their turn before
their fn runs; together they are the next batch.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from homeport.kernel.clock import Clock
from homeport.kernel.storage.errors import StorageError
from homeport.kernel.storage.migrations import Migration, migrate
from homeport.kernel.storage.snapshots import LongReads, Reader
from homeport.kernel.storage.sqlite import Durability, Snapshot
from homeport.kernel.storage.wal import WriteAheadLog
from homeport.kernel.storage.writer import TransactionLost, Tx, Writer

__all__ = ["Database", "DatabaseClosed", "Durability", "Snapshot", "Tx"]

T = TypeVar("T")


class DatabaseClosed(RuntimeError):
    """A write came after `close`."""


class _Batch:
    """Writes that commit together, and who waits for them."""

    __slots__ = ("_waiters", "callbacks", "failure", "tx")

    def __init__(self, writer: Writer) -> None:
        self.callbacks: list[Callable[[], object]] = []
        self.failure: StorageError | None = None
        self.tx = writer.begin(self.callbacks)
        self._waiters: list[asyncio.Future[None]] = []

    async def settled(self) -> None:
        """Wait for the commit.

        Raises:
            StorageError: it failed.
        """
        if self.failure is None:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        if self.failure is not None:
            raise self.failure.again() from self.failure

    def settle(self, failure: StorageError | None) -> None:
        """Answer everybody."""
        self.failure = failure
        if failure is None:
            # Through the loop, so that one bad callback cannot keep the others from their answer.
            loop = asyncio.get_running_loop()
            for callback in self.callbacks:
                loop.call_soon(callback)
        _wake(self._waiters)


class Database:
    """One SQLite file, written in groups by one process and read on snapshots.

    All methods belong to the event loop's thread.
    """

    def __init__(self, path: Path, durability: Durability, *, log: WriteAheadLog | None = None) -> None:
        self._path = path
        self._log = log or WriteAheadLog()
        self._writer = Writer(path, durability, self._log)
        self._reader = Reader(path, durability)
        self._long_reads = LongReads(path, durability)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"commit-{path.stem}")
        self._always_in_thread = durability == "power"
        self._batch: _Batch | None = None
        self._committing = False
        self._closed = False
        self._turns: list[asyncio.Future[None]] = []

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        migrations: Sequence[Migration],
        durability: Durability,
        clock: Clock,
        backups: Path | None = None,
    ) -> Self:
        """Open or make the file, and bring its schema up to date.

        An older file is copied into `backups` (by default its own directory) before it is changed.

        Raises:
            OperatorError: the file is newer than this program, or no database.
            StorageError: the disk failed.
        """
        migrate(path, migrations, backups=backups or path.parent, clock=clock)
        return cls(path, durability)

    @property
    def log_pages(self) -> int:
        """Length of the write-ahead log after the last commit, in pages of 4 KiB."""
        return self._log.pages

    @property
    def checkpoint_failure(self) -> str | None:
        """Why the last checkpoint failed; writes go on, but the log grows."""
        return self._log.failure

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` in a transaction and return its result once that is durable.

        `fn` touches only its argument. A caller who is cancelled while it waits for the commit may find it done.

        Raises:
            StorageError: nothing was changed.
            DatabaseClosed: the same.
            Exception: whatever `fn` raised; its changes are taken back.
        """
        if self._closed:
            raise DatabaseClosed(str(self._path))
        while self._committing:
            await self._turn()
        batch = self._batch or self._begin()
        try:
            return self._writer.run(fn, batch.tx)
        except TransactionLost as lost:
            self._batch = None
            batch.settle(lost.failure)
            raise
        finally:
            await batch.settled()

    async def read(self, fn: Callable[[Snapshot], T]) -> T:
        """Run `fn`, which takes less than a millisecond, on the last committed state.

        Raises:
            StorageError: the disk failed.
        """
        return self._reader.read(fn)

    async def read_long(self, fn: Callable[[Snapshot], T]) -> T:
        """Run `fn` in a thread, on the state that is committed when it starts.

        Raises:
            SnapshotExpired: too much was written meanwhile (see `wal`); it may be tried again.
            StorageError: the disk failed.
        """
        return await self._long_reads.read(fn)

    async def close(self) -> None:
        """Wait for the writes that have been asked for, fold the log into the file and close it; long reads are cut."""
        if self._closed:
            return
        self._closed = True
        while self._committing or self._batch is not None:
            await self._turn()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close_connections)
        self._thread.shutdown()

    def _close_connections(self) -> None:
        # The one that may write goes last: it is then alone, and folds the log into the file.
        self._long_reads.close()
        self._reader.close()
        self._writer.close()

    async def _turn(self) -> None:
        """Wait until a commit has ended."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        await turn

    def _begin(self) -> _Batch:
        self._batch = _Batch(self._writer)
        asyncio.get_running_loop().call_soon(self._commit, self._batch)
        return self._batch

    def _commit(self, batch: _Batch) -> None:
        if batch is not self._batch:
            return
        if not self._always_in_thread and not self._log.needs_thread:
            self._settle(batch, self._writer.commit())
            return
        self._committing = True
        commit = asyncio.get_running_loop().run_in_executor(self._thread, self._writer.commit)
        commit.add_done_callback(lambda done: self._settle(batch, done.result()))

    def _settle(self, batch: _Batch, failure: StorageError | None) -> None:
        self._batch = None
        self._committing = False
        batch.settle(failure)
        turns, self._turns = self._turns, []
        _wake(turns)
        if self._log.too_long:
            self._long_reads.expire()


def _wake(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
