"""PutItem, GetItem, UpdateItem, DeleteItem."""

from collections.abc import Callable
from typing import Final

from orjson import Fragment

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model.capacity import Consumed, read_units
from homeport.aws.services.dynamodb.model.checking import check_item
from homeport.aws.services.dynamodb.model.expressions.paths import project, tree_of
from homeport.aws.services.dynamodb.model.expressions.projections import CompiledProjection
from homeport.aws.services.dynamodb.model.item_keys import key_of_key
from homeport.aws.services.dynamodb.model.schema import Table
from homeport.aws.services.dynamodb.operations.metering import (
    collection_metrics,
    count_write,
    wants_capacity,
    wants_collections,
)
from homeport.aws.services.dynamodb.operations.parameters import (
    ItemRequest,
    Placeholders,
    check_attributes_to_get,
    check_styles,
    read_names,
)
from homeport.aws.services.dynamodb.operations.writes import (
    Outcome,
    Write,
    check_nested,
    perform,
    place,
    read_delete,
    read_put,
    read_update,
)
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.aws.services.dynamodb.store import items
from homeport.kernel.storage.database import Tx

Result = dict[str, object]

_OLD_ONLY: Final = frozenset({"NONE", "ALL_OLD"})


async def put_item(dynamodb: DynamoDb, call: Call, request: ItemRequest) -> Result:
    """Write a whole item in place of the one with its key.

    Spec: DynamoDB API reference, PutItem.
    """
    _check_returns(request)
    check_styles(request, ("ConditionExpression",), ("Expected",))
    write = read_put(request)
    return await _write(dynamodb, call, request, write)


async def delete_item(dynamodb: DynamoDb, call: Call, request: ItemRequest) -> Result:
    """Delete an item, if it is there.

    Spec: DynamoDB API reference, DeleteItem.
    """
    check_styles(request, ("ConditionExpression",), ("Expected",))
    write = read_delete(request)
    _check_returns(request)
    return await _write(dynamodb, call, request, write)


async def update_item(dynamodb: DynamoDb, call: Call, request: ItemRequest) -> Result:
    """Change an item, or make it.

    Spec: DynamoDB API reference, UpdateItem.
    """
    check_styles(request, ("UpdateExpression", "ConditionExpression"), ("AttributeUpdates", "Expected"))
    write = read_update(request)
    write.alone = True
    return await _write(dynamodb, call, request, write)


def _check_returns(request: ItemRequest) -> None:
    if request.get("ReturnValues", "NONE") not in _OLD_ONLY:
        raise ValidationException("ReturnValues can only be ALL_OLD or NONE")


async def _write(dynamodb: DynamoDb, call: Call, request: ItemRequest, write: Write) -> Result:
    found = await dynamodb.table(call, request["TableName"])
    key = place(write, found)
    at = dynamodb.clock.now()

    def run(tx: Tx) -> tuple[Table, Result]:
        table = dynamodb.tables.fresh(tx, found)
        outcome = perform(tx, table, key if table is found else place(write, table), write, at)
        result = _answer(request, table, write, outcome)
        if table.has_local and wants_collections(request.get("ReturnItemCollectionMetrics"), table):
            result["ItemCollectionMetrics"] = collection_metrics(tx, table, write.item)
        return table, result

    table, result = await dynamodb.db.write(run)
    if table.log_changes:
        dynamodb.wake_readers(table)
    return result


def _answer(request: ItemRequest, table: Table, write: Write, outcome: Outcome) -> Result:
    result: Result = {}
    wanted = request.get("ReturnValues")
    if wanted is not None and wanted != "NONE":
        attributes = RETURNS[wanted](write, outcome)
        if attributes is not None:
            result["Attributes"] = attributes
    capacity = request.get("ReturnConsumedCapacity")
    if capacity is not None and wants_capacity(capacity):
        consumed = Consumed(table.name)
        count_write(consumed, table, outcome)
        result["ConsumedCapacity"] = consumed.describe(capacity)
    return result


def _all_old(_write: Write, outcome: Outcome) -> object:
    return None if outcome.old is None else Fragment(outcome.old.blob)


def _all_new(_write: Write, outcome: Outcome) -> object:
    return None if outcome.blob is None else Fragment(outcome.blob)


def _updated_old(write: Write, outcome: Outcome) -> object:
    if outcome.old is None or write.update is None:
        return None
    return project(outcome.old.item(), tree_of(write.update.paths)) or None


def _updated_new(write: Write, outcome: Outcome) -> object:
    if outcome.item is None or write.update is None:
        return None
    return project(outcome.item, tree_of(write.update.kept)) or None


RETURNS: Final[dict[str, Callable[[Write, Outcome], object]]] = {
    "ALL_OLD": _all_old,
    "ALL_NEW": _all_new,
    "UPDATED_OLD": _updated_old,
    "UPDATED_NEW": _updated_new,
}
"""What each of `ReturnValues` shows; None is nothing."""


async def get_item(dynamodb: DynamoDb, call: Call, request: ItemRequest) -> Result:
    """Read an item.

    Spec: DynamoDB API reference, GetItem.
    """
    if len(request) > _PLAIN_MEMBERS:
        check_styles(request, ("ProjectionExpression",), ("AttributesToGet",))
    projection = read_get(request)
    table = await dynamodb.table(call, request["TableName"])
    key = key_of_key(table, request["Key"])
    check_projection(table, projection)
    row = await dynamodb.db.read(lambda snapshot: items.find(snapshot, table.data_id, key))
    result: Result = {}
    if row is not None:
        result["Item"] = Fragment(row.blob) if projection is None else projection(row.item())
    capacity = request.get("ReturnConsumedCapacity")
    if capacity is not None and wants_capacity(capacity):
        consumed = Consumed(table.name)
        size = 0 if row is None else row.size
        consumed.units = read_units(size, consistent=request.get("ConsistentRead", False))
        result["ConsumedCapacity"] = consumed.describe(capacity)
    return result


def read_get(request: ItemRequest) -> CompiledProjection | None:
    """Check the parameters of a read of one item; returns its projection."""
    check_item(request["Key"])
    if "ProjectionExpression" not in request:
        check_attributes_to_get(request)
        return read_names(request)
    placeholders = Placeholders(request)
    projection = placeholders.projection(request["ProjectionExpression"])
    placeholders.check_all_used()
    return projection


_PLAIN_MEMBERS: Final = 2
"""TableName and Key, without which nobody comes here."""


def check_projection(table: Table, projection: CompiledProjection | None) -> None:
    """Refuse a projection that looks inside of a key attribute.

    Raises:
        ValidationException: it does.
    """
    if projection is None or not projection.nested:
        return
    check_nested(table, projection.nested)
