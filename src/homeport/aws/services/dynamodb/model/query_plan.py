"""Which run of bytes in a table's or an index's order a query reads, and where a page begins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from homeport.aws.services.dynamodb.errors import INVALID, ValidationException
from homeport.aws.services.dynamodb.model import keys
from homeport.aws.services.dynamodb.model.expressions.key_conditions import KeyCondition, KeyConditions
from homeport.aws.services.dynamodb.model.item_keys import index_entry, key_of_key
from homeport.aws.services.dynamodb.model.schema import Index, KeyAttribute, Table
from homeport.aws.services.dynamodb.model.values import Item, Value, compare, equal

_UNINDEXABLE = frozenset({"NULL", "NOT_NULL", "NE", "CONTAINS", "NOT_CONTAINS", "IN"})
_OUTSIDE = "The provided starting key is outside query boundaries based on provided conditions"
_INVALID_START = "The provided starting key is invalid"


@dataclass(frozen=True, slots=True)
class Span:
    """A run of keys: from `low`, up to but without `high`."""

    low: bytes
    high: bytes


def plan(table: Table, index: Index | None, conditions: KeyConditions) -> Span:
    """The run that the conditions ask for.

    Raises:
        ValidationException: they are not what the key schema can answer.
    """
    hashes = index.hash if index is not None else (table.hash,)
    ranges = index.range if index is not None else table.keys[1:]
    _check(hashes, ranges, conditions)
    prefix = keys.partition([keys.scalar_bytes(conditions[key.name].values[0]) for key in hashes])
    last: KeyCondition | None = None
    for key in ranges:
        condition = conditions.get(key.name)
        if condition is None:
            break
        if last is not None:
            # Only the last condition may be other than an equality: the ones before it lengthen the prefix.
            prefix += keys.terminated(keys.scalar_bytes(last.values[0]))
        last = condition
    if last is None:
        return Span(prefix, keys.after(prefix))
    return _narrow(prefix, last, _IN_INDEX if index is not None else _IN_TABLE)


def _check(hashes: Sequence[KeyAttribute], ranges: Sequence[KeyAttribute], conditions: KeyConditions) -> None:
    known = {key.name for key in (*hashes, *ranges)}
    if not ranges and len(conditions) > len(hashes):
        raise ValidationException("Query key condition not supported")
    for key in hashes:
        if key.name not in conditions:
            raise ValidationException(f"Query condition missed key schema element: {key.name}")
    unknown = conditions.keys() - known
    if unknown:
        missing = next((key.name for key in ranges if key.name not in conditions), None)
        if missing is None:
            raise ValidationException("Query key condition not supported")
        raise ValidationException(f"Query condition missed key schema element: {missing}")
    _check_gaps(ranges, conditions)
    for key in (*hashes, *ranges):
        if key.name in conditions:
            _check_condition(key, conditions[key.name], equality=key in hashes)


def _check_gaps(ranges: Sequence[KeyAttribute], conditions: KeyConditions) -> None:
    """Conditions on a multi-attribute sort key: equalities from the left, anything else only on the last."""
    loose: list[str] = []
    for key in ranges:
        condition = conditions.get(key.name)
        if condition is not None and loose:
            raise ValidationException(
                f"RANGE key attributes {', '.join(loose)} must have equality conditions specified in the query "
                f"because a condition is present on key attribute {key.name}"
            )
        if condition is None or condition.operator != "EQ":
            loose.append(key.name)


def _check_condition(key: KeyAttribute, condition: KeyCondition, *, equality: bool) -> None:
    if condition.operator in _UNINDEXABLE:
        raise ValidationException("Attempted conditional constraint is not an indexable operation")
    if any(key.type not in value for value in condition.values):
        raise ValidationException(f"{INVALID}Condition parameter type does not match schema type")
    if equality and condition.operator != "EQ":
        raise ValidationException("Query key condition not supported")
    if key.type != "N" and condition.operator == "EQ" and not keys.scalar_bytes(condition.values[0]):
        kind = "string" if key.type == "S" else "binary"
        raise ValidationException(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            f"empty {kind} value. Key: {key.name}"
        )
    if condition.operator == "BETWEEN" and (compare(*condition.values) or 0) > 0:
        raise ValidationException(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
        )


@dataclass(frozen=True, slots=True)
class _Order:
    """How sort keys lie in an order: `start` and `end` of one key's items, `stem` of all that begin with it."""

    start: Callable[[bytes], bytes]
    end: Callable[[bytes], bytes]
    stem: Callable[[bytes], bytes]


