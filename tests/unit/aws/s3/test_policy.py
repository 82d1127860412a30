"""Bucket policies (IAM user guide, "Policy evaluation logic", "Condition operators")."""

import json
from typing import Any

import pytest

from homeport.aws.services.s3.errors import MalformedPolicy
from homeport.aws.services.s3.model.policy import parse

ME = "arn:aws:iam::111111111111:user/me"
RESOURCE = "arn:aws:s3:::bucket/key"


def verdict(statements: list[dict[str, Any]], caller: str = ME, action: str = "s3:GetObject", **context: str) -> str:
    """What a policy says; statements need only tell what differs."""
    full = [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*", **one}
        for one in statements
    ]
    for one in full:
        for either in ("Principal", "Action", "Resource"):
            if f"Not{either}" in one:
                del one[either]
    text = json.dumps({"Version": "2012-10-17", "Statement": full})
    account = caller.split(":")[4] if caller else ""
    keys = {name.replace("__", ":").replace("_", "/").lower(): value for name, value in context.items()}
    return parse(text).verdict(caller, account, action, RESOURCE, keys)


def test_what_is_not_spoken_of_is_neither_allowed_nor_denied() -> None:
    assert verdict([{"Action": "s3:PutObject"}]) == ""
    assert verdict([{"Resource": "arn:aws:s3:::bucket/other"}]) == ""


def test_a_denial_wins_wherever_it_stands() -> None:
    assert verdict([{}]) == "allow"
    assert verdict([{}, {"Effect": "Deny"}]) == "deny"
    assert verdict([{"Effect": "Deny"}, {}]) == "deny"


@pytest.mark.parametrize(
    ("principal", "caller", "wanted"),
    [
        ("*", "", "allow"),
        ({"AWS": "*"}, "", "allow"),
        ({"AWS": "111111111111"}, ME, "allow"),
        ({"AWS": "arn:aws:iam::111111111111:root"}, ME, "allow"),
        ({"AWS": ME}, ME, "allow"),
        ({"AWS": ["arn:aws:iam::222222222222:root", ME]}, ME, "allow"),
        ({"AWS": "222222222222"}, ME, ""),
        ({"AWS": ME}, "", ""),
        ({"Service": "logging.s3.amazonaws.com"}, ME, ""),
    ],
)
def test_principals(principal: Any, caller: str, wanted: str) -> None:
    assert verdict([{"Principal": principal}], caller) == wanted


def test_the_parts_that_say_not() -> None:
    assert verdict([{"NotPrincipal": {"AWS": ME}}]) == ""
    assert verdict([{"NotAction": "s3:Get*"}]) == ""
    assert verdict([{"NotAction": "s3:Put*"}]) == "allow"
    assert verdict([{"NotResource": "arn:aws:s3:::bucket/key"}]) == ""


@pytest.mark.parametrize(
    ("operator", "key", "values", "given", "holds"),
    [
        ("StringEquals", "aws:x", "a", "a", True),
        ("StringEquals", "aws:x", ["b", "a"], "a", True),
        ("StringNotEquals", "aws:x", ["b", "a"], "a", False),
        ("StringEqualsIgnoreCase", "aws:x", "A", "a", True),
        ("StringLike", "aws:x", "a*c?", "abbbcd", True),
        ("StringNotLike", "aws:x", "a*", "b", True),
        ("NumericLessThan", "aws:x", 10, "9", True),
        ("NumericGreaterThanEquals", "aws:x", "10", "10", True),
        ("NumericEquals", "aws:x", "ten", "10", False),
        ("Bool", "aws:x", True, "true", True),
        ("IpAddress", "aws:x", "10.0.0.0/8", "10.1.2.3", True),
        ("NotIpAddress", "aws:x", "10.0.0.0/8", "10.1.2.3", False),
        ("IpAddress", "aws:x", "2001:db8::/32", "2001:db8::1", True),
        ("DateGreaterThan", "aws:x", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", True),
        ("ArnLike", "aws:x", "arn:aws:sns:*:*:t*", "arn:aws:sns:us-east-1:1:topic", True),
        ("Null", "aws:x", "true", "a", False),
        ("ForAnyValue:StringEquals", "aws:x", "a", "a", True),
    ],
)
def test_condition_operators(operator: str, key: str, values: Any, given: str, holds: bool) -> None:  # noqa: FBT001 # a table's column
    statement = {"Condition": {operator: {key: values}}}

    assert (verdict([statement], aws__x=given) == "allow") == holds


def test_a_key_that_is_not_there() -> None:
    assert verdict([{"Condition": {"StringEquals": {"aws:x": "a"}}}]) == ""
    assert verdict([{"Condition": {"StringEqualsIfExists": {"aws:x": "a"}}}]) == "allow"
    assert verdict([{"Condition": {"StringNotEquals": {"aws:x": "a"}}}]) == "allow"
    assert verdict([{"Condition": {"Null": {"aws:x": "true"}}}]) == "allow"


def test_what_is_public_and_what_is_not() -> None:
    def public(**statement: Any) -> bool:
        full = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/*", **statement}
        return parse(json.dumps({"Version": "2012-10-17", "Statement": full})).public

    assert public()
    assert public(Condition={"StringLike": {"aws:Referer": "https://example.org/*"}})
    assert not public(Effect="Deny")
    assert not public(Principal={"AWS": "111111111111"})
    assert not public(Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})


def test_texts_that_are_nested_for_ever_are_no_policy() -> None:
    with pytest.raises(MalformedPolicy):
        parse('{"a":' * 10_000)
