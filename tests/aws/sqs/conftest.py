"""The room of SQS without a wire."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.aws.sqs.room import SqsRoom


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[SqsRoom]:
    """Operations on an empty store, with a fake clock."""
    opened = SqsRoom(tmp_path / "sqs.sqlite").open()
    yield opened
    await opened.db.close()
