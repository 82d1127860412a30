"""JSON whose values know where they stand in their text: AWS's errors about filter policies name the column.

The columns are those of the parser that AWS uses: behind the token, but behind the opening quote of a string whose
end nobody has needed yet.
"""

import re
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder

Scalar = str | int | float | bool | None

_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[A-Za-z0-9_$]+")
_DECODER = JSONDecoder()


@dataclass(frozen=True, slots=True)
class Node:
    """A value in its place.

    Attributes:
        value: of a scalar.
        items: of an array.
        members: of an object, in their order; None for anything else.
        start, end: columns, counted from 1, right behind the value's first character and behind the whole of it.
    """

    start: int
    end: int
    value: Scalar = None
    items: tuple["Node", ...] | None = None
    members: tuple[tuple[str, "Node"], ...] | None = None

    @property
    def is_scalar(self) -> bool:
        """Whether it is neither an array nor an object."""
        return self.items is None and self.members is None

    @property
    def is_text(self) -> bool:
        """Whether it is a string."""
        return isinstance(self.value, str)

    @property
    def is_number(self) -> bool:
        """Whether it is a number."""
        return isinstance(self.value, int | float) and not isinstance(self.value, bool)

    @property
    def column(self) -> int:
        """Where the parser stands when it has met the value."""
        return self.end if self.is_scalar and not self.is_text else self.start

    @property
    def as_text(self) -> str:
        """A scalar as it is written."""
        if self.value is None:
            return "null"
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


class JsonBroken(ValueError):
    """The text is no JSON."""

    def __init__(self, token: str, column: int) -> None:
        super().__init__(
            f"Unrecognized token '{token}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' "
            "or 'false')\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); "
            f"line: 1, column: {column}]"
        )


def parse(text: str) -> Node:
    """Read a text.

    Raises:
        JsonBroken: it is no JSON, or nested too deeply.
    """
    try:
        node, at = _value(text, 0)
    except RecursionError as error:
        raise JsonBroken("[", 1) from error
    at = _skip(text, at)
    if at != len(text):
        raise _broken(text, at)
    return node


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _broken(text: str, at: int) -> JsonBroken:
    word = _WORD.match(text, at)
    token = word[0] if word else text[at : at + 1]
    return JsonBroken(token, at + len(token) + 1)


def _value(text: str, at: int) -> tuple[Node, int]:
    at = _skip(text, at)
    match text[at : at + 1]:
        case "{":
            return _object(text, at)
        case "[":
            return _array(text, at)
    try:
        value, end = _DECODER.raw_decode(text, at)
    except JSONDecodeError as error:
        raise _broken(text, at) from error
    return Node(at + 2, end + 1, value), end


def _array(text: str, start: int) -> tuple[Node, int]:
    items: list[Node] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        if items:
            at = _expect(text, at, ",")
        item, at = _value(text, at)
        items.append(item)
        at = _skip(text, at)
    return Node(start + 2, at + 2, items=tuple(items)), at + 1


def _object(text: str, start: int) -> tuple[Node, int]:
    members: list[tuple[str, Node]] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != "}":
        if members:
            at = _expect(text, at, ",")
        name, at = _value(text, at)
        if not isinstance(name.value, str):
            raise _broken(text, at - 1)
        at = _expect(text, _skip(text, at), ":")
        member, at = _value(text, at)
        members.append((name.value, member))
        at = _skip(text, at)
    return Node(start + 2, at + 2, members=tuple(members)), at + 1


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise _broken(text, at)
    return at + 1
