"""The kinds of values that settings take: how each is read from text, and written back."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

from homeport.kernel.config.access_rule import AccessRule
from homeport.kernel.http.address import Address, AddressInvalid, parse_addresses
from homeport.kernel.secret import Secret

T = TypeVar("T")

Raw: TypeAlias = "str | list[Raw] | dict[str, Raw]"
"""A value as it stands in its source: text everywhere; lists and maps only in a file."""

Shown: TypeAlias = "str | int | float | bool | list[Shown] | dict[str, Shown]"
"""A value as it is shown: what `parse` would read again, secrets apart."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One kind of value.

    Attributes:
        name: how tables call it.
        expected: what a wrong value is told to be, with an example.
        read: makes the value of its source's text; the path is the folder that relative paths start from.
            Raises ValueError.
        show: the value as a person or a file would write it.
        unit: of a bare number.
    """

    name: str
    expected: str
    read: Callable[[Raw, Path], T]
    show: Callable[[T], Shown]
    unit: str = ""


def _text(raw: Raw) -> str:
    if not isinstance(raw, str):
        raise ValueError(raw)  # noqa: TRY004 - one error for every unreadable value
    return raw.strip()


def _from_text(read: Callable[[str], T]) -> Callable[[Raw, Path], T]:
    return lambda raw, _folder: read(_text(raw))


def _items(raw: Raw) -> list[str]:
    parts = raw.split(",") if isinstance(raw, str) else [_text(item) for item in _list(raw)]
    return [part.strip() for part in parts if part.strip()]


def _list(raw: Raw) -> list[Raw]:
    if not isinstance(raw, list):
        raise ValueError(raw)  # noqa: TRY004 - one error for every unreadable value
    return raw


def _map(raw: Raw) -> dict[str, Raw]:
    # A key with nothing behind it is how YAML writes an empty map, too.
    if raw == "":
        return {}
    if not isinstance(raw, dict):
        raise ValueError(raw)  # noqa: TRY004 - one error for every unreadable value
    return raw


# Text, choices, yes and no


def _read_boolean(text: str) -> bool:
    match text.lower():
        case "true" | "yes" | "on" | "1":
            return True
        case "false" | "no" | "off" | "0":
            return False
        case _:
            raise ValueError(text)


def choice(*words: T) -> Kind[T]:
    """One word of a few."""
    known = {str(word): word for word in words}

    def read(text: str) -> T:
        if text.lower() not in known:
            raise ValueError(text)
        return known[text.lower()]

    listed = ", ".join(list(known)[:-1]) + " or " + list(known)[-1]
    return Kind(" | ".join(known), f"one of {listed}", _from_text(read), str)


TEXT: Kind[str] = Kind("text", "text", _from_text(str), str)
SECRET: Kind[Secret] = Kind("secret", "text", _from_text(Secret), str)
BOOLEAN: Kind[bool] = Kind("boolean", "true or false", _from_text(_read_boolean), bool)
NAMES: Kind[tuple[str, ...]] = Kind(
    "list", "a list of names, separated by commas", lambda raw, _folder: tuple(_items(raw)), list
)


# Numbers

_NUMBER_WITH_UNIT = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.ASCII | re.IGNORECASE)
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_BYTES = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgt", 1):
    _BYTES[f"{_letter}b"] = 1000**_power
    # Nobody who writes 10G or Kubernetes' 10Gi is surprised by powers of 1024.
    _BYTES |= dict.fromkeys((_letter, f"{_letter}i", f"{_letter}ib"), 1024**_power)


def _with_unit(text: str, units: Mapping[str, float]) -> float:
    found = _NUMBER_WITH_UNIT.fullmatch(text)
    if found is None or found[2].lower() not in units:
        raise ValueError(text)
    return float(found[1]) * units[found[2].lower()]


def _read_bytes(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else int(_with_unit(text, _BYTES))


def _read_count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError(text)
    return int(text)


def _show_seconds(seconds: float) -> str:
    for unit in ("d", "h", "m"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{seconds / _SECONDS[unit]:.0f}{unit}"
    return f"{seconds:.12g}s" if seconds == 0 or seconds >= 1 else f"{seconds * 1000:.12g}ms"


def _show_bytes(size: int) -> str:
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size and size % _BYTES[unit.lower()] == 0:
            return f"{size // _BYTES[unit.lower()]}{unit}"
    return str(size)


DURATION: Kind[float] = Kind(
    "duration",
    "a duration such as 30s, 10m, 12h, 7d or a number of seconds",
    _from_text(lambda text: _with_unit(text, _SECONDS)),
    _show_seconds,
    "seconds",
)
SIZE: Kind[int] = Kind(
    "size", "a size such as 256MiB, 10GB or a number of bytes", _from_text(_read_bytes), _show_bytes, "bytes"
)
COUNT: Kind[int] = Kind("number", "a whole number above zero", _from_text(_read_count), int)
OPTIONAL_COUNT: Kind[int | None] = Kind(
    "number",
    "a whole number above zero, or nothing",
    _from_text(lambda text: _read_count(text) if text else None),
    lambda count: count or "",
)


# Places on disk and in the network


def _read_path(raw: Raw, folder: Path) -> Path:
    text = _text(raw)
    if not text or "\0" in text:
        raise ValueError(text)
    try:
        return folder / Path(text).expanduser()
    except RuntimeError as unknown_home:
        raise ValueError(text) from unknown_home


def _read_optional_path(raw: Raw, folder: Path) -> Path | None:
    return _read_path(raw, folder) if raw else None


PATH: Kind[Path] = Kind("path", "a path", _read_path, str)
OPTIONAL_PATH: Kind[Path | None] = Kind(
    "path", "a path, or nothing", _read_optional_path, lambda path: str(path) if path else ""
)


def _read_addresses(raw: Raw, _folder: Path) -> tuple[Address, ...]:
    try:
        return parse_addresses(",".join(_items(raw)))
    except AddressInvalid as error:
        raise ValueError(raw) from error


ADDRESSES: Kind[tuple[Address, ...]] = Kind(
    "addresses",
    "addresses such as 127.0.0.1:5000, [::1]:5000, :5000 or unix:/path, separated by commas",
    _read_addresses,
    lambda addresses: ",".join(map(str, addresses)),
)
NETWORKS: Kind[tuple[Network, ...]] = Kind(
    "networks",
    "networks such as 10.42.0.0/16 or ::1, separated by commas",
    lambda raw, _folder: tuple(ipaddress.ip_network(item) for item in _items(raw)),
    lambda networks: [str(network) for network in networks],
)


def _read_url(text: str) -> str:
    if text and not re.fullmatch(r"https?://[^/\s?#]+(/[^\s?#]*)?", text):
        raise ValueError(text)
    return text.rstrip("/")


URL: Kind[str] = Kind("URL", "a URL such as https://registry.lan:5000, or nothing", _from_text(_read_url), str)


# Who may do what


class WrongPart(ValueError):
    """One part of a value is wrong; the argument says which, in place of the whole value."""


ACTIONS = frozenset({"pull", "push", "delete"})


def _read_rule(raw: Raw) -> AccessRule:
    fields = _map(raw)
    if not fields.keys() <= {"repositories", "users", "groups", "actions"}:
        raise ValueError(raw)
    listed = {name: tuple(_items(fields.get(name, []))) for name in ("repositories", "users", "groups", "actions")}
    who = listed["users"] + listed["groups"]
    if not listed["repositories"] or not who or not listed["actions"] or not ACTIONS.issuperset(listed["actions"]):
        raise ValueError(raw)
    return AccessRule(listed["repositories"], listed["users"], listed["groups"], frozenset(listed["actions"]))


def _read_rules(raw: Raw, _folder: Path) -> tuple[AccessRule, ...]:
    rules = []
    for number, rule in enumerate(_list(raw) if raw else [], start=1):
        try:
            rules.append(_read_rule(rule))
        except ValueError as error:
            raise WrongPart(f"{rule!r} as rule {number}") from error
    return tuple(rules)


def _show_rule(rule: AccessRule) -> Shown:
    fields = {"repositories": rule.repositories, "users": rule.users, "groups": rule.groups}
    shown: dict[str, Shown] = {"actions": list[Shown](sorted(rule.actions))}
    return {name: list[Shown](items) for name, items in fields.items() if items} | shown


ACCESS: Kind[tuple[AccessRule, ...]] = Kind(
    "rules",
    "a list of rules, each with repositories, users or groups, and actions (pull, push, delete)",
    _read_rules,
    lambda rules: [_show_rule(rule) for rule in rules],
)


def _show_groups(groups: Mapping[str, frozenset[str]]) -> Shown:
    shown: dict[str, Shown] = {}
    for group, users in groups.items():
        shown[group] = list[Shown](sorted(users))
    return shown


GROUPS: Kind[Mapping[str, frozenset[str]]] = Kind(
    "map",
    "a map of group names to lists of users",
    lambda raw, _folder: {group: frozenset(_items(users)) for group, users in _map(raw).items()},
    _show_groups,
)


def _show_headers(headers: Mapping[str, tuple[str, ...]]) -> Shown:
    return {name: list[Shown](values) for name, values in headers.items()}


def _read_headers(raw: Raw) -> dict[str, tuple[str, ...]]:
    """Names with a text or a list of texts each; commas stay, because headers are full of them."""
    headers = {
        name: (_text(given),) if isinstance(given, str) else tuple(map(_text, _list(given)))
        for name, given in _map(raw).items()
    }
    for name, values in headers.items():
        if not _header_name(name) or not all(_header_value(value) for value in values):
            raise ValueError(name)
    return headers


_header_name = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_header_value = re.compile(r"[\x20-\x7e\x80-\uffff]*").fullmatch

HEADERS: Kind[Mapping[str, tuple[str, ...]]] = Kind(
    "map",
    "a map of header names to a value or a list of values",
    lambda raw, _folder: _read_headers(raw),
    _show_headers,
)
