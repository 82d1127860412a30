"""CreateTable, DescribeTable, ListTables, DeleteTable."""

from collections.abc import Mapping
from typing import Final, TypedDict

from homeport.aws.arn import partition_of
from homeport.aws.call import Call
from homeport.aws.errors import AwsError
from homeport.aws.services.dynamodb.errors import (
    INVALID,
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.descriptions import describe_table as describe
from homeport.aws.services.dynamodb.model.descriptions import while_creating
from homeport.aws.services.dynamodb.model.schema import IndexSettings, Table, TableSettings, Throughput
from homeport.aws.services.dynamodb.model.table_rules import IndexRequest, TableRequest, check_create
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.operations.policies import check_policy, check_tags
from homeport.aws.services.dynamodb.room import DynamoDb, check_new_name, resolve
from homeport.aws.services.dynamodb.store import streams, tables
from homeport.aws.services.dynamodb.store.tables import Name
from homeport.kernel.clock import Millis, to_datetime
from homeport.kernel.storage.database import Tx

MAX_TABLES: Final = 2500
_DEFAULT_LIST: Final = 100
_OWN_KEY: Final = "alias/aws/dynamodb"


class NameRequest(TypedDict, total=False):
    """The parameters of operations on one table."""

    TableName: str


class ListRequest(TypedDict, total=False):
    """The parameters of ListTables."""

    ExclusiveStartTableName: str
    Limit: int


async def create_table(dynamodb: DynamoDb, call: Call, request: TableRequest) -> Result:
    """Make a table; it is ready when this returns, although AWS's answer says that it is being created.

    Spec: DynamoDB API reference, CreateTable.
    """
    check_new_name(request["TableName"])
    name = resolve(call, request["TableName"])
    _check_given(request)
    check_create(request)
    check_policy(request.get("ResourcePolicy"))
    check_tags(request.get("Tags", []))
    now = dynamodb.clock.now()
    if "SSESpecification" in request:
        request = {**request, "SSESpecification": await with_known_key(dynamodb, call, request["SSESpecification"])}
    settings = new_settings(dynamodb, call, request, now)
    table = await dynamodb.tables.change(lambda tx: make_table(dynamodb, tx, name, settings, request))
    described = describe(table, (0, 0), {})
    return {"TableDescription": while_creating(described, warm="WarmThroughput" in request)}


def _check_given(request: TableRequest) -> None:
    missing = [
        f"Value null at '{member[:1].lower()}{member[1:]}' failed to satisfy constraint: Member must not be null"
        for member in ("AttributeDefinitions", "KeySchema")
        if member not in request
    ]
    if missing:
        count = f"{len(missing)} validation error{'s' if len(missing) > 1 else ''}"
        raise ValidationException(f"{count} detected: {'; '.join(missing)}")


def new_settings(dynamodb: DynamoDb, call: Call, request: TableRequest, now: Millis) -> TableSettings:
    """A new table's configuration, still without its indexes and its stream."""
    billing = request.get("BillingMode", "PROVISIONED")
    settings: TableSettings = {
        "AttributeDefinitions": request["AttributeDefinitions"],
        "KeySchema": request["KeySchema"],
        "Indexes": [],
        "BillingMode": billing,
        "ProvisionedThroughput": _provisioned(request),
        "TableId": dynamodb.ids.uuid(),
        "Created": now,
        "Status": "ACTIVE",
    }
    if billing == "PAY_PER_REQUEST":
        settings["BillingModeTold"] = True
        settings["BillingModeUpdated"] = now
    _copy_options(settings, request)
    if "ResourcePolicy" in request:
        settings["Policy"] = request["ResourcePolicy"]
        settings["PolicyRevision"] = dynamodb.ids.uuid()
    if "SSESpecification" in request:
        change_encryption(call, settings, request["SSESpecification"])
    return settings


def _provisioned(request: TableRequest) -> Throughput:
    nothing: Throughput = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    return request.get("ProvisionedThroughput", nothing)


def _copy_options(settings: TableSettings, request: TableRequest) -> None:
    if "TableClass" in request:
        settings["TableClass"] = request["TableClass"]
    if "DeletionProtectionEnabled" in request:
        settings["DeletionProtectionEnabled"] = request["DeletionProtectionEnabled"]
    if "OnDemandThroughput" in request:
        settings["OnDemandThroughput"] = request["OnDemandThroughput"]
    if "WarmThroughput" in request:
        settings["WarmThroughput"] = request["WarmThroughput"]
    if request.get("Tags"):
        settings["Tags"] = {tag["Key"]: tag["Value"] for tag in request["Tags"]}


def change_encryption(call: Call, settings: TableSettings, specification: dict[str, object]) -> None:
    """Let a table be encrypted with a key of KMS, or with DynamoDB's own, of which nothing is told."""
    if encrypts(specification):
        settings["SSEDescription"] = _encryption(call, specification)
    else:
        settings.pop("SSEDescription", None)


def encrypts(specification: Mapping[str, object]) -> bool:
    """Whether `SSESpecification` asks for a key of KMS; it need not say `Enabled`.

    Raises:
        ValidationException: its members contradict one another.
    """
    named = [member for member in ("SSEType", "KMSMasterKeyId") if member in specification]
    if not specification.get("Enabled", bool(named)):
        if named:
            raise ValidationException(f"{INVALID}{named[0]} can not be specified if Enabled is false")
        return False
    if named == ["KMSMasterKeyId"]:
        raise ValidationException(f"{INVALID}SSEType KMS is required if KMSMasterKeyId is specified")
    if specification.get("SSEType", "KMS") != "KMS":
        raise ValidationException(f"{INVALID}SSEType {specification['SSEType']} is not supported")
    return True


async def with_known_key(dynamodb: DynamoDb, call: Call, specification: dict[str, object]) -> dict[str, object]:
    """`SSESpecification` with its key as an ARN: of KMS's own key for DynamoDB if it names none.

    A key that KMS does not know is kept as it was named.
    """
    if not encrypts(specification):
        return specification
    name = specification.get("KMSMasterKeyId", _OWN_KEY)
    try:
        described = await dynamodb.invoke(call, "kms", "DescribeKey", {"KeyId": name})
    except AwsError:
        return specification
    return {**specification, "SSEType": "KMS", "KMSMasterKeyId": described["KeyMetadata"]["Arn"]}


def _encryption(call: Call, specification: dict[str, object]) -> dict[str, object]:
    key = specification.get("KMSMasterKeyId", _OWN_KEY)
    prefix = f"arn:{partition_of(call.region)}:kms:{call.region}:{call.account}:"
    kind = "" if str(key).startswith("alias/") else "key/"
    arn = str(key) if str(key).startswith("arn:") else f"{prefix}{kind}{key}"
    return {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": arn}


def make_table(dynamodb: DynamoDb, tx: Tx, name: Name, settings: TableSettings, request: TableRequest) -> Table:
    """Write a new table with its indexes and its stream.

    Raises:
        ResourceInUseException: the name is taken.
        LimitExceededException: the account has as many tables as it may.
    """
    if tables.load(tx, name) is not None:
        raise ResourceInUseException(f"Table already exists: {name[2]}")
    if tables.count_tables(tx, name[0], name[1]) >= MAX_TABLES:
        raise LimitExceededException(
            f"Subscriber limit exceeded: Number of tables in region exceeds the limit of {MAX_TABLES}"
        )
    data_id = tables.new_data(tx)
    for local, requested in (
        (True, request.get("LocalSecondaryIndexes", [])),
        (False, request.get("GlobalSecondaryIndexes", [])),
    ):
        settings["Indexes"] += [index_settings(tx, data_id, index, local=local) for index in requested]
    tables.insert(tx, name, settings, data_id)
    table = loaded(tx, name)
    stream = request.get("StreamSpecification")
    if stream is not None and stream["StreamEnabled"]:
        start_stream(dynamodb, tx, table, stream["StreamViewType"])
        table = loaded(tx, name)
    return table


def loaded(tx: Tx, name: Name) -> Table:
    """A table that is known to be there."""
    table = tables.load(tx, name)
    if table is None:
        raise ResourceNotFoundException.table(name[2])
    return table


def index_settings(tx: Tx, data_id: int, index: IndexRequest, *, local: bool, status: str = "ACTIVE") -> IndexSettings:
    """A new index's configuration."""
    kept: IndexSettings = {
        "Id": tables.new_index(tx, data_id),
        "Local": local,
        "IndexName": index["IndexName"],
        "KeySchema": index["KeySchema"],
        "Projection": index["Projection"],
        "Status": status,
    }
    if "ProvisionedThroughput" in index:
        kept["ProvisionedThroughput"] = index["ProvisionedThroughput"]
    if "OnDemandThroughput" in index:
        kept["OnDemandThroughput"] = index["OnDemandThroughput"]
    if "WarmThroughput" in index:
        kept["WarmThroughput"] = index["WarmThroughput"]
    return kept


def start_stream(dynamodb: DynamoDb, tx: Tx, table: Table, view_type: str) -> None:
    """Begin a stream of a table's changes."""
    now = dynamodb.clock.now()
    moment = to_datetime(now)
    label = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}"
    if table.settings.get("StreamLabel", "") >= label:
        # A label is a time to the millisecond; the next stream of a table must have another one.
        moment = to_datetime(Millis(now + 1))
        label = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}"
    table.settings["Stream"] = {"Label": label, "ViewType": view_type}
    table.settings["StreamLabel"] = label
    tables.save(tx, table.id, table.settings)
    streams.open_stream(tx, table, label, view_type, shard_name(dynamodb, now), now)


