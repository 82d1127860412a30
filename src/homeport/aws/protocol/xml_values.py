"""XML elements: one function a shape that reads a parsed element, and one that appends a value's text."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError, XMLParser

from homeport.aws.protocol.codec import MalformedXml
from homeport.aws.protocol.model import Shape, WireModel
from homeport.aws.protocol.scalars import (
    TimestampFormat,
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

Read = Callable[[Element], Any]
Write = Callable[[list[str], Any], None]

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
# A carriage return would be read back as a line feed; other control characters have no form in XML 1.0 at all, and
# AWS writes them as references, which lenient parsers take.
_SPECIAL = re.compile('[&<>"\x00-\x08\x0b-\x1f\ufffe\uffff]')
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def escape(text: str) -> str:
    """Text as an element's or attribute's content."""
    if _SPECIAL.search(text) is None:
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return _CONTROL.sub(lambda match: f"&#x{ord(match[0]):X};", text)


def parse_xml(content: bytes) -> Element:
    """A document's root.

    Raises:
        MalformedXml: it is not well-formed, has a document type, or is in an encoding that could hide one.
    """
    # Expat reads single-byte encodings by Python's codecs; only what begins as ASCII does can be searched as bytes.
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(b"<") or b"\x00" in content or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise MalformedXml
    parser = XMLParser()  # noqa: S314 # without a document type there is nothing to expand
    try:
        parser.feed(content)
        root: Element = parser.close()
    except (ParseError, LookupError, ValueError):
        raise MalformedXml from None
    return root


def local_name(tag: str) -> str:
    """An element's name without its namespace."""
    return tag.rpartition("}")[2]


def _text(element: Element) -> str:
    if len(element):
        raise MalformedXml
    return element.text or ""


def _stripped(read: Callable[[str], Any]) -> Read:
    return lambda element: read(_text(element).strip())


_READ: Mapping[str, Read] = {
    "string": _text,
    "character": _text,
    "integer": _stripped(read_integer),
    "long": _stripped(read_integer),
    "float": _stripped(read_number),
    "double": _stripped(read_number),
    "boolean": _stripped(read_boolean),
    "blob": _stripped(read_blob),
    "timestamp": _stripped(read_timestamp),
}


class XmlReaders:
    """Functions that read elements, one for each shape of a service; they raise MalformedXml.

    An element that the shape does not have is refused: what a client means by it would otherwise be lost unsaid.
    """

    def __init__(self, model: WireModel) -> None:
        self._shapes = model.shapes
        self._made: dict[str, Read] = {}

    def of(self, name: str) -> Read:
        """The function of a shape."""
        made = self._made.get(name)
        return made if made is not None else self._make(name, self._shapes[name])

    def structure(self, members: Mapping[str, Mapping[str, Any]]) -> Read:
        """The function of these members of some structure."""
        elements: dict[str, tuple[str, Read, bool]] = {}
        attributes: dict[str, str] = {}
        self._fill(elements, attributes, members)
        return _structure_reader(elements, attributes)

    def _make(self, name: str, shape: Shape) -> Read:
        match shape["type"]:
            case "structure":
                elements: dict[str, tuple[str, Read, bool]] = {}
                attributes: dict[str, str] = {}
                self._made[name] = made = _structure_reader(elements, attributes)
                self._fill(elements, attributes, shape["members"])
                return made
            case "list":
                made = _list_reader(shape["member"].get("locationName", "member"), self.of(shape["member"]["shape"]))
            case "map":
                made = _map_reader(shape, self.of(shape["value"]["shape"]))
            case scalar:
                made = _READ[scalar]
        self._made[name] = made
        return made

    def _fill(
        self,
        elements: dict[str, tuple[str, Read, bool]],
        attributes: dict[str, str],
        members: Mapping[str, Mapping[str, Any]],
    ) -> None:
        for member, reference in members.items():
            shape = self._shapes[reference["shape"]]
            wire_name = reference.get("locationName", member)
            if reference.get("xmlAttribute"):
                attributes[wire_name.replace("xsi:", _XSI)] = member
            elif is_flattened(reference, shape):
                inner = self.of(shape["member"]["shape"])
                elements[flattened_name(member, reference, shape)] = member, inner, True
            else:
                elements[wire_name] = member, self.of(reference["shape"]), False


def is_flattened(reference: Mapping[str, Any], shape: Shape) -> bool:
    """Whether a list's or map's entries stand beside the other members, without an element around them."""
    return bool(reference.get("flattened") or shape.get("flattened"))


def flattened_name(member: str, reference: Mapping[str, Any], shape: Shape) -> str:
    """What each entry of a flattened list is called."""
    element: str = shape.get("member", {}).get("locationName") or reference.get("locationName", member)
    return element


def _structure_reader(elements: Mapping[str, tuple[str, Read, bool]], attributes: Mapping[str, str]) -> Read:
    def read(element: Element) -> Any:
        result: dict[str, Any] = {}
        try:
            for child in element:
                member, inner, many = elements[local_name(child.tag)]
                if many:
                    result.setdefault(member, []).append(inner(child))
                elif member in result:
                    raise MalformedXml
                else:
                    result[member] = inner(child)
        except (KeyError, ValueMalformed):
            raise MalformedXml from None
        for name, member in attributes.items():
            if name in element.attrib:
                result[member] = element.attrib[name]
        return result

    return read


def _list_reader(item: str, inner: Read) -> Read:
    def read(element: Element) -> Any:
        if any(local_name(child.tag) != item for child in element):
            raise MalformedXml
        return [inner(child) for child in element]

    return read


