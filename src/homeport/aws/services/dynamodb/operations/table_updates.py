"""UpdateTable: capacity, streams, indexes, protection, replicas."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import cast

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import (
    INVALID,
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.schema import Index, IndexSettings, Table, TableSettings, Throughput
from homeport.aws.services.dynamodb.model.table_rules import (
    MAX_GLOBAL,
    UNDEFINED,
    IndexRequest,
    StreamRequest,
    TableRequest,
    check_global_index,
    check_throughput,
)
from homeport.aws.services.dynamodb.model.throughput_rules import (
    check_changed_caps,
    check_changed_warm,
    check_differs,
    merged_caps,
    warm_units,
)
from homeport.aws.services.dynamodb.model.update_rules import check_changed_stream, check_index_updates, check_update
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.operations.replicas import change_replicas
from homeport.aws.services.dynamodb.operations.tables import (
    change_encryption,
    check_active,
    description,
    encrypts,
    index_settings,
    loaded,
    start_stream,
    with_known_key,
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
    updates = request.get("GlobalSecondaryIndexUpdates", [])
    check_update(cast("Mapping[str, object]", request), request.get("GlobalSecondaryIndexUpdates"))
    stream = request.get("StreamSpecification")
    if stream is not None:
        check_changed_stream(stream["StreamEnabled"], stream.get("StreamViewType"))
    throughput = request.get("ProvisionedThroughput")
    if throughput is not None:
        check_throughput(throughput)
    name = resolve(call, request["TableName"])
    before = await dynamodb.described_table(call, request["TableName"])
    if "SSESpecification" in request:
        if not encrypts(request["SSESpecification"]) and "SSEDescription" not in before.settings:
            raise ValidationException(f"{INVALID}Table is already encrypted by default")
        request = {**request, "SSESpecification": await with_known_key(dynamodb, call, request["SSESpecification"])}
    check_index_updates(cast("list[Mapping[str, Mapping[str, object]]]", updates))

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
            check_differs(present, throughput)
        settings["ProvisionedThroughput"] = _changed_throughput(present, throughput, dynamodb)
    if billing == settings["BillingMode"]:
        return
    settings["BillingMode"] = billing
    settings["BillingModeTold"] = True
    settings.pop("OnDemandThroughput", None)
    for index in settings["Indexes"]:
        index.pop("OnDemandThroughput", None)
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
        check_changed_caps(request["OnDemandThroughput"], settings["BillingMode"])
        caps = merged_caps(settings.get("OnDemandThroughput", {}), request["OnDemandThroughput"])
        _keep_caps(settings, caps)
    if "WarmThroughput" in request:
        present = warm_units(settings.get("WarmThroughput"), settings["BillingMode"], settings["ProvisionedThroughput"])
        check_changed_warm(request["WarmThroughput"], present)
        settings["WarmThroughput"] = {**present, **request["WarmThroughput"]}
    if "MultiRegionConsistency" in request:
        settings["MultiRegionConsistency"] = request["MultiRegionConsistency"]
    if "SSESpecification" in request:
        change_encryption(call, settings, request["SSESpecification"])


def _keep_caps(settings: TableSettings | IndexSettings, caps: dict[str, int]) -> None:
    if caps:
        settings["OnDemandThroughput"] = caps
    else:
        settings.pop("OnDemandThroughput", None)


def _change_stream(dynamodb: DynamoDb, tx: Tx, table: Table, wanted: StreamRequest) -> None:
    present = table.settings.get("Stream")
    if wanted["StreamEnabled"]:
        if present is not None:
            raise ValidationException("Table already has an enabled stream: TableName: " + table.name)
        start_stream(dynamodb, tx, table, wanted["StreamViewType"])
        return
    if table.replicas:
        raise ValidationException(f"{INVALID}Disabling Stream is not allowed for a Global Table replica.")
    if present is None:
        raise ValidationException(f"Table has no stream to disable: TableName: {table.name}")
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
    # AWS wants its keys defined here, even those that the table knows.
    definitions = [definition["AttributeName"] for definition in request.get("AttributeDefinitions", [])]
    keys = {key["AttributeName"] for key in wanted["KeySchema"]}
    if not definitions:
        raise ValidationException(f"{INVALID}AttributeDefinitions is not specified for index: {wanted['IndexName']}")
    if len(keys) > len(definitions):
        raise ValidationException(UNDEFINED)
    check_global_index(wanted, definitions, table.settings["BillingMode"], new=False)
    if wanted["IndexName"] in table.by_name:
        raise ValidationException("Attempting to create an index which already exists")
    if sum(not index.local for index in table.indexes) >= MAX_GLOBAL:
        raise LimitExceededException(
            f"Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of {MAX_GLOBAL}"
        )
    if any(not index.local and not index.active for index in table.indexes):
        raise ResourceInUseException(
            f"Attempt to change a resource which is still in use: Table is being updated: {table.name}"
        )
    kept = index_settings(tx, table.data_id, wanted, local=False, status="CREATING")
    for member in tables.members(tx, table.data_id):
        _add_definitions(member.settings, request, keys)
        member.settings["Indexes"].append(kept)
        tables.save(tx, member.id, member.settings)
    present = loaded(tx, (table.account, table.region, table.name))
    if fill_index(tx, present, present.by_name[wanted["IndexName"]]):
        activate_index(tx, table.data_id, kept["Id"])


def _add_definitions(settings: TableSettings, request: UpdateRequest, keys: AbstractSet[str]) -> None:
    """Define what a new index needs; AWS passes over everything else, another type of a known attribute too."""
    needed = keys - {definition["AttributeName"] for definition in settings["AttributeDefinitions"]}
    settings["AttributeDefinitions"] += [
        each for each in request.get("AttributeDefinitions", []) if each["AttributeName"] in needed
    ]


def activate_index(tx: Tx, data_id: int, index_id: int) -> None:
    """Let an index be read: all of its table's items are in it."""

    def activate(indexes: list[IndexSettings]) -> None:
        for index in indexes:
            if index["Id"] == index_id:
                index["Status"] = "ACTIVE"

    tables.change_indexes(tx, data_id, activate)


