"""Batches over the wire: what they do, all of it or nothing, and what is refused."""

from typing import Any

import pytest
from tests.aws.dynamodb.forms import item, make_table, refusal


@pytest.fixture
def table(dynamodb: Any) -> str:
    make_table(dynamodb)
    make_table(dynamodb, "other", sort="N")
    return "table"


def put(**attributes: Any) -> dict[str, Any]:
    return {"PutRequest": {"Item": item(**attributes)}}


def test_a_batch_puts_and_deletes_in_several_tables(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=item(pk="old"))

    answer = dynamodb.batch_write_item(
        RequestItems={
            "table": [put(pk="new"), {"DeleteRequest": {"Key": item(pk="old")}}],
            "other": [put(pk="a", sk=1)],
        },
        ReturnConsumedCapacity="TOTAL",
    )

    assert answer["UnprocessedItems"] == {}
    assert {each["TableName"]: each["CapacityUnits"] for each in answer["ConsumedCapacity"]} == {
        "table": 2.0,
        "other": 1.0,
    }
    found = dynamodb.batch_get_item(
        RequestItems={
            "table": {"Keys": [item(pk="new"), item(pk="old")]},
            "other": {"Keys": [item(pk="a", sk=1)], "ProjectionExpression": "sk"},
        }
    )
    assert found["Responses"] == {"table": [item(pk="new")], "other": [item(sk=1)]}
    assert found["UnprocessedKeys"] == {}


def test_a_batch_with_one_bad_item_writes_none(dynamodb: Any, table: str) -> None:
    assert refusal(
        dynamodb.batch_write_item, RequestItems={"table": [put(pk="good")], "other": [put(pk="a", sk="no number")]}
    ) == ("ValidationException", "The provided key element does not match the schema")

    assert dynamodb.scan(TableName=table)["Items"] == []


def test_what_is_beyond_sixteen_megabytes_is_left_for_another_time(dynamodb: Any, table: str) -> None:
    """DynamoDB API reference, BatchGetItem: 16 MB."""
    for number in range(50):
        dynamodb.put_item(TableName=table, Item=item(pk=str(number), pad="p" * 390_000))
    keys = [item(pk=str(number)) for number in range(50)]

    answer = dynamodb.batch_get_item(RequestItems={"table": {"Keys": keys, "ConsistentRead": True}})

    left = answer["UnprocessedKeys"]["table"]
    assert 0 < len(left["Keys"]) < 50
    assert left["ConsistentRead"] is True
    again = dynamodb.batch_get_item(RequestItems=answer["UnprocessedKeys"])
    found = answer["Responses"]["table"] + again["Responses"]["table"]
    assert sorted(int(each["pk"]["S"]) for each in found) == list(range(50))


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        (
            {"table": [put(pk="a"), {"DeleteRequest": {"Key": item(pk="a")}}]},
            "Provided list of item keys contains duplicates",
        ),
        ({"table": [put(pk=1)]}, "The provided key element does not match the schema"),
        (
            {"table": [put(pk=str(number)) for number in range(13)], "other": [put(pk="a", sk=n) for n in range(13)]},
            "Too many items requested for the BatchWriteItem call",
        ),
        ({}, "The requestItems parameter is required for BatchWriteItem"),
        (
            {"table": [{}]},
            (
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
                "supported datatypes"
            ),
        ),
    ],
)
def test_a_batch_that_cannot_be_is_refused(dynamodb: Any, table: str, requests: Any, message: str) -> None:
    assert refusal(dynamodb.batch_write_item, RequestItems=requests) == ("ValidationException", message)


def test_a_batch_of_reads_that_cannot_be_is_refused(dynamodb: Any, table: str) -> None:
    twice = {"table": {"Keys": [item(pk="a"), item(pk="a")]}}
    assert refusal(dynamodb.batch_get_item, RequestItems=twice)[1] == "Provided list of item keys contains duplicates"
    assert refusal(dynamodb.batch_get_item, RequestItems={"nowhere": {"Keys": [item(pk="a")]}}) == (
        "ResourceNotFoundException",
        "Requested resource not found",
    )
    empty = refusal(dynamodb.batch_get_item, RequestItems={})
    assert empty == ("ValidationException", "The requestItems parameter is required for BatchGetItem")


def test_a_table_with_too_many_writes_is_told_without_all_of_them(dynamodb: Any, table: str) -> None:
    many = [put(pk=str(number), text="x" * 10_000) for number in range(26)]
    code, message = refusal(dynamodb.batch_write_item, RequestItems={"table": many})

    assert code == "ValidationException"
    assert message.startswith("1 validation error detected: Value '{table=[")
    assert message.endswith(
        "' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length "
        "less than or equal to 25, Member must have length greater than or equal to 1]"
    )
    assert len(message) < 3000
