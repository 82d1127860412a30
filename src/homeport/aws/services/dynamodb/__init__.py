"""The room of DynamoDB: tables, items, indexes, streams."""

from collections.abc import Mapping, Sequence
from typing import Any

from homeport.aws.errors import AwsError
from homeport.aws.protocol.constraints import Violation
from homeport.aws.service import Operation, Service, ServiceContext
from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.operations import (
    batches,
    items,
    policies,
    queries,
    replicas,
    table_updates,
    tables,
    transactions,
)
from homeport.aws.services.dynamodb.room import DynamoDb, open_room
from homeport.aws.services.dynamodb.store.migrations import MIGRATIONS
from homeport.kernel.jobs import Job

_OPERATIONS: Mapping[str, Operation[DynamoDb]] = {
    "BatchGetItem": batches.batch_get_item,
    "BatchWriteItem": batches.batch_write_item,
    "CreateGlobalTable": replicas.create_global_table,
    "CreateTable": tables.create_table,
    "DeleteItem": items.delete_item,
    "DeleteResourcePolicy": policies.delete_resource_policy,
    "DeleteTable": tables.delete_table,
    "DescribeGlobalTable": replicas.describe_global_table,
    "DescribeTable": tables.describe_table,
    "GetItem": items.get_item,
    "GetResourcePolicy": policies.get_resource_policy,
    "ListGlobalTables": replicas.list_global_tables,
    "ListTables": tables.list_tables,
    "ListTagsOfResource": policies.list_tags_of_resource,
    "PutItem": items.put_item,
    "PutResourcePolicy": policies.put_resource_policy,
    "Query": queries.query,
    "Scan": queries.scan,
    "TagResource": policies.tag_resource,
    "TransactGetItems": transactions.transact_get_items,
    "TransactWriteItems": transactions.transact_write_items,
    "UntagResource": policies.untag_resource,
    "UpdateGlobalTable": replicas.update_global_table,
    "UpdateItem": items.update_item,
    "UpdateTable": table_updates.update_table,
}


async def _open(context: ServiceContext) -> DynamoDb:
    return open_room(context)


async def _reset(dynamodb: DynamoDb) -> None:
    dynamodb.tables.forget()


def _jobs(dynamodb: DynamoDb) -> Sequence[Job]:
    return ()


def _refuse(violations: Sequence[Violation]) -> AwsError:
    """All of them in one message; ranges are told without the value."""
    batch = next((v for v in violations if v.path.startswith("requestItems") and v.kind == "length"), None)
    if batch is not None and batch.path == "requestItems" and batch.value == "{}":
        return ValidationException("The requestItems parameter is required for BatchWriteItem")
    told = [_sentence(violation) for violation in violations[:10]]
    count = len(violations)
    return ValidationException(f"{count} validation error{'s' if count > 1 else ''} detected: {'; '.join(told)}")


def _sentence(violation: Violation) -> str:
    if violation.kind == "range":
        return f"Value at '{violation.member}' failed to satisfy constraint: {violation.constraint}"
    return violation.sentence


SERVICE: Service[Any] = Service(
    name="dynamodb",
    operations=_OPERATIONS,
    open=_open,
    migrations=MIGRATIONS,
    jobs=_jobs,
    reset=_reset,
    table_prefix="ddb_",
    refuse=_refuse,
)
"""DynamoDB."""
