"""JSON values: one function a shape that checks and converts what came, and one that prepares what goes."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from homeport.aws.protocol.codec import SerializationException
from homeport.aws.protocol.model import Shape, WireModel
from homeport.aws.protocol.scalars import (
    ValueMalformed,
    millis_of,
    read_blob,
    read_timestamp,
    write_blob,
    write_number,
    write_timestamp,
)
from homeport.kernel.clock import MILLIS_PER_SECOND

Read = Callable[[Any], Any]
Write = Callable[[Any], Any]

_LARGEST = 1 << 63


def _kind(value: object) -> str:
    """A JSON value's kind in the words of AWS's parser."""
    match value:
        case bool():
            return "TRUE_VALUE" if value else "FALSE_VALUE"
        case str():
            return "STRING_VALUE"
        case int():
            return "NUMBER_VALUE"
        case float():
            return "DECIMAL_VALUE"
    return ""


class WrongJsonType(SerializationException):
    """A value of another JSON type than the member's."""

    def __init__(self, value: object, wanted: str) -> None:
        if wanted in {"structure", "list", "map"}:
            message = "Unexpected field type" if isinstance(value, dict | list) else _no_collection(value)
        elif isinstance(value, dict):
            message = "Start of structure or map found where not expected."
        elif isinstance(value, list):
            message = "Start of list found where not expected"
        else:
            message = f"{_kind(value)} cannot be converted to {wanted}"
        super().__init__(message)


def _no_collection(value: object) -> str:
    return f"Unexpected value type in payload: {_kind(value)}"


def _string(value: Any) -> str:
    if type(value) is str:
        return value
    raise WrongJsonType(value, "String")


def _integer(value: Any) -> int:
    if type(value) is int and -_LARGEST <= value < _LARGEST:
        return value
    if type(value) is float and value.is_integer() and abs(value) < _LARGEST:
        return int(value)
    raise WrongJsonType(value, "Integer")


def _number(value: Any) -> float:
    if type(value) in {int, float}:
        return float(value)
    if value in {"NaN", "Infinity", "-Infinity"}:
        return float(value)
    raise WrongJsonType(value, "Double")


def _boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise WrongJsonType(value, "Boolean")


def _blob(value: Any) -> bytes:
    if type(value) is not str:
        raise WrongJsonType(value, "Blob")
    try:
        return read_blob(value)
    except ValueMalformed:
        raise SerializationException("Invalid base64 encoded data") from None


def _timestamp(value: Any) -> int:
    try:
        if type(value) in {int, float}:
            return millis_of(value)
        if type(value) is str:
            return read_timestamp(value)
    except ValueMalformed:
        pass
    raise WrongJsonType(value, "Timestamp")


def _as_it_is(value: Any) -> Any:
    return value


_READ: Mapping[str, Read] = {
    "string": _string,
    "character": _string,
    "integer": _integer,
    "long": _integer,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "blob": _blob,
    "timestamp": _timestamp,
}


class JsonReaders:
    """Functions that turn parsed JSON into a request's values, one for each shape of a service.

    They raise SerializationException. Members that nobody knows, and members that are null, are left out.
    """

    def __init__(self, model: WireModel) -> None:
        self._shapes = model.shapes
        self._made: dict[str, Read] = {}

    def of(self, name: str) -> Read:
        """The function of a shape."""
        made = self._made.get(name)
        if made is None:
            made = self._make(name, self._shapes[name])
        return made

    def structure(self, members: Mapping[str, Mapping[str, Any]]) -> Read:
        """The function of these members of some structure."""
        known: dict[str, tuple[str, Read]] = {}
        self._fill(known, members)
        return _structure_reader(known)

    def _make(self, name: str, shape: Shape) -> Read:
        if shape.get("opaque"):
            # The service reads it itself.
            self._made[name] = _as_it_is
            return _as_it_is
        match shape["type"]:
            case "structure":
                known: dict[str, tuple[str, Read]] = {}
                # Known before its members are, which may hold the structure itself.
                self._made[name] = made = _structure_reader(known)
                self._fill(known, shape["members"])
                return made
            case "list":
                made = _list_reader(self.of(shape["member"]["shape"]))
            case "map":
                made = _map_reader(self.of(shape["value"]["shape"]))
            case scalar:
                made = _READ[scalar]
        self._made[name] = made
        return made

    def _fill(self, known: dict[str, tuple[str, Read]], members: Mapping[str, Mapping[str, Any]]) -> None:
        for member, reference in members.items():
            known[reference.get("locationName", member)] = member, self.of(reference["shape"])


