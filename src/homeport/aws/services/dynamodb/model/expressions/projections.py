"""Projections, compiled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from homeport.aws.services.dynamodb.model.expressions.binding import Binding, Findings, ResolvedPath, check_overlaps
from homeport.aws.services.dynamodb.model.expressions.paths import Tree, project, tree_of
from homeport.aws.services.dynamodb.model.expressions.remembering import remembered
from homeport.aws.services.dynamodb.model.expressions.tokens import Invalid
from homeport.aws.services.dynamodb.model.expressions.updates import parse_projection
from homeport.aws.services.dynamodb.model.values import Item

_ORDER = ("reserved", "attrNameVal", "pathOverlap", "pathConflict")


@dataclass(frozen=True, slots=True)
class CompiledProjection:
    """Which parts of an item are wanted."""

    tree: Tree
    paths: tuple[ResolvedPath, ...]
    names_used: frozenset[str] = frozenset()

    @property
    def heads(self) -> frozenset[str]:
        """The top-level attributes among them."""
        return frozenset(str(path[0]) for path in self.paths)

    @property
    def nested(self) -> frozenset[str]:
        """Those of which only parts are wanted."""
        return frozenset(str(path[0]) for path in self.paths if len(path) > 1)

    def __call__(self, item: Item) -> Item:
        """The wanted parts."""
        return project(item, self.tree)


def compile_projection(text: str, names: Mapping[str, str]) -> CompiledProjection:
    """A projection expression, from the cache if it has been there with such names.

    Raises:
        Invalid: its syntax is wrong, or its paths overlap.
    """
    return _compile_text(text, tuple(names.items()))


@remembered
def _compile_text(text: str, names: tuple[tuple[str, str], ...]) -> CompiledProjection:
    findings = Findings(_ORDER)
    binding = Binding(dict(names), {}, findings)
    paths = tuple(binding.path(path, names="attrNameVal") for path in parse_projection(text))
    check_overlaps(paths, findings)
    problem = findings.first()
    if problem is not None:
        raise Invalid("ProjectionExpression", problem)
    return CompiledProjection(tree_of(paths), paths, frozenset(binding.names_used))


def project_names(names: Sequence[str]) -> CompiledProjection:
    """The legacy `AttributesToGet`: top-level attributes by name."""
    paths = tuple((name,) for name in names)
    return CompiledProjection(tree_of(paths), paths)
