"""BatchGetItem and BatchWriteItem."""

from collections.abc import Mapping
from itertools import islice
from typing import Final, TypedDict, cast

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model.capacity import Consumed, read_units
from homeport.aws.services.dynamodb.model.checking import check_item
from homeport.aws.services.dynamodb.model.expressions.projections import CompiledProjection
from homeport.aws.services.dynamodb.model.item_keys import NO_MATCH, key_of_key
from homeport.aws.services.dynamodb.model.schema import Table
from homeport.aws.services.dynamodb.model.values import Item
from homeport.aws.services.dynamodb.operations.items import Result, check_projection
from homeport.aws.services.dynamodb.operations.metering import (
    collection_metrics,
    count_write,
    wants_capacity,
    wants_collections,
)
from homeport.aws.services.dynamodb.operations.pages import Effort, read_with_effort, shown
from homeport.aws.services.dynamodb.operations.parameters import (
    ItemRequest,
    Placeholders,
    check_attributes_to_get,
    check_styles,
    read_projection,
)
from homeport.aws.services.dynamodb.operations.writes import Outcome, Write, perform, place, put_of, read_in_time
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.aws.services.dynamodb.store import items
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx

MAX_WRITES: Final = 25
MAX_READS: Final = 100
MAX_RESPONSE_BYTES: Final = 16 << 20
_DUPLICATES: Final = "Provided list of item keys contains duplicates"


class KeysRequest(ItemRequest, total=False):
    """What BatchGetItem wants of one table."""

    Keys: list[Item]


class BatchGetRequest(TypedDict, total=False):
    """The parameters of BatchGetItem."""

    RequestItems: dict[str, KeysRequest]
    ReturnConsumedCapacity: str


class WriteRequest(TypedDict, total=False):
    """An element of BatchWriteItem: one of the two."""

    PutRequest: dict[str, Item]
    DeleteRequest: dict[str, Item]


class BatchWriteRequest(TypedDict, total=False):
    """The parameters of BatchWriteItem."""

    RequestItems: dict[str, list[WriteRequest]]
    ReturnConsumedCapacity: str
    ReturnItemCollectionMetrics: str


_Planned = tuple[Table, bytes, Write]


async def batch_write_item(dynamodb: DynamoDb, call: Call, request: BatchWriteRequest) -> Result:
    """Put and delete up to 25 items; all of them, or, after an error, none.

    Spec: DynamoDB API reference, BatchWriteItem.
    """
    requested = request["RequestItems"]
    _check_count(requested)
    elements = [element for of_table in requested.values() for element in of_table]
    writes = iter(await read_in_time(elements, _read_write))
    planned: list[_Planned] = []
    for name, of_table in requested.items():
        table = await dynamodb.table(call, name)
        planned += _plan(table, list(islice(writes, len(of_table))))
    at = dynamodb.clock.now()
    result = await dynamodb.db.write(lambda tx: _write_all(tx, _fresh(tx, dynamodb, planned), request, at))
    for table in {table.id: table for table, _, _ in planned if table.log_changes}.values():
        dynamodb.wake_readers(table)
    return result


def _check_count(requested: Mapping[str, list[WriteRequest]]) -> None:
    if sum(map(len, requested.values())) > MAX_WRITES:
        raise ValidationException("Too many items requested for the BatchWriteItem call")


def _read_write(element: WriteRequest) -> Write:
    if len(element) != 1:
        raise ValidationException(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
            "datatypes"
        )
    if "PutRequest" in element:
        return put_of(element["PutRequest"]["Item"])
    key = element["DeleteRequest"]["Key"]
    check_item(key)
    return Write("delete", key)


def _plan(table: Table, writes: list[Write]) -> list[_Planned]:
    planned: list[_Planned] = []
    seen: set[bytes] = set()
    for write in writes:
        key = _place(table, write)
        if key in seen:
            raise ValidationException(_DUPLICATES)
        seen.add(key)
        planned.append((table, key, write))
    return planned


def _fresh(tx: Tx, dynamodb: DynamoDb, planned: list[_Planned]) -> list[_Planned]:
    """The same, with the tables as they are in the transaction."""
    tables = {
        table.id: dynamodb.tables.fresh(tx, table) for table in {table.id: table for table, _, _ in planned}.values()
    }
    if all(tables[table.id] is table for table, _, _ in planned):
        return planned
    return [(tables[table.id], _place(tables[table.id], write), write) for table, _, write in planned]


