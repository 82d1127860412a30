"""Point-in-time recovery, and the tables that are restored from it or from backups."""

from collections.abc import Callable
from typing import Final, TypedDict, cast

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import (
    INVALID,
    INVALID_REQUEST,
    BackupInUseException,
    InvalidRestoreTimeException,
    PointInTimeRecoveryUnavailableException,
    TableAlreadyExistsException,
    TableNotFoundException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.descriptions import describe_table as describe
from homeport.aws.services.dynamodb.model.descriptions import while_creating
from homeport.aws.services.dynamodb.model.schema import Table, TableSettings, Throughput
from homeport.aws.services.dynamodb.model.table_rules import IndexRequest
from homeport.aws.services.dynamodb.operations.backups import find_backup
from homeport.aws.services.dynamodb.operations.copying import start_copy
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.operations.tables import (
    NameRequest,
    change_encryption,
    index_settings,
    loaded,
    with_known_key,
)
from homeport.aws.services.dynamodb.room import DynamoDb, check_new_name, resolve
from homeport.aws.services.dynamodb.store import streams, tables
from homeport.aws.services.dynamodb.store.tables import Name
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Tx

RECOVERY_DAYS: Final = 35
_DAY_MILLIS: Final = 24 * 3600 * 1000
_NOT_RESTORED: Final = frozenset(
    {
        *("Stream", "StreamLabel", "StreamPolicy", "StreamPolicyRevision", "Policy", "PolicyRevision", "Tags"),
        *("PointInTime", "RecoveryDays", "TimeToLive", "TimeToLiveIndex", "Kinesis", "Insights", "RestoreSummary"),
        *("DeletionProtectionEnabled", "AutoScaling", "ReplicaSettings", "MultiRegionConsistency", "Indexes"),
    }
)


class RestoreRequest(TypedDict, total=False):
    """The parameters of both restores."""

    BackupArn: str
    SourceTableArn: str
    SourceTableName: str
    TargetTableName: str
    UseLatestRestorableTime: bool
    RestoreDateTime: Millis
    BillingModeOverride: str
    GlobalSecondaryIndexOverride: list[IndexRequest]
    LocalSecondaryIndexOverride: list[IndexRequest]
    ProvisionedThroughputOverride: Throughput
    OnDemandThroughputOverride: dict[str, int]
    SSESpecificationOverride: dict[str, object]


class RecoverySpecification(TypedDict, total=False):
    """`PointInTimeRecoverySpecification`."""

    PointInTimeRecoveryEnabled: bool
    RecoveryPeriodInDays: int


class ContinuousRequest(NameRequest, total=False):
    """The parameters of UpdateContinuousBackups."""

    PointInTimeRecoverySpecification: RecoverySpecification


async def update_continuous_backups(dynamodb: DynamoDb, call: Call, request: ContinuousRequest) -> Result:
    """Keep every change of a table for some days, or no longer.

    Spec: DynamoDB API reference, UpdateContinuousBackups.
    """
    name = resolve(call, request["TableName"])
    wanted = request["PointInTimeRecoverySpecification"]
    if "RecoveryPeriodInDays" in wanted and not wanted["PointInTimeRecoveryEnabled"]:
        raise ValidationException(
            f"{INVALID_REQUEST}Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery."
        )

    def update(tx: Tx) -> Table:
        table = tables.load(tx, name)
        if table is None:
            raise TableNotFoundException(name[2])
        if wanted["PointInTimeRecoveryEnabled"]:
            table.settings.setdefault("PointInTime", dynamodb.clock.now())
            table.settings["RecoveryDays"] = wanted.get(
                "RecoveryPeriodInDays", table.settings.get("RecoveryDays", RECOVERY_DAYS)
            )
        else:
            table.settings.pop("PointInTime", None)
            table.settings.pop("RecoveryDays", None)
        tables.save(tx, table.id, table.settings)
        return table

    table = await dynamodb.tables.change(update)
    return {"ContinuousBackupsDescription": _continuous(table.settings, dynamodb.clock.now())}


async def describe_continuous_backups(dynamodb: DynamoDb, call: Call, request: NameRequest) -> Result:
    """Tell to which times a table can be restored.

    Spec: DynamoDB API reference, DescribeContinuousBackups.
    """
    name = resolve(call, request["TableName"])
    table = await dynamodb.db.read(lambda snapshot: tables.load(snapshot, name))
    if table is None:
        raise TableNotFoundException(name[2])
    return {"ContinuousBackupsDescription": _continuous(table.settings, dynamodb.clock.now())}


def _continuous(settings: TableSettings, now: Millis) -> dict[str, object]:
    window = restorable(settings, now)
    if window is None:
        recovery: dict[str, object] = {"PointInTimeRecoveryStatus": "DISABLED"}
    else:
        recovery = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": settings.get("RecoveryDays", RECOVERY_DAYS),
            "EarliestRestorableDateTime": window[0],
            "LatestRestorableDateTime": window[1],
        }
    return {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}


