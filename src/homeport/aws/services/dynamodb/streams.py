"""The room of DynamoDB Streams: a second service on DynamoDB's state."""

from collections.abc import Mapping
from typing import Any

from homeport.aws.service import Operation, Service, ServiceContext
from homeport.aws.services.dynamodb.operations import change_records
from homeport.aws.services.dynamodb.operations.access import guarded
from homeport.aws.services.dynamodb.refusals import refuse
from homeport.aws.services.dynamodb.room import DynamoDb, open_room

_OPERATIONS: Mapping[str, Operation[DynamoDb]] = {
    "DescribeStream": change_records.describe_stream,
    "GetRecords": change_records.get_records,
    "GetShardIterator": change_records.get_shard_iterator,
    "ListStreams": change_records.list_streams,
}


async def _open(context: ServiceContext) -> DynamoDb:
    return open_room(context)


SERVICE: Service[Any] = Service(
    name="dynamodbstreams",
    operations={name: guarded(operation) for name, operation in _OPERATIONS.items()},
    open=_open,
    refuse=refuse,
)
"""DynamoDB Streams; its tables are DynamoDB's."""
