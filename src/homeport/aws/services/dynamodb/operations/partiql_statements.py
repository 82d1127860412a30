"""A PartiQL statement with its values and its table: the write or the read that it asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypedDict

from orjson import Fragment

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import (
    ConditionalCheckFailedException,
    DuplicateItemException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.capacity import Consumed, read_units
from homeport.aws.services.dynamodb.model.checking import check_item, check_value
from homeport.aws.services.dynamodb.model.expressions.apply import compile_actions
from homeport.aws.services.dynamodb.model.expressions.nodes import And, Condition, Path
from homeport.aws.services.dynamodb.model.expressions.nodes import Call as FunctionCall
from homeport.aws.services.dynamodb.model.item_keys import key_of_key
from homeport.aws.services.dynamodb.model.partiql.literals import fill
from homeport.aws.services.dynamodb.model.partiql.parser import prepare
from homeport.aws.services.dynamodb.model.partiql.planning import compile_where, split_key
from homeport.aws.services.dynamodb.model.partiql.statements import (
    Delete,
    Exists,
    Insert,
    Select,
    Statement,
    Update,
)
from homeport.aws.services.dynamodb.model.schema import Table
from homeport.aws.services.dynamodb.model.values import MAX_ITEM_BYTES, Value, kind
from homeport.aws.services.dynamodb.operations.access import admit
from homeport.aws.services.dynamodb.operations.selecting import bind
from homeport.aws.services.dynamodb.operations.writes import Outcome, Write, perform, place
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.aws.services.dynamodb.store import items
from homeport.kernel.storage.database import Snapshot, Tx


class StatementRequest(TypedDict, total=False):
    """A statement with its parameters."""

    Statement: str
    Parameters: list[Value]
    ConsistentRead: bool
    NextToken: str
    Limit: int
    ReturnConsumedCapacity: str
    ReturnValuesOnConditionCheckFailure: str


Values = Mapping[str, Value]


@dataclass(slots=True)
class Bound:
    """A statement with its values and its table."""

    request: StatementRequest
    statement: Statement
    values: Values
    table: Table


async def bind_statement(dynamodb: DynamoDb, call: Call, request: StatementRequest) -> Bound:
    """Parse a statement and find its table.

    Raises:
        ValidationException: it is none, or its parameters are not those that it has.
        AccessDeniedException, ResourceNotFoundException: its table is not the caller's to use, or not there.
    """
    prepared = prepare(request["Statement"])
    parameters = request.get("Parameters", [])
    if len(parameters) != prepared.parameters:
        raise ValidationException("Number of parameters in request and statement don't match.")
    for value in parameters:
        check_value(value)
    values = {f":{number}": value for number, value in enumerate(parameters)}
    statement = prepared.statement
    read = statement.select if isinstance(statement, Exists) else statement
    name = read.table
    if dynamodb.signed:
        await admit(dynamodb, call, name, f"PartiQL{type(read).__name__}", _index_of(read))
    return Bound(request, statement, values, await dynamodb.table(call, name))


def _index_of(statement: Statement) -> str | None:
    return statement.index if isinstance(statement, Select) else None


def write_of(bound: Bound) -> Write:
    """The write that a statement asks for."""
    statement, table, values = bound.statement, bound.table, bound.values
    on_failure = bound.request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    match statement:
        case Insert():
            return _insert(statement, table, values)
        case Update():
            key, rest = split_key(table, statement.where, values)
            exists: Condition = FunctionCall("attribute_exists", (Path((table.hash.name,)),))
            condition = exists if rest is None else And(exists, rest)
            types = {name: kind(value) for name, value in values.items()}
            update = compile_actions(statement.actions, {}, types, reserved=False, label="")
            where = compile_where(condition, values)
            return Write("update", key, condition=where, update=update, values=values, return_on_failure=on_failure)
        case Delete():
            key, rest = split_key(table, statement.where, values)
            where = compile_where(rest, values)
            return Write("delete", key, condition=where, values=values, return_on_failure=on_failure)
        case Exists(select):
            key, rest = split_key(table, select.where, values)
            if rest is None:
                raise ValidationException("EXISTS() must contain a single item read with additional condition")
            return Write("check", key, condition=compile_where(rest, values), values=values)
        case Select():
            raise ValidationException("Unsupported operation in transaction.")


def _insert(statement: Insert, table: Table, values: Values) -> Write:
    item = {name: fill(literal, values) for name, literal in statement.attributes}
    size = check_item(item)
    if size > MAX_ITEM_BYTES:
        raise ValidationException("Item size has exceeded the maximum allowed size")
    absent = FunctionCall("attribute_not_exists", (Path((table.hash.name,)),))
    return Write("put", item, size, condition=compile_where(absent, values), values=values)


def _do(tx: Tx, dynamodb: DynamoDb, bound: Bound, write: Write) -> Outcome:
    table = dynamodb.tables.fresh(tx, bound.table)
    try:
        return perform(tx, table, place(write, table), write, dynamodb.clock.now())
    except ConditionalCheckFailedException:
        if isinstance(bound.statement, Insert):
            if bound.statement.ignore_duplicate:
                return Outcome(None)
            raise DuplicateItemException from None
        raise


async def run_write(dynamodb: DynamoDb, bound: Bound) -> tuple[Write, Outcome]:
    """Do the write that a statement asks for, and tell the readers of its table's stream."""
    write = write_of(bound)
    place(write, bound.table)
    outcome = await dynamodb.db.write(lambda tx: _do(tx, dynamodb, bound, write))
    if bound.table.log_changes:
        dynamodb.wake_readers(bound.table)
    return write, outcome


def getter(bound: Bound, select: Select, consumed: Consumed) -> Callable[[Snapshot], object]:
    """A function that reads the one item of a SELECT with a whole key, and counts what that costs."""
    key, rest = split_key(bound.table, select.where, bound.values)
    place_of = key_of_key(bound.table, key)
    where = compile_where(rest, bound.values)
    text = bound.request["Statement"]
    cut = bind(bound.table, select, bound.values, text, consistent=True).readings[0].cut
    consistent = bound.request.get("ConsistentRead", False)

    def get(snapshot: Snapshot) -> object:
        row = items.find(snapshot, bound.table.data_id, place_of)
        consumed.units += read_units(0 if row is None else row.size, consistent=consistent)
        if row is None or (where is not None and not where.test(row.item(), bound.values)):
            return None
        return Fragment(row.blob) if cut is None else cut(row.item())

    return get
