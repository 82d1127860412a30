"""The room of DynamoDB: tables, items, indexes, streams."""

from collections.abc import Mapping, Sequence
from typing import Any

from homeport.aws.service import Operation, Service, ServiceContext
from homeport.aws.services.dynamodb.jobs import Copies, Expiry, StreamTrimming, Tidying, Transfers
from homeport.aws.services.dynamodb.operations import (
    backups,
    batches,
    configuration,
    exports,
    imports,
    items,
    kinesis,
    partiql,
    partiql_transactions,
    policies,
    queries,
    replicas,
    restoring,
    table_updates,
    tables,
    time_to_live,
    transactions,
)
from homeport.aws.services.dynamodb.operations.access import guarded
from homeport.aws.services.dynamodb.operations.unbuilt import refusing
from homeport.aws.services.dynamodb.refusals import refuse
from homeport.aws.services.dynamodb.room import DynamoDb, open_room
from homeport.aws.services.dynamodb.store.migrations import MIGRATIONS
from homeport.aws.services.dynamodb.wire import ROUTES
from homeport.kernel.jobs import Job

_OPERATIONS: Mapping[str, Operation[DynamoDb]] = {
    "BatchExecuteStatement": partiql.batch_execute_statement,
    "BatchGetItem": batches.batch_get_item,
    "BatchWriteItem": batches.batch_write_item,
    "CreateBackup": backups.create_backup,
    "CreateGlobalTable": replicas.create_global_table,
    "CreateTable": tables.create_table,
    "DeleteBackup": backups.delete_backup,
    "DeleteItem": items.delete_item,
    "DeleteResourcePolicy": policies.delete_resource_policy,
    "DeleteTable": tables.delete_table,
    "DescribeBackup": backups.describe_backup,
    "DescribeContinuousBackups": restoring.describe_continuous_backups,
    "DescribeContributorInsights": configuration.describe_contributor_insights,
    "DescribeEndpoints": configuration.describe_endpoints,
    "DescribeExport": exports.describe_export,
    "DescribeGlobalTable": replicas.describe_global_table,
    "DescribeGlobalTableSettings": configuration.describe_global_table_settings,
    "DescribeImport": imports.describe_import,
    "DescribeKinesisStreamingDestination": kinesis.describe_kinesis_streaming_destination,
    "DescribeLimits": configuration.describe_limits,
    "DescribeTable": tables.describe_table,
    "DescribeTableReplicaAutoScaling": configuration.describe_table_replica_auto_scaling,
    "DescribeTimeToLive": time_to_live.describe_time_to_live,
    "DisableKinesisStreamingDestination": kinesis.disable_kinesis_streaming_destination,
    "EnableKinesisStreamingDestination": kinesis.enable_kinesis_streaming_destination,
    "ExecuteStatement": partiql.execute_statement,
    "ExecuteTransaction": partiql_transactions.execute_transaction,
    "ExportTableToPointInTime": exports.export_table_to_point_in_time,
    "GetItem": items.get_item,
    "GetResourcePolicy": policies.get_resource_policy,
    "ImportTable": imports.import_table,
    "ListBackups": backups.list_backups,
    "ListContributorInsights": configuration.list_contributor_insights,
    "ListExports": exports.list_exports,
    "ListGlobalTables": replicas.list_global_tables,
    "ListImports": imports.list_imports,
    "ListTables": tables.list_tables,
    "ListTagsOfResource": policies.list_tags_of_resource,
    "PutItem": items.put_item,
    "PutResourcePolicy": policies.put_resource_policy,
    "Query": queries.query,
    "RestoreTableFromBackup": restoring.restore_table_from_backup,
    "RestoreTableToPointInTime": restoring.restore_table_to_point_in_time,
    "Scan": queries.scan,
    "TagResource": policies.tag_resource,
    "TransactGetItems": transactions.transact_get_items,
    "TransactWriteItems": transactions.transact_write_items,
    "UntagResource": policies.untag_resource,
    "UpdateContinuousBackups": restoring.update_continuous_backups,
    "UpdateContributorInsights": configuration.update_contributor_insights,
    "UpdateGlobalTable": replicas.update_global_table,
    "UpdateGlobalTableSettings": configuration.update_global_table_settings,
    "UpdateItem": items.update_item,
    "UpdateKinesisStreamingDestination": kinesis.update_kinesis_streaming_destination,
    "UpdateTable": table_updates.update_table,
    "UpdateTableReplicaAutoScaling": configuration.update_table_replica_auto_scaling,
    "UpdateTimeToLive": time_to_live.update_time_to_live,
}


async def _open(context: ServiceContext) -> DynamoDb:
    return open_room(context)


async def _reset(dynamodb: DynamoDb) -> None:
    dynamodb.tables.forget()


def _jobs(dynamodb: DynamoDb) -> Sequence[Job]:
    return (Expiry(dynamodb), StreamTrimming(dynamodb), Tidying(dynamodb), Copies(dynamodb), Transfers(dynamodb))


SERVICE: Service[Any] = Service(
    name="dynamodb",
    operations={name: guarded(refusing(name, operation)) for name, operation in _OPERATIONS.items()},
    open=_open,
    migrations=MIGRATIONS,
    jobs=_jobs,
    reset=_reset,
    refuse=refuse,
    routes=ROUTES,
)
"""DynamoDB."""
