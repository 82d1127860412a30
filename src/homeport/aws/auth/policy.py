"""Policies of resources: read once, then asked who may do what (IAM user guide, "Policy evaluation logic")."""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, cast

import orjson

from homeport.aws.wildcards import like

Verdict = Literal["allow", "deny", ""]
Context = Mapping[str, str]
"""What is known of a request, by condition key in lower case."""

SERVICE: Final = "Service:"
"""What a principal begins with that is one of AWS's services: `Service:sns.amazonaws.com`."""

_LONGEST_BYTES: Final = 64 * 1024
_STATEMENT: Final = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)


class PolicyMalformed(Exception):
    """A text breaks the policy language's grammar; says so in AWS's words."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One test: operator, key in lower case, values; any value may fit."""

    operator: str
    key: str
    values: tuple[str, ...]
    if_exists: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; the parts that say "not" are marked as such."""

    allows: bool
    principals: tuple[str, ...]
    not_principal: bool
    actions: tuple[str, ...]
    not_action: bool
    resources: tuple[str, ...]
    not_resource: bool
    conditions: tuple[Condition, ...]

    def applies(self, caller: str, account: str, action: str, resource: str, context: Context) -> bool:
        """Whether it speaks of this request."""
        named = any(_is_principal(p, caller, account) for p in self.principals)
        if named == self.not_principal:
            return False
        acts = any(like(action.lower(), a.lower()) for a in self.actions)
        if acts == self.not_action:
            return False
        if any(like(resource, r) for r in self.resources) == self.not_resource:
            return False
        return all(_holds(condition, context) for condition in self.conditions)

    @property
    def public(self) -> bool:
        """Whether it lets anybody in: S3's own meaning of "public"."""
        if not self.allows or ("*" not in self.principals and not self.not_principal):
            return False
        fixing = {"aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceaccount", "aws:principalorgid"}
        fixing |= {"aws:sourceip", "aws:userid", "aws:principalarn", "s3:dataaccesspointaccount"}
        return not any(
            condition.key in fixing and not any("*" in value for value in condition.values)
            for condition in self.conditions
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """All statements of a resource's policy."""

    statements: tuple[Statement, ...]

    def verdict(self, caller: str, account: str, action: str, resource: str, context: Context) -> Verdict:
        """What it says about a request; a denial outweighs every leave.

        `caller`: the principal's ARN, or `SERVICE` and its name; empty for somebody without credentials.
        """
        found: Verdict = ""
        for statement in self.statements:
            if statement.applies(caller, account, action, resource, context):
                if not statement.allows:
                    return "deny"
                found = "allow"
        return found

    @property
    def public(self) -> bool:
        """Whether it lets anybody in."""
        return any(statement.public for statement in self.statements)


def _is_principal(pattern: str, caller: str, account: str) -> bool:
    if pattern == "*":
        return True
    if not caller or caller.startswith(SERVICE):
        return pattern == caller != ""
    return pattern in {account, caller} or pattern == f"arn:aws:iam::{account}:root" or _took(caller, pattern)


def _took(caller: str, role: str) -> bool:
    """Whether somebody has taken a role; sessions know it without its path."""
    head, _, name = role.partition(":role/")
    _, _, session = caller.partition(":assumed-role/")
    return bool(name and session) and (head.rpartition("::")[2], name.rpartition("/")[2]) == (
        caller.split(":")[4],
        session.partition("/")[0],
    )


Json = object


def parse(text: str) -> Policy:
    """Read a policy.

    Raises:
        PolicyMalformed: it breaks the policy language's grammar.
    """
    return _parse(text)


@lru_cache(maxsize=256)
def _parse(text: str) -> Policy:
    if len(text.encode("utf-8", "surrogatepass")) > _LONGEST_BYTES:
        raise PolicyMalformed("Policy exceeds the maximum allowed document size.")
    try:
        document = orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        raise PolicyMalformed("This policy contains invalid Json") from None
    if not isinstance(document, dict):
        raise PolicyMalformed("This policy contains invalid Json")
    if not text.lstrip().startswith("{"):
        raise PolicyMalformed("Policies must be valid JSON and the first byte must be '{'")
    version = document.get("Version", "2008-10-17")
    if version not in {"2008-10-17", "2012-10-17"}:
        raise PolicyMalformed("The policy must contain a valid version string")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise PolicyMalformed("Missing required field Statement")
    return Policy(tuple(_statement(item) for item in statements))


def _statement(item: Json) -> Statement:
    if not isinstance(item, dict):
        raise PolicyMalformed("Missing required field Statement")
    unknown = set(item) - _STATEMENT
    if unknown:
        raise PolicyMalformed(f"Unknown field {min(map(str, unknown))}")
    effect = item.get("Effect")
    if effect not in {"Allow", "Deny"}:
        raise PolicyMalformed(f"Invalid effect: {effect}" if effect else "Missing required field Effect")
    for either in ("Principal", "Action", "Resource"):
        if (either in item) == (f"Not{either}" in item):
            raise PolicyMalformed(f"Missing required field {either}")
    return Statement(
        effect == "Allow",
        _principals(item.get("Principal", item.get("NotPrincipal"))),
        "NotPrincipal" in item,
        _texts(item.get("Action", item.get("NotAction")), "Action"),
        "NotAction" in item,
        _texts(item.get("Resource", item.get("NotResource")), "Resource"),
        "NotResource" in item,
        tuple(_conditions(item.get("Condition", {}))),
    )


def _texts(value: Json, name: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(text, str) for text in values):
        raise PolicyMalformed(f"Policy has invalid {name.lower()}")
    return tuple(cast("list[str]", values))


def _principals(value: Json) -> tuple[str, ...]:
    if value == "*":
        return ("*",)
    if not isinstance(value, dict) or not value or set(value) - {"AWS", "Service", "Federated", "CanonicalUser"}:
        raise PolicyMalformed("Invalid principal in policy")
    found: list[str] = []
    for kind, names in value.items():
        for name in _texts(names, "Principal"):
            if (
                kind == "AWS"
                and name != "*"
                and re.fullmatch(r"\d{12}|arn:aws[a-z-]*:(iam|sts)::\d{12}:.+", name) is None
            ):
                raise PolicyMalformed("Invalid principal in policy")
            found.append(name if kind == "AWS" else f"{kind}:{name}")
    return tuple(found)


def _conditions(value: Json) -> Sequence[Condition]:
    if not isinstance(value, dict):
        raise PolicyMalformed("Invalid Condition")
    found = []
    for operator, tests in value.items():
        name = operator.partition(":")[2] or operator
        if_exists = name.endswith("IfExists")
        name = name.removesuffix("IfExists")
        if name not in _OPERATORS and name != "Null":
            raise PolicyMalformed(f"Invalid Condition type : {operator}")
        if not isinstance(tests, dict):
            raise PolicyMalformed("Invalid Condition")
        for key, values in tests.items():
            texts = [_text(v) for v in (values if isinstance(values, list) else [values])]
            found.append(Condition(name, key.lower(), tuple(texts), if_exists))
    return found


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _holds(condition: Condition, context: Context) -> bool:
    given = context.get(condition.key)
    if condition.operator == "Null":
        return (given is None) == (condition.values[0].lower() == "true" if condition.values else True)
    test, negative = _OPERATORS[condition.operator]
    if given is None:
        return condition.if_exists or negative
    return any(test(given, value) for value in condition.values) != negative


def _numbers(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def test(given: str, value: str) -> bool:
        try:
            return compare(float(given), float(value))
        except ValueError:
            return False

    return test


def _instant(text: str) -> float:
    from datetime import datetime

    return float(text) if text.replace(".", "").isdecimal() else datetime.fromisoformat(text).timestamp()


def _dates(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def test(given: str, value: str) -> bool:
        try:
            return compare(_instant(given), _instant(value))
        except ValueError:
            return False

    return test


def _within(given: str, value: str) -> bool:
    try:
        return ipaddress.ip_address(given) in ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False


def _same(given: str, value: str) -> bool:
    return given == value


def _same_folded(given: str, value: str) -> bool:
    return given.casefold() == value.casefold()


_OPERATORS: Final[Mapping[str, tuple[Callable[[str, str], bool], bool]]] = {
    "StringEquals": (_same, False),
    "StringNotEquals": (_same, True),
    "StringEqualsIgnoreCase": (_same_folded, False),
    "StringNotEqualsIgnoreCase": (_same_folded, True),
    "StringLike": (like, False),
    "StringNotLike": (like, True),
    "ArnEquals": (like, False),
    "ArnNotEquals": (like, True),
    "ArnLike": (like, False),
    "ArnNotLike": (like, True),
    "Bool": (_same_folded, False),
    "BinaryEquals": (_same, False),
    "IpAddress": (_within, False),
    "NotIpAddress": (_within, True),
    "NumericEquals": (_numbers(lambda a, b: a == b), False),
    "NumericNotEquals": (_numbers(lambda a, b: a == b), True),
    "NumericLessThan": (_numbers(lambda a, b: a < b), False),
    "NumericLessThanEquals": (_numbers(lambda a, b: a <= b), False),
    "NumericGreaterThan": (_numbers(lambda a, b: a > b), False),
    "NumericGreaterThanEquals": (_numbers(lambda a, b: a >= b), False),
    "DateEquals": (_dates(lambda a, b: a == b), False),
    "DateNotEquals": (_dates(lambda a, b: a == b), True),
    "DateLessThan": (_dates(lambda a, b: a < b), False),
    "DateLessThanEquals": (_dates(lambda a, b: a <= b), False),
    "DateGreaterThan": (_dates(lambda a, b: a > b), False),
    "DateGreaterThanEquals": (_dates(lambda a, b: a >= b), False),
}
"""Tests by the operator's name, and whether they are turned round."""
