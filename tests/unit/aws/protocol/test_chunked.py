"""aws-chunked bodies: sizes, signatures, trailers, and everything that can be wrong with them."""

import asyncio

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from hypothesis import given
from hypothesis import strategies as st

from homeport.aws.auth.errors import PayloadHashMismatch
from homeport.aws.errors import AwsError
from homeport.aws.protocol.chunked import ChunkedUpload, PlainUpload
from homeport.kernel.http.message import Body, BodyCutOff, BodyTooLarge


def body_of(*pieces: bytes, whole: bool = True) -> Body:
    """A body whose bytes arrive in these pieces."""
    loop = asyncio.get_running_loop()
    reader = StreamReader(BaseProtocol(loop), 2**16, loop=loop)
    for piece in pieces:
        reader.feed_data(piece)
    if whole:
        reader.feed_eof()
    else:
        reader.set_exception(ConnectionResetError())
    return Body(reader, length=None, timeout_seconds=5)


def chunked(*chunks: bytes, trailers: bytes = b"") -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return framed + b"0\r\n" + trailers + b"\r\n"


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


class Chain:
    """Notes what it is asked to verify."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def chunk(self, signature: str, digest: str) -> None:
        self.seen.append((signature, digest))

    def trailers(self, signature: str, lines: str) -> None:
        self.seen.append((signature, lines))


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=6), st.integers(1, 64))
def test_the_content_comes_out_however_the_bytes_arrive(chunks: list[bytes], size: int) -> None:
    async def read() -> bytes:
        upload = ChunkedUpload(body_of(*cut(chunked(*chunks), size)), length=None, verifier=None, trailing=False)
        return await upload.read(10**6)

    assert asyncio.run(read()) == b"".join(chunks)


async def test_trailers_are_there_once_the_body_has_been_read() -> None:
    data = chunked(b"hello", trailers=b"X-Amz-Checksum-CRC32: AAAA==\r\nx-amz-meta-b:c\n")
    upload = ChunkedUpload(body_of(data), length=5, verifier=None, trailing=True)

    assert await upload.read(100) == b"hello"
    assert upload.trailers == {"x-amz-checksum-crc32": "AAAA==", "x-amz-meta-b": "c"}
    assert upload.length == 5


async def test_every_chunk_and_the_trailers_are_verified() -> None:
    chain = Chain()
    signature = b"a" * 64
    data = b"2;chunk-signature=%b\r\nhi\r\n0;chunk-signature=%b\r\n" % (signature, signature)
    data += b"x-amz-checksum-crc32:AA==\r\nx-amz-trailer-signature:%b\r\n\r\n" % signature

    upload = ChunkedUpload(body_of(data), length=2, verifier=chain, trailing=True)

    assert await upload.read(100) == b"hi"
    assert [seen[0] for seen in chain.seen] == ["a" * 64] * 3
    assert chain.seen[2][1] == "x-amz-checksum-crc32:AA==\n"
    assert upload.trailers == {"x-amz-checksum-crc32": "AA=="}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "IncompleteBody"),
        (b"5\r\nhel", "IncompleteBody"),
        (b"5\r\nhello\r\n", "IncompleteBody"),
        (b"zz\r\nhello\r\n0\r\n\r\n", "InvalidRequest"),
        (b"-5\r\nhello\r\n0\r\n\r\n", "InvalidRequest"),
        (b"5;chunk-signature=short\r\nhello\r\n0\r\n\r\n", "InvalidRequest"),
        (b"5\r\nhelloXX0\r\n\r\n", "InvalidRequest"),
        (b"ffffffffffffffff\r\nhello", "IncompleteBody"),
        (b"1" * 5000, "InvalidRequest"),
        (chunked(b"hell"), "IncompleteBody"),
        (chunked(b"hello!"), "IncompleteBody"),
        (chunked(b"hello", trailers=b"no colon\r\n"), "MalformedTrailerError"),
        (chunked(b"hello", trailers=b"a:b\r\n" * 100), "MalformedTrailerError"),
    ],
)
async def test_a_broken_frame_is_refused(data: bytes, code: str) -> None:
    upload = ChunkedUpload(body_of(data), length=5, verifier=None, trailing=True)

    with pytest.raises(AwsError) as error:
        await upload.read(10**6)
    assert error.value.code == code


async def test_trailers_that_nobody_announced_are_refused() -> None:
    upload = ChunkedUpload(body_of(chunked(b"x", trailers=b"a:b\r\n")), length=1, verifier=None, trailing=False)

    with pytest.raises(AwsError) as error:
        await upload.read(10)
    assert error.value.code == "MalformedTrailerError"


async def test_a_connection_that_breaks_is_told_as_such() -> None:
    upload = ChunkedUpload(body_of(b"5\r\nhe", whole=False), length=5, verifier=None, trailing=False)

    with pytest.raises(BodyCutOff):
        await upload.read(10)


@pytest.mark.parametrize("length", [None, 100])
async def test_content_beyond_the_limit_is_not_kept(length: int | None) -> None:
    upload = ChunkedUpload(body_of(chunked(b"x" * 100)), length=length, verifier=None, trailing=False)

    with pytest.raises(BodyTooLarge):
        await upload.read(10)


async def test_a_plain_body_has_to_be_what_was_signed() -> None:
    wanted = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

    good = PlainUpload(body_of(b"he", b"llo"), sha256_hex=wanted, mismatch=PayloadHashMismatch)
    assert await good.read(10) == b"hello"
    streamed = PlainUpload(body_of(b"hello!"), sha256_hex=wanted, mismatch=PayloadHashMismatch)
    with pytest.raises(PayloadHashMismatch):
        _ = [piece async for piece in streamed.chunks()]
