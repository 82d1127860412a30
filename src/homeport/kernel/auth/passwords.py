"""What bcrypt computes, and how much of it: hashes are made and compared here, always for the same amount of work."""

import hmac
import re
from collections.abc import Callable, Iterator

import bcrypt

DEFAULT_COST = 10
MIN_COST = 4
MAX_COST = 20
"""A check at cost 20 takes about a minute; above it a hash is a mistake or an attack."""

# The 22nd character of the salt holds two bits of it: the four that leave the others zero are all that tools write.
_HASH = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
_DUMMY_SALT = "." * 22
_MAX_PASSWORD_BYTES = 72

Work = Callable[[bytes, bytes], bytes]
"""bcrypt itself: (password, salt or hash) -> hash."""


def cost_of(password_hash: str) -> int | None:
    """The cost (log2 of the rounds) of a well-formed bcrypt hash, else None."""
    match = _HASH.fullmatch(password_hash)
    if match is None:
        return None
    cost = int(match[1])
    return cost if MIN_COST <= cost <= MAX_COST else None


def hash_password(password: str, cost: int = DEFAULT_COST) -> str:
    """A new bcrypt hash in the form that Apache's htpasswd writes ($2y$); takes 2**cost rounds."""
    salted = bcrypt.hashpw(_key(password), bcrypt.gensalt(cost, prefix=b"2b"))
    return "$2y$" + salted.decode("ascii")[4:]


def matches(password: str, password_hash: str | None, work_cost: int, *, work: Work = bcrypt.hashpw) -> bool:
    """Whether the password is the one behind the hash; blocks, but lets other threads run.

    A wrong answer always costs 2**work_cost rounds, be the user unknown (no hash) or their hash a cheaper one: how
    long it takes tells nothing about who exists.
    `work_cost` is therefore the highest cost of any hash that could have been asked for.
    """
    key = _key(password)
    if password_hash is None:
        work(key, _dummy(work_cost))
        return False
    stored = password_hash.encode("ascii")
    if hmac.compare_digest(work(key, stored), stored):
        return True
    for dummy in _rest(int(stored[4:6]), work_cost):
        work(key, dummy)
    return False


def _key(password: str) -> bytes:
    # distribution's Go library compares the first 72 bytes only; what was set there must go on working here
    return password.encode()[:_MAX_PASSWORD_BYTES]


def _dummy(cost: int) -> bytes:
    return f"$2b${cost:02}${_DUMMY_SALT}".encode("ascii")


def _rest(done: int, wanted: int) -> Iterator[bytes]:
    """Costs that fill the gap exactly: 2**done + 2**done + 2**(done+1) + ... + 2**(wanted-1) = 2**wanted."""
    return (_dummy(cost) for cost in range(done, wanted))
