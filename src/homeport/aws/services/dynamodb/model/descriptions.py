"""`TableDescription` and its relatives: what Describe and the others tell of a table's configuration."""

from collections.abc import Mapping

from homeport.aws.services.dynamodb.model.schema import IndexSettings, Table, TableSettings, Throughput
from homeport.aws.services.dynamodb.model.throughput_rules import warm_units

Counts = tuple[int, int]


def describe_table(table: Table, counts: Counts, index_counts: Mapping[int, Counts]) -> dict[str, object]:
    """A table's description.

    Args:
        table: as it is.
        counts: items and bytes of the table.
        index_counts: items and bytes of each index, by its id.
    """
    settings = table.settings
    described: dict[str, object] = {
        "AttributeDefinitions": settings["AttributeDefinitions"],
        "TableName": table.name,
        "KeySchema": settings["KeySchema"],
        "TableStatus": settings["Status"],
        "CreationDateTime": settings["Created"],
        "ProvisionedThroughput": _throughput(settings.get("ProvisionedThroughput")),
        "TableSizeBytes": counts[1],
        "ItemCount": counts[0],
        "TableArn": table.arn,
        "TableId": settings["TableId"],
        "DeletionProtectionEnabled": settings.get("DeletionProtectionEnabled", False),
        "WarmThroughput": _warm(settings.get("WarmThroughput"), settings, settings["ProvisionedThroughput"]),
    }
    _describe_billing(described, settings)
    _describe_stream(described, table)
    _describe_replicas(described, table)
    for member in ("SSEDescription", "RestoreSummary", "OnDemandThroughput"):
        if member in settings:
            described[member] = settings[member]
    for member, local in (("LocalSecondaryIndexes", True), ("GlobalSecondaryIndexes", False)):
        indexes = [
            describe_index(table, index, index_counts.get(index["Id"], (0, 0)))
            for index in settings["Indexes"]
            if index["Local"] is local
        ]
        if indexes:
            described[member] = indexes
    return described


def _describe_billing(described: dict[str, object], settings: TableSettings) -> None:
    if "BillingModeTold" in settings:
        summary: dict[str, object] = {"BillingMode": settings["BillingMode"]}
        if "BillingModeUpdated" in settings:
            summary["LastUpdateToPayPerRequestDateTime"] = settings["BillingModeUpdated"]
        described["BillingModeSummary"] = summary
    if "TableClass" in settings:
        summary = {"TableClass": settings["TableClass"]}
        if "TableClassUpdated" in settings:
            summary["LastUpdateDateTime"] = settings["TableClassUpdated"]
        described["TableClassSummary"] = summary


def _describe_stream(described: dict[str, object], table: Table) -> None:
    settings = table.settings
    stream = settings.get("Stream")
    if stream is not None:
        described["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": stream["ViewType"]}
    label = settings.get("StreamLabel")
    if label is not None:
        described["LatestStreamLabel"] = label
        described["LatestStreamArn"] = f"{table.arn}/stream/{label}"


def _describe_replicas(described: dict[str, object], table: Table) -> None:
    if not table.replicas:
        return
    described["GlobalTableVersion"] = "2019.11.21"
    described["Replicas"] = [describe_replica(table, region) for region in table.replicas]
    if "MultiRegionConsistency" in table.settings:
        described["MultiRegionConsistency"] = table.settings["MultiRegionConsistency"]


def describe_replica(table: Table, region: str) -> dict[str, object]:
    """A replica in another region."""
    described: dict[str, object] = {"RegionName": region, "ReplicaStatus": "ACTIVE"}
    described.update(table.settings.get("ReplicaSettings", {}).get(region, {}))
    return described


def describe_index(table: Table, index: IndexSettings, counts: Counts) -> dict[str, object]:
    """An index's description."""
    described: dict[str, object] = {
        "IndexName": index["IndexName"],
        "KeySchema": index["KeySchema"],
        "Projection": index["Projection"],
        "IndexSizeBytes": counts[1],
        "ItemCount": counts[0],
        "IndexArn": f"{table.arn}/index/{index['IndexName']}",
    }
    if index["Local"]:
        return described
    described["IndexStatus"] = index["Status"]
    if index["Status"] == "CREATING":
        described["Backfilling"] = True
    throughput = index.get("ProvisionedThroughput") or {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    described["ProvisionedThroughput"] = _throughput(throughput)
    described["WarmThroughput"] = _warm(index.get("WarmThroughput"), table.settings, throughput)
    if "OnDemandThroughput" in index:
        described["OnDemandThroughput"] = index["OnDemandThroughput"]
    return described


def _throughput(throughput: Throughput | None) -> dict[str, object]:
    given: dict[str, object] = {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    given.update(throughput or {})
    return given


def _warm(given: Mapping[str, int] | None, settings: TableSettings, throughput: Throughput) -> dict[str, object]:
    return {**warm_units(given, settings["BillingMode"], throughput), "Status": "ACTIVE"}


def while_creating(described: dict[str, object], *, warm: bool) -> dict[str, object]:
    """The same, as CreateTable answers it: not yet active, and with less told.

    Args:
        described: a description of the table as it is.
        warm: whether the request named a warm throughput.
    """
    shown = {**described, "TableStatus": "CREATING"}
    if warm:
        shown["WarmThroughput"] = {**_record(described["WarmThroughput"]), "Status": "UPDATING"}
    else:
        del shown["WarmThroughput"]
    summary = shown.get("BillingModeSummary")
    if summary is not None:
        shown["BillingModeSummary"] = {"BillingMode": _record(summary)["BillingMode"]}
    indexes = shown.get("GlobalSecondaryIndexes")
    if isinstance(indexes, list):
        shown["GlobalSecondaryIndexes"] = [_index_while_creating(index) for index in indexes]
    return shown


def _index_while_creating(index: dict[str, object]) -> dict[str, object]:
    shown = {**index, "IndexStatus": "CREATING"}
    shown.pop("WarmThroughput", None)
    return shown


def _record(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