def _delete_index(tx: Tx, table: Table, name: str) -> None:
    index = _global_index(table, name, "delete")
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
    index = _global_index(table, wanted["IndexName"], "update")
    for each in table.settings["Indexes"]:
        if each["Id"] == index.id:
            _change_index_throughput(table.settings["BillingMode"], each, wanted)
    tables.save(tx, table.id, table.settings)


def _change_index_throughput(billing: str, index: IndexSettings, wanted: IndexRequest) -> None:
    name = index["IndexName"]
    present = index.get("ProvisionedThroughput", {})
    if "ProvisionedThroughput" in wanted:
        if billing == "PAY_PER_REQUEST":
            raise ValidationException(
                f"{INVALID}The only Updates for index: {name} when TableThroughputMode is PAY_PER_REQUEST can be to "
                "OnDemandThroughput, WarmThroughput"
            )
        check_throughput(wanted["ProvisionedThroughput"])
        check_differs(present, wanted["ProvisionedThroughput"], name)
        index["ProvisionedThroughput"] = wanted["ProvisionedThroughput"]
    if "OnDemandThroughput" in wanted:
        check_changed_caps(wanted["OnDemandThroughput"], billing, name)
        _keep_caps(index, merged_caps(index.get("OnDemandThroughput", {}), wanted["OnDemandThroughput"]))
    if "WarmThroughput" in wanted:
        warm = warm_units(index.get("WarmThroughput"), billing, present)
        check_changed_warm(wanted["WarmThroughput"], warm, name)
        index["WarmThroughput"] = {**warm, **wanted["WarmThroughput"]}


def _global_index(table: Table, name: str, verb: str) -> Index:
    index = table.by_name.get(name)
    if index is None:
        raise ResourceNotFoundException
    if index.local:
        raise ValidationException(f"Cannot {verb} an index that is not a GlobalSecondaryIndex: {name}")
    return index
