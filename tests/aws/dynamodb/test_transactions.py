"""Transactions over the wire: all or nothing, and a reason for each item."""

from typing import Any

import pytest
from tests.aws.dynamodb.forms import index, item, make_table, refusal, refused
from tests.aws_server import AwsServer


@pytest.fixture
def table(dynamodb: Any) -> str:
    make_table(dynamodb, attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g")])
    dynamodb.put_item(TableName="table", Item=item(pk="there", n=1))
    return "table"


def put(**attributes: Any) -> dict[str, Any]:
    return {"Put": {"TableName": "table", "Item": item(**attributes)}}


def check(key: str, condition: str = "attribute_exists(pk)") -> dict[str, Any]:
    return {"ConditionCheck": {"TableName": "table", "Key": item(pk=key), "ConditionExpression": condition}}


def add_one(key: str, **options: Any) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": "table",
            "Key": item(pk=key),
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
            **options,
        }
    }


def contents(dynamodb: Any) -> dict[str, Any]:
    return {each["pk"]["S"]: each for each in dynamodb.scan(TableName="table")["Items"]}


def test_every_kind_of_step_happens_together(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=item(pk="old"))

    dynamodb.transact_write_items(
        TransactItems=[
            put(pk="new"),
            add_one("there"),
            {"Delete": {"TableName": table, "Key": item(pk="old")}},
            check("absent", "attribute_not_exists(pk)"),
        ]
    )

    assert contents(dynamodb) == {"new": item(pk="new"), "there": item(pk="there", n=2)}


def test_a_step_may_bring_names_and_values_that_it_has_no_expression_for(dynamodb: Any, table: str) -> None:
    spare = {"ExpressionAttributeNames": {"#n": "n"}, "ExpressionAttributeValues": {":v": {"N": "1"}}}
    key = item(pk="there")

    dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table, "Item": item(pk="new"), **spare}},
            {"Delete": {"TableName": table, "Key": item(pk="old"), **spare}},
        ]
    )
    answer = dynamodb.transact_get_items(
        TransactItems=[{"Get": {"TableName": table, "Key": key, "ExpressionAttributeNames": {"#n": "n"}}}]
    )

    assert answer["Responses"] == [{"Item": item(pk="there", n=1)}]
    assert contents(dynamodb).keys() == {"there", "new"}
    unused = {"Put": {"TableName": table, "Item": key, "ConditionExpression": "attribute_exists(pk)", **spare}}
    assert refusal(dynamodb.transact_write_items, TransactItems=[unused])[1] == (
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}"
    )


def test_one_false_condition_undoes_the_rest_and_every_item_gets_its_reason(dynamodb: Any, table: str) -> None:
    before = contents(dynamodb)
    failing = add_one("there", ConditionExpression="n > :one", ReturnValuesOnConditionCheckFailure="ALL_OLD")

    answer = refused(dynamodb.transact_write_items, TransactItems=[put(pk="new"), failing, check("absent")])

    assert answer["Error"] == {
        "Code": "TransactionCanceledException",
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons "
        "[None, ConditionalCheckFailed, ConditionalCheckFailed]",
    }
    assert answer["CancellationReasons"] == [
        {"Code": "None"},
        {
            "Code": "ConditionalCheckFailed",
            "Message": "The conditional request failed",
            "Item": item(pk="there", n=1),
        },
        {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"},
    ]
    assert contents(dynamodb) == before


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (put(pk=5), "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N"),
        (
            put(pk="a", g=5),
            (
                "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N "
                "IndexName: by-g"
            ),
        ),
        (
            {"Delete": {"TableName": "table", "Key": item(pk=5)}},
            "The provided key element does not match the schema",
        ),
        (
            {
                "Update": {
                    "TableName": "table",
                    "Key": item(pk="there"),
                    "UpdateExpression": "SET n = gone",
                }
            },
            "The provided expression refers to an attribute that does not exist in the item",
        ),
    ],
)
def test_a_step_that_does_not_fit_its_table_cancels(dynamodb: Any, table: str, step: Any, message: str) -> None:
    answer = refused(dynamodb.transact_write_items, TransactItems=[put(pk="new"), step])

    assert answer["CancellationReasons"] == [{"Code": "None"}, {"Code": "ValidationError", "Message": message}]
    assert list(contents(dynamodb)) == ["there"]


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        (
            [put(pk="a"), check("a")],
            ("ValidationException", "Transaction request cannot include multiple operations on one item"),
        ),
        (
            [],
            (
                "ValidationException",
                (
                    "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy "
                    "constraint: Member must "
                    "have length greater than or equal to 1"
                ),
            ),
        ),
        (
            [put(pk="")],
            (
                "ValidationException",
                (
                    "One or more parameter values are not valid. The AttributeValue for a key attribute "
                    "cannot contain an "
                    "empty string value. Key: pk"
                ),
            ),
        ),
        (
            [put(pk="a"), {"Put": {"TableName": "nowhere", "Item": item(pk="a")}}],
            ("ResourceNotFoundException", "Requested resource not found"),
        ),
        (
            [{**put(pk="a"), **check("b")}],
            ("ValidationException", "TransactItems can only contain one of Check, Put, Update or Delete"),
        ),
        (
            [put(pk=str(number), pad="p" * 400_000) for number in range(11)],
            ("ValidationException", "Transaction exceeds the aggregate size limit of 4MB"),
        ),
    ],
)
def test_a_transaction_that_cannot_be_is_refused(dynamodb: Any, table: str, steps: Any, error: Any) -> None:
    assert refusal(dynamodb.transact_write_items, TransactItems=steps) == error


