"""What a PartiQL statement says, once it is parsed."""

from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

from homeport.aws.services.dynamodb.model.expressions.nodes import Action, Condition, Path
from homeport.aws.services.dynamodb.model.partiql.literals import Literal

Returning = OneOf["ALL OLD", "ALL NEW", "MODIFIED OLD", "MODIFIED NEW"]


@dataclass(frozen=True, slots=True)
class Select:
    """`SELECT paths FROM table.index WHERE condition ORDER BY name`; no paths are all."""

    table: str
    index: str | None
    paths: tuple[Path, ...]
    where: Condition | None
    order: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Insert:
    """`INSERT INTO table VALUE {...}`: names and what they get."""

    table: str
    attributes: tuple[tuple[str, Literal], ...]
    ignore_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """`UPDATE table SET ... REMOVE ... WHERE condition RETURNING ...`."""

    table: str
    actions: tuple[Action, ...]
    where: Condition | None
    returning: Returning | None


@dataclass(frozen=True, slots=True)
class Delete:
    """`DELETE FROM table WHERE condition RETURNING ALL OLD *`."""

    table: str
    where: Condition | None
    returning: Returning | None


@dataclass(frozen=True, slots=True)
class Exists:
    """`EXISTS(SELECT ...)`, in transactions."""

    select: Select


Statement: TypeAlias = Select | Insert | Update | Delete | Exists


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement, and how many parameters it has; these are `:0`, `:1` and so on in its nodes."""

    statement: Statement
    parameters: int
