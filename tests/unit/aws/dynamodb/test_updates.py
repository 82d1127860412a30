"""Updates and projections: what they do to an item, and what AWS says of those that are wrong."""

import copy
from typing import Any

import pytest
from hypothesis import given
from tests.aws.dynamodb.forms import item as wire_item
from tests.unit.aws.dynamodb.strategies import items, names

from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model.expressions.apply import compile_update
from homeport.aws.services.dynamodb.model.expressions.projections import compile_projection
from homeport.aws.services.dynamodb.model.values import Item, Value

ITEM: Any = {
    "a": {"N": "5"},
    "s": {"S": "hello"},
    "m": {"M": {"x": {"L": [{"S": "q"}]}, "y": {"N": "1"}}},
    "ss": {"SS": ["a", "b"]},
    "l": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}]},
}
VALUES: Any = {
    ":n": {"N": "1"},
    ":s": {"S": "x"},
    ":ab": {"SS": ["b", "a"]},
    ":bc": {"SS": ["b", "c"]},
    ":l": {"L": [{"S": "x"}]},
}


def updated(text: str) -> Item:
    item = copy.deepcopy(ITEM)
    compile_update(text, {"#s": "s"}, VALUES).apply(item, VALUES)
    return {name: value for name, value in item.items() if ITEM.get(name) != value} | {
        name: {"NULL": True} for name in ITEM if name not in item
    }


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("SET a = a + :n", {"a": {"N": "6"}}),
        ("set a = a - :n", {"a": {"N": "4"}}),
        ("SET b = a, a = :n", {"b": {"N": "5"}, "a": {"N": "1"}}),
        ("SET b = if_not_exists(b, :n) + :n", {"b": {"N": "2"}}),
        ("SET l[9] = :s", {"l": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}, {"S": "x"}]}}),
        ("SET l[1] = :s REMOVE l[0]", {"l": {"L": [{"S": "x"}, {"S": "2"}]}}),
        ("REMOVE l[0], l[1]", {"l": {"L": [{"S": "2"}]}}),
        ("REMOVE l[7], nowhere", {}),
        ("SET l = list_append(:l, l)", {"l": {"L": [{"S": "x"}, {"S": "0"}, {"S": "1"}, {"S": "2"}]}}),
        ("SET m.x[0] = :n, m.z = :s", {"m": {"M": {"x": {"L": [{"N": "1"}]}, "y": {"N": "1"}, "z": {"S": "x"}}}}),
        ("SET c = m, m.y = :s", {"c": ITEM["m"], "m": {"M": {"x": {"L": [{"S": "q"}]}, "y": {"S": "x"}}}}),
        ("ADD a :n, fresh :n", {"a": {"N": "6"}, "fresh": {"N": "1"}}),
        ("ADD m.y :n", {"m": {"M": {"x": {"L": [{"S": "q"}]}, "y": {"N": "2"}}}}),
        ("ADD ss :bc", {"ss": {"SS": ["a", "b", "c"]}}),
        ("DELETE ss :bc", {"ss": {"SS": ["a"]}}),
        ("DELETE ss :ab, nothing :ab", {"ss": {"NULL": True}}),
        ("REMOVE a SET b = a", {"a": {"NULL": True}, "b": {"N": "5"}}),
    ],
)
def test_every_clause_means_the_item_as_it_was(text: str, changed: Item) -> None:
    """DynamoDB developer guide, "Using update expressions in DynamoDB"."""
    assert updated(text) == changed


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("REMOVE l[0], l[2][0]", [{"c", "d"}, ["b"]]),
        ("REMOVE l[2][1], l[0]", [{"c", "d"}, ["a"]]),
        ("REMOVE l[1], l[2]", [["x", "y"]]),
        ("DELETE l[1] :cd REMOVE l[0]", [["a", "b"]]),
        ("DELETE l[1] :cd SET l[2] = :s", [["x", "y"], "new"]),
        ("SET l[2][0] = :s REMOVE l[0]", [{"c", "d"}, ["new", "b"]]),
    ],
)
def test_indexes_mean_the_list_as_it_was(text: str, rest: list[Any]) -> None:
    item = wire_item(l=[["x", "y"], {"c", "d"}, ["a", "b"]])
    values = wire_item(**{":cd": {"c", "d"}, ":s": "new"})

    compile_update(text, {}, values).apply(item, values)

    assert item == wire_item(l=rest)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "The expression can not be empty;"),
        ("INVALID SYNTAX HERE", 'Syntax error; token: "INVALID", near: "INVALID SYNTAX"'),
        ("SET path = VALUE 1", 'Syntax error; token: "1", near: "VALUE 1"'),
        ("SET a = b + c + d", 'Syntax error; token: "+", near: "c + d"'),
        ("SET a", 'Syntax error; token: "<EOF>", near: "a"'),
        ("SET  REMOVE #s", 'Syntax error; token: "REMOVE", near: "SET  REMOVE #s"'),
        ("SET a = :n, REMOVE b", 'Syntax error; token: "REMOVE", near: ", REMOVE b"'),
        ("SET _idid = :n", 'Syntax error; token: "_", near: "SET _idid"'),
        ("ADD a b", 'Syntax error; token: "b", near: "a b"'),
        ("SET a = :n SET b = :n", 'The "SET" section can only be used once in an update expression;'),
        ("SET count = :n", "Attribute name is a reserved keyword; reserved keyword: count"),
        ("SET a = size(a)", "Invalid function name; function: size"),
        (
            "SET #x = :n",
            "An expression attribute name used in the document path is not defined; attribute name: #x",
        ),
        ("SET a = :x", "An expression attribute value used in expression is not defined; attribute value: :x"),
        (
            "SET a = :n, a.b = :n",
            (
                "Two document paths overlap with each other; must remove or rewrite one of these paths; "
                "path one: [a], path two: [a, b]"
            ),
        ),
        (
            "SET a.b = :n, a[1] = :n",
            (
                "Two document paths conflict with each other; must remove or rewrite one of these paths; "
                "path one: [a, b], path two: [a, [1]]"
            ),
        ),
        (
            "ADD a :s",
            (
                "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, "
                "typeSet: ALLOWED_FOR_ADD_OPERAND"
            ),
        ),
        (
            "DELETE a :n",
            (
                "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, "
                "typeSet: ALLOWED_FOR_DELETE_OPERAND"
            ),
        ),
        (
            "SET a = if_not_exists(:n, :n)",
            "Operator or function requires a document path; operator or function: if_not_exists",
        ),
        (
            "SET a = a + :s",
            "Incorrect operand type for operator or function; operator or function: +, operand type: S",
        ),
        (
            "SET a = list_append(a)",
            (
                "Incorrect number of operands for operator or function; operator or function: list_append, "
                "number of operands: 1"
            ),
        ),
    ],
)
def test_a_wrong_update_is_refused_in_aws_own_words(text: str, problem: str) -> None:
    with pytest.raises(ValidationException) as caught:
        compile_update(text, {}, VALUES)

    assert caught.value.message == f"Invalid UpdateExpression: {problem}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SET b = nowhere", "The provided expression refers to an attribute that does not exist in the item"),
        ("SET a = s + :n", "An operand in the update expression has an incorrect data type"),
        ("SET l = list_append(l, a)", "An operand in the update expression has an incorrect data type"),
        ("ADD s :n", "An operand in the update expression has an incorrect data type"),
        ("DELETE a :ab", "An operand in the update expression has an incorrect data type"),
        ("SET z.y = :n", "The document path provided in the update expression is invalid for update"),
        ("SET a[0] = :n", "The document path provided in the update expression is invalid for update"),
        ("REMOVE z.y.x", "The document path provided in the update expression is invalid for update"),
    ],
)
def test_an_update_that_an_item_cannot_take_says_why(text: str, message: str) -> None:
    with pytest.raises(ValidationException) as caught:
        updated(text)

    assert caught.value.message == message


