"""Filter policies: every operator, on attributes and on bodies, and what AWS says of wrong ones."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.aws.services.sns.model.filters.compiled import Scope, compile_filter
from homeport.aws.services.sns.model.filters.errors import FilterPolicyInvalid
from homeport.aws.services.sns.model.filters.json_text import Node, parse


def passes(policy: Any, message: dict[str, Any], scope: Scope = "MessageBody") -> bool:
    return compile_filter(json.dumps(policy), scope)(message)


@pytest.mark.parametrize(
    ("condition", "good", "bad"),
    [
        ("x", ["x", ["y", "x"]], ["y", 1, None, ["y"]]),
        (1, [1, 1.0, [2, 1]], ["1", True, 2]),
        (True, [True], [False, "true", 1]),
        (None, [None], ["null", 0]),
        ({"prefix": "ab"}, ["ab", "abc"], ["a", "xab", 1]),
        ({"suffix": "yz"}, ["yz", "xyz"], ["z", "yzx"]),
        ({"equals-ignore-case": "Ab"}, ["ab", "AB"], ["a"]),
        ({"wildcard": "a*c"}, ["ac", "abc", "a*c"], ["ab", "xac", "acx"]),
        ({"wildcard": r"a\*c"}, ["a*c"], ["abc"]),
        ({"wildcard": "*b*"}, ["b", "abc"], ["a"]),
        ({"cidr": "10.0.0.0/24"}, ["10.0.0.255"], ["10.0.1.0", "no address", 1]),
        ({"cidr": "2001:db8::/32"}, ["2001:db8::1"], ["2001:db9::1"]),
        ({"anything-but": "x"}, ["y", 1, ["x", "y"]], ["x", ["x"]]),
        ({"anything-but": ["x", "y"]}, ["z"], ["x", "y"]),
        ({"anything-but": [1, 2]}, [3, "1"], [1, 2]),
        ({"anything-but": {"prefix": "a"}}, ["b"], ["a", "ab"]),
        ({"anything-but": {"suffix": "a"}}, ["b"], ["a", "ba"]),
        ({"anything-but": {"wildcard": "a*"}}, ["b"], ["a", "ab"]),
        ({"anything-but": {"equals-ignore-case": ["a", "b"]}}, ["c"], ["A", "B"]),
        ({"numeric": ["=", 3]}, [3, 3.0], [4, "3", True]),
        ({"numeric": ["<", 3]}, [2.9], [3]),
        ({"numeric": [">=", 3]}, [3], [2.9]),
        ({"numeric": [">", 0, "<=", 5]}, [1, 5], [0, 5.1]),
        ({"exists": True}, ["x", 0, False, [None, "x"]], [None, "", [], [None], {"inner": 1}, [{"inner": 1}]]),
    ],
)
def test_an_operator_matches_what_it_says(condition: Any, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert passes({"key": [condition]}, {"key": value}), value
    for value in bad:
        assert not passes({"key": [condition]}, {"key": value}), value
    assert not passes({"key": [condition]}, {}), "absent"


def test_a_key_that_must_be_absent() -> None:
    assert passes({"key": [{"exists": False}]}, {"other": 1})
    assert not passes({"key": [{"exists": False}]}, {"key": None})
    assert not passes({"key": [{"exists": False}]}, {"key": {"inner": 1}}), "of leaves alone"
    assert passes({"key": [{"exists": False}, "x"]}, {"key": "x"}), "either is enough"


def test_all_keys_have_to_match_and_one_condition_of_each() -> None:
    policy = {"a": ["1", "2"], "b": ["3"]}

    assert passes(policy, {"a": "2", "b": "3"})
    assert not passes(policy, {"a": "2"})


def test_alternatives_of_or() -> None:
    policy = {"kind": ["x"], "$or": [{"a": ["1"]}, {"b": ["2"], "c": ["3"]}]}

    assert passes(policy, {"kind": "x", "a": "1"})
    assert passes(policy, {"kind": "x", "b": "2", "c": "3"})
    assert not passes(policy, {"kind": "x", "b": "2"})
    assert not passes(policy, {"a": "1"})


def test_conditions_on_an_array_of_objects_hold_for_one_of_them_together() -> None:
    policy = {"Records": {"s3": {"key": [{"prefix": "auto-"}]}, "name": ["Created"]}}

    assert passes(policy, {"Records": [{"name": "Removed"}, {"name": "Created", "s3": {"key": "auto-1"}}]})
    assert passes(policy, {"Records": [[{"name": "Created", "s3": [{"key": "auto-1"}]}]]}), "nested arrays are flat"
    assert not passes(policy, {"Records": [{"name": "Created"}, {"name": "Removed", "s3": {"key": "auto-1"}}]})


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ('{"a":"b"}', '"a" must be an object or an array\n at [Source: (String)"{"a":"b"}"; line: 1, column: 7]'),
        ('{"a":[]}', 'Empty arrays are not allowed\n at [Source: (String)"{"a":[]}"; line: 1, column: 8]'),
        (
            '{"a":[{"numeric":["<",1,">",0]}]}',
            (
                'Too many elements in numeric expression\n at [Source: (String)"{"a":[{"numeric":["<",1,">",0]}]}"; '
                "line: 1, column: 26]"
            ),
        ),
        (
            '{"a":[{"anything-but":["x",1]}]}',
            (
                "Inside anything but list, either all values are number or string, mixed type is not supported\n"
                ' at [Source: (String)"{"a":[{"anything-but":["x",1]}]}"; line: 1, column: 30]'
            ),
        ),
        (
            '{"a":[{"anything-but":{"prefix":""}}]}',
            (
                "Null prefix/suffix not allowed\n"
                ' at [Source: (String)"{"a":[{"anything-but":{"prefix":""}}]}"; line: 1, column: 34]'
            ),
        ),
        ('{"a":[{"cidr":"10.0.0.0"}]}', "Malformed CIDR, one '/' required"),
        ('{"a":[{"cidr":"10.0.0.0/x"}]}', "Malformed CIDR, mask bits must be an integer"),
        (json.dumps({"a": [str(number) for number in range(151)]}), "Filter policy is too complex"),
        (json.dumps({str(number): ["x"] for number in range(6)}), "Filter policy can not have more than 5 keys"),
    ],
)
def test_wrong_policies_are_refused_in_awss_words(policy: str, message: str) -> None:
    with pytest.raises(FilterPolicyInvalid) as caught:
        compile_filter(policy, "MessageAttributes")

    assert str(caught.value) == message


@pytest.mark.parametrize(
    "policy",
    [
        "",
        "[]",
        "null",
        "{",
        '{"a"}',
        '{"a":[1',
        '{"a":[{"unknown":1}]}',
        '{"a":[{"prefix":"x","suffix":"y"}]}',
        "[" * 5000,
        '{"a":{}}',
        '{"a":[[1]]}',
        '{"a":[{"exists":1}]}',
        '{"a":[{"wildcard":"a**"}]}',
        '{"a":{"b":["c"]}}',
    ],
)
def test_hostile_policies_are_refused(policy: str) -> None:
    with pytest.raises(FilterPolicyInvalid):
        compile_filter(policy, "MessageAttributes")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9999, 9999) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def as_python(node: Node) -> Any:
    if node.members is not None:
        return {name: as_python(member) for name, member in node.members}
    return [as_python(item) for item in node.items] if node.items is not None else node.value


@given(JSON, st.sampled_from([None, 2]))
def test_positions_do_not_change_what_is_read(value: Any, indent: int | None) -> None:
    assert as_python(parse(json.dumps(value, indent=indent))) == value


@given(JSON, JSON)
def test_no_policy_breaks_the_compiler_and_no_message_a_policy(policy: Any, message: Any) -> None:
    try:
        matches = compile_filter(json.dumps(policy), "MessageBody")
    except FilterPolicyInvalid:
        return
    assert matches(message if isinstance(message, dict) else {}) in {True, False}
