"""The rules of SQS by themselves: digests, handles, URLs, shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.aws.errors import AwsError
from homeport.aws.services.sqs.errors import InvalidMessageContents, ReceiptHandleIsInvalid
from homeport.aws.services.sqs.model.attribute_names import pick
from homeport.aws.services.sqs.model.handles import ReceiptHandle
from homeport.aws.services.sqs.model.message import AttributeValue, check_body, md5_of_attributes
from homeport.aws.services.sqs.model.permissions import add_permission, remove_permission
from homeport.aws.services.sqs.model.queue import QueueKey
from homeport.aws.services.sqs.model.stored import decode, encode
from homeport.aws.services.sqs.model.tasks import due_count
from homeport.aws.services.sqs.model.urls import Strategy, parse_url, queue_url
from homeport.aws.services.sqs.model.visibility import crowds

KEY = QueueKey("000000000000", "eu-west-1", "q")


def test_the_digest_of_attributes_is_the_one_that_sdks_compute() -> None:
    """Values that botocore's own check of received messages agrees with; names are sorted, types are part of it."""
    attributes: dict[str, AttributeValue] = {
        "b": {"DataType": "Binary", "BinaryValue": b"zz"},
        "a": {"DataType": "String", "StringValue": "x"},
    }

    assert md5_of_attributes(attributes) == "664e3de92c81bcae083ca363ec55aac1"


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**63 - 1), st.integers(0, 2**32 - 1))
def test_a_handle_reads_back(queue: int, message: int, receives: int) -> None:
    handle = ReceiptHandle(queue, message, receives)

    assert ReceiptHandle.parse(str(handle), queue=queue) == handle
    with pytest.raises(ReceiptHandleIsInvalid):
        ReceiptHandle.parse(str(handle), queue=queue + 1)


@given(st.text() | st.binary().map(lambda raw: raw.hex()))
def test_no_text_that_nobody_has_given_out_is_a_handle(text: str) -> None:
    with pytest.raises(ReceiptHandleIsInvalid):
        ReceiptHandle.parse(text, queue=1)


@given(st.sampled_from(["dynamic", "standard", "domain", "path", "off"]), st.sampled_from(["us-east-1", "eu-west-1"]))
def test_every_form_of_url_leads_back_to_its_queue(strategy: Strategy, region: str) -> None:
    key = QueueKey("000000000000", region, "q.fifo")
    url = queue_url(key, strategy, "https://home.example:4566")
    caller = region if strategy in {"dynamic", "off", "domain"} else "ap-south-1"

    assert parse_url(url, caller) == key


@pytest.mark.parametrize("url", ["", "q", "http://host/q", "http://host/12/q", "http://[/000000000000/q", "/0/0/0/0"])
def test_what_is_no_queues_url(url: str) -> None:
    with pytest.raises(AwsError):
        parse_url(url, "us-east-1")


@given(st.text(min_size=1))
def test_a_body_is_what_xml_can_carry(text: str) -> None:
    """XML 1.0, production [2] Char."""
    allowed = all(
        one in "\t\n\r" or " " <= one <= "\ud7ff" or "\ue000" <= one <= "\ufffd" or one >= "\U00010000" for one in text
    )
    if allowed:
        assert check_body(text) == text.encode()
    else:
        with pytest.raises(InvalidMessageContents):
            check_body(text)


def test_a_surrogate_is_refused() -> None:
    with pytest.raises(InvalidMessageContents):
        check_body("\ud800")


@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii", categories=["L"]), min_size=1),
        st.binary(min_size=1).map(lambda raw: AttributeValue(DataType="Binary.x", BinaryValue=raw))
        | st.text(min_size=1).map(lambda text: AttributeValue(DataType="String", StringValue=text)),
    )
)
def test_stored_attributes_read_back(attributes: dict[str, AttributeValue]) -> None:
    assert decode(encode(attributes)) == attributes


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(["All"], {"a", "a.b", "c"}), ([".*"], {"a", "a.b", "c"}), (["a.*"], {"a", "a.b"}), (["a"], {"a"}), ([], set())],
)
def test_attributes_are_picked_by_name_prefix_or_all(wanted: list[str], found: set[str]) -> None:
    assert set(pick({"a": 1, "a.b": 2, "c": 3}, wanted)) == found


def test_a_permission_comes_and_goes() -> None:
    policy = add_permission(None, KEY, "label", ["111111111111"], ["SendMessage", "ReceiveMessage"])

    assert '"Action":["SQS:SendMessage","SQS:ReceiveMessage"]' in policy
    assert remove_permission(policy, "label") == ""
    for wrong in (
        ("label", ["111111111111"], ["*"]),
        ("new", ["111111111111"], ["DeleteQueue"]),
        ("new", [], ["*"]),
        ("new", ["11"], ["*"]),
        ("no label!", ["111111111111"], ["*"]),
    ):
        with pytest.raises(AwsError):
            add_permission(policy, KEY, *wrong)


def test_a_policy_may_have_a_single_statement_without_a_list() -> None:
    own = '{"Statement":{"Sid":"own","Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}}'

    policy = add_permission(own, KEY, "label", ["111111111111"], ["SendMessage"])

    assert '"Sid":"own"' in policy
    assert '"Sid":"own"' in remove_permission(policy, "label")
    assert remove_permission(own, "own") == ""


def test_a_task_of_one_a_second_moves_one_a_second() -> None:
    assert [due_count(1, 0, now, moved) for now, moved in ((0, 0), (0, 1), (999, 1), (1000, 1), (5000, 2))] == [
        1,
        0,
        0,
        1,
        4,
    ]


def test_a_group_crowds_others_out_from_a_tenth_on() -> None:
    assert not crowds(0, 0)
    assert crowds(1, 1)
    assert not crowds(1, 10)
    assert crowds(2, 19)
