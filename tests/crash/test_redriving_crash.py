"""kill -9 while a move task brings dead letters back: each comes back once, and the task goes on by itself."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.crash.test_queues_crash import ARN, client, counted, drain
from tests.servers import HomeportProcess

LETTERS = 300
RATE = 100
PATIENCE_SECONDS = 30
REDRIVE = json.dumps({"deadLetterTargetArn": f"{ARN}dead", "maxReceiveCount": 1})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HomeportProcess]:
    running = HomeportProcess.on(tmp_path / "data", listen_aws="127.0.0.1:0").start()
    yield running
    running.stop()


def bury(sqs: Any, queue: str) -> set[str]:
    """Dead letters, each received once too often."""
    bodies = [f"m{number}" for number in range(LETTERS)]
    for start in range(0, LETTERS, 10):
        entries = [{"Id": body, "MessageBody": body} for body in bodies[start : start + 10]]
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    while sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages"):
        pass
    return set(bodies)


@pytest.mark.parametrize("seed", range(3))
def test_every_dead_letter_comes_back_once(server: HomeportProcess, seed: int) -> None:
    chance = random.Random(seed)
    sqs = client(server, "sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    queue = sqs.create_queue(QueueName="q", Attributes={"RedrivePolicy": REDRIVE})["QueueUrl"]
    buried = bury(sqs, queue)
    assert counted(sqs, dead) == LETTERS

    sqs.start_message_move_task(SourceArn=f"{ARN}dead", MaxNumberOfMessagesPerSecond=RATE)
    for _ in range(4):
        time.sleep(chance.uniform(0.05, 0.6))
        server.kill()
        server.restart()

    sqs = client(server, "sqs")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (task := sqs.list_message_move_tasks(SourceArn=f"{ARN}dead")["Results"][0])["Status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", LETTERS)
    dead, queue = (sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in ("dead", "q"))
    assert counted(sqs, dead) == 0
    back = [message["Body"] for message in drain(sqs, queue)]
    assert len(back) == len(set(back)) == LETTERS
    assert set(back) == buried
