"""What CreateTable and UpdateTable may ask for, in AWS's words and order."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypedDict

from homeport.aws.services.dynamodb.errors import INVALID, LimitExceededException, ValidationException
from homeport.aws.services.dynamodb.model.schema import AttributeDefinition, KeyElement, Projection, Throughput

MAX_LOCAL: Final = 5
MAX_GLOBAL: Final = 20
MAX_PROJECTED: Final = 100
_MAX_UNITS: Final = 1_000_000_000_000
_MAX_KEY_PARTS: Final = 4
_TABLE_KEYS: Final = 2


class IndexRequest(TypedDict, total=False):
    """A secondary index as a request describes it."""

    IndexName: str
    KeySchema: list[KeyElement]
    Projection: Projection
    ProvisionedThroughput: Throughput
    OnDemandThroughput: dict[str, int]
    WarmThroughput: dict[str, int]


class StreamRequest(TypedDict, total=False):
    """`StreamSpecification`."""

    StreamEnabled: bool
    StreamViewType: str


class TableRequest(TypedDict, total=False):
    """The parameters of CreateTable, and what UpdateTable shares with it."""

    TableName: str
    AttributeDefinitions: list[AttributeDefinition]
    KeySchema: list[KeyElement]
    LocalSecondaryIndexes: list[IndexRequest]
    GlobalSecondaryIndexes: list[IndexRequest]
    BillingMode: str
    ProvisionedThroughput: Throughput
    StreamSpecification: StreamRequest
    SSESpecification: dict[str, object]
    Tags: list[dict[str, str]]
    TableClass: str
    DeletionProtectionEnabled: bool
    WarmThroughput: dict[str, int]
    ResourcePolicy: str
    OnDemandThroughput: dict[str, int]


def check_create(request: TableRequest) -> None:
    """Check a new table's parameters.

    Raises:
        ValidationException: the first that is wrong.
    """
    _check_billing(request)
    definitions = [definition["AttributeName"] for definition in request["AttributeDefinitions"]]
    schema = request["KeySchema"]
    if len(schema) > _TABLE_KEYS:
        raise ValidationException(_too_many_keys(schema))
    names = [key["AttributeName"] for key in schema]
    if len(names) > len(definitions):
        raise ValidationException("Invalid KeySchema: Some index key attribute have no definition")
    _check_defined(names, definitions)
    check_key_schema(schema)
    has_indexes = "LocalSecondaryIndexes" in request or "GlobalSecondaryIndexes" in request
    if not has_indexes and len(set(names)) != len(definitions):
        raise ValidationException(
            f"{INVALID}Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    _check_local(request, definitions)
    _check_global(request, definitions)
    if has_indexes:
        _check_all_used(request, definitions)
    check_stream(request.get("StreamSpecification"))


def _too_many_keys(schema: Sequence[KeyElement]) -> str:
    shown = ", ".join(
        f"KeySchemaElement(attributeName={key['AttributeName']}, keyType={key['KeyType']})" for key in schema
    )
    return (
        f"1 validation error detected: Value '[{shown}]' at 'keySchema' failed to satisfy constraint: "
        "Member must have length less than or equal to 2"
    )


def _check_billing(request: TableRequest) -> None:
    throughput = request.get("ProvisionedThroughput")
    if request.get("BillingMode", "PROVISIONED") == "PAY_PER_REQUEST":
        if throughput is not None:
            raise ValidationException(
                f"{INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
                "PAY_PER_REQUEST"
            )
        return
    if throughput is None:
        raise ValidationException(
            f"{INVALID}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    check_throughput(throughput)


def check_throughput(throughput: Throughput) -> None:
    """Refuse capacities that nobody can have."""
    for unit in ("ReadCapacityUnits", "WriteCapacityUnits"):
        value = throughput["ReadCapacityUnits"] if unit == "ReadCapacityUnits" else throughput["WriteCapacityUnits"]
        if value > _MAX_UNITS:
            raise ValidationException(f"Given value {value} for {unit} is out of bounds")


def _check_defined(names: Sequence[str], definitions: Sequence[str]) -> None:
    if any(name not in definitions for name in names):
        raise ValidationException(
            f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(names)}], AttributeDefinitions: [{', '.join(definitions)}]"
        )


def check_key_schema(schema: Sequence[KeyElement]) -> None:
    """Check a table's or a local index's key schema: a partition key, and perhaps a sort key."""
    if len(schema) > 1 and schema[0]["AttributeName"] == schema[1]["AttributeName"]:
        raise ValidationException("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    if schema[0]["KeyType"] != "HASH":
        raise ValidationException("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(schema) > 1 and schema[1]["KeyType"] != "RANGE":
        raise ValidationException("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")


def _check_global_schema(schema: Sequence[KeyElement]) -> None:
    """Up to four partition key attributes, and behind them up to four sort key attributes."""
    roles = [key["KeyType"] for key in schema]
    if len(schema) <= _TABLE_KEYS and roles.count("HASH") < _TABLE_KEYS:
        check_key_schema(schema)
        return
    names = [key["AttributeName"] for key in schema]
    if len(set(names)) < len(names):
        raise ValidationException("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    if roles[0] != "HASH":
        raise ValidationException("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if roles != sorted(roles) or max(roles.count("HASH"), roles.count("RANGE")) > _MAX_KEY_PARTS:
        raise ValidationException(
            "Invalid KeySchema: A KeySchema can have up to 4 HASH key elements followed by up to 4 RANGE key elements"
        )


def _check_projection(index: IndexRequest) -> None:
    projection = index["Projection"]
    kind = projection.get("ProjectionType")
    if kind is None:
        raise ValidationException(f"{INVALID}Unknown ProjectionType: null")
    if "NonKeyAttributes" in projection and kind != "INCLUDE":
        raise ValidationException(f"{INVALID}ProjectionType is {kind}, but NonKeyAttributes is specified")
    if kind == "INCLUDE" and "NonKeyAttributes" not in projection:
        raise ValidationException(f"{INVALID}ProjectionType is INCLUDE, but NonKeyAttributes is not specified")


def _check_local(request: TableRequest, definitions: Sequence[str]) -> None:
    indexes = request.get("LocalSecondaryIndexes")
    if indexes is None:
        return
    if not indexes:
        raise ValidationException(f"{INVALID}List of LocalSecondaryIndexes is empty")
    if len(request["KeySchema"]) != _TABLE_KEYS:
        raise ValidationException(
            f"{INVALID}Table KeySchema does not have a range key, which is required when specifying a "
            "LocalSecondaryIndex"
        )
    table_hash = request["KeySchema"][0]["AttributeName"]
    seen: set[str] = set()
    for index in indexes:
        _check_local_index(index, definitions, table_hash)
        _check_name(index, seen)
    if len(indexes) > MAX_LOCAL:
        raise ValidationException(f"{INVALID}Number of LocalSecondaryIndexes exceeds per-table limit of {MAX_LOCAL}")


def _check_local_index(index: IndexRequest, definitions: Sequence[str], table_hash: str) -> None:
    schema, name = index["KeySchema"], index["IndexName"]
    _check_defined([key["AttributeName"] for key in schema], definitions)
    check_key_schema(schema)
    if len(schema) != _TABLE_KEYS:
        raise ValidationException(f"{INVALID}Index KeySchema does not have a range key for index: {name}")
    if schema[0]["AttributeName"] != table_hash:
        raise ValidationException(
            f"{INVALID}Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}. "
            f"index hash key: {schema[0]['AttributeName']}, table hash key: {table_hash}"
        )
    _check_projection(index)


def _check_name(index: IndexRequest, seen: set[str]) -> None:
    if index["IndexName"] in seen:
        raise ValidationException(f"{INVALID}Duplicate index name: {index['IndexName']}")
    seen.add(index["IndexName"])


def _check_global(request: TableRequest, definitions: Sequence[str]) -> None:
    indexes = request.get("GlobalSecondaryIndexes")
    if indexes is None:
        return
    if not indexes:
        raise ValidationException(f"{INVALID}List of GlobalSecondaryIndexes is empty")
    seen = {index["IndexName"] for index in request.get("LocalSecondaryIndexes", [])}
    for index in indexes:
        check_global_index(index, definitions, request.get("BillingMode", "PROVISIONED"))
        _check_name(index, seen)
    if len(indexes) > MAX_GLOBAL:
        raise ValidationException(f"{INVALID}GlobalSecondaryIndex count exceeds the per-table limit of {MAX_GLOBAL}")


def check_global_index(index: IndexRequest, definitions: Sequence[str], billing: str) -> None:
    """Check a new global index.

    Raises:
        ValidationException: the first thing that is wrong with it.
    """
    schema, name = index["KeySchema"], index["IndexName"]
    _check_defined([key["AttributeName"] for key in schema], definitions)
    _check_global_schema(schema)
    _check_projection(index)
    if billing == "PAY_PER_REQUEST" and "ProvisionedThroughput" in index:
        raise ValidationException(
            f"{INVALID}ProvisionedThroughput should not be specified for index: {name} when BillingMode is "
            "PAY_PER_REQUEST"
        )
    if billing == "PROVISIONED" and "ProvisionedThroughput" not in index:
        raise ValidationException(f"{INVALID}ProvisionedThroughput must be specified for index: {name}")


def _check_all_used(request: TableRequest, definitions: Collection[str]) -> None:
    used = {key["AttributeName"] for key in request["KeySchema"]}
    for index in (*request.get("LocalSecondaryIndexes", ()), *request.get("GlobalSecondaryIndexes", ())):
        used |= {key["AttributeName"] for key in index["KeySchema"]}
    projected = sum(
        len(index["Projection"].get("NonKeyAttributes", ()))
        for index in (*request.get("LocalSecondaryIndexes", ()), *request.get("GlobalSecondaryIndexes", ()))
    )
    if projected > MAX_PROJECTED:
        raise ValidationException(
            f"{INVALID}Number of attributes in projections exceeds the per-table limit of {MAX_PROJECTED}"
        )
    if set(definitions) - used:
        raise ValidationException(
            f"{INVALID}Some AttributeDefinitions are not used. AttributeDefinitions: [{', '.join(definitions)}], "
            f"keys used: [{', '.join(sorted(used))}]"
        )


def check_stream(stream: StreamRequest | None) -> None:
    """Check `StreamSpecification`."""
    if stream is None:
        return
    if stream["StreamEnabled"] and "StreamViewType" not in stream:
        raise ValidationException(f"{INVALID}StreamViewType must be specified when the stream is enabled")
    if not stream["StreamEnabled"] and "StreamViewType" in stream:
        raise ValidationException(
            f"{INVALID}StreamSpecification.StreamViewType cannot be specified when StreamEnabled is false"
        )


def check_update(request: Mapping[str, object]) -> None:
    """Refuse an UpdateTable that asks for nothing, or for too much at once."""
    changes = request.keys() - {"TableName", "AttributeDefinitions"}
    updates = request.get("GlobalSecondaryIndexUpdates")
    if not changes or (changes == {"GlobalSecondaryIndexUpdates"} and not updates):
        raise ValidationException(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
            "SSESpecification or ReplicaUpdates is required"
        )
    if request.get("BillingMode") == "PROVISIONED" and "ProvisionedThroughput" not in request:
        raise ValidationException(f"{INVALID}ProvisionedThroughput must be specified when BillingMode is PROVISIONED")


def check_attribute_types(types: Mapping[str, str], definitions: Sequence[AttributeDefinition]) -> None:
    """Refuse to give an attribute another type than the one that a table's keys have it with."""
    for definition in definitions:
        name, wanted = definition["AttributeName"], definition["AttributeType"]
        if types.get(name, wanted) != wanted:
            raise ValidationException(
                f"{INVALID}Attribute {name} is already defined with another type: Expected: {types[name]} "
                f"Actual: {wanted}"
            )


def check_index_updates(names: Sequence[str | None], structural: int) -> None:
    """Check the elements of `GlobalSecondaryIndexUpdates` against one another.

    Args:
        names: of the index of each; None for an element that says nothing.
        structural: how many make or delete an index.
    """
    seen: set[str] = set()
    for name in names:
        if name is None:
            raise ValidationException(
                f"{INVALID}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete must not be null"
            )
        if name in seen:
            raise ValidationException(
                f"{INVALID}Only one global secondary index update per index is allowed simultaneously. Index: {name}"
            )
        seen.add(name)
    if structural > 1:
        raise LimitExceededException(
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
        )
