"""Requests of the query protocol: dotted names in a form, gathered to a tree and read by shape."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from homeport.aws.protocol.codec import MalformedInput
from homeport.aws.protocol.model import Shape, WireModel
from homeport.aws.protocol.scalars import (
    ValueMalformed,
    read_blob,
    read_boolean,
    read_integer,
    read_number,
    read_timestamp,
)
from homeport.aws.protocol.xml_values import flattened_name, is_flattened

Tree = dict[str, Any]
"""A name's parts lead from tree to tree; a tree's own value stands under the empty name."""

Read = Callable[[Tree], Any]

_MOST_PARTS = 32
_MOST_PARAMETERS = 20_000


def _decode(text: str) -> str:
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedInput("The request contains bytes that are not UTF-8.") from None


def read_form(text: str) -> dict[str, str]:
    """The parameters of a form or a query string; of a repeated one the last.

    Raises:
        MalformedInput: bytes that are no UTF-8, or too many parameters.
    """
    if text.count("&") > _MOST_PARAMETERS:
        raise MalformedInput("The request has too many parameters.")
    pairs = (part.partition("=") for part in text.split("&") if part)
    return {_decode(name): _decode(value) for name, _, value in pairs}


def tree_of(form: Mapping[str, str]) -> Tree:
    """Parameters by the parts of their names.

    Raises:
        MalformedInput: a name has too many parts.
    """
    root: Tree = {}
    for name, value in form.items():
        parts = name.split(".")
        if len(parts) > _MOST_PARTS:
            raise MalformedInput(f"The parameter name {name[:100]} is nested too deeply.")
        node = root
        for part in parts:
            node = node.setdefault(part, {})
        node[""] = value
    return root


def _scalar(convert: Callable[[str], Any]) -> Read:
    def read(tree: Tree) -> Any:
        text = tree.get("")
        if text is None:
            raise MalformedInput("Unexpected complex element")
        try:
            return convert(text)
        except ValueMalformed as error:
            raise MalformedInput(f"{error.text[:200]} is not a valid {error.wanted}.") from None

    return read


_READ: Mapping[str, Read] = {
    "string": _scalar(str),
    "character": _scalar(str),
    "integer": _scalar(read_integer),
    "long": _scalar(read_integer),
    "float": _scalar(read_number),
    "double": _scalar(read_number),
    "boolean": _scalar(read_boolean),
    "blob": _scalar(read_blob),
    "timestamp": _scalar(read_timestamp),
}


class QueryReaders:
    """Functions that read trees, one for each shape of a service; they raise MalformedInput."""

    def __init__(self, model: WireModel) -> None:
        self._shapes = model.shapes
        self._made: dict[str, Read] = {}

    def of(self, name: str) -> Read:
        """The function of a shape that is not flattened."""
        made = self._made.get(name)
        return made if made is not None else self._make(name, self._shapes[name])

    def _make(self, name: str, shape: Shape) -> Read:
        match shape["type"]:
            case "structure":
                known: dict[str, tuple[str, Read]] = {}
                self._made[name] = made = _structure_reader(known)
                for member, reference in shape["members"].items():
                    known[self._wire_name(member, reference)] = member, self._member(reference)
                return made
            case "list":
                made = self._list(shape, shape["member"].get("locationName", "member"))
            case "map":
                made = self._map(shape, "entry")
            case scalar:
                made = _READ[scalar]
        self._made[name] = made
        return made

    def _wire_name(self, member: str, reference: Mapping[str, Any]) -> str:
        shape = self._shapes[reference["shape"]]
        if is_flattened(reference, shape):
            if shape["type"] == "list":
                return flattened_name(member, reference, shape)
            return str(shape.get("locationName") or reference.get("locationName", member))
        return str(reference.get("queryName") or reference.get("locationName", member))

    def _member(self, reference: Mapping[str, Any]) -> Read:
        shape = self._shapes[reference["shape"]]
        if not is_flattened(reference, shape):
            return self.of(reference["shape"])
        return self._list(shape, "") if shape["type"] == "list" else self._map(shape, "")

    def _list(self, shape: Shape, item: str) -> Read:
        inner = self.of(shape["member"]["shape"])

        def read(tree: Tree) -> Any:
            # Some clients leave the element's name out, others write "member" for every list.
            entries = tree.get(item) or tree.get("member") or tree if item else tree
            return [inner(entry) for entry in _in_order(entries)]

        return read

    def _map(self, shape: Shape, entry_name: str) -> Read:
        key_name, value_name = shape["key"].get("locationName", "key"), shape["value"].get("locationName", "value")
        of_value = self.of(shape["value"]["shape"])

        def read(tree: Tree) -> Any:
            entries = tree.get(entry_name, {}) if entry_name else tree
            result = {}
            for entry in _in_order(entries):
                if key_name not in entry:
                    raise MalformedInput("A map's entry has no key.")
                if value_name in entry:
                    result[entry[key_name].get("", "")] = of_value(entry[value_name])
            return result

        return read


def _in_order(entries: Tree) -> list[Tree]:
    numbered = [(int(name), tree) for name, tree in entries.items() if name.isdecimal() and name.isascii()]
    return [tree for _, tree in sorted(numbered, key=lambda pair: pair[0])]


def _structure_reader(known: Mapping[str, tuple[str, Read]]) -> Read:
    def read(tree: Tree) -> Any:
        result = {}
        for name, item in tree.items():
            member = known.get(name)
            if member is not None:
                result[member[0]] = member[1](item)
        return result

    return read
