"""What an expression consists of once it is parsed; the legacy conditions and PartiQL become the same nodes."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from homeport.aws.services.dynamodb.model.values import Value

Comparator = Literal["=", "<>", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class NameRef:
    """`#name`: stands for an attribute's name."""

    name: str


@dataclass(frozen=True, slots=True)
class Path:
    """A document path as it was written; legacy names are literal even if they begin with `#`."""

    parts: tuple[str | int | NameRef, ...]


@dataclass(frozen=True, slots=True)
class ValueRef:
    """`:name`: stands for a value."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that the expression itself holds."""

    value: Value


@dataclass(frozen=True, slots=True)
class Call:
    """`size(a)`, `begins_with(a, :b)`, `if_not_exists(a, :b)`."""

    function: str
    arguments: "tuple[Operand, ...]"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`a + :b` or `a - :b`, in an update."""

    operator: Literal["+", "-"]
    left: "Operand"
    right: "Operand"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`a < :b`."""

    operator: Comparator
    left: "Operand"
    right: "Operand"


@dataclass(frozen=True, slots=True)
class Between:
    """`a BETWEEN :b AND :c`."""

    operand: "Operand"
    low: "Operand"
    high: "Operand"


@dataclass(frozen=True, slots=True)
class Membership:
    """`a IN (:b, :c)`."""

    operand: "Operand"
    options: "tuple[Operand, ...]"


@dataclass(frozen=True, slots=True)
class And:
    """Both."""

    left: "Condition"
    right: "Condition"


@dataclass(frozen=True, slots=True)
class Or:
    """One of them, or both."""

    left: "Condition"
    right: "Condition"


@dataclass(frozen=True, slots=True)
class Not:
    """The other way round."""

    condition: "Condition"


Operand: TypeAlias = Path | ValueRef | Constant | Call | Arithmetic
Condition: TypeAlias = Comparison | Between | Membership | And | Or | Not | Call


@dataclass(frozen=True, slots=True)
class Action:
    """One clause of an update: `SET path = operand`, `REMOVE path`, `ADD path operand`, `DELETE path operand`."""

    section: Literal["SET", "REMOVE", "ADD", "DELETE"]
    path: Path
    operand: Operand | None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A condition with what only the parser has seen."""

    condition: Condition
    redundant_parentheses: bool
