"""Operators on texts: prefix, suffix, wildcard, equals-ignore-case, cidr."""

import ipaddress
import re
from collections.abc import Callable, Mapping

from homeport.aws.services.sns.model.filters.errors import FilterPolicyInvalid, PolicyText
from homeport.aws.services.sns.model.filters.json_text import Node

TextTest = Callable[[str], bool]

_MAX_STARS = 3
_WILDCARD_TOKENS = re.compile(r"\*\*|\\[*\\]|.", re.DOTALL)
_ADDRESS = re.compile(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")


def _prefix(text: PolicyText, pattern: str, _node: Node) -> TextTest:
    del text
    return lambda value: value.startswith(pattern)


def _suffix(text: PolicyText, pattern: str, _node: Node) -> TextTest:
    del text
    return lambda value: value.endswith(pattern)


def _ignore_case(text: PolicyText, pattern: str, _node: Node) -> TextTest:
    del text
    folded = pattern.casefold()
    return lambda value: value.casefold() == folded


def _wildcard(text: PolicyText, pattern: str, node: Node) -> TextTest:
    r"""Stars are any characters, `\*` is a star, `\\` a backslash; up to three stars, never two in a row."""
    parts: list[str] = [""]
    for piece in _WILDCARD_TOKENS.findall(pattern):
        if piece == "**":
            raise text.error("Consecutive wildcard characters", node)
        if piece == "*":
            parts.append("")
        elif piece == "\\":
            raise text.error("Invalid escape character", node)
        else:
            parts[-1] += piece[-1]
    if len(parts) - 1 > _MAX_STARS:
        raise text.error("Rule is too complex - try using fewer wildcard characters", node)
    # Each literal is looked for from where the last one ended: no pattern takes longer than its stars times the text.
    return _matches_parts(parts)


def _matches_parts(parts: list[str]) -> TextTest:
    first, *middle = parts
    last = middle.pop() if middle else None

    def test(value: str) -> bool:
        if last is None:
            return value == first
        if not value.startswith(first):
            return False
        at = len(first)
        for part in middle:
            found = value.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        return len(value) - len(last) >= at and value.endswith(last)

    return test


def _cidr(_text: PolicyText, pattern: str, _node: Node) -> TextTest:
    address, _, bits = pattern.partition("/")
    if not bits or "/" in bits:
        raise FilterPolicyInvalid("Malformed CIDR, one '/' required")
    if not (bits.isascii() and bits.isdigit()):
        raise FilterPolicyInvalid("Malformed CIDR, mask bits must be an integer")
    if not _ADDRESS.fullmatch(address):
        raise FilterPolicyInvalid(f"Nonstandard IP address: {address}")
    try:
        network = ipaddress.ip_network(pattern, strict=False)
    except ValueError as error:
        reason = "IPv6 mask bits must be < 128" if ":" in address else "IPv4 mask bits must be < 32"
        raise FilterPolicyInvalid(reason) from error

    def test(value: str) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return test


_OPERATORS: Mapping[str, Callable[[PolicyText, str, Node], TextTest]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignore_case,
    "wildcard": _wildcard,
    "cidr": _cidr,
}

TEXT_OPERATORS = frozenset(_OPERATORS)


def compile_text_test(text: PolicyText, name: str, node: Node) -> TextTest:
    """A function of a text.

    Raises:
        FilterPolicyInvalid: in AWS's words.
    """
    if not isinstance(node.value, str):
        # AWS calls the pattern of `cidr` a prefix.
        shown = "prefix" if name == "cidr" else name
        raise text.error(f"{shown} match pattern must be a string", node)
    return _OPERATORS[name](text, node.value, node)
