"""Walking document paths: reading, replacing and removing what they point at, and cutting an item down to them."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from homeport.aws.services.dynamodb.model.expressions.binding import ResolvedPath
from homeport.aws.services.dynamodb.model.values import Item, Value, elements_of, fields_of

Tree: TypeAlias = dict["str | int", "Tree"]
"""Paths merged at their common beginnings; a leaf is empty and stands for all that is below it."""


def find(item: Mapping[str, Value], path: ResolvedPath) -> Value | None:
    """What a path points at, or None."""
    value = item.get(str(path[0]))
    for part in path[1:]:
        if value is None:
            return None
        value = step(value, part)
    return value


def step(value: Value, part: str | int) -> Value | None:
    """One step down a path."""
    if isinstance(part, int):
        if "L" not in value:
            return None
        elements = elements_of(value)
        return elements[part] if part < len(elements) else None
    return fields_of(value).get(part) if "M" in value else None


def tree_of(paths: Iterable[ResolvedPath]) -> Tree:
    """Merge paths, none of which overlap."""
    tree: Tree = {}
    for path in paths:
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
    return tree


def project(item: Item, tree: Tree) -> Item:
    """The parts of an item that the tree's paths point at; lists close up."""
    projected: Item = {}
    for name, branch in tree.items():
        value = item.get(str(name))
        if value is not None:
            part = _cut(value, branch) if branch else value
            if part is not None:
                projected[str(name)] = part
    return projected


def _cut(value: Value, tree: Tree) -> Value | None:
    found: list[tuple[str | int, Value]] = []
    for part, branch in tree.items():
        below = step(value, part)
        if below is not None:
            piece = _cut(below, branch) if branch else below
            if piece is not None:
                found.append((part, piece))
    if not found:
        return None
    if "L" in value:
        found.sort(key=lambda piece: int(piece[0]))
        return {"L": [piece for _, piece in found]}
    return {"M": {str(part): piece for part, piece in found}}
