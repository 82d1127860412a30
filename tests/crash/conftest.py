"""Homeports made to be killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers import HomeportProcess


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HomeportProcess]:
    """A running Homeport on a directory of its own."""
    running = HomeportProcess.on(tmp_path / "data").start()
    yield running
    running.stop()
