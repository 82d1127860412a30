"""Messages over the wire: what goes in, what comes out, what is refused."""

import hashlib
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.aws.sqs.forms import Forms
from tests.aws_server import AwsServer

MIB = 1024 * 1024


@pytest.fixture
def sqs(aws: AwsServer) -> Any:
    return aws.client("sqs")


@pytest.fixture
def queue(sqs: Any) -> str:
    url: str = sqs.create_queue(QueueName="queue")["QueueUrl"]
    return url


def refusal(call: Any, **request: Any) -> tuple[str, str]:
    """Code and message of the error that a call meets."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize("member", ["AttributeNames", "MessageSystemAttributeNames"])
def test_attributes_of_messages_are_asked_for_by_name_in_either_list(sqs: Any, queue: str, member: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="b")

    (message,) = sqs.receive_message(QueueUrl=queue, **{member: ["ApproximateReceiveCount", "SenderId"]})["Messages"]

    assert message["Attributes"] == {"ApproximateReceiveCount": "1", "SenderId": "000000000000"}
    wanted = {"QueueUrl": queue, member: ["Nothing"]}
    assert refusal(sqs.receive_message, **wanted) == ("InvalidAttributeName", "Unknown Attribute Nothing.")


def test_the_trace_of_the_request_goes_with_the_message_that_has_none(aws: AwsServer, queue: str) -> None:
    sqs = aws.client("sqs", user_agent_extra="traced")
    for operation in ("SendMessage", "SendMessageBatch"):
        sqs.meta.events.register(
            f"before-sign.sqs.{operation}", lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", "Root=1")
        )
    own = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=2"}}

    sent = sqs.send_message(QueueUrl=queue, MessageBody="b")
    sqs.send_message(QueueUrl=queue, MessageBody="b", MessageSystemAttributes=own)
    sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "b"}])

    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["AWSTraceHeader"])["Messages"]
    assert [message["Attributes"]["AWSTraceHeader"] for message in found] == ["Root=1", "Root=2", "Root=1"]
    assert "MD5OfMessageSystemAttributes" not in sent


def test_a_message_comes_out_as_it_went_in(sqs: Any, queue: str) -> None:
    attributes = {
        "text": {"DataType": "String", "StringValue": "grün"},
        "number": {"DataType": "Number.int", "StringValue": "42"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}
    sent = sqs.send_message(
        QueueUrl=queue, MessageBody="body", MessageAttributes=attributes, MessageSystemAttributes=trace
    )

    (message,) = sqs.receive_message(QueueUrl=queue, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"]

    assert message["Body"] == "body"
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"] == hashlib.md5(b"body").hexdigest()  # noqa: S324
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MessageAttributes"] == attributes
    assert message["Attributes"]["AWSTraceHeader"] == "Root=1-5759e988-bd862e3fe1be46a994272793"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert message["Attributes"]["SenderId"] == "000000000000"


def test_only_the_attributes_that_are_asked_for_come_back(sqs: Any, queue: str) -> None:
    one = {"DataType": "String", "StringValue": "x"}
    sqs.send_message(QueueUrl=queue, MessageBody="b", MessageAttributes={"a.x": one, "a.y": one, "b": one})

    (message,) = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["a.*"])["Messages"]

    assert set(message["MessageAttributes"]) == {"a.x", "a.y"}
    assert "Attributes" not in message


def test_a_received_message_is_hidden_for_its_visibility_timeout(aws: AwsServer, sqs: Any, queue: str) -> None:
    """SQS developer guide, "Amazon SQS visibility timeout"."""
    sqs.send_message(QueueUrl=queue, MessageBody="b")

    assert len(sqs.receive_message(QueueUrl=queue, VisibilityTimeout=30)["Messages"]) == 1
    aws.advance(seconds=29.999)
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    aws.advance(seconds=0.001)
    (again,) = sqs.receive_message(QueueUrl=queue, AttributeNames=["All"])["Messages"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_message_of_one_mebibyte_is_taken_and_a_longer_one_is_not(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x" * MIB)

    assert len(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"]) == MIB
    assert refusal(sqs.send_message, QueueUrl=queue, MessageBody="x" * (MIB + 1)) == (
        "InvalidParameterValue",
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
    )


@pytest.mark.parametrize("body", ["\x00", "a\x0b", "\ufffe", "tail\x1f"])
def test_characters_that_xml_cannot_carry_are_refused(sqs: Any, queue: str, body: str) -> None:
    code, _ = refusal(sqs.send_message, QueueUrl=queue, MessageBody=body)

    assert code == "InvalidMessageContents"


@pytest.mark.parametrize(
    ("attribute", "reason"),
    [
        ({"DataType": "String", "StringValue": ""}, "must contain a non-empty value of type 'String'."),
        ({"DataType": "Number", "StringValue": "ten"}, "Can't cast the value"),
        *(
            ({"DataType": "Number", "StringValue": text}, "Can't cast the value")
            for text in ("NaN", "Infinity", "1e400", " 5", "1_0", "\u0663", "0x1", ".")
        ),
        ({"DataType": "Float", "StringValue": "1"}, "supported type prefixes: Binary, Number, String."),
        ({"DataType": "", "StringValue": "1"}, "must contain non-empty message attribute type."),
    ],
)
def test_wrong_attributes_are_refused(sqs: Any, queue: str, attribute: dict[str, str], reason: str) -> None:
    code, message = refusal(sqs.send_message, QueueUrl=queue, MessageBody="b", MessageAttributes={"a": attribute})

    assert code == "InvalidParameterValue"
    assert reason in message


def test_attributes_count_towards_the_size(sqs: Any, queue: str) -> None:
    attributes = {"a": {"DataType": "String", "StringValue": "x" * MIB}}

    code, _ = refusal(sqs.send_message, QueueUrl=queue, MessageBody="b", MessageAttributes=attributes)

    assert code == "InvalidParameterValue"


def test_an_older_handle_deletes_nothing(aws: AwsServer, sqs: Any, queue: str) -> None:
    """SQS API reference, DeleteMessage: the request succeeds, but the message is not deleted."""
    sqs.send_message(QueueUrl=queue, MessageBody="b")
    (first,) = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=1)["Messages"]
    aws.advance(seconds=1)
    (second,) = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=1)["Messages"]

    sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
    aws.advance(seconds=1)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=second["ReceiptHandle"])

    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_what_is_no_handle_is_refused(sqs: Any, queue: str) -> None:
    assert refusal(sqs.delete_message, QueueUrl=queue, ReceiptHandle="garbage") == (
        "ReceiptHandleIsInvalid",
        'The input receipt handle "garbage" is not a valid receipt handle.',
    )


def test_a_batch_names_the_entries_that_fail(sqs: Any, queue: str) -> None:
    entries = [{"Id": "good", "MessageBody": "b"}, {"Id": "bad", "MessageBody": "b", "DelaySeconds": 901}]

    result = sqs.send_message_batch(QueueUrl=queue, Entries=entries)

    assert [one["Id"] for one in result["Successful"]] == ["good"]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in result["Failed"]] == [
        ("bad", "InvalidParameterValue", True)
    ]


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([], "AWS.SimpleQueueService.EmptyBatchRequest"),
        (["a", "a"], "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
        (["no:"], "AWS.SimpleQueueService.InvalidBatchEntryId"),
        ([str(number) for number in range(11)], "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
    ],
)
def test_a_batch_that_is_wrong_as_a_whole_is_refused(sqs: Any, queue: str, ids: list[str], code: str) -> None:
    entries = [{"Id": one, "MessageBody": "b"} for one in ids]

    assert refusal(sqs.send_message_batch, QueueUrl=queue, Entries=entries)[0] == code


def test_a_batch_keeps_to_one_mebibyte(sqs: Any, queue: str) -> None:
    entries = [{"Id": "a", "MessageBody": "x" * (MIB // 2)}, {"Id": "b", "MessageBody": "x" * (MIB // 2 + 1)}]

    assert refusal(sqs.send_message_batch, QueueUrl=queue, Entries=entries) == (
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
    )


def test_a_delayed_message_appears_when_its_delay_is_over(aws: AwsServer, sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="b", DelaySeconds=5)

    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    aws.advance(seconds=5)
    assert len(sqs.receive_message(QueueUrl=queue)["Messages"]) == 1


def test_the_visibility_of_a_message_that_nobody_has_cannot_be_changed(aws: AwsServer, sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="b")
    (message,) = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=1)["Messages"]
    aws.advance(seconds=1)

    code, _ = refusal(
        sqs.change_message_visibility,
        QueueUrl=queue,
        ReceiptHandle=message["ReceiptHandle"],
        VisibilityTimeout=10,
    )

    assert code == "AWS.SimpleQueueService.MessageNotInflight"


def test_a_message_cannot_stay_hidden_for_over_twelve_hours(aws: AwsServer, sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="b")
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    aws.advance(seconds=1)

    code, reason = refusal(
        sqs.change_message_visibility,
        QueueUrl=queue,
        ReceiptHandle=message["ReceiptHandle"],
        VisibilityTimeout=43_200,
    )

    assert code == "InvalidParameterValue"
    assert "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]" in reason


def test_both_protocols_see_the_same_queue(aws: AwsServer, sqs: Any, queue: str) -> None:
    forms = Forms(aws.url)
    sent = forms.call("SendMessage", QueueUrl=queue, MessageBody="grün <&>")

    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]

    assert message["Body"] == "grün <&>"
    assert sent.text("MessageId") == message["MessageId"]
    assert forms.call("DeleteMessage", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"]).status == 200


def test_the_protocols_tell_errors_in_their_own_shapes(aws: AwsServer, sqs: Any) -> None:
    """A JSON client reads the modelled name, an older one the code behind the header `x-amzn-query-error`."""
    missing = f"{aws.url}/000000000000/missing"
    form = Forms(aws.url).call("GetQueueAttributes", QueueUrl=missing)

    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as caught:
        sqs.get_queue_attributes(QueueUrl=missing)

    assert caught.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert caught.value.response["Error"]["QueryErrorCode"] == "QueueDoesNotExist"
    assert (form.status, form.text("Code")) == (400, "AWS.SimpleQueueService.NonExistentQueue")


def test_an_error_without_a_model_has_both_its_names(sqs: Any, queue: str) -> None:
    with pytest.raises(ClientError) as caught:
        sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=11)

    error: Any = caught.value.response["Error"]
    assert (
        error["Message"] == "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: "
        "Must be between 1 and 10, if provided."
    )
    assert (error["Code"], error["QueryErrorCode"]) == ("InvalidParameterValue", "InvalidParameterValueException")


def test_forms_carry_attributes_and_batches(aws: AwsServer, sqs: Any, queue: str) -> None:
    Forms(aws.url).call(
        "SendMessageBatch",
        **{
            "QueueUrl": queue,
            "SendMessageBatchRequestEntry.1.Id": "one",
            "SendMessageBatchRequestEntry.1.MessageBody": "b",
            "SendMessageBatchRequestEntry.1.MessageAttribute.1.Name": "a",
            "SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType": "String",
            "SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue": "x",
        },
    )

    (message,) = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["a"])["Messages"]

    assert message["MessageAttributes"] == {"a": {"DataType": "String", "StringValue": "x"}}


def test_a_peek_takes_nothing(aws: AwsServer, sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="shown")
    sqs.send_message(QueueUrl=queue, MessageBody="delayed", DelaySeconds=60)
    forms = Forms(aws.url)

    seen = forms.get(f"/_aws/sqs/messages?QueueUrl={queue}")
    by_name = forms.get("/_aws/sqs/messages/us-east-1/000000000000/queue?ShowDelayed=true")

    assert seen.texts("Body") == ["shown"]
    assert by_name.texts("Body") == ["shown", "delayed"]
    assert len(sqs.receive_message(QueueUrl=queue)["Messages"]) == 1
