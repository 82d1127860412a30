"""Subscribers at URLs: the handshake, deliveries, retries, dead letters, farewells."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError
from tests.aws.sns.listener import Listener
from tests.aws.sns.test_fan_out import World, arn_of
from tests.aws_server import AwsServer

from homeport.kernel.clock import FakeClock


@pytest.fixture
def world(aws: AwsServer) -> World:
    return World(aws)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as opened:
        yield opened


def visit(url: str) -> None:
    with urllib.request.urlopen(url) as answer:
        assert answer.status == 200


def refused(url: str) -> bool:
    """Whether a link counts no more."""
    with pytest.raises(HTTPError) as caught:
        urllib.request.urlopen(url)
    with caught.value as answer:
        return answer.code == 400 and b"Invalid parameter: Token" in answer.read()


def confirmed(world: World, listener: Listener, topic: str, **attributes: str) -> str:
    """A subscription whose endpoint has agreed."""
    arn: str = world.sns.subscribe(
        TopicArn=topic, Protocol="http", Endpoint=listener.url, Attributes=attributes, ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    world.aws.run_jobs()
    visit(json.loads(listener.received.pop().body)["SubscribeURL"])
    return arn


def test_an_endpoint_is_asked_before_it_gets_anything(world: World, listener: Listener) -> None:
    topic = world.topic()

    answer = world.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=listener.url)
    world.sns.publish(TopicArn=topic, Message="too early")
    world.aws.run_jobs()

    assert answer["SubscriptionArn"] == "pending confirmation"
    (question,) = listener.received
    asked = json.loads(question.body)
    assert question.headers["x-amz-sns-message-type"] == asked["Type"] == "SubscriptionConfirmation"
    assert world.sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "1"
    visit(asked["SubscribeURL"])
    assert world.sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "1"


DAY_SECONDS = 86_400


def test_a_subscription_that_nobody_confirms_is_gone_after_two_days(world: World, listener: Listener) -> None:
    topic = world.topic()
    world.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=listener.url)
    world.aws.run_jobs()
    link = json.loads(listener.received[0].body)["SubscribeURL"]

    world.aws.advance(seconds=2 * DAY_SECONDS - 61)
    assert world.sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "1"
    world.aws.restart()
    world.aws.advance(seconds=120)

    assert world.sns.list_subscriptions()["Subscriptions"] == []
    assert world.sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "0"
    assert refused(link)


def test_a_token_counts_for_two_days_even_if_nothing_has_been_tidied(world: World, listener: Listener) -> None:
    topic = world.topic()
    world.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=listener.url)
    world.aws.run_jobs()
    token = json.loads(listener.received[0].body)["Token"]

    assert isinstance(world.aws.clock, FakeClock)
    world.aws.clock.advance(seconds=2 * DAY_SECONDS)
    with pytest.raises(ClientError) as caught:
        world.sns.confirm_subscription(TopicArn=topic, Token=token)

    assert caught.value.response["Error"]["Code"] == "InvalidParameter"
    assert caught.value.response["Error"]["Message"] == "Invalid parameter: Token"


def test_asking_again_gives_two_more_days(world: World, listener: Listener) -> None:
    topic = world.topic()
    for _ in range(2):
        world.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=listener.url)
        world.aws.run_jobs()
        world.aws.advance(seconds=1.5 * DAY_SECONDS)

    first, second = (json.loads(got.body)["Token"] for got in listener.received)
    with pytest.raises(ClientError):
        world.sns.confirm_subscription(TopicArn=topic, Token=first)
    world.sns.confirm_subscription(TopicArn=topic, Token=second)
    world.aws.advance(seconds=30 * DAY_SECONDS)
    assert world.sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "1"


def test_the_way_back_from_an_ended_subscription_is_open_for_two_days(world: World, listener: Listener) -> None:
    topic = world.topic()
    arn = confirmed(world, listener, topic)
    world.sns.unsubscribe(SubscriptionArn=arn)
    world.aws.run_jobs()
    link = json.loads(listener.received[0].body)["SubscribeURL"]

    world.aws.advance(seconds=2 * DAY_SECONDS)

    assert refused(link)


def test_a_confirmed_endpoint_gets_messages(world: World, listener: Listener) -> None:
    topic = world.topic()
    arn = confirmed(world, listener, topic)

    published = world.sns.publish(TopicArn=topic, Message="hello")
    world.aws.run_jobs()

    (got,) = listener.received
    assert json.loads(got.body)["Message"] == "hello"
    assert got.headers["content-type"] == "text/plain; charset=UTF-8"
    assert got.headers["user-agent"] == "Amazon Simple Notification Service Agent"
    assert got.headers["x-amz-sns-message-type"] == "Notification"
    assert got.headers["x-amz-sns-message-id"] == published["MessageId"]
    assert got.headers["x-amz-sns-subscription-arn"] == arn
    assert got.headers["x-amz-sns-topic-arn"] == topic


def test_raw_delivery_to_a_url(world: World, listener: Listener) -> None:
    topic = world.topic()
    policy = json.dumps({"requestPolicy": {"headerContentType": "application/json"}})
    confirmed(world, listener, topic, RawMessageDelivery="true", DeliveryPolicy=policy)

    world.sns.publish(TopicArn=topic, Message='{"a": 1}')
    world.aws.run_jobs()

    (got,) = listener.received
    assert got.body == '{"a": 1}'
    assert got.headers["x-amz-sns-rawdelivery"] == "true"
    assert got.headers["content-type"] == "application/json"


def test_a_failed_delivery_is_tried_again_after_its_pause_and_over_a_restart(world: World, listener: Listener) -> None:
    """Three retries, twenty seconds apart, unless a policy says otherwise."""
    topic = world.topic()
    confirmed(world, listener, topic)
    listener.statuses = [500, 503]

    world.sns.publish(TopicArn=topic, Message="hello")
    world.aws.run_jobs()
    world.aws.advance(seconds=19)
    assert len(listener.received) == 1
    world.aws.restart()
    world.aws.advance(seconds=1)
    assert len(listener.received) == 2
    world.aws.advance(seconds=20)
    assert len(listener.received) == 3
    world.aws.advance(seconds=600)
    assert len(listener.received) == 3, "it has arrived"


def test_one_message_that_fails_does_not_hold_up_the_next(world: World, listener: Listener) -> None:
    topic = world.topic()
    confirmed(world, listener, topic)
    listener.statuses = [500]

    for text in ("first", "second"):
        world.sns.publish(TopicArn=topic, Message=text)
        world.aws.run_jobs()

    assert [json.loads(got.body)["Message"] for got in listener.received] == ["first", "second"]


@pytest.mark.parametrize(("status", "attempts"), [(500, 2), (404, 1)])
def test_what_never_arrives_becomes_a_dead_letter(world: World, listener: Listener, status: int, attempts: int) -> None:
    """A refusal with 4xx is not repeated."""
    dead = world.sqs.create_queue(QueueName="dead")["QueueUrl"]
    topic = world.topic()
    retry = {"numRetries": 1, "minDelayTarget": 1, "maxDelayTarget": 1}
    confirmed(
        world,
        listener,
        topic,
        RedrivePolicy=json.dumps({"deadLetterTargetArn": arn_of("dead")}),
        DeliveryPolicy=json.dumps({"healthyRetryPolicy": retry}),
    )
    listener.statuses = [status] * 10

    world.sns.publish(TopicArn=topic, Message="lost")
    world.aws.run_jobs()
    world.aws.advance(seconds=2)

    assert len(listener.received) == attempts
    (letter,) = world.envelopes(dead)
    assert letter["Message"] == "lost"


def test_an_endpoint_is_told_when_its_subscription_ends_and_may_begin_again(world: World, listener: Listener) -> None:
    topic = world.topic()
    arn = confirmed(world, listener, topic)

    world.sns.unsubscribe(SubscriptionArn=arn)
    world.aws.run_jobs()

    (farewell,) = listener.received
    told: dict[str, Any] = json.loads(farewell.body)
    assert told["Type"] == "UnsubscribeConfirmation"
    assert world.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    visit(told["SubscribeURL"])
    assert len(world.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1


def test_who_does_not_sign_cannot_demand_signatures_of_others(world: World, listener: Listener) -> None:
    topic = world.topic()
    world.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=listener.url)
    world.aws.run_jobs()
    link = json.loads(listener.received.pop().body)["SubscribeURL"]

    with pytest.raises(HTTPError) as caught:
        visit(f"{link}&AuthenticateOnUnsubscribe=true")
    with caught.value as answer:
        assert (answer.code, b"AuthorizationError" in answer.read()) == (403, True)
    assert world.sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "1"


def test_a_second_visit_of_the_link_changes_nothing(world: World, listener: Listener) -> None:
    """Else whoever has the link could take away that only signed requests end the subscription."""
    topic = world.topic()
    world.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=listener.url)
    world.aws.run_jobs()
    asked = json.loads(listener.received.pop().body)
    arn = world.sns.confirm_subscription(TopicArn=topic, Token=asked["Token"], AuthenticateOnUnsubscribe="true")

    visit(asked["SubscribeURL"])

    found = world.sns.get_subscription_attributes(SubscriptionArn=arn["SubscriptionArn"])["Attributes"]
    assert found["ConfirmationWasAuthenticated"] == "true"


def test_the_link_in_a_message_ends_the_subscription(world: World, listener: Listener) -> None:
    topic = world.topic()
    confirmed(world, listener, topic)
    world.sns.publish(TopicArn=topic, Message="hello")
    world.aws.run_jobs()

    visit(json.loads(listener.received[0].body)["UnsubscribeURL"])

    assert world.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
