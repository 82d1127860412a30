"""On-demand backups: CreateBackup, DescribeBackup, DeleteBackup, ListBackups."""

from typing import TypedDict, cast

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import (
    INVALID,
    BackupInUseException,
    BackupNotFoundException,
    TableNotFoundException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.schema import TableSettings
from homeport.aws.services.dynamodb.operations.copying import start_copy
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.room import DynamoDb, is_part, resolve
from homeport.aws.services.dynamodb.store import backups, streams, tables
from homeport.aws.services.dynamodb.store.backups import Backup
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx


class BackupRequest(TypedDict, total=False):
    """The parameters of the operations on backups."""

    TableName: str
    BackupName: str
    BackupArn: str
    BackupType: str
    Limit: int
    TimeRangeLowerBound: Millis
    TimeRangeUpperBound: Millis
    ExclusiveStartBackupArn: str


async def create_backup(dynamodb: DynamoDb, call: Call, request: BackupRequest) -> Result:
    """Copy a table aside, as it is at this moment.

    Spec: DynamoDB API reference, CreateBackup.
    """
    name = resolve(call, request["TableName"])
    now = dynamodb.clock.now()
    suffix = f"{now:014d}-{dynamodb.ids.hex(4)}"

    def create(tx: Tx) -> Backup:
        table = tables.load(tx, name)
        if table is None or table.settings["Status"] != "ACTIVE":
            raise TableNotFoundException(name[2])
        arn = f"{table.arn}/backup/{suffix}"
        data_id = backups.make(tx, table, arn, request["BackupName"], now)
        start_copy(tx, table.data_id, data_id, streams.next_change(tx))
        return find_backup(tx, arn)

    backup = await dynamodb.tables.change(create)
    dynamodb.wake_copies()
    return {"BackupDetails": {**_details(backup), "BackupStatus": "CREATING"}}


def _details(backup: Backup) -> dict[str, object]:
    return {
        "BackupArn": backup.arn,
        "BackupName": backup.name,
        "BackupSizeBytes": backup.size,
        "BackupStatus": "AVAILABLE" if backup.complete else "CREATING",
        "BackupType": "USER",
        "BackupCreationDateTime": backup.created,
    }


def _description(backup: Backup) -> dict[str, object]:
    settings = backup.settings
    source: dict[str, object] = {
        "TableName": backup.table_name,
        "TableId": settings["TableId"],
        "TableArn": backup.arn.partition("/backup/")[0],
        "TableSizeBytes": backup.size,
        "KeySchema": settings["KeySchema"],
        "TableCreationDateTime": settings["Created"],
        "ProvisionedThroughput": {
            "ReadCapacityUnits": settings["ProvisionedThroughput"].get("ReadCapacityUnits", 0),
            "WriteCapacityUnits": settings["ProvisionedThroughput"].get("WriteCapacityUnits", 0),
        },
        "ItemCount": backup.item_count,
        "BillingMode": settings["BillingMode"],
    }
    return {
        "BackupDetails": _details(backup),
        "SourceTableDetails": source,
        "SourceTableFeatureDetails": _features(settings),
    }


def _features(settings: TableSettings) -> dict[str, object]:
    features: dict[str, object] = {}
    for member, local in (("LocalSecondaryIndexes", True), ("GlobalSecondaryIndexes", False)):
        kept = [
            {key: value for key, value in index.items() if key not in {"Id", "Local", "Status", "Insights"}}
            for index in settings["Indexes"]
            if index["Local"] is local
        ]
        if kept:
            features[member] = kept
    if "Stream" in settings:
        features["StreamDescription"] = {"StreamEnabled": True, "StreamViewType": settings["Stream"]["ViewType"]}
    if "TimeToLive" in settings:
        features["TimeToLiveDescription"] = {
            "TimeToLiveStatus": "ENABLED",
            "AttributeName": settings["TimeToLive"],
        }
    if "SSEDescription" in settings:
        features["SSEDescription"] = settings["SSEDescription"]
    return features


def find_backup(snapshot: Snapshot, arn: str) -> Backup:
    """A backup that is there.

    Raises:
        BackupNotFoundException: it is not.
    """
    backup = backups.find(snapshot, arn)
    if backup is None and not is_part(arn, "backup"):
        raise ValidationException("Invalid Backup ARN")
    if backup is None:
        raise BackupNotFoundException(arn)
    return backup


async def describe_backup(dynamodb: DynamoDb, _call: Call, request: BackupRequest) -> Result:
    """Tell of a backup.

    Spec: DynamoDB API reference, DescribeBackup.
    """
    backup = await dynamodb.db.read(lambda snapshot: find_backup(snapshot, request["BackupArn"]))
    return {"BackupDescription": _description(backup)}


async def delete_backup(dynamodb: DynamoDb, _call: Call, request: BackupRequest) -> Result:
    """Delete a backup.

    Spec: DynamoDB API reference, DeleteBackup.
    """

    def delete(tx: Tx) -> Backup:
        backup = find_backup(tx, request["BackupArn"])
        if not backup.complete:
            raise BackupInUseException(backup.arn)
        backups.remove(tx, backup)
        return backup

    described = _description(await dynamodb.db.write(delete))
    details = cast("dict[str, object]", described["BackupDetails"])
    return {"BackupDescription": {**described, "BackupDetails": {**details, "BackupStatus": "DELETED"}}}


async def list_backups(dynamodb: DynamoDb, call: Call, request: BackupRequest) -> Result:
    """List backups of one table or of all, the oldest first.

    Spec: DynamoDB API reference, ListBackups.
    """
    every = await dynamodb.db.read(lambda snapshot: backups.every(snapshot, call.account, call.region))
    name = resolve(call, request["TableName"])[2] if "TableName" in request else None
    low, high = request.get("TimeRangeLowerBound", 0), request.get("TimeRangeUpperBound", 1 << 62)
    if low > high:
        raise ValidationException(f"{INVALID}Time range lower bound must be less than or equal to upper bound")
    if request.get("BackupType", "USER") not in {"USER", "ALL"}:
        every = []
    found = [each for each in every if name in {None, each.table_name} and low <= each.created < high]
    start = request.get("ExclusiveStartBackupArn")
    if start is not None:
        position = next((index for index, each in enumerate(found) if each.arn == start), -1)
        found = found[position + 1 :]
    limit = request.get("Limit", 100)
    result: Result = {"BackupSummaries": [_summary(each) for each in found[:limit]]}
    if len(found) > limit:
        result["LastEvaluatedBackupArn"] = found[limit - 1].arn
    return result


def _summary(backup: Backup) -> dict[str, object]:
    return {
        **_details(backup),
        "TableName": backup.table_name,
        "TableId": backup.settings["TableId"],
        "TableArn": backup.arn.partition("/backup/")[0],
    }