# In a table the sort key is the last part, so the first bytes behind a key's one item are its own and a zero.
_IN_TABLE = _Order(lambda part: part, lambda part: part + b"\x00", lambda part: part)
_IN_INDEX = _Order(keys.terminated, lambda part: keys.after(keys.terminated(part)), keys.escaped)


def _narrow(prefix: bytes, condition: KeyCondition, order: _Order) -> Span:
    parts = [keys.scalar_bytes(value) for value in condition.values]
    first, last = parts[0], parts[-1]
    low, high = prefix, keys.after(prefix)
    match condition.operator:
        case "EQ" | "BETWEEN":
            low, high = prefix + order.start(first), prefix + order.end(last)
        case "LT":
            high = prefix + order.start(first)
        case "LE":
            high = prefix + order.end(first)
        case "GT":
            low = prefix + order.end(first)
        case "GE":
            low = prefix + order.start(first)
        case _:
            stem = prefix + order.stem(first)
            low, high = stem, keys.after(stem)
    return Span(low, high)


def start_position(table: Table, index: Index | None, start: Item) -> bytes:
    """Where a page goes on: the place of the item that `ExclusiveStartKey` names.

    Raises:
        ValidationException: it is not exactly the key attributes of table and index.
    """
    names = set(table.key_names)
    if index is not None:
        names |= {key.name for key in index.keys}
    if start.keys() != names:
        raise ValidationException(
            _INVALID_START
            if index is not None
            else f"{_INVALID_START}: The provided key element does not match the schema"
        )
    try:
        table_key = key_of_key(table, {key.name: start[key.name] for key in table.keys})
    except ValidationException as error:
        raise ValidationException(f"{_INVALID_START}: {error.message}") from error
    if index is None:
        return table_key
    entry = index_entry(index, start, table_key)
    if entry is None:
        raise ValidationException(_INVALID_START)
    return entry


def check_start(table: Table, index: Index | None, start: Mapping[str, Value], conditions: KeyConditions) -> None:
    """Refuse a starting key that the query could not have given out.

    Raises:
        ValidationException: it lies outside of the conditions.
    """
    hashes = index.hash if index is not None else (table.hash,)
    ranges = index.range if index is not None else table.keys[1:]
    outside = any(not equal(start[key.name], conditions[key.name].values[0]) for key in hashes)
    conditioned = [key for key in ranges if key.name in conditions]
    if not conditioned:
        if outside:
            raise ValidationException(_OUTSIDE)
        return
    if not all(satisfies(start[key.name], conditions[key.name]) for key in conditioned):
        raise ValidationException("The provided starting key does not match the range key predicate")
    if outside:
        raise ValidationException("The query can return at most one row and cannot be restarted")


def satisfies(value: Value, condition: KeyCondition) -> bool:
    """Whether a key attribute's value is what a condition asks for."""
    if condition.operator == "BEGINS_WITH":
        return keys.scalar_bytes(value).startswith(keys.scalar_bytes(condition.values[0]))
    orders = [compare(value, wanted) for wanted in condition.values]
    if any(order is None for order in orders):
        return False
    first, last = orders[0] or 0, orders[-1] or 0
    holds = {
        "EQ": first == 0,
        "LT": first < 0,
        "LE": first <= 0,
        "GT": first > 0,
        "GE": first >= 0,
        "BETWEEN": first >= 0 >= last,
    }
    return holds[condition.operator]
