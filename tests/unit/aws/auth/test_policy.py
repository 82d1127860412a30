"""Principals of policies that are not a bucket's alone: AWS's services, and sessions of roles."""

import orjson
import pytest

from homeport.aws.auth.policy import SERVICE, PolicyMalformed, parse

SESSION = "arn:aws:sts::111111111111:assumed-role/worker/s"


def verdict(principal: object, caller: str, account: str = "111111111111", **more: object) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "SNS:Publish", "Resource": "*", **more}
    text = orjson.dumps({"Statement": [statement]}).decode()
    return parse(text).verdict(caller, account, "sns:publish", "arn:aws:sns:us-east-1:222222222222:t", {})


@pytest.mark.parametrize("role", ["arn:aws:iam::111111111111:role/worker", "arn:aws:iam::111111111111:role/a/b/worker"])
def test_who_has_taken_a_role_is_that_role(role: str) -> None:
    assert verdict({"AWS": role}, SESSION) == "allow"
    assert verdict({"AWS": role}, "arn:aws:iam::111111111111:user/worker") == ""
    assert verdict({"AWS": role.replace("worker", "other")}, SESSION) == ""
    assert verdict({"AWS": role.replace("1", "2")}, SESSION) == ""


def test_a_service_is_itself_and_no_account() -> None:
    sns = f"{SERVICE}sns.amazonaws.com"

    assert verdict({"Service": "sns.amazonaws.com"}, sns) == "allow"
    assert verdict({"Service": ["s3.amazonaws.com"]}, sns) == ""
    assert verdict({"AWS": "111111111111"}, sns) == ""
    assert verdict("*", sns) == "allow"
    assert verdict({"Service": "sns.amazonaws.com"}, SESSION) == ""


def test_a_text_as_long_as_a_book_is_no_policy() -> None:
    with pytest.raises(PolicyMalformed):
        parse('{"Statement": []}' + " " * 70_000)
