"""REGISTRY_* variables laid over config.yml, part by part of their names, as distribution does it."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, assert_never

from homeport.registry.distribution.document import DistributionConfigError, Tree, parse_yaml, sections
from homeport.registry.distribution.schema import CONFIGURATION, Free, Leaf, Many, Node, Section

PREFIX: Final = "REGISTRY_"
CONFIGURATION_PATH: Final = "REGISTRY_CONFIGURATION_PATH"

# Kubernetes sets these for a Service called registry, or registry-auth; the latter would break registry:2's start.
_service_link = re.compile(
    r"REGISTRY_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
).fullmatch


class _Unrecognised(Exception):
    """A variable that leads nowhere: told and ignored."""


def overlay(tree: dict[str, Tree], environment: Mapping[str, str]) -> Iterator[str]:
    """Change the tree as the variables say, in the order of their names; yields those that nothing answers to.

    Raises:
        DistributionConfigError: a value is no YAML, or an index lies outside its list.
    """
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name == CONFIGURATION_PATH or _service_link(name):
            continue
        try:
            _set(tree, CONFIGURATION, name.split("_")[1:], parse_yaml(environment[name], name), name)
        except _Unrecognised:
            yield name


def _set(tree: Tree, node: Node, parts: list[str], value: Tree, name: str) -> Tree:
    """The tree with the value at the place that the parts name; containers are changed in place."""
    if not parts:
        return value
    match node:
        case Section():
            return _set_in_section(tree, node, parts, value, name)
        case Free():
            return _set_in_map(tree, node, parts, value, name)
        case Many():
            return _set_in_list(tree, node, parts, value, name)
        case Leaf():
            raise _Unrecognised
        case _:
            assert_never(node)


def _set_in_section(tree: Tree, node: Section, parts: list[str], value: Tree, name: str) -> Tree:
    key = node.key_for(parts[0])
    if key is None:
        raise _Unrecognised
    section = tree if isinstance(tree, dict) else {}
    section[key] = _set(section.get(key), node.keys[key], parts[1:], value, name)
    return section


def _set_in_map(tree: Tree, node: Free, parts: list[str], value: Tree, name: str) -> Tree:
    # An existing key is found in any case; a new one is in lower case, because variables cannot say it otherwise.
    if isinstance(tree, str) and not node.shorthand:
        raise _Unrecognised
    entries = dict(sections(tree))
    key = next((known for known in entries if known.upper() == parts[0].upper()), parts[0].lower())
    below = entries.get(key)
    inner = Many(Free()) if isinstance(below, list) and node.value is None else node.below
    entries[key] = _set(below, inner, parts[1:], value, name)
    return entries


def _set_in_list(tree: Tree, node: Many, parts: list[str], value: Tree, name: str) -> Tree:
    items = tree if isinstance(tree, list) else []
    if not parts[0].isascii() or not parts[0].isdigit():
        raise _Unrecognised
    index = int(parts[0])
    if index > len(items):
        raise DistributionConfigError(f"{name}: the list has {len(items)} entries, so {index} is not the next one")
    if index == len(items):
        items.append(None)
    items[index] = _set(items[index], node.item, parts[1:], value, name)
    return items
