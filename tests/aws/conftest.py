"""Worlds for tests of AWS services: a server in this process, whose clock the test winds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.aws.accounts import Accounts
from tests.aws_server import AwsServer

from homeport.kernel.clock import SystemClock


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[AwsServer]:
    """Every service, on an empty store, with a fake clock; jobs run when the test says so (`aws.run_jobs()`)."""
    server = AwsServer(tmp_path / "data").start()
    yield server
    server.stop()


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    """Accounts on a server in mode `signed`; by the system's clock, which the clients sign with."""
    server = AwsServer(tmp_path / "data", clock=SystemClock(), settings={"aws.auth": "signed"}).start()
    yield Accounts(server)
    server.stop()
