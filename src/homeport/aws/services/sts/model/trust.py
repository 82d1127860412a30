"""Who may take a role: its trust policy, as far as principals, actions and external ids go."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import orjson

_ACTION = "sts:AssumeRole"


def may_assume(document: str, *, principal_arn: str, account: str, external_id: str | None) -> bool:
    """Whether a role's trust policy lets somebody take the role.

    A condition on anything but the external id is taken as not met: to let somebody in on a condition that nobody
    looks at would be worse than to keep him out.
    """
    allowed = False
    for statement in _listed(orjson.loads(document).get("Statement")):
        if _fits(statement, principal_arn, account) and _conditions_met(statement, external_id):
            if statement.get("Effect") == "Deny":
                return False
            allowed = True
    return allowed


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value] if value is not None else []


def _fits(statement: Mapping[str, Any], principal_arn: str, account: str) -> bool:
    actions = _listed(statement.get("Action"))
    if not any(fnmatchcase(_ACTION.lower(), str(action).lower()) for action in actions):
        return False
    principal = statement.get("Principal")
    if principal == "*":
        return True
    names = _listed(principal.get("AWS")) if isinstance(principal, dict) else []
    return any(name in {"*", account, f"arn:aws:iam::{account}:root", principal_arn} for name in names)


def _conditions_met(statement: Mapping[str, Any], external_id: str | None) -> bool:
    conditions = statement.get("Condition") or {}
    for operator, tests in conditions.items():
        if operator != "StringEquals":
            return False
        for name, wanted in tests.items():
            if name.lower() != "sts:externalid" or external_id not in _listed(wanted):
                return False
    return True
