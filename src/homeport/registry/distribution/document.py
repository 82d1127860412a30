"""config.yml as a tree of texts: YAML's structure, with every scalar left as it was typed.

Go reads a scalar as what the field at hand takes: `0123` is a secret's text and a limit's number. So nothing is
guessed here; whoever takes a value says what it is to be.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import yaml

from homeport.kernel.errors import OperatorError

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree] | None"

_DEEPEST = 32
_KEPT_TAGS = ("tag:yaml.org,2002:merge", "tag:yaml.org,2002:null")


class DistributionConfigError(OperatorError):
    """A registry configuration that Homeport cannot serve."""


class _TextLoader(yaml.SafeLoader):
    """YAML in which only `<<` and nulls mean anything."""


_TextLoader.yaml_implicit_resolvers = {
    first: kept
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    if (kept := [(tag, pattern) for tag, pattern in resolvers if tag in _KEPT_TAGS])
}


def read_document(path: Path) -> dict[str, Tree]:
    """The file's top level.

    Raises:
        DistributionConfigError: it cannot be read, or is no YAML map.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise DistributionConfigError(f"cannot read the registry configuration {path}: {reason}") from error
    tree = parse_yaml(text, str(path))
    if not isinstance(tree, dict):
        raise DistributionConfigError(f"{path}: expected `key: value` lines, beginning with `version: 0.1`")
    return tree


def parse_yaml(text: str, origin: str) -> Tree:
    """One YAML document, as the file or a variable has it.

    Raises:
        DistributionConfigError: it is no YAML.
    """
    try:
        loaded: object = yaml.load(text, Loader=_TextLoader)  # noqa: S506 - a SafeLoader with fewer types
    except yaml.YAMLError as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        line = f" line {mark.line + 1}" if mark is not None else ""
        raise DistributionConfigError(f"{origin}{line}: this is not YAML: {_problem(error)}") from error
    return _to_tree(loaded, origin, 0)


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error)


def _to_tree(value: object, origin: str, depth: int) -> Tree:
    if depth > _DEEPEST:
        raise DistributionConfigError(f"{origin}: this is nested too deep")
    match value:
        case None:
            return None
        case dict():
            return {str(key): _to_tree(item, origin, depth + 1) for key, item in value.items()}
        case list():
            return [_to_tree(item, origin, depth + 1) for item in value]
        case _:
            return str(value)


def look_up(tree: Tree, path: str) -> Tree:
    """What stands at a dotted path; `None` where nothing does."""
    for key in path.split("."):
        if not isinstance(tree, dict):
            return None
        tree = tree.get(key)
    return tree


def sections(tree: Tree) -> Iterator[tuple[str, Tree]]:
    """The entries of a map; a bare word is a map of one empty section, as Go's `auth: htpasswd`."""
    if isinstance(tree, str) and tree:
        yield tree, {}
    elif isinstance(tree, dict):
        yield from tree.items()
