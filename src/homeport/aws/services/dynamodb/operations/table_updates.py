"""UpdateTable: capacity, streams, indexes, protection, replicas."""

from collections.abc import Mapping
from typing import cast

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import (
    INVALID,
    ResourceInUseException,
    ResourceNotFoundException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.schema import IndexSettings, Table, TableSettings, Throughput
from homeport.aws.services.dynamodb.model.table_rules import (
    IndexRequest,
    StreamRequest,
    TableRequest,
    check_attribute_types,
    check_global_index,
    check_index_updates,
    check_stream,
    check_throughput,
    check_update,
)
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.operations.replicas import change_replicas
from homeport.aws.services.dynamodb.operations.tables import (
    change_encryption,
    check_active,
    description,
    index_settings,
    loaded,
    start_stream,
)
from homeport.aws.services.dynamodb.room import DynamoDb, resolve
from homeport.aws.services.dynamodb.store import streams, tables
from homeport.aws.services.dynamodb.store.clearing import fill_index
from homeport.kernel.storage.database import Tx


class UpdateRequest(TableRequest, total=False):
    """The parameters of UpdateTable."""

    GlobalSecondaryIndexUpdates: list[dict[str, IndexRequest]]
    ReplicaUpdates: list[dict[str, dict[str, object]]]
    MultiRegionConsistency: str


async def update_table(dynamodb: DynamoDb, call: Call, request: UpdateRequest) -> Result:
    """Change a table's configuration.

    Spec: DynamoDB API reference, UpdateTable.
    """
    check_update(cast("Mapping[str, object]", request))
    check_stream(request.get("StreamSpecification"))
    throughput = request.get("ProvisionedThroughput")
    if throughput is not None:
        check_throughput(throughput)
    name = resolve(call, request["TableName"])
    before = await dynamodb.described_table(call, request["TableName"])
    updates = _single_updates(request.get("GlobalSecondaryIndexUpdates", []))
    check_index_updates(
        [next((index["IndexName"] for index in update.values()), None) for update in updates],
        sum("Update" not in update for update in updates),
    )
    check_attribute_types(before.types, request.get("AttributeDefinitions", []))

    def update(tx: Tx) -> Table:
        table = loaded(tx, name)
        check_active(table)
        settings = table.settings
        _change_billing(dynamodb, settings, request)
        _change_options(dynamodb, call, settings, request)
        tables.save(tx, table.id, settings)
        if "StreamSpecification" in request:
            _change_stream(dynamodb, tx, loaded(tx, name), request["StreamSpecification"])
        for each in updates:
            _change_index(tx, loaded(tx, name), each, request)
        if "ReplicaUpdates" in request:
            change_replicas(dynamodb, tx, loaded(tx, name), request["ReplicaUpdates"])
        return loaded(tx, name)

    table = await dynamodb.tables.change(update)
    described = await description(dynamodb, table)
    return {"TableDescription": _while_updating(described, before, updates)}


def _single_updates(given: list[dict[str, IndexRequest]]) -> list[dict[str, IndexRequest]]:
    """The same, with one action in each; an element without any stays as it is."""
    return [
        single for update in given for single in ([{action: index} for action, index in update.items()] or [update])
    ]


def _while_updating(
    described: dict[str, object], before: Table, updates: list[dict[str, IndexRequest]]
) -> dict[str, object]:
    """As AWS answers: the table is being updated, its new indexes are being created, the deleted ones not yet gone."""
    shown = {**described, "TableStatus": "UPDATING"}
    indexes = cast("list[dict[str, object]]", described.get("GlobalSecondaryIndexes", []))
    status = {}
    for update in updates:
        for action, index in update.items():
            status[index["IndexName"]] = {"Create": "CREATING", "Update": "UPDATING", "Delete": "DELETING"}[action]
    told = [{**index, "IndexStatus": status.get(str(index["IndexName"]), index["IndexStatus"])} for index in indexes]
    told += [
        _deleted(before, index) for index in before.settings["Indexes"] if status.get(index["IndexName"]) == "DELETING"
    ]
    if told:
        shown["GlobalSecondaryIndexes"] = told
    return shown


def _deleted(table: Table, index: IndexSettings) -> dict[str, object]:
    return {
        "IndexName": index["IndexName"],
        "KeySchema": index["KeySchema"],
        "Projection": index["Projection"],
        "IndexStatus": "DELETING",
        "IndexArn": f"{table.arn}/index/{index['IndexName']}",
    }


def _change_billing(dynamodb: DynamoDb, settings: TableSettings, request: UpdateRequest) -> None:
    throughput = request.get("ProvisionedThroughput")
    billing = request.get("BillingMode", settings["BillingMode"])
    now = dynamodb.clock.now()
    if throughput is not None:
        if billing == "PAY_PER_REQUEST":
            raise ValidationException(
                f"{INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
                "PAY_PER_REQUEST"
            )
        present = settings["ProvisionedThroughput"]
        if billing == settings["BillingMode"]:
            _check_differs(present, throughput)
        settings["ProvisionedThroughput"] = _changed_throughput(present, throughput, dynamodb)
    if billing == settings["BillingMode"]:
        return
    settings["BillingMode"] = billing
    settings["BillingModeTold"] = True
    if billing == "PAY_PER_REQUEST":
        settings["BillingModeUpdated"] = now
        settings["ProvisionedThroughput"] = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
        for index in settings["Indexes"]:
            index.pop("ProvisionedThroughput", None)
        return
    given = {
        update["Update"]["IndexName"] for update in request.get("GlobalSecondaryIndexUpdates", []) if "Update" in update
    }
    missing = [
        each["IndexName"] for each in settings["Indexes"] if not each["Local"] and each["IndexName"] not in given
    ]
    if missing:
        raise ValidationException(f"{INVALID}ProvisionedThroughput must be specified for index: {','.join(missing)}")


def _check_differs(present: Throughput, wanted: Throughput) -> None:
    reads, writes = present.get("ReadCapacityUnits", 0), present.get("WriteCapacityUnits", 0)
    if (reads, writes) != (wanted["ReadCapacityUnits"], wanted["WriteCapacityUnits"]):
        return
    raise ValidationException(
        "The provisioned throughput for the table will not change. The requested value equals the current value. "
        f"Current ReadCapacityUnits provisioned for the table: {reads}. "
        f"Requested ReadCapacityUnits: {wanted['ReadCapacityUnits']}. "
        f"Current WriteCapacityUnits provisioned for the table: {writes}. "
        f"Requested WriteCapacityUnits: {wanted['WriteCapacityUnits']}. "
        "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    )


def _changed_throughput(present: Throughput, wanted: Throughput, dynamodb: DynamoDb) -> Throughput:
    changed: Throughput = {**present, **wanted}
    reads = wanted["ReadCapacityUnits"] - present.get("ReadCapacityUnits", 0)
    writes = wanted["WriteCapacityUnits"] - present.get("WriteCapacityUnits", 0)
    if reads > 0 or writes > 0:
        changed["LastIncreaseDateTime"] = dynamodb.clock.now()
    if reads < 0 or writes < 0:
        changed["LastDecreaseDateTime"] = dynamodb.clock.now()
        changed["NumberOfDecreasesToday"] = present.get("NumberOfDecreasesToday", 0) + 1
    return changed


def _change_options(dynamodb: DynamoDb, call: Call, settings: TableSettings, request: UpdateRequest) -> None:
    if "TableClass" in request and request["TableClass"] != settings.get("TableClass", "STANDARD"):
        settings["TableClass"] = request["TableClass"]
        settings["TableClassUpdated"] = dynamodb.clock.now()
    if "DeletionProtectionEnabled" in request:
        settings["DeletionProtectionEnabled"] = request["DeletionProtectionEnabled"]
    if "OnDemandThroughput" in request:
        settings["OnDemandThroughput"] = {**settings.get("OnDemandThroughput", {}), **request["OnDemandThroughput"]}
    if "WarmThroughput" in request:
        settings["WarmThroughput"] = {**settings.get("WarmThroughput", {}), **request["WarmThroughput"]}
    if "MultiRegionConsistency" in request:
        settings["MultiRegionConsistency"] = request["MultiRegionConsistency"]
    if "SSESpecification" in request:
        change_encryption(call, settings, request["SSESpecification"])
    known = {definition["AttributeName"] for definition in settings["AttributeDefinitions"]}
    settings["AttributeDefinitions"] += [
        definition for definition in request.get("AttributeDefinitions", []) if definition["AttributeName"] not in known
    ]


def _change_stream(dynamodb: DynamoDb, tx: Tx, table: Table, wanted: StreamRequest) -> None:
    present = table.settings.get("Stream")
    if wanted["StreamEnabled"]:
        if present is not None:
            raise ValidationException("Table already has an enabled stream: TableName: " + table.name)
        start_stream(dynamodb, tx, table, wanted["StreamViewType"])
        return
    if present is None:
        raise ValidationException("Table is not in a valid state to disable stream: TableName: " + table.name)
    streams.close_stream(tx, f"{table.arn}/stream/{present['Label']}", dynamodb.clock.now())
    del table.settings["Stream"]
    tables.save(tx, table.id, table.settings)


def _change_index(tx: Tx, table: Table, update: Mapping[str, IndexRequest], request: UpdateRequest) -> None:
    if "Create" in update:
        _create_index(tx, table, update["Create"], request)
    elif "Delete" in update:
        _delete_index(tx, table, update["Delete"]["IndexName"])
    else:
        _update_index(tx, table, update["Update"])


def _create_index(tx: Tx, table: Table, wanted: IndexRequest, request: UpdateRequest) -> None:
    definitions = [definition["AttributeName"] for definition in table.settings["AttributeDefinitions"]]
    check_global_index(wanted, definitions, table.settings["BillingMode"])
    if wanted["IndexName"] in table.by_name:
        raise ValidationException(f"Attempting to create an index which already exists: {wanted['IndexName']}")
    if any(not index.local and not index.active for index in table.indexes):
        raise ResourceInUseException(
            f"Attempt to change a resource which is still in use: Table is being updated: {table.name}"
        )
    kept = index_settings(tx, table.data_id, wanted, local=False, status="CREATING")
    for member in tables.members(tx, table.data_id):
        _add_definitions(member.settings, request)
        member.settings["Indexes"].append(kept)
        tables.save(tx, member.id, member.settings)
    present = loaded(tx, (table.account, table.region, table.name))
    if fill_index(tx, present, present.by_name[wanted["IndexName"]]):
        activate_index(tx, table.data_id, kept["Id"])


def _add_definitions(settings: TableSettings, request: UpdateRequest) -> None:
    known = {definition["AttributeName"] for definition in settings["AttributeDefinitions"]}
    settings["AttributeDefinitions"] += [
        each for each in request.get("AttributeDefinitions", []) if each["AttributeName"] not in known
    ]


def activate_index(tx: Tx, data_id: int, index_id: int) -> None:
    """Let an index be read: all of its table's items are in it."""

    def activate(indexes: list[IndexSettings]) -> None:
        for index in indexes:
            if index["Id"] == index_id:
                index["Status"] = "ACTIVE"

    tables.change_indexes(tx, data_id, activate)


def _delete_index(tx: Tx, table: Table, name: str) -> None:
    index = table.by_name.get(name)
    if index is None or index.local:
        raise ResourceNotFoundException
    tables.drop_index(tx, index.id)
    for member in tables.members(tx, table.data_id):
        settings = member.settings
        settings["Indexes"] = [each for each in settings["Indexes"] if each["Id"] != index.id]
        used = {key["AttributeName"] for key in settings["KeySchema"]}
        used |= {key["AttributeName"] for each in settings["Indexes"] for key in each["KeySchema"]}
        definitions = settings["AttributeDefinitions"]
        settings["AttributeDefinitions"] = [each for each in definitions if each["AttributeName"] in used]
        tables.save(tx, member.id, settings)


def _update_index(tx: Tx, table: Table, wanted: IndexRequest) -> None:
    index = table.by_name.get(wanted["IndexName"])
    if index is None or index.local:
        raise ResourceNotFoundException
    for each in table.settings["Indexes"]:
        if each["Id"] != index.id:
            continue
        if "ProvisionedThroughput" in wanted:
            check_throughput(wanted["ProvisionedThroughput"])
            each["ProvisionedThroughput"] = wanted["ProvisionedThroughput"]
        if "OnDemandThroughput" in wanted:
            each["OnDemandThroughput"] = wanted["OnDemandThroughput"]
        if "WarmThroughput" in wanted:
            each["WarmThroughput"] = wanted["WarmThroughput"]
    tables.save(tx, table.id, table.settings)
