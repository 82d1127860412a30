"""Upload sessions: the bytes of a blob on their way in, resumable after a lost connection or a killed server.

A session is a directory with `startedat` and `data`. Its running digest lives in memory only: after a restart, or
when too many sessions are open, it is computed again from the file before the next byte is taken.
"""

import asyncio
import os
import shutil
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from homeport.kernel.clock import Clock, Millis, from_datetime, to_datetime
from homeport.kernel.ids import Ids
from homeport.kernel.storage.blobs import Receiving, hash_file, make_directories, storage_errors
from homeport.registry.errors import BlobUploadUnknown, UploadBusy
from homeport.registry.model.digest import ALGORITHMS, Algorithm, Digest, Hasher, finish, new_hasher
from homeport.registry.model.names import RepositoryName, UploadId
from homeport.registry.store.paths import Paths

_REMEMBERED = 1024
_LONGEST_STARTED_AT_BYTES = 64


@dataclass(slots=True, eq=False)
class Upload:
    """One session. `size_bytes` have been received, written and hashed by `hashers`."""

    name: RepositoryName
    id: UploadId
    started_at: Millis
    size_bytes: int = 0
    hashers: dict[Algorithm, Hasher] = field(default_factory=dict)
    """Running digests of exactly `size_bytes`; empty when they have to be computed from the file first."""
    busy: bool = False


