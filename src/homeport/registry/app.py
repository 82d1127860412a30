"""The registry's half of Homeport, put together from its settings."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from homeport.kernel.auth.principal import ANONYMOUS
from homeport.kernel.auth.verifier import Verifier
from homeport.kernel.auth.watch import UserFileNotice
from homeport.kernel.clock import Clock
from homeport.kernel.config import Settings
from homeport.kernel.errors import OperatorError
from homeport.kernel.health import Health
from homeport.kernel.http.address import TcpAddress
from homeport.kernel.http.message import Handler, Request, Response
from homeport.kernel.ids import Ids
from homeport.kernel.jobs import Job
from homeport.kernel.log import Log
from homeport.kernel.metrics import Metrics
from homeport.kernel.storage.database import Database
from homeport.kernel.storage.errors import StorageError
from homeport.kernel.storage.layout import DataDirectory
from homeport.kernel.storage.lock import DirectoryLock
from homeport.kernel.tls.places import AuthorityFiles
from homeport.registry.collect.online import collect_online, plan_online
from homeport.registry.collect.plan import Plan
from homeport.registry.jobs import registry_jobs
from homeport.registry.metrics import RegistryObserver, StorageNumbers, StorageTimes
from homeport.registry.model.access import Rules
from homeport.registry.operations.context import Policy, Registry
from homeport.registry.operations.gate import ended
from homeport.registry.operations.reconcile import count_bytes, reconcile_repository
from homeport.registry.store.content import Content
from homeport.registry.store.index import MIGRATIONS, Index
from homeport.registry.store.paths import Paths
from homeport.registry.store.space import Space
from homeport.registry.store.uploads import Uploads
from homeport.registry.wire.addresses import Addresses
from homeport.registry.wire.answers import protocol_error
from homeport.registry.wire.handler import RegistryHandler
from homeport.registry.wire.login import Login
from homeport.registry.wire.start_page import StartPage

_WORKERS = 8
_COLLECT_PATIENCE_SECONDS = 30.0


class RegistryHalf:
    """A registry that answers requests; its listeners and jobs are run by whoever opened it."""

    def __init__(self, settings: Settings, *, clock: Clock, ids: Ids, log: Log, metrics: Metrics) -> None:
        self._settings = settings
        self._log = log
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self.observer = RegistryObserver(metrics, log)

    @classmethod
    async def open(  # the composition root hands over everything by name
        cls,
        settings: Settings,
        data: DataDirectory,
        health: Health,
        *,
        clock: Clock,
        ids: Ids,
        log: Log,
        metrics: Metrics,
    ) -> Self:
        """Open the registry's files and index.

        Raises:
            OperatorError: something about them that the operator has to mend.
        """
        half = cls(settings, clock=clock, ids=ids, log=log, metrics=metrics)
        half._open(data, health)
        return half

    def _open(self, data: DataDirectory, health: Health) -> None:
        settings = self._settings
        durable = settings.durability == "power"
        paths = Paths(settings.registry_root)
        self._authority = AuthorityFiles(data.ca).certificate
        self._executor = ThreadPoolExecutor(_WORKERS, thread_name_prefix="registry")
        self._lock = _locked_root(settings.registry_root)
        content = Content(paths, durable=durable, ids=self._ids, times=StorageTimes(self._metrics))
        _prepare(content)
        self._database = Database.open(
            data.database("registry"),
            migrations=MIGRATIONS,
            durability=settings.durability,
            clock=self._clock,
            backups=data.backups,
        )
        self.registry = Registry(
            content=content,
            uploads=Uploads(paths, durable=durable, clock=self._clock, ids=self._ids, executor=self._executor),
            index=Index(self._database),
            rules=Rules.from_settings(
                settings.registry_access, settings.registry_groups, anonymous_pull=settings.registry_anonymous_pull
            ),
            space=Space(paths, min_free_bytes=settings.registry_min_free_bytes, max_bytes=settings.registry_max_bytes),
            clock=self._clock,
            ids=self._ids,
            executor=self._executor,
            policy=_policy(settings),
        )
        self._verifier = self._open_verifier()
        numbers = StorageNumbers(self._metrics, self.registry)
        self.jobs: tuple[Job, ...]
        jobs, check = registry_jobs(
            self.registry, self._log, numbers.take, expiry_seconds=settings.registry_upload_expiry_seconds
        )
        self.jobs = tuple(jobs)
        health.add("storagedriver_filesystem", check.problem)
        health.add_readiness("registry_index", self._index_missing)
        self._health = health

    def _open_verifier(self) -> Verifier | None:
        # Where nobody is to reach the registry nobody logs in, and no first user was made.
        if self._settings.registry_auth == "none" or not self._settings.listen_registry:
            return None
        return Verifier(
            self._settings.registry_htpasswd,
            self._clock,
            groups=self._settings.registry_groups,
            notify=self._tell_users,
        )

    def _tell_users(self, notice: UserFileNotice) -> None:
        path = str(self._settings.registry_htpasswd)
        for warning in notice.warnings:
            self._log.warning("password file", path=path, warning=warning)
        if notice.problem:
            self._log.warning("password file not taken over", path=path, problem=notice.problem)
        else:
            self._log.debug("password file read", path=path, users=notice.users)

    def _index_missing(self) -> str | None:
        return None if self.registry.indexed.is_set() else "the index is being built"

    @property
    def handler(self) -> Handler:
        """What answers the registry's requests."""
        settings = self._settings
        addresses = Addresses(public_url=settings.registry_public_url, relative=settings.registry_relative_urls)
        return RegistryHandler(
            self.registry,
            Login(
                self._verifier,
                self._clock,
                addresses,
                realm=settings.registry_realm,
                open_to_guests=self.registry.rules.allow_anywhere(ANONYMOUS, "pull"),
            ),
            addresses,
            health=self._health,
            observer=self.observer,
            start_page=self._start_page(),
            headers=[(name, value) for name, values in settings.registry_headers.items() for value in values],
            on_trouble=self._tell_trouble,
        )

    def _start_page(self) -> StartPage:
        settings = self._settings
        return StartPage(
            registry_url=settings.page_registry_url or settings.registry_public_url,
            aws_url=settings.page_aws_url or _own_aws_url(settings),
            authority=settings.page_authority or self._authority,
        )

    async def collect(self, *, preview: bool, untagged_seconds: float | None) -> Plan:
        """Delete what no manifest needs, or only say what that would be; pulls go on meanwhile.

        Args:
            preview: whether nothing is deleted.
            untagged_seconds: as in `plan_online`.

        Raises:
            GateBusy: a change was running and took too long.
            CollectionFailed: nothing was deleted, or not everything.
        """
        paths, now = Paths(self._settings.registry_root), self._clock.now()
        loop = asyncio.get_running_loop()

        def tell(line: str) -> None:
            self._log.info("garbage", line=line)

        if preview:
            return await loop.run_in_executor(self._executor, plan_online, paths, now, tell, untagged_seconds)
        async with self.registry.gate.shut(_COLLECT_PATIENCE_SECONDS):
            done = await ended(loop.run_in_executor(self._executor, collect_online, paths, now, tell, untagged_seconds))
            await count_bytes(self.registry)
        for name in {manifest.repository for manifest in done.manifests}:
            # The catalog is read from the index alone.
            await reconcile_repository(self.registry, name)
        return done

    def _tell_trouble(self, request: Request, error: StorageError) -> None:
        self._log.error("storage failed", path=request.raw_path, where=error.where, reason=str(error))

    def error_answers(self, status: int, reason: str) -> Response:
        """What goes wrong outside the handler, in the registry's form."""
        return protocol_error(status, reason)

    async def close(self) -> None:
        """Close the files; no request may be running any more."""
        if self._verifier is not None:
            self._verifier.close()
        if self.registry.pulls:
            try:
                await self.registry.index.note_pulls(self.registry.pulls.items())
            except StorageError as error:
                self._log.warning("last pulls not written down", reason=str(error))
        await self._database.close()
        self._executor.shutdown()
        self._lock.release()


