"""Query over the wire: order, ranges, pages, filters, indexes, and what is refused."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.aws.dynamodb.forms import index, item, make_table, pages, plain_item, refusal

from homeport.aws.services.dynamodb.operations.pages import SHORT_PAGE

INVALID = "One or more parameter values were invalid: "
NUMBERS = [-100, -7.5, -0.001, 0, 0.5, 1, 2, 9, 10, 1e20]


@pytest.fixture
def numbers(dynamodb: Any) -> str:
    """One partition `a` with numbers as sort keys, and another beside it."""
    make_table(dynamodb, sort="N")
    shuffled = random.Random(1).sample(NUMBERS, len(NUMBERS))
    for number in shuffled:
        dynamodb.put_item(TableName="table", Item={"pk": {"S": "a"}, "sk": {"N": repr(number)}})
    dynamodb.put_item(TableName="table", Item=item(pk="b", sk=1))
    return "table"


def keys(dynamodb: Any, expression: str, values: dict[str, Any], **options: Any) -> list[float]:
    answer = dynamodb.query(
        TableName="table",
        KeyConditionExpression=expression,
        ExpressionAttributeValues={":a": {"S": "a"}} | {name: {"N": repr(value)} for name, value in values.items()},
        **options,
    )
    return [float(found["sk"]["N"]) for found in answer["Items"]]


def test_items_come_in_the_order_of_numbers_both_ways(dynamodb: Any, numbers: str) -> None:
    assert keys(dynamodb, "pk = :a", {}) == NUMBERS
    assert keys(dynamodb, "pk = :a", {}, ScanIndexForward=False) == NUMBERS[::-1]


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ("sk = :x", {":x": 1}, [1]),
        ("sk < :x", {":x": 0}, [-100, -7.5, -0.001]),
        ("sk <= :x", {":x": 0}, [-100, -7.5, -0.001, 0]),
        ("sk > :x", {":x": 9}, [10, 1e20]),
        (":x < sk", {":x": 9}, [10, 1e20]),
        ("sk >= :x", {":x": 9}, [9, 10, 1e20]),
        ("sk BETWEEN :x AND :y", {":x": -1, ":y": 1}, [-0.001, 0, 0.5, 1]),
    ],
)
def test_ranges_hold_what_they_say(
    dynamodb: Any, numbers: str, condition: str, values: Any, expected: list[float]
) -> None:
    assert keys(dynamodb, f"pk = :a AND {condition}", values) == expected
    assert keys(dynamodb, f"({condition}) AND (pk = :a)", values, ScanIndexForward=False) == expected[::-1]


def test_strings_sort_as_bytes_and_can_begin_with_something(dynamodb: Any) -> None:
    make_table(dynamodb, sort="S")
    words = ["", "A", "a", "a\x00", "a\x00b", "ab", "abc", "b", "é", "\uffff", "\U0001f600"]
    for word in words[1:]:
        dynamodb.put_item(TableName="table", Item=item(pk="a", sk=word))

    def begins(prefix: str) -> list[str]:
        answer = dynamodb.query(
            TableName="table",
            KeyConditionExpression="pk = :a AND begins_with(sk, :p)",
            ExpressionAttributeValues={":a": {"S": "a"}, ":p": {"S": prefix}},
        )
        return [found["sk"]["S"] for found in answer["Items"]]

    assert begins("a") == ["a", "a\x00", "a\x00b", "ab", "abc"]
    assert begins("ab") == ["ab", "abc"]
    assert begins("") == sorted(words[1:], key=str.encode)


def test_pages_concatenate_to_the_whole(dynamodb: Any, numbers: str) -> None:
    request = {
        "TableName": "table",
        "KeyConditionExpression": "pk = :a",
        "ExpressionAttributeValues": {":a": {"S": "a"}},
    }

    for limit in (1, 3, len(NUMBERS)):
        for forward in (True, False):
            found = list(pages(dynamodb.query, Limit=limit, ScanIndexForward=forward, **request))
            listed = [float(each["sk"]["N"]) for page in found for each in page["Items"]]
            assert listed == (NUMBERS if forward else NUMBERS[::-1])
            assert all(page["ScannedCount"] <= limit for page in found)


def test_a_page_holds_a_megabyte_of_what_was_looked_at(dynamodb: Any) -> None:
    make_table(dynamodb, sort="N")
    for number in range(6):
        dynamodb.put_item(TableName="table", Item=item(pk="a", sk=number, pad="p" * 300_000, odd=number % 2))

    found = list(
        pages(
            dynamodb.query,
            TableName="table",
            KeyConditionExpression="pk = :a",
            FilterExpression="odd = :one",
            ExpressionAttributeValues={":a": {"S": "a"}, ":one": {"N": "1"}},
            ReturnConsumedCapacity="TOTAL",
        )
    )

    assert [(page["Count"], page["ScannedCount"]) for page in found] == [(2, 4), (1, 2)]
    assert found[0]["ConsumedCapacity"]["CapacityUnits"] > 140


def test_the_next_page_goes_on_where_a_deleted_item_was(dynamodb: Any, numbers: str) -> None:
    request = {
        "TableName": "table",
        "KeyConditionExpression": "pk = :a",
        "ExpressionAttributeValues": {":a": {"S": "a"}},
    }
    first = dynamodb.query(Limit=3, **request)
    dynamodb.delete_item(TableName="table", Key=first["LastEvaluatedKey"])

    rest = dynamodb.query(ExclusiveStartKey=first["LastEvaluatedKey"], **request)

    assert [float(found["sk"]["N"]) for found in rest["Items"]] == NUMBERS[3:]


def test_select_counts_or_shows(dynamodb: Any, numbers: str) -> None:
    request = {
        "TableName": "table",
        "KeyConditionExpression": "pk = :a",
        "ExpressionAttributeValues": {":a": {"S": "a"}},
    }

    counted = dynamodb.query(Select="COUNT", **request)
    assert counted["Count"] == len(NUMBERS)
    assert "Items" not in counted
    shown = dynamodb.query(Limit=1, ProjectionExpression="sk", **request)["Items"]
    assert shown == [{"sk": {"N": "-100"}}]
    assert refusal(dynamodb.query, Select="ALL_PROJECTED_ATTRIBUTES", **request)[1] == (
        f"{INVALID}ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
    )
    assert refusal(dynamodb.query, Select="COUNT", ProjectionExpression="sk", **request)[1] == (
        f"{INVALID}Cannot specify the ProjectionExpression when choosing to get only the Count"
    )


def test_the_conditions_from_before_expressions_still_work(dynamodb: Any, numbers: str) -> None:
    found = dynamodb.query(
        TableName="table",
        KeyConditions={
            "pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]},
            "sk": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "5"}]},
        },
        QueryFilter={"gone": {"ComparisonOperator": "NULL"}},
        AttributesToGet=["sk"],
    )

    assert [each["sk"]["N"] for each in found["Items"]] == ["9", "10", "100000000000000000000"]


@pytest.fixture
def indexed(dynamodb: Any) -> str:
    """A table with a local and two global indexes; half of the items are in the global ones."""
    make_table(
        dynamodb,
        sort="N",
        attributes={"l": "S", "g": "S", "r": "N"},
        LocalSecondaryIndexes=[index("local", "pk", "l", projection="KEYS_ONLY")],
        GlobalSecondaryIndexes=[
            index("all", "g", "r"),
            index("some", "g", projection="INCLUDE", include=["shown"]),
        ],
    )
    for number in range(8):
        extra = {"g": "x", "r": -number} if number % 2 else {}
        kept = item(pk="a", sk=number, l=f"l{9 - number}", shown=number, secret=number, **extra)
        dynamodb.put_item(TableName="table", Item=kept)
    return "table"


def query_index(dynamodb: Any, name: str, key: str, value: str, **options: Any) -> list[dict[str, Any]]:
    values = {":v": {"S": value}} | options.pop("ExpressionAttributeValues", {})
    answer = dynamodb.query(
        TableName="table",
        IndexName=name,
        KeyConditionExpression=f"{key} = :v",
        ExpressionAttributeValues=values,
        **options,
    )
    return [plain_item(found) for found in answer["Items"]]


def test_a_global_index_has_its_own_order_and_only_the_items_with_its_keys(dynamodb: Any, indexed: str) -> None:
    found = query_index(dynamodb, "all", "g", "x")

    assert [each["sk"] for each in found] == [7, 5, 3, 1]
    assert found[0] == {"pk": "a", "sk": 7, "l": "l2", "g": "x", "r": -7, "shown": 7, "secret": 7}


def test_an_index_shows_what_it_projects(dynamodb: Any, indexed: str) -> None:
    found = query_index(dynamodb, "some", "g", "x")

    assert found[0] == {"pk": "a", "sk": 1, "g": "x", "shown": 1}
    assert refusal(
        dynamodb.query,
        TableName="table",
        IndexName="some",
        KeyConditionExpression="g = :v",
        ExpressionAttributeValues={":v": {"S": "x"}},
        ProjectionExpression="secret",
    ) == ("ValidationException", f"{INVALID}Global secondary index some does not project [secret]")


def test_a_local_index_fetches_what_it_does_not_project(dynamodb: Any, indexed: str) -> None:
    assert query_index(dynamodb, "local", "pk", "a", Limit=1) == [{"pk": "a", "sk": 7, "l": "l2"}]
    fetched = query_index(dynamodb, "local", "pk", "a", Limit=1, ProjectionExpression="secret")
    assert fetched == [{"secret": 7}]
    whole = query_index(dynamodb, "local", "pk", "a", Limit=1, Select="ALL_ATTRIBUTES", ConsistentRead=True)
    assert whole[0]["secret"] == 7


def test_an_index_follows_every_change_of_an_item(dynamodb: Any, indexed: str) -> None:
    key = item(pk="a", sk=1)
    dynamodb.update_item(
        TableName="table", Key=key, UpdateExpression="SET g = :y", ExpressionAttributeValues={":y": {"S": "y"}}
    )
    assert [each["sk"] for each in query_index(dynamodb, "all", "g", "y")] == [1]
    assert [each["sk"] for each in query_index(dynamodb, "all", "g", "x")] == [7, 5, 3]

    dynamodb.update_item(TableName="table", Key=key, UpdateExpression="REMOVE r")
    assert query_index(dynamodb, "all", "g", "y") == []
    assert [each["sk"] for each in query_index(dynamodb, "some", "g", "y")] == [1]

    dynamodb.delete_item(TableName="table", Key=key)
    assert query_index(dynamodb, "some", "g", "y") == []


def test_pages_of_an_index_tell_its_keys_and_the_tables(dynamodb: Any, indexed: str) -> None:
    found = list(
        pages(
            dynamodb.query,
            TableName="table",
            IndexName="some",
            KeyConditionExpression="g = :v",
            ExpressionAttributeValues={":v": {"S": "x"}},
            Limit=1,
        )
    )

    assert [int(page["Items"][0]["sk"]["N"]) for page in found if page["Items"]] == [1, 3, 5, 7]
    assert found[0]["LastEvaluatedKey"] == item(pk="a", sk=1, g="x")


def test_an_index_is_added_to_a_table_with_items_and_removed_again(aws: Any, dynamodb: Any) -> None:
    make_table(dynamodb, sort="N")
    for start in range(0, 1200, 25):
        puts = [{"PutRequest": {"Item": item(pk="a", sk=n, g=f"g{n % 3}")}} for n in range(start, start + 25)]
        dynamodb.batch_write_item(RequestItems={"table": puts})
    created = dynamodb.update_table(
        TableName="table",
        AttributeDefinitions=[
            {"AttributeName": "g", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        GlobalSecondaryIndexUpdates=[{"Create": index("by-g", "g", "sk")}],
    )["TableDescription"]
    assert created["GlobalSecondaryIndexes"][0]["IndexStatus"] == "CREATING"
    assert (
        refusal(
            dynamodb.query,
            TableName="table",
            IndexName="by-g",
            KeyConditionExpression="g = :g",
            ExpressionAttributeValues={":g": {"S": "g0"}},
        )[1]
        == "Cannot read from backfilling global secondary index: by-g"
    )
    dynamodb.put_item(TableName="table", Item=item(pk="a", sk=5000, g="g0"))
    dynamodb.delete_item(TableName="table", Key=item(pk="a", sk=0))

    aws.run_jobs()

    described = dynamodb.describe_table(TableName="table")["Table"]["GlobalSecondaryIndexes"][0]
    assert (described["IndexStatus"], described["ItemCount"]) == ("ACTIVE", 1200)
    found = [each["sk"] for each in query_index(dynamodb, "by-g", "g", "g0")]
    assert found == [*range(3, 1200, 3), 5000]
    dynamodb.update_table(TableName="table", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-g"}}])
    assert "GlobalSecondaryIndexes" not in dynamodb.describe_table(TableName="table")["Table"]
    aws.run_jobs()


def test_an_index_added_among_writes_shows_what_they_left(aws: Any, dynamodb: Any) -> None:
    make_table(dynamodb, sort="N")

    def write(worker: int) -> None:
        for number in range(40):
            dynamodb.put_item(TableName="table", Item=item(pk=f"p{worker}", sk=number, g="x"))
            if number % 2:
                dynamodb.delete_item(TableName="table", Key=item(pk=f"p{worker}", sk=number - 1))

    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(write, worker) for worker in range(6)]
        dynamodb.update_table(
            TableName="table",
            AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
            GlobalSecondaryIndexUpdates=[{"Create": index("by-g", "g")}],
        )
        aws.run_jobs()
        for writer in writers:
            writer.result()
    aws.run_jobs()

    found = sorted((each["pk"], each["sk"]) for each in query_index(dynamodb, "by-g", "g", "x"))
    assert found == [(f"p{worker}", number) for worker in range(6) for number in range(1, 40, 2)]


@pytest.fixture
def several(dynamodb: Any) -> str:
    """An index whose sort key has four attributes; one item lacks one of them."""
    make_table(
        dynamodb,
        attributes=dict.fromkeys("habcd", "S"),
        GlobalSecondaryIndexes=[index("gsi", *"habcd")],
    )
    rows = {
        "p1": ("T", "live", "b", "r1"),
        "p2": ("T", "live", "a", "r2"),
        "p3": ("T", "live", "a", "r1"),
        "p4": ("T", "draft", "c", "r1"),
        "p5": ("F", "live", "a", "r0"),
    }
    for key, row in rows.items():
        dynamodb.put_item(TableName="table", Item=item(pk=key, h="o", **dict(zip("abcd", row, strict=True))))
    dynamodb.put_item(TableName="table", Item=item(pk="p6", h="o", a="T", b="live", d="r1"))
    return "table"


VALUES = {":h": "o", ":a": "T", ":b": "live", ":c": "a", ":d": "r", ":x": "r1"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("h = :h", "p5 p4 p3 p2 p1"),
        ("h = :h AND a = :a", "p4 p3 p2 p1"),
        ("b = :b AND h = :h AND a = :a", "p3 p2 p1"),
        ("h = :h AND a = :a AND b = :b AND c > :c", "p1"),
        ("h = :h AND a = :a AND b = :b AND c = :c AND begins_with(d, :d)", "p3 p2"),
        ("h = :h AND a = :a AND b = :b AND c = :c AND d BETWEEN :x AND :x", "p3"),
        ("h = :h AND a = :a AND b < :b", "p4"),
    ],
)
def test_an_index_may_have_several_key_attributes(dynamodb: Any, several: str, condition: str, expected: str) -> None:
    """DynamoDB developer guide, "Multi-attribute keys pattern"."""
    values = {name: {"S": value} for name, value in VALUES.items() if name in condition}
    request = {
        "TableName": "table",
        "IndexName": "gsi",
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
    }

    for limit in (1, 10):
        found = [each["pk"]["S"] for page in pages(dynamodb.query, Limit=limit, **request) for each in page["Items"]]
        assert found == expected.split()


@pytest.mark.parametrize(
    ("condition", "missing", "present"),
    [("a = :a AND c = :c", "b", "c"), ("a = :a AND b > :b AND c = :c", "b", "c"), ("b = :b", "a", "b")],
)
def test_a_condition_on_several_key_attributes_has_no_gaps(
    dynamodb: Any, several: str, condition: str, missing: str, present: str
) -> None:
    values = {name: {"S": value} for name, value in VALUES.items() if name in condition or name == ":h"}

    assert refusal(
        dynamodb.query,
        TableName="table",
        IndexName="gsi",
        KeyConditionExpression=f"h = :h AND {condition}",
        ExpressionAttributeValues=values,
    ) == (
        "ValidationException",
        (
            f"RANGE key attributes {missing} must have equality conditions specified in the query "
            "because a condition is "
            f"present on key attribute {present}"
        ),
    )


A: dict[str, Any] = {":a": {"S": "a"}}
ONE: dict[str, Any] = {":a": {"S": "a"}, ":one": {"N": "1"}}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."),
        (
            {"KeyConditionExpression": "sk = :one", "ExpressionAttributeValues": {":one": {"N": "1"}}},
            "Query condition missed key schema element: pk",
        ),
        (
            {"KeyConditionExpression": "pk = :a AND another = :one", "ExpressionAttributeValues": ONE},
            "Query condition missed key schema element: sk",
        ),
        (
            {"KeyConditionExpression": "pk > :a", "ExpressionAttributeValues": A},
            "Query key condition not supported",
        ),
        (
            {"KeyConditionExpression": "pk = :a OR sk = :one", "ExpressionAttributeValues": ONE},
            "Invalid operator used in KeyConditionExpression: OR",
        ),
        (
            {"KeyConditionExpression": "pk = :a AND sk <> :one", "ExpressionAttributeValues": ONE},
            "Invalid operator used in KeyConditionExpression: <>",
        ),
        (
            {"KeyConditionExpression": "pk = :a AND contains(sk, :one)", "ExpressionAttributeValues": ONE},
            "Invalid operator used in KeyConditionExpression: contains",
        ),
        (
            {"KeyConditionExpression": "pk = :a AND sk.x = :one", "ExpressionAttributeValues": ONE},
            "KeyConditionExpressions cannot have conditions on nested attributes",
        ),
        (
            {"KeyConditionExpression": "pk = :a AND pk = :a", "ExpressionAttributeValues": A},
            "KeyConditionExpressions must only contain one condition per key",
        ),
        (
            {"KeyConditionExpression": "pk = :a AND sk = :a", "ExpressionAttributeValues": A},
            f"{INVALID}Condition parameter type does not match schema type",
        ),
        (
            {"KeyConditionExpression": "", "ExpressionAttributeValues": A},
            "Invalid KeyConditionExpression: The expression can not be empty;",
        ),
        (
            {"KeyConditionExpression": "((pk = :a)) AND (sk = :one)", "ExpressionAttributeValues": ONE},
            "Invalid KeyConditionExpression: The expression has redundant parentheses;",
        ),
        (
            {
                "KeyConditionExpression": "pk = :a",
                "FilterExpression": "sk = :one",
                "ExpressionAttributeValues": ONE,
            },
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk",
        ),
        (
            {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": A, "IndexName": "none"},
            "The table does not have the specified index: none",
        ),
        (
            {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": A, "Limit": 0},
            (
                "1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value "
                "greater than or equal to 1"
            ),
        ),
        (
            {
                "KeyConditionExpression": "pk = :a",
                "ExpressionAttributeValues": A,
                "ExclusiveStartKey": item(pk="b", sk=1),
            },
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
        (
            {
                "KeyConditionExpression": "pk = :a",
                "ExpressionAttributeValues": A,
                "ExclusiveStartKey": item(pk="a"),
            },
            "The provided starting key is invalid: The provided key element does not match the schema",
        ),
        (
            {
                "KeyConditionExpression": "pk = :a AND sk > :one",
                "ExpressionAttributeValues": ONE,
                "ExclusiveStartKey": item(pk="a", sk=0),
            },
            "The provided starting key does not match the range key predicate",
        ),
    ],
)
def test_a_query_that_no_key_can_answer_is_refused(dynamodb: Any, numbers: str, request_: Any, message: str) -> None:
    assert refusal(dynamodb.query, TableName=numbers, **request_) == ("ValidationException", message)


def test_a_global_index_cannot_be_read_consistently(dynamodb: Any, indexed: str) -> None:
    assert refusal(
        dynamodb.query,
        TableName="table",
        IndexName="all",
        KeyConditionExpression="g = :v",
        ExpressionAttributeValues={":v": {"S": "x"}},
        ConsistentRead=True,
    ) == ("ValidationException", "Consistent reads are not supported on global secondary indexes")


def test_a_page_of_many_small_items_is_whole(dynamodb: Any) -> None:
    """Beyond `SHORT_PAGE` items a page is read in a thread; nobody can tell the difference."""
    make_table(dynamodb, sort="N")
    count = SHORT_PAGE + 50
    for low in range(0, count, 25):
        puts = [{"PutRequest": {"Item": item(pk="a", sk=number)}} for number in range(low, low + 25)]
        dynamodb.batch_write_item(RequestItems={"table": puts})
    query = {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": item(**{":a": "a"})}

    for limit in (SHORT_PAGE - 1, SHORT_PAGE, SHORT_PAGE + 1, count, count + 1):
        page = dynamodb.query(TableName="table", Limit=limit, **query)
        assert [int(each["sk"]["N"]) for each in page["Items"]] == list(range(min(limit, count)))
        assert ("LastEvaluatedKey" in page) is (limit <= count)


def test_a_filter_on_large_items_looks_at_a_megabyte(dynamodb: Any) -> None:
    make_table(dynamodb, sort="N")
    for sk in range(30):
        dynamodb.put_item(TableName="table", Item=item(pk="a", sk=sk, v=sk % 2, text="x" * 50_000))
    query = {
        "KeyConditionExpression": "pk = :a",
        "FilterExpression": "v = :v",
        "ExpressionAttributeValues": item(**{":a": "a", ":v": 1}),
    }

    first = dynamodb.query(TableName="table", **query)
    assert (first["ScannedCount"], first["Count"]) == (21, 10)
    rest = dynamodb.query(TableName="table", ExclusiveStartKey=first["LastEvaluatedKey"], **query)
    assert (rest["ScannedCount"], rest["Count"]) == (9, 5)
    assert "LastEvaluatedKey" not in rest


@pytest.mark.parametrize("name", ["by-g", "by-l"])
def test_a_query_cannot_filter_by_what_its_index_does_not_show(dynamodb: Any, name: str) -> None:
    make_table(
        dynamodb,
        sort="N",
        attributes={"g": "S", "l": "S"},
        GlobalSecondaryIndexes=[index("by-g", "pk", "g", projection="INCLUDE", include=["shown"])],
        LocalSecondaryIndexes=[index("by-l", "pk", "l", projection="INCLUDE", include=["shown"])],
    )
    values = {":v": {"S": "v"}}
    request = {"TableName": "table", "IndexName": name, "KeyConditionExpression": "pk = :v"}
    message = (
        f"One or more parameter values were invalid: Secondary index {name} does not project one or more filter "
        "attributes: [a, b]"
    )

    expression = "b.x = :v OR a = :v OR shown = :v"
    assert refusal(dynamodb.query, FilterExpression=expression, ExpressionAttributeValues=values, **request) == (
        "ValidationException",
        message,
    )
    equal = {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "v"}]}
    legacy = {"TableName": "table", "IndexName": name, "KeyConditions": {"pk": equal}}
    assert refusal(dynamodb.query, QueryFilter={"b": equal, "a": equal}, **legacy)[1] == message
    shown = dynamodb.query(FilterExpression="shown = :v", ExpressionAttributeValues=values, **request)
    assert shown["Count"] == 0
    # A scan finds nothing instead.
    scanned = dynamodb.scan(
        TableName="table", IndexName=name, FilterExpression="a = :v", ExpressionAttributeValues=values
    )
    assert scanned["Count"] == 0
