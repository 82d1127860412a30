"""Attribute values: what is valid, what is normalised, how large it is."""

from typing import Any

import pytest
from hypothesis import given
from tests.unit.aws.dynamodb.strategies import items, values

from homeport.aws.services.dynamodb.errors import SerializationException, ValidationException
from homeport.aws.services.dynamodb.model.checking import check_item, check_value
from homeport.aws.services.dynamodb.model.values import Item, Value, compare, copied, equal, item_size, nesting


@given(items)
def test_a_checked_item_has_the_size_that_its_parts_add_up_to(item: Item) -> None:
    assert check_item(item) == item_size(item)


@given(values)
def test_a_copy_is_equal_and_shares_nothing_that_can_change(value: Value) -> None:
    copy = copied(value)

    assert equal(copy, value)
    assert copy is not value or not ("L" in value or "M" in value)


@given(values, values)
def test_order_agrees_with_equality(one: Value, two: Value) -> None:
    order = compare(one, two)

    assert order is None or (order == 0) == equal(one, two)


def test_numbers_are_normalised_where_they_stand() -> None:
    item: Any = {"n": {"N": "0010.500"}, "l": {"L": [{"N": "1e2"}]}, "s": {"NS": ["1.0", "02"]}}

    check_item(item)

    assert item == {"n": {"N": "10.5"}, "l": {"L": [{"N": "100"}]}, "s": {"NS": ["1", "2"]}}


def test_a_false_null_becomes_a_true_one() -> None:
    item: Item = {"x": {"NULL": False}}

    check_item(item)

    assert item == {"x": {"NULL": True}}


def test_sets_are_equal_in_whatever_order() -> None:
    one: Any = {"L": [{"SS": ["a", "b"]}]}
    other: Any = {"L": [{"SS": ["b", "a"]}]}
    assert equal(one, other)
    assert not equal({"SS": ["a", "b"]}, {"SS": ["a", "c"]})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        ({"X": "a"}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        (
            {"S": "a", "N": "1"},
            (
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
                "datatypes"
            ),
        ),
        ({"SS": []}, "One or more parameter values were invalid: An string set  may not be empty"),
        ({"NS": []}, "One or more parameter values were invalid: An number set  may not be empty"),
        ({"BS": []}, "One or more parameter values were invalid: Binary sets should not be empty"),
        ({"SS": ["a", "a"]}, "One or more parameter values were invalid: Input collection [a, a] contains duplicates."),
        ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
        (
            {"BS": ["YQ==", "YQ=="]},
            "One or more parameter values were invalid: Input collection [YQ==, YQ==]of type BS contains duplicates.",
        ),
        ({"M": {"a": {"N": "b"}}}, "The parameter cannot be converted to a numeric value: b"),
    ],
)
def test_an_invalid_value_is_refused_in_aws_own_words(value: Any, message: str) -> None:
    with pytest.raises(ValidationException) as caught:
        check_value(value)

    assert caught.value.message == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"S": 1}, "NUMBER_VALUE cannot be converted to String"),
        ({"S": True}, "TRUE_VALUE cannot be converted to String"),
        ({"N": 1.5}, "DECIMAL_VALUE cannot be converted to String"),
        ({"B": "abc"}, "Base64 encoded length is expected a multiple of 4 bytes but found: 3"),
        ({"B": "YR=="}, "Invalid last non-pad Base64 character detected"),
        ({"B": "????"}, "Invalid Base64 character found"),
        ({"L": {}}, "Start of structure or map found where not expected"),
        ({"SS": "a"}, "Unexpected field type"),
        ("a", "Unexpected value type in payload"),
    ],
)
def test_json_of_another_shape_is_no_attribute_value(value: Any, message: str) -> None:
    with pytest.raises(SerializationException) as caught:
        check_value(value)

    assert caught.value.message == message


def test_thirty_two_levels_are_the_most() -> None:
    """DynamoDB developer guide, "Quotas": nested attribute depth."""
    deepest: Value = {"S": "leaf"}
    for _ in range(32):
        deepest = {"M": {"a": deepest}}
    assert nesting(deepest) == 32
    check_value(deepest)

    with pytest.raises(ValidationException, match="Nesting Levels have exceeded supported limits"):
        check_value({"L": [deepest]})
