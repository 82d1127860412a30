"""From a topic to its queues: envelopes, raw messages, filters, FIFO, dead letters."""

import base64
import json
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.aws_server import AwsServer


def arn_of(name: str) -> str:
    return f"arn:aws:sqs:us-east-1:000000000000:{name}"


class World:
    """A topic with clients of both services."""

    def __init__(self, aws: AwsServer) -> None:
        self.aws = aws
        self.sns, self.sqs = aws.client("sns"), aws.client("sqs")

    def topic(self, name: str = "topic", **attributes: str) -> str:
        arn: str = self.sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
        return arn

    def queue(self, topic: str, name: str = "queue", **attributes: str) -> str:
        more = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        url: str = self.sqs.create_queue(QueueName=name, Attributes=more)["QueueUrl"]
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn_of(name), Attributes=attributes)
        return url

    def received(self, queue: str) -> list[Mapping[str, Any]]:
        result = self.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
        )
        found: list[Mapping[str, Any]] = result.get("Messages", [])
        return found

    def envelopes(self, queue: str) -> list[dict[str, Any]]:
        return [json.loads(message["Body"]) for message in self.received(queue)]


@pytest.fixture
def world(aws: AwsServer) -> World:
    return World(aws)


@pytest.mark.parametrize("start", ["soon", "", "2026-13-01T00:00:00Z"])
def test_a_replay_from_no_moment_is_refused(world: World, start: str) -> None:
    archive = json.dumps({"MessageRetentionPeriod": "1"})
    topic = world.topic("t.fifo", FifoTopic="true", ArchivePolicy=archive)
    replay = json.dumps({"PointType": "Timestamp", "StartingPoint": start})

    with pytest.raises(ClientError) as caught:
        world.sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn_of("q.fifo"), Attributes={"ReplayPolicy": replay}
        )

    assert caught.value.response["Error"]["Code"] == "InvalidParameter"


def test_the_trace_of_a_publication_reaches_the_queue(world: World) -> None:
    topic = world.topic()
    queue = world.queue(topic)
    sns = world.aws.client("sns", user_agent_extra="traced")
    sns.meta.events.register(
        "before-sign.sns.Publish", lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", "Root=1")
    )

    sns.publish(TopicArn=topic, Message="m")

    (message,) = world.received(queue)
    assert message["Attributes"]["AWSTraceHeader"] == "Root=1"


def test_a_queue_gets_the_message_in_its_envelope(world: World) -> None:
    topic = world.topic()
    queue = world.queue(topic)
    attributes = {"n": {"DataType": "Number", "StringValue": "1.5"}, "b": {"DataType": "Binary", "BinaryValue": b"\0"}}

    published = world.sns.publish(TopicArn=topic, Message="hello", Subject="about", MessageAttributes=attributes)

    (envelope,) = world.envelopes(queue)
    assert envelope["Type"] == "Notification"
    assert envelope["MessageId"] == published["MessageId"]
    assert (envelope["Message"], envelope["Subject"], envelope["TopicArn"]) == ("hello", "about", topic)
    assert envelope["MessageAttributes"] == {
        "n": {"Type": "Number", "Value": "1.5"},
        "b": {"Type": "Binary", "Value": "AA=="},
    }


@pytest.mark.parametrize(("version", "digest"), [("1", hashes.SHA1()), ("2", hashes.SHA256())])  # noqa: S303 # AWS's
def test_the_signature_verifies_against_the_certificate(
    world: World, version: str, digest: hashes.HashAlgorithm
) -> None:
    """SNS developer guide, "Verifying the signatures of Amazon SNS messages"."""
    topic = world.topic(SignatureVersion=version)
    queue = world.queue(topic)
    world.sns.publish(TopicArn=topic, Message="hello\nworld", Subject="about")
    (envelope,) = world.envelopes(queue)

    names = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    signed = "".join(f"{name}\n{envelope[name]}\n" for name in names).encode()
    with urllib.request.urlopen(envelope["SigningCertURL"]) as answer:
        key = x509.load_pem_x509_certificate(answer.read()).public_key()

    assert envelope["SignatureVersion"] == version
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.b64decode(envelope["Signature"]), signed, padding.PKCS1v15(), digest)


def test_the_key_outlives_a_restart(world: World) -> None:
    topic = world.topic()
    queue = world.queue(topic)
    world.sns.publish(TopicArn=topic, Message="a")
    world.aws.restart()
    world.sns.publish(TopicArn=topic, Message="b")

    first, second = world.envelopes(queue)

    assert first["SigningCertURL"] == second["SigningCertURL"]


def test_raw_delivery_hands_on_message_and_attributes(world: World) -> None:
    topic = world.topic()
    queue = world.queue(topic, RawMessageDelivery="true")
    attributes = {"b": {"DataType": "Binary", "BinaryValue": b"\0\1"}}

    world.sns.publish(TopicArn=topic, Message="hello", MessageAttributes=attributes)

    (message,) = world.received(queue)
    assert message["Body"] == "hello"
    assert message["MessageAttributes"] == attributes


