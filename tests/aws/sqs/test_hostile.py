"""Requests that no SDK sends: wrong types, broken JSON, huge numbers, nonsense in forms."""

import base64
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.aws_server import AwsServer

JSON = "application/x-amz-json-1.0"


def post(aws: AwsServer, body: bytes, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(aws.url).netloc, timeout=30)
    try:
        connection.request("POST", "/", body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def call(aws: AwsServer, operation: str, request: Any) -> tuple[int, dict[str, Any]]:
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    status, content = post(aws, body, X_Amz_Target=f"AmazonSQS.{operation}", Content_Type=JSON)
    return status, json.loads(content)


@pytest.fixture
def queue(aws: AwsServer) -> str:
    url: str = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    return url


@pytest.mark.parametrize(
    "change",
    [
        {"MessageBody": 1},
        {"MessageBody": None},
        {"MessageBody": ["x"]},
        {"DelaySeconds": "soon"},
        {"DelaySeconds": 1e99},
        {"DelaySeconds": -(2**70)},
        {"MessageAttributes": []},
        {"MessageAttributes": {"a": "x"}},
        {"MessageAttributes": {"a": {}}},
        {"MessageAttributes": {"a": {"DataType": "Binary", "BinaryValue": "not base 64!"}}},
        {"MessageAttributes": {"": {"DataType": "String", "StringValue": "x"}}},
        {"MessageAttributes": {"x" * 300: {"DataType": "String", "StringValue": "x"}}},
        {"MessageAttributes": {f"a{n}": {"DataType": "String", "StringValue": "x"} for n in range(11)}},
        {"MessageAttributes": {"AWS.a": {"DataType": "String", "StringValue": "x"}}},
        {"MessageSystemAttributes": {"Other": {"DataType": "String", "StringValue": "x"}}},
        {"QueueUrl": 5},
        {"QueueUrl": "http://[::1"},
        {"QueueUrl": "x" * 100_000},
        {"QueueUrl": f"http://{'x' * 100_000}/000000000000/q"},
        {"MessageGroupId": ""},
        {"MessageBody": "\ud800"},
    ],
)
def test_a_wrong_send_is_the_clients_fault_and_changes_nothing(
    aws: AwsServer, queue: str, change: dict[str, Any]
) -> None:
    status, error = call(aws, "SendMessage", {"QueueUrl": queue, "MessageBody": "b"} | change)

    assert 400 <= status < 500, error
    counts = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    assert counts["Attributes"]["ApproximateNumberOfMessages"] == "0"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"QueueUrl":', b"[" * 100_000])
def test_what_is_no_json_object_is_refused(aws: AwsServer, body: bytes) -> None:
    assert call(aws, "SendMessage", body)[0] == 400


@pytest.mark.parametrize(
    "form",
    [
        b"Action=SendMessage&Version=2012-11-05",
        b"Action=SendMessageBatch&Version=2012-11-05&SendMessageBatchRequestEntry.99999999999.Id=a",
        b"Action=SendMessage&Version=2012-11-05&MessageAttribute.1.Name=a",
        b"Action=SendMessage&Version=2012-11-05&QueueUrl=%00&MessageBody=%FF",
        b"Action=Nonsense&Version=2012-11-05",
        b"Action=Publish&Version=2010-03-31&Message=m&MessageAttributes.entry.1.Name=a",
        b"Action=Subscribe&Version=2010-03-31&TopicArn=arn:aws:sns:::&Protocol=&Endpoint=",
        b"&&&=&",
    ],
)
def test_nonsense_in_a_form_is_refused(aws: AwsServer, form: bytes) -> None:
    status, answer = post(aws, form, Content_Type="application/x-www-form-urlencoded")

    assert 400 <= status < 500 or status == 501, answer


@pytest.mark.parametrize("text", [b"abc", b"-1", b"9" * 30, "\u0665".encode()])
def test_a_token_that_nobody_has_given_out_is_refused(aws: AwsServer, queue: str, text: bytes) -> None:
    token = base64.urlsafe_b64encode(text).decode()

    status, error = call(aws, "ListDeadLetterSourceQueues", {"QueueUrl": queue, "MaxResults": 1, "NextToken": token})
    form = f"Action=ListSubscriptions&Version=2010-03-31&NextToken={token}".encode()
    told = post(aws, form, Content_Type="application/x-www-form-urlencoded")

    assert (status, error["message"]) == (400, "Invalid or expired next token.")
    assert told[0] == 400


def test_an_operation_that_nobody_knows_is_named(aws: AwsServer) -> None:
    status, error = call(aws, "SendTelepathy", {})

    assert status in {400, 404, 501}
    assert error["__type"]
