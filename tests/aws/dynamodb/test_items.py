"""Single items over the wire: what is kept, returned and refused."""

import json
import urllib.request
from decimal import Decimal
from typing import Any

import boto3
import pytest
from tests.aws.dynamodb.forms import index, item, make_table, plain_item, refusal, refused
from tests.aws_server import AwsServer

INVALID = "One or more parameter values were invalid: "


@pytest.fixture
def table(dynamodb: Any) -> str:
    make_table(dynamodb, sort="N")
    return "table"


def test_an_item_comes_back_as_it_was_put(dynamodb: Any, table: str) -> None:
    kept = item(
        pk="ключ",
        sk=-1,
        text="",
        number=42,
        flag=False,
        nothing=None,
        data=b"\x00\xff",
        empty=b"",
        words={"b", "a"},
        numbers={1, 2},
        list=[1, "x", [], {}],
        map={"deep": {"er": [True]}},
    )

    dynamodb.put_item(TableName=table, Item=kept)

    assert dynamodb.get_item(TableName=table, Key=item(pk="ключ", sk=-1))["Item"] == kept


def test_what_is_not_there_is_no_error(dynamodb: Any, table: str) -> None:
    assert "Item" not in dynamodb.get_item(TableName=table, Key=item(pk="a", sk=1))
    assert "Attributes" not in dynamodb.delete_item(TableName=table, Key=item(pk="a", sk=1), ReturnValues="ALL_OLD")


def test_a_number_is_one_key_however_it_is_written(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"N": "1.50"}})

    found = dynamodb.get_item(TableName=table, Key={"pk": {"S": "a"}, "sk": {"N": "0.15e1"}})["Item"]

    assert found["sk"] == {"N": "1.5"}


def test_projections_show_parts(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=item(pk="a", sk=1, a={"b": 1, "c": 2}, l=[1, 2, 3], status="x"))
    key = item(pk="a", sk=1)

    shown = dynamodb.get_item(
        TableName=table,
        Key=key,
        ProjectionExpression="a.b, l[2], #s, nowhere",
        ExpressionAttributeNames={"#s": "status"},
    )["Item"]

    assert plain_item(shown) == {"a": {"b": 1}, "l": [3], "status": "x"}
    assert dynamodb.get_item(TableName=table, Key=key, AttributesToGet=["status"])["Item"] == item(status="x")


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("NONE", None),
        ("ALL_OLD", {"pk": "a", "sk": 1, "n": 1, "m": {"x": 1, "y": 1}}),
        ("ALL_NEW", {"pk": "a", "sk": 1, "n": 2, "m": {"x": 5, "y": 1}}),
        ("UPDATED_OLD", {"n": 1, "m": {"x": 1}}),
        ("UPDATED_NEW", {"n": 2, "m": {"x": 5}}),
    ],
)
def test_an_update_returns_what_is_asked_for(dynamodb: Any, table: str, wanted: str, shown: Any) -> None:
    """DynamoDB API reference, UpdateItem, ReturnValues."""
    dynamodb.put_item(TableName=table, Item=item(pk="a", sk=1, n=1, m={"x": 1, "y": 1}))

    answer = dynamodb.update_item(
        TableName=table,
        Key=item(pk="a", sk=1),
        UpdateExpression="ADD n :one SET m.x = :five",
        ExpressionAttributeValues={":one": {"N": "1"}, ":five": {"N": "5"}},
        ReturnValues=wanted,
    )

    assert (plain_item(answer["Attributes"]) if "Attributes" in answer else None) == shown


def test_an_update_makes_the_item_that_it_misses(dynamodb: Any, table: str) -> None:
    dynamodb.update_item(TableName=table, Key=item(pk="a", sk=1))

    assert dynamodb.get_item(TableName=table, Key=item(pk="a", sk=1))["Item"] == item(pk="a", sk=1)


