"""Global tables: tables of one name in several regions that show the same items.

All replicas lie in this server's one store, so they share their items: a write in one region can be read in every
other at once, which is more than either of AWS's consistencies promises, and two writes can never conflict. Each
replica keeps its own configuration and its own stream.
"""

from typing import Final, TypedDict, cast

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import (
    GlobalTableAlreadyExistsException,
    GlobalTableNotFoundException,
    ReplicaAlreadyExistsException,
    ReplicaNotFoundException,
    TableNotFoundException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.descriptions import describe_replica
from homeport.aws.services.dynamodb.model.schema import Table, TableSettings
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.operations.tables import loaded, start_stream
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.aws.services.dynamodb.store import items, streams, tables
from homeport.aws.services.dynamodb.store.tables import Name, table_arn
from homeport.kernel.storage.database import Snapshot, Tx

_OWN: Final = (
    "Stream",
    "StreamLabel",
    "Policy",
    "PolicyRevision",
    "StreamPolicy",
    "StreamPolicyRevision",
    "PointInTime",
    "RecoveryDays",
    "Tags",
    "Kinesis",
    "RestoreSummary",
    "DeletionProtectionEnabled",
)


class GlobalTableRequest(TypedDict, total=False):
    """The parameters of the operations on global tables of 2017."""

    GlobalTableName: str
    ReplicationGroup: list[dict[str, str]]
    ReplicaUpdates: list[dict[str, dict[str, str]]]
    ExclusiveStartGlobalTableName: str
    Limit: int
    RegionName: str


def change_replicas(dynamodb: DynamoDb, tx: Tx, table: Table, updates: list[dict[str, dict[str, object]]]) -> None:
    """Do `ReplicaUpdates`."""
    for update in updates:
        if len(update) > 1:
            raise ValidationException("Update table operation with more than one type of replica actions not allowed.")
        if not update or (next(iter(update.values())).keys() <= {"RegionName"} and "Update" in update):
            raise ValidationException("There are no actions specified in the Replica Update Action of the request.")
        ((action, details),) = update.items()
        region = str(details["RegionName"])
        if region == table.region:
            raise ValidationException(
                "Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or "
                "UpdateTable as required."
            )
        _change_replica(dynamodb, tx, table, action, details)


def _change_replica(dynamodb: DynamoDb, tx: Tx, table: Table, action: str, details: dict[str, object]) -> None:
    region = str(details["RegionName"])
    if action == "Create":
        create_replica(dynamodb, tx, table, region, details)
        return
    if region not in table.replicas:
        raise ValidationException(
            "Update global table operation failed because one or more replicas were not part of the global table. "
            f"Please retry the request without these replicas: [{region}]."
        )
    if action == "Update":
        _configure_replica(tx, table, region, details)
    else:
        delete_replica(dynamodb, tx, table, region)


def create_replica(dynamodb: DynamoDb, tx: Tx, table: Table, region: str, details: dict[str, object]) -> None:
    """Make a table of the same name in another region that shows the same items."""
    name = (table.account, region, table.name)
    if region in table.replicas or tables.load(tx, name) is not None:
        raise ValidationException(
            f"Failed to create a the new replica of table with name: \u2018{table.name}\u2019 because one or more "
            "replicas already existed as tables."
        )
    if "Stream" not in table.settings:
        # A global table replicates from its stream, so it gets one, which stays when the last replica goes.
        start_stream(dynamodb, tx, table, "NEW_AND_OLD_IMAGES")
    settings = cast("TableSettings", {key: value for key, value in table.settings.items() if key not in _OWN})
    settings["TableId"] = dynamodb.ids.uuid()
    settings["Created"] = dynamodb.clock.now()
    tables.insert(tx, name, settings, table.data_id)
    stream = table.settings.get("Stream")
    if stream is not None:
        _mirror_stream(dynamodb, tx, name, stream["ViewType"])
    _configure_replica(tx, table, region, details)


def _mirror_stream(dynamodb: DynamoDb, tx: Tx, name: Name, view_type: str) -> None:
    start_stream(dynamodb, tx, loaded(tx, name), view_type)


def _configure_replica(tx: Tx, table: Table, region: str, details: dict[str, object]) -> None:
    kept = {key: value for key, value in details.items() if key not in {"RegionName", "TableClassOverride"}}
    if "TableClassOverride" in details:
        kept["ReplicaTableClassSummary"] = {"TableClass": details["TableClassOverride"]}
    if not kept:
        return
    table.settings.setdefault("ReplicaSettings", {}).setdefault(region, {}).update(kept)
    tables.save(tx, table.id, table.settings)


def delete_replica(dynamodb: DynamoDb, tx: Tx, table: Table, region: str) -> None:
    """Take a region out of a global table; the items stay in the others."""
    replica = tables.load(tx, (table.account, region, table.name))
    if replica is None or replica.data_id != table.data_id:
        raise ReplicaNotFoundException(f"Replica not found in region {region}")
    stream = replica.settings.get("Stream")
    if stream is not None:
        streams.close_stream(tx, f"{replica.arn}/stream/{stream['Label']}", dynamodb.clock.now())
    tables.remove(tx, replica)
    table.settings.get("ReplicaSettings", {}).pop(region, None)
    tables.save(tx, table.id, table.settings)


def _describe(table: Table) -> dict[str, object]:
    regions = sorted([table.region, *table.replicas])
    return {
        "ReplicationGroup": [describe_replica(table, region) for region in regions],
        "GlobalTableArn": table_arn(table.account, "", table.name).replace("table/", "global-table/"),
        "CreationDateTime": table.settings["Created"],
        "GlobalTableStatus": "ACTIVE",
        "GlobalTableName": table.name,
    }


def _global(snapshot: Snapshot, call: Call, name: str) -> Table:
    table = tables.load(snapshot, (call.account, call.region, name))
    if table is None or not table.replicas:
        raise GlobalTableNotFoundException(name)
    return table


async def create_global_table(dynamodb: DynamoDb, call: Call, request: GlobalTableRequest) -> Result:
    """Join empty tables of one name in several regions.

    Spec: DynamoDB API reference, CreateGlobalTable (version 2017.11.29).
    """
    name = request["GlobalTableName"]
    regions = [replica["RegionName"] for replica in request["ReplicationGroup"]]

    def create(tx: Tx) -> dict[str, object]:
        members = []
        for region in regions:
            table = tables.load(tx, (call.account, region, name))
            if table is None:
                raise TableNotFoundException(name)
            if table.replicas:
                raise GlobalTableAlreadyExistsException(name)
            members.append(table)
        _check_members(tx, members)
        for member in members[1:]:
            _join(tx, members[0], member)
        return _describe(_global(tx, call, name) if call.region in regions else members[0])

    return {"GlobalTableDescription": await dynamodb.tables.change(create)}


def _check_members(tx: Tx, members: list[Table]) -> None:
    for member in members:
        stream = member.settings.get("Stream")
        if stream is None or stream["ViewType"] != "NEW_AND_OLD_IMAGES":
            raise ValidationException("The stream of each table must be enabled with the view type NEW_AND_OLD_IMAGES")
        if not items.is_empty(tx, member.data_id):
            raise ValidationException("One or more of the tables for the global table contain data")
        if member.settings["KeySchema"] != members[0].settings["KeySchema"]:
            raise ValidationException("The key schemas of the replicas must be the same")


def _join(tx: Tx, first: Table, member: Table) -> None:
    member.settings["Indexes"] = first.settings["Indexes"]
    member.settings["AttributeDefinitions"] = first.settings["AttributeDefinitions"]
    tables.save(tx, member.id, member.settings)
    tables.share(tx, member.id, first.data_id)
    tables.drop_data(tx, member.data_id)
    streams.follow(tx, member.data_id, first.data_id)


async def update_global_table(dynamodb: DynamoDb, call: Call, request: GlobalTableRequest) -> Result:
    """Add regions to a global table, or take them out.

    Spec: DynamoDB API reference, UpdateGlobalTable (version 2017.11.29).
    """
    name = request["GlobalTableName"]

    def update(tx: Tx) -> dict[str, object]:
        for each in request["ReplicaUpdates"]:
            table = _global(tx, call, name)
            for action, details in each.items():
                _update_member(dynamodb, tx, table, action, details["RegionName"])
        updated = tables.load(tx, (call.account, call.region, name))
        if updated is None:
            raise GlobalTableNotFoundException(name)
        return _describe(updated)

    return {"GlobalTableDescription": await dynamodb.tables.change(update)}


def _update_member(dynamodb: DynamoDb, tx: Tx, table: Table, action: str, region: str) -> None:
    if action == "Delete":
        if region not in table.replicas:
            raise ReplicaNotFoundException(f"Replica not found in region {region}")
        delete_replica(dynamodb, tx, table, region)
        return
    if region in {table.region, *table.replicas}:
        raise ReplicaAlreadyExistsException(f"Replica already exists in region {region}")
    other = tables.load(tx, (table.account, region, table.name))
    if other is None:
        create_replica(dynamodb, tx, table, region, {})
        return
    _check_members(tx, [other])
    _join(tx, table, other)


async def describe_global_table(dynamodb: DynamoDb, call: Call, request: GlobalTableRequest) -> Result:
    """Tell the regions of a global table.

    Spec: DynamoDB API reference, DescribeGlobalTable.
    """
    name = request["GlobalTableName"]
    table = await dynamodb.db.read(lambda snapshot: _global(snapshot, call, name))
    return {"GlobalTableDescription": _describe(table)}


async def list_global_tables(dynamodb: DynamoDb, call: Call, request: GlobalTableRequest) -> Result:
    """Name the global tables that have a replica in a region.

    Spec: DynamoDB API reference, ListGlobalTables.
    """
    region = request.get("RegionName", call.region)
    after = request.get("ExclusiveStartGlobalTableName", "")
    limit = request.get("Limit", 100)

    def find(snapshot: Snapshot) -> list[Table]:
        return [
            table
            for table in tables.all_tables(snapshot)
            if table.account == call.account and table.region == region and table.replicas and table.name > after
        ]

    found = sorted(await dynamodb.db.read(find), key=lambda table: table.name)
    result: Result = {
        "GlobalTables": [
            {
                "GlobalTableName": table.name,
                "ReplicationGroup": [{"RegionName": each} for each in sorted([table.region, *table.replicas])],
            }
            for table in found[:limit]
        ]
    }
    if len(found) > limit:
        result["LastEvaluatedGlobalTableName"] = found[limit - 1].name
    return result
