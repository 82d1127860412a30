"""What of a WHERE clause is key, and what is condition."""

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Final

from homeport.aws.services.dynamodb.errors import INVALID, ValidationException
from homeport.aws.services.dynamodb.model.expressions.evaluate import CompiledCondition, compile_condition
from homeport.aws.services.dynamodb.model.expressions.key_conditions import KeyCondition
from homeport.aws.services.dynamodb.model.expressions.nodes import (
    And,
    Between,
    Call,
    Comparison,
    Condition,
    Constant,
    Membership,
    Operand,
    Path,
    ValueRef,
)
from homeport.aws.services.dynamodb.model.query_plan import Span, plan
from homeport.aws.services.dynamodb.model.schema import Index, KeyAttribute, Table
from homeport.aws.services.dynamodb.model.values import Item, Value, kind

_OPERATORS: Final = {"=": "EQ", "<": "LT", "<=": "LE", ">": "GT", ">=": "GE"}
_MIRRORED: Final = {"=": "EQ", "<": "GT", "<=": "GE", ">": "LT", ">=": "LE"}
INCOMPLETE_KEY: Final = "Where clause does not contain a mandatory equality on all key attributes"
_MAX_SPANS: Final = 50

Values = Mapping[str, Value]


def conjuncts(condition: Condition | None) -> Iterator[Condition]:
    """The parts that must all hold."""
    if isinstance(condition, And):
        yield from conjuncts(condition.left)
        yield from conjuncts(condition.right)
    elif condition is not None:
        yield condition


def compile_where(condition: Condition | None, values: Values) -> CompiledCondition | None:
    """A WHERE clause as a condition on items."""
    if condition is None:
        return None
    compiled = compile_condition(
        condition, "", {}, {name: kind(value) for name, value in values.items()}, reserved=False
    )
    compiled.check(values)
    return compiled


def _value(operand: Operand, values: Values) -> Value | None:
    if isinstance(operand, Constant):
        return operand.value
    return values[operand.name] if isinstance(operand, ValueRef) else None


def _name(operand: Operand) -> str | None:
    return str(operand.parts[0]) if isinstance(operand, Path) and len(operand.parts) == 1 else None


def _key_condition(condition: Condition, values: Values) -> tuple[str, KeyCondition] | None:
    """A condition that an index could answer: the attribute's name, and what it has to be."""
    match condition:
        case Comparison(operator, left, right) if operator in _OPERATORS:
            for path, other, names in ((left, right, _OPERATORS), (right, left, _MIRRORED)):
                name, value = _name(path), _value(other, values)
                if name is not None and value is not None:
                    return name, KeyCondition(names[operator], (value,))
        case Between(operand, low, high):
            name, first, last = _name(operand), _value(low, values), _value(high, values)
            if name is not None and first is not None and last is not None:
                return name, KeyCondition("BETWEEN", (first, last))
        case Call("begins_with", (path, prefix)):
            name, value = _name(path), _value(prefix, values)
            if name is not None and value is not None:
                return name, KeyCondition("BEGINS_WITH", (value,))
        case _:
            pass
    return None


def spans(table: Table, index: Index | None, where: Condition | None, values: Values) -> list[Span] | None:
    """The runs of keys that a SELECT has to read; None is the whole table or index.

    Raises:
        ValidationException: a key is compared with a value of another type.
    """
    hashes = index.hash if index is not None else (table.hash,)
    ranges = index.range if index is not None else table.keys[1:]
    found: dict[str, KeyCondition] = {}
    for part in conjuncts(where):
        keyed = _key_condition(part, values)
        if keyed is not None:
            found.setdefault(*keyed)
    choices = _choices(hashes, found, where, values)
    if choices is None:
        return None
    usable = _usable(ranges, found)
    return [plan(table, index, {**choice, **usable}) for choice in choices]


def _choices(
    hashes: tuple[KeyAttribute, ...], found: Mapping[str, KeyCondition], where: Condition | None, values: Values
) -> list[dict[str, KeyCondition]] | None:
    """Equalities on the partition key: one for each partition that is to be read."""
    equal = {key.name: found[key.name] for key in hashes if key.name in found and found[key.name].operator == "EQ"}
    if len(equal) == len(hashes):
        _check_types(hashes, equal)
        return [equal]
    if len(hashes) > 1:
        return None
    for part in conjuncts(where):
        if isinstance(part, Membership) and _name(part.operand) == hashes[0].name:
            wanted = [_value(option, values) for option in part.options]
            members = [value for value in wanted if value is not None and hashes[0].type in value]
            if len(members) == len(wanted) <= _MAX_SPANS:
                unique = {str(value): value for value in members}
                return [{hashes[0].name: KeyCondition("EQ", (value,))} for value in unique.values()]
    return None


def _check_types(keys: tuple[KeyAttribute, ...], conditions: Mapping[str, KeyCondition]) -> None:
    for key in keys:
        if any(key.type not in value for value in conditions[key.name].values):
            raise ValidationException(f"{INVALID}Condition parameter type does not match schema type")


def _usable(ranges: tuple[KeyAttribute, ...], found: Mapping[str, KeyCondition]) -> dict[str, KeyCondition]:
    """Conditions on the sort key, up to and with the first that is no equality."""
    usable: dict[str, KeyCondition] = {}
    for key in ranges:
        condition = found.get(key.name)
        if condition is None or any(key.type not in value for value in condition.values):
            break
        usable[key.name] = condition
        if condition.operator != "EQ":
            break
    return usable


def split_key(table: Table, where: Condition | None, values: Values) -> tuple[Item, Condition | None]:
    """The key that a WHERE clause names, and what else it demands.

    Raises:
        ValidationException: it names no whole key.
    """
    key: Item = {}
    rest: list[Condition] = []
    for part in conjuncts(where):
        keyed = _key_condition(part, values)
        if keyed is None or keyed[0] not in table.key_names or keyed[1].operator != "EQ":
            rest.append(part)
            continue
        name, condition = keyed
        if name in key:
            raise ValidationException(
                f"Multiple conditions on same key {name}. Only single item Update/Insert/Delete are supported"
            )
        key[name] = condition.values[0]
    if key.keys() != table.key_names:
        raise ValidationException(INCOMPLETE_KEY)
    _check_types(table.keys, {name: KeyCondition("EQ", (value,)) for name, value in key.items()})
    return key, reduce(And, rest) if rest else None


def has_whole_key(table: Table, where: Condition | None, values: Values) -> bool:
    """Whether a WHERE clause names one item."""
    try:
        split_key(table, where, values)
    except ValidationException:
        return False
    return True
