"""ExecuteStatement, BatchExecuteStatement."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, TypedDict

from homeport.aws.call import Call
from homeport.aws.errors import AwsError
from homeport.aws.services.dynamodb.errors import (
    ValidationException,
)
from homeport.aws.services.dynamodb.model.capacity import Consumed
from homeport.aws.services.dynamodb.model.partiql.parser import prepare
from homeport.aws.services.dynamodb.model.partiql.planning import has_whole_key
from homeport.aws.services.dynamodb.model.partiql.statements import (
    Delete,
    Exists,
    Select,
    Statement,
    Update,
)
from homeport.aws.services.dynamodb.operations.items import RETURNS, Result
from homeport.aws.services.dynamodb.operations.metering import count_write, wants_capacity
from homeport.aws.services.dynamodb.operations.partiql_statements import (
    Bound,
    StatementRequest,
    bind_statement,
    getter,
    run_write,
)
from homeport.aws.services.dynamodb.operations.selecting import bind, read
from homeport.aws.services.dynamodb.operations.writes import Outcome, Write
from homeport.aws.services.dynamodb.room import DynamoDb

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


class BatchStatementsRequest(TypedDict, total=False):
    """The parameters of BatchExecuteStatement."""

    Statements: list[StatementRequest]
    ReturnConsumedCapacity: str


def _check_no_exists(statement: Statement) -> None:
    if isinstance(statement, Exists):
        raise ValidationException("EXISTS can only be used in ExecuteTransaction write requests.")


async def execute_statement(dynamodb: DynamoDb, call: Call, request: StatementRequest) -> Result:
    """Run one PartiQL statement.

    Spec: DynamoDB API reference, ExecuteStatement.
    """
    bound = await bind_statement(dynamodb, call, request)
    _check_no_exists(bound.statement)
    if isinstance(bound.statement, Select):
        return await _select(dynamodb, bound, bound.statement)
    write, outcome = await run_write(dynamodb, bound)
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


async def _select(dynamodb: DynamoDb, bound: Bound, select: Select) -> Result:
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
        bound = await bind_statement(dynamodb, call, request)
        response["TableName"] = bound.table.name
        consumed = usage.setdefault(bound.table.name, Consumed(bound.table.name))
        if isinstance(bound.statement, Select):
            if bound.statement.index is not None or not has_whole_key(bound.table, bound.statement.where, bound.values):
                raise ValidationException(_NO_KEY_IN_BATCH)
            found = await dynamodb.db.read(getter(bound, bound.statement, consumed))
            if found is not None:
                response["Item"] = found
            return response
        _check_no_exists(bound.statement)
        write, outcome = await run_write(dynamodb, bound)
        count_write(consumed, bound.table, outcome)
        returned = _returned(bound.statement, write, outcome)
        if returned:
            response["Item"] = returned[0]
    except AwsError as error:
        code = _BATCH_CODES.get(error.code, error.code)
        response["Error"] = {"Code": code, "Message": error.message, **error.extra}
    return response
