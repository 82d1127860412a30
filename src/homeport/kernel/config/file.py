"""The configuration file: YAML to settings' texts, each with the line it stands on."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from homeport.kernel.config.errors import ConfigFileError
from homeport.kernel.config.kinds import Raw

_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of the file with its value as text, and the line (from 1) of the key."""

    key: str
    raw: Raw
    line: int


def read_file(path: Path, keys: Collection[str]) -> list[Entry]:
    """Read a file's entries; `listen: {registry: X}` and `listen.registry: X` are the same entry.

    Args:
        path: the file.
        keys: the settings' keys; a map below one of them is its value, any other map is a section.

    Raises:
        ConfigFileError: the file cannot be read, is no YAML, or says one thing twice.
    """
    root = _compose(path)
    entries = [] if root is None else list(_entries(path, root, "", frozenset(keys)))
    seen: dict[str, int] = {}
    for entry in entries:
        if entry.key in seen:
            raise ConfigFileError(f"{path}:{entry.line}: {entry.key} is already set in line {seen[entry.key]}")
        seen[entry.key] = entry.line
    return entries


def _compose(path: Path) -> yaml.Node | None:
    try:
        # BaseLoader makes text of every scalar: `off` and `012` stay what was typed, as in a variable or flag.
        node: yaml.Node | None = yaml.compose(path.read_text("utf-8"), Loader=yaml.BaseLoader)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigFileError(f"cannot read the configuration file {path}: {reason}") from error
    except yaml.YAMLError as error:
        raise ConfigFileError(
            f"{path}{_line_of(error)}: this is not YAML: {getattr(error, 'problem', None) or error}",
            hint="put quotes around addresses such as '[::1]:5000' and patterns such as '*'",
        ) from error
    return node


def _line_of(error: yaml.YAMLError) -> str:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    return "" if mark is None else f":{mark.line + 1}"


def _entries(path: Path, node: yaml.Node, prefix: str, keys: frozenset[str]) -> Iterator[Entry]:
    if not isinstance(node, yaml.MappingNode):
        raise ConfigFileError(f"{path}:{_line(node)}: expected `key: value` lines{_inside(prefix)}")
    for key_node, value in node.value:
        key = prefix + str(_plain(path, key_node))
        if key not in keys and isinstance(value, yaml.MappingNode) and key.count(".") < _DEEPEST:
            yield from _entries(path, value, key + ".", keys)
        else:
            yield Entry(key, _plain(path, value), _line(key_node))


def _plain(path: Path, node: yaml.Node, depth: int = 0) -> Raw:
    # An alias may lead back into its own anchor; nothing that can be set is nested anywhere near this deep.
    if depth > _DEEPEST:
        raise ConfigFileError(f"{path}:{_line(node)}: this is nested too deep")
    match node:
        case yaml.SequenceNode():
            return [_plain(path, item, depth + 1) for item in node.value]
        case yaml.MappingNode():
            return {str(_plain(path, key)): _plain(path, value, depth + 1) for key, value in node.value}
        case _:
            return str(node.value)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _inside(prefix: str) -> str:
    return f" in {prefix.rstrip('.')}" if prefix else ""