class Uploads:
    """The sessions of one registry."""

    def __init__(self, paths: Paths, *, durable: bool, clock: Clock, ids: Ids, executor: Executor) -> None:
        self._paths = paths
        self._durable = durable
        self._clock = clock
        self._ids = ids
        self._executor = executor
        self._known: OrderedDict[UploadId, Upload] = OrderedDict()

    def create(self, name: RepositoryName, algorithm: Algorithm) -> Upload:
        """Open a session.

        Args:
            name: the repository that the blob is for.
            algorithm: what the client will name the blob by, as far as it has said so.

        Raises:
            StorageFull, StorageFailed: nothing was made.
        """
        upload = Upload(name, UploadId(self._ids.uuid()), self._clock.now())
        directory = self._paths.upload(name, upload.id)
        # Nothing of a session is synced before its end: to lose power is to begin it anew.
        with storage_errors(directory):
            make_directories(directory)
            with open(self._paths.upload_started_at(name, upload.id), "wb", buffering=0) as file:
                file.write(_rfc3339(upload.started_at))
        upload.hashers = _new_hashers({"sha256", algorithm})
        self._remember(upload)
        return upload

    def find(self, name: RepositoryName, upload_id: UploadId) -> Upload:
        """A session of a repository.

        Raises:
            BlobUploadUnknown: never opened, completed, cancelled or expired.
        """
        known = self._known.get(upload_id)
        if known is not None:
            if known.name != name:
                raise BlobUploadUnknown
            return known
        started_at = self._started_at(name, upload_id)
        if started_at is None:
            raise BlobUploadUnknown
        upload = Upload(name, upload_id, started_at, self._size(name, upload_id))
        if upload.size_bytes == 0:
            upload.hashers = _new_hashers({"sha256"})
        self._remember(upload)
        return upload

    @contextmanager
    def hold(self, upload: Upload) -> Iterator[None]:
        """Be the only one who writes to a session.

        Raises:
            UploadBusy: somebody else does.
        """
        if upload.busy:
            raise UploadBusy
        upload.busy = True
        try:
            yield
        finally:
            upload.busy = False

    async def receive_into(self, upload: Upload, algorithm: Algorithm) -> Receiving:
        """Open a session's file for its next bytes; the caller holds the session and closes the file.

        Raises:
            StorageFull, StorageFailed: the file cannot be read or written.
        """
        await self._ensure_hashers(upload, algorithm)
        return Receiving(
            self._paths.upload_data(upload.name, upload.id),
            list(upload.hashers.values()),
            offset=upload.size_bytes,
            executor=self._executor,
        )

    async def digest(self, upload: Upload, algorithm: Algorithm) -> Digest:
        """What the received bytes hash to.

        Raises:
            StorageFailed: they had to be read again, and cannot be.
        """
        await self._ensure_hashers(upload, algorithm)
        return finish(upload.hashers[algorithm], algorithm)

    def data_path(self, upload: Upload) -> str:
        """Where the received bytes lie."""
        return self._paths.upload_data(upload.name, upload.id)

    async def sync(self, upload: Upload) -> None:
        """Bring the received bytes to disk, if they must survive the loss of power."""
        if self._durable and upload.size_bytes:
            await asyncio.get_running_loop().run_in_executor(self._executor, _sync_file, self.data_path(upload))

    def remove(self, upload: Upload) -> None:
        """End a session and free its bytes."""
        self._known.pop(upload.id, None)
        # Without startedat it exists for nobody, whatever happens to the rest.
        with suppress(OSError):
            os.unlink(self._paths.upload_started_at(upload.name, upload.id))
        shutil.rmtree(self._paths.upload(upload.name, upload.id), ignore_errors=True)

    def find_any(self, name: RepositoryName, upload_id: UploadId) -> Upload:
        """A session, also one that nobody can use because a crash left it half made."""
        try:
            return self.find(name, upload_id)
        except BlobUploadUnknown:
            return Upload(name, upload_id, self._clock.now())

    def expired(self, name: RepositoryName, upload_id: UploadId, *, before: Millis) -> bool:
        """Whether nobody has touched a session since a moment; one in use never is."""
        known = self._known.get(upload_id)
        if known is not None and known.busy:
            return False
        touched = self._touched_at(name, upload_id)
        return touched is not None and touched < before

    async def _ensure_hashers(self, upload: Upload, algorithm: Algorithm) -> None:
        if algorithm in upload.hashers:
            return
        if upload.size_bytes == 0:
            upload.hashers = _new_hashers({"sha256", algorithm})
            return
        hashers = _new_hashers({"sha256", algorithm})
        path = self.data_path(upload)
        loop = asyncio.get_running_loop()
        upload.size_bytes = await loop.run_in_executor(self._executor, hash_file, path, list(hashers.values()))
        upload.hashers = hashers

    def _remember(self, upload: Upload) -> None:
        self._known[upload.id] = upload
        if len(self._known) > _REMEMBERED:
            oldest = next((known for known in self._known.values() if not known.busy), None)
            if oldest is not None:
                del self._known[oldest.id]

    def _started_at(self, name: RepositoryName, upload_id: UploadId) -> Millis | None:
        try:
            with open(self._paths.upload_started_at(name, upload_id), "rb") as file:
                text = file.read(_LONGEST_STARTED_AT_BYTES).decode("ascii", "replace")
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            return from_datetime(datetime.fromisoformat(text.strip()))
        except ValueError:
            return None

    def _size(self, name: RepositoryName, upload_id: UploadId) -> int:
        try:
            return os.stat(self._paths.upload_data(name, upload_id)).st_size
        except FileNotFoundError:
            return 0

    def _touched_at(self, name: RepositoryName, upload_id: UploadId) -> Millis | None:
        for path in (self._paths.upload_data(name, upload_id), self._paths.upload(name, upload_id)):
            with suppress(FileNotFoundError):
                return Millis(os.stat(path).st_mtime_ns // 1_000_000)
        return None


def _new_hashers(algorithms: set[Algorithm]) -> dict[Algorithm, Hasher]:
    return {name: new_hasher(name) for name in ALGORITHMS if name in algorithms}


def _rfc3339(at: Millis) -> bytes:
    return to_datetime(at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()


def _sync_file(path: str) -> None:
    with storage_errors(path):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            # An earlier try has synced it and given it its place, and failed after that.
            return
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
