"""Credentials against the password file: remembered when right, equally slow when wrong, refused when often wrong."""

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import bcrypt

from homeport.kernel.auth.basic import Credentials, format_basic, parse_basic
from homeport.kernel.auth.passwords import DEFAULT_COST, Work, matches
from homeport.kernel.auth.principal import Principal
from homeport.kernel.auth.throttle import Throttle, whole_seconds
from homeport.kernel.auth.watch import Notify, WatchedUsers
from homeport.kernel.clock import Clock

REMEMBER_SECONDS = 600.0
"""How long right credentials are known without hashing them again."""

MAX_REMEMBERED = 4096
_HASHING_THREADS = 2

_Digest = bytes


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not let in. `reason` is for logs and metrics; a client is not told which it was."""

    reason: Literal["malformed", "wrong"]


@dataclass(frozen=True, slots=True)
class Throttled:
    """Not even looked at: too many wrong attempts. The status is 429, with this as Retry-After."""

    retry_after_seconds: int


Outcome = Principal | Rejected | Throttled


@dataclass(frozen=True, slots=True)
class _Remembered:
    """Credentials that were right for this hash, until a moment of the monotonic clock."""

    name: str
    password_hash: str
    until: float


class Verifier:
    """Who a client is by its Basic credentials; lives on one event loop, hashes in threads of its own.

    Args:
        groups: group name to the names of its users.
        notify: told whenever the password file was read, or could not be.
        work: bcrypt itself; tests count with it.

    Raises:
        HtpasswdError, UserFileUnreadable: the password file cannot be used.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        groups: Mapping[str, Collection[str]] | None = None,
        notify: Notify = lambda _notice: None,
        work: Work = bcrypt.hashpw,
    ) -> None:
        self._clock = clock
        self._work = work
        self._file = WatchedUsers(path, notify)
        self._throttle = Throttle(clock)
        self._secret = secrets.token_bytes(32)
        self._remembered: OrderedDict[_Digest, _Remembered] = OrderedDict()
        self._running: dict[_Digest, asyncio.Task[bool]] = {}
        self._threads = ThreadPoolExecutor(_HASHING_THREADS, thread_name_prefix="password")
        self._principals: dict[str, Principal] = {}
        self._groups: Mapping[str, Collection[str]] = {}
        self.regroup(groups or {})

    def cached(self, authorization: str) -> Principal | None:
        """The principal of a header value that was right within the last ten minutes; cheap enough for every request.

        None says nothing about the credentials: ask `check`.
        """
        now = self._clock.monotonic()
        if self._file.look():
            self._take_over_users()
        digest = self._digest(authorization)
        entry = self._remembered.get(digest)
        if entry is None:
            return None
        if now >= entry.until:
            del self._remembered[digest]
            return None
        self._remembered.move_to_end(digest)
        return self._principals[entry.name]

    async def check(self, authorization: str, client: str) -> Outcome:
        """Who sent this Authorization header; `client` is the address it came from, trusted proxies seen through."""
        principal = self.cached(authorization)
        if principal is not None:
            return principal
        credentials = parse_basic(authorization)
        if credentials is None:
            return Rejected("malformed")
        canonical = format_basic(credentials)
        return self.cached(canonical) or await self._verify(credentials, self._digest(canonical), client)

    async def verify(self, username: str, password: str, client: str) -> Outcome:
        """Who has this name and password, as a login form sends them; see `check`."""
        try:
            authorization = format_basic(Credentials(username, password))
        except UnicodeEncodeError:
            return Rejected("malformed")
        return Rejected("malformed") if ":" in username else await self.check(authorization, client)

    def named(self, username: str) -> Principal | None:
        """The principal of a user, whose credentials somebody else has checked; None if there is none by now."""
        if self._file.look():
            self._take_over_users()
        return self._principals.get(username)

    def mark(self, username: str) -> str:
        """A text that changes with a user's password; empty if there is no such user."""
        stored = self._file.users.hashes.get(username)
        return "" if stored is None else self._digest(stored).hex()[:16]

    def regroup(self, groups: Mapping[str, Collection[str]]) -> None:
        """Take new groups from the settings; who is logged in has them from the next request on."""
        self._groups = groups
        self._principals = {name: self._principal(name) for name in self._file.users.hashes}

    def close(self) -> None:
        """Stop hashing; attempts that still wait are cancelled."""
        for task in self._running.values():
            task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _verify(self, credentials: Credentials, digest: _Digest, client: str) -> Outcome:
        attempt = self._running.get(digest)
        if attempt is None:
            wait = self._throttle.take(client, credentials.username)
            if wait > 0:
                return Throttled(whole_seconds(wait))
            attempt = asyncio.get_running_loop().create_task(self._attempt(credentials, digest, client))
            self._running[digest] = attempt
        # shielded: a client that goes away must not take the answer from the others that wait for the same one
        right = await asyncio.shield(attempt)
        principal = self._principals.get(credentials.username)
        if not right or principal is None:
            return Rejected("wrong")
        self._throttle.know(client, credentials.username)
        return principal

    async def _attempt(self, credentials: Credentials, digest: _Digest, client: str) -> bool:
        """One bcrypt for all who sent the same at the same time; what was right is remembered."""
        users = self._file.users
        stored = users.hashes.get(credentials.username)
        cost = users.highest_cost or DEFAULT_COST
        try:
            right = await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: matches(credentials.password, stored, cost, work=self._work)
            )
        finally:
            del self._running[digest]
        # the file may have changed meanwhile: what was right for the old hash is not right any more
        if not right or stored is None or stored != self._file.users.hashes.get(credentials.username):
            return False
        self._throttle.give_back(client, credentials.username)
        self._remember(digest, _Remembered(credentials.username, stored, self._clock.monotonic() + REMEMBER_SECONDS))
        return True

    def _remember(self, digest: _Digest, entry: _Remembered) -> None:
        self._remembered[digest] = entry
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)

    def _take_over_users(self) -> None:
        """Forget whose hash is another or gone; who did not change need not be hashed again for a neighbour's sake."""
        hashes = self._file.users.hashes
        changed = [key for key, entry in self._remembered.items() if hashes.get(entry.name) != entry.password_hash]
        for key in changed:
            del self._remembered[key]
        self.regroup(self._groups)

    def _principal(self, name: str) -> Principal:
        return Principal(name, frozenset(group for group, members in self._groups.items() if name in members))

    def _digest(self, authorization: str) -> _Digest:
        # keyed, so that nobody outside can tell or choose what the table holds
        text = authorization.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._secret, digest_size=32).digest()
