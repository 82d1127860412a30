"""Filter policies as functions of a message's attributes, or of its body."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from homeport.aws.services.sns.model.filters.errors import FilterPolicyInvalid, PolicyText
from homeport.aws.services.sns.model.filters.json_text import JsonBroken, Node, Scalar, parse
from homeport.aws.services.sns.model.filters.numeric import compile_numeric
from homeport.aws.services.sns.model.filters.patterns import TEXT_OPERATORS, compile_text_test

Scope = Literal["MessageAttributes", "MessageBody"]
Test = Callable[[object], bool]
Matches = Callable[[Mapping[str, object]], bool]

_MAX_KEYS = 5
_MAX_COMBINATIONS = 150
_OR = "$or"
_KEYWORDS = frozenset({*TEXT_OPERATORS, "anything-but", "exists", "numeric"})


@dataclass(frozen=True, slots=True)
class _Leaf:
    """The conditions of one key: any of them is enough.

    Attributes:
        absent, present: whether the key's absence, or its presence with any value that is one, is one of them.
    """

    tests: tuple[Test, ...]
    absent: bool
    present: bool

    def __call__(self, value: object) -> bool:
        if self.present and any(_is_there(each) for each in _flat(value)):
            return True
        return any(test(each) for each in _flat(value) for test in self.tests)


def compile_filter(source: str, scope: Scope) -> Matches:
    """A function that says whether a message passes.

    Raises:
        FilterPolicyInvalid: in AWS's words.
    """
    try:
        root = parse(source)
    except JsonBroken as error:
        raise FilterPolicyInvalid(f"failed to parse JSON. {error}") from error
    text = PolicyText(source)
    if root.members is None:
        raise text.error("Filter is not an object", root)
    _check_size(root, scope)
    return _object(text, root.members, nested=scope == "MessageBody")


def _check_size(root: Node, scope: Scope) -> None:
    keys, combinations = _measure(root, 1 if scope == "MessageBody" else 0)
    if keys > _MAX_KEYS:
        raise FilterPolicyInvalid(f"Filter policy can not have more than {_MAX_KEYS} keys")
    if combinations > _MAX_COMBINATIONS:
        raise FilterPolicyInvalid("Filter policy is too complex")


def _measure(node: Node, depth: int) -> tuple[int, int]:
    """How many keys an object names, and into how many combinations of values its conditions multiply.

    Of a body's policy each key counts as often as it is deep; alternatives of `$or` add up.
    """
    keys, product = 0, 1
    for name, member in node.members or ():
        if name == _OR and member.items is not None and all(item.members is not None for item in member.items):
            measured = [_measure(item, depth) for item in member.items]
            keys += max((count for count, _ in measured), default=0)
            product *= max(1, sum(count for _, count in measured))
        elif member.members is not None:
            inner, combinations = _measure(member, depth + 1 if depth else 0)
            keys += inner
            product *= combinations
        else:
            keys += 1
            product *= max(1, len(member.items or ()) * max(1, depth))
    return keys, product


def _object(text: PolicyText, members: Sequence[tuple[str, Node]], *, nested: bool) -> Matches:
    """All keys have to match."""
    parts = [_member(text, name, node, nested=nested) for name, node in members]
    if len(parts) == 1:
        return parts[0]
    return lambda message: all(part(message) for part in parts)


def _member(text: PolicyText, name: str, node: Node, *, nested: bool) -> Matches:
    if name == _OR and _is_or(node):
        return _any_of(text, node, nested=nested)
    if node.members is not None:
        return _subtree(text, name, node, nested=nested)
    if node.items is None:
        raise text.error(f'"{name}" must be an object or an array', node)
    leaf = _leaf(text, node)

    def matches(message: Mapping[str, object]) -> bool:
        return leaf(message[name]) if name in message else leaf.absent

    return matches


def _is_or(node: Node) -> bool:
    """An array of two or more objects none of which is an operator; else `$or` is a key like any other."""
    if node.items is None or len(node.items) < 2:  # noqa: PLR2004 # two
        return False
    return all(item.members and not any(name in _KEYWORDS for name, _ in item.members) for item in node.items)


def _any_of(text: PolicyText, node: Node, *, nested: bool) -> Matches:
    parts = [_object(text, item.members or (), nested=nested) for item in node.items or ()]
    return lambda message: any(part(message) for part in parts)


def _subtree(text: PolicyText, name: str, node: Node, *, nested: bool) -> Matches:
    if not node.members:
        raise text.error("Empty objects are not allowed", node.end)
    inner = _object(text, node.members, nested=nested)
    if not nested:
        raise FilterPolicyInvalid("Filter policy scope MessageAttributes does not support nested filter policy")

    def matches(message: Mapping[str, object]) -> bool:
        if name not in message:
            return inner({})
        # Of an array of objects one element has to match all of it: conditions do not mix elements.
        return any(inner(each) for each in _flat(message[name]) if isinstance(each, dict))

    return matches


def _leaf(text: PolicyText, node: Node) -> _Leaf:
    items = node.items or ()
    if not items:
        raise text.error("Empty arrays are not allowed", node.end)
    tests: list[Test] = []
    absent = present = False
    for item in items:
        if item.members is None:
            tests.append(_exact(text, item))
            continue
        name, operand = _operator(text, item)
        if name == "exists":
            wanted = _exists(text, operand)
            absent, present = absent or not wanted, present or wanted
        else:
            tests.append(_condition(text, name, operand))
    return _Leaf(tuple(tests), absent, present)


def _operator(text: PolicyText, item: Node) -> tuple[str, Node]:
    members = item.members or ()
    if len(members) != 1:
        column = members[1][1].column if members else item.end
        raise text.error("Only one key allowed in match expression", column)
    return members[0]


def _condition(text: PolicyText, name: str, operand: Node) -> Test:
    if name == "numeric":
        return _of_number(compile_numeric(text, operand))
    if name == "anything-but":
        return _anything_but(text, operand)
    if name in TEXT_OPERATORS:
        return _of_text(compile_text_test(text, name, operand))
    raise text.error(f"Unrecognized match type {name}", operand)


def _exists(text: PolicyText, operand: Node) -> bool:
    if not isinstance(operand.value, bool):
        raise text.error("exists match pattern must be either true or false.", operand)
    return operand.value


def _exact(text: PolicyText, item: Node) -> Test:
    if item.items is not None:
        raise text.error("Match value must be String, number, true, false, or null", item)
    return _equals(item.value)


def _equals(wanted: Scalar) -> Test:
    if isinstance(wanted, bool) or wanted is None:
        return lambda value: value is wanted
    if isinstance(wanted, str):
        return lambda value: value == wanted
    return _of_number(lambda number: number == wanted)


def _anything_but(text: PolicyText, operand: Node) -> Test:
    if operand.members is not None:
        name, inner = _operator(text, operand)
        if name not in TEXT_OPERATORS or name == "cidr":
            raise text.error(f"Unsupported anything-but pattern: {name}", inner)
        patterns = inner.items if inner.items is not None else (inner,)
        if name in {"prefix", "suffix"} and any(pattern.value == "" for pattern in patterns):
            raise text.error("Null prefix/suffix not allowed", inner)
        refused = [_of_text(compile_text_test(text, name, pattern)) for pattern in patterns]
    else:
        values = operand.items if operand.items is not None else (operand,)
        if not values:
            raise text.error("Empty arrays are not allowed", operand.end)
        for value in values:
            if not (value.is_text or value.is_number):
                raise text.error("Inside anything but list, start|null|boolean is not supported.", value)
        if len({value.is_text for value in values}) > 1:
            raise text.error(
                "Inside anything but list, either all values are number or string, mixed type is not supported",
                operand.end,
            )
        refused = [_equals(value.value) for value in values]
    return lambda value: not any(test(value) for test in refused)


def _of_number(test: Callable[[float], bool]) -> Test:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and test(value)


def _of_text(test: Callable[[str], bool]) -> Test:
    return lambda value: isinstance(value, str) and test(value)


def _is_there(value: object) -> bool:
    """SNS developer guide, "Key matching": a leaf, not null and not empty."""
    return value is not None and value != "" and not isinstance(value, dict)


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, list):
        for each in value:
            yield from _flat(each)
    else:
        yield value
