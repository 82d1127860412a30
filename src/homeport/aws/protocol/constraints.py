"""What a model demands of a request beside its types: members that must be there, lengths, ranges, patterns.

Compiled once for each operation into functions that return quickly when nothing is wrong. The words are those that
AWS's services answer with (as recorded from DynamoDB, KMS, Lambda: "1 validation error detected: Value ...").
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from homeport.aws.protocol.model import Shape, WireModel

_LONGEST_VALUE = 2048
"""No message repeats more than so many characters of what a client sent."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken constraint.

    Attributes:
        path: dotted, members in lower camel case as AWS writes them: `attributeDefinitions.1.member.attributeName`.
        member: the model's own name of the last member.
        value: as AWS prints it between quotes; None prints as `null` without them.
        constraint: what it should have been, as `Member must not be null`.
        kind: required, length, range, pattern or enum.
    """

    path: str
    member: str
    value: str | None
    constraint: str
    kind: str

    @property
    def sentence(self) -> str:
        """`Value 'x' at 'y' failed to satisfy constraint: ...`."""
        value = self.value
        if value is not None and len(value) > _LONGEST_VALUE:
            value = f"{value[:_LONGEST_VALUE]}..."
        shown = "null" if value is None else f"'{value}'"
        return f"Value {shown} at '{self.path}' failed to satisfy constraint: {self.constraint}"


def validation_message(violations: Sequence[Violation]) -> str:
    """All of them in one message, as the JSON services word it; at most ten are told."""
    count = len(violations)
    sentences = "; ".join(violation.sentence for violation in violations[:10])
    return f"{count} validation error{'s' if count > 1 else ''} detected: {sentences}"


Found = list[Violation]
_Where = tuple[Any, ...]
"""Names of members, numbers in lists and (in tuples) keys of maps, from the request down: a path, if one is told."""
_Check = Callable[[Any, _Where, Found], None]


class Constraints:
    """The compiled checks of one service."""

    def __init__(self, model: WireModel) -> None:
        self._shapes = model.shapes
        self._compiled: dict[str, _Check | None] = {}

    def check(self, input_name: str, request: Mapping[str, Any]) -> Sequence[Violation]:
        """Every broken constraint of a request, those of missing members first."""
        check = self._of(input_name) if input_name else None
        if check is None:
            return ()
        found: Found = []
        check(request, (), found)
        return found

    def _of(self, name: str) -> _Check | None:
        if name not in self._compiled:
            self._compiled[name] = self._forward(name)
            self._compiled[name] = self._compile(self._shapes[name])
        return self._compiled[name]

    def _forward(self, name: str) -> _Check:
        def forward(value: Any, where: _Where, found: Found) -> None:
            check = self._compiled[name]
            if check is not None:
                check(value, where, found)

        return forward

    def _compile(self, shape: Shape) -> _Check | None:
        if shape.get("opaque"):
            return None
        kinds: Mapping[str, Callable[[Shape], _Check | None]] = {
            "structure": self._structure,
            "list": lambda shape: _both(_length(shape, len), self._list(shape)),
            "map": lambda shape: _both(_length(shape, len), self._map(shape)),
            "string": _string,
            "blob": lambda shape: _length(shape, len),
            "integer": _range,
            "long": _range,
            "float": _range,
            "double": _range,
        }
        compile_kind = kinds.get(shape["type"])
        return compile_kind(shape) if compile_kind is not None else None

    def _structure(self, shape: Shape) -> _Check | None:
        required = tuple(shape.get("required", ()))
        members = {name: c for name, m in shape["members"].items() if (c := self._of(m["shape"])) is not None}
        if not required and not members:
            return None

        def check(value: Mapping[str, Any], where: _Where, found: Found) -> None:
            for name in required:
                if name not in value:
                    found.append(_violation((*where, name), None, "Member must not be null", "required"))
            for name, given in value.items():
                inner = members.get(name)
                if inner is not None:
                    inner(given, (*where, name), found)

        return check

    def _list(self, shape: Shape) -> _Check | None:
        inner = self._of(shape["member"]["shape"])
        if inner is None:
            return None

        def check(value: Sequence[Any], where: _Where, found: Found) -> None:
            for index, item in enumerate(value, start=1):
                inner(item, (*where, index), found)

        return check

    def _map(self, shape: Shape) -> _Check | None:
        of_key, of_value = self._of(shape["key"]["shape"]), self._of(shape["value"]["shape"])
        if of_key is None and of_value is None:
            return None

        def check(value: Mapping[str, Any], where: _Where, found: Found) -> None:
            for key, item in value.items():
                if of_key is not None:
                    of_key(key, where, found)
                if of_value is not None:
                    of_value(item, (*where, (key,)), found)

        return check


def _violation(where: _Where, value: str | None, constraint: str, kind: str) -> Violation:
    member = next(part for part in reversed(where) if isinstance(part, str))
    return Violation(".".join(map(_part, where)), member, value, constraint, kind)


def _part(part: str | int | tuple[str]) -> str:
    if isinstance(part, str):
        return part[:1].lower() + part[1:]
    return f"{part if isinstance(part, int) else part[0]}.member"


def _both(first: _Check | None, second: _Check | None) -> _Check | None:
    if first is None or second is None:
        return first or second

    def check(value: Any, where: _Where, found: Found) -> None:
        first(value, where, found)
        second(value, where, found)

    return check


def _bounds(shape: Shape) -> tuple[float, float]:
    return shape.get("min", float("-inf")), shape.get("max", float("inf"))


def _length(shape: Shape, measure: Callable[[Any], int]) -> _Check | None:
    low, high = _bounds(shape)
    if "min" not in shape and "max" not in shape:
        return None

    def check(value: Any, where: _Where, found: Found) -> None:
        length = measure(value)
        if low <= length <= high:
            return
        if length < low:
            rule = f"Member must have length greater than or equal to {low}"
        else:
            rule = f"Member must have length less than or equal to {high}"
        found.append(_violation(where, _shown(value), rule, "length"))

    return check


def _range(shape: Shape) -> _Check | None:
    low, high = _bounds(shape)
    if "min" not in shape and "max" not in shape:
        return None

    def check(value: float, where: _Where, found: Found) -> None:
        if value < low:
            rule = f"Member must have value greater than or equal to {low}"
        elif value > high:
            rule = f"Member must have value less than or equal to {high}"
        else:
            return
        found.append(_violation(where, _shown(value), rule, "range"))

    return check


def _string(shape: Shape) -> _Check | None:
    if "enum" in shape:
        return _enum(shape["enum"])
    pattern = _pattern(shape["pattern"]) if "pattern" in shape else None
    length = _length(shape, len)
    if pattern is None:
        return length

    def check(value: str, where: _Where, found: Found) -> None:
        if pattern.fullmatch(value) is None:
            rule = f"Member must satisfy regular expression pattern: {shape['pattern']}"
            found.append(_violation(where, value, rule, "pattern"))

    return _both(length, check)


def _enum(values: Sequence[str]) -> _Check:
    known = frozenset(values)

    def check(value: str, where: _Where, found: Found) -> None:
        if value not in known:
            rule = f"Member must satisfy enum value set: [{', '.join(values)}]"
            found.append(_violation(where, value, rule, "enum"))

    return check


@cache
def _pattern(text: str) -> re.Pattern[str] | None:
    r"""A model's regular expression as Python's; None, no check, for what Python cannot read (`\p{...}`)."""
    try:
        return re.compile(text)
    except re.error:
        return None


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    return str(value)
