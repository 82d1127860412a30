"""Apache's htpasswd file as text: what a line means, and how lines are changed without touching the others."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from homeport.kernel.auth.passwords import MAX_COST, MIN_COST, cost_of
from homeport.kernel.errors import OperatorError

_BCRYPT = re.compile(r"\$2[aby]\$")
MAX_NAME_CHARS = 255


class HtpasswdError(OperatorError):
    """A line of a password file that means nothing; `line` counts from one."""

    def __init__(self, source: str, line: int, problem: str) -> None:
        super().__init__(f"{source}, line {line}: {problem}", hint="a line is NAME:BCRYPT-HASH, or begins with '#'")
        self.line = line


class UserNameError(OperatorError):
    """A name that an htpasswd file or a Basic Authorization header cannot hold."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"the user name {name!r} {problem}")


@dataclass(frozen=True, slots=True)
class Htpasswd:
    """The users of a password file.

    Args:
        hashes: user name to bcrypt hash.
        warnings: lines that count for nothing although they are well-formed, each with its number.
        highest_cost: the dearest hash's; None without users.
    """

    hashes: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    highest_cost: int | None = None


def parse_htpasswd(content: bytes, *, source: str) -> Htpasswd:
    """Read a password file as distribution does: only bcrypt counts, the last line of a user wins.

    `source` is what the file is called in messages.

    Raises:
        HtpasswdError: a line without colon or name, a broken bcrypt hash, bytes that are no UTF-8.
    """
    hashes: dict[str, str] = {}
    warnings: list[str] = []
    for number, raw in enumerate(content.split(b"\n"), start=1):
        entry = _entry(raw, source, number)
        if entry is None:
            continue
        name, password_hash = entry
        if not _BCRYPT.match(password_hash):
            warnings.append(f"line {number}: the password of {name!r} is not hashed with bcrypt and never matches")
        elif cost_of(password_hash) is None:
            problem = f"the bcrypt hash of {name!r} is broken or its cost is not between {MIN_COST} and {MAX_COST}"
            raise HtpasswdError(source, number, problem)
        if name in hashes:
            warnings.append(f"line {number}: {name!r} stands in an earlier line too; this one counts")
        hashes[name] = password_hash
    bcrypt_only = {name: text for name, text in hashes.items() if _BCRYPT.match(text)}
    return Htpasswd(bcrypt_only, tuple(warnings), max(map(_cost, bcrypt_only.values()), default=None))


def with_user(content: bytes, name: str, password_hash: str) -> bytes:
    """The file with this user's hash: in place of the user's line, else as a new last one."""
    check_user_name(name)
    line = f"{name}:{password_hash}".encode()
    kept: list[bytes] = []
    lines = _lines(content)
    last = max((at for at, text in enumerate(lines) if _name_of(text) == name), default=len(lines))
    for at, text in enumerate([*lines, b""] if last == len(lines) else lines):
        if at == last:
            kept.append(line)
        elif _name_of(text) != name:
            kept.append(text)
    return b"\n".join(kept) + b"\n"


def without_user(content: bytes, name: str) -> bytes:
    """The file without this user's lines."""
    return b"".join(text + b"\n" for text in _lines(content) if _name_of(text) != name)


def check_user_name(name: str) -> None:
    """Refuse a name that could not log in.

    Raises:
        UserNameError: empty, too long, with a colon or control character, or read as a comment or cut by a reader.
    """
    if not name or len(name) > MAX_NAME_CHARS:
        raise UserNameError(name[:20], f"needs 1 to {MAX_NAME_CHARS} characters")
    if ":" in name or not name.isprintable():
        raise UserNameError(name, "holds a colon or a character that does not print")
    if name.startswith("#") or name != name.strip():
        raise UserNameError(name, "begins with '#' or has space around it")


def _entry(raw: bytes, source: str, number: int) -> tuple[str, str] | None:
    """Name and hash of a line; None for blank lines and comments."""
    try:
        text = raw.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise HtpasswdError(source, number, "is not UTF-8") from error
    if not text or text.startswith("#"):
        return None
    name, colon, password_hash = text.partition(":")
    if not colon or not name:
        raise HtpasswdError(source, number, "has no user name followed by a colon")
    return name, password_hash


def _cost(password_hash: str) -> int:
    return cost_of(password_hash) or MIN_COST


def _lines(content: bytes) -> list[bytes]:
    lines = content.split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


def _name_of(line: bytes) -> str | None:
    text = line.decode("utf-8", "surrogateescape").strip()
    return None if text.startswith("#") else text.partition(":")[0] or None
