"""TransactWriteItems and TransactGetItems: all or nothing, with a reason for each item."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypedDict

import orjson

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import (
    ConditionalCheckFailedException,
    IdempotentParameterMismatchException,
    TransactionCanceledException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.capacity import Consumed, read_units
from homeport.aws.services.dynamodb.model.expressions.projections import CompiledProjection
from homeport.aws.services.dynamodb.model.item_keys import EmptyKey, key_of_key
from homeport.aws.services.dynamodb.model.schema import Table
from homeport.aws.services.dynamodb.operations.items import Result, check_projection, read_get
from homeport.aws.services.dynamodb.operations.metering import (
    collection_metrics,
    count_write,
    wants_capacity,
    wants_collections,
)
from homeport.aws.services.dynamodb.operations.pages import Effort, read_with_effort, shown
from homeport.aws.services.dynamodb.operations.parameters import ItemRequest
from homeport.aws.services.dynamodb.operations.writes import (
    Outcome,
    Write,
    perform,
    place,
    read_delete,
    read_in_time,
    read_put,
    read_update,
)
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.aws.services.dynamodb.store import items, tokens
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx

MAX_TRANSACTION_BYTES: Final = 4 << 20
_SEVERAL_ON_ONE: Final = "Transaction request cannot include multiple operations on one item"
_ONE_ACTION: Final = "TransactItems can only contain one of Check, Put, Update or Delete"
_TOO_LARGE: Final = "Transaction exceeds the aggregate size limit of 4MB"
_NO_REASON: Final[dict[str, object]] = {"Code": "None"}


class TransactWriteRequest(TypedDict, total=False):
    """The parameters of TransactWriteItems."""

    TransactItems: list[dict[str, ItemRequest]]
    ClientRequestToken: str
    ReturnConsumedCapacity: str
    ReturnItemCollectionMetrics: str


class TransactGetRequest(TypedDict, total=False):
    """The parameters of TransactGetItems."""

    TransactItems: list[dict[str, ItemRequest]]
    ReturnConsumedCapacity: str


@dataclass(slots=True)
class Step:
    """One write of a transaction; `misfit` says why its table cannot take it."""

    table: Table
    write: Write
    key: bytes = b""
    misfit: ValidationException | None = None


_READERS: Final[dict[str, Callable[[ItemRequest], Write]]] = {
    "Put": read_put,
    "Update": read_update,
    "Delete": read_delete,
    "ConditionCheck": lambda request: read_delete(request, "check"),
}


async def transact_write_items(dynamodb: DynamoDb, call: Call, request: TransactWriteRequest) -> Result:
    """Do up to 100 writes and checks in one step, or none of them.

    Spec: DynamoDB API reference, TransactWriteItems.
    """
    digest = _digest(request) if request.get("ClientRequestToken") else b""
    writes = await read_in_time(request["TransactItems"], _read_element)
    steps = [
        step_of(await dynamodb.table(call, each["TableName"]), write)
        for element, write in zip(request["TransactItems"], writes, strict=True)
        for each in element.values()
    ]
    check_distinct(steps)
    if sum(step.write.size for step in steps) > MAX_TRANSACTION_BYTES:
        raise ValidationException(_TOO_LARGE)
    at = dynamodb.clock.now()

    def write(tx: Tx) -> Result:
        if request.get("ClientRequestToken") and repeats(tx, call, request["ClientRequestToken"], digest, at):
            outcomes = [_seen(tx, step) for step in steps]
            return _answer(tx, request, steps, outcomes, repeated=True)
        current = [fresh(tx, dynamodb, step) for step in steps]
        return _answer(tx, request, current, perform_all(tx, current, at))

    result = await dynamodb.db.write(write)
    wake(dynamodb, steps)
    return result


def wake(dynamodb: DynamoDb, steps: Sequence[Step]) -> None:
    """Let those look who read the changed tables' streams."""
    for table in {step.table.id: step.table for step in steps if step.table.log_changes}.values():
        dynamodb.wake_readers(table)


def _digest(request: TransactWriteRequest) -> bytes:
    # Before the values are normalised: the same bytes are the same request.
    return sha256(orjson.dumps(request["TransactItems"], option=orjson.OPT_SORT_KEYS)).digest()


def repeats(tx: Tx, call: Call, token: str, digest: bytes, at: Millis) -> bool:
    """Whether the request has been done before; else remember it.

    Raises:
        IdempotentParameterMismatchException: another request had the token.
    """
    known = tokens.recall(tx, call.account, call.region, token, at)
    if known is None:
        tokens.remember(tx, call.account, call.region, token, digest, at)
        return False
    if known != digest:
        raise IdempotentParameterMismatchException("The provided idempotency token was used with a different request")
    return True


def _read_element(element: dict[str, ItemRequest]) -> Write:
    if len(element) != 1:
        raise ValidationException(_ONE_ACTION)
    ((action, request),) = element.items()
    return _READERS[action](request)


def step_of(table: Table, write: Write) -> Step:
    """A write of a transaction.

    Raises:
        ValidationException: a key is empty; other misfits are told when the transaction is cancelled.
    """
    try:
        return Step(table, write, place(write, table))
    except EmptyKey:
        raise
    except ValidationException as error:
        return Step(table, write, misfit=error)


def fresh(tx: Tx, dynamodb: DynamoDb, step: Step) -> Step:
    """The same, with its table as it is in the transaction."""
    table = dynamodb.tables.fresh(tx, step.table)
    return step if table is step.table else step_of(table, step.write)


