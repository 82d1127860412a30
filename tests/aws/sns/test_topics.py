"""Topics and subscriptions: made, described, changed, listed, ended."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.aws.sns.test_fan_out import World, arn_of
from tests.aws_server import AwsServer


@pytest.fixture
def world(aws: AwsServer) -> World:
    return World(aws)


def refusal(call: Any, **request: Any) -> tuple[str, str]:
    """Code and message of the error that a call meets."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_topic_reads_back_everything(world: World) -> None:
    given = {
        "DisplayName": "Topic",
        "KmsMasterKeyId": "alias/key",
        "SignatureVersion": "2",
        "TracingConfig": "Active",
        "HTTPSuccessFeedbackRoleArn": "arn:aws:iam::000000000000:role/r",
        "HTTPSuccessFeedbackSampleRate": "50",
        "DeliveryPolicy": json.dumps({"http": {"defaultHealthyRetryPolicy": {"numRetries": 5}}}),
    }
    topic = world.topic(**given)

    found = world.sns.get_topic_attributes(TopicArn=topic)["Attributes"]

    assert {name: found[name] for name in given} == given
    effective = json.loads(found["EffectiveDeliveryPolicy"])["http"]
    assert effective["defaultHealthyRetryPolicy"]["numRetries"] == 5
    assert effective["defaultHealthyRetryPolicy"]["minDelayTarget"] == 20
    assert json.loads(found["Policy"])["Id"] == "__default_policy_ID"


@pytest.mark.parametrize(
    ("arn", "answer"),
    [
        (
            "topic",
            ("InvalidParameter", "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"),
        ),
        ("arn:aws:sns:us-east-1:000000000000:missing", ("NotFound", "Topic does not exist")),
    ],
)
def test_topics_that_are_not_there(world: World, arn: str, answer: tuple[str, str]) -> None:
    assert refusal(world.sns.get_topic_attributes, TopicArn=arn) == answer


def test_making_the_same_topic_again_finds_it_unless_its_tags_differ(world: World) -> None:
    tags = [{"Key": "a", "Value": "1"}]
    first = world.sns.create_topic(Name="t", Tags=tags)

    assert world.sns.create_topic(Name="t")["TopicArn"] == first["TopicArn"]
    assert refusal(world.sns.create_topic, Name="t", Tags=[{"Key": "b", "Value": "1"}]) == (
        "InvalidParameter",
        "Invalid parameter: Tags Reason: Topic already exists with different tags",
    )


def test_topics_are_listed_in_pages(world: World) -> None:
    for number in range(101):
        world.topic(f"t{number:03}")

    pages = list(world.sns.get_paginator("list_topics").paginate())

    assert [len(page["Topics"]) for page in pages] == [100, 1]


def test_permissions_and_tags(world: World) -> None:
    topic = world.topic()
    world.sns.add_permission(TopicArn=topic, Label="l", AWSAccountId=["111111111111"], ActionName=["Publish"])
    world.sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    world.sns.untag_resource(ResourceArn=topic, TagKeys=["a"])

    policy = json.loads(world.sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])

    assert policy["Statement"][1]["Action"] == "SNS:Publish"
    assert world.sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "b", "Value": "2"}]
    permission = {"TopicArn": topic, "AWSAccountId": ["111111111111"]}
    assert refusal(world.sns.add_permission, Label="l", ActionName=["Publish"], **permission)[1] == (
        "Invalid parameter: Statement already exists"
    )
    assert refusal(world.sns.add_permission, Label="m", ActionName=["Nonsense"], **permission)[1] == (
        "Invalid parameter: Policy statement action out of service scope!"
    )


def test_a_subscription_reads_back_everything(world: World) -> None:
    topic = world.topic()
    dead = json.dumps({"deadLetterTargetArn": arn_of("dead")})
    given = {"RawMessageDelivery": "true", "FilterPolicy": '{"a": ["b"]}', "RedrivePolicy": dead}
    world.queue(topic, **given)
    (listed,) = world.sns.list_subscriptions()["Subscriptions"]

    found = world.sns.get_subscription_attributes(SubscriptionArn=listed["SubscriptionArn"])["Attributes"]

    assert found == given | {
        "ConfirmationWasAuthenticated": "true",
        "Endpoint": arn_of("queue"),
        "FilterPolicyScope": "MessageAttributes",
        "Owner": "000000000000",
        "PendingConfirmation": "false",
        "Protocol": "sqs",
        "SubscriptionArn": listed["SubscriptionArn"],
        "SubscriptionPrincipal": "arn:aws:iam::000000000000:root",
        "TopicArn": topic,
    }


def test_subscribing_again_with_what_holds_by_default_finds_the_subscription(world: World) -> None:
    topic = world.topic()
    again = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn_of("queue")}
    first = world.sns.subscribe(**again)["SubscriptionArn"]
    defaults = {"RawMessageDelivery": "false", "FilterPolicyScope": "MessageAttributes"}

    assert world.sns.subscribe(Attributes=defaults, **again)["SubscriptionArn"] == first
    assert refusal(world.sns.subscribe, Attributes={"RawMessageDelivery": "true"}, **again)[1] == (
        "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"
    )


