"""Large bodies as files: received, linked, joined, opened, removed, and swept after a crash."""

import asyncio
import contextlib
import errno
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, Final

from homeport.kernel.ids import Ids
from homeport.kernel.storage.blobs import Hasher, Receiving, settle, storage_errors
from homeport.kernel.storage.database import Durability, Snapshot
from homeport.kernel.storage.errors import StorageError
from homeport.kernel.storage.rows import as_text
from homeport.kernel.streams import FileSlices, Slice

INLINE_BYTES: Final = 64 * 1024
"""Bodies up to this size are rows."""

_COPY_BYTES: Final = 8 * 1024 * 1024
_READ_BYTES: Final = 1024 * 1024
_NAME_BYTES: Final = 16
_THREADS: Final = 4
_NOT_HERE: Final = frozenset((errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.EPERM))
"""What says that a system, a sandbox or a file system does not copy ranges."""


class Files:
    """The folder of bodies.

    A file gets its final name before the row that names it commits: after a crash there may be files that no row
    names, which `sweep` removes, and never a row without its file. Names are random; no key ever becomes one.
    """

    def __init__(self, root: str, ids: Ids, *, durability: Durability) -> None:
        self._root = root
        self._ids = ids
        self._durable = durability == "power"
        self.threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="s3-body")
        # Files that have their final name and no row yet: a sweep leaves them.
        self._unlisted: set[str] = set()

    @property
    def _incoming(self) -> str:
        return os.path.join(self._root, "incoming")

    def prepare(self) -> None:
        """Make the folder, without what an earlier process had begun to write.

        Raises:
            StorageError: it cannot be made.
        """
        with storage_errors(self._incoming):
            os.makedirs(self._incoming, mode=0o700, exist_ok=True)
            with os.scandir(self._incoming) as entries:
                for entry in entries:
                    os.unlink(entry.path)

    def close(self) -> None:
        """Let the threads end."""
        self.threads.shutdown()

    def path(self, name: str) -> str:
        """Where a body lies."""
        return os.path.join(self._root, name[:2], name)

    def _new(self) -> tuple[str, str]:
        name = self._ids.hex(_NAME_BYTES)
        return name, os.path.join(self._incoming, name)

    async def receive(self, pieces: AsyncIterator[bytes], first: bytes, hashers: Sequence[Hasher]) -> tuple[str, int]:
        """Write a body while it comes; returns its name and its size.

        Raises:
            StorageError: the disk did not take it; nothing is left.
            Exception: whatever `pieces` raised; nothing is left.
        """
        name, temporary = self._new()
        receiving = Receiving(temporary, hashers, offset=0, executor=self.threads)
        try:
            await receiving.append(first)
            async for piece in pieces:
                await receiving.append(piece)
            await receiving.flush()
            await receiving.close(durable=self._durable)
            self._settle(name, temporary)
        except BaseException:
            await receiving.close(durable=False)
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        return name, receiving.size_bytes

    def _settle(self, name: str, temporary: str) -> None:
        self._unlisted.add(name)
        try:
            settle(temporary, self.path(name), durable=self._durable)
        except BaseException:
            self._unlisted.discard(name)
            raise

    def listed(self, names: Iterable[str]) -> None:
        """Rows name these files now, or never will: the sweep may judge them."""
        self._unlisted.difference_update(names)

    def link(self, name: str) -> str:
        """A second name for the same bytes.

        Raises:
            StorageError: the disk did not let us.
        """
        other, temporary = self._new()
        with storage_errors(temporary):
            os.link(self.path(name), temporary)
        self._settle(other, temporary)
        return other

    async def join(self, pieces: Sequence["str | bytes | tuple[str, int, int]"]) -> str:
        """A new body from whole ones, bytes, and ranges (name, start, count) of others, copied by the kernel if it can.

        Raises:
            StorageError: the disk did not take it; nothing is left.
        """
        name, temporary = self._new()
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self.threads, self._join, temporary, pieces)
            self._settle(name, temporary)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        return name

    def _join(self, target: str, pieces: Sequence["str | bytes | tuple[str, int, int]"]) -> None:
        with storage_errors(target), open(target, "xb", buffering=0) as out:
            for piece in pieces:
                if isinstance(piece, bytes):
                    _write(out.fileno(), piece)
                    continue
                name, start, count = (piece, 0, -1) if isinstance(piece, str) else piece
                with open(self.path(name), "rb", buffering=0) as source:
                    size = os.fstat(source.fileno()).st_size
                    _copy(source.fileno(), out.fileno(), start, size if count < 0 else count)
            if self._durable:
                os.fsync(out.fileno())

    async def digest(self, source: str | bytes, start: int, count: int, hashers: Sequence[Hasher]) -> None:
        """Feed a range of a body to running digests.

        Raises:
            StorageError: it cannot be read.
        """
        if isinstance(source, bytes):
            for hasher in hashers:
                hasher.update(source[start : start + count])
            return
        await asyncio.get_running_loop().run_in_executor(self.threads, _hash, self.path(source), start, count, hashers)

    def open(self, name: str, start: int, count: int) -> FileSlices:
        """A range of a body, for an answer.

        Raises:
            StorageError: it cannot be opened.
        """
        path = self.path(name)
        with storage_errors(path):
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return FileSlices(fd, (Slice(start, count),))

    def reader(self, name: str) -> BinaryIO:
        """A body, for somebody who reads it from the beginning and closes it.

        Raises:
            StorageError: it cannot be opened.
        """
        path = self.path(name)
        with storage_errors(path):
            return open(path, "rb")

    def remove(self, names: Iterable[str]) -> None:
        """Remove bodies that no row names any more."""
        for name in names:
            if name:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self.path(name))

    def removal(self, names: Sequence[str]) -> Callable[[], None]:
        """The same as a callback, for after the commit: in a thread, since a large file takes its time."""

        def remove() -> None:
            if names:
                asyncio.get_running_loop().run_in_executor(self.threads, self._remove_quietly, names)

        return remove

    def _remove_quietly(self, names: Sequence[str]) -> None:
        # What cannot be removed now is found by the next sweep.
        with contextlib.suppress(OSError, StorageError):
            self.remove(names)

    def stored(self) -> list[str]:
        """The names of all bodies on disk that are not just being written.

        Raises:
            StorageError: the folder cannot be read.
        """
        names: list[str] = []
        with storage_errors(self._root), os.scandir(self._root) as folders:
            for folder in folders:
                if folder.name != "incoming" and folder.is_dir():
                    names += os.listdir(folder.path)
        return [name for name in names if name not in self._unlisted]