def test_a_token_makes_a_repetition_harmless_for_ten_minutes(aws: AwsServer, dynamodb: Any, table: str) -> None:
    """DynamoDB API reference, TransactWriteItems, ClientRequestToken."""
    request = {"TransactItems": [add_one("there")], "ClientRequestToken": "token"}
    first = dynamodb.transact_write_items(ReturnConsumedCapacity="TOTAL", **request)
    again = dynamodb.transact_write_items(ReturnConsumedCapacity="TOTAL", **request)

    assert contents(dynamodb)["there"] == item(pk="there", n=2)
    assert "WriteCapacityUnits" in first["ConsumedCapacity"][0]
    assert "ReadCapacityUnits" in again["ConsumedCapacity"][0]
    code, _ = refusal(dynamodb.transact_write_items, TransactItems=[add_one("other")], ClientRequestToken="token")
    assert code == "IdempotentParameterMismatchException"

    aws.restart()
    dynamodb.transact_write_items(**request)
    assert contents(dynamodb)["there"] == item(pk="there", n=2)

    aws.advance(seconds=601)
    dynamodb.transact_write_items(**request)
    assert contents(dynamodb)["there"] == item(pk="there", n=3)


def test_a_failed_transaction_does_not_use_up_its_token(dynamodb: Any, table: str) -> None:
    request = {"TransactItems": [check("late")], "ClientRequestToken": "token"}
    assert refusal(dynamodb.transact_write_items, **request)[0] == "TransactionCanceledException"
    dynamodb.put_item(TableName=table, Item=item(pk="late"))

    dynamodb.transact_write_items(**request)


def test_a_transaction_costs_twice(dynamodb: Any, table: str) -> None:
    write = dynamodb.transact_write_items(TransactItems=[put(pk="a"), put(pk="b")], ReturnConsumedCapacity="TOTAL")
    assert write["ConsumedCapacity"][0]["CapacityUnits"] == 4.0
    get = {"Get": {"TableName": table, "Key": item(pk="a")}}
    read = dynamodb.transact_get_items(TransactItems=[get], ReturnConsumedCapacity="TOTAL")
    assert read["ConsumedCapacity"][0]["CapacityUnits"] == 2.0


def test_reads_of_one_moment_come_in_the_order_of_the_request(dynamodb: Any, table: str) -> None:
    gets = [{"Get": {"TableName": table, "Key": item(pk=key)}} for key in ("there", "absent")]
    gets[0]["Get"]["ProjectionExpression"] = "n"

    assert dynamodb.transact_get_items(TransactItems=gets)["Responses"] == [{"Item": item(n=1)}, {}]
    gets[0]["Get"]["ProjectionExpression"] = "nowhere"
    assert dynamodb.transact_get_items(TransactItems=gets)["Responses"] == [{}, {}]
    del gets[0]["Get"]["ProjectionExpression"]
    twice = refusal(dynamodb.transact_get_items, TransactItems=gets[:1] * 2)
    assert twice == ("ValidationException", "Transaction request cannot include multiple operations on one item")


def test_every_read_of_a_transaction_gets_its_reason(dynamodb: Any, table: str) -> None:
    reads = [{"Get": {"TableName": "table", "Key": key}} for key in (item(pk="a"), item(pk=1), item(other="a"))]
    answer = refused(dynamodb.transact_get_items, TransactItems=reads)

    misfit = {"Code": "ValidationError", "Message": "The provided key element does not match the schema"}
    assert answer["CancellationReasons"] == [{"Code": "None"}, misfit, misfit]


def test_a_transaction_reads_up_to_four_megabytes(dynamodb: Any, table: str) -> None:
    """DynamoDB API reference, TransactGetItems."""
    for number in range(11):
        dynamodb.put_item(TableName="table", Item=item(pk=str(number), text="x" * 400_000))
    reads = [{"Get": {"TableName": "table", "Key": item(pk=str(number))}} for number in range(11)]

    assert len(dynamodb.transact_get_items(TransactItems=reads[:10])["Responses"]) == 10
    assert refusal(dynamodb.transact_get_items, TransactItems=reads)[0] == "ValidationException"