def test_each_protocol_gets_its_part_of_a_structured_message(world: World) -> None:
    topic = world.topic()
    queue = world.queue(topic)
    text = json.dumps({"default": "for all", "sqs": "for queues"})

    world.sns.publish(TopicArn=topic, Message=text, MessageStructure="json")

    assert world.envelopes(queue)[0]["Message"] == "for queues"
    with pytest.raises(ClientError, match="No default entry in JSON message body"):
        world.sns.publish(TopicArn=topic, Message='{"sqs": "x"}', MessageStructure="json")


def test_filters_look_at_attributes_or_at_the_body(world: World) -> None:
    topic = world.topic()
    by_attribute = world.queue(topic, "a", FilterPolicy='{"kind": ["x", {"prefix": "y"}]}')
    by_absence = world.queue(topic, "b", FilterPolicy='{"kind": [{"exists": false}]}')
    by_body = world.queue(
        topic, "c", FilterPolicy='{"o": {"n": [{"numeric": [">", 1]}]}}', FilterPolicyScope="MessageBody"
    )
    kind = {"kind": {"DataType": "String", "StringValue": "yes"}}
    other = {"other": {"DataType": "Binary", "BinaryValue": b"yes"}}

    world.sns.publish(TopicArn=topic, Message='{"o": {"n": 2}}', MessageAttributes=other)
    world.sns.publish(TopicArn=topic, Message='{"o": {"n": 1}}', MessageAttributes=kind)

    assert [e["Message"] for e in world.envelopes(by_attribute)] == ['{"o": {"n": 1}}']
    assert [e["Message"] for e in world.envelopes(by_absence)] == ['{"o": {"n": 2}}']
    assert [e["Message"] for e in world.envelopes(by_body)] == ['{"o": {"n": 2}}']


def test_a_filter_of_attributes_lets_no_message_pass_that_has_none(world: World) -> None:
    """SNS developer guide, "Key matching": `exists: false` needs at least one attribute."""
    topic = world.topic()
    queue = world.queue(topic, FilterPolicy='{"kind": [{"exists": false}]}')

    world.sns.publish(TopicArn=topic, Message="m")

    assert world.envelopes(queue) == []


def test_a_wrong_filter_is_refused_at_subscribe_and_later(world: World) -> None:
    topic = world.topic()
    with pytest.raises(ClientError) as caught:
        world.queue(topic, FilterPolicy='{"key":[{"suffix":100}]}')
    assert caught.value.response["Error"]["Message"] == (
        "Invalid parameter: Attributes Reason: FilterPolicy: suffix match pattern must be a string\n"
        ' at [Source: (String)"{"key":[{"suffix":100}]}"; line: 1, column: 22]'
    )
    world.queue(topic)
    (one,) = world.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]

    with pytest.raises(ClientError) as caught:
        world.sns.set_subscription_attributes(
            SubscriptionArn=one["SubscriptionArn"], AttributeName="FilterPolicy", AttributeValue='{"a":"b"}'
        )

    assert caught.value.response["Error"]["Message"].startswith(
        'Invalid parameter: FilterPolicy: "a" must be an object or an array\n'
    )


def test_a_batch_goes_out_as_single_messages(world: World) -> None:
    topic = world.topic()
    queue = world.queue(topic)
    entries = [{"Id": "1", "Message": "a"}, {"Id": "2", "Message": "b", "Subject": "\n"}, {"Id": "3", "Message": "c"}]

    result = world.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)

    assert [one["Id"] for one in result["Successful"]] == ["1", "3"]
    assert [(one["Id"], one["Code"]) for one in result["Failed"]] == [("2", "InvalidParameter")]
    assert [e["Message"] for e in world.envelopes(queue)] == ["a", "c"]


def test_a_fifo_topic_keeps_order_and_drops_duplicates(world: World) -> None:
    topic = world.topic("t.fifo", FifoTopic="true", ContentBasedDeduplication="true")
    fifo, plain = world.queue(topic, "q.fifo"), world.queue(topic, "plain")
    first = world.sns.publish(TopicArn=topic, Message="1", MessageGroupId="g")
    again = world.sns.publish(TopicArn=topic, Message="1", MessageGroupId="g")
    world.sns.publish(TopicArn=topic, Message="2", MessageGroupId="g")

    assert again["MessageId"] == first["MessageId"]
    assert again["SequenceNumber"] == first["SequenceNumber"]
    messages = world.received(fifo)
    assert [json.loads(m["Body"])["Message"] for m in messages] == ["1", "2"]
    assert messages[0]["Attributes"]["MessageGroupId"] == "g"
    assert "Signature" not in json.loads(messages[0]["Body"])
    (one, _) = world.received(plain)
    assert "MessageGroupId" not in one["Attributes"]


@pytest.mark.parametrize("scopes", [("Topic", "MessageGroup"), ("MessageGroup", "Topic")])
def test_a_duplicate_stays_one_when_the_scope_changes(world: World, scopes: tuple[str, str]) -> None:
    topic = world.topic("topic.fifo", FifoTopic="true", FifoThroughputScope=scopes[0])
    message = {"TopicArn": topic, "Message": "m", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    first = world.sns.publish(**message)

    world.sns.set_topic_attributes(TopicArn=topic, AttributeName="FifoThroughputScope", AttributeValue=scopes[1])
    again = world.sns.publish(**message)

    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])


