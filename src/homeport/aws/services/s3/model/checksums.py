"""Checksums: every algorithm that S3 has, running, encoded, of parts, and put together from them."""

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final, Literal, Protocol

from homeport.aws.services.s3.errors import InvalidRequest

if TYPE_CHECKING:
    from types import ModuleType

Bytes = bytes | bytearray | memoryview
ChecksumType = Literal["COMPOSITE", "FULL_OBJECT"]

DEFAULT: Final = "CRC64NVME"
"""What S3 computes when the client asks for nothing."""

FULL: Final = "FULL_OBJECT"
COMPOSITE: Final = "COMPOSITE"


class Running(Protocol):
    """A digest that takes its content in pieces."""

    def update(self, data: Bytes, /) -> None:
        """Take in more."""
        ...

    def digest(self) -> bytes:
        """Of all that was taken in; called once, at the end."""
        ...


@cache
def _native() -> "ModuleType":
    # Loaded with the first object: it costs 60 ms and 7 MB that a server without S3 traffic need not pay.
    return import_module("awscrt.checksums")


class _Crc:
    """A CRC as a running digest."""

    __slots__ = ("_step", "_value", "_width")

    def __init__(self, step: Callable[[Bytes, int], int], width: int) -> None:
        self._step = step
        self._value = 0
        self._width = width

    def update(self, data: Bytes, /) -> None:
        self._value = self._step(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width)


class _XxHash:
    """One of the XXH family; the library calls its end otherwise."""

    __slots__ = ("_native",)

    def __init__(self, kind: str) -> None:
        self._native = getattr(_native().XXHash, f"new_{kind}")()

    def update(self, data: Bytes, /) -> None:
        self._native.update(data)

    def digest(self) -> bytes:
        digest: bytes = self._native.finalize()
        return digest


def _md5() -> Running:
    return hashlib.md5(usedforsecurity=False)


_MAKERS: Final[Mapping[str, tuple[int, Callable[[], Running]]]] = {
    "CRC32": (4, lambda: _Crc(zlib.crc32, 4)),
    "CRC32C": (4, lambda: _Crc(_native().crc32c, 4)),
    "CRC64NVME": (8, lambda: _Crc(_native().crc64nvme, 8)),
    "SHA1": (20, lambda: hashlib.sha1(usedforsecurity=False)),
    "SHA256": (32, hashlib.sha256),
    "SHA512": (64, hashlib.sha512),
    "MD5": (16, _md5),
    "XXHASH64": (8, lambda: _XxHash("xxhash64")),
    "XXHASH3": (8, lambda: _XxHash("xxhash3_64")),
    "XXHASH128": (16, lambda: _XxHash("xxhash3_128")),
}
ALGORITHMS: Final = tuple(_MAKERS)
MEMBERS: Final[Mapping[str, str]] = {f"Checksum{name}": name for name in ALGORITHMS}
"""The wire's members, and their algorithms."""

HEADERS: Final[Mapping[str, str]] = {f"x-amz-checksum-{name.lower()}": name for name in ALGORITHMS}
"""The headers and trailers, and their algorithms."""

_COMBINES: Final = frozenset({"CRC32", "CRC32C", "CRC64NVME"})
_COMPOSITE_ENDING = re.compile(r"-\d{1,5}")


def unsupported() -> InvalidRequest:
    """The error about an algorithm that S3 does not have."""
    return InvalidRequest(
        "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
        f"[{', '.join(ALGORITHMS[:5])}]"
    )


def running(algorithm: str) -> Running:
    """A new digest.

    Raises:
        InvalidRequest: S3 has no such algorithm.
    """
    made = _MAKERS.get(algorithm)
    if made is None:
        raise unsupported()
    return made[1]()


def checksum(algorithm: str, content: Bytes) -> str:
    """The checksum of a whole content, in base 64."""
    digest = running(algorithm)
    digest.update(content)
    return encode(digest.digest())


def encode(digest: bytes) -> str:
    """A digest as the wire has it."""
    return binascii.b2a_base64(digest, newline=False).decode("ascii")


def check_form(algorithm: str, value: str, *, composite: bool = False) -> None:
    """Refuse a text that cannot be a checksum of this algorithm.

    Raises:
        InvalidRequest: it is not base 64 of the right length.
    """
    text = _COMPOSITE_ENDING.sub("", value) if composite else value
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _MAKERS[algorithm][0]:
        raise InvalidRequest(f"Value for x-amz-checksum-{algorithm.lower()} header is invalid.")


def default_type(algorithm: str) -> ChecksumType:
    """How a multipart upload checks its whole when its client does not say."""
    return FULL if algorithm == DEFAULT else COMPOSITE


def check_type(algorithm: str, kind: str) -> ChecksumType:
    """The type of a multipart upload's checksum.

    Raises:
        InvalidRequest: the algorithm cannot do that.
    """
    if kind not in {FULL, COMPOSITE}:
        raise InvalidRequest("Value for x-amz-checksum-type header is invalid.")
    wrong = (kind == FULL and algorithm not in _COMBINES) or (kind == COMPOSITE and algorithm == DEFAULT)
    if wrong:
        raise InvalidRequest(
            f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        )
    return FULL if kind == FULL else COMPOSITE


def composite(algorithm: str, parts: Sequence[str]) -> str:
    """The checksum of the parts' checksums, with their number behind it."""
    return f"{checksum(algorithm, b''.join(map(base64.b64decode, parts)))}-{len(parts)}"


def combined(algorithm: str, parts: Sequence[tuple[str, int]]) -> str:
    """The whole's checksum from those of its parts and their sizes in bytes, without reading them again."""
    width = _MAKERS[algorithm][0]
    combine = getattr(_native(), f"combine_{algorithm.lower()}")
    value = 0
    for text, size in parts:
        value = combine(value, int.from_bytes(base64.b64decode(text)), size)
    return encode(value.to_bytes(width))


def multipart_etag(parts: Sequence[str]) -> str:
    """The ETag of an object made from parts: the MD5 of their MD5s, and their number."""
    digest = hashlib.md5(b"".join(map(bytes.fromhex, parts)), usedforsecurity=False).hexdigest()
    return f"{digest}-{len(parts)}"


def md5_hex(content: Bytes) -> str:
    """The MD5 of a content in hexadecimal: the ETag of what is put whole."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
