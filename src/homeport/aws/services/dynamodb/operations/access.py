"""Who may use a table or a stream, where callers are who they say: its own account, and whom its policy lets in."""

from collections.abc import Awaitable, Iterator, Mapping
from typing import Any, Final

from homeport.aws.auth.access import Asker, permitted, why_not
from homeport.aws.call import Call
from homeport.aws.service import Operation, Result
from homeport.aws.services.dynamodb.errors import AccessDeniedException
from homeport.aws.services.dynamodb.model.schema import TableSettings
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.aws.services.dynamodb.store import tables

_SHARED: Final = frozenset(
    {
        *("BatchGetItem", "BatchWriteItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan"),
        *("UpdateItem", "DeleteTable", "DescribeTable", "UpdateTable"),
        *("ListTagsOfResource", "TagResource", "UntagResource"),
        *("DescribeStream", "GetRecords", "GetShardIterator"),
    }
)
"""What can be done with another account's table or stream at all.

Spec: DynamoDB developer guide, "DynamoDB API operations supported by resource-based policies".
"""

_MENDING: Final = frozenset({"DeleteResourcePolicy", "GetResourcePolicy", "PutResourcePolicy"})
"""What a policy must not take from the table's own account, which could not mend it any more."""

_NAMES: Final = (
    *("TableName", "TableArn", "ResourceArn", "StreamArn", "BackupArn", "ExportArn", "ImportArn"),
    *("SourceTableName", "SourceTableArn", "ExclusiveStartBackupArn", "ExclusiveStartStreamArn"),
)

_TRANSACTED: Final[Mapping[str, str]] = {
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
"""The actions of a transaction's elements; a transaction has none of its own."""

_READS_INDEXES: Final = frozenset({"PartiQLSelect", "Query", "Scan"})
_ARN_PARTS: Final = 6


def guarded(operation: Operation[DynamoDb]) -> Operation[DynamoDb]:
    """An operation that in mode `signed` is kept from those who may not use what their request names."""

    def guard(dynamodb: DynamoDb, call: Call, request: Any) -> Awaitable[Result]:
        if dynamodb.signed:
            return _guarded(operation, dynamodb, call, request)
        return operation(dynamodb, call, request)

    return guard


async def _guarded(operation: Operation[DynamoDb], dynamodb: DynamoDb, call: Call, request: Any) -> Result:
    for named, action in _wanted(call.operation, request):
        await admit(dynamodb, call, named, action, request.get("IndexName"))
    return await operation(dynamodb, call, request)


def _wanted(operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a request names, and what it wants to do with each."""
    for member in _NAMES:
        if member in request:
            yield request[member], operation
    if "ShardIterator" in request:
        yield request["ShardIterator"].partition("|")[0], operation
    for name in request.get("RequestItems", ()):
        yield name, operation
    for element in request.get("TransactItems", ()):
        for action, each in element.items():
            yield each["TableName"], _TRANSACTED[action]


async def admit(dynamodb: DynamoDb, call: Call, named: str, action: str, index: str | None = None) -> None:
    """Let somebody do `action` to what a name or an ARN means.

    Raises:
        AccessDeniedException: it is another account's and no policy allows it, or its policy forbids it.
    """
    account, region, name, part = _place(call, named)
    owns = account == call.account
    known = dynamodb.tables.known((account, region, name)) if owns else None
    if owns and (action in _MENDING or (known is not None and not part and "Policy" not in known.settings)):
        return
    table = await dynamodb.db.read(lambda snapshot: tables.load(snapshot, (account, region, name)))
    if table is None:
        policy, resource = None, named
    else:
        policy = _policy(table.settings, part) if owns or action in _SHARED else None
        inner = f"index/{index}" if index is not None and action in _READS_INDEXES else part
        resource = f"{table.arn}/{inner}" if inner else table.arn
    asker = Asker.of_call(call, dynamodb.clock.now())
    wanted = f"dynamodb:{action}"
    if not permitted(asker, wanted, resource=resource, owner=account, policy=policy):
        raise AccessDeniedException(_forbidden(asker, wanted, resource) if owns else why_not(asker, wanted, resource))


def _place(call: Call, named: str) -> tuple[str, str, str, str]:
    """Account, region and name of the table, and which part of it is meant, as in `stream/LABEL`.

    What is no ARN is the caller's own, and refused by the operation if it is no name either.
    """
    parts = named.split(":", _ARN_PARTS - 1)
    if parts[0] != "arn" or len(parts) < _ARN_PARTS:
        return call.account, call.region, named, ""
    name, _, part = parts[5].removeprefix("table/").partition("/")
    return parts[4], parts[3], name, part


def _policy(settings: TableSettings, part: str) -> str | None:
    if not part:
        return settings.get("Policy")
    return settings.get("StreamPolicy") if part == f"stream/{settings.get('StreamLabel')}" else None


def _forbidden(asker: Asker, action: str, resource: str) -> str:
    return (
        f"User: {asker.principal} is not authorized to perform: {action} on resource: {resource} "
        "with an explicit deny in a resource-based policy"
    )
