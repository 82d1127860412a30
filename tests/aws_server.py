"""The AWS half in this process, on a loopback port, with a clock that tests wind; and boto3 clients of it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import boto3
from botocore.client import BaseClient
from botocore.config import Config

from homeport.aws.app import AwsHalf
from homeport.aws.world import World
from homeport.kernel.clock import Clock, FakeClock
from homeport.kernel.config import Settings, load_settings
from homeport.kernel.errors import OperatorError
from homeport.kernel.health import Health
from homeport.kernel.http.address import TcpAddress
from homeport.kernel.http.forwarded import TrustedProxies
from homeport.kernel.http.limits import Limits
from homeport.kernel.http.listener import Listener
from homeport.kernel.http.server import Service as HttpService
from homeport.kernel.ids import Ids, SystemIds
from homeport.kernel.jobs import Runner
from homeport.kernel.log import Log
from homeport.kernel.log_human import HumanLines
from homeport.kernel.metrics import Metrics
from homeport.kernel.storage.errors import StorageError
from homeport.kernel.storage.layout import DataDirectory

T = TypeVar("T")

REGION = "us-east-1"
ACCOUNT = "000000000000"
_WAIT_SECONDS = 60.0
_QUIET = Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=60, parameter_validation=False)


class LogLines:
    """A log that tests can read."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: bytes | str) -> None:
        self.lines.append(line if isinstance(line, str) else line.decode())

    def flush(self) -> None:
        """Nothing waits."""


@dataclass
class AwsServer:
    """A server on a data directory.

    Attributes:
        clock: stands still until a test winds it (`advance`); long polls and the network take real time.
        settings: keys such as `aws.auth`.
        running_jobs: whether background work runs by itself; else `run_jobs` does what is due.
    """

    data_dir: Path
    clock: Clock = field(default_factory=FakeClock)
    ids: Ids = field(default_factory=SystemIds)
    settings: dict[str, str] = field(default_factory=dict)
    running_jobs: bool = False
    url: str = ""
    log: LogLines = field(default_factory=LogLines)
    _clients: dict[tuple[str, str, str], Any] = field(default_factory=dict, repr=False)
    _session: boto3.Session = field(default_factory=boto3.Session, repr=False)

    # Starting and stopping

    def start(self) -> Self:
        """Open the half and listen; the port stays the same over restarts."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="aws-server", daemon=True)
        self._thread.start()
        self.run(self._open())
        return self

    def stop(self) -> None:
        """Close everything."""
        self.run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_WAIT_SECONDS)
        self._loop.close()

    def restart(self) -> None:
        """Stop, and start on the same directory and port."""
        self.stop()
        self.start()

    async def _open(self) -> None:
        data = DataDirectory(self.data_dir)
        data.create()
        settings = self._load_settings()
        log = Log(self.log, HumanLines(colour=False), self.clock)
        self.runner = Runner((), clock=self.clock, log=log)
        self.health = Health()
        world = World(settings, data, self.clock, self.ids, log, Metrics(), self.runner, self.health)
        self.half = await AwsHalf.open(world)
        with suppress(OperatorError, StorageError):  # told in health, as when the job does it
            await self.half.rooms.resume()
        if self.running_jobs:
            self.runner.start()
        self._listener = Listener(
            HttpService(
                name="aws",
                handler=self.half.handler,
                error_answers=self.half.error_answers,
                observer=self.half.observer,
                proxies=TrustedProxies(settings.http_trusted_proxies, settings.http_tls_hosts),
                limits=Limits(),
            )
        )
        port = int(self.url.rpartition(":")[2]) if self.url else 0
        await self._listener.open(TcpAddress("127.0.0.1", port), None)
        self.url = self._listener.endpoints[0].url

    async def _close(self) -> None:
        await self.runner.stop(deadline_seconds=5)
        await self._listener.close(5)
        await self.half.close()
        await self._loop.shutdown_default_executor()

    def _load_settings(self) -> Settings:
        environment = {f"HOMEPORT_{key.replace('.', '_').upper()}": value for key, value in self.settings.items()}
        environment["HOMEPORT_DATA_DIR"] = str(self.data_dir)
        environment.setdefault("HOMEPORT_AWS_INIT_DIR", str(self.data_dir / "init"))
        return load_settings(None, environment, {})

    # Acting in the server's own loop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_WAIT_SECONDS)

    def call(self, work: Callable[[], T]) -> T:
        """Run a function in the server's loop."""

        async def soon() -> T:
            return work()

        return self.run(soon())

    def advance(self, *, seconds: float) -> None:
        """Wind the clock and do what is due then."""
        assert isinstance(self.clock, FakeClock), "this server lives in real time"
        clock = self.clock
        self.call(lambda: clock.advance(seconds=seconds))
        self.run_jobs()

    def run_jobs(self) -> None:
        """Do all background work that is due now, and what follows from it."""
        self.run(self._run_jobs())

    async def _run_jobs(self) -> None:
        for _ in range(100):
            ran = await self.runner.run_due()
            await self.half.courier.settled()
            if not ran:
                return

    # Clients

    def client(
        self, service: str, *, region: str = REGION, account: str = ACCOUNT, secret: str = "secret", **config: Any
    ) -> Any:
        """A boto3 client; `account` is its access key id. Made once, unless `config` asks for something special."""
        key = service, region, account
        if not config and key in self._clients:
            return self._clients[key]
        made: BaseClient = self._session.client(  # type: ignore[call-overload] # the service's name is not literal
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key=secret,
            config=_QUIET.merge(Config(**config)) if config else _QUIET,
        )
        if not config:
            self._clients[key] = made
        return made
