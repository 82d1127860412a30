"""Homeports for real clients to speak to, and places of their own for the clients' files."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.clients.programs import Programs
from tests.servers import HomeportProcess


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomeportProcess]:
    """One Homeport on plain HTTP for the whole session."""
    running = HomeportProcess.on(tmp_path_factory.mktemp("clients") / "data").start()
    yield running
    assert running.stop() == 0, running.log_tail()


@pytest.fixture
def programs() -> Iterator[Programs]:
    """Clients whose logins, stores and settings lie in a directory of the test's own."""
    # podman takes no --runroot of more than 50 characters, and pytest's directories are longer.
    with tempfile.TemporaryDirectory(prefix="hp") as directory:
        yield Programs(Path(directory))


@pytest.fixture
def logged_in(programs: Programs, server: HomeportProcess) -> Programs:
    """Clients that have logged in to the server."""
    programs.login("skopeo", server.netloc, server.user, server.password, "--tls-verify=false")
    return programs