def _map_reader(shape: Shape, inner: Read) -> Read:
    key_name, value_name = shape["key"].get("locationName", "key"), shape["value"].get("locationName", "value")

    def read(element: Element) -> Any:
        result = {}
        for entry in element:
            parts = {local_name(child.tag): child for child in entry}
            if key_name not in parts or value_name not in parts:
                raise MalformedXml
            result[_text(parts[key_name])] = inner(parts[value_name])
        return result

    return read


def _write_scalar(shape: Shape, reference: Mapping[str, Any]) -> Callable[[Any], str]:
    match shape["type"]:
        case "timestamp":
            form: TimestampFormat = reference.get("timestampFormat") or shape.get("timestampFormat", "iso8601")
            return lambda value: write_timestamp(value, form)
        case "boolean":
            return lambda value: "true" if value else "false"
        case "blob":
            return write_blob
        case "float" | "double":
            return write_number
        case "string" | "character":
            return escape
    return str


class XmlWriters:
    """Functions that append elements, one for each pair of shape and element name."""

    def __init__(self, model: WireModel) -> None:
        self._shapes = model.shapes
        self._made: dict[tuple[str, str], Write] = {}

    def members(self, members: Mapping[str, Mapping[str, Any]]) -> Write:
        """Appends what these members of a structure hold, in the model's order, without an element around them."""
        return _members_writer(self._writers(members))

    def element(self, name: str, reference: Mapping[str, Any]) -> Write:
        """Appends one element with a value of the shape in it."""
        key = reference["shape"], name
        shape = self._shapes[reference["shape"]]
        if shape["type"] == "timestamp":
            return _scalar_writer(name, _write_scalar(shape, reference))
        if key not in self._made:
            self._make(key, name, shape, reference)
        return self._made[key]

    def _make(self, key: tuple[str, str], name: str, shape: Shape, reference: Mapping[str, Any]) -> None:
        match shape["type"]:
            case "structure":
                writers: list[tuple[str, Write]] = []
                attributes: list[tuple[str, str]] = []
                self._made[key] = _structure_writer(name, shape, writers, attributes)
                plain = {m: r for m, r in shape["members"].items() if not r.get("xmlAttribute")}
                attributes += [(m, r["locationName"]) for m, r in shape["members"].items() if r.get("xmlAttribute")]
                writers += self._writers(plain)
            case "list":
                item = shape["member"].get("locationName", "member")
                self._made[key] = _wrapped(name, _each(self.element(item, shape["member"])))
            case "map":
                self._made[key] = _wrapped(name, self._entries("entry", shape))
            case _:
                self._made[key] = _scalar_writer(name, _write_scalar(shape, reference))

    def _writers(self, members: Mapping[str, Mapping[str, Any]]) -> Sequence[tuple[str, Write]]:
        return [(member, self._member(member, reference)) for member, reference in members.items()]

    def _member(self, member: str, reference: Mapping[str, Any]) -> Write:
        shape = self._shapes[reference["shape"]]
        if not is_flattened(reference, shape):
            return self.element(reference.get("locationName", member), reference)
        if shape["type"] == "map":
            return self._entries(shape.get("locationName") or reference.get("locationName", member), shape)
        return _each(self.element(flattened_name(member, reference, shape), shape["member"]))

    def _entries(self, entry: str, shape: Shape) -> Write:
        write_key = self.element(shape["key"].get("locationName", "key"), shape["key"])
        write_value = self.element(shape["value"].get("locationName", "value"), shape["value"])

        def write(out: list[str], value: Any) -> None:
            for key, item in value.items():
                out.append(f"<{entry}>")
                write_key(out, key)
                write_value(out, item)
                out.append(f"</{entry}>")

        return write


def _members_writer(writers: Sequence[tuple[str, Write]]) -> Write:
    def write(out: list[str], value: Any) -> None:
        for member, inner in writers:
            item = value.get(member)
            if item is not None:
                inner(out, item)

    return write


def _structure_writer(
    name: str, shape: Shape, writers: Sequence[tuple[str, Write]], attributes: Sequence[tuple[str, str]]
) -> Write:
    namespace = shape.get("xmlNamespace", {})
    declared = f' xmlns:{namespace["prefix"]}="{namespace["uri"]}"' if "prefix" in namespace else ""

    def write(out: list[str], value: Any) -> None:
        given = ""
        if attributes:
            given = "".join(f' {wire}="{escape(value[m])}"' for m, wire in attributes if value.get(m) is not None)
        out.append(f"<{name}{declared}{given}>")
        for member, inner in writers:
            item = value.get(member)
            if item is not None:
                inner(out, item)
        out.append(f"</{name}>")

    return write


def _scalar_writer(name: str, text_of: Callable[[Any], str]) -> Write:
    opening, closing = f"<{name}>", f"</{name}>"
    if text_of is escape:
        return _string_writer(opening, closing)
    return lambda out, value: out.append(f"{opening}{text_of(value)}{closing}")


def _string_writer(opening: str, closing: str) -> Write:
    """The same for texts, most of which need no escaping: a listing has thousands."""
    special = _SPECIAL.search

    def write(out: list[str], value: Any) -> None:
        out.append(f"{opening}{value if special(value) is None else escape(value)}{closing}")

    return write


def _wrapped(name: str, inner: Write) -> Write:
    def write(out: list[str], value: Any) -> None:
        out.append(f"<{name}>")
        inner(out, value)
        out.append(f"</{name}>")

    return write


def _each(inner: Write) -> Write:
    def write(out: list[str], value: Any) -> None:
        for item in value:
            inner(out, item)

    return write