def test_what_a_queue_does_not_take_becomes_a_dead_letter(world: World) -> None:
    topic = world.topic()
    dead = world.sqs.create_queue(QueueName="dead")["QueueUrl"]
    queue = world.queue(topic, RedrivePolicy=json.dumps({"deadLetterTargetArn": arn_of("dead")}))
    world.sqs.delete_queue(QueueUrl=queue)

    published = world.sns.publish(TopicArn=topic, Message="lost")

    (letter,) = world.received(dead)
    assert json.loads(letter["Body"])["Message"] == "lost"
    assert letter["MessageAttributes"]["RequestID"]["StringValue"] == published["MessageId"]
    assert letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_subscriptions_may_share_a_fifo_queue_of_dead_letters(world: World) -> None:
    """Letters of one message are no duplicates of each other."""
    topic = world.topic("topic.fifo", FifoTopic="true")
    dead = world.sqs.create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": arn_of("dead.fifo")})
    for name in ("a.fifo", "b.fifo"):
        world.sqs.delete_queue(QueueUrl=world.queue(topic, name, RedrivePolicy=policy))

    for text in ("1", "2"):
        world.sns.publish(TopicArn=topic, Message=text, MessageGroupId="g", MessageDeduplicationId=text)

    letters = world.received(dead)
    assert [json.loads(letter["Body"])["Message"] for letter in letters] == ["1", "1", "2", "2"]
    assert {letter["Attributes"]["MessageGroupId"] for letter in letters} == {"g"}


@pytest.mark.parametrize(("own", "kept"), [(7, 10), (8, 8), (10, 10), (11, 3)])
def test_a_dead_letter_keeps_its_own_attributes_if_a_queue_can_take_them(world: World, own: int, kept: int) -> None:
    dead = world.sqs.create_queue(QueueName="dead")["QueueUrl"]
    topic = world.topic()
    world.sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn_of("missing"),
        Attributes={
            "RawMessageDelivery": "true",
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn_of("dead")}),
        },
    )
    attributes = {f"k{number}": {"DataType": "String", "StringValue": "v"} for number in range(own)}

    world.sns.publish(TopicArn=topic, Message="lost", MessageAttributes=attributes)

    (letter,) = world.received(dead)
    assert len(letter["MessageAttributes"]) == kept
    assert ("k0" in letter["MessageAttributes"]) == (own <= 10)
    assert ("ErrorCode" in letter["MessageAttributes"]) == (own in (7, 11))


def test_a_subscription_replays_the_archive(world: World) -> None:
    policy = json.dumps({"MessageRetentionPeriod": "30"})
    topic = world.topic("t.fifo", FifoTopic="true", ContentBasedDeduplication="true", ArchivePolicy=policy)
    world.sns.publish(TopicArn=topic, Message="too early", MessageGroupId="g")
    world.aws.advance(seconds=600)
    for text in ("1", "2"):
        world.sns.publish(TopicArn=topic, Message=text, MessageGroupId="g")
    world.aws.advance(seconds=600)

    replay = json.dumps({"PointType": "Timestamp", "StartingPoint": "2026-01-01T00:10:00.000Z"})
    queue = world.queue(topic, "q.fifo", ReplayPolicy=replay)
    world.aws.run_jobs()

    assert [e["Message"] for e in world.envelopes(queue)] == ["1", "2"]


@pytest.mark.parametrize(
    ("request_of", "code", "message"),
    [
        ({"Message": ""}, "InvalidParameter", "Invalid parameter: Empty message"),
        ({"Message": "m", "Subject": ""}, "InvalidParameter", "Invalid parameter: Subject"),
        ({"Message": "x" * 262_145}, "InvalidParameter", "Invalid parameter: Message too long"),
        (
            {"Message": "m", "MessageDeduplicationId": "d"},
            "InvalidParameter",
            (
                "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId "
                "parameter that is not valid for this topic type"
            ),
        ),
        *(
            (
                {"Message": "m", "MessageAttributes": {"attr1": {"DataType": "Number", "StringValue": text}}},
                "ParameterValueInvalid",
                "Could not cast message attribute 'attr1' value to number.",
            )
            for text in ("ten", "NaN", "Infinity", "1e400", " 5", "1_0")
        ),
        (
            {"Message": "m", "MessageAttributes": {"attr1": {"DataType": "Prefixed.String", "StringValue": "x"}}},
            "ParameterValueInvalid",
            (
                "The message attribute 'attr1' has an invalid message attribute type, the set of supported type "
                "prefixes is Binary, Number, and String."
            ),
        ),
    ],
)
def test_publications_that_break_a_rule_are_refused(
    world: World, request_of: dict[str, Any], code: str, message: str
) -> None:
    topic = world.topic()

    with pytest.raises(ClientError) as caught:
        world.sns.publish(TopicArn=topic, **request_of)

    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == (code, message)
