"""Queues over the wire: made, found, described, changed, deleted."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.aws.sqs.forms import Forms
from tests.aws.sqs.test_messages import refusal
from tests.aws_server import AwsServer


@pytest.fixture
def sqs(aws: AwsServer) -> Any:
    return aws.client("sqs")


def arn_of(name: str) -> str:
    return f"arn:aws:sqs:us-east-1:000000000000:{name}"


def attributes_of(sqs: Any, url: str) -> dict[str, str]:
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return found


def test_a_queue_reads_back_everything_by_default(sqs: Any) -> None:
    """As AWS answers for a queue that nobody has configured."""
    url = sqs.create_queue(QueueName="q")["QueueUrl"]

    found = attributes_of(sqs, url)

    assert found.pop("CreatedTimestamp") == found.pop("LastModifiedTimestamp")
    assert found == {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "DelaySeconds": "0",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "QueueArn": arn_of("q"),
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "30",
    }


def test_every_attribute_reads_back_as_it_was_set(sqs: Any) -> None:
    dead = sqs.create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    given = {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "true",
        "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": "perMessageGroupId",
        "DelaySeconds": "1",
        "MaximumMessageSize": "2048",
        "MessageRetentionPeriod": "60",
        "ReceiveMessageWaitTimeSeconds": "2",
        "VisibilityTimeout": "3",
        "KmsMasterKeyId": "key",
        "KmsDataKeyReusePeriodSeconds": "600",
        "Policy": json.dumps({"Version": "2012-10-17", "Statement": []}),
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn_of("dead.fifo"), "maxReceiveCount": 3}),
        "RedriveAllowPolicy": json.dumps({"redrivePermission": "denyAll"}),
    }
    url = sqs.create_queue(QueueName="q.fifo", Attributes=given)["QueueUrl"]

    found = attributes_of(sqs, url)

    assert {name: found[name] for name in given} == given
    assert found["SqsManagedSseEnabled"] == "false"
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DelaySeconds", "901"),
        ("DelaySeconds", "-1"),
        ("DelaySeconds", "one"),
        ("MaximumMessageSize", "1023"),
        ("MaximumMessageSize", "1048577"),
        ("MessageRetentionPeriod", "59"),
        ("ReceiveMessageWaitTimeSeconds", "21"),
        ("VisibilityTimeout", "43201"),
        ("SqsManagedSseEnabled", "yes"),
        ("Policy", "no policy"),
        ("Policy", "[]"),
        ("Policy", '{"Statement": "x"}'),
        ("Policy", '{"Statement": ["x"]}'),
    ],
)
def test_attributes_out_of_their_range_are_refused(sqs: Any, name: str, value: str) -> None:
    code, message = refusal(sqs.create_queue, QueueName="q", Attributes={name: value})

    assert (code, message) == ("InvalidAttributeValue", f"Invalid value for the parameter {name}.")


@pytest.mark.parametrize("name", ["Unknown", "FifoThroughputLimit"])
def test_attributes_that_a_standard_queue_does_not_have_are_refused(sqs: Any, name: str) -> None:
    assert refusal(sqs.create_queue, QueueName="q", Attributes={name: "perQueue"}) == (
        "InvalidAttributeName",
        f"Unknown Attribute {name}.",
    )


def test_making_the_same_queue_again_finds_it(sqs: Any) -> None:
    first = sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "1"})

    assert sqs.create_queue(QueueName="q")["QueueUrl"] == first["QueueUrl"]
    assert refusal(sqs.create_queue, QueueName="q", Attributes={"DelaySeconds": "2"}) == (
        "QueueAlreadyExists",
        "A queue already exists with the same name and a different value for attribute DelaySeconds",
    )


@pytest.mark.parametrize("name", ["", "x" * 81, "white space", "q.fifo", "ä"])
def test_names_that_no_queue_can_have_are_refused(sqs: Any, name: str) -> None:
    assert refusal(sqs.create_queue, QueueName=name)[0] == "InvalidParameterValue"


def test_accounts_and_regions_have_their_own_queues(aws: AwsServer, sqs: Any) -> None:
    sqs.create_queue(QueueName="q")

    with pytest.raises(ClientError):
        aws.client("sqs", region="eu-central-1").get_queue_url(QueueName="q")
    with pytest.raises(ClientError):
        aws.client("sqs", account="111111111111").get_queue_url(QueueName="q")
    assert sqs.get_queue_url(QueueName="q")["QueueUrl"].endswith("/000000000000/q")


def test_listing_goes_by_prefix_and_in_pages(sqs: Any) -> None:
    for number in range(5):
        sqs.create_queue(QueueName=f"a{number}")
    sqs.create_queue(QueueName="b")

    pages = list(sqs.get_paginator("list_queues").paginate(QueueNamePrefix="a", PaginationConfig={"PageSize": 2}))

    assert [len(page["QueueUrls"]) for page in pages] == [2, 2, 1]
    assert len(sqs.list_queues()["QueueUrls"]) == 6


def test_a_form_without_a_version_is_known_by_what_it_says(aws: AwsServer) -> None:
    """As curl's users write them by hand."""
    forms = Forms(aws.url)

    (made,) = forms.get("/?Action=CreateQueue&QueueName=jobs").texts("QueueUrl")

    assert made.endswith("/000000000000/jobs")
    assert forms.get("/?Action=GetQueueUrl&QueueName=jobs").texts("QueueUrl") == [made]
    for query in ("", "&QueueNamePrefix=jo"):
        assert forms.get(f"/?Action=ListQueues{query}").texts("QueueUrl") == [made]


