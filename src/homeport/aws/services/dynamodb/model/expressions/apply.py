"""Updates, compiled: what they may not say, and what they do to an item."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model import numbers
from homeport.aws.services.dynamodb.model.expressions.binding import (
    Binding,
    Findings,
    ResolvedPath,
    check_overlaps,
)
from homeport.aws.services.dynamodb.model.expressions.changes import (
    WRONG_TYPE,
    Change,
    combine_sets,
    put_in,
    sum_up,
    take_out,
    without_members,
)
from homeport.aws.services.dynamodb.model.expressions.nodes import (
    Action,
    Arithmetic,
    Call,
    Constant,
    Operand,
    Path,
    ValueRef,
)
from homeport.aws.services.dynamodb.model.expressions.predicates import Getter, Values, getter_of_path
from homeport.aws.services.dynamodb.model.expressions.remembering import remembered
from homeport.aws.services.dynamodb.model.expressions.tokens import Invalid
from homeport.aws.services.dynamodb.model.expressions.updates import LABEL, Section, parse_update
from homeport.aws.services.dynamodb.model.values import SETS, Item, Value, copied, elements_of, kind, text_of

_ORDER: Final = (
    "reserved",
    "unknownFunction",
    "section",
    "attrName",
    "attrVal",
    "pathOverlap",
    "pathConflict",
    "operand",
    "function",
)
_TYPE_NAMES: Final = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "NULL": "NULL",
    "BOOL": "BOOLEAN",
    "L": "LIST",
    "M": "MAP",
}
# Measured on AWS, documented nowhere.
_UPDATE_BYTES: Final = 3
_CLAUSE_BYTES: Final = {"SET": 19, "ADD": 19, "REMOVE": 2, "DELETE": 2}
_TAKING: Final = frozenset({"REMOVE", "DELETE"})
_FUNCTIONS: Final = {"if_not_exists": 2, "list_append": 2}
_MISSING: Final = "The provided expression refers to an attribute that does not exist in the item"


@dataclass(frozen=True, slots=True)
class CompiledUpdate:
    """An update that is ready to be done to items.

    Attributes:
        paths: what it changes.
        kept: those of them that have a value afterwards, if nothing is wrong: all but what it removes.
        only_takes: whether it can give nothing to an item, only take from it.
        set_types: the types that it gives top-level attributes, where that can be told without an item.
        nested: the top-level attributes inside of which it changes something.
        overhead: bytes that UpdateItem counts for the clauses themselves.
    """

    changes: tuple[Change, ...]
    paths: tuple[ResolvedPath, ...]
    kept: tuple[ResolvedPath, ...]
    only_takes: bool
    set_types: tuple[tuple[str, str], ...]
    names_used: frozenset[str]
    values_used: frozenset[str]
    nested: frozenset[str]
    overhead: int

    def apply(self, item: Item, values: Values) -> None:
        """Change an item in place; every operand is read from the item as it was.

        Raises:
            ValidationException: an operand is missing or of the wrong type, or a path leads nowhere.
        """
        steps = [change.plan(item, values) for change in self.changes]
        for step in steps:
            step(item)


def compile_update(text: str, names: Mapping[str, str], values: Mapping[str, Value]) -> CompiledUpdate:
    """An update expression, from the cache if it has been there with such names and values.

    Raises:
        Invalid: its syntax or its operands are wrong.
    """
    return _compile_text(text, tuple(names.items()), tuple((name, kind(value)) for name, value in values.items()))


@remembered
def _compile_text(text: str, names: tuple[tuple[str, str], ...], types: tuple[tuple[str, str], ...]) -> CompiledUpdate:
    actions, repeated = parse_update(text)
    return compile_actions(actions, dict(names), dict(types), repeated=repeated)


def compile_actions(
    actions: tuple[Action, ...],
    names: Mapping[str, str],
    types: Mapping[str, str],
    *,
    repeated: Section | None = None,
    reserved: bool = True,
    label: str = LABEL,
) -> CompiledUpdate:
    """Parsed clauses with their names put in.

    Raises:
        Invalid: their operands are wrong.
    """
    compiler = _Compiler(names, types, reserved=reserved)
    if repeated is not None:
        compiler.findings.add("section", f'The "{repeated}" section can only be used once in an update expression;')
    changes = [compiler.action(action) for action in actions]
    check_overlaps([change.path for change in changes], compiler.findings)
    problem = compiler.findings.first()
    if problem is not None:
        raise Invalid(label, problem)
    binding = compiler.binding
    nested = frozenset(str(change.path[0]) for change in changes if len(change.path) > 1)
    return CompiledUpdate(
        tuple(_in_order(changes)),
        tuple(change.path for change in changes),
        tuple(change.path for action, change in zip(actions, changes, strict=True) if action.section != "REMOVE"),
        all(action.section in _TAKING for action in actions),
        tuple(compiler.set_types),
        frozenset(binding.names_used),
        frozenset(binding.values_used),
        nested,
        _UPDATE_BYTES + sum(_CLAUSE_BYTES[action.section] for action in actions),
    )


def _in_order(changes: Sequence[Change]) -> list[Change]:
    """What takes elements out of lists comes behind everything else, from the end: each index means the list as it was.

    No two paths overlap or conflict, so that they can be compared.
    """
    gives = [change for change in changes if not change.takes]
    takes = [change for change in changes if change.takes]
    return sorted(gives, key=_last_index) + sorted(takes, key=lambda change: change.path, reverse=True)


def _last_index(change: Change) -> int:
    """What is appended to a list keeps the order of its indexes."""
    last = change.path[-1]
    return last if isinstance(last, int) else -1


class _Compiler:
    """Turns clauses into changes, and notes what is wrong with them."""

    def __init__(self, names: Mapping[str, str], types: Mapping[str, str], *, reserved: bool) -> None:
        self.findings = Findings(_ORDER)
        self.binding = Binding(names, types, self.findings)
        self.set_types: list[tuple[str, str]] = []
        self._reserved = reserved

    def action(self, action: Action) -> Change:
        path = self.binding.path(action.path, names="attrName", reserved=self._reserved)
        if action.operand is None:
            return Change(path, lambda _item, _values: lambda item: take_out(item, path), takes=True)
        type_ = self.binding.type_of(action.operand)
        if len(path) == 1 and type_ is not None:
            self.set_types.append((str(path[0]), type_))
        operand = self._operand(action.operand)
        if action.section == "SET":
            return Change(path, _setting(path, operand))
        self._check_operand(action.section, type_)
        if action.section == "ADD":
            return Change(path, _adding(path, operand))
        return Change(path, _deleting(path, operand), takes=True)

    def _check_operand(self, section: str, type_: str | None) -> None:
        if type_ is None or type_ in SETS or (section == "ADD" and type_ == "N"):
            return
        self.findings.add(
            "operand",
            f"Incorrect operand type for operator or function; operator: {section}, "
            f"operand type: {_TYPE_NAMES[type_]}, typeSet: ALLOWED_FOR_{section}_OPERAND",
        )

    def _operand(self, node: Operand) -> Getter:
        match node:
            case Path():
                path = self.binding.path(node, names="attrName", reserved=self._reserved)
                return _present(getter_of_path(path))
            case ValueRef(name):
                self.binding.value(node, values="attrVal")
                return lambda _item, values: values[name]
            case Constant(value):
                return lambda _item, _values: value
            case Arithmetic():
                return self._sum(node)
            case Call():
                return self._call(node)

    def _sum(self, node: Arithmetic) -> Getter:
        left, right = self._operand(node.left), self._operand(node.right)
        for operand in (node.left, node.right):
            self._check_type(node.operator, operand, "N")
        compute = numbers.add if node.operator == "+" else numbers.subtract
        return lambda item, values: sum_up(left(item, values), right(item, values), compute)

    def _call(self, node: Call) -> Getter:
        wanted = _FUNCTIONS.get(node.function)
        getters = [self._operand(argument) for argument in node.arguments]
        if wanted is None:
            self.findings.add("unknownFunction", f"Invalid function name; function: {node.function}")
        elif len(getters) != wanted:
            self.findings.add(
                "function",
                "Incorrect number of operands for operator or function; "
                f"operator or function: {node.function}, number of operands: {len(getters)}",
            )
        elif node.function == "if_not_exists":
            return self._if_not_exists(node, getters[1])
        else:
            for argument in node.arguments:
                self._check_type(node.function, argument, "L")
            return lambda item, values: _append(getters[0](item, values), getters[1](item, values))
        return lambda _item, _values: None

    def _if_not_exists(self, node: Call, otherwise: Getter) -> Getter:
        target = node.arguments[0]
        if not isinstance(target, Path):
            self.findings.add(
                "function",
                f"Operator or function requires a document path; operator or function: {node.function}",
            )
            return otherwise
        present = getter_of_path(self.binding.path(target, names="attrName", reserved=self._reserved))

        def get(item: Mapping[str, Value], values: Values) -> Value | None:
            value = present(item, values)
            return otherwise(item, values) if value is None else value

        return get

    def _check_type(self, function: str, operand: Operand, wanted: str) -> None:
        type_ = self.binding.immediate_type(operand)
        if type_ is not None and type_ != wanted:
            self.findings.add(
                "function",
                "Incorrect operand type for operator or function; "
                f"operator or function: {function}, operand type: {type_}",
            )


def _present(getter: Getter) -> Getter:
    def get(item: Mapping[str, Value], values: Values) -> Value:
        value = getter(item, values)
        if value is None:
            raise ValidationException(_MISSING)
        # Another clause may change what lies below; this one means it as it was.
        return copied(value)

    return get


def _append(left: Value | None, right: Value | None) -> Value:
    if left is None or right is None or "L" not in left or "L" not in right:
        raise ValidationException(WRONG_TYPE)
    return {"L": elements_of(left) + elements_of(right)}


def _setting(path: ResolvedPath, operand: Getter) -> Callable[[Item, Values], Callable[[Item], None]]:
    def plan(item: Item, values: Values) -> Callable[[Item], None]:
        value = cast("Value", operand(item, values))
        return lambda target: put_in(target, path, value)

    return plan


def _adding(path: ResolvedPath, operand: Getter) -> Callable[[Item, Values], Callable[[Item], None]]:
    existing = getter_of_path(path)

    def plan(item: Item, values: Values) -> Callable[[Item], None]:
        value = combine(existing(item, values), cast("Value", operand(item, values)))
        return lambda target: put_in(target, path, value)

    return plan


def combine(existing: Value | None, added: Value) -> Value:
    """What ADD makes of two values.

    Raises:
        ValidationException: they are of different types.
    """
    if existing is None:
        return added
    if kind(existing) != kind(added):
        raise ValidationException(WRONG_TYPE)
    if "N" in added:
        return {"N": numbers.add(text_of(existing), text_of(added))}
    return combine_sets(existing, added)


def _deleting(path: ResolvedPath, operand: Getter) -> Callable[[Item, Values], Callable[[Item], None]]:
    existing = getter_of_path(path)

    def plan(item: Item, values: Values) -> Callable[[Item], None]:
        found, removed = existing(item, values), cast("Value", operand(item, values))
        if found is None:
            return lambda _: None
        rest = without_members(found, removed)
        if rest is None:
            return lambda target: take_out(target, path)
        return lambda target: put_in(target, path, rest)

    return plan
