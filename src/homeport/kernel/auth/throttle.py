"""How often somebody may guess wrong: token buckets by client address, by user name, and by pairs that once fitted.

An attempt takes a token before its password is hashed and gives it back when it was right, so that a hundred parallel
guesses do not slip through before the first is known to be wrong. Three sorts of buckets:

- each client address has one: a machine that guesses many names runs dry;
- each user name has one, known or not: many machines that guess one name run dry;
- a pair of both that got in before has one of its own and is not held to the other two, so that strangers who guess
  a user's name cannot keep that user out from where they usually come.
"""

import hashlib
import ipaddress
import math
import secrets
from collections import OrderedDict

from homeport.kernel.clock import Clock

BURST = 10
"""Wrong attempts that cost nothing but themselves."""

REFILL_SECONDS = 30.0
"""How long until one more attempt is given."""

_MAX_BUCKETS = 16384
_MAX_KNOWN_PAIRS = 16384
_IPV6_NETWORK_BITS = 64

_Key = bytes


class Throttle:
    """Counts wrong attempts; its memory is bounded, what was not seen for longest is forgotten first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(16)
        self._buckets: OrderedDict[_Key, tuple[float, float]] = OrderedDict()
        self._known_pairs: OrderedDict[_Key, None] = OrderedDict()

    def take(self, client: str, username: str) -> float:
        """Take a token for an attempt: 0.0 when it may go on, else the seconds to wait, and no token is taken."""
        now = self._clock.monotonic()
        keys = self._keys(client, username)
        levels = [self._level(key, now) for key in keys]
        if min(levels) < 1:
            return (1 - min(levels)) * REFILL_SECONDS
        for key, level in zip(keys, levels, strict=True):
            self._set(key, level - 1, now)
        return 0.0

    def give_back(self, client: str, username: str) -> None:
        """The attempt was right: the token that `take` took goes back."""
        now = self._clock.monotonic()
        for key in self._keys(client, username):
            self._set(key, self._level(key, now) + 1, now)

    def know(self, client: str, username: str) -> None:
        """This client got in as this user: from here on the pair has a bucket of its own."""
        pair = self._key("pair", _network(client), username)
        self._known_pairs[pair] = None
        self._known_pairs.move_to_end(pair)
        if len(self._known_pairs) > _MAX_KNOWN_PAIRS:
            self._known_pairs.popitem(last=False)

    def _keys(self, client: str, username: str) -> tuple[_Key, ...]:
        network = _network(client)
        pair = self._key("pair", network, username)
        return (pair,) if pair in self._known_pairs else (self._key("client", network), self._key("user", username))

    def _key(self, *parts: str) -> _Key:
        # keyed and short: names come from strangers, who choose neither how long nor where in the table they lie
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._secret, digest_size=16).digest()

    def _level(self, key: _Key, now: float) -> float:
        level, since = self._buckets.get(key, (float(BURST), now))
        return min(float(BURST), level + (now - since) / REFILL_SECONDS)

    def _set(self, key: _Key, level: float, now: float) -> None:
        if level >= BURST:
            self._buckets.pop(key, None)
            return
        self._buckets[key] = (level, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)


def whole_seconds(wait: float) -> int:
    """The value of a Retry-After header: at least one second, rounded up (RFC 9110, section 10.2.3)."""
    return max(1, math.ceil(wait))


def _network(client: str) -> str:
    """An IPv6 client is its /64, since it can change its address within; anything else is itself."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if address.version == 4:  # noqa: PLR2004 - the protocol's own number
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _IPV6_NETWORK_BITS), strict=False))
