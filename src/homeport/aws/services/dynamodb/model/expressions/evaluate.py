"""Conditions, compiled: checked once for the names and the types of the values, then plain functions of an item."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from homeport.aws.services.dynamodb.model.expressions.binding import Binding, Findings, path_text
from homeport.aws.services.dynamodb.model.expressions.conditions import parse_condition
from homeport.aws.services.dynamodb.model.expressions.nodes import (
    And,
    Arithmetic,
    Between,
    Call,
    Comparison,
    Condition,
    Constant,
    Membership,
    Not,
    Operand,
    Or,
    Path,
    ValueRef,
)
from homeport.aws.services.dynamodb.model.expressions.predicates import (
    BINARY,
    FUNCTIONS,
    Getter,
    Predicate,
    Values,
    getter_of_path,
    size_of,
)
from homeport.aws.services.dynamodb.model.expressions.remembering import remembered
from homeport.aws.services.dynamodb.model.expressions.tokens import Invalid
from homeport.aws.services.dynamodb.model.values import SCALARS, TYPES, Value, compare, equal, kind, text_of

_ORDER: Final = ("parens", "unknownFunction", "misusedFunction", "reserved", "condition")
_LEAF_ORDER: Final = ("attrNameVal", "operand", "distinct", "function")
_OPERANDS: Final = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}
_ALL_TYPES: Final = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
_VALID_TYPES: Final = "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}"

Check = Callable[[Values], str | None]
"""What can be checked only with the values at hand; returns the problem."""


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    """A condition that is ready to be asked about items.

    Attributes:
        heads: the top-level attributes that it looks at; `nested` are those of which it looks inside.
    """

    test: Predicate
    checks: tuple[Check, ...]
    names_used: frozenset[str]
    values_used: frozenset[str]
    heads: frozenset[str]
    nested: frozenset[str]
    label: str

    def check(self, values: Values) -> None:
        """Refuse values that the expression cannot be used with.

        Raises:
            Invalid: as bounds in the wrong order.
        """
        for check in self.checks:
            problem = check(values)
            if problem is not None:
                raise Invalid(self.label, problem)


def compile_text(text: str, label: str, names: Mapping[str, str], values: Mapping[str, Value]) -> CompiledCondition:
    """A condition expression, from the cache if it has been there with such names and values.

    Raises:
        Invalid: its syntax or its operands are wrong.
    """
    types = tuple((name, kind(value)) for name, value in values.items())
    compiled = _compile_text(text, label, tuple(names.items()), types)
    compiled.check(values)
    return compiled


@remembered
def _compile_text(
    text: str, label: str, names: tuple[tuple[str, str], ...], types: tuple[tuple[str, str], ...]
) -> CompiledCondition:
    parsed = parse_condition(text, label)
    return compile_condition(parsed.condition, label, dict(names), dict(types), redundant=parsed.redundant_parentheses)


def compile_condition(
    condition: Condition,
    label: str,
    names: Mapping[str, str],
    types: Mapping[str, str],
    *,
    redundant: bool = False,
    reserved: bool = True,
) -> CompiledCondition:
    """A parsed condition with its names put in.

    Raises:
        Invalid: its operands are wrong.
    """
    compiler = Compiler(names, types, reserved=reserved)
    if redundant:
        compiler.findings.add("parens", "The expression has redundant parentheses;")
    test = compiler.condition(condition)
    problem = compiler.findings.first()
    if problem is not None:
        raise Invalid(label, problem)
    binding = compiler.binding
    return CompiledCondition(
        test,
        tuple(compiler.checks),
        frozenset(binding.names_used),
        frozenset(binding.values_used),
        frozenset(binding.heads),
        frozenset(binding.nested),
        label,
    )


class Compiler:
    """Turns nodes into functions, and notes what is wrong with them in the order in which they stand."""

    def __init__(self, names: Mapping[str, str], types: Mapping[str, str], *, reserved: bool = True) -> None:
        self.findings = Findings(_ORDER)
        self.binding = Binding(names, types, Findings(_LEAF_ORDER))
        self.checks: list[Check] = []
        self._reserved = reserved

    def condition(self, node: Condition) -> Predicate:
        """A predicate; problems are in `findings`."""
        match node:
            case And(left, right):
                first, second = self.condition(left), self.condition(right)
                return lambda item, values: first(item, values) and second(item, values)
            case Or(left, right):
                first, second = self.condition(left), self.condition(right)
                return lambda item, values: first(item, values) or second(item, values)
            case Not(inner):
                negated = self.condition(inner)
                return lambda item, values: not negated(item, values)
            case _:
                return self._leaf(node)

    def _leaf(self, node: Comparison | Between | Membership | Call) -> Predicate:
        self.binding.findings = Findings(_LEAF_ORDER)
        predicate = self._predicate(node)
        reserved = self.binding.findings.get("reserved")
        if reserved is not None:
            self.findings.add("reserved", reserved)
        problem = self.binding.findings.first()
        if problem is not None:
            self.findings.add("condition", problem)
        return predicate

    def _predicate(self, node: Comparison | Between | Membership | Call) -> Predicate:
        match node:
            case Comparison():
                return self._comparison(node)
            case Between():
                return self._between(node)
            case Membership(operand, options):
                wanted = self.operand(operand)
                getters = [self.operand(option) for option in options]
                return lambda item, values: _is_among(wanted(item, values), getters, item, values)
            case Call():
                return self._call(node)

    def _comparison(self, node: Comparison) -> Predicate:
        left, right = self.operand(node.left), self.operand(node.right)
        self._check_distinct(node.operator, node.left, node.right)
        if node.operator not in {"=", "<>"}:
            self._check_ordered(node.operator, node.left, node.right)
        return BINARY[node.operator](left, right)

    def _between(self, node: Between) -> Predicate:
        operand, low, high = (self.operand(part) for part in (node.operand, node.low, node.high))
        self._check_ordered("BETWEEN", node.operand, node.low, node.high)
        if self.binding.immediate_type(node.low) and self.binding.immediate_type(node.high):
            self.checks.append(lambda values: _bounds_problem(low({}, values), high({}, values)))
        return lambda item, values: _is_between(operand(item, values), low(item, values), high(item, values))

    def _call(self, node: Call) -> Predicate:
        getters = self._check_call(node)
        make = FUNCTIONS.get(node.function)
        if make is None or len(getters) != _OPERANDS[node.function]:
            if node.function == "size":
                self._misused(node.function)
            return _never
        return make(getters)

    def operand(self, node: Operand) -> Getter:
        """A function that finds an operand's value for an item."""
        match node:
            case Path():
                reserved = self._reserved
                return getter_of_path(self.binding.path(node, names="attrNameVal", reserved=reserved))
            case ValueRef(name):
                self.binding.value(node, values="attrNameVal")
                return lambda _item, values: values.get(name)
            case Constant(value):
                return lambda _item, _values: value
            case Call():
                getters = self._check_call(node)
                if node.function in _OPERANDS and node.function != "size":
                    self._misused(node.function)
                return size_of(getters[0]) if getters else _nothing
            case Arithmetic():
                raise AssertionError(node)

    def _misused(self, function: str) -> None:
        self.findings.add(
            "misusedFunction",
            f"The function is not allowed to be used this way in an expression; function: {function}",
        )

    def _check_call(self, node: Call) -> list[Getter]:
        getters = [self.operand(argument) for argument in node.arguments]
        wanted = _OPERANDS.get(node.function)
        if wanted is None:
            self.findings.add("unknownFunction", f"Invalid function name; function: {node.function}")
        elif len(getters) != wanted:
            self.binding.findings.add(
                "operand",
                "Incorrect number of operands for operator or function; "
                f"operator or function: {node.function}, number of operands: {len(getters)}",
            )
        else:
            self._check_arguments(node)
        return getters

    def _check_arguments(self, node: Call) -> None:
        if len(node.arguments) > 1:
            self._check_distinct(node.function, *node.arguments)
        match node.function:
            case "attribute_exists" | "attribute_not_exists":
                if not isinstance(node.arguments[0], Path):
                    self.binding.findings.add(
                        "function",
                        f"Operator or function requires a document path; operator or function: {node.function}",
                    )
            case "begins_with":
                for argument in node.arguments:
                    self._check_type(node.function, self.binding.type_of(argument), {"S", "B"})
            case "size":
                allowed = set(TYPES) - {"N", "BOOL", "NULL"}
                self._check_type(node.function, self.binding.type_of(node.arguments[0]), allowed)
            case "attribute_type":
                self._check_attribute_type(node.arguments[1])
            case _:
                pass

    def _check_attribute_type(self, argument: Operand) -> None:
        type_ = self.binding.type_of(argument)
        if type_ != "S":
            self._check_type("attribute_type", type_ or _ALL_TYPES, {"S"})
            return
        wanted = self.operand(argument)
        self.checks.append(lambda values: _type_name_problem(wanted({}, values)))

    def _check_ordered(self, operator: str, *operands: Operand) -> None:
        for operand in operands:
            self._check_type(operator, self.binding.immediate_type(operand), SCALARS)

    def _check_type(self, function: str, type_: str | None, allowed: set[str] | frozenset[str]) -> None:
        if type_ is not None and type_ not in allowed:
            self.binding.findings.add(
                "function",
                "Incorrect operand type for operator or function; "
                f"operator or function: {function}, operand type: {type_}",
            )

    def _check_distinct(self, operator: str, first: Operand, second: Operand) -> None:
        if not isinstance(first, Path) or not isinstance(second, Path):
            return
        paths = [self.binding.path(path, names="attrNameVal", reserved=False) for path in (first, second)]
        if paths[0] == paths[1]:
            self.binding.findings.add(
                "distinct",
                "The first operand must be distinct from the remaining operands for this operator or function; "
                f"operator: {operator}, first operand: {path_text(paths[0])}",
            )


