"""The composition root: settings -> clock, ids, stores, halves, listeners, jobs. The only file that knows everyone."""

import asyncio
import gc
import os
import signal
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from homeport import VERSION
from homeport.kernel.auth.userfile import ensure_htpasswd
from homeport.kernel.clock import SystemClock
from homeport.kernel.config import Settings
from homeport.kernel.errors import OperatorError
from homeport.kernel.file_limit import CONNECTIONS, connections_that_park, file_limit, raise_file_limit
from homeport.kernel.health import Health
from homeport.kernel.http.access_log import AccessLog
from homeport.kernel.http.address import Address
from homeport.kernel.http.forwarded import TrustedProxies
from homeport.kernel.http.limits import Limits
from homeport.kernel.http.listener import Listener
from homeport.kernel.http.server import Service
from homeport.kernel.http.service_pages import debug_handler, plain_error, with_health, without_browsers
from homeport.kernel.ids import SystemIds
from homeport.kernel.jobs import Runner, add_job_metrics
from homeport.kernel.log import route_library_logs, stderr_log
from homeport.kernel.metrics import Metrics
from homeport.kernel.process_metrics import add_process_metrics
from homeport.kernel.runfile import RunFile
from homeport.kernel.storage.layout import DataDirectory
from homeport.kernel.storage.lock import DirectoryLock
from homeport.kernel.tls.serving import KeepTls, ServingTls
from homeport.registry.app import RegistryHalf
from homeport.registry.wire.collection import with_collection

if TYPE_CHECKING:
    from homeport.aws.app import AwsHalf

_THREADS = 32
_JOBS_STOP_SECONDS = 5.0
_AWS_NAMES = (
    "localhost.localstack.cloud",
    "*.localhost.localstack.cloud",
    "*.s3.localhost.localstack.cloud",
    "*.localhost",
    "*.s3.localhost",
)
"""Host names that tools use for a local AWS; a wildcard stands for one label."""


@dataclass(frozen=True, slots=True)
class Started:
    """What there is to tell once the server listens."""

    version: str
    data_dir: Path
    addresses: list[tuple[str, str]]
    tls: bool
    user: str | None
    generated_password: str | None
    ca_fingerprint: str | None
    seconds: float
    aws_auth: Literal["", "open", "signed"] = ""
    """Whom the AWS endpoint believes; empty where there is none."""
    asks_password: bool = False
    """Whether the registry knows its users by passwords; without a `user` nobody can log in then."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What `homeport up` was told beside the settings.

    Attributes:
        user: of the first start.
        password: likewise; None lets Homeport generate one.
        banner: called once the server listens.
    """

    user: str | None
    password: str | None
    banner: Callable[[Started], None]


