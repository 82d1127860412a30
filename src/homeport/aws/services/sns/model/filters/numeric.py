"""The operator `numeric`: one comparison, or a range of two."""

import operator
from collections.abc import Callable

from homeport.aws.services.sns.model.filters.errors import FilterPolicyInvalid, PolicyText
from homeport.aws.services.sns.model.filters.json_text import Node

Compare = Callable[[float, float], bool]

_OPERATORS: dict[str, Compare] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NAMES = {"=": "equals"}
_OPEN_RANGE = (">", ">=")
_CLOSED_RANGE = ("<", "<=")
_PAIR, _RANGE = 2, 4


def compile_numeric(text: PolicyText, node: Node) -> Callable[[float], bool]:
    """A function of a number.

    Raises:
        FilterPolicyInvalid: in AWS's words.
    """
    if node.items is None:
        raise text.error("Value of numeric must be an array.", node)
    terms = list(node.items)
    first = terms[0] if terms else None
    if first is None or not first.is_text:
        shown, column = (first.as_text, first.column) if first else ("]", node.end)
        raise text.error(f"Invalid member in numeric match: {shown}", column)
    name = str(first.value)
    if name not in _OPERATORS:
        after = terms[1].column if len(terms) > 1 else node.end
        raise text.error(f"Unrecognized numeric range operator: {name}", after)
    low = _number(text, node, terms, 1, name)
    compare = _OPERATORS[name]
    if len(terms) == _PAIR:
        return lambda number: compare(number, low)
    if name not in _OPEN_RANGE:
        raise text.error("Too many elements in numeric expression", terms[2])
    upper, high = _upper(text, node, terms, low)
    return lambda number: compare(number, low) and upper(number, high)


def _upper(text: PolicyText, node: Node, terms: list[Node], low: float) -> tuple[Compare, float]:
    bound = terms[2]
    if not bound.is_text:
        raise text.error(f"Bad value in numeric range: {bound.as_text}", bound)
    name = str(bound.value)
    if name not in _CLOSED_RANGE:
        raise text.error(f"Bad numeric range operator: {name}", bound.end)
    high = _number(text, node, terms, 3, name)
    if len(terms) > _RANGE:
        raise text.error("Too many terms in numeric range expression", terms[_RANGE])
    if high <= low:
        raise text.error("Bottom must be less than top", node.end)
    return _OPERATORS[name], high


def _number(text: PolicyText, node: Node, terms: list[Node], index: int, name: str) -> float:
    given = terms[index] if index < len(terms) else None
    if given is None or not given.is_number:
        raise _not_numeric(text, name, given.column if given else node.end)
    if isinstance(given.value, int | float):
        return given.value
    raise _not_numeric(text, name, given.column)


def _not_numeric(text: PolicyText, name: str, column: int) -> FilterPolicyInvalid:
    return text.error(f"Value of {_NAMES.get(name, name)} must be numeric", column)
