"""Reading: short reads in the event loop's thread, long ones in threads of their own, each on one snapshot."""

import asyncio
import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from homeport.kernel.storage.errors import SnapshotExpired
from homeport.kernel.storage.sqlite import TROUBLE, Durability, Snapshot, connect, translate

T = TypeVar("T")

_STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's virtual machine: about 100 us

LONG_READS = 4
"""How many long reads run at once; more wait."""


class Reader:
    """A connection that only reads; in one thread at a time."""

    def __init__(self, path: Path, durability: Durability) -> None:
        self._path = path
        self._durability: Durability = durability
        self._snapshot: Snapshot | None = None
        self._stopping = False
        self._connection = self._open()

    def read(self, fn: Callable[[Snapshot], T]) -> T:
        """Run `fn` on one consistent state.

        Raises:
            SnapshotExpired: it was cut off.
            StorageError: the disk failed.
        """
        connection = self._connection
        try:
            connection.execute("BEGIN")
            self._snapshot = snapshot = Snapshot(connection)
            if self._stopping:
                snapshot.expire()
            return fn(snapshot)
        except apsw.InterruptError as error:
            raise SnapshotExpired(str(self._path), errno.ECANCELED) from error
        except TROUBLE as error:
            raise translate(connection, self._path, error) from error
        finally:
            self._snapshot = None
            self._end()

    def _end(self) -> None:
        connection = self._connection
        if connection.in_transaction:
            connection.execute("COMMIT")
        if connection.txn_state() != apsw.SQLITE_TXN_NONE:
            # An iterator of rows outlives fn (returned, or held by an exception's traceback) and would pin this
            # snapshot: later reads on this connection would see the past. Closing the connection ends it.
            connection.close(force=True)
            self._connection = self._open()

    def _open(self) -> apsw.Connection:
        connection = connect(self._path, self._durability, query_only=True)
        # SQLite's own interrupt is lost on a statement that is just about to start; this is asked again and again.
        connection.set_progress_handler(self._is_expired, _STEPS_BETWEEN_LOOKS)
        return connection

    def _is_expired(self) -> bool:
        return self._snapshot is not None and self._snapshot.expired

    def expire(self) -> None:
        """Cut off the read that is running, if one is; from another thread."""
        snapshot = self._snapshot
        if snapshot is not None:
            snapshot.expire()
            self._connection.interrupt()

    def stop(self) -> None:
        """Cut off this read and all that follow; from another thread."""
        self._stopping = True
        self.expire()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close(force=True)


class LongReads:
    """Threads for reads that would hold up the event loop, each with a connection that it keeps."""

    def __init__(self, path: Path, durability: Durability) -> None:
        self._path = path
        self._durability: Durability = durability
        self._threads = ThreadPoolExecutor(LONG_READS, thread_name_prefix=f"read-{path.stem}")
        self._idle: list[Reader] = []
        self._running: set[Reader] = set()
        self._stopping = False

    async def read(self, fn: Callable[[Snapshot], T]) -> T:
        """Run `fn` in a thread, on the state of the moment when it starts there.

        Raises:
            SnapshotExpired: the log grew too long meanwhile.
            StorageError: the disk failed.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, fn)

    def _read(self, fn: Callable[[Snapshot], T]) -> T:
        reader = self._take()
        self._running.add(reader)
        try:
            # `close` first notes that it stops and then looks who runs: it sees this reader, or we see the note.
            if self._stopping:
                reader.stop()
            return reader.read(fn)
        finally:
            self._running.discard(reader)
            self._idle.append(reader)

    def _take(self) -> Reader:
        try:
            return self._idle.pop()
        except IndexError:
            return Reader(self._path, self._durability)

    def expire(self) -> None:
        """Cut off all that run now."""
        for reader in tuple(self._running):
            reader.expire()

    def close(self) -> None:
        """Cut off what runs, wait for the threads, close the connections."""
        self._stopping = True
        for reader in tuple(self._running):
            reader.stop()
        self._threads.shutdown(cancel_futures=True)
        for reader in self._idle:
            reader.close()
