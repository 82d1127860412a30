"""What a message may contain, how large it is, and the digests that clients check it by."""

import hashlib
import math
import re
from collections.abc import Mapping
from typing import TypedDict

from homeport.aws.services.sqs.errors import (
    InvalidMessageContents,
    InvalidParameter,
    InvalidParameterValue,
    MissingParameter,
)

# XML 1.0, production [2] Char: what SQS lets a body consist of. Of ASCII that is all but most control characters; of
# the rest all but two, and the surrogates that UTF-8 does not have.
_FINE = bytes(byte for byte in range(256) if byte >= ord(" ") or byte in b"\t\n\r")
_NO_CHARACTERS = ("\ufffe", "\uffff")
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_TYPE = re.compile(r"(String|Number|Binary)(\..*)?", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_PLAIN = re.compile("[!-~]{1,128}")
_MAX_ATTRIBUTES = 10
_MAX_NAME_BYTES = 256
_STRING, _BINARY = b"\x01", b"\x02"


class AttributeValue(TypedDict, total=False):
    """A message attribute, in the wire's own names."""

    DataType: str
    StringValue: str
    BinaryValue: bytes


Attributes = Mapping[str, AttributeValue]


def check_body(body: str) -> bytes:
    """Take a body and return it as UTF-8.

    Raises:
        MissingParameter: it is empty.
        InvalidMessageContents: it has characters that XML cannot carry.
    """
    if not body:
        raise MissingParameter("MessageBody")
    return _encode(body)


def _encode(text: str) -> bytes:
    """The text as UTF-8; taking what is fine away is ten times as fast as looking for what is not."""
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise InvalidMessageContents from error
    if encoded.translate(None, _FINE) or (len(encoded) > len(text) and any(one in text for one in _NO_CHARACTERS)):
        raise InvalidMessageContents
    return encoded


def check_attributes(attributes: Attributes) -> int:
    """Let a message have these attributes.

    Returns:
        Their size in bytes: names, types and values count towards the message's.

    Raises:
        InvalidParameterValue: with AWS's reason.
    """
    if len(attributes) > _MAX_ATTRIBUTES:
        raise InvalidParameterValue(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{_MAX_ATTRIBUTES}]."
        )
    return sum(_check_attribute(name, value) for name, value in attributes.items())


def _check_attribute(name: str, value: AttributeValue) -> int:
    _check_name(name)
    data_type = value.get("DataType", "")
    if not data_type:
        raise InvalidParameterValue(f"The message attribute '{name}' must contain non-empty message attribute type.")
    match = _TYPE.fullmatch(data_type)
    if not match:
        raise InvalidParameterValue(
            f"The type of message (user) attribute '{name}' is invalid. "
            "You must use only the following supported type prefixes: Binary, Number, String."
        )
    kind = match[1]
    if len(data_type.encode()) > _MAX_NAME_BYTES:
        raise InvalidParameterValue(f"Message (user) attribute '{name}' type is longer than {_MAX_NAME_BYTES} bytes.")
    return len(name) + len(data_type.encode()) + _check_value(name, kind, value)


def _check_name(name: str) -> None:
    if not name or len(name) > _MAX_NAME_BYTES:
        raise InvalidParameterValue(
            f"Message (user) attribute name must be between 1 and {_MAX_NAME_BYTES} characters long."
        )
    if name.lower().startswith(("aws.", "amazon.")):
        raise InvalidParameterValue(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. "
            "These strings are reserved for internal use."
        )
    if not _ATTRIBUTE_NAME.fullmatch(name) or name[0] == "." or name[-1] == "." or ".." in name:
        raise InvalidParameterValue(f"Invalid message attribute name '{name}'.")


def _check_value(name: str, kind: str, value: AttributeValue) -> int:
    content = value.get("BinaryValue") or b"" if kind == "Binary" else _encode(value.get("StringValue") or "")
    if not content:
        raise InvalidParameterValue(
            f"Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
        )
    if kind == "Number" and not _is_number(value.get("StringValue") or ""):
        raise InvalidParameterValue(f"Can't cast the value of message (user) attribute '{name}' to a number.")
    return len(content)


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def check_system_attributes(attributes: Attributes) -> str | None:
    """Let a sender set these system attributes: AWSTraceHeader is the only one that may be set.

    Returns:
        The trace header, if there is one. System attributes do not count towards the message's size.

    Raises:
        InvalidParameterValue: with AWS's reason.
    """
    for name, value in attributes.items():
        if name != "AWSTraceHeader":
            raise InvalidParameterValue(f"Message system attribute name '{name}' is invalid.")
        if value.get("DataType") != "String":
            raise InvalidParameterValue(f"The type of message system attribute '{name}' must be 'String'.")
        if not value.get("StringValue"):
            raise InvalidParameterValue(
                f"Message (system) attribute '{name}' must contain a non-empty value of type 'String'."
            )
    return attributes["AWSTraceHeader"]["StringValue"] if attributes else None


def check_size(size_bytes: int, limit_bytes: int) -> None:
    """Body and attributes together keep to the queue's limit.

    Raises:
        InvalidParameterValue: they do not.
    """
    if size_bytes > limit_bytes:
        raise InvalidParameterValue(
            f"One or more parameters are invalid. Reason: Message must be shorter than {limit_bytes} bytes."
        )


def check_identifier(name: str, value: str) -> None:
    """A message group id or a deduplication id: 1 to 128 letters, digits and punctuation.

    Raises:
        InvalidParameter: it is not.
    """
    if not _PLAIN.fullmatch(value):
        reason = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
        raise InvalidParameter(name, value, reason)


def md5_of_attributes(attributes: Attributes) -> str:
    """The digest that clients compare.

    SQS developer guide, "Calculating the MD5 message digest for message attributes". Attributes by name; of each the
    lengths (4 bytes, big endian) and bytes of name and type, one byte for the value's transport type, and length and
    bytes of the value.
    """
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        value = attributes[name]
        data_type = value["DataType"]
        if data_type.startswith("Binary"):
            transport, content = _BINARY, value["BinaryValue"]
        else:
            transport, content = _STRING, value["StringValue"].encode()
        digest.update(_framed(name.encode()) + _framed(data_type.encode()) + transport + _framed(content))
    return digest.hexdigest()


def _framed(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content
