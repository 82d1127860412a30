"""Permissions as AddPermission writes them: statements of a topic's policy."""

from collections.abc import Mapping, Sequence

import orjson

from homeport.aws.arn import partition_of
from homeport.aws.services.sns.errors import InvalidParameter
from homeport.aws.services.sns.model.names import TopicKey
from homeport.aws.services.sns.model.topic import ACTIONS, default_policy

_ALLOWED = frozenset({*ACTIONS, "*", "Receive", "ListTagsForResource"})


def add_permission(
    policy: str | None, key: TopicKey, label: str, accounts: Sequence[str], actions: Sequence[str]
) -> str:
    """The policy with one more statement.

    Raises:
        InvalidParameter: the label is taken, or an action is none.
    """
    document = orjson.loads(policy or default_policy(key))
    statements = _statements(document)
    if any(statement.get("Sid") == label for statement in statements):
        raise InvalidParameter("Statement already exists")
    if not accounts or not actions or any(action not in _ALLOWED for action in actions):
        raise InvalidParameter("Policy statement action out of service scope!")
    principals = [f"arn:{partition_of(key.region)}:iam::{account}:root" for account in accounts]
    names = [f"SNS:{action}" for action in actions]
    statements.append(
        {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": principals[0] if len(principals) == 1 else principals},
            "Action": names[0] if len(names) == 1 else names,
            "Resource": key.arn,
        }
    )
    document["Statement"] = statements
    return orjson.dumps(document).decode()


def _statements(document: Mapping[str, object]) -> list[dict[str, object]]:
    """A policy's statements; a single one may stand without a list around it."""
    given = document.get("Statement", [])
    return [each for each in (given if isinstance(given, list) else [given]) if isinstance(each, dict)]


def remove_permission(policy: str | None, key: TopicKey, label: str) -> str:
    """The policy without the statement of that label, if there is one."""
    document = orjson.loads(policy or default_policy(key))
    document["Statement"] = [one for one in _statements(document) if one.get("Sid") != label]
    return orjson.dumps(document).decode()