@pytest.mark.parametrize(
    "update",
    [
        {"UpdateExpression": "REMOVE n, words"},
        {"UpdateExpression": "DELETE words :w REMOVE n", "ExpressionAttributeValues": {":w": {"SS": ["a"]}}},
        {"AttributeUpdates": {"n": {"Action": "DELETE"}}},
        {"AttributeUpdates": {"words": {"Action": "DELETE", "Value": {"SS": ["a"]}}}},
    ],
)
def test_an_update_that_only_takes_away_makes_no_item(dynamodb: Any, table: str, update: dict[str, Any]) -> None:
    """DynamoDB API reference, AttributeValueUpdate: "Nothing happens; there is no attribute to delete"."""
    answer = dynamodb.update_item(TableName=table, Key=item(pk="a", sk=1), ReturnValues="ALL_NEW", **update)

    assert "Attributes" not in answer
    assert "Item" not in dynamodb.get_item(TableName=table, Key=item(pk="a", sk=1))


def test_what_an_update_removes_has_no_new_value(dynamodb: Any, table: str) -> None:
    key = item(pk="a", sk=1)
    dynamodb.put_item(TableName=table, Item={**key, **item(n=1, list=["x", "y"])})

    def remove(update: str, wanted: str) -> Any:
        answer = dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression=update,
            ExpressionAttributeNames={"#l": "list"},
            ReturnValues=wanted,
        )
        return plain_item(answer["Attributes"]) if "Attributes" in answer else None

    assert remove("REMOVE #l[0]", "UPDATED_NEW") is None
    assert remove("REMOVE #l[0] SET m = n", "UPDATED_NEW") == {"m": 1}
    assert remove("REMOVE n, #l", "UPDATED_OLD") == {"n": 1, "list": []}


def test_a_put_and_a_delete_return_what_was_there(dynamodb: Any, table: str) -> None:
    first, second = item(pk="a", sk=1, v=1), item(pk="a", sk=1, v=2)
    dynamodb.put_item(TableName=table, Item=first)

    assert dynamodb.put_item(TableName=table, Item=second, ReturnValues="ALL_OLD")["Attributes"] == first
    deleted = dynamodb.delete_item(TableName=table, Key=item(pk="a", sk=1), ReturnValues="ALL_OLD")
    assert deleted["Attributes"] == second


def test_a_false_condition_changes_nothing_and_shows_the_item_if_asked(dynamodb: Any, table: str) -> None:
    kept = item(pk="a", sk=1, v=1)
    dynamodb.put_item(TableName=table, Item=kept)

    answer = refused(
        dynamodb.put_item,
        TableName=table,
        Item=item(pk="a", sk=1, v=2),
        ConditionExpression="attribute_not_exists(pk)",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )

    assert answer["Error"]["Code"] == "ConditionalCheckFailedException"
    assert answer["Error"]["Message"] == "The conditional request failed"
    assert answer["Item"] == kept
    assert dynamodb.get_item(TableName=table, Key=item(pk="a", sk=1))["Item"] == kept


def test_a_condition_looks_at_the_item_as_it_was(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=item(pk="a", sk=1, n=1))

    def raise_to(value: str, expected: str) -> None:
        dynamodb.update_item(
            TableName=table,
            Key=item(pk="a", sk=1),
            UpdateExpression="SET n = :new",
            ConditionExpression="n = :expected",
            ExpressionAttributeValues={":new": {"N": value}, ":expected": {"N": expected}},
        )

    raise_to("2", "1")
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        raise_to("3", "1")


