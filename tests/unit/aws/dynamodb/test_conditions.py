"""Conditions: what they mean, and what AWS says of those that are wrong."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.aws.dynamodb.interpreter import holds
from tests.unit.aws.dynamodb.strategies import integers, items, names, sets, strings

from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model.expressions.evaluate import compile_condition, compile_text
from homeport.aws.services.dynamodb.model.expressions.nodes import (
    And,
    Between,
    Call,
    Comparison,
    Condition,
    Constant,
    Membership,
    Not,
    Operand,
    Or,
    Path,
)
from homeport.aws.services.dynamodb.model.values import Item, Value

ordered: st.SearchStrategy[Value] = st.one_of(
    strings.map(lambda text: {"S": text}), integers.map(lambda number: {"N": number})
)
paths = names.map(lambda name: Path((name,)))
constants = ordered.map(Constant)
operands: st.SearchStrategy[Operand] = st.one_of(paths, constants, paths.map(lambda path: Call("size", (path,))))
comparators = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Comparison, comparators, operands, constants),
    st.builds(Comparison, st.sampled_from(["=", "<>"]), paths, sets.map(Constant)),
    st.builds(Between, operands, constants, constants),
    st.builds(Membership, operands, st.lists(constants, min_size=1, max_size=3).map(tuple)),
    paths.map(lambda path: Call("attribute_exists", (path,))),
    paths.map(lambda path: Call("attribute_not_exists", (path,))),
    st.builds(lambda path, text: Call("begins_with", (path, Constant({"S": text}))), paths, strings),
    st.builds(lambda path, value: Call("contains", (path, value)), paths, constants),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(st.builds(And, inner, inner), st.builds(Or, inner, inner), st.builds(Not, inner)),
    max_leaves=6,
)


@given(conditions, items)
def test_a_compiled_condition_says_what_a_plain_reading_says(condition: Condition, item: Item) -> None:
    compiled = compile_condition(condition, "ConditionExpression", {}, {}, reserved=False)

    assert compiled.test(item, {}) == holds(condition, item)


ITEM: Any = {
    "a": {"N": "5"},
    "s": {"S": "hello"},
    "m": {"M": {"x": {"L": [{"S": "q"}]}}},
    "ss": {"SS": ["a", "b"]},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = :five", True),
        ("(a) = :five", True),
        (":five = a", True),
        ("NOT a = :five OR s = :five", False),
        ("a <> :five AND s = :five OR a = :five", True),
        ("a <> :five AND (s = :five OR a = :five)", False),
        ("m.x[0] = :q", True),
        ("m.x[1] = :q", False),
        ("size(s) = :five", True),
        ("a BETWEEN :one AND :five", True),
        ("a IN (:one, :five)", True),
        ("contains(ss, :q)", False),
        ("begins_with(s, :h)", True),
        ("attribute_type(m, :type)", True),
        ("gone <> :five", True),
        ("gone = gone2", False),
        # UTF-16's units are counted.
        ("size(:clef) = :three", True),
        ("#not.x[0] = :q", True),
    ],
)
def test_expressions_are_read_as_the_developer_guide_says(text: str, expected: bool) -> None:  # noqa: FBT001
    """DynamoDB developer guide, "Condition and filter expressions, operators, and functions"."""
    values: dict[str, Value] = {
        ":five": {"N": "5"},
        ":one": {"N": "1"},
        ":q": {"S": "q"},
        ":h": {"S": "he"},
        ":type": {"S": "M"},
        ":clef": {"S": "\u00e9\U0001d11e"},
        ":three": {"N": "3"},
    }

    assert compile_text(text, "ConditionExpression", {"#not": "m"}, values).test(ITEM, values) is expected


VALUES: Any = {
    ":n": {"N": "1"},
    ":m": {"N": "2"},
    ":s": {"S": "x"},
    ":b": {"BOOL": True},
    ":l": {"L": []},
    ":type": {"S": "ZZ"},
}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "The expression can not be empty;"),
        ("foo", 'Syntax error; token: "<EOF>", near: "foo"'),
        ("a == :n", 'Syntax error; token: "=", near: "== :n"'),
        ("a = :n b", 'Syntax error; token: "b", near: ":n b"'),
        ("a-b = :n", 'Syntax error; token: "-", near: "a-b"'),
        ("a = ! :n", 'Syntax error; token: "!", near: "= ! :n"'),
        ("__typename <> :n", 'Syntax error; token: "_", near: "__"'),
        ("AND a = :n", 'Syntax error; token: "AND", near: "AND a"'),
        ("ADD #v :n", 'Syntax error; token: "ADD", near: "ADD #v"'),
        ("a = :n AND or", 'Syntax error; token: "or", near: "AND or"'),
        ("((a = :n))", "The expression has redundant parentheses;"),
        ("foo(a)", "Invalid function name; function: foo"),
        ("if_not_exists(a, :n) = :n", "Invalid function name; function: if_not_exists"),
        ("size(a)", "The function is not allowed to be used this way in an expression; function: size"),
        (
            "attribute_exists(a) = :b",
            "The function is not allowed to be used this way in an expression; function: attribute_exists",
        ),
        ("count = :n", "Attribute name is a reserved keyword; reserved keyword: count"),
        (
            "#x = :n",
            "An expression attribute name used in the document path is not defined; attribute name: #x",
        ),
        ("a = :x", "An expression attribute value used in expression is not defined; attribute value: :x"),
        (
            "attribute_exists(a, b)",
            (
                "Incorrect number of operands for operator or function; operator or function: attribute_exists, "
                "number of operands: 2"
            ),
        ),
        (
            "contains(a, a)",
            (
                "The first operand must be distinct from the remaining operands for this operator or function; "
                "operator: contains, first operand: [a]"
            ),
        ),
        (
            "a.b[1] = a.b[1]",
            (
                "The first operand must be distinct from the remaining operands for this operator or function; "
                "operator: =, first operand: [a, b, [1]]"
            ),
        ),
        (
            "attribute_exists(:n)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "begins_with(a, :n)",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "a < :b",
            "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
        ),
        (
            "attribute_type(a, :type)",
            "Invalid attribute type name found; type: ZZ, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        (
            "a BETWEEN :s AND :n",
            (
                "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: "
                "AttributeValue: {S:x}, upper bound operand: AttributeValue: {N:1}"
            ),
        ),
        (
            "a BETWEEN :m AND :n",
            (
                "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound "
                "operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}"
            ),
        ),
        ("a[99999999999] = :n", "List index is not within the allowable range; index: [99999999999]"),
        # The most important problem is told, not the first.
        ("count = :x AND ((foo(a)))", "The expression has redundant parentheses;"),
        ("count = :x AND foo(a)", "Invalid function name; function: foo"),
        ("count = :x", "Attribute name is a reserved keyword; reserved keyword: count"),
    ],
)
def test_a_wrong_condition_is_refused_in_aws_own_words(text: str, problem: str) -> None:
    with pytest.raises(ValidationException) as caught:
        compile_text(text, "ConditionExpression", {}, VALUES)

    assert caught.value.message == f"Invalid ConditionExpression: {problem}"


def refusal(text: str, values: dict[str, Any]) -> str:
    with pytest.raises(ValidationException) as caught:
        compile_text(text, "FilterExpression", {}, values)
    return caught.value.message


def test_an_expression_has_at_most_4096_bytes() -> None:
    """DynamoDB developer guide, "Quotas": expression parameters."""
    assert refusal("a" * 4097, {}) == (
        "Invalid FilterExpression: Expression size has exceeded the maximum allowed size; expression size: 4097"
    )


def test_an_expression_has_at_most_300_operators() -> None:
    text = " OR ".join(["a=:n"] * 151)

    assert refusal(text, {":n": {"N": "1"}}) == (
        "Invalid FilterExpression: The expression contains too many operators; operator count: 301"
    )


def test_in_takes_a_hundred_options() -> None:
    values: dict[str, Value] = {f":v{number}": {"N": str(number)} for number in range(101)}
    hundred = f"a IN ({', '.join(list(values)[:100])})"
    assert compile_text(hundred, "FilterExpression", {}, values).test({"a": {"N": "99"}}, values)

    assert "operator or function: IN, number of operands: 102" in refusal(f"a IN ({', '.join(values)})", values)


def test_a_path_has_at_most_32_elements() -> None:
    assert "nesting levels: 33" in refusal(".".join(["a"] * 33) + " = :n", {":n": {"N": "1"}})


def test_deep_parentheses_do_not_exhaust_the_stack() -> None:
    assert "Syntax error" in refusal("(" * 1500 + "a = :n" + ")" * 1500, {":n": {"N": "1"}})
