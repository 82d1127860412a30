"""Real registry processes for tests: Homeport itself and Debian's docker-registry, started, killed and restarted."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

import bcrypt
from tests.tools import require
from tests.wire import Client

START_SECONDS = 30.0
STOP_SECONDS = 40.0
POLL_SECONDS = 0.01
BCRYPT_ROUNDS = 5


class ServerFailedError(Exception):
    """A server that did not come up or down in time; holds the end of its log."""


@dataclass
class Server(ABC):
    """A process with an address; what every kind of registry shares."""

    log: Path
    user: str = ""
    password: str = ""
    base_url: str = ""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @abstractmethod
    def start(self) -> Self:
        """Start, or start again on the same directory; the address is known when this returns."""

    @property
    def pid(self) -> int:
        """The running process's id."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def netloc(self) -> str:
        """Host and port, as image names begin."""
        return self.base_url.split("//", 1)[1]

    def client(self) -> Client:
        """A wire client with the server's user."""
        return Client(self.base_url, user=self.user, password=self.password)

    def kill(self) -> None:
        """SIGKILL: the process gets no chance to finish anything."""
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM and wait; the exit status."""
        return self._signal(signal.SIGTERM)

    def wait(self) -> int:
        """Until the process ends by itself, as it does after a signal; the exit status."""
        assert self._process is not None, "not started"
        status = self._process.wait(STOP_SECONDS)
        self._process = None
        return status

    def is_running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def log_tail(self) -> str:
        """The last lines that the server wrote."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""

    def _signal(self, number: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        if process.poll() is None:
            process.send_signal(number)
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ServerFailedError(f"still there {STOP_SECONDS} s after {number.name}\n{self.log_tail()}") from None
        finally:
            self._process = None
        return status

    def _spawn(self, command: Sequence[str], *, environment: Mapping[str, str], stdin: bytes | None = None) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if stdin is not None:
            _feed(self._process.stdin, stdin)

    def _check_alive(self, deadline: float) -> None:
        assert self._process is not None
        if self._process.poll() is not None:
            status, self._process = self._process.returncode, None
            raise ServerFailedError(f"exited with {status} while starting\n{self.log_tail()}")
        if time.monotonic() > deadline:
            self.kill()
            raise ServerFailedError(f"no answer {START_SECONDS} s after the start\n{self.log_tail()}")


def _feed(pipe: IO[bytes] | None, data: bytes) -> None:
    assert pipe is not None
    with pipe:
        pipe.write(data)


@dataclass
class HomeportProcess(Server):
    """`homeport up` on a data directory, at a free port of the loopback address.

    Args:
        settings: keys such as `registry.anonymous_pull`, handed over in the environment.
        arguments: more command-line arguments.
        listen: the registry listener's address.
        listen_aws: the AWS listener's; empty is off.
    """

    data_dir: Path = field(default_factory=Path)
    settings: Mapping[str, str] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    listen: str = "127.0.0.1:0"
    listen_aws: str = ""
    debug_url: str = ""
    aws_url: str = ""

    @classmethod
    def on(
        cls,
        data_dir: Path,
        *,
        user: str = "captain",
        password: str = "a password for tests",
        settings: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        listen: str = "127.0.0.1:0",
        listen_aws: str = "",
    ) -> Self:
        """A server on the directory, not yet started."""
        return cls(
            log=data_dir.with_name(data_dir.name + ".log"),
            user=user,
            password=password,
            data_dir=data_dir,
            settings=settings or {},
            arguments=arguments,
            listen=listen,
            listen_aws=listen_aws,
        )

    @property
    def registry_root(self) -> Path:
        """Where the registry's volume lies, laid out as distribution does."""
        return self.data_dir / "registry"

    def start(self) -> Self:
        """Start, or start again on the same directory; the addresses are known when this returns."""
        assert self._process is None, "already running"
        command = [sys.executable, "-m", "homeport", "up", "--data-dir", str(self.data_dir)]
        listen = self.settings.get("listen.registry", self.listen)
        command += ["--listen-registry", listen, "--listen-debug", "127.0.0.1:0"]
        command += ["--listen-aws", self.listen_aws, *self.arguments]
        known = (self.data_dir / "auth" / "htpasswd").exists()
        login = [] if known else ["--user", self.user, "--password-stdin"]
        environment = {"HOMEPORT_" + re.sub(r"\W", "_", key).upper(): value for key, value in self.settings.items()}
        self._spawn(command + login, environment=environment, stdin=None if known else self.password.encode() + b"\n")
        self._await_addresses()
        return self

    def restart(self) -> Self:
        """Start again after `kill` or `stop`."""
        return self.start()

    def _await_addresses(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not (listeners := self._listeners()):
            self._check_alive(deadline)
            time.sleep(POLL_SECONDS)
        self.base_url = listeners["registry"].rstrip("/")
        self.debug_url = listeners.get("debug", "").rstrip("/")
        self.aws_url = listeners.get("aws", "").rstrip("/")

    def _listeners(self) -> dict[str, str]:
        """The running process's own addresses; nothing while the file is missing or a dead process's."""
        try:
            status = json.loads((self.data_dir / "run" / "homeport.json").read_bytes())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        if status["pid"] != self.pid:
            return {}
        # Of several listeners of one name the first counts.
        return {listener["name"]: listener["url"] for listener in reversed(status["addresses"])}


@dataclass
class DebianRegistry(Server):
    """Debian's docker-registry (distribution 2.8) on a volume, at a free port of the loopback address."""

    root: Path = field(default_factory=Path)
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def on(cls, root: Path, *, user: str = "", password: str = "", log: Path | None = None) -> Self:
        """A server on the volume, not yet started; without a user it asks for no password."""
        server = cls(log=log or root, user=user, password=password, root=root)
        server.log = log or server.beside(".log")
        return server

    @property
    def config(self) -> Path:
        """The configuration file, beside the volume."""
        return self.beside(".yml")

    @property
    def program(self) -> list[str]:
        """What to run, before `serve` or `garbage-collect`."""
        return [require("docker-registry")]

    def beside(self, suffix: str) -> Path:
        """A file beside the volume; servers with and without password on one volume have different ones."""
        return self.root.with_name(f"{self.root.name}.{'locked' if self.user else 'open'}{suffix}")

    def start(self) -> Self:
        """Start, or start again on the same volume."""
        assert self._process is None, "already running"
        port = free_port()
        self.base_url = f"http://127.0.0.1:{port}"
        self._write_config(port)
        self._spawn([*self.program, "serve", str(self.config)], environment=self.environment)
        deadline = time.monotonic() + START_SECONDS
        while not _accepts(port):
            self._check_alive(deadline)
            time.sleep(POLL_SECONDS)
        return self

    def collect_garbage(self, *options: str) -> "subprocess.CompletedProcess[str]":
        """Run its mark and sweep over the volume, with options such as `--dry-run`; what came of it."""
        if self._process is None:
            self._write_config(0)
        command = [*self.program, "garbage-collect", *options, str(self.config)]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    def _write_config(self, port: int) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        lines = [
            "version: 0.1",
            "log: {level: warn, accesslog: {disabled: true}}",
            "storage:",
            f"  filesystem: {{rootdirectory: {self.root}}}",
            "  delete: {enabled: true}",
            f"http: {{addr: '127.0.0.1:{port}', secret: tests}}",
        ]
        if self.user:
            htpasswd = self.beside(".htpasswd")
            hashed = bcrypt.hashpw(self.password.encode(), bcrypt.gensalt(BCRYPT_ROUNDS)).decode()
            htpasswd.write_text(f"{self.user}:{hashed}\n")
            lines.append(f"auth: {{htpasswd: {{realm: tests, path: {htpasswd}}}}}")
        self.config.write_text("\n".join(lines) + "\n")


@dataclass
class HomeportStandIn(DebianRegistry):
    """Homeport in the place of registry:2: `homeport registry` with the very configuration of `DebianRegistry`."""

    @property
    def program(self) -> list[str]:
        """Homeport's commands of the same names."""
        return [sys.executable, "-m", "homeport", "registry"]


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert isinstance(port, int)
        return port


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