def test_the_conditions_from_before_expressions_still_hold(dynamodb: Any, table: str) -> None:
    """DynamoDB developer guide, "Legacy conditional parameters"."""
    kept = item(pk="a", sk=1, n=5, words={"a"}, list=[1])
    dynamodb.put_item(TableName=table, Item=kept, Expected={"pk": {"Exists": False}})
    key = item(pk="a", sk=1)

    for expected in (
        {"n": {"Value": {"N": "5"}}},
        {"n": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "1"}, {"N": "9"}]}},
        {"words": {"ComparisonOperator": "CONTAINS", "AttributeValueList": [{"S": "a"}]}},
        {"gone": {"ComparisonOperator": "NULL"}},
        {"n": {"ComparisonOperator": "IN", "AttributeValueList": [{"N": "4"}, {"N": "5"}]}},
    ):
        dynamodb.put_item(TableName=table, Item=kept, Expected=expected)
    assert refusal(dynamodb.put_item, TableName=table, Item=kept, Expected={"pk": {"Exists": False}})[0] == (
        "ConditionalCheckFailedException"
    )
    dynamodb.put_item(
        TableName=table,
        Item=kept,
        Expected={"n": {"Value": {"N": "0"}}, "gone": {"Exists": False}},
        ConditionalOperator="OR",
    )
    changed = dynamodb.update_item(
        TableName=table,
        Key=key,
        AttributeUpdates={
            "n": {"Action": "ADD", "Value": {"N": "1"}},
            "words": {"Action": "DELETE", "Value": {"SS": ["a"]}},
            "list": {"Action": "ADD", "Value": {"L": [{"N": "2"}]}},
            "new": {"Value": {"S": "x"}},
        },
        ReturnValues="ALL_NEW",
    )["Attributes"]
    assert plain_item(changed) == {"pk": "a", "sk": 1, "n": 6, "list": [1, 2], "new": "x"}
    assert refusal(
        dynamodb.update_item,
        TableName=table,
        Key=key,
        AttributeUpdates={"new": {"Action": "ADD", "Value": {"N": "1"}}},
    ) == ("ValidationException", "Type mismatch for attribute to update")


@pytest.mark.parametrize(("operator", "value"), [("LT", {"SS": ["a"]}), ("BEGINS_WITH", {"N": "1"})])
def test_an_old_condition_tells_which_values_its_operator_takes(
    dynamodb: Any, table: str, operator: str, value: dict[str, Any]
) -> None:
    condition = {"ComparisonOperator": operator, "AttributeValueList": [value]}

    assert refusal(dynamodb.put_item, TableName=table, Item=item(pk="a", sk=1), Expected={"n": condition}) == (
        "ValidationException",
        f"{INVALID}ComparisonOperator {operator} is not valid for {next(iter(value))} AttributeValue type",
    )


def test_capacity_is_counted_from_sizes(dynamodb: Any) -> None:
    """DynamoDB developer guide, "DynamoDB read and write operations"."""
    make_table(dynamodb, attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g", projection="KEYS_ONLY")])
    kept = item(pk="a", g="x", pad="p" * 5000)

    def units(answer: Any) -> Any:
        consumed = answer["ConsumedCapacity"]
        return consumed["CapacityUnits"], consumed["Table"]["CapacityUnits"]

    put = dynamodb.put_item(TableName="table", Item=kept, ReturnConsumedCapacity="INDEXES")
    assert units(put) == (6.0, 5.0)
    assert put["ConsumedCapacity"]["GlobalSecondaryIndexes"] == {"by-g": {"CapacityUnits": 1.0}}
    moved = dynamodb.put_item(TableName="table", Item={**kept, "g": {"S": "y"}}, ReturnConsumedCapacity="INDEXES")
    assert units(moved) == (7.0, 5.0)
    key = item(pk="a")
    get = dynamodb.get_item(TableName="table", Key=key, ReturnConsumedCapacity="INDEXES")
    assert units(get) == (1.0, 1.0)
    get = dynamodb.get_item(TableName="table", Key=key, ConsistentRead=True, ReturnConsumedCapacity="INDEXES")
    assert units(get) == (2.0, 2.0)
    missing = dynamodb.get_item(TableName="table", Key=item(pk="b"), ReturnConsumedCapacity="TOTAL")
    assert missing["ConsumedCapacity"] == {"TableName": "table", "CapacityUnits": 0.5}


def test_item_collections_are_measured_where_there_are_any(dynamodb: Any) -> None:
    make_table(dynamodb, sort="N", attributes={"l": "S"}, LocalSecondaryIndexes=[index("by-l", "pk", "l")])

    answer = dynamodb.put_item(TableName="table", Item=item(pk="a", sk=1), ReturnItemCollectionMetrics="SIZE")

    assert answer["ItemCollectionMetrics"] == {
        "ItemCollectionKey": {"pk": {"S": "a"}},
        "SizeEstimateRangeGB": [0.0, 1.0],
    }


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        ({"pk": {"S": "a"}}, f"{INVALID}Missing the key sk in the item"),
        ({"pk": {"N": "1"}, "sk": {"N": "1"}}, f"{INVALID}Type mismatch for key pk expected: S actual: N"),
        (
            {"pk": {"S": ""}, "sk": {"N": "1"}},
            (
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                "empty string value. Key: pk"
            ),
        ),
        (
            {"pk": {"S": "k" * 2049}, "sk": {"N": "1"}},
            f"{INVALID}Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
        (
            {"pk": {"S": "a"}, "sk": {"N": "1"}, "pad": {"S": "p" * 409_600}},
            "Item size has exceeded the maximum allowed size",
        ),
        (
            {"pk": {"S": "a"}, "sk": {"N": "1"}, "x": {"N": "9" * 39}},
            "Attempting to store more than 38 significant digits in a Number",
        ),
    ],
)
def test_an_item_that_cannot_be_is_refused_in_aws_own_words(dynamodb: Any, table: str, kept: Any, message: str) -> None:
    assert refusal(dynamodb.put_item, TableName=table, Item=kept) == ("ValidationException", message)


