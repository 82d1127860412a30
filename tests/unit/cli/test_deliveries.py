"""`homeport deliveries`, on a store in which deliveries were set aside."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from homeport.aws import outbox
from homeport.aws.delivery import Delivery
from homeport.aws.set_aside import with_outbox
from homeport.kernel.clock import FakeClock
from homeport.kernel.storage.database import Tx
from homeport.kernel.storage.layout import DataDirectory

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
BUCKET = "arn:aws:s3:::b"


def deliveries(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "homeport", "deliveries", *arguments, "--data-dir", str(data_dir)]
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)


def waiting(data_dir: Path) -> list[str]:
    def read(tx: Tx) -> list[str]:
        found = outbox.head(tx, f"{BUCKET} {QUEUE}")
        return [] if found is None else [found[1].id]

    return asyncio.run(with_outbox(DataDirectory(data_dir), FakeClock(), read))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    clock = FakeClock()
    one = Delivery("1", "s3", BUCKET, QUEUE, {"MessageBody": "hello"}, clock.now())

    def fail(tx: Tx) -> None:
        outbox.add(tx, one, one.lane_key, QUEUE, clock.now())
        while outbox.note_trouble(tx, one.lane_key, "KeyError: 'x'", clock.now()) is not None:
            clock.advance(seconds=1)

    asyncio.run(with_outbox(DataDirectory(tmp_path), clock, fail))
    return tmp_path


def test_what_was_set_aside_is_listed_and_shown(data_dir: Path) -> None:
    listed = deliveries(data_dir, "list").stdout

    assert listed.startswith("1  2")
    assert listed.endswith(f"  {BUCKET} {QUEUE}  KeyError: 'x'\n")
    assert '"MessageBody":"hello"' in deliveries(data_dir, "show", "1").stdout


@pytest.mark.parametrize("which", ["1", "--all"])
def test_it_is_put_back(data_dir: Path, which: str) -> None:
    assert deliveries(data_dir, "retry", which).stdout == "1 will be tried again\n"

    assert deliveries(data_dir, "list").stdout == ""
    assert waiting(data_dir) == ["1"]


def test_it_is_removed_for_good(data_dir: Path) -> None:
    assert deliveries(data_dir, "remove", "1").stdout == "removed 1\n"

    assert deliveries(data_dir, "list").stdout == ""
    assert waiting(data_dir) == []


@pytest.mark.parametrize("command", ["show", "retry", "remove"])
def test_a_number_that_is_not_there_is_an_error(data_dir: Path, command: str) -> None:
    told = deliveries(data_dir, command, "7")

    assert told.returncode == 1
    assert "no delivery 7 was set aside" in told.stderr


def test_retry_wants_to_know_which(data_dir: Path) -> None:
    assert deliveries(data_dir, "retry").returncode == 2