def test_a_deleted_queue_is_gone_with_its_messages(sqs: Any) -> None:
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="old")
    sqs.delete_queue(QueueUrl=url)

    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.send_message(QueueUrl=url, MessageBody="b")
    sqs.create_queue(QueueName="q")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_tags_and_permissions(sqs: Any) -> None:
    url = sqs.create_queue(QueueName="q", tags={"a": "1", "b": "2"})["QueueUrl"]
    sqs.tag_queue(QueueUrl=url, Tags={"b": "3"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["a"])
    sqs.add_permission(QueueUrl=url, Label="send", AWSAccountIds=["111111111111"], Actions=["SendMessage"])

    policy = json.loads(attributes_of(sqs, url)["Policy"])

    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"b": "3"}
    assert policy["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    sqs.remove_permission(QueueUrl=url, Label="send")
    assert "Policy" not in attributes_of(sqs, url)


def test_retention_really_expires(aws: AwsServer, sqs: Any) -> None:
    url = sqs.create_queue(QueueName="q", Attributes={"MessageRetentionPeriod": "60"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="old")
    aws.advance(seconds=59)
    sqs.send_message(QueueUrl=url, MessageBody="new")

    aws.advance(seconds=1)

    assert attributes_of(sqs, url)["ApproximateNumberOfMessages"] == "1"
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]] == ["new"]


def test_a_url_means_its_queue_by_any_host_name(aws: AwsServer, sqs: Any) -> None:
    sqs.create_queue(QueueName="q")
    europe = aws.client("sqs", region="eu-west-1")
    europe.create_queue(QueueName="q", Attributes={"DelaySeconds": "7"})

    for url in (
        "https://sqs.us-east-1.amazonaws.com/000000000000/q",
        "http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/q",
        "http://us-east-1.queue.localhost.localstack.cloud:4566/000000000000/q",
        "http://elsewhere:1/queue/us-east-1/000000000000/q",
    ):
        assert attributes_of(europe, url)["DelaySeconds"] == "0"
    assert attributes_of(europe, "http://localhost:4566/000000000000/q")["DelaySeconds"] == "7"


@pytest.mark.parametrize(
    ("strategy", "form"),
    [
        ("standard", "http://sqs.us-east-1.127.0.0.1:{port}/000000000000/q"),
        ("domain", "http://queue.127.0.0.1:{port}/000000000000/q"),
        ("path", "http://127.0.0.1:{port}/queue/us-east-1/000000000000/q"),
        ("dynamic", "http://127.0.0.1:{port}/000000000000/q"),
    ],
)
def test_urls_come_in_the_form_that_is_set(tmp_path: Any, strategy: str, form: str) -> None:
    server = AwsServer(tmp_path / "data", settings={"aws.sqs_queue_urls": strategy}).start()
    try:
        url = server.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        assert url == form.format(port=server.url.rpartition(":")[2])
    finally:
        server.stop()