def _own_aws_url(settings: Settings) -> str:
    """The AWS endpoint of this server, as it is told before it listens; empty where that cannot be known.

    Where it listens on every interface the URL has no host: who asks puts that in by which the server was found.
    """
    address = next((each for each in settings.listen_aws if isinstance(each, TcpAddress) and each.port), None)
    if address is None:
        return ""
    scheme = "https" if settings.tls_mode == "on" else "http"
    return f"{scheme}://{TcpAddress('' if address.everywhere else address.host, address.port)}"


def _policy(settings: Settings) -> Policy:
    return Policy(
        delete=settings.registry_delete,
        read_only=settings.registry_read_only,
        sparse_indexes=settings.registry_sparse_indexes,
        catalog_most=settings.registry_catalog_max,
        tags_most=settings.registry_tags_max,
    )


def _locked_root(root: Path) -> DirectoryLock:
    """The registry's own lock beside the data directory's: garbage collection takes it too, and knows only the root."""
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(f"the registry's directory {root} cannot be made: {error.strerror}") from error
    lock = DirectoryLock(root)
    lock.acquire()
    return lock


def _prepare(content: Content) -> None:
    try:
        content.prepare()
    except StorageError as error:
        raise OperatorError(
            f"the registry's directory cannot be written: {error}",
            hint="give it to the user who runs Homeport, or make room on its disk",
        ) from error
