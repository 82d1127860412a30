"""Files that are written once: hashed while they are received, then renamed to the place where they stay."""

import asyncio
import contextlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from typing import Protocol

from homeport.kernel.storage.errors import from_os_error

_BATCH_BYTES = 512 * 1024
_INLINE_BYTES = 64 * 1024
_REHASH_BYTES = 1024 * 1024
_FILE_MODE = 0o666
_MOST_PIECES = 512  # of one writev, below every system's IOV_MAX


class Hasher(Protocol):
    """A running digest, as hashlib makes them."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take in more bytes."""
        ...


@contextlib.contextmanager
def storage_errors(where: str = "storage") -> Iterator[None]:
    """Tell an `OSError` of the enclosed file operations as the store's own error."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, where) from error


class Receiving:
    """A file that grows as its bytes arrive, hashed on the way.

    Pieces are gathered to half a megabyte, which stays in the processor's cache; a worker thread writes and hashes one
    batch while the next is gathered, so that receiving and hashing each have a core of their own and at most two
    batches are held in memory.
    What is written has been hashed and what has been hashed is written: `size_bytes` tells how far both are.
    """

    __slots__ = ("_executor", "_fd", "_gathered", "_gathered_bytes", "_hashers", "_path", "_running", "size_bytes")

    def __init__(self, path: str, hashers: Sequence[Hasher], *, offset: int, executor: Executor) -> None:
        """Open for appending behind `offset`; what the file holds beyond it is cut off.

        Raises:
            StorageFull, StorageFailed: the file cannot be opened.
        """
        self._path = path
        with storage_errors(path):
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
            if os.fstat(self._fd).st_size != offset:
                os.ftruncate(self._fd, offset)
        self._hashers = tuple(hashers)
        self._executor = executor
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._running: asyncio.Future[None] | None = None
        self.size_bytes = offset

    async def append(self, piece: bytes) -> None:
        """Take the next bytes; returns at once unless two batches are waiting already.

        Raises:
            StorageFull, StorageFailed: an earlier batch could not be written; nothing of it counts.
        """
        self._gathered.append(piece)
        self._gathered_bytes += len(piece)
        if self._gathered_bytes >= _BATCH_BYTES or len(self._gathered) >= _MOST_PIECES:
            await self._finish_running()
            pieces = self._take_gathered()
            self._running = asyncio.get_running_loop().run_in_executor(self._executor, self._write, pieces)

    async def flush(self) -> None:
        """Return when all bytes taken are written and hashed.

        Raises:
            StorageFull, StorageFailed: they could not be written.
        """
        await self._finish_running()
        if self._gathered_bytes > _INLINE_BYTES:
            pieces = self._take_gathered()
            self._running = asyncio.get_running_loop().run_in_executor(self._executor, self._write, pieces)
            await self._finish_running()
        elif self._gathered:
            self._write(self._take_gathered())

    async def close(self, *, durable: bool) -> None:
        """Close the file, bringing it to disk first if it must survive a loss of power; a second call does nothing.

        Bytes taken and not flushed are dropped.
        """
        with contextlib.suppress(OSError):
            await self._finish_running()
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        try:
            if durable:
                with storage_errors(self._path):
                    await asyncio.get_running_loop().run_in_executor(self._executor, os.fsync, fd)
        finally:
            os.close(fd)

    def _take_gathered(self) -> list[bytes]:
        pieces, self._gathered, self._gathered_bytes = self._gathered, [], 0
        return pieces

    async def _finish_running(self) -> None:
        if self._running is None:
            return
        running = self._running
        # The thread cannot be stopped; when we are, it has to end before anyone closes its descriptor.
        while not running.done():
            try:
                await asyncio.wait([running])
            except asyncio.CancelledError:
                await asyncio.wait([running])
                raise
        self._running = None
        if running.exception() is not None:
            # What was gathered behind the lost batch has no place any more.
            self._take_gathered()
        running.result()

    def _write(self, pieces: Sequence[bytes]) -> None:
        with storage_errors(self._path):
            try:
                _write_all(self._fd, pieces, self.size_bytes)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._fd, self.size_bytes)
                raise
        for piece in pieces:
            for hasher in self._hashers:
                hasher.update(piece)
        self.size_bytes += sum(map(len, pieces))


def _write_all(fd: int, pieces: Sequence[bytes], offset: int) -> None:
    left: list[memoryview] = [memoryview(piece) for piece in pieces]
    while left:
        written = os.pwritev(fd, left, offset)
        offset += written
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if written:
            left[0] = left[0][written:]


def hash_file(path: str, hashers: Sequence[Hasher]) -> int:
    """Feed a whole file to running digests; returns its size in bytes.

    Raises:
        FileNotFoundError: there is none.
        StorageFailed: it cannot be read.
    """
    size = 0
    with open(path, "rb", buffering=0) as file, storage_errors(path):
        buffer = memoryview(bytearray(_REHASH_BYTES))
        while count := file.readinto(buffer):
            for hasher in hashers:
                hasher.update(buffer[:count])
            size += count
    return size


def settle(temporary: str, final: str, *, durable: bool) -> None:
    """Give a finished file its final name, making the directories above it; a file already there is replaced.

    Raises:
        StorageFull, StorageFailed: the file is still under its old name.
    """
    with storage_errors(final):
        directory = os.path.dirname(final)
        made = make_directories(directory)
        os.replace(temporary, final)
        if durable:
            sync_directories([directory, *made])


def make_directories(directory: str) -> list[str]:
    """Make a directory and those above it; returns the parents whose entries changed, innermost first."""
    changed = []
    missing = directory
    while not os.path.isdir(missing):
        missing = os.path.dirname(missing)
        changed.append(missing)
    if changed:
        os.makedirs(directory, exist_ok=True)
    return changed


def sync_directories(directories: Sequence[str]) -> None:
    """Bring the entries of directories to disk."""
    for directory in dict.fromkeys(directories):
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
