"""ExecuteTransaction."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TypedDict

import orjson

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import (
    DuplicateItemException,
    TransactionCanceledException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.capacity import Consumed
from homeport.aws.services.dynamodb.model.partiql.planning import has_whole_key
from homeport.aws.services.dynamodb.model.partiql.statements import (
    Delete,
    Insert,
    Select,
    Update,
)
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.operations.metering import wants_capacity
from homeport.aws.services.dynamodb.operations.partiql_statements import (
    Bound,
    StatementRequest,
    bind_statement,
    getter,
    write_of,
)
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
from homeport.aws.services.dynamodb.operations.writes import Outcome
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.kernel.storage.database import Snapshot, Tx


class TransactStatementsRequest(TypedDict, total=False):
    """The parameters of ExecuteTransaction."""

    TransactStatements: list[StatementRequest]
    ClientRequestToken: str
    ReturnConsumedCapacity: str


async def execute_transaction(dynamodb: DynamoDb, call: Call, request: TransactStatementsRequest) -> Result:
    """Run up to 100 statements in one step: all reads, or all writes.

    Spec: DynamoDB API reference, ExecuteTransaction.
    """
    token = request.get("ClientRequestToken")
    digest = sha256(orjson.dumps(request["TransactStatements"], option=orjson.OPT_SORT_KEYS)).digest() if token else b""
    bounds = [await bind_statement(dynamodb, call, statement) for statement in request["TransactStatements"]]
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


def _perform(tx: Tx, dynamodb: DynamoDb, bounds: Sequence[Bound], steps: Sequence[Step]) -> list[Outcome]:
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


def _step(number: int, bound: Bound) -> Step:
    statement = bound.statement
    if isinstance(statement, Update | Delete) and statement.returning is not None:
        raise _failed(number, ValidationException("RETURNING clause is not supported in ExecuteTransaction."))
    try:
        return step_of(bound.table, write_of(bound))
    except ValidationException as error:
        raise _failed(number, error) from error


async def _read_transaction(dynamodb: DynamoDb, bounds: Sequence[Bound], request: TransactStatementsRequest) -> Result:
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
        getters.append(getter(bound, select, consumed))

    def read_all(snapshot: Snapshot) -> list[object]:
        return [get(snapshot) for get in getters]

    found = await dynamodb.db.read(read_all)
    result: Result = {"Responses": [{} if item is None else {"Item": item} for item in found]}
    capacity = request.get("ReturnConsumedCapacity")
    if capacity is not None and wants_capacity(capacity):
        result["ConsumedCapacity"] = [each.describe(capacity, kind="Read") for each in usage.values()]
    return result


def _check_single_read(bound: Bound, select: Select) -> None:
    if select.index is not None:
        raise ValidationException("Reads on indices are not supported within transactions.")
    if not has_whole_key(bound.table, select.where, bound.values):
        raise ValidationException(
            "Select statements within ExecuteTransaction must specify the primary key in the where clause."
        )