def restorable(settings: TableSettings, now: Millis) -> tuple[Millis, Millis] | None:
    """The first and the last moment to which a table can be restored; None while recovery is off."""
    if "PointInTime" not in settings:
        return None
    kept = Millis(now - settings.get("RecoveryDays", RECOVERY_DAYS) * _DAY_MILLIS)
    return max(settings["PointInTime"], kept), now


async def restore_table_to_point_in_time(dynamodb: DynamoDb, call: Call, request: RestoreRequest) -> Result:
    """Make a table of what another one held at some time.

    Spec: DynamoDB API reference, RestoreTableToPointInTime.
    """
    sources = [request.get("SourceTableArn"), request.get("SourceTableName")]
    source = sources[0] or sources[1]
    if source is None or all(sources):
        raise ValidationException(f"{INVALID_REQUEST}Must provide exactly one of: sourceTableArn, sourceTableName")
    name = resolve(call, source)
    request = await _with_known_key(dynamodb, call, request)

    def restore(tx: Tx) -> Table:
        table = tables.load(tx, name)
        if table is None:
            raise TableNotFoundException(name[2])
        now = dynamodb.clock.now()
        at = _restore_time(table, request, now)

        first = streams.oldest_change(tx, table.data_id, at) or streams.next_change(tx)
        summary = {"SourceTableArn": table.arn, "RestoreDateTime": at, "RestoreInProgress": True}
        return _restore(dynamodb, tx, call, table.settings, request, (table.data_id, first), summary)

    return await _restored(dynamodb, restore)


async def _with_known_key(dynamodb: DynamoDb, call: Call, request: RestoreRequest) -> RestoreRequest:
    if "SSESpecificationOverride" not in request:
        return request
    key = await with_known_key(dynamodb, call, request["SSESpecificationOverride"])
    return {**request, "SSESpecificationOverride": key}


async def _restored(dynamodb: DynamoDb, restore: Callable[[Tx], Table]) -> Result:
    table = await dynamodb.tables.change(restore)
    dynamodb.wake_copies()
    return {"TableDescription": _restoring(table)}


def _restore_time(table: Table, request: RestoreRequest, now: Millis) -> Millis:
    window = restorable(table.settings, now)
    if window is None:
        raise PointInTimeRecoveryUnavailableException(table.name)
    if bool(request.get("UseLatestRestorableTime")) == ("RestoreDateTime" in request):
        raise ValidationException(
            f"{INVALID_REQUEST}Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both"
        )
    if "RestoreDateTime" not in request:
        return now
    if not window[0] <= request["RestoreDateTime"] <= window[1]:
        raise InvalidRestoreTimeException
    return request["RestoreDateTime"]


async def restore_table_from_backup(dynamodb: DynamoDb, call: Call, request: RestoreRequest) -> Result:
    """Make a table of a backup.

    Spec: DynamoDB API reference, RestoreTableFromBackup.
    """
    request = await _with_known_key(dynamodb, call, request)

    def restore(tx: Tx) -> Table:
        backup = find_backup(tx, request["BackupArn"])
        if not backup.complete:
            raise BackupInUseException(backup.arn)
        summary = {
            "SourceBackupArn": backup.arn,
            "SourceTableArn": backup.arn.partition("/backup/")[0],
            "RestoreDateTime": backup.created,
            "RestoreInProgress": True,
        }
        whole = (backup.data_id, streams.next_change(tx))
        return _restore(dynamodb, tx, call, backup.settings, request, whole, summary)

    return await _restored(dynamodb, restore)


def _restoring(table: Table) -> dict[str, object]:
    described = while_creating(describe(table, (0, 0), {}), warm=False)
    summary = cast("dict[str, object]", described["RestoreSummary"])
    return {**described, "RestoreSummary": {**summary, "RestoreInProgress": True}}


def _restore(
    dynamodb: DynamoDb,
    tx: Tx,
    call: Call,
    source: TableSettings,
    request: RestoreRequest,
    content: tuple[int, int],
    summary: dict[str, object],
) -> Table:
    name: Name = (call.account, call.region, request["TargetTableName"])
    check_new_name(name[2])
    if tables.load(tx, name) is not None:
        raise TableAlreadyExistsException(name[2])
    settings = cast("TableSettings", {key: value for key, value in source.items() if key not in _NOT_RESTORED})
    settings["TableId"] = dynamodb.ids.uuid()
    settings["Created"] = dynamodb.clock.now()
    settings["RestoreSummary"] = summary
    settings["Status"] = "CREATING"
    settings["Indexes"] = []
    _check_overrides(source, request)
    _override(call, settings, request)
    data_id = tables.new_data(tx)
    for local, indexes in _indexes(source, request):
        settings["Indexes"] += [
            index_settings(tx, data_id, _fitting(index, settings["BillingMode"]), local=local) for index in indexes
        ]
    tables.insert(tx, name, settings, data_id)
    items, first = content
    start_copy(tx, items, data_id, first)
    return loaded(tx, name)


