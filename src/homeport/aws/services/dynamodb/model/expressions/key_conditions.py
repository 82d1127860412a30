"""Which part of a table or an index a query reads, taken out of a key condition expression."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model.expressions.binding import Binding, Findings
from homeport.aws.services.dynamodb.model.expressions.conditions import parse_condition
from homeport.aws.services.dynamodb.model.expressions.nodes import (
    And,
    Between,
    Call,
    Comparison,
    Condition,
    Membership,
    Not,
    Operand,
    Or,
    Path,
    ValueRef,
)
from homeport.aws.services.dynamodb.model.expressions.remembering import remembered
from homeport.aws.services.dynamodb.model.values import Value

LABEL: Final = "KeyConditionExpression"
_OPERATORS: Final = {"=": "EQ", "<": "LT", "<=": "LE", ">": "GT", ">=": "GE"}
_MIRRORED: Final = {"=": "EQ", "<": "GT", "<=": "GE", ">": "LT", ">=": "LE"}


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """What one key attribute has to be; the operator is named as the legacy conditions name it."""

    operator: str
    values: tuple[Value, ...]


KeyConditions = Mapping[str, KeyCondition]
_Wanted = tuple[str, str, tuple[str, ...]]


def read_key_conditions(text: str, names: Mapping[str, str], values: Mapping[str, Value]) -> KeyConditions:
    """The conditions on each key attribute; the expression itself has been checked.

    Raises:
        ValidationException: it says something that an index cannot answer.
    """
    wanted = _read(text, tuple(names.items()))
    return {
        name: KeyCondition(operator, tuple([values[reference] for reference in references]))
        for name, operator, references in wanted
    }


@remembered
def _read(text: str, names: tuple[tuple[str, str], ...]) -> Sequence[_Wanted]:
    reader = _Reader(Binding(dict(names), {}, Findings(())))
    reader.read(parse_condition(text, LABEL).condition)
    return [(name, *wanted) for name, wanted in reader.conditions.items()]


class _Reader:
    """Takes conditions apart; `conditions` are the operator and the names of the values for each attribute."""

    def __init__(self, binding: Binding) -> None:
        self._binding = binding
        self.conditions: dict[str, tuple[str, tuple[str, ...]]] = {}

    def read(self, node: Condition) -> None:
        match node:
            case And(left, right):
                self.read(left)
                self.read(right)
            case Or():
                _refuse_operator("OR")
            case Not():
                _refuse_operator("NOT")
            case Membership():
                _refuse_operator("IN")
            case Comparison():
                self._comparison(node)
            case Between(operand, low, high):
                self._first_operand("BETWEEN", operand)
                self._note("BETWEEN", (operand, low, high))
            case Call():
                self._call(node)

    def _comparison(self, node: Comparison) -> None:
        if node.operator == "<>":
            _refuse_operator("<>")
        _refuse_nesting(node.left, node.right)
        if isinstance(node.left, Path):
            self._note(_OPERATORS[node.operator], (node.left, node.right))
        else:
            self._note(_MIRRORED[node.operator], (node.right, node.left))

    def _call(self, node: Call) -> None:
        if node.function != "begins_with":
            _refuse_operator(node.function)
        self._first_operand("begins_with", node.arguments[0])
        self._note("BEGINS_WITH", node.arguments)

    def _first_operand(self, operator: str, operand: Operand) -> None:
        if not isinstance(operand, Path):
            raise ValidationException(
                f"Invalid condition in KeyConditionExpression: {operator} operator must have the key attribute "
                "as its first operand"
            )

    def _note(self, operator: str, operands: Sequence[Operand]) -> None:
        _refuse_nesting(*operands)
        paths = [operand for operand in operands if isinstance(operand, Path)]
        if len(paths) > 1:
            raise ValidationException(
                "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
            )
        if not paths:
            raise ValidationException("Invalid condition in KeyConditionExpression: No key attribute specified")
        path = self._binding.path(paths[0], names="")
        if len(path) > 1:
            raise ValidationException("KeyConditionExpressions cannot have conditions on nested attributes")
        name = str(path[0])
        if name in self.conditions:
            raise ValidationException("KeyConditionExpressions must only contain one condition per key")
        references = tuple(operand.name for operand in operands if isinstance(operand, ValueRef))
        self.conditions[name] = operator, references


def _refuse_operator(operator: str) -> NoReturn:
    raise ValidationException(f"Invalid operator used in KeyConditionExpression: {operator}")


def _refuse_nesting(*operands: Operand) -> None:
    if any(isinstance(operand, Call) for operand in operands):
        raise ValidationException("KeyConditionExpressions cannot contain nested operations")
