"""Attribute values as they arrive: which are valid, in AWS's words. Checking also normalises in place."""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from typing import TypeGuard

from homeport.aws.services.dynamodb.errors import INVALID, SerializationException, ValidationException
from homeport.aws.services.dynamodb.model import numbers
from homeport.aws.services.dynamodb.model.values import (
    CONTAINER_BYTES,
    MAX_DEPTH,
    MAX_NAME_BYTES,
    Value,
    nesting,
    text_bytes,
)

_EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
_SEVERAL = (
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
)
_TOO_DEEP = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)


class NameTooLarge(ValidationException):
    """An attribute's name, or a map's, that is too long; told in these words wherever it stands."""

    def __init__(self) -> None:
        super().__init__("1 validation error detected: Attribute name is too large, must be less than 65536 bytes")


def is_record(value: object) -> TypeGuard[dict[str, object]]:
    """Whether it is a JSON object."""
    return isinstance(value, dict)


def check_item(item: object) -> int:
    """Check every attribute of an item, normalise it in place, and return the item's size in bytes.

    Raises:
        ValidationException, SerializationException: the first rule that is broken, in AWS's words.
    """
    if not is_record(item):
        raise SerializationException("Unexpected field type")
    size = 0
    for name, value in item.items():
        size += len(name) if name.isascii() else text_bytes(name)
        # Most attributes are texts.
        text = value["S"] if type(value) is dict and len(value) == 1 and "S" in value else None
        if type(text) is str:
            size += len(text) if text.isascii() else text_bytes(text)
        else:
            size += check_value(value)
    if size > MAX_NAME_BYTES:
        _check_names(item)
    return size


def _check_names(fields: dict[str, object]) -> None:
    if any(text_bytes(name) > MAX_NAME_BYTES for name in fields):
        raise NameTooLarge


def check_value(value: object, depth: int = 0) -> int:
    """Check one attribute value, normalise it in place, and return its size in bytes; errors as `check_item`'s."""
    if not is_record(value):
        raise _no_record(value)
    if len(value) != 1:
        _keep_one(value, depth)
    for type_, content in value.items():
        check = _CHECKS.get(type_)
        if check is not None:
            return check(value, content, depth)
    raise ValidationException(_EMPTY)


def _no_record(value: object) -> SerializationException:
    if isinstance(value, list):
        return SerializationException(
            "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"
        )
    return SerializationException("Unexpected value type in payload")


def _keep_one(value: dict[str, object], depth: int) -> None:
    """Drop members that say nothing, as a null or an unknown name; complain of the first invalid, or of the rest."""
    for name in [name for name, content in value.items() if content is None or name not in _CHECKS]:
        del value[name]
    if not value:
        raise ValidationException(_EMPTY)
    if len(value) > 1:
        for type_, content in value.items():
            _CHECKS[type_]({type_: content}, content, depth)
        raise ValidationException(_SEVERAL)


def _mismatch(content: object, wanted: str) -> SerializationException:
    if isinstance(content, bool):
        return SerializationException(f"{str(content).upper()}_VALUE cannot be converted to {wanted}")
    if isinstance(content, int):
        return SerializationException(f"NUMBER_VALUE cannot be converted to {wanted}")
    if isinstance(content, float):
        return SerializationException(f"DECIMAL_VALUE cannot be converted to {wanted}")
    if isinstance(content, str):
        return SerializationException("Unexpected token received from parser")
    if isinstance(content, list):
        return SerializationException(f"Unrecognized collection type class java.lang.{wanted}")
    return SerializationException("Start of structure or map found where not expected")


def _check_text(_value: dict[str, object], content: object, _depth: int) -> int:
    if not isinstance(content, str):
        raise _mismatch(content, "String")
    return len(content) if content.isascii() else text_bytes(content)


def _check_number(value: dict[str, object], content: object, _depth: int) -> int:
    if not isinstance(content, str):
        raise _mismatch(content, "String")
    if not numbers.is_plain(content):
        value["N"] = content = numbers.canonical(content)
    return numbers.size_bytes(content)