def test_an_item_may_have_exactly_400_kilobytes(dynamodb: Any, table: str) -> None:
    """DynamoDB developer guide, "Quotas": item size, names included."""
    size = 409_600 - len("pk") - 1 - len("sk") - 2 - len("pad")

    dynamodb.put_item(TableName=table, Item=item(pk="a", sk=1, pad="p" * size))

    assert refusal(dynamodb.put_item, TableName=table, Item=item(pk="a", sk=1, pad="p" * (size + 1)))[1] == (
        "Item size has exceeded the maximum allowed size"
    )
    grow = {"UpdateExpression": "SET more = :m", "ExpressionAttributeValues": {":m": {"S": "x"}}}
    assert refusal(dynamodb.update_item, TableName=table, Key=item(pk="a", sk=1), **grow)[1] == (
        "Item size to update has exceeded the maximum allowed size"
    )


@pytest.mark.parametrize("name", ["n" * 65536, "\u00e4" * 32768])
def test_a_name_has_at_most_65535_bytes_wherever_it_stands(dynamodb: Any, table: str, name: str) -> None:
    """DynamoDB developer guide, "Naming rules"; AWS counts one byte less than it says there."""
    key = item(pk="a", sk=1)
    told = "1 validation error detected: Attribute name is too large, must be less than 65536 bytes"
    nested: dict[str, Any] = {"M": {name: {"L": []}}}
    update = {"TableName": table, "Key": key, "UpdateExpression": "SET doc = :v"}

    dynamodb.put_item(TableName=table, Item={**key, "m": {"M": {name[1:]: {"S": ""}}}})
    for kept in ({name: {"S": "x"}}, {"m": nested}, {"l": {"L": [nested]}}):
        assert refusal(dynamodb.put_item, TableName=table, Item={**key, **kept}) == ("ValidationException", told)
    assert refusal(dynamodb.update_item, **update, ExpressionAttributeValues={":v": nested})[1] == told