def check_distinct(steps: Sequence[Step]) -> None:
    """Refuse two steps of a transaction on one item."""
    places = {(step.table.data_id, step.key) for step in steps if step.misfit is None}
    if len(places) < sum(step.misfit is None for step in steps):
        raise ValidationException(_SEVERAL_ON_ONE)


def perform_all(tx: Tx, steps: Sequence[Step], at: Millis) -> list[Outcome]:
    """Do all steps.

    Raises:
        TransactionCanceledException: one of them could not be done; the caller's transaction takes back the others.
    """
    outcomes: list[Outcome] = []
    reasons: list[dict[str, object]] = []
    for step in steps:
        try:
            if step.misfit is not None:
                raise step.misfit
            outcomes.append(perform(tx, step.table, step.key, step.write, at))
            reasons.append(_NO_REASON)
        except ConditionalCheckFailedException as error:
            reasons.append({"Code": "ConditionalCheckFailed", "Message": error.message, **error.extra})
        except EmptyKey:
            raise
        except ValidationException as error:
            reasons.append({"Code": "ValidationError", "Message": error.message})
    if len(outcomes) < len(steps):
        raise TransactionCanceledException(reasons)
    return outcomes


def _seen(tx: Tx, step: Step) -> Outcome:
    row = items.find(tx, step.table.data_id, step.key)
    return Outcome(row, None if row is None else row.blob, size=0 if row is None else row.size)


def _answer(
    tx: Tx,
    request: TransactWriteRequest,
    steps: Sequence[Step],
    outcomes: Sequence[Outcome],
    *,
    repeated: bool = False,
) -> Result:
    result: Result = {}
    capacity = request.get("ReturnConsumedCapacity")
    if capacity is not None and wants_capacity(capacity):
        result["ConsumedCapacity"] = consumption(steps, outcomes, capacity, repeated=repeated)
    metrics: dict[str, list[object]] = {}
    for step in steps:
        if step.write.kind != "check" and wants_collections(request.get("ReturnItemCollectionMetrics"), step.table):
            metrics.setdefault(step.table.name, []).append(collection_metrics(tx, step.table, step.write.item))
    if metrics:
        result["ItemCollectionMetrics"] = metrics
    return result


def consumption(
    steps: Sequence[Step], outcomes: Sequence[Outcome], wanted: str, *, repeated: bool = False
) -> list[dict[str, object]]:
    """`ConsumedCapacity` of each table of a transaction; a repetition only reads."""
    by_table: dict[int, Consumed] = {}
    for step, outcome in zip(steps, outcomes, strict=True):
        consumed = by_table.setdefault(step.table.id, Consumed(step.table.name))
        if repeated:
            consumed.units += read_units(outcome.size, consistent=True, transactional=True)
        else:
            count_write(consumed, step.table, outcome, transactional=True)
    kind = "Read" if repeated else "Write"
    return [consumed.describe(wanted, kind=kind) for consumed in by_table.values()]


async def transact_get_items(dynamodb: DynamoDb, call: Call, request: TransactGetRequest) -> Result:
    """Read up to 100 items as they are at one moment.

    Spec: DynamoDB API reference, TransactGetItems.
    """
    gets: list[_Get] = []
    reasons: list[dict[str, object]] = []
    for element in request["TransactItems"]:
        get = element["Get"]
        projection = read_get(get)
        table = await dynamodb.table(call, get["TableName"])
        check_projection(table, projection)
        key, reason = _get_key(table, get)
        gets.append((table, key, projection))
        reasons.append(reason)
    if any(reason is not _NO_REASON for reason in reasons):
        raise TransactionCanceledException(reasons)
    if len({(table.data_id, key) for table, key, _ in gets}) < len(gets):
        raise ValidationException(_SEVERAL_ON_ONE)
    capacity = request.get("ReturnConsumedCapacity")
    return await read_with_effort(dynamodb.db, lambda snapshot, effort: _read_all(snapshot, gets, capacity, effort))


_Get = tuple[Table, bytes, CompiledProjection | None]


def _read_all(snapshot: Snapshot, gets: Sequence[_Get], capacity: str | None, effort: Effort) -> Result:
    responses: list[dict[str, object]] = []
    usage: dict[int, Consumed] = {}
    room = MAX_TRANSACTION_BYTES
    for table, key, projection in gets:
        row = items.find(snapshot, table.data_id, key)
        size = 0 if row is None else row.size
        room -= size
        if room < 0:
            raise ValidationException(_TOO_LARGE)
        consumed = usage.setdefault(table.id, Consumed(table.name))
        consumed.units += read_units(size, consistent=True, transactional=True)
        # Where nothing of an item is wanted, none is told.
        item = None if row is None else shown(row, projection, effort)
        responses.append({"Item": item} if item else {})
    result: Result = {"Responses": responses}
    if capacity is not None and wants_capacity(capacity):
        result["ConsumedCapacity"] = [each.describe(capacity, kind="Read") for each in usage.values()]
    return result


def _get_key(table: Table, get: ItemRequest) -> tuple[bytes, dict[str, object]]:
    """Where the item is, or why that cannot be told."""
    try:
        return key_of_key(table, get["Key"]), _NO_REASON
    except EmptyKey:
        raise
    except ValidationException as error:
        return b"", {"Code": "ValidationError", "Message": error.message}
