"""Bodies too large to hold: what operations read of a request's, and what they hand over as an answer's."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from homeport.kernel.http.message import BodyTooLarge
from homeport.kernel.streams import FileSlices


class Upload(Protocol):
    """A request's body as its operation reads it: without chunk framing, signatures checked on the way."""

    @property
    def length(self) -> int | None:
        """Bytes of the content as the client announced them; None when it did not."""
        ...

    @property
    def trailers(self) -> Mapping[str, str]:
        """Headers that came behind the body, names in lower case; complete once the body has been read to its end."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The content piece by piece.

        Raises:
            BodyCutOff, BodyStalled: as `kernel.http.message.Body`.
            AwsError: the framing, a chunk's signature, the length or a checksum of the whole is wrong.
        """
        ...

    async def read(self, limit_bytes: int) -> bytes:
        """The whole content.

        Raises:
            BodyTooLarge: it is larger than `limit_bytes`.
            BodyCutOff, BodyStalled, AwsError: as `chunks`.
        """
        ...


class HeldUpload:
    """Content that is in memory already."""

    def __init__(self, content: bytes, trailers: Mapping[str, str] | None = None) -> None:
        self._content = content
        self._trailers = trailers or {}

    @property
    def length(self) -> int | None:
        """Its bytes."""
        return len(self._content)

    @property
    def trailers(self) -> Mapping[str, str]:
        """As they were given."""
        return self._trailers

    async def chunks(self) -> AsyncIterator[bytes]:
        """All of it at once."""
        if self._content:
            yield self._content

    async def read(self, limit_bytes: int) -> bytes:
        """All of it.

        Raises:
            BodyTooLarge: it is larger.
        """
        if len(self._content) > limit_bytes:
            raise BodyTooLarge(limit_bytes)
        return self._content


Download = bytes | FileSlices | AsyncIterator[bytes]
"""An answer's body: bytes, parts of files (sent with sendfile), or pieces as they come (sent chunked)."""
