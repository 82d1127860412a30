"""Identifiers, passed in: random ones, and the predictable ones that tests use."""

import os
import secrets
import string
import time
from typing import Protocol

_UUID_CHANCE_BYTES = 10  # of which 74 bits count
_PASSWORD_CHARACTERS = string.ascii_letters + string.digits


class Ids(Protocol):
    """Where new identifiers and secrets come from."""

    def uuid(self) -> str:
        """A new UUID in its canonical text form, ordered by time (RFC 9562, version 7)."""
        ...

    def hex(self, nbytes: int) -> str:
        """`nbytes` of chance as lower-case hexadecimal."""
        ...

    def password(self) -> str:
        """A new password that a person can type: letters and digits, 119 bits of chance."""
        ...


def _uuid7(unix_ms: int, chance: int) -> str:
    """RFC 9562, section 5.7: 48 bits of milliseconds, version, 12 bits, variant, 62 bits of chance."""
    high = (unix_ms & ((1 << 48) - 1)) << 16 | 0x7000 | chance >> 62 & 0xFFF
    low = 0b10 << 62 | chance & ((1 << 62) - 1)
    digits = f"{high << 64 | low:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class SystemIds:
    """Identifiers from the machine's source of chance."""

    def uuid(self) -> str:
        """A new UUIDv7."""
        return _uuid7(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(_UUID_CHANCE_BYTES)))

    def hex(self, nbytes: int) -> str:
        """`nbytes` of chance as lower-case hexadecimal."""
        return secrets.token_hex(nbytes)

    def password(self) -> str:
        """20 letters and digits: no shell and no option parser finds a meaning in them."""
        return "".join(secrets.choice(_PASSWORD_CHARACTERS) for _ in range(20))


class FakeIds:
    """Identifiers that count up from one: the same in every run."""

    def __init__(self) -> None:
        self._count = 0

    def _next(self) -> int:
        self._count += 1
        return self._count

    def uuid(self) -> str:
        """The next UUID, valid in form."""
        return _uuid7(0, self._next())

    def hex(self, nbytes: int) -> str:
        """The count as `nbytes` of hexadecimal."""
        return f"{self._next():0{2 * nbytes}x}"

    def password(self) -> str:
        """The count behind a word."""
        return f"password-{self._next()}"