def shard_name(dynamodb: DynamoDb, now: Millis) -> str:
    """A new shard's id, in the form of DynamoDB's."""
    return f"shardId-{now:020d}-{dynamodb.ids.hex(4)}"


async def describe_table(dynamodb: DynamoDb, call: Call, request: NameRequest) -> Result:
    """Tell a table's configuration and size.

    Spec: DynamoDB API reference, DescribeTable.
    """
    table = await dynamodb.described_table(call, request["TableName"])
    return {"Table": await description(dynamodb, table)}


async def description(dynamodb: DynamoDb, table: Table) -> dict[str, object]:
    """A table's description with its counts."""
    counts = await dynamodb.counts.of_table(table.data_id)
    by_index = {index.id: await dynamodb.counts.of_index(index.id) for index in table.indexes}
    return describe(table, counts, by_index)


async def list_tables(dynamodb: DynamoDb, call: Call, request: ListRequest) -> Result:
    """Name the tables of an account in a region.

    Spec: DynamoDB API reference, ListTables.
    """
    limit = request.get("Limit", _DEFAULT_LIST)
    after = request.get("ExclusiveStartTableName", "")
    names = await dynamodb.db.read(
        lambda snapshot: tables.list_names(snapshot, call.account, call.region, after, limit + 1)
    )
    result: Result = {"TableNames": names[:limit]}
    if len(names) > limit:
        result["LastEvaluatedTableName"] = names[limit - 1]
    return result


