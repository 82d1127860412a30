"""The conditions and updates of before 2014 (`Expected`, `KeyConditions`, `AttributeUpdates`) as today's nodes."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Final, TypedDict, cast

from homeport.aws.services.dynamodb.errors import INVALID, ValidationException
from homeport.aws.services.dynamodb.model.checking import check_value
from homeport.aws.services.dynamodb.model.expressions.evaluate import CompiledCondition, compile_condition
from homeport.aws.services.dynamodb.model.expressions.key_conditions import KeyCondition
from homeport.aws.services.dynamodb.model.expressions.nodes import (
    Action,
    And,
    Between,
    Call,
    Comparator,
    Comparison,
    Condition,
    Constant,
    Membership,
    Not,
    Or,
    Path,
)
from homeport.aws.services.dynamodb.model.values import SCALARS, SETS, Value, compare, kind


class LegacyCondition(TypedDict, total=False):
    """An element of `KeyConditions`, `QueryFilter`, `ScanFilter`, `Expected`."""

    AttributeValueList: list[Value]
    ComparisonOperator: str
    Value: Value
    Exists: bool


class LegacyUpdate(TypedDict, total=False):
    """An element of `AttributeUpdates`."""

    Value: Value
    Action: str


TYPE_MISMATCH: Final = "Type mismatch for attribute to update"
_COMPARATORS: Final[dict[str, Comparator]] = {"EQ": "=", "NE": "<>", "LE": "<=", "LT": "<", "GE": ">=", "GT": ">"}
_COUNTS: Final = {"NULL": 0, "NOT_NULL": 0, "BETWEEN": 2, "IN": -1}
_EQUALITY_TYPES: Final = SCALARS | SETS | {"BOOL", "NULL", "L", "M"}
_TYPES: Final = {
    "EQ": _EQUALITY_TYPES,
    "NE": _EQUALITY_TYPES,
    "BEGINS_WITH": frozenset({"S", "B"}),
    "CONTAINS": SCALARS | {"BOOL", "NULL"},
    "NOT_CONTAINS": SCALARS | {"BOOL", "NULL"},
}
_BACKWARDS: Final = "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"


def check_conditions(conditions: Mapping[str, LegacyCondition]) -> None:
    """Check `KeyConditions` or a filter, and normalise its values.

    Raises:
        ValidationException: the first that is wrong.
    """
    for condition in conditions.values():
        operator, values = condition["ComparisonOperator"], condition.get("AttributeValueList", [])
        for value in values:
            check_value(value)
        _check_count(operator, len(values))
        _check_types(operator, values)


def _check_types(operator: str, values: Sequence[Value]) -> None:
    _check_same_type(values)
    allowed = _TYPES.get(operator, SCALARS)
    for value in values:
        if kind(value) not in allowed:
            raise ValidationException(
                f"{INVALID}ComparisonOperator {operator} is not valid for {kind(value)} AttributeValue type"
            )
    _check_bounds(operator, values)


def _check_count(operator: str, count: int) -> None:
    wanted = _COUNTS.get(operator, 1)
    if count != wanted and not (wanted < 0 < count):
        raise ValidationException(f"{INVALID}Invalid number of argument(s) for the {operator} ComparisonOperator")


def _check_same_type(values: Sequence[Value]) -> None:
    if len({kind(value) for value in values}) > 1:
        raise ValidationException(f"{INVALID}AttributeValues inside AttributeValueList must be of same type")


def _check_bounds(operator: str, values: Sequence[Value]) -> None:
    if operator == "BETWEEN" and (compare(values[0], values[1]) or 0) > 0:
        raise ValidationException(_BACKWARDS)


def check_expected(expected: Mapping[str, LegacyCondition]) -> None:
    """Check `Expected`, and normalise its values; errors as `check_conditions`'."""
    for name, condition in expected.items():
        if "AttributeValueList" in condition and "Value" in condition:
            raise ValidationException(
                f"{INVALID}Value and AttributeValueList cannot be used together for Attribute: {name}"
            )
        if "ComparisonOperator" in condition:
            _check_expected_operator(name, condition)
        elif "AttributeValueList" in condition:
            raise ValidationException(
                f"{INVALID}AttributeValueList can only be used with a ComparisonOperator for Attribute: {name}"
            )
        else:
            _check_existence(name, condition)


