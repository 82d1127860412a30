"""Worlds for tests of AWS services: a server in this process, whose clock the test winds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.aws_server import AwsServer


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[AwsServer]:
    """Every service, on an empty store, with a fake clock; jobs run when the test says so (`aws.run_jobs()`)."""
    server = AwsServer(tmp_path / "data").start()
    yield server
    server.stop()