def _structure_reader(known: Mapping[str, tuple[str, Read]]) -> Read:
    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise WrongJsonType(value, "structure")
        result = {}
        for name, item in value.items():
            member = known.get(name)
            if member is not None and item is not None:
                result[member[0]] = member[1](item)
        return result

    return read


def _list_reader(inner: Read) -> Read:
    def read(value: Any) -> Any:
        if type(value) is not list:
            raise WrongJsonType(value, "list")
        return [inner(item) for item in value if item is not None]

    return read


def _map_reader(inner: Read) -> Read:
    def read_as_it_is(value: Any) -> Any:
        if type(value) is not dict:
            raise WrongJsonType(value, "map")
        return value if None not in value.values() else {key: item for key, item in value.items() if item is not None}

    if inner is _as_it_is:
        return read_as_it_is

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise WrongJsonType(value, "map")
        return {key: inner(item) for key, item in value.items() if item is not None}

    return read


def _write_float(value: float) -> float | str:
    return value if math.isfinite(value) else write_number(value)


def _write_seconds(value: int) -> float | int:
    return value // MILLIS_PER_SECOND if not value % MILLIS_PER_SECOND else value / MILLIS_PER_SECOND


_WRITE: Mapping[str, Write] = {"blob": write_blob, "float": _write_float, "double": _write_float}
"""Scalars that JSON cannot say as they are; opaque structures are handed on."""


class JsonWriters:
    """Functions that turn a result's values into what JSON can say; None where they are that already."""

    def __init__(self, model: WireModel) -> None:
        self._shapes = model.shapes
        self._made: dict[str, Write | None] = {}

    def of(self, name: str, timestamp_format: str | None = None) -> Write | None:
        """The function of a shape."""
        shape = self._shapes[name]
        if shape["type"] == "timestamp":
            return _timestamp_writer(timestamp_format or shape.get("timestampFormat", "unixTimestamp"))
        if name not in self._made:
            self._made[name] = self._make(name, shape)
        return self._made[name]

    def structure(self, members: Mapping[str, Mapping[str, Any]]) -> Write:
        """The function of these members of some structure."""
        known: dict[str, tuple[str, Write | None]] = {}
        self._fill(known, members)
        return _structure_writer(known)

    def _make(self, name: str, shape: Shape) -> Write | None:
        match "opaque" if shape.get("opaque") else shape["type"]:
            case "structure":
                known: dict[str, tuple[str, Write | None]] = {}
                self._made[name] = made = _structure_writer(known)
                self._fill(known, shape["members"])
                return made
            case "list":
                return _list_writer(self.of(shape["member"]["shape"], shape["member"].get("timestampFormat")))
            case "map":
                return _map_writer(self.of(shape["value"]["shape"], shape["value"].get("timestampFormat")))
            case kind:
                return _WRITE.get(kind)

    def _fill(self, known: dict[str, tuple[str, Write | None]], members: Mapping[str, Mapping[str, Any]]) -> None:
        for member, reference in members.items():
            write = self.of(reference["shape"], reference.get("timestampFormat"))
            known[member] = reference.get("locationName", member), write


def _timestamp_writer(form: str) -> Write:
    if form == "unixTimestamp":
        return _write_seconds
    return lambda value: write_timestamp(value, "iso8601" if form == "iso8601" else "rfc822")


def _structure_writer(known: Mapping[str, tuple[str, Write | None]]) -> Write:
    def write(value: Any) -> Any:
        result = {}
        for name, item in value.items():
            member = known.get(name)
            if member is not None and item is not None:
                wire_name, inner = member
                result[wire_name] = item if inner is None else inner(item)
        return result

    return write


def _list_writer(inner: Write | None) -> Write | None:
    if inner is None:
        return None
    return lambda value: [inner(item) for item in value]


def _map_writer(inner: Write | None) -> Write | None:
    if inner is None:
        return None
    return lambda value: {key: inner(item) for key, item in value.items()}
