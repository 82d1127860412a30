"""Attribute values as they travel: `{"S": "text"}`; how large they are, when two are equal, which comes first.

Values and items are kept in the wire's own form throughout: what comes in goes to disk and out again without being
turned into anything else. They have been through `checking`, so two numbers are equal if their texts are. Binary stays
base64.
"""

from binascii import a2b_base64
from collections.abc import Callable
from typing import TypeAlias, cast

from homeport.aws.services.dynamodb.model import numbers

Value: TypeAlias = dict[str, "Content"]
"""One attribute value: a dictionary whose only key is its type."""

Content: TypeAlias = "str | bool | list[str] | list[Value] | dict[str, Value]"
Item = dict[str, Value]

SCALARS = frozenset({"S", "N", "B"})
SETS = frozenset({"SS", "NS", "BS"})
TYPES = ("S", "N", "B", "NULL", "BOOL", "SS", "NS", "BS", "L", "M")

MAX_ITEM_BYTES = 400 * 1024
MAX_DEPTH = 32
MAX_NAME_BYTES = 65535
CONTAINER_BYTES = 3


def kind(value: Value) -> str:
    """The type: `S`, `NS`, `M`."""
    return next(iter(value))


def text_of(value: Value) -> str:
    """The content of an S, N or B."""
    return cast("str", next(iter(value.values())))


def members_of(value: Value) -> list[str]:
    """The content of a set."""
    return cast("list[str]", next(iter(value.values())))


def elements_of(value: Value) -> list[Value]:
    """The content of an L."""
    return cast("list[Value]", value["L"])


def fields_of(value: Value) -> dict[str, Value]:
    """The content of an M."""
    return cast("dict[str, Value]", value["M"])


def text_bytes(text: str) -> int:
    """Length in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def binary_bytes(base64: str) -> int:
    """Length of what a valid base64 text stands for."""
    length = len(base64) // 4 * 3
    return length - 2 if base64.endswith("==") else length - 1 if base64.endswith("=") else length


def decode(base64: str) -> bytes:
    """What a checked base64 text stands for."""
    return a2b_base64(base64)


def value_size(value: Value) -> int:
    """Size in bytes of a checked value."""
    for type_, content in value.items():
        return _SIZES[type_](content)
    return 0


def item_size(item: Item) -> int:
    """Size in bytes of a checked item: names and values."""
    return sum(text_bytes(name) + value_size(value) for name, value in item.items())


def _size_list(content: Content) -> int:
    return CONTAINER_BYTES + sum(1 + value_size(element) for element in cast("list[Value]", content))


def _size_map(content: Content) -> int:
    fields = cast("dict[str, Value]", content)
    return CONTAINER_BYTES + sum(1 + text_bytes(name) + value_size(value) for name, value in fields.items())


_SIZES: dict[str, Callable[[Content], int]] = {
    "S": lambda content: text_bytes(cast("str", content)),
    "N": lambda content: numbers.size_bytes(cast("str", content)),
    "B": lambda content: binary_bytes(cast("str", content)),
    "BOOL": lambda _: 1,
    "NULL": lambda _: 1,
    "SS": lambda content: sum(map(text_bytes, cast("list[str]", content))),
    "NS": lambda content: sum(map(numbers.size_bytes, cast("list[str]", content))),
    "BS": lambda content: sum(map(binary_bytes, cast("list[str]", content))),
    "L": _size_list,
    "M": _size_map,
}


def copied(value: Value) -> Value:
    """The same value, sharing no list or map with it."""
    if "L" in value:
        return {"L": [copied(element) for element in elements_of(value)]}
    if "M" in value:
        return {"M": {name: copied(field) for name, field in fields_of(value).items()}}
    return value


def nesting(value: Value) -> int:
    """How many lists and maps lie one in another."""
    if "L" in value:
        return 1 + max(map(nesting, elements_of(value)), default=0)
    if "M" in value:
        return 1 + max(map(nesting, fields_of(value).values()), default=0)
    return 0


def equal(left: Value, right: Value) -> bool:
    """Whether two checked values are the same; the order inside sets does not matter."""
    if left == right:
        return True
    type_ = kind(left)
    if type_ not in right:
        return False
    if type_ in SETS:
        return set(members_of(left)) == set(members_of(right))
    if type_ == "L":
        mine, yours = elements_of(left), elements_of(right)
        return len(mine) == len(yours) and all(map(equal, mine, yours))
    if type_ == "M":
        return equal_items(fields_of(left), fields_of(right))
    return False


def equal_items(left: Item, right: Item) -> bool:
    """Whether two items have the same attributes with the same values."""
    return left.keys() == right.keys() and all(equal(value, right[name]) for name, value in left.items())


def compare(left: Value, right: Value) -> int | None:
    """Less than, equal to or greater than 0; None where the types differ or have no order."""
    type_ = kind(left)
    if type_ not in right or type_ not in SCALARS:
        return None
    mine, yours = text_of(left), text_of(right)
    if type_ == "N":
        return numbers.compare(mine, yours)
    if type_ == "B":
        mine_bytes, yours_bytes = decode(mine), decode(yours)
        return (mine_bytes > yours_bytes) - (mine_bytes < yours_bytes)
    # Code points sort as their UTF-8 does.
    return (mine > yours) - (mine < yours)