@given(items, names)
def test_what_is_set_is_there_and_what_is_removed_is_gone(item: Item, name: str) -> None:
    values: dict[str, Value] = {":v": {"S": "new"}}
    rest = {other: value for other, value in item.items() if other != name}

    compile_update("SET #n = :v", {"#n": name}, values).apply(item, values)
    assert item == {**rest, name: {"S": "new"}}
    compile_update("REMOVE #n", {"#n": name}, {}).apply(item, {})
    assert item == rest


def test_a_projection_keeps_the_order_of_lists_and_leaves_out_what_is_missing() -> None:
    projected = compile_projection("l[2], l[0], m.x, z.y, #s", {"#s": "s"})(ITEM)

    assert projected == {
        "l": {"L": [{"S": "0"}, {"S": "2"}]},
        "m": {"M": {"x": {"L": [{"S": "q"}]}}},
        "s": {"S": "hello"},
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "a, a",
            (
                "Two document paths overlap with each other; must remove or rewrite one of these paths; "
                "path one: [a], path two: [a]"
            ),
        ),
        ("a,", 'Syntax error; token: "<EOF>", near: ","'),
        ("a..b", 'Syntax error; token: ".", near: "..b"'),
        ("year", "Attribute name is a reserved keyword; reserved keyword: year"),
        ("#x", "An expression attribute name used in the document path is not defined; attribute name: #x"),
    ],
)
def test_a_wrong_projection_is_refused_in_aws_own_words(text: str, problem: str) -> None:
    with pytest.raises(ValidationException) as caught:
        compile_projection(text, {})

    assert caught.value.message == f"Invalid ProjectionExpression: {problem}"