def _never(_item: Mapping[str, Value], _values: Values) -> bool:
    return False


def _nothing(_item: Mapping[str, Value], _values: Values) -> None:
    return None


def _is_among(wanted: Value | None, options: list[Getter], item: Mapping[str, Value], values: Values) -> bool:
    if wanted is None:
        return False
    found = (option(item, values) for option in options)
    return any(value is not None and equal(wanted, value) for value in found)


def _is_between(value: Value | None, low: Value | None, high: Value | None) -> bool:
    if value is None or low is None or high is None:
        return False
    above, below = compare(value, low), compare(value, high)
    return above is not None and below is not None and above >= 0 >= below


def _bounds_problem(low: Value | None, high: Value | None) -> str | None:
    if low is None or high is None:
        return None
    shown = f"lower bound operand: AttributeValue: {shown_value(low)}, upper bound operand: AttributeValue: "
    if kind(low) != kind(high):
        return f"The BETWEEN operator requires same data type for lower and upper bounds; {shown}{shown_value(high)}"
    order = compare(low, high)
    if order is not None and order > 0:
        return (
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            f"{shown}{shown_value(high)}"
        )
    return None


def shown_value(value: Value) -> str:
    """A scalar as messages show it: `{S:text}`."""
    return f"{{{kind(value)}:{text_of(value)}}}"


def _type_name_problem(value: Value | None) -> str | None:
    name = "" if value is None else text_of(value)
    if name in TYPES:
        return None
    return f"Invalid attribute type name found; type: {name}, valid types: {_VALID_TYPES}"
