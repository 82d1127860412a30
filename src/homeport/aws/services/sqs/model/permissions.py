"""Who may use a queue, and permissions as AddPermission writes them: statements of the queue's policy."""

import json
import re
from collections.abc import Sequence
from typing import TypedDict

from homeport.aws.arn import partition_of
from homeport.aws.auth.access import Asker, permitted, why_not
from homeport.aws.services.sqs.errors import AccessDenied, InvalidParameter, MissingParameter, OverLimit
from homeport.aws.services.sqs.model.queue import Queue, QueueKey

_MAX_ACTIONS = 7
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_ACTIONS = frozenset(
    {
        "*",
        "SendMessage",
        "ReceiveMessage",
        "DeleteMessage",
        "ChangeMessageVisibility",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "PurgeQueue",
    }
)
OWNERS_ONLY = frozenset(
    {
        "AddPermission",
        "RemovePermission",
        "CreateQueue",
        "DeleteQueue",
        "SetQueueAttributes",
        "TagQueue",
        "UntagQueue",
        "ListQueues",
        "ListQueueTags",
        "StartMessageMoveTask",
        "CancelMessageMoveTask",
        "ListMessageMoveTasks",
    }
)


def check_permitted(queue: Queue, asker: Asker, operation: str) -> None:
    """Let somebody use a queue: its own account, or whom its policy allows, which says nothing of what only owners do.

    Raises:
        AccessDenied: nobody lets him.
    """
    action = operation.removesuffix("Batch")
    own, policy = queue.key.account, None if action in OWNERS_ONLY else queue.attributes.get("Policy")
    if not permitted(asker, f"sqs:{action}", resource=queue.arn, owner=own, policy=policy):
        raise AccessDenied(why_not(asker, f"sqs:{action.lower()}", queue.arn))


class Policy(TypedDict, total=False):
    """A policy document, as far as permissions change it; a single statement may stand without a list around it."""

    Version: str
    Id: str
    Statement: list[dict[str, object]] | dict[str, object]


def add_permission(
    policy: str | None, key: QueueKey, label: str, accounts: Sequence[str], actions: Sequence[str]
) -> str:
    """The policy with one more statement.

    Raises:
        InvalidParameter: the label is taken or wrong, an account or an action is none.
        MissingParameter: no accounts or no actions.
        OverLimit: more than seven actions.
    """
    _check(label, accounts, actions)
    document = _parse(policy) or Policy(Version="2012-10-17", Id=f"{key.arn}/SQSDefaultPolicy", Statement=[])
    statements = _statements(document)
    if any(statement.get("Sid") == label for statement in statements):
        raise InvalidParameter("Label", label, "Already exists.")
    principals = [f"arn:{partition_of(key.region)}:iam::{account}:root" for account in accounts]
    names = [f"SQS:{action}" for action in actions]
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
    return json.dumps(document, separators=(",", ":"))


def remove_permission(policy: str | None, label: str) -> str:
    """The policy without the statement of that label; empty when none is left.

    Raises:
        InvalidParameter: there is no such statement.
    """
    document = _parse(policy)
    statements = _statements(document) if document else []
    left = [statement for statement in statements if statement.get("Sid") != label]
    if document is None or len(left) == len(statements):
        raise InvalidParameter("Label", label, "can't find label on existing policy.")
    document["Statement"] = left
    return json.dumps(document, separators=(",", ":")) if left else ""


def _statements(document: Policy) -> list[dict[str, object]]:
    given = document.get("Statement", [])
    return [given] if isinstance(given, dict) else list(given)


def _parse(policy: str | None) -> Policy | None:
    if not policy:
        return None
    document: Policy = json.loads(policy)
    return document


def _check(label: str, accounts: Sequence[str], actions: Sequence[str]) -> None:
    if not _LABEL.fullmatch(label):
        reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        raise InvalidParameter("Label", label, reason)
    if not accounts:
        raise MissingParameter("AWSAccountIds")
    if not actions:
        raise MissingParameter("Actions")
    if len(actions) > _MAX_ACTIONS:
        raise OverLimit(f"{len(actions)} Actions were found, maximum allowed is {_MAX_ACTIONS}.")
    for account in accounts:
        if not _ACCOUNT.fullmatch(account):
            raise InvalidParameter("PrincipalId", json.dumps([account]), "Unable to verify.")
    for action in actions:
        if action in OWNERS_ONLY:
            raise InvalidParameter(
                "ActionName", f"SQS:{action}", "Only the queue owner is allowed to invoke this action."
            )
        if action not in _ACTIONS:
            reason = "Please refer to the appropriate WSDL for a list of valid actions."
            raise InvalidParameter("ActionName", f"SQS:{action}", reason)
