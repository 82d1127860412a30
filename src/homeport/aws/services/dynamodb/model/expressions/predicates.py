"""What comparators and functions mean for the values of an item."""

from collections.abc import Callable, Mapping, Sequence

from homeport.aws.services.dynamodb.model.expressions.binding import ResolvedPath
from homeport.aws.services.dynamodb.model.expressions.paths import find
from homeport.aws.services.dynamodb.model.values import (
    SETS,
    Value,
    binary_bytes,
    compare,
    decode,
    elements_of,
    equal,
    fields_of,
    kind,
    members_of,
    text_of,
)

Values = Mapping[str, Value]
Getter = Callable[[Mapping[str, Value], Values], Value | None]
Predicate = Callable[[Mapping[str, Value], Values], bool]


def getter_of_path(path: ResolvedPath) -> Getter:
    """A function that finds what a path points at."""
    if len(path) == 1:
        name = str(path[0])
        return lambda item, _values: item.get(name)
    return lambda item, _values: find(item, path)


def _equals(left: Getter, right: Getter) -> Predicate:
    def test(item: Mapping[str, Value], values: Values) -> bool:
        mine, yours = left(item, values), right(item, values)
        return mine is not None and yours is not None and equal(mine, yours)

    return test


def _differs(left: Getter, right: Getter) -> Predicate:
    def test(item: Mapping[str, Value], values: Values) -> bool:
        mine, yours = left(item, values), right(item, values)
        if mine is None or yours is None:
            return mine is not yours
        return not equal(mine, yours)

    return test


def _ordered(holds: Callable[[int], bool]) -> Callable[[Getter, Getter], Predicate]:
    def make(left: Getter, right: Getter) -> Predicate:
        def test(item: Mapping[str, Value], values: Values) -> bool:
            mine, yours = left(item, values), right(item, values)
            order = None if mine is None or yours is None else compare(mine, yours)
            return order is not None and holds(order)

        return test

    return make


BINARY: dict[str, Callable[[Getter, Getter], Predicate]] = {
    "=": _equals,
    "<>": _differs,
    "<": _ordered(lambda order: order < 0),
    "<=": _ordered(lambda order: order <= 0),
    ">": _ordered(lambda order: order > 0),
    ">=": _ordered(lambda order: order >= 0),
}


def size_of(operand: Getter) -> Getter:
    """`size(path)`: UTF-16's units of a text, bytes of a binary, members of a set, elements of a list or a map."""

    def size(item: Mapping[str, Value], values: Values) -> Value | None:
        value = operand(item, values)
        count = None if value is None else _size(value)
        return None if count is None else {"N": str(count)}

    return size


def _size(value: Value) -> int | None:
    type_ = kind(value)
    if type_ == "S":
        text = text_of(value)
        return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
    if type_ == "B":
        return binary_bytes(text_of(value))
    if type_ in SETS:
        return len(members_of(value))
    if type_ == "L":
        return len(elements_of(value))
    return len(fields_of(value)) if type_ == "M" else None


def begins(value: Value, prefix: Value) -> bool:
    """Whether a text or a binary begins with another."""
    type_ = kind(value)
    if type_ not in prefix:
        return False
    if type_ == "S":
        return text_of(value).startswith(text_of(prefix))
    return type_ == "B" and decode(text_of(value)).startswith(decode(text_of(prefix)))


def holds(container: Value, wanted: Value) -> bool:
    """Whether a text has a part, a set a member, a list an element."""
    type_ = kind(container)
    if type_ == "L":
        return any(equal(element, wanted) for element in elements_of(container))
    if type_ in SETS:
        return type_[0] in wanted and text_of(wanted) in members_of(container)
    if type_ not in wanted:
        return False
    if type_ == "S":
        return text_of(wanted) in text_of(container)
    return type_ == "B" and decode(text_of(wanted)) in decode(text_of(container))


def _exists(getters: Sequence[Getter]) -> Predicate:
    (operand,) = getters
    return lambda item, values: operand(item, values) is not None


def _not_exists(getters: Sequence[Getter]) -> Predicate:
    (operand,) = getters
    return lambda item, values: operand(item, values) is None


def _binary(test: Callable[[Value, Value], bool]) -> Callable[[Sequence[Getter]], Predicate]:
    def make(getters: Sequence[Getter]) -> Predicate:
        left, right = getters

        def predicate(item: Mapping[str, Value], values: Values) -> bool:
            mine, yours = left(item, values), right(item, values)
            return mine is not None and yours is not None and test(mine, yours)

        return predicate

    return make


FUNCTIONS: dict[str, Callable[[Sequence[Getter]], Predicate]] = {
    "attribute_exists": _exists,
    "attribute_not_exists": _not_exists,
    "attribute_type": _binary(lambda value, name: text_of(name) in value),
    "begins_with": _binary(begins),
    "contains": _binary(holds),
}
"""The functions that are conditions themselves."""
