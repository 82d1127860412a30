"""Query and Scan."""

from collections.abc import Callable, Mapping

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import INVALID, ValidationException
from homeport.aws.services.dynamodb.model import keys
from homeport.aws.services.dynamodb.model.checking import check_value
from homeport.aws.services.dynamodb.model.expressions.evaluate import CompiledCondition
from homeport.aws.services.dynamodb.model.expressions.key_conditions import KeyConditions, read_key_conditions
from homeport.aws.services.dynamodb.model.expressions.projections import CompiledProjection
from homeport.aws.services.dynamodb.model.legacy import (
    LegacyCondition,
    check_conditions,
    compile_legacy,
    key_conditions,
)
from homeport.aws.services.dynamodb.model.query_plan import Span, check_start, plan, start_position
from homeport.aws.services.dynamodb.model.schema import Index, Table
from homeport.aws.services.dynamodb.model.values import Item, Value
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.operations.metering import wants_capacity
from homeport.aws.services.dynamodb.operations.pages import (
    Page,
    Reading,
    check_filter_projected,
    consumed_by,
    read_in_time,
)
from homeport.aws.services.dynamodb.operations.parameters import (
    ItemRequest,
    Placeholders,
    check_attributes_to_get,
    check_styles,
    read_projection,
)
from homeport.aws.services.dynamodb.operations.writes import check_nested
from homeport.aws.services.dynamodb.room import DynamoDb

_PREFIX = "The provided starting key is invalid: "


async def query(dynamodb: DynamoDb, call: Call, request: ItemRequest) -> Result:
    """Read items of one partition, in the order of their sort keys.

    Spec: DynamoDB API reference, Query.
    """
    check_styles(
        request,
        ("ProjectionExpression", "FilterExpression", "KeyConditionExpression"),
        ("AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"),
    )
    check_conditions(request.get("QueryFilter", {}))
    check_attributes_to_get(request)
    _check_start_values(request)
    placeholders = Placeholders(request)
    conditions = _key_conditions(request, placeholders)
    keep = _filter(request, placeholders, "QueryFilter")
    projection = read_projection(request, placeholders)
    placeholders.check_all_used()
    check_conditions(request.get("KeyConditions", {}))
    table = await dynamodb.table(call, request["TableName"])
    index = find_index(table, request)
    span = plan(table, index, conditions)
    start = _start(table, index, request)
    if start is not None:
        check_start(table, index, request["ExclusiveStartKey"], conditions)
    _check_filter(table, index, keep, legacy="QueryFilter" in request)
    check_filter_projected(index, keep)
    reading = _reading(request, table, index, span, start, keep, projection, placeholders.values)
    return answer(request, reading, await read_in_time(dynamodb.db, reading))


async def scan(dynamodb: DynamoDb, call: Call, request: ItemRequest) -> Result:
    """Read a table or an index from one end to the other, or one of several segments of it.

    Spec: DynamoDB API reference, Scan.
    """
    check_styles(
        request,
        ("ProjectionExpression", "FilterExpression"),
        ("AttributesToGet", "ScanFilter", "ConditionalOperator"),
    )
    check_attributes_to_get(request)
    check_conditions(request.get("ScanFilter", {}))
    _check_start_values(request)
    _check_segments(request)
    placeholders = Placeholders(request)
    keep = _filter(request, placeholders, "ScanFilter")
    projection = read_projection(request, placeholders)
    placeholders.check_all_used()
    table = await dynamodb.table(call, request["TableName"])
    index = find_index(table, request)
    span = _segment(request)
    start = _start(table, index, request)
    if start is not None and not span.low <= start < span.high:
        raise ValidationException(
            f"{_PREFIX}Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
            f"TotalSegments: {request.get('TotalSegments', 1)} Segment: {request.get('Segment', 0)}"
        )
    reading = _reading(request, table, index, span, start, keep, projection, placeholders.values)
    return answer(request, reading, await read_in_time(dynamodb.db, reading))


def _check_start_values(request: ItemRequest) -> None:
    for value in request.get("ExclusiveStartKey", {}).values():
        try:
            check_value(value)
        except ValidationException as error:
            # Some messages stand alone, for whatever reason.
            alone = (
                "contains duplicates",
                "number set",
                "numeric value",
                "significant digits",
                "number with magnitude",
            )
            prefix = "" if any(words in error.message for words in alone) else _PREFIX
            raise ValidationException(prefix + error.message) from error


def _check_segments(request: ItemRequest) -> None:
    segment, total = request.get("Segment"), request.get("TotalSegments")
    if segment is not None and total is None:
        raise ValidationException(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter "
            "is present"
        )
    if total is not None and segment is None:
        raise ValidationException(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments "
            "is present"
        )
    if segment is not None and total is not None and segment >= total:
        raise ValidationException(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {segment} is not less than TotalSegments: {total}"
        )


def _segment(request: ItemRequest) -> Span:
    low, high = keys.segment_bounds(request.get("Segment", 0), request.get("TotalSegments", 1))
    return Span(low if request.get("Segment") else b"", high)


