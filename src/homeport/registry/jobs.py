"""The registry's background work: abandoned uploads, the index, numbers, and whether the disk still answers."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from homeport.kernel.clock import Millis
from homeport.kernel.jobs import Job, Next
from homeport.kernel.log import Log
from homeport.registry.model.names import RepositoryName, UploadId
from homeport.registry.operations.context import Registry
from homeport.registry.operations.reconcile import count_bytes, reconcile_all
from homeport.registry.store.index import RepositoryStatistics
from homeport.registry.store.scan import Damage, scan_repositories, scan_uploads

_HOUR_SECONDS: Final = 3600
_UNDER_PRESSURE_SECONDS: Final = 3600
"""On a full disk, uploads that nobody has touched for so long are given up."""
_MOST_DAMAGE_LOGGED: Final = 100


class PurgeUploads:
    """Frees what abandoned uploads hold: after the time that the settings say, or early when the disk runs full."""

    name = "registry-upload-purge"

    def __init__(self, registry: Registry, log: Log, *, expiry_seconds: float, interval_seconds: float) -> None:
        self._registry = registry
        self._log = log
        self._expiry = expiry_seconds
        self._interval = interval_seconds

    async def run_due(self, now: Millis) -> Next:
        """Remove sessions that nobody has touched for too long."""
        pressed = self._registry.space.is_short()
        expiry = min(self._expiry, _UNDER_PRESSURE_SECONDS) if pressed else self._expiry
        before = Millis(now - int(expiry * 1000))
        loop = asyncio.get_running_loop()
        sessions = await loop.run_in_executor(self._registry.executor, self._sessions)
        for name, upload_id in sessions:
            if self._registry.uploads.expired(name, upload_id, before=before):
                self._registry.uploads.remove(self._registry.uploads.find_any(name, upload_id))
                self._log.info("abandoned upload removed", repository=name, upload=upload_id)
        return Next.after(now, seconds=min(self._interval, _HOUR_SECONDS) if not pressed else 60)

    def _sessions(self) -> Sequence[tuple[RepositoryName, UploadId]]:
        paths = self._registry.content.paths
        return [
            (name, upload)
            for name in scan_repositories(paths)
            if not isinstance(name, Damage)
            for upload in scan_uploads(paths, name)
            if not isinstance(upload, Damage)
        ]


class KeepIndex:
    """Brings the index into step with the directories: at the start, and every ten minutes for foreign writes."""

    name = "registry-index"
    _INTERVAL_SECONDS = 600

    def __init__(self, registry: Registry, log: Log) -> None:
        self._registry = registry
        self._log = log
        self._told: set[str] = set()

    async def run_due(self, now: Millis) -> Next:
        """Look at every repository's stamp."""
        changed = await reconcile_all(self._registry, self._tell)
        if changed:
            self._log.info("index brought into step with the files", repositories=changed)
        if not self._registry.indexed.is_set():
            await count_bytes(self._registry)
            self._registry.indexed.set()
        return Next.after(now, seconds=self._INTERVAL_SECONDS)

    def _tell(self, damage: Damage) -> None:
        """Say once what is wrong with a file."""
        if damage.path not in self._told and len(self._told) < _MOST_DAMAGE_LOGGED:
            self._told.add(damage.path)
            self._log.warning("damaged file in the registry", path=damage.path, reason=damage.reason)


class KeepNumbers:
    """Writes down when repositories were pulled from, and takes their sizes for the metrics."""

    name = "registry-statistics"
    _INTERVAL_SECONDS = 60

    def __init__(self, registry: Registry, take: Callable[[Sequence[RepositoryStatistics]], None]) -> None:
        self._registry = registry
        self._take = take

    async def run_due(self, now: Millis) -> Next:
        """Save pulls, read sizes."""
        await self._registry.indexed.wait()
        pulls, self._registry.pulls = self._registry.pulls, {}
        if pulls:
            await self._registry.index.note_pulls(pulls.items())
        self._take(await self._registry.index.statistics())
        return Next.after(now, seconds=self._INTERVAL_SECONDS)


class CheckStorage:
    """Whether the registry's disk still takes a file: three failures in a row are told by the health page."""

    name = "registry-storage-check"
    _INTERVAL_SECONDS = 10
    _THRESHOLD = 3

    def __init__(self, registry: Registry) -> None:
        self._probe = Path(registry.content.paths.own) / "incoming" / ".health"
        self._executor = registry.executor
        self._failures = 0
        self._problem = ""

    def problem(self) -> str | None:
        """What is wrong, once it has been so for a while."""
        return self._problem if self._failures >= self._THRESHOLD else None

    async def run_due(self, now: Millis) -> Next:
        """Make a file and remove it."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._executor, _touch, self._probe)
        except OSError as error:
            self._failures += 1
            self._problem = f"{self._probe}: {error.strerror}"
        else:
            self._failures = 0
        return Next.after(now, seconds=self._INTERVAL_SECONDS)


def _touch(path: Path) -> None:
    path.touch()
    path.unlink()


def registry_jobs(
    registry: Registry, log: Log, numbers: Callable[[Sequence[RepositoryStatistics]], None], *, expiry_seconds: float
) -> tuple[Sequence[Job], CheckStorage]:
    """All of them, and the one that the health page asks."""
    check = CheckStorage(registry)
    purge = PurgeUploads(registry, log, expiry_seconds=expiry_seconds, interval_seconds=_HOUR_SECONDS)
    return (KeepIndex(registry, log), KeepNumbers(registry, numbers), purge, check), check
