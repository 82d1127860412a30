"""What a template is made of: documents whose leaves may be expressions over values.

One tree has two readers, `evaluate` and `helm`, so a chart cannot drift away from what `render` writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from homeport.deploy.values.fields import as_document
from homeport.deploy.values.table import Values

_USUAL = as_document(Values())


@dataclass(frozen=True, slots=True)
class Ref:
    """A value by its path in the file, of whatever type it has."""

    path: str

    def __post_init__(self) -> None:
        place: object = _USUAL
        for key in self.path.split("."):
            # A path that leads nowhere is a mistake of the program, found when the template is built.
            if not isinstance(place, Mapping) or key not in place:
                raise LookupError(self.path)
            place = place[key]


@dataclass(frozen=True, slots=True)
class Join:
    """Texts one after another."""

    parts: tuple["Text", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """The first text, or the second where the first is empty."""

    first: Ref
    otherwise: "Text"


@dataclass(frozen=True, slots=True)
class Sha256:
    """The digest of a text, in hexadecimal."""

    text: "Text"


@dataclass(frozen=True, slots=True)
class When:
    """One text or the other."""

    condition: "Condition"
    then: "Text"
    otherwise: "Text" = ""


Text: TypeAlias = str | Ref | Join | Either | Sha256 | When


@dataclass(frozen=True, slots=True)
class Given:
    """Whether a value is true, or not empty."""

    path: Ref


@dataclass(frozen=True, slots=True)
class Is:
    """Whether a value is this text."""

    path: Ref
    text: str


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    of: "Condition"


@dataclass(frozen=True, slots=True)
class All:
    """Whether all of them hold."""

    of: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Whether one of them holds."""

    of: tuple["Condition", ...]


Condition: TypeAlias = Given | Is | Not | All | AnyOf


@dataclass(frozen=True, slots=True)
class If:
    """An entry of a map or an item of a list that is there only sometimes."""

    condition: Condition
    node: "Node"


Node: TypeAlias = "Text | int | bool | If | Sequence[Node] | Mapping[str, Node]"


@dataclass(frozen=True, slots=True)
class Document:
    """One object, the file that it goes to, and when it is there; always without a condition."""

    file: str
    body: Mapping[str, Node]
    condition: Condition | None = None


def given(path: str) -> Given:
    """Whether the value at a path is true, or not empty."""
    return Given(Ref(path))


def equals(path: str, text: str) -> Is:
    """Whether the value at a path is this text."""
    return Is(Ref(path), text)


def every(*conditions: Condition) -> All:
    """Whether all of them hold."""
    return All(conditions)


def some(*conditions: Condition) -> AnyOf:
    """Whether one of them holds."""
    return AnyOf(conditions)


def join(*parts: Text) -> Join:
    """Texts one after another."""
    return Join(parts)