def _key_conditions(request: ItemRequest, placeholders: Placeholders) -> KeyConditions:
    text = request.get("KeyConditionExpression")
    if text is None:
        legacy: Mapping[str, LegacyCondition] | None = request.get("KeyConditions")
        if legacy is None:
            raise ValidationException(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
            )
        if len(legacy) not in {1, 2}:
            raise ValidationException("Conditions can be of length 1 or 2 only")
        return key_conditions(legacy)
    placeholders.condition(text, "KeyConditionExpression")
    return read_key_conditions(text, placeholders.names, placeholders.values)


def _filter(request: ItemRequest, placeholders: Placeholders, legacy: str) -> CompiledCondition | None:
    text = request.get("FilterExpression")
    if text is not None:
        return placeholders.condition(text, "FilterExpression")
    conditions = request.get("QueryFilter") if legacy == "QueryFilter" else request.get("ScanFilter")
    if not conditions:
        if "ConditionalOperator" in request:
            raise ValidationException("ConditionalOperator cannot be used without Filter or Expected")
        return None
    return compile_legacy(conditions, request.get("ConditionalOperator", "AND"), "FilterExpression")


def find_index(table: Table, request: ItemRequest) -> Index | None:
    """The index that a request names.

    Raises:
        ValidationException: there is none, or it cannot be read that way.
    """
    name = request.get("IndexName")
    if name is None:
        return None
    index = table.by_name.get(name)
    if index is None:
        raise ValidationException(f"The table does not have the specified index: {name}")
    if not index.local and request.get("ConsistentRead"):
        raise ValidationException("Consistent reads are not supported on global secondary indexes")
    if not index.active:
        raise ValidationException(f"Cannot read from backfilling global secondary index: {name}")
    return index


def _start(table: Table, index: Index | None, request: ItemRequest) -> bytes | None:
    start = request.get("ExclusiveStartKey")
    return None if start is None else start_position(table, index, start)


def _check_filter(table: Table, index: Index | None, keep: CompiledCondition | None, *, legacy: bool) -> None:
    if keep is None:
        return
    attributes = table.keys if index is None else index.keys
    for attribute in attributes:
        if attribute.name in keep.heads:
            kind = "QueryFilter" if legacy else "Filter Expression"
            raise ValidationException(
                f"{kind} can only contain non-primary key attributes: Primary key attribute: {attribute.name}"
            )


def _reading(
    request: ItemRequest,
    table: Table,
    index: Index | None,
    span: Span,
    start: bytes | None,
    keep: CompiledCondition | None,
    projection: CompiledProjection | None,
    values: Mapping[str, Value],
) -> Reading:
    nested = (projection.nested if projection else frozenset()) | (keep.nested if keep else frozenset())
    if nested:
        check_nested(table, nested)
    fetch = _select(request, index, projection)
    return Reading(
        table,
        index,
        span,
        start,
        backward=not request.get("ScanIndexForward", True),
        limit=request.get("Limit"),
        fetch=fetch,
        keep=None if keep is None else _keeper(keep, values),
        cut=projection,
        count_only=request.get("Select") == "COUNT",
        consistent=request.get("ConsistentRead", False),
    )


def _keeper(keep: CompiledCondition, values: Mapping[str, Value]) -> Callable[[Item], bool]:
    test = keep.test
    return lambda item: test(item, values)


def _select(request: ItemRequest, index: Index | None, projection: CompiledProjection | None) -> bool:
    """Check `Select` against the rest; whether whole items are wanted from an index that does not show them."""
    wanted = request.get("Select")
    if wanted == "SPECIFIC_ATTRIBUTES" and projection is None:
        raise ValidationException(
            f"{INVALID}Must specify the AttributesToGet or ProjectionExpression when choosing to get "
            "SPECIFIC_ATTRIBUTES"
        )
    if projection is not None and wanted not in {None, "SPECIFIC_ATTRIBUTES"}:
        given = "ProjectionExpression" if "ProjectionExpression" in request else "AttributesToGet"
        chosen = "only the Count" if wanted == "COUNT" else str(wanted)
        raise ValidationException(f"{INVALID}Cannot specify the {given} when choosing to get {chosen}")
    if index is None:
        if wanted == "ALL_PROJECTED_ATTRIBUTES":
            raise ValidationException(
                f"{INVALID}ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
            )
        return False
    if index.projected is None:
        return False
    missing = [] if projection is None else sorted(projection.heads - index.projected)
    if not index.local:
        _refuse_unprojected(index, wanted, missing)
    return wanted == "ALL_ATTRIBUTES" or bool(missing)


def _refuse_unprojected(index: Index, wanted: str | None, missing: list[str]) -> None:
    if wanted == "ALL_ATTRIBUTES":
        raise ValidationException(
            f"{INVALID}Select type ALL_ATTRIBUTES is not supported for global secondary index "
            f"{index.name} because its projection type is not ALL"
        )
    if missing:
        raise ValidationException(
            f"{INVALID}Global secondary index {index.name} does not project [{', '.join(missing)}]"
        )


def answer(request: ItemRequest, reading: Reading, page: Page) -> Result:
    """The result of a query or a scan."""
    result: Result = {"Count": page.count, "ScannedCount": page.scanned}
    if not reading.count_only:
        result["Items"] = page.items
    if page.last is not None:
        result["LastEvaluatedKey"] = page.last
    capacity = request.get("ReturnConsumedCapacity")
    if capacity is not None and wants_capacity(capacity):
        result["ConsumedCapacity"] = consumed_by(reading, page).describe(capacity)
    return result
