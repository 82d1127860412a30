"""What CreateTable and UpdateTable may ask for, in AWS's words and order."""

from collections.abc import Collection, Sequence
from typing import Final, TypedDict

from homeport.aws.services.dynamodb.errors import INVALID, ValidationException
from homeport.aws.services.dynamodb.model.schema import AttributeDefinition, KeyElement, Projection, Throughput
from homeport.aws.services.dynamodb.model.throughput_rules import check_new_caps, check_new_warm

MAX_LOCAL: Final = 5
MAX_GLOBAL: Final = 20
MAX_PROJECTED: Final = 100
UNDEFINED: Final = "Invalid KeySchema: Some index key attribute have no definition"
"""Of a key schema that is longer than the list of definitions."""

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
    _check_throughputs(request)
    definitions = [definition["AttributeName"] for definition in request["AttributeDefinitions"]]
    repeated = next((name for name in definitions if definitions.count(name) > 1), None)
    if repeated is not None:
        raise ValidationException(f"Attribute Name is duplicated: {repeated}")
    schema = request["KeySchema"]
    if len(schema) > _TABLE_KEYS:
        raise ValidationException(_too_many_keys(schema))
    names = [key["AttributeName"] for key in schema]
    if len(names) > len(definitions):
        raise ValidationException(UNDEFINED)
    _check_defined(names, definitions)
    check_key_schema(schema)
    has_indexes = "LocalSecondaryIndexes" in request or "GlobalSecondaryIndexes" in request
    if not has_indexes and len(set(names)) != len(definitions):
        raise ValidationException(
            f"{INVALID}Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    if has_indexes:
        _check_all_used(request, definitions)
    _check_local(request, definitions)
    _check_global(request, definitions)
    _check_projected(request)
    check_stream(request.get("StreamSpecification"))


def _too_many_keys(schema: Sequence[KeyElement], path: str = "keySchema") -> str:
    shown = ", ".join(
        f"KeySchemaElement(attributeName={key['AttributeName']}, keyType={key['KeyType']})" for key in schema
    )
    return (
        f"1 validation error detected: Value '[{shown}]' at '{path}' failed to satisfy constraint: "
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


def _check_throughputs(request: TableRequest) -> None:
    billing = request.get("BillingMode", "PROVISIONED")
    check_new_caps(request.get("OnDemandThroughput", {}), billing)
    check_new_warm(request.get("WarmThroughput", {}), billing, request.get("ProvisionedThroughput", {}))


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
        raise ValidationException("The KeySchema contains multiple key attributes with the same name")
    if roles[0] != "HASH":
        raise ValidationException("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if roles != sorted(roles):
        raise ValidationException(
            f"{INVALID}All HASH key attributes must precede RANGE key attributes in the KeySchema"
        )
    for role in ("HASH", "RANGE"):
        if roles.count(role) > _MAX_KEY_PARTS:
            raise ValidationException(
                f"{INVALID}The KeySchema exceeds the maximum allowed number of {role} key attributes"
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
    others = projection.get("NonKeyAttributes", [])
    for name in others:
        if others.count(name) > 1:
            raise ValidationException(f"{INVALID}Duplicate element in NonKeyAttributes: {name}")


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
    for number, index in enumerate(indexes, 1):
        if len(index["KeySchema"]) > _TABLE_KEYS:
            path = f"localSecondaryIndexes.{number}.member.keySchema"
            raise ValidationException(_too_many_keys(index["KeySchema"], path))
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
        check_global_index(index, definitions, request.get("BillingMode", "PROVISIONED"), new=True)
        _check_name(index, seen)
    if len(indexes) > MAX_GLOBAL:
        raise ValidationException(f"{INVALID}GlobalSecondaryIndex count exceeds the per-table limit of {MAX_GLOBAL}")


def check_global_index(index: IndexRequest, definitions: Sequence[str], billing: str, *, new: bool) -> None:
    """Check a new global index; `new` says whether its table is new too.

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
        missing = "ProvisionedThroughput is not" if new else "Both ReadCapacityUnits and WriteCapacityUnits must be"
        raise ValidationException(f"{INVALID}{missing} specified for index: {name}")
    check_new_caps(index.get("OnDemandThroughput", {}), billing, name)
    check_new_warm(index.get("WarmThroughput", {}), billing, index.get("ProvisionedThroughput", {}), name)


def _check_all_used(request: TableRequest, definitions: Collection[str]) -> None:
    used = {key["AttributeName"] for key in request["KeySchema"]}
    for index in (*request.get("LocalSecondaryIndexes", ()), *request.get("GlobalSecondaryIndexes", ())):
        used |= {key["AttributeName"] for key in index["KeySchema"]}
    if set(definitions) - used:
        raise ValidationException(
            f"{INVALID}Some AttributeDefinitions are not used. AttributeDefinitions: [{', '.join(definitions)}], "
            f"keys used: [{', '.join(sorted(used))}]"
        )


def _check_projected(request: TableRequest) -> None:
    projected = sum(
        len(index["Projection"].get("NonKeyAttributes", ()))
        for index in (*request.get("LocalSecondaryIndexes", ()), *request.get("GlobalSecondaryIndexes", ()))
    )
    if projected > MAX_PROJECTED:
        raise ValidationException(
            f"{INVALID}Number of attributes in projections exceeds the per-table limit of {MAX_PROJECTED}"
        )


def check_stream(stream: StreamRequest | None) -> None:
    """Check `StreamSpecification` of a new table."""
    if stream is None:
        return
    if stream["StreamEnabled"] and "StreamViewType" not in stream:
        raise ValidationException(f"{INVALID}Table is being created with a stream enabled, UpdateViewType is required")
    if not stream["StreamEnabled"] and "StreamViewType" in stream:
        raise ValidationException(
            f"{INVALID}Table is being created with a stream disabled, UpdateViewType should not be specified"
        )
