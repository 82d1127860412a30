"""kill -9 among sends, receives, deletes and fan-out: nothing acknowledged is lost, nothing forbidden comes twice."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from tests.servers import HomeportProcess

ROUNDS = 4
WORKERS = 4
LONGEST_ROUND_SECONDS = 0.6
HIDDEN_SECONDS = 2
ARN = "arn:aws:sqs:us-east-1:000000000000:"
_PATIENCE = Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=30)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HomeportProcess]:
    running = HomeportProcess.on(tmp_path / "data", listen_aws="127.0.0.1:0").start()
    yield running
    running.stop()


def client(server: HomeportProcess, service: str) -> Any:
    return boto3.client(  # type: ignore[call-overload] # the service's name is not literal
        service,
        endpoint_url=server.aws_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=_PATIENCE,
    )


def until_killed(server: HomeportProcess, chance: random.Random, works: Sequence[Callable[[], None]]) -> None:
    """Each work over and over in a thread of its own, until the server is killed among them; then start it again."""

    def repeat(work: Callable[[], None]) -> None:
        try:
            while True:
                work()
        except BotoCoreError:
            return

    threads = [threading.Thread(target=repeat, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    time.sleep(chance.uniform(0.05, LONGEST_ROUND_SECONDS))
    server.kill()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    server.restart()


def drain(sqs: Any, queue: str) -> list[Mapping[str, Any]]:
    """Everything that is visible, deleted as it is received."""
    found: list[Mapping[str, Any]] = []
    while messages := sqs.receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=600, AttributeNames=["All"]
    ).get("Messages", []):
        found += messages
        entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
    return found


def counted(sqs: Any, queue: str) -> int:
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    return sum(int(value) for name, value in found.items() if name.startswith("ApproximateNumberOfMessages"))


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_acknowledged_messages_survive_and_acknowledged_deletes_too(server: HomeportProcess, seed: int) -> None:
    sqs = client(server, "sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    begun: list[str] = []
    sent: list[str] = []
    deleted: list[str] = []
    deleting: list[str] = []

    def send() -> None:
        body = f"{threading.get_ident()} {len(begun)} {random.random()}"
        begun.append(body)
        sqs.send_message(QueueUrl=queue, MessageBody=body)
        sent.append(body)

    def consume() -> None:
        for message in sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0).get("Messages", []):
            deleting.append(message["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            deleted.append(message["Body"])

    until_killed(server, random.Random(seed), [send] * WORKERS + [consume])

    sqs = client(server, "sqs")
    queue = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    total = counted(sqs, queue)
    left = [message["Body"] for message in drain(sqs, queue)]
    assert total == len(left), "the counters say what is there"
    assert len(set(left)) == len(left)
    # Two receivers may hold one handle each of a message that is never hidden; only the last one's delete counts.
    assert set(sent) - set(deleting) <= set(left) <= set(begun)
    assert counted(sqs, queue) == 0


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_fifo_queue_goes_on_in_order_and_knows_its_duplicates(server: HomeportProcess, seed: int) -> None:
    sqs = client(server, "sqs")
    queue = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    tried: dict[str, list[str]] = {f"g{number}": [] for number in range(WORKERS)}
    received: list[str] = []
    deleting: set[str] = set()

    def sender(group: str) -> Callable[[], None]:
        def send() -> None:
            body = f"{group}-{len(tried[group]):05}"
            tried[group].append(body)
            sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body)

        return send

    def consume() -> None:
        result = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN_SECONDS)
        for message in result.get("Messages", []):
            deleting.add(message["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            received.append(message["Body"])

    until_killed(server, random.Random(seed), [*(sender(group) for group in tried), consume])

    sqs = client(server, "sqs")
    queue = sqs.get_queue_url(QueueName="q.fifo")["QueueUrl"]
    for group, bodies in tried.items():
        for body in bodies:
            # As a client does that has not had its answer: the same message again.
            sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body)
    # What the killed receive held comes back, and with it the rest of its group.
    time.sleep(HIDDEN_SECONDS)
    rest = [message["Body"] for message in drain(sqs, queue)]
    for group, bodies in tried.items():
        mine = [body for body in [*received, *rest] if body.startswith(group)]
        assert len(set(mine)) == len(mine), "nothing comes twice"
        assert mine == sorted(mine), "a group keeps its order"
        assert set(bodies) - deleting <= set(mine), "nothing is lost"


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_what_a_topic_took_reaches_every_queue_once(server: HomeportProcess, seed: int) -> None:
    sns, sqs = client(server, "sns"), client(server, "sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    for number in range(3):
        sqs.create_queue(QueueName=f"q{number}")
        attributes = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{ARN}q{number}", Attributes=attributes)
    published: list[str] = []
    begun: list[str] = []

    def publish() -> None:
        body = f"{threading.get_ident()} {len(begun)} {random.random()}"
        begun.append(body)
        sns.publish(TopicArn=topic, Message=body)
        published.append(body)

    until_killed(server, random.Random(seed), [publish] * WORKERS)

    sqs = client(server, "sqs")
    boxes = [
        [message["Body"] for message in drain(sqs, sqs.get_queue_url(QueueName=f"q{number}")["QueueUrl"])]
        for number in range(3)
    ]
    for box in boxes:
        assert len(set(box)) == len(box)
        assert set(published) <= set(box) <= set(begun)
    assert set(boxes[0]) == set(boxes[1]) == set(boxes[2]), "a publication reaches all of its queues or none"