def test_raw_delivery_may_be_asked_for_in_capitals(world: World) -> None:
    topic = world.topic()
    queue = world.queue(topic, RawMessageDelivery="True")
    (listed,) = world.sns.list_subscriptions()["Subscriptions"]

    world.sns.publish(TopicArn=topic, Message="m")

    found = world.sns.get_subscription_attributes(SubscriptionArn=listed["SubscriptionArn"])["Attributes"]
    assert found["RawMessageDelivery"] == "true"
    assert [message["Body"] for message in world.received(queue)] == ["m"]


@pytest.mark.parametrize(
    ("protocol", "endpoint", "message"),
    [
        ("pigeon", "x", "Invalid parameter: Amazon SNS does not support this protocol string: pigeon"),
        ("sqs", "http://localhost/000000000000/q", "Invalid parameter: SQS endpoint ARN"),
        ("sms", "invalid-number", "Invalid SMS endpoint: invalid-number"),
        ("http", "https://localhost/", "Invalid parameter: Endpoint must match the specified protocol"),
        ("http", "http://[bad", "Invalid parameter: Endpoint must match the specified protocol"),
        ("http", "http://localhost:99999/", "Invalid parameter: Endpoint must match the specified protocol"),
        ("https", "https://localhost/\r\nX: y", "Invalid parameter: Endpoint must match the specified protocol"),
        (
            "sqs",
            "arn:aws:sqs:us-east-1:000000000000:q.fifo",
            (
                "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to "
                "standard SNS topics"
            ),
        ),
    ],
)
def test_endpoints_that_cannot_subscribe(world: World, protocol: str, endpoint: str, message: str) -> None:
    topic = world.topic()

    assert refusal(world.sns.subscribe, TopicArn=topic, Protocol=protocol, Endpoint=endpoint) == (
        "InvalidParameter",
        message,
    )


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("x", "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"),
        ("arn:aws:sns:us-east-1:000000000000:t", "Invalid parameter: SubscriptionId"),
        ("", "Invalid parameter: SubscriptionArn Reason: no value for required parameter"),
    ],
)
def test_what_is_no_subscription_cannot_be_ended(world: World, arn: str, message: str) -> None:
    assert refusal(world.sns.unsubscribe, SubscriptionArn=arn) == ("InvalidParameter", message)


def test_a_nested_filter_policy_can_be_changed_where_the_scope_is_the_body_already(world: World) -> None:
    nested = '{"o": {"n": [{"numeric": [">", 1]}]}}'
    world.queue(world.topic(), FilterPolicy=nested, FilterPolicyScope="MessageBody")
    arn = world.sns.list_subscriptions()["Subscriptions"][0]["SubscriptionArn"]
    policy = '{"o": {"n": [{"numeric": [">", 2]}]}}'

    world.sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue=policy)

    found = world.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (found["FilterPolicy"], found["FilterPolicyScope"]) == (policy, "MessageBody")


def test_data_protection_policies_are_kept(world: World) -> None:
    topic = world.topic()
    statement = {"DataDirection": "Inbound", "Principal": ["*"], "DataIdentifier": [], "Operation": {"Deny": {}}}
    policy = json.dumps({"Name": "p", "Version": "2021-06-01", "Statement": [statement]})

    world.sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=policy)

    assert world.sns.get_data_protection_policy(ResourceArn=topic)["DataProtectionPolicy"] == policy
    assert refusal(world.sns.put_data_protection_policy, ResourceArn=topic, DataProtectionPolicy="{")[0] == (
        "InvalidParameter"
    )


def test_a_deleted_topic_is_gone_and_may_be_made_again_without_subscribers(world: World) -> None:
    topic = world.topic()
    world.queue(topic)
    world.sns.delete_topic(TopicArn=topic)
    world.sns.delete_topic(TopicArn=topic)

    assert refusal(world.sns.publish, TopicArn=topic, Message="m")[0] == "NotFound"
    world.topic()
    assert world.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_what_was_unsubscribed_stays_away_when_its_topic_is_deleted(world: World) -> None:
    topic = world.topic()
    world.queue(topic)
    (listed,) = world.sns.list_subscriptions()["Subscriptions"]
    world.sns.unsubscribe(SubscriptionArn=listed["SubscriptionArn"])

    world.sns.delete_topic(TopicArn=topic)

    assert world.sns.list_subscriptions()["Subscriptions"] == []
    asked = {"SubscriptionArn": listed["SubscriptionArn"]}
    assert refusal(world.sns.get_subscription_attributes, **asked)[0] == "NotFound"


def test_a_subscription_whose_topic_is_gone_can_be_ended(world: World) -> None:
    topic = world.topic()
    world.queue(topic)
    world.sns.delete_topic(TopicArn=topic)
    (listed,) = world.sns.list_subscriptions()["Subscriptions"]

    world.sns.unsubscribe(SubscriptionArn=listed["SubscriptionArn"])

    assert world.sns.list_subscriptions()["Subscriptions"] == []
    asked = {"SubscriptionArn": listed["SubscriptionArn"]}
    assert refusal(world.sns.get_subscription_attributes, **asked)[0] == "NotFound"


