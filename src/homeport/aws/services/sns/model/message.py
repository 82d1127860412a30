"""A message that is published: its attributes, its subject, its size, its structure."""

import hashlib
import math
import re
from collections.abc import Mapping
from typing import NamedTuple, TypedDict

import orjson

from homeport.aws.services.sns.errors import InvalidParameter, ParameterValueInvalid

MAX_BYTES = 262_144
_MAX_SUBJECT = 100
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,256}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_TYPE = re.compile(r"(String\.Array|String|Number|Binary)(\..*)?", re.DOTALL)
_NO_SUBJECT = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN = re.compile("[!-~]{1,128}")
ARRAY = "String.Array"


class AttributeValue(TypedDict, total=False):
    """A message attribute, in the wire's own names."""

    DataType: str
    StringValue: str
    BinaryValue: bytes


Attributes = Mapping[str, AttributeValue]


class Publication(NamedTuple):
    """What is published.

    Attributes:
        texts: of a message with structure: what each protocol is sent; empty otherwise.
    """

    message: str
    subject: str | None
    attributes: Attributes
    texts: Mapping[str, str]
    group: str | None = None
    deduplication_id: str | None = None

    def text_for(self, protocol: str) -> str:
        """What subscribers of that protocol are sent."""
        return self.texts.get(protocol, self.texts["default"]) if self.texts else self.message


def size_of(message: str, attributes: Attributes) -> int:
    """Bytes that count towards the limit: the message, and names, types and values of its attributes."""
    size = len(message.encode())
    for name, value in attributes.items():
        content = value.get("BinaryValue") or value.get("StringValue", "").encode()
        size += len(name.encode()) + len(value.get("DataType", "")) + len(content)
    return size


def check_message(message: str, limit: int = MAX_BYTES) -> None:
    """Let a message be this text.

    Raises:
        InvalidParameter: it is empty or too long.
    """
    if not message:
        raise InvalidParameter("Empty message")
    if len(message) > limit or len(message.encode()) > limit:
        raise InvalidParameter("Message too long")


def check_subject(subject: str | None) -> None:
    """Let a message have this subject: up to 100 characters, no line breaks.

    Raises:
        InvalidParameter: it may not.
    """
    if subject is None:
        return
    if not 1 <= len(subject) <= _MAX_SUBJECT or _NO_SUBJECT.search(subject) or subject[0].isspace():
        raise InvalidParameter("Subject")


def check_attributes(attributes: Attributes) -> None:
    """Let a message have these attributes.

    Raises:
        ParameterValueInvalid: with AWS's reason.
    """
    for name, value in attributes.items():
        _check_attribute(name, value)


def _check_attribute(name: str, value: AttributeValue) -> None:
    if not _NAME.fullmatch(name) or name.startswith(".") or name.endswith(".") or ".." in name:
        raise ParameterValueInvalid(
            f"The message attribute name '{name}' is invalid. It can contain letters, digits, '_', '-' and '.', "
            "must not begin or end with a period, and is at most 256 characters long."
        )
    data_type = value.get("DataType", "")
    if not data_type:
        raise ParameterValueInvalid(f"The message attribute '{name}' must contain non-empty message attribute type.")
    match = _TYPE.fullmatch(data_type)
    if not match:
        raise ParameterValueInvalid(
            f"The message attribute '{name}' has an invalid message attribute type, "
            "the set of supported type prefixes is Binary, Number, and String."
        )
    content = value.get("BinaryValue") if match[1] == "Binary" else value.get("StringValue")
    if not content:
        raise ParameterValueInvalid(
            f"The message attribute '{name}' must contain non-empty message attribute value for message attribute type "
            f"'{data_type}'."
        )
    if match[1] == "Number" and isinstance(content, str) and number_of(content) is None:
        raise ParameterValueInvalid(f"Could not cast message attribute '{name}' value to number.")
    if match[1] == ARRAY and isinstance(content, str) and _array(content) is None:
        raise ParameterValueInvalid(f"The message attribute '{name}' is not a JSON array of scalars.")


def number_of(text: str) -> int | float | None:
    """The text as a number; None if it is none."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 1 << 53 else number


def _array(text: str) -> list[object] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, list) and not any(isinstance(each, dict | list) for each in found) else None


def filter_values(attributes: Attributes) -> dict[str, object]:
    """The attributes as filter policies see them: texts, numbers, arrays; blobs are not seen."""
    found: dict[str, object] = {}
    for name, value in attributes.items():
        text, data_type = value.get("StringValue", ""), value["DataType"]
        if data_type.startswith("Binary"):
            continue
        if data_type.startswith(ARRAY):
            found[name] = _array(text)
        elif data_type.startswith("Number"):
            found[name] = number_of(text)
        else:
            found[name] = text
    return found


def body_of(message: str) -> Mapping[str, object] | None:
    """The message as filter policies of the body's scope see it; None if it is no JSON object."""
    try:
        found = orjson.loads(message)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def parse_structure(structure: str | None, message: str) -> dict[str, str]:
    """What each protocol is sent; empty without a structure.

    Raises:
        InvalidParameter: the structure is not `json`, or the message is no map of protocols with a default.
    """
    if structure is None:
        return {}
    if structure != "json":
        raise InvalidParameter("MessageStructure")
    try:
        found = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise InvalidParameter("Message Structure - JSON message body failed to parse") from error
    if not isinstance(found, dict):
        raise InvalidParameter("Message Structure - JSON message body failed to parse")
    texts = {str(name): value for name, value in found.items() if isinstance(value, str)}
    if "default" not in texts:
        raise InvalidParameter("Message Structure - No default entry in JSON message body")
    return texts


def check_identifier(name: str, value: str) -> None:
    """A message group id or a deduplication id: 1 to 128 letters, digits and punctuation.

    Raises:
        InvalidParameter: it is not.
    """
    if not _PLAIN.fullmatch(value):
        raise InvalidParameter(name, f"The {name} can only include alphanumeric and punctuation characters")


def content_id(message: str) -> str:
    """What a FIFO topic with content-based deduplication knows a message by."""
    return hashlib.sha256(message.encode()).hexdigest()
