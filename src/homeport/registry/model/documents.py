"""Strict JSON: what a manifest's bytes must be before anyone looks inside.

Every reader of a manifest must see the same document. So whatever parsers are known to disagree on is refused: keys
given twice, numbers that are none, text that is not UTF-8, and nesting that overruns somebody's stack.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Final, NoReturn, TypeGuard

from homeport.registry.errors import ManifestInvalid

MAX_DEPTH: Final = 64
"""Levels of objects and arrays; real manifests have six."""

_MAX_NUMBER_CHARACTERS = 32
_strings = re.compile(rb'"[^"]*"')
_escaped_surrogate = re.compile(r"\\u[dD][89a-fA-F]")
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def load_object(data: bytes) -> Mapping[str, object]:
    """The JSON object that the bytes hold.

    Raises:
        ManifestInvalid: not JSON, not an object, or something that parsers read in different ways.
    """
    return _load(data, _strict)


def load_ambiguous_object(data: bytes) -> Mapping[str, object]:
    """The same where some reader took the bytes before: a key given twice holds the array of all its values.

    Raises:
        ManifestInvalid: not JSON, or not an object.
    """
    return _load(data, _lenient)


def _load(data: bytes, decoder: json.JSONDecoder) -> Mapping[str, object]:
    _check_depth(data)
    try:
        text = data.decode("utf-8")
        value: object = decoder.decode(text)
        if _escaped_surrogate.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError:
        raise ManifestInvalid("not UTF-8") from None
    except UnicodeEncodeError:
        raise ManifestInvalid("a string holds half of a surrogate pair") from None
    except ValueError as error:
        raise ManifestInvalid(str(error)) from None
    if not is_object(value):
        raise ManifestInvalid("not a JSON object")
    return value


def is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    """Whether a loaded value is a JSON object; its keys are strings then."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[object]]:
    """Whether a loaded value is a JSON array."""
    return isinstance(value, list)


def _check_depth(data: bytes) -> None:
    """Count levels without recursion: drop the strings, then peel pairs of brackets from the inside."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    outside = _strings.sub(b"", data.replace(rb"\\", b"").replace(rb"\"", b""))
    brackets = outside.translate(_ONE_KIND, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return
        brackets = brackets.replace(b"[]", b"")
    if brackets:
        raise ManifestInvalid(f"not JSON, or nested deeper than {MAX_DEPTH} levels")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice in one object")
    return found


def _gathered(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        return {key: [value for other, value in pairs if other == key] for key in found}
    return found


def _integer(text: str) -> int:
    if len(text) > _MAX_NUMBER_CHARACTERS:
        raise ValueError("a number is too long")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise ValueError("a number is too large")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _decoder(hook: Callable[[list[tuple[str, object]]], dict[str, object]]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=hook, parse_int=_integer, parse_float=_number, parse_constant=_refuse_constant
    )


_strict: Final = _decoder(_unique)
_lenient: Final = _decoder(_gathered)
