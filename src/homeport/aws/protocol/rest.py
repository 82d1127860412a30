"""What REST protocols share: members that travel in the path, the query string, headers and the status line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeport.aws.errors import AwsError
from homeport.aws.protocol.codec import Members, WireRequest
from homeport.aws.protocol.model import Shape, WireModel
from homeport.aws.protocol.scalars import (
    ValueMalformed,
    read_blob,
    read_boolean,
    read_integer,
    read_number,
    read_timestamp,
    write_blob,
    write_number,
    write_timestamp,
)
from homeport.kernel.http.message import HeaderList
from homeport.kernel.streams import FileSlices

ReadText = Callable[[str], Any]
WriteText = Callable[[Any], str]
Malformed = Callable[[str, str, ValueMalformed], AwsError]
"""Makes the service's error of (where, wire name, what was wrong)."""

_READ: Mapping[str, ReadText] = {
    "string": str,
    "character": str,
    "integer": read_integer,
    "long": read_integer,
    "float": read_number,
    "double": read_number,
    "boolean": read_boolean,
    "blob": read_blob,
    "timestamp": read_timestamp,
}


@dataclass(frozen=True, slots=True)
class _Bound:
    member: str
    location: str
    wire_name: str
    read: Callable[[list[str]], Any]
    plain: bool
    """Whether the text is the value."""


class Bindings:
    """An input's members outside the body, compiled."""

    def __init__(self, shape: Shape, model: WireModel, malformed: Malformed) -> None:
        self._malformed = malformed
        self._labels: list[_Bound] = []
        self._query: list[_Bound] = []
        self._prefixes: list[tuple[str, str]] = []
        headers: list[_Bound] = []
        places = {"uri": self._labels, "querystring": self._query, "header": headers}
        for member, reference in shape["members"].items():
            location = reference.get("location", "")
            wire_name = reference.get("locationName", member)
            if location == "headers":
                self._prefixes.append((member, wire_name.lower()))
            elif location in places:
                values = model.shapes[reference["shape"]]
                read = _values_reader(values, model, header=location == "header")
                places[location].append(_Bound(member, location, wire_name, read, values["type"] == "string"))
        self._by_header = {bound.wire_name.lower(): bound for bound in headers}

    def read(self, request: WireRequest) -> Members:
        """The members that the request has.

        Raises:
            AwsError: as `malformed` makes it.
        """
        found: Members = {}
        for bound in self._labels:
            text = request.labels[bound.wire_name]
            if bound.plain:
                found[bound.member] = text
            else:
                self._take(found, bound, [text])
        if request.query:
            for bound in self._query:
                values = request.query.get(bound.wire_name)
                if values is not None:
                    self._take(found, bound, values)
        self._read_headers(found, request.headers)
        return found

    def _read_headers(self, found: Members, headers: Mapping[str, str]) -> None:
        # A request has fewer headers than an operation of S3 could take.
        maps: list[tuple[str, dict[str, str]]] = []
        for member, prefix in self._prefixes:
            values: dict[str, str] = {}
            found[member] = values
            maps.append((prefix, values))
        for name, text in headers.items():
            lower = name.lower()
            bound = self._by_header.get(lower)
            if bound is not None and bound.member not in found:
                if bound.plain:
                    found[bound.member] = text
                else:
                    self._take(found, bound, [text])
            for prefix, values in maps:
                if lower.startswith(prefix):
                    own = lower[len(prefix) :]
                    values[own] = f"{values[own]},{text}" if own in values else text

    def _take(self, found: Members, bound: _Bound, values: list[str]) -> None:
        try:
            found[bound.member] = bound.read(values)
        except ValueMalformed as error:
            raise self._malformed(bound.location, bound.wire_name, error) from None


def _values_reader(shape: Shape, model: WireModel, *, header: bool) -> Callable[[list[str]], Any]:
    if shape["type"] == "list":
        inner = _READ[model.shapes[shape["member"]["shape"]]["type"]]
        if header:
            return lambda values: [inner(part.strip().strip('"')) for part in values[0].split(",") if part.strip()]
        return lambda values: [inner(value) for value in values]
    read = _READ.get(shape["type"], str)
    return lambda values: read(values[-1])


def text_writer(shape: Shape, reference: Mapping[str, Any]) -> WriteText:
    """How a member is written in a header."""
    match shape["type"]:
        case "timestamp":
            form = reference.get("timestampFormat") or shape.get("timestampFormat", "rfc822")
            return lambda value: write_timestamp(value, form)
        case "boolean":
            return lambda value: "true" if value else "false"
        case "blob":
            return write_blob
        case "float" | "double":
            return write_number
        case "list":
            return lambda value: ",".join(map(str, value))
    return str


STATUS: Final = ":status"
"""A member of any result: the answer's status where the operation chooses between several that no model tells."""

_PARTIAL: Final = 206


class HeaderWriters:
    """An output's members outside the body, compiled."""

    def __init__(self, shape: Shape, model: WireModel) -> None:
        self._headers: dict[str, tuple[str, WriteText]] = {}
        self._prefixes: list[tuple[str, str]] = []
        self._status = ""
        # Part of a content has a status of its own (RFC 9110, section 15.3.7) that no model tells.
        self._ranged = "ContentRange" in shape["members"]
        self._length = ""
        for member, reference in shape["members"].items():
            wire_name = reference.get("locationName", member)
            match reference.get("location"):
                case "header" if wire_name == "Content-Length":
                    self._length = member
                case "header":
                    write = text_writer(model.shapes[reference["shape"]], reference)
                    self._headers[member] = wire_name, write
                case "headers":
                    self._prefixes.append((member, wire_name))
                case "statusCode":
                    self._status = member

    def write(self, result: Mapping[str, Any], headers: HeaderList) -> None:
        """Append what the result says in headers; an empty text is not sent."""
        known = self._headers
        for member, value in result.items():
            if value is not None and value != "" and member in known:
                name, write = known[member]
                headers.append((name, write(value)))
        for member, prefix in self._prefixes:
            for name, value in (result.get(member) or {}).items():
                headers.append((f"{prefix}{name}", value))

    def length(self, result: Mapping[str, Any], body: object) -> int | None:
        """Content-Length where the body does not tell it: there is none, as to HEAD, or it comes in pieces."""
        if not self._length or (body and isinstance(body, bytes | FileSlices)):
            return None
        length = result.get(self._length)
        return length if isinstance(length, int) else None

    def status(self, result: Mapping[str, Any], default: int) -> int:
        """The answer's status."""
        status = result.get(self._status or STATUS)
        if self._ranged and result.get("ContentRange"):
            return _PARTIAL
        return status if isinstance(status, int) else default


def body_members(shape: Shape) -> Mapping[str, Mapping[str, Any]]:
    """The members that travel in the body."""
    return {member: reference for member, reference in shape["members"].items() if "location" not in reference}