def _check_expected_operator(name: str, condition: LegacyCondition) -> None:
    operator = condition["ComparisonOperator"]
    if "Exists" in condition:
        raise ValidationException(
            f"{INVALID}Exists and ComparisonOperator cannot be used together for Attribute: {name}"
        )
    values = values_of(condition)
    if not values and operator not in {"NULL", "NOT_NULL"}:
        raise ValidationException(
            f"{INVALID}Value or AttributeValueList must be used with ComparisonOperator: {operator} "
            f"for Attribute: {name}"
        )
    _check_count(operator, len(values))
    for value in values:
        check_value(value)
    _check_types(operator, values)


def _check_existence(name: str, condition: LegacyCondition) -> None:
    exists, value = condition.get("Exists"), condition.get("Value")
    if exists is not False and value is None:
        shown = "null" if exists is None else str(exists).lower()
        raise ValidationException(f"{INVALID}Value must be provided when Exists is {shown} for Attribute: {name}")
    if exists is False and value is not None:
        raise ValidationException(f"{INVALID}Value cannot be used when Exists is false for Attribute: {name}")
    if value is not None:
        check_value(value)


def values_of(condition: LegacyCondition) -> list[Value]:
    """The values of a condition, wherever they stand."""
    if "AttributeValueList" in condition:
        return condition["AttributeValueList"]
    return [condition["Value"]] if "Value" in condition else []


def compile_legacy(conditions: Mapping[str, LegacyCondition], operator: str, label: str) -> CompiledCondition | None:
    """The conditions as one, joined by `operator`, which is AND or OR; None if there are none."""
    nodes = [_node(name, condition) for name, condition in conditions.items()]
    if not nodes:
        return None
    join: Callable[[Condition, Condition], Condition] = Or if operator == "OR" else And
    return compile_condition(reduce(join, nodes), label, {}, {}, reserved=False)


def _node(name: str, condition: LegacyCondition) -> Condition:
    path = Path((name,))
    values = tuple(Constant(value) for value in values_of(condition))
    operator = condition.get("ComparisonOperator")
    if operator is None:
        exists = condition.get("Exists", True)
        return Comparison("=", path, values[0]) if exists else Call("attribute_not_exists", (path,))
    if operator in _COMPARATORS:
        return Comparison(_COMPARATORS[operator], path, values[0])
    return _OTHERS[operator](path, values)


_OTHERS: Final[dict[str, Callable[[Path, tuple[Constant, ...]], Condition]]] = {
    "NULL": lambda path, _: Call("attribute_not_exists", (path,)),
    "NOT_NULL": lambda path, _: Call("attribute_exists", (path,)),
    "CONTAINS": lambda path, values: Call("contains", (path, *values)),
    "NOT_CONTAINS": lambda path, values: Not(Call("contains", (path, *values))),
    "BEGINS_WITH": lambda path, values: Call("begins_with", (path, *values)),
    "IN": Membership,
    "BETWEEN": lambda path, values: Between(path, *values),
}


def key_conditions(conditions: Mapping[str, LegacyCondition]) -> dict[str, KeyCondition]:
    """Checked `KeyConditions` as those that an expression gives."""
    return {
        name: KeyCondition(condition["ComparisonOperator"], tuple(values_of(condition)))
        for name, condition in conditions.items()
    }


def check_updates(updates: Mapping[str, LegacyUpdate]) -> None:
    """Check `AttributeUpdates`, and normalise its values.

    Raises:
        ValidationException: the first that is wrong.
    """
    for update in updates.values():
        action, value = update.get("Action", "PUT"), update.get("Value")
        if value is None:
            if action != "DELETE":
                raise ValidationException(
                    f"{INVALID}Only DELETE action is allowed when no attribute value is specified"
                )
            continue
        check_value(value)
        type_ = kind(value)
        if action == "DELETE" and type_ not in SETS:
            raise ValidationException(f"{INVALID}DELETE action with value is not supported for the type {type_}")
        if action == "ADD" and type_ not in SETS | {"N", "L"}:
            raise ValidationException(f"{INVALID}ADD action is not supported for the type {type_}")


def update_actions(updates: Mapping[str, LegacyUpdate]) -> tuple[Action, ...]:
    """Checked `AttributeUpdates` as the clauses of an update."""
    return tuple(_action(Path((name,)), update) for name, update in updates.items())


def _action(path: Path, update: LegacyUpdate) -> Action:
    value, action = update.get("Value"), update.get("Action", "PUT")
    if value is None:
        return Action("REMOVE", path, None)
    constant = Constant(value)
    if action == "DELETE":
        return Action("DELETE", path, constant)
    if action != "ADD":
        return Action("SET", path, constant)
    if "L" in value:
        existing = Call("if_not_exists", (path, Constant(cast("Value", {"L": []}))))
        return Action("SET", path, Call("list_append", (existing, constant)))
    return Action("ADD", path, constant)