def _place(table: Table, write: Write) -> bytes:
    try:
        return place(write, table)
    except ValidationException as error:
        if "Missing the key" in error.message or "Type mismatch for key" in error.message:
            raise ValidationException(NO_MATCH) from error
        raise


def _write_all(tx: Tx, planned: list[_Planned], request: BatchWriteRequest, at: Millis) -> Result:
    outcomes: list[tuple[Table, Write, Outcome]] = [
        (table, write, perform(tx, table, key, write, at)) for table, key, write in planned
    ]
    result: Result = {"UnprocessedItems": {}}
    capacity = request.get("ReturnConsumedCapacity")
    if capacity is not None and wants_capacity(capacity):
        by_table: dict[int, Consumed] = {}
        for table, _, outcome in outcomes:
            count_write(by_table.setdefault(table.id, Consumed(table.name)), table, outcome)
        result["ConsumedCapacity"] = [consumed.describe(capacity) for consumed in by_table.values()]
    metrics = _metrics(tx, outcomes, request.get("ReturnItemCollectionMetrics"))
    if metrics:
        result["ItemCollectionMetrics"] = metrics
    return result


def _metrics(tx: Tx, outcomes: list[tuple[Table, Write, Outcome]], wanted: str | None) -> dict[str, list[object]]:
    metrics: dict[str, list[object]] = {}
    for table, write, _ in outcomes:
        if wants_collections(wanted, table):
            of_table = metrics.setdefault(table.name, [])
            described = collection_metrics(tx, table, write.item)
            if described not in of_table:
                of_table.append(described)
    return metrics


_Read = tuple[Table, KeysRequest, CompiledProjection | None, list[tuple[bytes, Item]]]


async def batch_get_item(dynamodb: DynamoDb, call: Call, request: BatchGetRequest) -> Result:
    """Read up to 100 items; those beyond 16 MB come back as unprocessed keys.

    Spec: DynamoDB API reference, BatchGetItem.
    """
    requested = request["RequestItems"]
    projections = {name: _read_keys(of_table) for name, of_table in requested.items()}
    if sum(len(of_table["Keys"]) for of_table in requested.values()) > MAX_READS:
        raise ValidationException("Too many items requested for the BatchGetItem call")
    reads: dict[str, _Read] = {}
    for name, of_table in requested.items():
        table = await dynamodb.table(call, name)
        projection = projections[name]
        check_projection(table, projection)
        reads[name] = (table, of_table, projection, _keys(table, of_table["Keys"]))
    capacity = request.get("ReturnConsumedCapacity")
    return await read_with_effort(dynamodb.db, lambda snapshot, effort: _read_all(snapshot, reads, capacity, effort))


def _read_keys(request: KeysRequest) -> CompiledProjection | None:
    check_styles(request, ("ProjectionExpression",), ("AttributesToGet",))
    check_attributes_to_get(request)
    placeholders = Placeholders(request)
    projection = read_projection(request, placeholders)
    placeholders.check_all_used()
    for key in request["Keys"]:
        check_item(key)
    return projection


def _keys(table: Table, requested: list[Item]) -> list[tuple[bytes, Item]]:
    placed = [(key_of_key(table, key), key) for key in requested]
    if len({key for key, _ in placed}) < len(placed):
        raise ValidationException(_DUPLICATES)
    return placed


def _read_all(snapshot: Snapshot, reads: Mapping[str, _Read], capacity: str | None, effort: Effort) -> Result:
    responses: dict[str, list[object]] = {}
    unprocessed: dict[str, object] = {}
    consumed: list[dict[str, object]] = []
    room = MAX_RESPONSE_BYTES
    for name, (table, request, projection, placed) in reads.items():
        found = responses.setdefault(name, [])
        left: list[Item] = []
        usage = Consumed(table.name)
        for key, asked in placed:
            row = None if room <= 0 else items.find(snapshot, table.data_id, key)
            if room <= 0:
                left.append(asked)
                continue
            usage.units += read_units(row.size if row else 0, consistent=request.get("ConsistentRead", False))
            if row is not None:
                room -= row.size
                found.append(shown(row, projection, effort))
        if left:
            unprocessed[name] = _again(request, left)
        if capacity is not None and wants_capacity(capacity):
            consumed.append(usage.describe(capacity))
    result: Result = {"Responses": responses, "UnprocessedKeys": unprocessed}
    if consumed:
        result["ConsumedCapacity"] = consumed
    return result


def _again(request: KeysRequest, left: list[Item]) -> dict[str, object]:
    return {**cast("dict[str, object]", request), "Keys": left}