def test_a_subscription_that_its_owner_made_is_not_ended_by_its_link_alone(world: World) -> None:
    """SNS API reference, Unsubscribe: it needs a signature if the confirmation was authenticated."""
    topic = world.topic()
    queue = world.queue(topic)
    world.sns.publish(TopicArn=topic, Message="m")
    (envelope,) = world.envelopes(queue)

    with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(envelope["UnsubscribeURL"]):
        pass

    assert caught.value.code == 403
    caught.value.close()
    assert len(world.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1


LARGE = "1048576"


@pytest.mark.parametrize("size", ["1023", "1048577", "many", "-1"])
def test_a_topic_takes_messages_of_1_kib_to_1_mib_at_most(world: World, size: str) -> None:
    answer = refusal(world.sns.create_topic, Name="t", Attributes={"MaximumMessageSize": size})

    assert answer[0] == "InvalidParameter"
    assert "MaximumMessageSize" in answer[1]


def test_a_topic_takes_what_its_own_limit_lets_in(world: World) -> None:
    topic = world.topic()
    assert "MaximumMessageSize" not in world.sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    queue = world.queue(topic, RawMessageDelivery="true")
    world.sns.set_topic_attributes(TopicArn=topic, AttributeName="MaximumMessageSize", AttributeValue=LARGE)
    entries = [{"Id": str(n), "Message": "x" * (512 * 1024)} for n in range(2)]

    world.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    too_long = refusal(world.sns.publish, TopicArn=topic, Message="x" * (1024 * 1024 + 1))
    entries[0]["Message"] += "x"
    batch_too_long = refusal(world.sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries)

    assert world.sns.get_topic_attributes(TopicArn=topic)["Attributes"]["MaximumMessageSize"] == LARGE
    assert [len(message["Body"]) for message in world.received(queue)] == [512 * 1024] * 2
    assert too_long == ("InvalidParameter", "Invalid parameter: Message too long")
    assert batch_too_long[0] == "BatchRequestTooLong"
    world.sns.set_topic_attributes(TopicArn=topic, AttributeName="MaximumMessageSize", AttributeValue="1024")
    assert refusal(world.sns.publish, TopicArn=topic, Message="x" * 1025) == too_long


def test_large_messages_go_to_queues_and_functions_alone(world: World) -> None:
    large, small = world.topic("large", MaximumMessageSize=LARGE), world.topic("small")
    world.sns.subscribe(TopicArn=small, Protocol="email", Endpoint="ann@example.com")

    subscribing = refusal(world.sns.subscribe, TopicArn=large, Protocol="email", Endpoint="ann@example.com")
    growing = refusal(
        world.sns.set_topic_attributes, TopicArn=small, AttributeName="MaximumMessageSize", AttributeValue=LARGE
    )

    assert subscribing[0] == growing[0] == "InvalidParameter"
    world.sns.set_topic_attributes(TopicArn=small, AttributeName="MaximumMessageSize", AttributeValue="262144")


def test_a_topic_of_large_messages_has_a_hundred_subscriptions_at_most(world: World) -> None:
    topic = world.topic(MaximumMessageSize=LARGE)
    for number in range(100):
        world.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn_of(f"q{number}"))

    assert refusal(world.sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=arn_of("one-more")) == (
        "SubscriptionLimitExceeded",
        "A topic with a MaximumMessageSize above 262144 must have 100 or fewer subscriptions",
    )


def test_characters_that_xml_has_not_break_no_list(world: World) -> None:
    topic = world.topic(DisplayName="a\x01b\r\ufffe &#x1;")
    world.sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "k\x02", "Value": "v"}])

    found = world.sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    (tag,) = world.sns.list_tags_for_resource(ResourceArn=topic)["Tags"]

    assert found["DisplayName"] == "a\ufffdb\r\ufffd &#x1;"
    assert tag == {"Key": "k\ufffd", "Value": "v"}
    assert refusal(world.sns.confirm_subscription, TopicArn="\x01", Token="t")[0] == "InvalidParameter"


@pytest.mark.parametrize("policy", ["[]", '{"Statement": "x"}', '{"Statement": ["x"]}', '{"Statement": null}'])
def test_a_policy_without_statements_is_refused(world: World, policy: str) -> None:
    answer = refusal(world.sns.create_topic, Name="t", Attributes={"Policy": policy})

    assert answer == ("InvalidParameter", "Invalid parameter: Policy Reason: Policy Error: null")


def test_a_policy_may_have_a_single_statement_without_a_list(world: World) -> None:
    own = {"Sid": "own", "Effect": "Allow", "Principal": "*", "Action": "SNS:Publish", "Resource": "*"}
    topic = world.topic(Policy=json.dumps({"Statement": own}))

    world.sns.add_permission(TopicArn=topic, Label="l", AWSAccountId=["111111111111"], ActionName=["Publish"])
    world.sns.remove_permission(TopicArn=topic, Label="l")

    policy = world.sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    assert json.loads(policy)["Statement"] == [own]
