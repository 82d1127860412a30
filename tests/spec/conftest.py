"""The registry that the wire-level suite speaks to: the one at --endpoint, or a fresh Homeport of its own."""

import itertools
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from tests.servers import HomeportProcess
from tests.wire import Client

_count = itertools.count(1)
_run = secrets.token_hex(4)


@pytest.fixture(scope="session")
def shared_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One registry for the whole session; `--endpoint` says which."""
    options = request.config
    if endpoint := options.getoption("--endpoint"):
        cacert = options.getoption("--cacert")
        yield Client(
            endpoint,
            user=options.getoption("--user"),
            password=options.getoption("--password"),
            cacert=Path(cacert) if cacert else None,
        )
        return
    server = HomeportProcess.on(tmp_path_factory.mktemp("spec") / "data").start()
    yield server.client()
    assert server.stop() == 0, server.log_tail()


@pytest.fixture
def registry(shared_server: Client) -> Client:
    """A client that may push, pull and delete."""
    return shared_server


@pytest.fixture
def guest(registry: Client) -> Client:
    """A client without a password, at a registry that asks for one."""
    if not registry.user:
        pytest.skip("the endpoint asks for no password: give --user and --password")
    return registry.anonymous()


@pytest.fixture
def name() -> str:
    """A repository that nobody has used yet."""
    return f"spec/{_run}/r{next(_count)}"


@pytest.fixture
def other_name() -> str:
    """A second repository that nobody has used yet."""
    return f"spec/{_run}/r{next(_count)}"


@pytest.fixture
def homeport(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[Mapping[str, str]], HomeportProcess]]:
    """A factory of Homeports with settings of their own; only where no `--endpoint` is under test."""
    if request.config.getoption("--endpoint"):
        pytest.skip("needs a Homeport with settings of its own")
    servers: list[HomeportProcess] = []

    def start(settings: Mapping[str, str]) -> HomeportProcess:
        server = HomeportProcess.on(tmp_path / f"data{len(servers)}", settings=settings)
        servers.append(server)
        return server.start()

    yield start
    for server in servers:
        server.stop()