def _write(target: int, data: bytes) -> None:
    # A disk that gets full takes a part, and says so only when asked for the rest.
    left = memoryview(data)
    while left:
        left = left[os.write(target, left) :]


def _copy(source: int, target: int, start: int, count: int) -> None:
    offset, left = start, count
    while left:
        copied = _copy_inside(source, target, offset, min(left, _COPY_BYTES))
        if copied == 0:
            piece = os.pread(source, min(left, _READ_BYTES), offset)
            if not piece:
                raise OSError(errno.EIO, "a body is shorter than its row says")
            _write(target, piece)
            copied = len(piece)
        offset, left = offset + copied, left - copied


def _copy_inside(source: int, target: int, offset: int, count: int) -> int:
    """Copy inside the kernel; nothing where the system or the file system cannot, as on macOS."""
    if not hasattr(os, "copy_file_range"):
        return 0
    try:
        return os.copy_file_range(source, target, count, offset)
    except OSError as error:
        if error.errno in _NOT_HERE:
            return 0
        raise


def _hash(path: str, start: int, count: int, hashers: Sequence[Hasher]) -> None:
    with storage_errors(path), open(path, "rb", buffering=0) as file:
        offset, left = start, count
        while left:
            piece = os.pread(file.fileno(), min(left, _READ_BYTES), offset)
            if not piece:
                raise OSError(errno.EIO, "a body is shorter than its row says")
            for hasher in hashers:
                hasher.update(piece)
            offset, left = offset + len(piece), left - len(piece)


def named(snapshot: Snapshot) -> set[str]:
    """The names of all files that rows name."""
    rows = snapshot.execute(
        "SELECT body_file FROM s3_version WHERE body_file <> '' UNION ALL"
        " SELECT body_file FROM s3_part WHERE body_file <> ''"
    )
    return {as_text(name) for (name,) in rows}
