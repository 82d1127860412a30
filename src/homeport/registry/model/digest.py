"""Digests: which algorithms there are, how they are written, and how bytes become one."""

import hashlib
import re
from typing import Final, Literal, NewType, Protocol, get_args

from homeport.registry.errors import DigestInvalid

Digest = NewType("Digest", str)
"""`<algorithm>:<lower-case hex>`, valid in form: only this module makes one out of foreign text."""

Algorithm = Literal["sha256", "sha512"]

CANONICAL: Final[Algorithm] = "sha256"
"""The algorithm under which bytes are stored, whatever a client named them by."""

ALGORITHMS: Final[tuple[Algorithm, ...]] = get_args(Algorithm)
EMPTY: Final = Digest("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
"""The digest of no bytes at all."""

_SHA256_TEXT_LENGTH = len("sha256:") + 64
_SHA256_KEY_BYTES = 32
_SHOWN_CHARACTERS = 200
_fullmatch = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}").fullmatch


class Hasher(Protocol):
    """A running digest, as hashlib makes them."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take in more bytes."""
        ...

    def hexdigest(self) -> str:
        """The digest of all bytes so far."""
        ...


def parse_digest(text: str) -> Digest:
    """The digest that a client or a link wrote.

    Spec: OCI image, descriptor, "Digests"; registered algorithms sha256 and sha512, lower-case hex only.

    Raises:
        DigestInvalid: malformed, or an algorithm that is not supported.
    """
    if _fullmatch(text) is None:
        raise _refusal(text)
    return Digest(text)


def find_digest(text: str) -> Digest | None:
    """The same without an error: `None` for text that is no supported digest."""
    return None if _fullmatch(text) is None else Digest(text)


def _refusal(text: str) -> DigestInvalid:
    prefix, colon, _ = text.partition(":")
    if colon and prefix not in ALGORITHMS:
        message = "unsupported digest algorithm; this registry knows sha256 and sha512"
    else:
        message = "malformed digest"
    return DigestInvalid(message, detail=text[:_SHOWN_CHARACTERS])


def algorithm(digest: Digest) -> Algorithm:
    """The part before the colon."""
    return "sha256" if len(digest) == _SHA256_TEXT_LENGTH else "sha512"


def encoded(digest: Digest) -> str:
    """The hexadecimal part."""
    return digest[7:]


def is_canonical(digest: Digest) -> bool:
    """Whether bytes can be stored under this digest as it stands."""
    return len(digest) == _SHA256_TEXT_LENGTH


def new_hasher(name: Algorithm = CANONICAL) -> Hasher:
    """A running digest of no bytes yet."""
    return hashlib.sha256() if name == "sha256" else hashlib.sha512()


def finish(hasher: Hasher, name: Algorithm = CANONICAL) -> Digest:
    """The digest of what the hasher, made for the same algorithm, has taken in."""
    return Digest(f"{name}:{hasher.hexdigest()}")


def digest_of(data: bytes | bytearray | memoryview, name: Algorithm = CANONICAL) -> Digest:
    """The digest of bytes at hand."""
    hasher = new_hasher(name)
    hasher.update(data)
    return finish(hasher, name)


def to_key(digest: Digest) -> bytes:
    """The bare digest bytes: 32 for sha256, 64 for sha512, so that millions fit in a set."""
    return bytes.fromhex(digest[7:])


def from_key(key: bytes) -> Digest:
    """The digest whose `to_key` this is."""
    return Digest(f"{'sha256' if len(key) == _SHA256_KEY_BYTES else 'sha512'}:{key.hex()}")
