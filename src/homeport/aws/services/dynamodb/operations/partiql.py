"""ExecuteStatement, BatchExecuteStatement, ExecuteTransaction."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypedDict

import orjson
from orjson import Fragment

from homeport.aws.call import Call
from homeport.aws.errors import AwsError
from homeport.aws.services.dynamodb.errors import (
    ConditionalCheckFailedException,
    DuplicateItemException,
    TransactionCanceledException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.capacity import Consumed, read_units
from homeport.aws.services.dynamodb.model.expressions.apply import compile_actions
from homeport.aws.services.dynamodb.model.expressions.nodes import And, Condition, Path
from homeport.aws.services.dynamodb.model.expressions.nodes import Call as FunctionCall
from homeport.aws.services.dynamodb.model.item_keys import key_of_key
from homeport.aws.services.dynamodb.model.partiql.literals import fill
from homeport.aws.services.dynamodb.model.partiql.parser import prepare
from homeport.aws.services.dynamodb.model.partiql.planning import compile_where, has_whole_key, split_key
from homeport.aws.services.dynamodb.model.partiql.statements import (
    Delete,
    Exists,
    Insert,
    Select,
    Statement,
    Update,
)
from homeport.aws.services.dynamodb.model.schema import Table
from homeport.aws.services.dynamodb.model.values import (
    MAX_ITEM_BYTES,
    Value,
    check_item,
    check_value,
    kind,
)
from homeport.aws.services.dynamodb.operations.access import admit
from homeport.aws.services.dynamodb.operations.items import RETURNS, Result
from homeport.aws.services.dynamodb.operations.metering import count_write, wants_capacity
from homeport.aws.services.dynamodb.operations.selecting import bind, read
from homeport.aws.services.dynamodb.operations.transactions import (
    Step,
    check_distinct,
    consumption,
    fresh,
    perform_all,
    repeats,
    step_of,
    wake,
)
from homeport.aws.services.dynamodb.operations.writes import Outcome, Write, perform, place
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.aws.services.dynamodb.store import items
from homeport.kernel.storage.database import Snapshot, Tx

_BATCH_CODES: Final = {
    "AccessDeniedException": "AccessDenied",
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "DuplicateItemException": "DuplicateItem",
    "ResourceNotFoundException": "ResourceNotFound",
    "ValidationException": "ValidationError",
}
_NO_KEY_IN_BATCH: Final = (
    "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
)


class StatementRequest(TypedDict, total=False):
    """A statement with its parameters."""

    Statement: str
    Parameters: list[Value]
    ConsistentRead: bool
    NextToken: str
    Limit: int
    ReturnConsumedCapacity: str
    ReturnValuesOnConditionCheckFailure: str


class BatchStatementsRequest(TypedDict, total=False):
    """The parameters of BatchExecuteStatement."""

    Statements: list[StatementRequest]
    ReturnConsumedCapacity: str


class TransactStatementsRequest(TypedDict, total=False):
    """The parameters of ExecuteTransaction."""

    TransactStatements: list[StatementRequest]
    ClientRequestToken: str
    ReturnConsumedCapacity: str


Values = Mapping[str, Value]


@dataclass(slots=True)
class _Bound:
    """A statement with its values and its table."""

    request: StatementRequest
    statement: Statement
    values: Values
    table: Table


async def _bind(dynamodb: DynamoDb, call: Call, request: StatementRequest) -> _Bound:
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
    return _Bound(request, statement, values, await dynamodb.table(call, name))


def _index_of(statement: Statement) -> str | None:
    return statement.index if isinstance(statement, Select) else None


def _write_of(bound: _Bound) -> Write:
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


def _do(tx: Tx, dynamodb: DynamoDb, bound: _Bound, write: Write) -> Outcome:
    table = dynamodb.tables.fresh(tx, bound.table)
    try:
        return perform(tx, table, place(write, table), write, dynamodb.clock.now())
    except ConditionalCheckFailedException:
        if isinstance(bound.statement, Insert):
            if bound.statement.ignore_duplicate:
                return Outcome(None)
            raise DuplicateItemException from None
        raise


def _check_no_exists(statement: Statement) -> None:
    if isinstance(statement, Exists):
        raise ValidationException("EXISTS can only be used in ExecuteTransaction write requests.")


async def execute_statement(dynamodb: DynamoDb, call: Call, request: StatementRequest) -> Result:
    """Run one PartiQL statement.

    Spec: DynamoDB API reference, ExecuteStatement.
    """
    bound = await _bind(dynamodb, call, request)
    _check_no_exists(bound.statement)
    if isinstance(bound.statement, Select):
        return await _select(dynamodb, bound, bound.statement)
    write = _write_of(bound)
    place(write, bound.table)
    outcome = await dynamodb.db.write(lambda tx: _do(tx, dynamodb, bound, write))
    if bound.table.log_changes:
        dynamodb.wake_readers(bound.table)
    result: Result = {"Items": _returned(bound.statement, write, outcome)}
    capacity = request.get("ReturnConsumedCapacity")
    if capacity is not None and wants_capacity(capacity):
        consumed = Consumed(bound.table.name)
        count_write(consumed, bound.table, outcome)
        result["ConsumedCapacity"] = consumed.describe(capacity)
    return result


def _returned(statement: Statement, write: Write, outcome: Outcome) -> list[object]:
    returning = statement.returning if isinstance(statement, Update | Delete) else None
    if returning is None:
        return []
    attributes = RETURNS[returning.replace("MODIFIED", "UPDATED").replace(" ", "_")](write, outcome)
    return [] if attributes is None else [attributes]


async def _select(dynamodb: DynamoDb, bound: _Bound, select: Select) -> Result:
    request = bound.request
    consistent = request.get("ConsistentRead", False)
    selection = bind(bound.table, select, bound.values, request["Statement"], consistent=consistent)
    selected = await dynamodb.db.read_long(
        lambda snapshot: read(snapshot, selection, request.get("Limit"), request.get("NextToken"))
    )
    result: Result = {"Items": selected.items}
    if selected.token is not None:
        result["NextToken"] = selected.token
    if selected.last is not None:
        result["LastEvaluatedKey"] = selected.last
    capacity = request.get("ReturnConsumedCapacity")
    if capacity is not None and wants_capacity(capacity):
        result["ConsumedCapacity"] = selected.consumed.describe(capacity)
    return result


async def batch_execute_statement(dynamodb: DynamoDb, call: Call, request: BatchStatementsRequest) -> Result:
    """Run up to 25 statements on single items; each succeeds or fails for itself.

    Spec: DynamoDB API reference, BatchExecuteStatement.
    """
    _check_not_mixed(request["Statements"])
    usage: dict[str, Consumed] = {}
    responses = [await _one_of_batch(dynamodb, call, statement, usage) for statement in request["Statements"]]
    result: Result = {"Responses": responses}
    capacity = request.get("ReturnConsumedCapacity")
    if capacity is not None and wants_capacity(capacity):
        result["ConsumedCapacity"] = [each.describe(capacity) for each in usage.values()]
    return result


def _check_not_mixed(requests: Sequence[StatementRequest]) -> None:
    """Refuse a batch of reads and writes; what is no statement at all fails for itself."""
    reads: set[bool] = set()
    for request in requests:
        with suppress(ValidationException):
            reads.add(isinstance(prepare(request["Statement"]).statement, Select))
    if len(reads) > 1:
        raise ValidationException("BatchExecuteStatement cannot contain both read and write statements.")


async def _one_of_batch(
    dynamodb: DynamoDb, call: Call, request: StatementRequest, usage: dict[str, Consumed]
) -> dict[str, object]:
    response: dict[str, object] = {}
    try:
        bound = await _bind(dynamodb, call, request)
        response["TableName"] = bound.table.name
        consumed = usage.setdefault(bound.table.name, Consumed(bound.table.name))
        if isinstance(bound.statement, Select):
            if bound.statement.index is not None or not has_whole_key(bound.table, bound.statement.where, bound.values):
                raise ValidationException(_NO_KEY_IN_BATCH)
            found = await dynamodb.db.read(_getter(bound, bound.statement, consumed))
            if found is not None:
                response["Item"] = found
            return response
        _check_no_exists(bound.statement)
        write = _write_of(bound)
        place(write, bound.table)
        outcome = await dynamodb.db.write(lambda tx: _do(tx, dynamodb, bound, write))
        if bound.table.log_changes:
            dynamodb.wake_readers(bound.table)
        count_write(consumed, bound.table, outcome)
        returned = _returned(bound.statement, write, outcome)
        if returned:
            response["Item"] = returned[0]
    except AwsError as error:
        code = _BATCH_CODES.get(error.code, error.code)
        response["Error"] = {"Code": code, "Message": error.message, **error.extra}
    return response


def _getter(bound: _Bound, select: Select, consumed: Consumed) -> Callable[[Snapshot], object]:
    """A function that reads the one item of a SELECT with a whole key."""
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


async def execute_transaction(dynamodb: DynamoDb, call: Call, request: TransactStatementsRequest) -> Result:
    """Run up to 100 statements in one step: all reads, or all writes.

    Spec: DynamoDB API reference, ExecuteTransaction.
    """
    token = request.get("ClientRequestToken")
    digest = sha256(orjson.dumps(request["TransactStatements"], option=orjson.OPT_SORT_KEYS)).digest() if token else b""
    bounds = [await _bind(dynamodb, call, statement) for statement in request["TransactStatements"]]
    reads = [isinstance(bound.statement, Select) for bound in bounds]
    if any(reads) and not all(reads):
        raise ValidationException("ExecuteTransaction cannot contain both read and write statements.")
    if all(reads):
        return await _read_transaction(dynamodb, bounds, request)
    steps = [_step(number, bound) for number, bound in enumerate(bounds)]
    check_distinct(steps)
    at = dynamodb.clock.now()

    def write(tx: Tx) -> list[Outcome] | None:
        if token is not None and repeats(tx, call, token, digest, at):
            return None
        return _perform(tx, dynamodb, bounds, [fresh(tx, dynamodb, step) for step in steps])

    outcomes = await dynamodb.db.write(write)
    wake(dynamodb, steps)
    result: Result = {"Responses": []}
    capacity = request.get("ReturnConsumedCapacity")
    if outcomes is not None and capacity is not None and wants_capacity(capacity):
        result["ConsumedCapacity"] = consumption(steps, outcomes, capacity)
    return result


def _perform(tx: Tx, dynamodb: DynamoDb, bounds: Sequence[_Bound], steps: Sequence[Step]) -> list[Outcome]:
    try:
        return perform_all(tx, steps, dynamodb.clock.now())
    except TransactionCanceledException as cancelled:
        reasons = cancelled.extra["CancellationReasons"]
        told: list[dict[str, object]] = []
        for bound, reason in zip(bounds, reasons if isinstance(reasons, list) else [], strict=True):
            known: dict[str, object] = dict(reason) if isinstance(reason, dict) else {}
            if isinstance(bound.statement, Insert) and known.get("Code") == "ConditionalCheckFailed":
                known = {"Code": "DuplicateItem", "Message": DuplicateItemException().message}
            told.append(known)
        raise TransactionCanceledException(told) from cancelled


def _failed(number: int, error: ValidationException) -> ValidationException:
    return ValidationException(f"Validation failed in TransactStatements[{number}]: {error.message}")


def _step(number: int, bound: _Bound) -> Step:
    statement = bound.statement
    if isinstance(statement, Update | Delete) and statement.returning is not None:
        raise _failed(number, ValidationException("RETURNING clause is not supported in ExecuteTransaction."))
    try:
        return step_of(bound.table, _write_of(bound))
    except ValidationException as error:
        raise _failed(number, error) from error


async def _read_transaction(dynamodb: DynamoDb, bounds: Sequence[_Bound], request: TransactStatementsRequest) -> Result:
    usage: dict[str, Consumed] = {}
    getters = []
    for number, bound in enumerate(bounds):
        select = bound.statement
        if not isinstance(select, Select):
            continue
        try:
            _check_single_read(bound, select)
        except ValidationException as error:
            raise _failed(number, error) from error
        consumed = usage.setdefault(bound.table.name, Consumed(bound.table.name))
        getters.append(_getter(bound, select, consumed))

    def read_all(snapshot: Snapshot) -> list[object]:
        return [get(snapshot) for get in getters]

    found = await dynamodb.db.read(read_all)
    result: Result = {"Responses": [{} if item is None else {"Item": item} for item in found]}
    capacity = request.get("ReturnConsumedCapacity")
    if capacity is not None and wants_capacity(capacity):
        result["ConsumedCapacity"] = [each.describe(capacity, kind="Read") for each in usage.values()]
    return result


def _check_single_read(bound: _Bound, select: Select) -> None:
    if select.index is not None:
        raise ValidationException("Reads on indices are not supported within transactions.")
    if not has_whole_key(bound.table, select.where, bound.values):
        raise ValidationException(
            "Select statements within ExecuteTransaction must specify the primary key in the where clause."
        )