def check_base64(content: object) -> int:
    """Check a base64 text; return the length of what it stands for.

    Raises:
        SerializationException: it is none.
    """
    if not isinstance(content, str):
        if isinstance(content, bool | int | float):
            raise SerializationException("only base-64-encoded strings are convertible to bytes")
        raise _mismatch(content, "ByteBuffer")
    if len(content) % 4:
        raise SerializationException(
            f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(content)}"
        )
    if not content:
        return 0
    try:
        binary = a2b_base64(content, strict_mode=True)
    except (Base64Error, ValueError) as error:
        raise SerializationException("Invalid Base64 character found") from error
    # Only the canonical text is let in, so that equal binaries are equal texts.
    if b2a_base64(binary, newline=False) != content.encode():
        raise SerializationException("Invalid last non-pad Base64 character detected")
    return len(binary)


def _check_binary(_value: dict[str, object], content: object, _depth: int) -> int:
    return check_base64(content)


def _check_bool(_value: dict[str, object], content: object, _depth: int) -> int:
    if not isinstance(content, bool):
        raise _mismatch(content, "Boolean")
    return 1


def _check_null(value: dict[str, object], content: object, _depth: int) -> int:
    if not isinstance(content, bool):
        raise _mismatch(content, "Boolean")
    # Since 2026 AWS takes false, and gives back true.
    value["NULL"] = True
    return 1


def _list(content: object) -> list[object]:
    if isinstance(content, list):
        return content
    if isinstance(content, dict):
        raise SerializationException("Start of structure or map found where not expected")
    raise SerializationException("Unexpected field type")


def _check_string_set(_value: dict[str, object], content: object, _depth: int) -> int:
    members = _list(content)
    if not members:
        raise ValidationException(f"{INVALID}An string set  may not be empty")
    size = sum(_check_text({}, member, 0) for member in members)
    if len(set(members)) < len(members):
        raise ValidationException(f"{INVALID}Input collection {_shown(members)} contains duplicates.")
    return size


def _check_number_set(value: dict[str, object], content: object, _depth: int) -> int:
    members = _list(content)
    if not members:
        raise ValidationException(f"{INVALID}An number set  may not be empty")
    texts = []
    for member in members:
        if not isinstance(member, str):
            raise _mismatch(member, "String")
        texts.append(numbers.canonical(member))
    if len(set(texts)) < len(texts):
        raise ValidationException("Input collection contains duplicates")
    value["NS"] = texts
    return sum(map(numbers.size_bytes, texts))


def _check_binary_set(_value: dict[str, object], content: object, _depth: int) -> int:
    members = _list(content)
    if not members:
        raise ValidationException(f"{INVALID}Binary sets should not be empty")
    size = sum(map(check_base64, members))
    if len(set(members)) < len(members):
        raise ValidationException(f"{INVALID}Input collection {_shown(members)}of type BS contains duplicates.")
    return size


def _shown(members: list[object]) -> str:
    return f"[{', '.join(map(str, members))}]"


def _check_list(_value: dict[str, object], content: object, depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise ValidationException(_TOO_DEEP)
    elements = _list(content)
    return CONTAINER_BYTES + sum(1 + check_value(element, depth + 1) for element in elements)


def _check_map(_value: dict[str, object], content: object, depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise ValidationException(_TOO_DEEP)
    if not is_record(content):
        raise SerializationException("Unexpected field type")
    size = CONTAINER_BYTES
    for name, value in content.items():
        size += 1 + text_bytes(name) + check_value(value, depth + 1)
    if size > MAX_NAME_BYTES:
        _check_names(content)
    return size


_CHECKS: dict[str, Callable[[dict[str, object], object, int], int]] = {
    "S": _check_text,
    "N": _check_number,
    "B": _check_binary,
    "BOOL": _check_bool,
    "NULL": _check_null,
    "SS": _check_string_set,
    "NS": _check_number_set,
    "BS": _check_binary_set,
    "L": _check_list,
    "M": _check_map,
}


def check_nesting(value: Value) -> None:
    """Refuse a value that an update has made too deep.

    Raises:
        ValidationException: it has more than 32 levels.
    """
    if nesting(value) > MAX_DEPTH:
        raise ValidationException(_TOO_DEEP)
