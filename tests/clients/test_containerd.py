"""containerd against Homeport: import, push, pull, with a daemon of the test's own."""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.clients.programs import ProgramFailedError, Programs
from tests.images import build_image, digest_of, noise, tar_of, write_layout
from tests.servers import HomeportProcess
from tests.tools import require, say_missing

START_SECONDS = 20.0
UNIX_PATH_LIMIT = 100
CONFIG = """version = 2
root = "{directory}/root"
state = "{directory}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "{directory}/c.sock"
[ttrpc]
  address = "{directory}/t.sock"
"""


@pytest.fixture
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A containerd; the address of its socket."""
    program = require("containerd")
    if os.geteuid() != 0:
        say_missing("containerd wants to be root")
    directory = tmp_path_factory.mktemp("c", numbered=True)
    assert len(str(directory)) < UNIX_PATH_LIMIT
    (directory / "config.toml").write_text(CONFIG.format(directory=directory))
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([program, "--config", str(directory / "config.toml")], stdout=log, stderr=log)
    try:
        await_socket(process, directory)
        yield directory / "c.sock"
    finally:
        process.terminate()
        process.wait()


def await_socket(process: "subprocess.Popen[bytes]", directory: Path) -> None:
    """Until the daemon listens."""
    deadline = time.monotonic() + START_SECONDS
    while not (directory / "c.sock").exists():
        assert process.poll() is None, (directory / "log").read_text()
        assert time.monotonic() < deadline, (directory / "log").read_text()
        time.sleep(0.02)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An OCI archive of two platforms."""
    files = [{"etc/hello": b"hello", "bin/tool": noise("containerd", 200_000)}]
    layout = tmp_path / "layout"
    write_layout(layout, [build_image(files, architecture=each) for each in ("amd64", "arm64")])
    path = tmp_path / "image.tar"
    path.write_bytes(tar_of({str(p.relative_to(layout)): p.read_bytes() for p in layout.rglob("*") if p.is_file()}))
    return path


class Ctr:
    """The containerd client, talking to the test's daemon."""

    def __init__(self, programs: Programs, socket: Path, server: HomeportProcess) -> None:
        self._programs, self._socket = programs, socket
        self.login: Sequence[str] = ("--plain-http", "--user", f"{server.user}:{server.password}")

    def run(self, *arguments: str) -> str:
        """One command."""
        return self._programs.run("ctr", "--address", str(self._socket), *arguments)


@pytest.fixture
def ctr(programs: Programs, daemon: Path, server: HomeportProcess) -> Ctr:
    """The client of the test's daemon."""
    return Ctr(programs, daemon, server)


def test_an_image_goes_in_and_comes_out(ctr: Ctr, server: HomeportProcess, archive: Path) -> None:
    """HEAD, POST, one PUT with the whole blob; then HEAD manifest, GET, blobs with Accept-Encoding."""
    name = f"{server.netloc}/containerd/multi"
    ctr.run("images", "import", "--all-platforms", "--no-unpack", "--base-name", name, str(archive))

    ctr.run("images", "push", *ctr.login, f"{name}:latest")
    ctr.run("images", "rm", "--sync", f"{name}:latest")
    assert ctr.run("content", "ls", "--quiet") == ""
    ctr.run("content", "fetch", *ctr.login, "--all-platforms", f"{name}:latest")

    stored = server.client().get_manifest("containerd/multi", "latest")
    held = set(ctr.run("content", "ls", "--quiet").split())
    assert digest_of(stored.body) in held
    assert {str(entry["digest"]) for entry in stored.descriptors()} <= held


def test_a_wrong_password_opens_nothing(ctr: Ctr, server: HomeportProcess) -> None:
    with pytest.raises(ProgramFailedError, match="401"):
        ctr.run("content", "fetch", "--plain-http", "--user", "x:wrong", f"{server.netloc}/containerd/none:latest")
