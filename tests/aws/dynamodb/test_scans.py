"""Scan over the wire: pages, parallel segments, filters, indexes."""

import functools
import operator
from typing import Any

import pytest
from tests.aws.dynamodb.forms import index, item, make_table, pages, refusal


@pytest.fixture
def table(dynamodb: Any) -> str:
    """A hundred items, every third one in the index."""
    make_table(
        dynamodb,
        attributes={"g": "S"},
        GlobalSecondaryIndexes=[index("by-g", "g", projection="KEYS_ONLY")],
    )
    for start in range(0, 100, 25):
        items = [
            item(pk=f"key {number}", n=number, **({"g": "x"} if number % 3 == 0 else {}))
            for number in range(start, start + 25)
        ]
        dynamodb.batch_write_item(RequestItems={"table": [{"PutRequest": {"Item": each}} for each in items]})
    return "table"


def names(found: Any) -> list[str]:
    return [each["pk"]["S"] for page in found for each in page["Items"]]


def test_pages_show_every_item_once(dynamodb: Any, table: str) -> None:
    whole = names(pages(dynamodb.scan, TableName=table))

    assert len(whole) == 100
    assert names(pages(dynamodb.scan, TableName=table, Limit=7)) == whole


@pytest.mark.parametrize("total", [1, 2, 7, 64])
def test_segments_divide_a_table(dynamodb: Any, table: str, total: int) -> None:
    """DynamoDB developer guide, "Parallel scan"."""
    segments = [
        names(pages(dynamodb.scan, TableName=table, Segment=segment, TotalSegments=total, Limit=11))
        for segment in range(total)
    ]

    whole = [name for segment in segments for name in segment]
    assert whole == names(pages(dynamodb.scan, TableName=table))


def test_a_segments_page_belongs_to_it(dynamodb: Any, table: str) -> None:
    last = dynamodb.scan(TableName=table, Segment=1, TotalSegments=2, Limit=1)["LastEvaluatedKey"]

    message = refusal(dynamodb.scan, TableName=table, Segment=0, TotalSegments=2, ExclusiveStartKey=last)[1]
    assert message == (
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct "
        "Segment. TotalSegments: 2 Segment: 0"
    )


def test_a_filter_keeps_some_of_what_was_looked_at(dynamodb: Any, table: str) -> None:
    answer = dynamodb.scan(
        TableName=table, FilterExpression="n < :ten", ExpressionAttributeValues={":ten": {"N": "10"}}
    )

    assert (answer["Count"], answer["ScannedCount"]) == (10, 100)
    old = dynamodb.scan(
        TableName=table,
        ScanFilter={"n": {"ComparisonOperator": "LT", "AttributeValueList": [{"N": "10"}]}},
        Select="COUNT",
    )
    assert old["Count"] == 10


def test_an_index_is_scanned_in_pages_and_segments(dynamodb: Any, table: str) -> None:
    whole = names(pages(dynamodb.scan, TableName=table, IndexName="by-g"))

    assert len(whole) == 34
    assert names(pages(dynamodb.scan, TableName=table, IndexName="by-g", Limit=5)) == whole
    parts = [
        names(pages(dynamodb.scan, TableName=table, IndexName="by-g", Segment=segment, TotalSegments=3))
        for segment in range(3)
    ]
    assert functools.reduce(operator.iadd, parts, []) == whole


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            {"Segment": 1},
            (
                "The TotalSegments parameter is required but was not present in the request when Segment parameter is "
                "present"
            ),
        ),
        (
            {"TotalSegments": 1},
            (
                "The Segment parameter is required but was not present in the request when parameter TotalSegments is "
                "present"
            ),
        ),
        (
            {"Segment": 2, "TotalSegments": 2},
            (
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
                "Segment: 2 is not less "
                "than TotalSegments: 2"
            ),
        ),
        (
            {"FilterExpression": "#x = pk"},
            (
                "Invalid FilterExpression: An expression attribute name used in the document path is not defined; "
                "attribute name: #x"
            ),
        ),
        (
            {"ExclusiveStartKey": {"pk": {"N": "x"}}},
            "The parameter cannot be converted to a numeric value: x",
        ),
        (
            {"ExclusiveStartKey": {"pk": {"N": "1"}}},
            "The provided starting key is invalid: The provided key element does not match the schema",
        ),
        (
            {"Select": "SPECIFIC_ATTRIBUTES"},
            (
                "One or more parameter values were invalid: Must specify the "
                "AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
            ),
        ),
    ],
)
def test_a_scan_that_cannot_be_is_refused(dynamodb: Any, table: str, request_: Any, message: str) -> None:
    assert refusal(dynamodb.scan, TableName=table, **request_) == ("ValidationException", message)
