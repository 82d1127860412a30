"""Delivery policies: the phases of trying again."""

import json

import pytest

from homeport.aws.errors import AwsError
from homeport.aws.services.sns.model.delivery_policy import check, effective


def delays(topic: str | None = None, subscription: str | None = None) -> list[int]:
    """Milliseconds between the attempts."""
    retries = effective(topic, subscription).retries
    found: list[int] = []
    while (delay := retries.delay_ms(len(found) + 1)) is not None:
        found.append(delay)
    return found


def test_by_default_there_are_three_retries_twenty_seconds_apart() -> None:
    assert delays() == [20_000] * 3


def test_phases_come_one_after_another() -> None:
    """SNS developer guide, "Amazon SNS message delivery retries"."""
    retry = {
        "numRetries": 8,
        "numNoDelayRetries": 1,
        "numMinDelayRetries": 2,
        "numMaxDelayRetries": 2,
        "minDelayTarget": 1,
        "maxDelayTarget": 5,
        "backoffFunction": "linear",
    }

    assert delays(json.dumps({"http": {"defaultHealthyRetryPolicy": retry}})) == [
        0,
        *[1000] * 2,
        *[1000, 3000, 5000],
        *[5000] * 2,
    ]


@pytest.mark.parametrize("function", ["linear", "arithmetic", "geometric", "exponential"])
def test_every_backoff_grows_from_the_least_delay_to_the_greatest(function: str) -> None:
    retry = {"numRetries": 10, "minDelayTarget": 2, "maxDelayTarget": 60, "backoffFunction": function}

    found = delays(subscription=json.dumps({"healthyRetryPolicy": retry}))

    assert found == sorted(found)
    assert (found[0], found[-1]) == (2000, 60_000)


def test_a_topic_may_forbid_its_subscriptions_to_say_otherwise() -> None:
    topic = json.dumps({"http": {"disableSubscriptionOverrides": True, "defaultHealthyRetryPolicy": {"numRetries": 1}}})
    subscription = json.dumps({"healthyRetryPolicy": {"numRetries": 9}})

    assert len(delays(topic, subscription)) == 1


@pytest.mark.parametrize(
    "retry",
    [
        {"numRetries": 101},
        {"minDelayTarget": 30},
        {"maxDelayTarget": 3601},
        {"numRetries": -1},
        {"numRetries": "three"},
        {"backoffFunction": "quadratic"},
        {"numNoDelayRetries": 4},
    ],
)
def test_policies_that_make_no_sense_are_refused(retry: dict[str, object]) -> None:
    with pytest.raises(AwsError, match="DeliveryPolicy"):
        check(json.dumps({"healthyRetryPolicy": retry}), of_topic=False)


@pytest.mark.parametrize(
    ("policy", "of_topic"),
    [
        ({"healthyRetryPolicy": 5}, False),
        ({"requestPolicy": "x"}, False),
        ({"http": 5}, True),
        ({"http": {"defaultHealthyRetryPolicy": []}}, True),
    ],
)
def test_sections_that_are_none_are_refused(*, policy: dict[str, object], of_topic: bool) -> None:
    with pytest.raises(AwsError, match="DeliveryPolicy"):
        check(json.dumps(policy), of_topic=of_topic)
