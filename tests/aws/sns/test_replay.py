"""Replays of a FIFO topic's archive: their status, their end, and what is published meanwhile."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.aws.sns.listener import Listener
from tests.aws.sns.test_fan_out import World, arn_of
from tests.aws.sns.test_urls import visit
from tests.aws_server import AwsServer

KEPT = json.dumps({"MessageRetentionPeriod": "30"})
BEGINNING = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def world(aws: AwsServer) -> World:
    return World(aws)


def replay_from(start: str, end: str | None = None) -> str:
    policy = {"PointType": "Timestamp", "StartingPoint": start}
    return json.dumps(policy | ({"EndingPoint": end} if end else {}))


def archiving(world: World) -> str:
    return world.topic("t.fifo", FifoTopic="true", ArchivePolicy=KEPT)


def publish(world: World, topic: str, *texts: str) -> None:
    for text in texts:
        world.sns.publish(TopicArn=topic, Message=text, MessageGroupId="g", MessageDeduplicationId=text)


def subscribe(world: World, topic: str, policy: str = "") -> tuple[str, str]:
    """A subscription with its queue."""
    queue: str = world.sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    attributes = {"ReplayPolicy": policy} if policy else {}
    arn = world.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn_of("q.fifo"), Attributes=attributes)
    return arn["SubscriptionArn"], queue


def status(world: World, subscription: str) -> str | None:
    found: dict[str, str] = world.sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    return found.get("ReplayStatus")


def texts(world: World, queue: str) -> list[Any]:
    return [envelope["Message"] for envelope in world.envelopes(queue)]


def test_what_is_published_during_a_replay_comes_behind_the_archive_and_once(world: World) -> None:
    topic = archiving(world)
    publish(world, topic, "1", "2")

    subscription, queue = subscribe(world, topic, replay_from(BEGINNING))
    assert status(world, subscription) == "Pending"
    publish(world, topic, "3")
    world.aws.restart()
    assert texts(world, queue) == [], "the archive comes first"
    world.aws.run_jobs()
    assert status(world, subscription) == "Completed"
    publish(world, topic, "4")

    assert texts(world, queue) == ["1", "2", "3", "4"]


def test_replayed_messages_say_so(world: World) -> None:
    topic = archiving(world)
    publish(world, topic, "old")
    _, queue = subscribe(world, topic, replay_from(BEGINNING))
    world.aws.run_jobs()
    publish(world, topic, "new")

    old, new = world.envelopes(queue)
    assert old["Replayed"] is True
    assert "Replayed" not in new


def test_after_a_replay_with_an_end_nothing_new_comes_until_the_policy_is_taken_away(world: World) -> None:
    topic = archiving(world)
    publish(world, topic, "1")
    world.aws.advance(seconds=600)
    subscription, queue = subscribe(world, topic, replay_from(BEGINNING, "2026-01-01T00:05:00.000Z"))
    world.aws.run_jobs()
    publish(world, topic, "2")
    world.aws.run_jobs()

    assert status(world, subscription) == "Completed"
    assert texts(world, queue) == ["1"]

    world.sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="ReplayPolicy", AttributeValue="")
    publish(world, topic, "3")
    assert status(world, subscription) is None
    world.aws.advance(seconds=60)
    assert texts(world, queue) == ["1", "3"]


def test_a_replay_whose_end_is_to_come_goes_on_until_then(world: World) -> None:
    topic = archiving(world)
    publish(world, topic, "1")
    subscription, queue = subscribe(world, topic, replay_from(BEGINNING, "2026-01-01T00:10:00.000Z"))
    world.aws.run_jobs()
    publish(world, topic, "2")
    world.aws.run_jobs()
    assert status(world, subscription) == "In progress"

    world.aws.advance(seconds=601)
    publish(world, topic, "3")
    world.aws.run_jobs()

    assert status(world, subscription) == "Completed"
    assert texts(world, queue) == ["1", "2"]


def test_a_replay_to_a_web_hook_waits_until_it_agrees(world: World) -> None:
    topic = archiving(world)
    publish(world, topic, "1")
    with Listener() as listener:
        world.sns.subscribe(
            TopicArn=topic,
            Protocol="http",
            Endpoint=listener.url,
            Attributes={"ReplayPolicy": replay_from(BEGINNING)},
        )
        world.aws.run_jobs()
        (question,) = listener.received
        visit(json.loads(question.body)["SubscribeURL"])
        world.aws.run_jobs()

        assert [json.loads(got.body)["Message"] for got in listener.received[1:]] == ["1"]


def test_a_replay_that_ends_before_it_starts_is_refused(world: World) -> None:
    topic = archiving(world)

    with pytest.raises(ClientError) as caught:
        subscribe(world, topic, replay_from("2026-01-01T00:00:01.000Z", BEGINNING))

    assert caught.value.response["Error"]["Code"] == "InvalidParameter"


def test_a_second_replay_sends_the_archive_again(world: World) -> None:
    topic = archiving(world)
    publish(world, topic, "1")
    subscription, queue = subscribe(world, topic, replay_from(BEGINNING))
    world.aws.run_jobs()
    assert texts(world, queue) == ["1"]
    world.sqs.purge_queue(QueueUrl=queue)
    # The queue knows the message again for five minutes.
    world.aws.advance(seconds=301)

    world.sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="ReplayPolicy", AttributeValue=replay_from(BEGINNING)
    )
    world.aws.run_jobs()

    assert texts(world, queue) == ["1"]


def test_a_topic_with_an_archive_is_not_deleted_before_the_archive_is_given_up(world: World) -> None:
    """SNS developer guide, "Message archiving for FIFO topic owners": to avoid accidental message deletions."""
    topic = archiving(world)
    publish(world, topic, "1")
    with pytest.raises(ClientError) as caught:
        world.sns.delete_topic(TopicArn=topic)
    assert caught.value.response["Error"]["Code"] == "InvalidState"
    assert caught.value.response["Error"]["Message"] == "Invalid state: Cannot delete a topic with an ArchivePolicy"

    world.sns.set_topic_attributes(TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue="{}")
    world.sns.delete_topic(TopicArn=topic)

    assert world.sns.list_topics()["Topics"] == []


def test_an_archive_that_was_given_up_does_not_come_back(world: World) -> None:
    topic = archiving(world)
    publish(world, topic, "1")
    for policy in ("{}", KEPT):
        world.sns.set_topic_attributes(TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue=policy)
    publish(world, topic, "2")

    _, queue = subscribe(world, topic, replay_from(BEGINNING))
    world.aws.run_jobs()

    assert texts(world, queue) == ["2"]
