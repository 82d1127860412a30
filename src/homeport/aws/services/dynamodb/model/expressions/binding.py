"""Names and values of a request, put in for an expression's placeholders; what that can make wrong."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from homeport.aws.services.dynamodb.model.expressions.nodes import (
    Arithmetic,
    Call,
    Constant,
    NameRef,
    Operand,
    Path,
    ValueRef,
)
from homeport.aws.services.dynamodb.model.reserved import is_reserved
from homeport.aws.services.dynamodb.model.values import kind

ResolvedPath = tuple[str | int, ...]

_RESULT_TYPES = {"size": "N", "attribute_type": "BOOL", "begins_with": "BOOL", "contains": "BOOL"}


class Findings:
    """What is wrong with an expression: the first of each sort, as DynamoDB reports only the most important sort."""

    def __init__(self, order: Sequence[str]) -> None:
        self._order: Final = order
        self._found: dict[str, str] = {}

    def add(self, sort: str, problem: str) -> None:
        """Note a problem, unless there was one of its sort before."""
        self._found.setdefault(sort, problem)

    def get(self, sort: str) -> str | None:
        """The problem of one sort."""
        return self._found.get(sort)

    def first(self) -> str | None:
        """The problem that DynamoDB tells."""
        return next((self._found[sort] for sort in self._order if sort in self._found), None)


class Binding:
    """The names, and the types of the values, that an expression may refer to; remembers which it did."""

    def __init__(self, names: Mapping[str, str], value_types: Mapping[str, str], findings: Findings) -> None:
        self._names = names
        self._value_types = value_types
        self.findings = findings
        self.names_used: set[str] = set()
        self.values_used: set[str] = set()
        self.heads: set[str] = set()
        self.nested: set[str] = set()

    def path(self, path: Path, *, names: str, reserved: bool = True) -> ResolvedPath:
        """The path with its names put in; `names` is the sort of problem that an undefined name is."""
        parts = tuple(self._part(part, names, reserved=reserved) for part in path.parts)
        head = str(parts[0])
        self.heads.add(head)
        if len(parts) > 1:
            self.nested.add(head)
        return parts

    def _part(self, part: str | int | NameRef, sort: str, *, reserved: bool) -> str | int:
        if isinstance(part, int):
            return part
        if isinstance(part, str):
            if reserved and is_reserved(part):
                self.findings.add("reserved", f"Attribute name is a reserved keyword; reserved keyword: {part}")
            return part
        name = self._names.get(part.name)
        if name is None:
            self.findings.add(
                sort,
                f"An expression attribute name used in the document path is not defined; attribute name: {part.name}",
            )
            return part.name
        self.names_used.add(part.name)
        return name

    def value(self, reference: ValueRef, *, values: str) -> None:
        """Note that a value is used; `values` is the sort of problem that an undefined one is."""
        if reference.name in self._value_types:
            self.values_used.add(reference.name)
            return
        self.findings.add(
            values,
            f"An expression attribute value used in expression is not defined; attribute value: {reference.name}",
        )

    def immediate_type(self, operand: Operand) -> str | None:
        """The type of an operand that is a value; None for everything that depends on the item."""
        if isinstance(operand, ValueRef):
            return self._value_types.get(operand.name)
        return kind(operand.value) if isinstance(operand, Constant) else None

    def type_of(self, operand: Operand) -> str | None:
        """The same, and the type of a function's result."""
        if isinstance(operand, Call):
            return _RESULT_TYPES.get(operand.function)
        return "N" if isinstance(operand, Arithmetic) else self.immediate_type(operand)


def path_text(path: Iterable[str | int]) -> str:
    """A path as messages show it: `[a, [1], b]`."""
    return f"[{', '.join(f'[{part}]' if isinstance(part, int) else part for part in path)}]"


def check_overlaps(paths: Iterable[ResolvedPath], findings: Findings) -> None:
    """Find two paths of which one holds the other, or that want one attribute to be a list and a map."""
    seen: list[ResolvedPath] = []
    for path in paths:
        for earlier in seen:
            _compare(earlier, path, findings)
        seen.append(path)


def _compare(one: ResolvedPath, two: ResolvedPath, findings: Findings) -> None:
    for mine, yours in zip(one, two, strict=False):
        if isinstance(mine, int) is not isinstance(yours, int):
            findings.add(
                "pathConflict",
                "Two document paths conflict with each other; must remove or rewrite one of these paths; "
                f"path one: {path_text(one)}, path two: {path_text(two)}",
            )
            return
        if mine != yours:
            return
    findings.add(
        "pathOverlap",
        "Two document paths overlap with each other; must remove or rewrite one of these paths; "
        f"path one: {path_text(one)}, path two: {path_text(two)}",
    )