def serve(settings: Settings, options: UpOptions) -> int:
    """Run the server until it is told to stop; the exit status.

    Raises:
        OperatorError: it cannot start.
    """
    began = time.monotonic()
    raise_file_limit()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_Server(settings, options, began).run())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where it exists; it has no Windows."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class _Server:
    """One run of the server."""

    def __init__(self, settings: Settings, options: UpOptions, began: float) -> None:
        self._settings = settings
        self._options = options
        self._began = began
        self._clock = SystemClock()
        self._ids = SystemIds()
        self._log = stderr_log(clock=self._clock, line_format=settings.log_format, level=settings.log_level)
        self._metrics = Metrics()
        self._health = Health()
        self._data = DataDirectory(settings.data_dir)
        self._listeners: list[Listener] = []
        self._tls = ServingTls(settings, self._data.ca, self._clock, _AWS_NAMES if settings.listen_aws else ())
        self._aws: AwsHalf | None = None
        self._stop = asyncio.Event()
        self._announced = False

    async def run(self) -> int:
        """Start, wait, stop."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="worker"))
        route_library_logs(self._log)
        async with AsyncExitStack() as undo:
            await self._start(undo)
            await self._stop.wait()
            self._log.info("stopping", drain_seconds=self._settings.http_drain_seconds)
            if self._aws is not None:
                await self._aws.shut_down()
            await self._close_listeners()
        self._log.info("stopped")
        self._log.flush()
        return 0

    def _on_signal(self, number: signal.Signals) -> None:
        if self._stop.is_set():
            # Asked twice: nothing acknowledged is lost by leaving now.
            self._log.warning("stopping at once", signal=number.name)
            self._log.flush()
            os._exit(128 + number)
        self._stop.set()

    async def _start(self, undo: AsyncExitStack) -> None:
        settings, data = self._settings, self._data
        data.create()
        lock = DirectoryLock(data.root)
        lock.acquire()
        undo.callback(lock.release)
        data.bring_up(clock=self._clock)
        add_process_metrics(self._metrics)
        generated = self._make_first_user()
        if generated is not None:
            undo.callback(self._forget_first_user)
        runner = Runner((), clock=self._clock, log=self._log)
        half = await RegistryHalf.open(
            settings,
            data,
            self._health,
            clock=self._clock,
            ids=self._ids,
            log=self._log,
            metrics=self._metrics,
        )
        undo.push_async_callback(half.close)
        aws = await self._open_aws(undo, runner)
        undo.push_async_callback(self._close_listeners)
        await self._listen("registry", settings.listen_registry, self._registry_service(half))
        if aws is not None:
            await self._listen_aws(aws)
        await self._listen("debug", settings.listen_debug, self._debug_service(half))
        for job in (*half.jobs, KeepTls(self._tls, self._log)):
            runner.add(job)
        add_job_metrics(self._metrics, runner)
        runner.start()
        undo.push_async_callback(self._stop_jobs, runner)
        # Before anybody can learn that the server is there: until now a signal ends it at once, which loses nothing.
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._on_signal, signal.Signals(number))
        self._announce(undo, generated)
        if aws is not None:
            getting_ready = asyncio.create_task(self._get_aws_ready(aws), name="init scripts")
            undo.push_async_callback(_cancelled, getting_ready)

    async def _get_aws_ready(self, half: "AwsHalf") -> None:
        """Run the init scripts, then say the word that testcontainers and others wait for."""
        self._aws = half
        await half.ready(next(e.url for listener in self._listeners for e in listener.endpoints if e.name == "aws"))
        print("Ready.", flush=True)

    async def _open_aws(self, undo: AsyncExitStack, runner: Runner) -> "AwsHalf | None":
        """Open the AWS half, unless nobody is to reach it; it is imported only then."""
        if not self._settings.listen_aws:
            return None
        from homeport.aws.app import AwsHalf
        from homeport.aws.localstack.variables import without_effect
        from homeport.aws.world import World

        world = World(
            self._settings, self._data, self._clock, self._ids, self._log, self._metrics, runner, self._health
        )
        ineffective = without_effect(os.environ)
        if ineffective:
            self._log.info("variables without effect", **ineffective)
        half = await AwsHalf.open(world)
        undo.push_async_callback(half.close)
        await half.boot()
        return half

    def _make_first_user(self) -> str | None:
        settings, options = self._settings, self._options
        if not self._asks_password():
            return None
        return ensure_htpasswd(
            settings.registry_htpasswd, self._ids, user=options.user or "", password=options.password or ""
        )

    def _forget_first_user(self) -> None:
        """A start that fails leaves no user whose password nobody was told; the next one makes another."""
        if not self._announced:
            _remove(self._settings.registry_htpasswd)

    async def _stop_jobs(self, runner: Runner) -> None:
        late = await runner.stop(deadline_seconds=_JOBS_STOP_SECONDS)
        if late:
            self._log.warning("jobs cut off", jobs=", ".join(late))

    # Listeners

    def _registry_service(self, half: RegistryHalf) -> Service:
        return Service(
            name="registry",
            handler=with_health(half.handler, self._health),
            error_answers=half.error_answers,
            observer=half.observer,
            proxies=TrustedProxies(self._settings.http_trusted_proxies, self._settings.http_tls_hosts),
            limits=self._limits(),
        )

    def _aws_service(self, half: "AwsHalf") -> Service:
        return Service(
            name="aws",
            handler=with_health(half.handler, self._health),
            error_answers=half.error_answers,
            observer=half.observer,
            proxies=TrustedProxies(self._settings.http_trusted_proxies, self._settings.http_tls_hosts),
            limits=self._limits(connections_that_park(file_limit())),
        )

    def _debug_service(self, half: RegistryHalf) -> Service:
        return Service(
            name="debug",
            handler=without_browsers(with_collection(debug_handler(self._metrics, self._health), half.collect)),
            error_answers=plain_error,
            observer=AccessLog(self._log),
            proxies=TrustedProxies(()),
            limits=self._limits(),
        )

    def _limits(self, connections: int = CONNECTIONS) -> Limits:
        settings = self._settings
        return Limits(
            header_timeout=settings.http_header_timeout_seconds,
            idle_timeout=settings.http_idle_timeout_seconds,
            body_timeout=settings.http_body_timeout_seconds,
            connections=settings.http_max_connections or connections,
        )

    async def _listen(self, name: str, addresses: Sequence[Address], service: Service) -> None:
        if not addresses:
            return
        listener = Listener(service)
        self._listeners.append(listener)
        self._count_connections(name, listener)
        for address in addresses:
            # The debug listener is for the machine or the cluster that runs us; scrapers know no certificate of ours.
            await listener.open(address, None if name == "debug" else self._tls_for(address))

    async def _listen_aws(self, half: "AwsHalf") -> None:
        """HTTP and HTTPS on each address, as clients of AWS expect; `tls.mode` may ask for one of them alone."""
        listener = Listener(self._aws_service(half))
        self._listeners.append(listener)
        self._count_connections("aws", listener)
        for address in self._settings.listen_aws:
            match self._settings.tls_mode:
                case "off":
                    await listener.open(address, None)
                case "on":
                    await listener.open(address, self._tls_for(address))
                case _:
                    await listener.open_both(address, self._tls.context_when_asked)

    def _count_connections(self, name: str, listener: Listener) -> None:
        self._metrics.read_gauge(
            f"homeport_{name}_connections", f"Open connections of the {name} listener.", lambda: listener.connections
        )

    def _tls_for(self, address: Address) -> ssl.SSLContext | None:
        mode = self._settings.tls_mode
        if mode == "off" or (mode == "auto" and address.loopback):
            return None
        return self._tls.context()

    async def _close_listeners(self) -> None:
        await asyncio.gather(*(listener.close(self._settings.http_drain_seconds) for listener in self._listeners))
        self._listeners.clear()

    # Telling

    def _announce(self, undo: AsyncExitStack, generated: str | None) -> None:
        endpoints = [endpoint for listener in self._listeners for endpoint in listener.endpoints]
        if not endpoints:
            raise OperatorError("every listener is switched off", hint="set at least one --listen-... address")
        addresses = [(endpoint.name, endpoint.url) for endpoint in endpoints]
        aws_auth = self._settings.aws_auth if self._settings.listen_aws else ""
        RunFile(os.getpid(), VERSION, self._clock.now(), tuple(addresses), aws_auth).save(self._data.run)
        undo.callback(_remove, self._data.run)
        # What lives now lives to the end: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        seconds = time.monotonic() - self._began
        self._log.info("listening", **dict(addresses), seconds=round(seconds, 3))
        self._options.banner(
            Started(
                version=VERSION,
                data_dir=self._data.root,
                addresses=addresses,
                tls=self._tls.opened is not None,
                user=self._known_user(),
                generated_password=generated,
                ca_fingerprint=self._fingerprint(),
                seconds=seconds,
                aws_auth=aws_auth,
                asks_password=self._asks_password(),
            )
        )
        self._announced = True
        self._tell_of_user_not_made()

    def _tell_of_user_not_made(self) -> None:
        user = self._options.user
        if user and self._asks_password() and user != self._known_user():
            reason = f"only the first start makes a user; homeport user add {user} adds this one"
            self._log.warning("user not made", user=user, reason=reason)

    def _asks_password(self) -> bool:
        return self._settings.registry_auth != "none" and bool(self._settings.listen_registry)

    def _known_user(self) -> str | None:
        """Who can log in: whom the command line names, if the file has that user, else the first in it."""
        if not self._asks_password():
            return None
        from homeport.kernel.auth.userfile import read_users

        users = read_users(self._settings.registry_htpasswd).hashes
        return self._options.user if self._options.user in users else next(iter(users), None)

    def _fingerprint(self) -> str | None:
        if self._tls.opened is None or self._settings.tls_certificate is not None:
            return None
        from homeport.kernel.tls.authority import open_authority
        from homeport.kernel.tls.places import AuthorityFiles

        authority = open_authority(AuthorityFiles(self._data.ca), self._clock)
        return None if authority is None else authority.facts.fingerprint


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
