"""The single changes that an update is made of, done to an item in place."""

from collections.abc import Callable
from dataclasses import dataclass

from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model.expressions.binding import ResolvedPath
from homeport.aws.services.dynamodb.model.expressions.paths import find
from homeport.aws.services.dynamodb.model.expressions.predicates import Values
from homeport.aws.services.dynamodb.model.values import Item, Value, elements_of, fields_of, kind, members_of, text_of

WRONG_TYPE = "An operand in the update expression has an incorrect data type"
_NOWHERE = "The document path provided in the update expression is invalid for update"


@dataclass(frozen=True, slots=True)
class Change:
    """One clause: `plan` reads what it needs from the item as it was, and returns what is then done.

    Attributes:
        takes: whether it may take an element out of its list.
    """

    path: ResolvedPath
    plan: Callable[[Item, Values], Callable[[Item], None]]
    takes: bool = False


def put_in(item: Item, path: ResolvedPath, value: Value) -> None:
    """Set what a path points at; beyond a list's end it is appended.

    Raises:
        ValidationException: the path's parent is not there, or is no map or list.
    """
    last = path[-1]
    if len(path) == 1:
        item[str(last)] = value
        return
    parent = _parent(item, path)
    if isinstance(last, str):
        fields_of(parent)[last] = value
        return
    elements = elements_of(parent)
    if last < len(elements):
        elements[last] = value
    else:
        elements.append(value)


def take_out(item: Item, path: ResolvedPath) -> None:
    """Remove what a path points at, if it is there.

    Raises:
        ValidationException: the path's parent is not there, or is no map or list.
    """
    last = path[-1]
    if len(path) == 1:
        item.pop(str(last), None)
        return
    parent = _parent(item, path)
    if isinstance(last, str):
        fields_of(parent).pop(last, None)
        return
    elements = elements_of(parent)
    if last < len(elements):
        del elements[last]


def _parent(item: Item, path: ResolvedPath) -> Value:
    parent = find(item, path[:-1])
    if parent is None or ("L" if isinstance(path[-1], int) else "M") not in parent:
        raise ValidationException(_NOWHERE)
    return parent


def sum_up(left: Value | None, right: Value | None, compute: Callable[[str, str], str]) -> Value:
    """A sum or a difference.

    Raises:
        ValidationException: an operand is no number, or the result is out of range.
    """
    if left is None or right is None or "N" not in left or "N" not in right:
        raise ValidationException(WRONG_TYPE)
    return {"N": compute(text_of(left), text_of(right))}


def combine_sets(existing: Value, added: Value) -> Value:
    """The union of two sets of one type."""
    members = members_of(existing)
    known = set(members)
    return {kind(existing): members + [member for member in members_of(added) if member not in known]}


def without_members(existing: Value, removed: Value) -> Value | None:
    """A set without some members; None if nothing is left.

    Raises:
        ValidationException: they are of different types.
    """
    type_ = kind(existing)
    if type_ != kind(removed):
        raise ValidationException(WRONG_TYPE)
    gone = set(members_of(removed))
    rest = [member for member in members_of(existing) if member not in gone]
    return {type_: rest} if rest else None
