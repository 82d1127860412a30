"""Contents as they arrive: measured, hashed in one pass with every checksum that is wanted, and compared."""

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

from homeport.aws.errors import AwsError
from homeport.aws.services.s3.errors import BadDigest, EntityTooLarge, InvalidDigest, InvalidRequest
from homeport.aws.services.s3.model import checksums
from homeport.aws.services.s3.model.checksums import Running
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import objects
from homeport.aws.services.s3.store.files import INLINE_BYTES
from homeport.aws.stream import Upload
from homeport.kernel.storage.database import Snapshot, Tx

_MD5_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Content:
    """A body that has come whole and is what its sender says.

    Attributes:
        data: a small one's bytes; a large one lies in `file`.
        etag: its MD5 in hexadecimal.
        algorithm: of the checksum that is kept with it.
    """

    size: int
    etag: str
    algorithm: str
    checksum: str
    data: bytes = b""
    file: str = ""

    def keep(self, tx: Tx) -> int:
        """Add a small body's row; 0 for none."""
        return objects.add_body(tx, self.data) if self.data else 0


class _Expected:
    """What a request says of its content: checksums in headers, or to come behind the body."""

    def __init__(self, request: Mapping[str, object]) -> None:
        self.told: dict[str, str] = {}
        for member, algorithm in checksums.MEMBERS.items():
            value = request.get(member)
            if isinstance(value, str):
                checksums.check_form(algorithm, value)
                self.told[algorithm] = value
        if len(self.told) > 1:
            raise InvalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
        named = request.get("ChecksumAlgorithm")
        self.named = named.upper() if isinstance(named, str) else ""
        if self.named and self.named not in checksums.ALGORITHMS:
            raise checksums.unsupported()
        if self.told and self.named and self.named not in self.told:
            raise InvalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.")
        self.md5 = _content_md5(request)

    def algorithms(self, default: str) -> list[str]:
        """What to compute: all that may be needed at the end."""
        if self.told:
            return list(self.told)
        wanted = [self.named, default] if self.named else [default]
        return list(dict.fromkeys(wanted))

    def take_trailers(self, trailers: Mapping[str, str]) -> None:
        """Take over the checksums that came behind the body.

        Raises:
            InvalidRequest: one was spoken of and is nowhere.
        """
        for header, algorithm in checksums.HEADERS.items():
            value = trailers.get(header)
            if value is not None:
                checksums.check_form(algorithm, value)
                self.told[algorithm] = value
        if self.named and not self.told:
            raise InvalidRequest(
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer "
                "headers were found."
            )


def _content_md5(request: Mapping[str, object]) -> str:
    text = request.get("ContentMD5")
    if not isinstance(text, str):
        return ""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _MD5_BYTES:
        raise InvalidDigest(text)
    return raw.hex()


async def receive(
    s3: S3, upload: Upload | None, request: Mapping[str, object], *, most: int, default: str = checksums.DEFAULT
) -> Content:
    """Take in a body, small ones into memory and large ones into a file.

    `default`: the algorithm where the request names none.

    Raises:
        AwsError: it is too large, or not what its checksums say; nothing of it is left.
        StorageError: the disk did not take it; nothing is left.
    """
    expected = _Expected(request)
    if upload is None:
        return _small(b"", expected, default)
    if upload.length is not None and upload.length > most:
        raise EntityTooLarge(upload.length, most)
    pieces = upload.chunks()
    first, over = await _beginning(pieces)
    if not over:
        expected.take_trailers(upload.trailers)
        return _small(first, expected, default)
    return await _large(s3, upload, pieces, first, expected, default, most)


async def _beginning(pieces: AsyncIterator[bytes]) -> tuple[bytes, bool]:
    """What fits a row, and whether there may be more."""
    gathered: list[bytes] = []
    size = 0
    async for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size > INLINE_BYTES:
            return b"".join(gathered), True
    return b"".join(gathered) if len(gathered) != 1 else gathered[0], False


def _small(data: bytes, expected: _Expected, default: str) -> Content:
    etag = checksums.md5_hex(data)
    algorithm = next(iter(expected.told), default)
    computed = {algorithm: checksums.checksum(algorithm, data)}
    _compare(expected, etag, computed)
    return Content(len(data), etag, algorithm, computed[algorithm], data)


async def _large(
    s3: S3,
    upload: Upload,
    pieces: AsyncIterator[bytes],
    first: bytes,
    expected: _Expected,
    default: str,
    most: int,
) -> Content:
    md5 = checksums.running("MD5")
    hashers = {algorithm: checksums.running(algorithm) for algorithm in expected.algorithms(default)}
    limited = _limited(pieces, len(first), most)
    file, size = await s3.files.receive(limited, first, (md5, *hashers.values()))
    try:
        expected.take_trailers(upload.trailers)
        await _add_unforeseen(s3, expected, hashers, file, size)
        computed = {algorithm: checksums.encode(hasher.digest()) for algorithm, hasher in hashers.items()}
        etag = md5.digest().hex()
        _compare(expected, etag, computed)
    except AwsError:
        discard(s3, file)
        raise
    algorithm = next(iter(expected.told), default)
    return Content(size, etag, algorithm, computed[algorithm], file=file)


async def _limited(pieces: AsyncIterator[bytes], begun: int, most: int) -> AsyncIterator[bytes]:
    size = begun
    async for piece in pieces:
        size += len(piece)
        if size > most:
            raise EntityTooLarge(size, most)
        yield piece


async def _add_unforeseen(s3: S3, expected: _Expected, hashers: dict[str, Running], file: str, size: int) -> None:
    """A trailer of an algorithm that no header had announced: the file is read once more."""
    unforeseen = {a: checksums.running(a) for a in expected.told if a not in hashers}
    if unforeseen:
        await s3.files.digest(file, 0, size, tuple(unforeseen.values()))
        hashers |= unforeseen


def _compare(expected: _Expected, etag: str, computed: Mapping[str, str]) -> None:
    if expected.md5 and expected.md5 != etag:
        error = BadDigest("The Content-MD5 you specified did not match what we received.")
        error.extra = {
            "ExpectedDigest": base64.b64encode(bytes.fromhex(expected.md5)).decode(),
            "CalculatedDigest": base64.b64encode(bytes.fromhex(etag)).decode(),
        }
        raise error
    for algorithm, value in expected.told.items():
        if computed[algorithm] != value:
            raise BadDigest(f"The {algorithm} you specified did not match the calculated checksum.")


def check_document(content: bytes, told: Mapping[str, object]) -> None:
    """Compare a whole document with the digests that came with it.

    Raises:
        BadDigest, InvalidDigest, InvalidRequest: it is another one, or a digest is none.
    """
    _small(content, _Expected(told), checksums.DEFAULT)


def discard(s3: S3, file: str) -> None:
    """Remove a body that no row will ever name."""
    if file:
        s3.files.listed((file,))
        s3.files.removal((file,))()


def body_of(snapshot: Snapshot, row: int) -> bytes:
    """A small body."""
    return objects.body(snapshot, row)
