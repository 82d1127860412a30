"""kill -9 between the attempts at a web hook: messages arrive or become dead letters, and no retry starts over."""

import json
import random
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.aws.sns.listener import Listener
from tests.crash.test_queues_crash import ARN, client, drain
from tests.servers import HomeportProcess

DELAYS = (1, 2, 3)
WRITTEN_SECONDS = 0.3
"""After an answer, until the attempt is noted: far less than the shortest delay."""
SLACK_SECONDS = 0.1
PATIENCE_SECONDS = 30
RETRIES: Mapping[str, object] = {
    "numRetries": len(DELAYS),
    "minDelayTarget": DELAYS[0],
    "maxDelayTarget": DELAYS[-1],
    "backoffFunction": "linear",
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HomeportProcess]:
    running = HomeportProcess.on(tmp_path / "data", listen_aws="127.0.0.1:0").start()
    yield running
    running.stop()


@pytest.fixture
def hook() -> Iterator[Listener]:
    with Listener() as opened:
        yield opened


def subscribe(server: HomeportProcess, hook: Listener, retries: Mapping[str, object]) -> str:
    """A topic whose only subscriber has agreed, with a dead-letter queue; its ARN."""
    sns = client(server, "sns")
    topic: str = sns.create_topic(Name="t")["TopicArn"]
    client(server, "sqs").create_queue(QueueName="dead")
    attributes = {
        "DeliveryPolicy": json.dumps({"healthyRetryPolicy": retries}),
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": f"{ARN}dead"}),
    }
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=hook.url, Attributes=attributes)
    wait_for(hook, 1)
    with urllib.request.urlopen(json.loads(hook.received.pop().body)["SubscribeURL"]) as answer:
        assert answer.status == 200
    return topic


def wait_for(hook: Listener, requests: int) -> float:
    """Until the hook was called so often; when it noticed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(hook.received) < requests:
        assert time.monotonic() < deadline, f"{len(hook.received)} of {requests} came"
        time.sleep(0.005)
    return time.monotonic()


def crash(server: HomeportProcess) -> None:
    server.kill()
    server.restart()


def dead_letters(server: HomeportProcess) -> list[Any]:
    sqs = client(server, "sqs")
    queue = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    return [json.loads(letter["Body"])["Message"] for letter in drain(sqs, queue)]


def test_attempts_and_pauses_go_on_where_they_were(server: HomeportProcess, hook: Listener) -> None:
    topic = subscribe(server, hook, RETRIES)
    hook.statuses = [500] * 100

    client(server, "sns").publish(TopicArn=topic, Message="lost")
    times = [wait_for(hook, 1)]
    for attempt in range(2, len(DELAYS) + 2):
        time.sleep(WRITTEN_SECONDS)
        crash(server)
        times.append(wait_for(hook, attempt))

    for pause, began, ended in zip(DELAYS, times, times[1:], strict=False):
        assert ended - began >= pause - SLACK_SECONDS, "a pause is not shortened"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (letters := dead_letters(server)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert letters == ["lost"]
    assert len(hook.received) == len(DELAYS) + 1, "a crash gives no more attempts than the policy has"
    assert len({json.loads(got.body)["MessageId"] for got in hook.received}) == 1


@pytest.mark.parametrize("seed", range(4))
def test_what_was_published_arrives_whenever_the_server_is_killed(
    server: HomeportProcess, hook: Listener, seed: int
) -> None:
    chance = random.Random(seed)
    topic = subscribe(server, hook, {"numRetries": 50, "minDelayTarget": 1, "maxDelayTarget": 1})
    published = [f"m{number}" for number in range(20)]
    hook.statuses = [chance.choice([500, 503, 200]) for _ in range(40)]

    for text in published:
        client(server, "sns").publish(TopicArn=topic, Message=text)
        if chance.random() < 0.2:
            crash(server)
    for _ in range(2):
        time.sleep(chance.uniform(0.0, 1.5))
        crash(server)

    deadline = time.monotonic() + PATIENCE_SECONDS
    while missing := set(published) - {json.loads(got.body)["Message"] for got in hook.taken}:
        assert time.monotonic() < deadline, sorted(missing)
        time.sleep(0.05)
    assert dead_letters(server) == []
