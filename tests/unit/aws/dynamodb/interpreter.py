"""A second reading of conditions: slow, plain, and independent of the compiler that it checks."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from homeport.aws.services.dynamodb.model.expressions.nodes import (
    And,
    Between,
    Call,
    Comparison,
    Condition,
    Constant,
    Membership,
    Not,
    Operand,
    Or,
    Path,
)
from homeport.aws.services.dynamodb.model.values import Value


def native(value: Value) -> tuple[str, Any]:
    """A value as Python has it, with its type; comparable within one type."""
    ((kind, content),) = value.items()
    match kind, content:
        case "N", str():
            return kind, Decimal(content)
        case (("SS" | "BS"), list()):
            return kind, frozenset(map(str, content))
        case "NS", list():
            return kind, frozenset(Decimal(str(member)) for member in content)
        case "L", list():
            return kind, [native(element) for element in content if isinstance(element, dict)]
        case "M", dict():
            return kind, {name: native(field) for name, field in content.items()}
    return kind, content


def look_up(operand: Operand, item: Mapping[str, Value]) -> tuple[str, Any] | None:
    """What an operand stands for."""
    match operand:
        case Constant(value):
            return native(value)
        case Path((str(name),)):
            return native(item[name]) if name in item else None
        case Call("size", (inner,)):
            found = look_up(inner, item)
            return None if found is None or found[0] in {"N", "BOOL", "NULL"} else ("N", Decimal(len(found[1])))
    raise AssertionError(operand)


def holds(condition: Condition, item: Mapping[str, Value]) -> bool:
    """Whether a condition is true of an item."""
    match condition:
        case And(left, right):
            return holds(left, item) and holds(right, item)
        case Or(left, right):
            return holds(left, item) or holds(right, item)
        case Not(inner):
            return not holds(inner, item)
        case Call(function, arguments):
            return _CALLS[function](*[look_up(argument, item) for argument in arguments])
        case _:
            return _compares(condition, item)


def _compares(condition: Comparison | Between | Membership, item: Mapping[str, Value]) -> bool:
    match condition:
        case Comparison(operator, left, right):
            return compare(operator, look_up(left, item), look_up(right, item))
        case Between(operand, low, high):
            value = look_up(operand, item)
            return compare(">=", value, look_up(low, item)) and compare("<=", value, look_up(high, item))
        case Membership(operand, options):
            return any(compare("=", look_up(operand, item), look_up(option, item)) for option in options)


Found = tuple[str, Any] | None


def begins(text: Found, prefix: Found) -> bool:
    """`begins_with(a, b)`."""
    return text is not None and prefix is not None and text[0] == prefix[0] == "S" and text[1].startswith(prefix[1])


def compare(operator: str, left: tuple[str, Any] | None, right: tuple[str, Any] | None) -> bool:
    """A comparator, on values of any types."""
    if operator == "=":
        return left is not None and left == right
    if operator == "<>":
        return left != right
    if left is None or right is None or left[0] != right[0] or left[0] not in {"S", "N"}:
        return False
    results = {"<": left[1] < right[1], "<=": left[1] <= right[1], ">": left[1] > right[1], ">=": left[1] >= right[1]}
    return bool(results[operator])


def contains(container: tuple[str, Any] | None, wanted: tuple[str, Any] | None) -> bool:
    """`contains(a, b)`."""
    if container is None or wanted is None:
        return False
    match container[0]:
        case "S":
            return wanted[0] == "S" and wanted[1] in container[1]
        case "SS" | "NS":
            return wanted[0] == container[0][0] and wanted[1] in container[1]
        case "L":
            return wanted in container[1]
    return False


_CALLS: Mapping[str, Callable[..., bool]] = {
    "attribute_exists": lambda found: found is not None,
    "attribute_not_exists": lambda found: found is None,
    "begins_with": begins,
    "contains": contains,
}
