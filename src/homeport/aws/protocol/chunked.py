"""The body framing `aws-chunked`: sizes, optional signatures, data, trailing headers.

S3 API reference, "Signature calculations for the Authorization header: transferring payload in multiple chunks" and
"... trailing headers".
"""

import re
from collections.abc import AsyncIterator, Collection, Mapping
from hashlib import sha256
from typing import Final, Protocol

from homeport.aws.errors import AwsError
from homeport.kernel.http.message import Body, BodyTooLarge

_HEAD = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_MOST_LINE_BYTES: Final = 4096
_MOST_TRAILERS: Final = 32
_SIGNATURE_TRAILER: Final = "x-amz-trailer-signature"


class IncompleteBody(AwsError):
    """The content is shorter or longer than announced."""

    code = "IncompleteBody"
    status = 400

    def __init__(self) -> None:
        super().__init__("The request body terminated unexpectedly")


class MalformedTrailer(AwsError):
    """The framing, or what follows the content, cannot be read."""

    code = "MalformedTrailerError"
    status = 400

    def __init__(self) -> None:
        super().__init__(
            "The request contained trailing data that was not well-formed or did not conform to our published schema."
        )


class InvalidChunk(AwsError):
    """A chunk's head cannot be read."""

    code = "InvalidRequest"
    status = 400

    def __init__(self) -> None:
        super().__init__("The aws-chunked encoding of the body cannot be read.")


class ChunkVerifier(Protocol):
    """Checks the chain of signatures."""

    def chunk(self, signature: str, digest: str) -> None:
        """The next chunk, whose data hash to `digest`; raises AwsError."""
        ...

    def trailers(self, signature: str, lines: str) -> None:
        """The trailing headers; raises AwsError."""
        ...


class ChunkedUpload:
    """A request's body without its framing.

    Args:
        length: of the content, as x-amz-decoded-content-length announces it.
        verifier: of signed chunks; None takes them as they are.
        trailing: whether headers follow the last chunk.
        announced: names in lower case that have to be among them.
    """

    def __init__(
        self,
        body: Body,
        *,
        length: int | None,
        verifier: ChunkVerifier | None,
        trailing: bool,
        announced: Collection[str] = (),
    ) -> None:
        self._pieces = body.chunks()
        self._buffer = b""
        self._position = 0
        self._verifier = verifier
        self._trailing = trailing
        self._announced = announced
        self._length = length
        self._trailers: dict[str, str] = {}

    @property
    def length(self) -> int | None:
        """Bytes of the content, as announced."""
        return self._length

    @property
    def trailers(self) -> Mapping[str, str]:
        """Headers behind the body, once it has been read."""
        return self._trailers

    async def read(self, limit_bytes: int) -> bytes:
        """The whole content.

        Raises:
            BodyTooLarge: it is larger.
            AwsError: the framing, a signature or the length is wrong.
        """
        if self._length is not None and self._length > limit_bytes:
            raise BodyTooLarge(limit_bytes)
        pieces = []
        size = 0
        async for piece in self.chunks():
            size += len(piece)
            if size > limit_bytes:
                raise BodyTooLarge(limit_bytes)
            pieces.append(piece)
        return b"".join(pieces)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The content piece by piece.

        Raises:
            AwsError: the framing, a signature or the length is wrong.
        """
        received = 0
        while True:
            match = _HEAD.fullmatch(await self._line())
            if match is None:
                raise InvalidChunk
            left = int(match[1], 16)
            digest = sha256() if self._verifier is not None else None
            if self._length is not None and received + left > self._length:
                raise IncompleteBody
            last = left == 0
            while left:
                piece = await self._take(left)
                left -= len(piece)
                received += len(piece)
                if digest is not None:
                    digest.update(piece)
                yield piece
            if self._verifier is not None and digest is not None:
                self._verifier.chunk((match[2] or b"").decode(), digest.hexdigest())
            if last:
                break
            if await self._line():
                raise InvalidChunk
        await self._end(received)

    async def _end(self, received: int) -> None:
        if self._length is not None and received != self._length:
            raise IncompleteBody
        lines = []
        while (line := await self._line(at_end=True)) != b"":
            lines.append(line)
            if len(lines) > _MOST_TRAILERS or not self._trailing:
                raise MalformedTrailer
        for text in lines:
            name, colon, value = text.decode("utf-8", "replace").partition(":")
            if not colon:
                raise MalformedTrailer
            self._trailers[name.strip().lower()] = value.strip()
        if any(name not in self._trailers for name in self._announced):
            raise MalformedTrailer
        signature = self._trailers.pop(_SIGNATURE_TRAILER, "")
        if self._verifier is not None and self._trailing:
            signed = "".join(f"{name}:{value}\n" for name, value in self._trailers.items())
            self._verifier.trailers(signature, signed)

    async def _more(self) -> bool:
        """Put the next piece behind what is left of the one before."""
        async for piece in self._pieces:
            left = self._buffer[self._position :]
            self._buffer = left + piece if left else piece
            self._position = 0
            return True
        return False

    async def _line(self, *, at_end: bool = False) -> bytes:
        """The next line without its end; at the end of the body an empty one, where that is allowed."""
        while (end := self._buffer.find(b"\n", self._position, self._position + _MOST_LINE_BYTES)) < 0:
            if len(self._buffer) - self._position >= _MOST_LINE_BYTES:
                raise InvalidChunk
            if not await self._more():
                if not at_end:
                    raise IncompleteBody
                end = len(self._buffer)
                break
        # A piece holds many chunks: its position moves on, and nothing of it is copied but what is handed out.
        line = self._buffer[self._position : end]
        self._position = min(end + 1, len(self._buffer))
        return line.rstrip(b"\r")

    async def _take(self, most: int) -> bytes:
        if self._position == len(self._buffer) and not await self._more():
            raise IncompleteBody
        start, self._position = self._position, min(len(self._buffer), self._position + most)
        return self._buffer[start : self._position] if start or self._position < len(self._buffer) else self._buffer


class PlainUpload:
    """A body without framing; compared with its signed digest where there is one to compare with.

    Args:
        sha256_hex: what the content has to hash to; None for no check.
        mismatch: makes the error of (announced, computed).
    """

    def __init__(self, body: Body, *, sha256_hex: str | None, mismatch: "MakeMismatch") -> None:
        self._body = body
        self._wanted = sha256_hex
        self._mismatch = mismatch

    @property
    def length(self) -> int | None:
        """Bytes of the content, as announced."""
        return self._body.length

    @property
    def trailers(self) -> Mapping[str, str]:
        """A plain body has none."""
        return {}

    async def chunks(self) -> AsyncIterator[bytes]:
        """The content piece by piece; raises AwsError at its end when it is not what was signed."""
        if self._wanted is None:
            async for piece in self._body.chunks():
                yield piece
            return
        digest = sha256()
        async for piece in self._body.chunks():
            digest.update(piece)
            yield piece
        if digest.hexdigest() != self._wanted:
            raise self._mismatch(self._wanted, digest.hexdigest())

    async def read(self, limit_bytes: int) -> bytes:
        """The whole content; raises AwsError when it is not what was signed."""
        content = await self._body.read(limit_bytes)
        if self._wanted is not None and (computed := sha256(content).hexdigest()) != self._wanted:
            raise self._mismatch(self._wanted, computed)
        return content


class MakeMismatch(Protocol):
    """Makes the error of a body that is not what was signed."""

    def __call__(self, announced: str, computed: str, /) -> AwsError:
        """The error."""
        ...