def test_an_index_key_must_be_of_its_type_if_it_is_there(dynamodb: Any) -> None:
    make_table(dynamodb, attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g")])

    assert refusal(dynamodb.put_item, TableName="table", Item=item(pk="a", g=1)) == (
        "ValidationException",
        f"{INVALID}Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g",
    )
    assert refusal(dynamodb.put_item, TableName="table", Item=item(pk="a", g=""))[1].endswith(
        "cannot contain an empty string value. IndexName: by-g, IndexKey: g"
    )


def test_the_key_cannot_be_updated(dynamodb: Any, table: str) -> None:
    assert refusal(
        dynamodb.update_item,
        TableName=table,
        Key=item(pk="a", sk=1),
        UpdateExpression="SET sk = :v",
        ExpressionAttributeValues={":v": {"N": "2"}},
    ) == ("ValidationException", f"{INVALID}Cannot update attribute sk. This attribute is part of the key")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            {"Expected": {"pk": {"Exists": False}}, "ConditionExpression": "attribute_exists(pk)"},
            (
                "Can not use both expression and non-expression parameters in the same request: "
                "Non-expression parameters: "
                "{Expected} Expression parameters: {ConditionExpression}"
            ),
        ),
        (
            {"ExpressionAttributeNames": {"#a": "a"}},
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            {"ExpressionAttributeValues": {":a": {"S": "a"}}},
            "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
        ),
        (
            {"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeNames": {"a": "b"}},
            'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
        ),
        (
            {"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeNames": {"#a": "b"}},
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}",
        ),
        (
            {"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeValues": {":a": {"N": "x"}}},
            (
                "ExpressionAttributeValues contains invalid value: The parameter cannot be converted "
                "to a numeric value: x "
                "for key :a"
            ),
        ),
        ({"ReturnValues": "ALL_NEW"}, "ReturnValues can only be ALL_OLD or NONE"),
        (
            {"ReturnValues": "WRONG"},
            (
                "1 validation error detected: Value 'WRONG' at 'returnValues' failed to satisfy "
                "constraint: Member must "
                "satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"
            ),
        ),
    ],
)
def test_parameters_that_do_not_fit_together_are_refused(
    dynamodb: Any, table: str, request_: Any, message: str
) -> None:
    assert refusal(dynamodb.put_item, TableName=table, Item=item(pk="a", sk=1), **request_) == (
        "ValidationException",
        message,
    )


def test_boto3s_resource_works_with_python_values(aws: AwsServer, dynamodb: Any, table: str) -> None:
    resource = boto3.resource(
        "dynamodb", endpoint_url=aws.url, region_name="us-east-1", aws_access_key_id="t", aws_secret_access_key="t"
    ).Table(table)

    resource.put_item(Item={"pk": "a", "sk": 1, "price": Decimal("9.99"), "tags": {"x"}, "raw": b"1"})

    found = resource.get_item(Key={"pk": "a", "sk": 1})["Item"]
    assert found["price"] == Decimal("9.99")
    assert found["tags"] == {"x"}
    assert bytes(found["raw"]) == b"1"


def test_an_operation_that_is_not_there_says_so(aws: AwsServer) -> None:
    request = urllib.request.Request(
        aws.url,
        data=json.dumps({"TableName": "t", "IndexName": "iii", "SearchVector": [], "TopK": 1}).encode(),
        headers={
            "X-Amz-Target": "DynamoDB_20120810.SearchVectors",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": "AWS4-HMAC-SHA256 Credential=t/20260101/us-east-1/dynamodb/aws4_request, "
            "SignedHeaders=host, Signature=0",
        },
    )

    with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(request):
        pass

    with caught.value as answer:
        assert answer.code == 501
        assert b"SearchVectors" in answer.read()


@pytest.mark.parametrize(
    ("condition", "where"),
    [("pk.x = :v", "Key: pk"), ("g[0] = :v", "IndexKey: g"), ("attribute_exists(g.x)", "IndexKey: g")],
)
def test_a_condition_cannot_look_into_a_key(dynamodb: Any, condition: str, where: str) -> None:
    make_table(dynamodb, "keyed", attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g")])
    request: dict[str, Any] = {"TableName": "keyed", "ConditionExpression": condition}
    if ":v" in condition:
        request["ExpressionAttributeValues"] = {":v": {"S": "v"}}
    message = f"Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: {where}"

    assert refusal(dynamodb.put_item, Item=item(pk="a"), **request) == ("ValidationException", message)
    assert refusal(dynamodb.update_item, Key=item(pk="a"), **request) == ("ValidationException", message)
    assert refusal(dynamodb.delete_item, Key=item(pk="a"), **request) == ("ValidationException", message)