async def delete_table(dynamodb: DynamoDb, call: Call, request: NameRequest) -> Result:
    """Delete a table; its items are cleared away in the background.

    Spec: DynamoDB API reference, DeleteTable.
    """
    name = resolve(call, request["TableName"])
    table = await dynamodb.described_table(call, request["TableName"])
    described = await description(dynamodb, table)

    def delete(tx: Tx) -> None:
        present = loaded(tx, name)
        check_active(present)
        if present.settings.get("DeletionProtectionEnabled"):
            raise ValidationException(
                "Resource cannot be deleted as it is currently protected against deletion. "
                "Disable deletion protection first."
            )
        if not all(index.active for index in present.indexes):
            raise ResourceInUseException(
                "Attempt to change a resource which is still in use: Cannot delete table while indexes are being "
                "created, updated, or deleted."
            )
        drop_table(dynamodb, tx, present)

    await dynamodb.tables.change(delete)
    kept = (
        "TableName",
        "TableArn",
        "TableId",
        "ProvisionedThroughput",
        "TableSizeBytes",
        "ItemCount",
        "DeletionProtectionEnabled",
        "BillingModeSummary",
        "CreationDateTime",
        "KeySchema",
        "AttributeDefinitions",
    )
    shown = {member: described[member] for member in kept if member in described}
    return {"TableDescription": {**shown, "TableStatus": "DELETING"}}


def check_active(table: Table) -> None:
    """Refuse to change a table that is still being made.

    Raises:
        ResourceInUseException: it is.
    """
    if table.settings["Status"] != "ACTIVE":
        raise ResourceInUseException(
            f"Attempt to change a resource which is still in use: Table is being created: {table.name}"
        )


def drop_table(dynamodb: DynamoDb, tx: Tx, table: Table) -> None:
    """Delete a table, and end its stream."""
    stream = table.settings.get("Stream")
    if stream is not None:
        streams.close_stream(tx, f"{table.arn}/stream/{stream['Label']}", dynamodb.clock.now())
    tables.remove(tx, table)