def _check_overrides(source: TableSettings, request: RestoreRequest) -> None:
    """Refuse throughput that does not fit the new table's billing mode."""
    wanted = request.get("BillingModeOverride")
    billing = wanted or source["BillingMode"]
    given = "ProvisionedThroughputOverride" in request
    if given and wanted == "PAY_PER_REQUEST":
        raise ValidationException(
            f"{INVALID_REQUEST}Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST"
        )
    if given and billing != "PROVISIONED":
        raise ValidationException(
            f"{INVALID_REQUEST}Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED"
        )
    if not given and billing == "PROVISIONED" != source["BillingMode"]:
        raise ValidationException(
            f"{INVALID_REQUEST}Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED"
        )
    cap = next(iter(request.get("OnDemandThroughputOverride", ())), None)
    if cap is not None and billing != "PAY_PER_REQUEST":
        raise ValidationException(
            f"{INVALID_REQUEST}Cannot override {cap} for OnDemandThroughput unless BillingModeOverride is "
            "PAY_PER_REQUEST"
        )
    others = [cast("IndexRequest", index) for index in source["Indexes"] if not index["Local"]]
    for index in request.get("GlobalSecondaryIndexOverride", others):
        if billing == "PROVISIONED" and "ProvisionedThroughput" not in index:
            raise ValidationException(
                f"{INVALID_REQUEST}Must specify provisioned throughput for index {index['IndexName']}"
            )
    for index in request.get("GlobalSecondaryIndexOverride", ()):
        if wanted == "PAY_PER_REQUEST" and "ProvisionedThroughput" in index:
            raise ValidationException(
                f"{INVALID_REQUEST}Cannot override ProvisionedThroughput if BillingMode is overridden to "
                f"PAY_PER_REQUEST for index {index['IndexName']}"
            )


def _override(call: Call, settings: TableSettings, request: RestoreRequest) -> None:
    if "BillingModeOverride" in request:
        settings["BillingMode"] = request["BillingModeOverride"]
        settings["BillingModeTold"] = True
        if settings["BillingMode"] == "PAY_PER_REQUEST":
            settings["ProvisionedThroughput"] = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
        else:
            settings.pop("OnDemandThroughput", None)
    if "ProvisionedThroughputOverride" in request:
        settings["ProvisionedThroughput"] = request["ProvisionedThroughputOverride"]
    if "OnDemandThroughputOverride" in request:
        settings["OnDemandThroughput"] = request["OnDemandThroughputOverride"]
    if "SSESpecificationOverride" in request:
        change_encryption(call, settings, request["SSESpecificationOverride"])


def _indexes(source: TableSettings, request: RestoreRequest) -> list[tuple[bool, list[IndexRequest]]]:
    """The indexes that the new table gets: those of the source, or those of them that the request names."""
    present = cast("list[IndexRequest]", source["Indexes"])
    local = [index for index, kept in zip(present, source["Indexes"], strict=True) if kept["Local"]]
    others = [index for index, kept in zip(present, source["Indexes"], strict=True) if not kept["Local"]]
    chosen = [
        (True, _chosen(local, request.get("LocalSecondaryIndexOverride", local))),
        (False, _chosen(others, request.get("GlobalSecondaryIndexOverride", others))),
    ]
    names = [index["IndexName"] for _, indexes in chosen for index in indexes]
    for name in names:
        if names.count(name) > 1:
            raise ValidationException(f"{INVALID}Duplicate index name: {name}")
    return chosen


def _fitting(index: IndexRequest, billing: str) -> IndexRequest:
    """An index without the throughput of the billing mode that its table no longer has."""
    gone = "ProvisionedThroughput" if billing == "PAY_PER_REQUEST" else "OnDemandThroughput"
    return cast("IndexRequest", {member: value for member, value in index.items() if member != gone})


def _chosen(present: list[IndexRequest], wanted: list[IndexRequest]) -> list[IndexRequest]:
    left = [(index["KeySchema"], _shown(index)) for index in present]
    for index in wanted:
        # It may have another name, but not be another index.
        try:
            left.remove((index["KeySchema"], _shown(index)))
        except ValueError:
            raise ValidationException(
                f"{INVALID_REQUEST}Index {index['IndexName']} does not match a secondary index that existed in the "
                "source table and cannot be created during the restore operation"
            ) from None
    return wanted


def _shown(index: IndexRequest) -> tuple[str, frozenset[str]]:
    projection = index["Projection"]
    return projection.get("ProjectionType", ""), frozenset(projection.get("NonKeyAttributes", ()))
