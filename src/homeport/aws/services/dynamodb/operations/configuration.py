"""What is only configuration here: contributor insights, auto scaling; limits and endpoints."""

from collections.abc import Callable
from typing import Final, cast

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import (
    GlobalTableNotFoundException,
    ReplicaNotFoundException,
    ResourceNotFoundException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.schema import IndexSettings, Table, TableSettings
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.operations.tables import NameRequest, loaded
from homeport.aws.services.dynamodb.room import DynamoDb, resolve
from homeport.aws.services.dynamodb.store import tables
from homeport.kernel.clock import MILLIS_PER_SECOND
from homeport.kernel.storage.database import Tx

_CACHE_MINUTES: Final = 1440


class InsightsRequest(NameRequest, total=False):
    """The parameters of the operations on contributor insights."""

    IndexName: str
    ContributorInsightsAction: str
    ContributorInsightsMode: str
    MaxResults: int
    NextToken: str


class ScalingRequest(NameRequest, total=False):
    """The parameters of the operations on auto scaling."""

    GlobalTableName: str
    GlobalTableBillingMode: str
    GlobalTableProvisionedWriteCapacityUnits: int
    GlobalSecondaryIndexUpdates: list[dict[str, object]]
    ProvisionedWriteCapacityAutoScalingUpdate: dict[str, object]
    ReplicaUpdates: list[dict[str, object]]
    ReplicaSettingsUpdate: list[dict[str, object]]


async def describe_limits(_dynamodb: DynamoDb, _call: Call, _request: NameRequest) -> Result:
    """Tell the default quotas of an account.

    Spec: DynamoDB API reference, DescribeLimits.
    """
    return {
        "AccountMaxReadCapacityUnits": 80000,
        "AccountMaxWriteCapacityUnits": 80000,
        "TableMaxReadCapacityUnits": 40000,
        "TableMaxWriteCapacityUnits": 40000,
    }


async def describe_endpoints(_dynamodb: DynamoDb, call: Call, _request: NameRequest) -> Result:
    """Tell where this server is.

    Spec: DynamoDB API reference, DescribeEndpoints.
    """
    address = call.endpoint_url.partition("://")[2]
    return {"Endpoints": [{"Address": address, "CachePeriodInMinutes": _CACHE_MINUTES}]}


async def change_table(dynamodb: DynamoDb, call: Call, name_or_arn: str, change: Callable[[Tx, Table], None]) -> Table:
    """Change the settings of a table that is there."""
    name = resolve(call, name_or_arn)
    await dynamodb.described_table(call, name_or_arn)

    def write(tx: Tx) -> Table:
        table = loaded(tx, name)
        change(tx, table)
        return table

    return await dynamodb.tables.change(write)


async def update_contributor_insights(dynamodb: DynamoDb, call: Call, request: InsightsRequest) -> Result:
    """Turn contributor insights on or off.

    Spec: DynamoDB API reference, UpdateContributorInsights.
    """
    enable = request["ContributorInsightsAction"] == "ENABLE"
    now = dynamodb.clock.now()

    def update(tx: Tx, table: Table) -> None:
        kept: dict[str, object] = {"Status": "ENABLED" if enable else "DISABLED", "LastUpdateDateTime": now}
        if "ContributorInsightsMode" in request:
            kept["Mode"] = request["ContributorInsightsMode"]
        if "IndexName" in request:
            _index(table, request["IndexName"])["Insights"] = kept
        else:
            table.settings["Insights"] = kept
        tables.save(tx, table.id, table.settings)

    table = await change_table(dynamodb, call, request["TableName"], update)
    result: Result = {
        "TableName": table.name,
        "ContributorInsightsStatus": "ENABLING" if enable else "DISABLING",
    }
    for member in ("IndexName", "ContributorInsightsMode"):
        if member in request:
            result[member] = request["IndexName" if member == "IndexName" else "ContributorInsightsMode"]
    return result


def _index(table: Table, name: str) -> IndexSettings:
    for index in table.settings["Indexes"]:
        if index["IndexName"] == name:
            return index
    raise ResourceNotFoundException(f"Index: {name} not found")


async def describe_contributor_insights(dynamodb: DynamoDb, call: Call, request: InsightsRequest) -> Result:
    """Tell whether contributor insights are on.

    Spec: DynamoDB API reference, DescribeContributorInsights.
    """
    table = await dynamodb.described_table(call, request["TableName"])
    name = request.get("IndexName")
    kept = table.settings.get("Insights") if name is None else _index(table, name).get("Insights")
    result: Result = {"TableName": table.name, "ContributorInsightsStatus": "DISABLED"}
    if name is not None:
        result["IndexName"] = name
    if kept is None:
        return result
    result["ContributorInsightsStatus"] = kept["Status"]
    result["LastUpdateDateTime"] = kept["LastUpdateDateTime"]
    if "Mode" in kept:
        result["ContributorInsightsMode"] = kept["Mode"]
    if kept["Status"] == "ENABLED":
        seconds = cast("int", kept["LastUpdateDateTime"]) // MILLIS_PER_SECOND
        subject = table.name if name is None else f"{table.name}-{name}"
        kinds = ("PKC", "SKC", "PKT", "SKT") if table.range is not None else ("PKC", "PKT")
        result["ContributorInsightsRuleList"] = [
            f"DynamoDBContributorInsights-{kind}-{subject}-{seconds}" for kind in kinds
        ]
    return result


async def list_contributor_insights(dynamodb: DynamoDb, call: Call, request: InsightsRequest) -> Result:
    """List the tables and indexes that have contributor insights.

    Spec: DynamoDB API reference, ListContributorInsights.
    """
    every = await dynamodb.db.read(tables.all_tables)
    wanted = resolve(call, request["TableName"])[2] if "TableName" in request else None
    summaries: list[dict[str, object]] = []
    for table in every:
        if (table.account, table.region) != (call.account, call.region) or wanted not in {None, table.name}:
            continue
        if "Insights" in table.settings:
            summaries.append({"TableName": table.name, **_insights(table.settings["Insights"])})
        summaries += [
            {"TableName": table.name, "IndexName": index["IndexName"], **_insights(index["Insights"])}
            for index in table.settings["Indexes"]
            if "Insights" in index
        ]
    token = request.get("NextToken", "0")
    if not (token.isascii() and token.isdigit()):
        raise ValidationException("Invalid NextToken")
    start = int(token[:9])
    end = start + request.get("MaxResults", 100)
    result: Result = {"ContributorInsightsSummaries": summaries[start:end]}
    if end < len(summaries):
        result["NextToken"] = str(end)
    return result


def _insights(kept: dict[str, object]) -> dict[str, object]:
    told = {"ContributorInsightsStatus": kept["Status"]}
    if "Mode" in kept:
        told["ContributorInsightsMode"] = kept["Mode"]
    return told


async def describe_table_replica_auto_scaling(dynamodb: DynamoDb, call: Call, request: ScalingRequest) -> Result:
    """Tell the auto scaling settings of a table's replicas.

    Spec: DynamoDB API reference, DescribeTableReplicaAutoScaling.
    """
    table = await _global_table(dynamodb, call, request["TableName"])
    return {"TableAutoScalingDescription": _auto_scaling(table)}


async def _global_table(dynamodb: DynamoDb, call: Call, name_or_arn: str) -> Table:
    name = resolve(call, name_or_arn)
    table = await dynamodb.db.read(lambda snapshot: tables.load(snapshot, name))
    if table is None or not table.replicas:
        raise ResourceNotFoundException.global_table(name[2])
    return table


def _auto_scaling(table: Table) -> dict[str, object]:
    kept = table.settings.get("AutoScaling", {})
    replicas = []
    for region in sorted([table.region, *table.replicas]):
        replica: dict[str, object] = {"RegionName": region, "ReplicaStatus": "ACTIVE"}
        if "Write" in kept:
            replica["ReplicaProvisionedWriteCapacityAutoScalingSettings"] = kept["Write"]
        reads = cast("dict[str, object]", kept.get("Read", {}))
        if region in reads:
            replica["ReplicaProvisionedReadCapacityAutoScalingSettings"] = reads[region]
        replicas.append(replica)
    return {"TableName": table.name, "TableStatus": "ACTIVE", "Replicas": replicas}


async def update_table_replica_auto_scaling(dynamodb: DynamoDb, call: Call, request: ScalingRequest) -> Result:
    """Keep auto scaling settings; nothing is scaled here.

    Spec: DynamoDB API reference, UpdateTableReplicaAutoScaling.
    """

    def update(tx: Tx, table: Table) -> None:
        kept = table.settings.setdefault("AutoScaling", {})
        if "ProvisionedWriteCapacityAutoScalingUpdate" in request:
            kept["Write"] = _scaling(request["ProvisionedWriteCapacityAutoScalingUpdate"])
        reads = cast("dict[str, object]", kept.setdefault("Read", {}))
        for replica in request.get("ReplicaUpdates", []):
            wanted = replica.get("ReplicaProvisionedReadCapacityAutoScalingUpdate")
            if wanted is not None:
                reads[str(replica["RegionName"])] = _scaling(cast("dict[str, object]", wanted))
        tables.save(tx, table.id, table.settings)

    await _global_table(dynamodb, call, request["TableName"])
    table = await change_table(dynamodb, call, request["TableName"], update)
    return {"TableAutoScalingDescription": _auto_scaling(table)}


def _scaling(update: dict[str, object]) -> dict[str, object]:
    told = {key: value for key, value in update.items() if key != "ScalingPolicyUpdate"}
    policy = cast("dict[str, object] | None", update.get("ScalingPolicyUpdate"))
    if policy is not None:
        told["ScalingPolicies"] = [policy]
    return told


async def describe_global_table_settings(dynamodb: DynamoDb, call: Call, request: ScalingRequest) -> Result:
    """Tell the capacity settings of a global table's replicas.

    Spec: DynamoDB API reference, DescribeGlobalTableSettings.
    """
    name = request["GlobalTableName"]
    table = await dynamodb.db.read(lambda snapshot: tables.load(snapshot, (call.account, call.region, name)))
    if table is None or not table.replicas:
        raise GlobalTableNotFoundException(name)
    members = await dynamodb.db.read(lambda snapshot: tables.members(snapshot, table.data_id))
    return {"GlobalTableName": name, "ReplicaSettings": [_replica_settings(member) for member in members]}


def _replica_settings(table: Table) -> dict[str, object]:
    throughput = table.settings["ProvisionedThroughput"]
    shown: dict[str, object] = {
        "RegionName": table.region,
        "ReplicaStatus": "ACTIVE",
        "ReplicaBillingModeSummary": {"BillingMode": table.settings["BillingMode"]},
        "ReplicaProvisionedReadCapacityUnits": throughput.get("ReadCapacityUnits", 0),
        "ReplicaProvisionedWriteCapacityUnits": throughput.get("WriteCapacityUnits", 0),
    }
    if "TableClass" in table.settings:
        shown["ReplicaTableClassSummary"] = {"TableClass": table.settings["TableClass"]}
    return shown


async def update_global_table_settings(dynamodb: DynamoDb, call: Call, request: ScalingRequest) -> Result:
    """Change the capacity settings of all replicas of a global table.

    Spec: DynamoDB API reference, UpdateGlobalTableSettings.
    """
    name = request["GlobalTableName"]

    wanted = {str(each["RegionName"]): each for each in request.get("ReplicaSettingsUpdate", [])}

    def update(tx: Tx) -> list[Table]:
        table = tables.load(tx, (call.account, call.region, name))
        if table is None or not table.replicas:
            raise GlobalTableNotFoundException(name)
        members = tables.members(tx, table.data_id)
        for region in wanted.keys() - {member.region for member in members}:
            raise ReplicaNotFoundException(f"Replica not found in region {region}")
        for member in members:
            if "GlobalTableBillingMode" in request:
                member.settings["BillingMode"] = request["GlobalTableBillingMode"]
            if "GlobalTableProvisionedWriteCapacityUnits" in request:
                units = request["GlobalTableProvisionedWriteCapacityUnits"]
                member.settings["ProvisionedThroughput"]["WriteCapacityUnits"] = units
            _set_replica(member.settings, wanted.get(member.region, {}))
            tables.save(tx, member.id, member.settings)
        return members

    changed = await dynamodb.tables.change(update)
    return {"GlobalTableName": name, "ReplicaSettings": [_replica_settings(member) for member in changed]}


def _set_replica(settings: TableSettings, wanted: dict[str, object]) -> None:
    if "ReplicaProvisionedReadCapacityUnits" in wanted:
        units = cast("int", wanted["ReplicaProvisionedReadCapacityUnits"])
        settings["ProvisionedThroughput"]["ReadCapacityUnits"] = units
    if "ReplicaTableClass" in wanted:
        settings["TableClass"] = str(wanted["ReplicaTableClass"])
