"""The body of a form as it comes: small fields first, then the file, piece by piece (RFC 7578)."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from homeport.aws.services.s3.errors import MalformedPostRequest
from homeport.kernel.http.message import Body, BodyTooLarge

_BOUNDARY = re.compile(r'multipart/form-data\s*;(?:.*;)?\s*boundary="?([^";,]{1,70})"?', re.IGNORECASE)
_NAME = re.compile(r'name="((?:[^"\\]|\\.)*)"')
_FILE_NAME = re.compile(r'filename="((?:[^"\\]|\\.)*)"')
_MOST_FIELD_BYTES: Final = 20 * 1024
_MOST_FIELDS: Final = 200
_MOST_HEAD_BYTES: Final = 8 * 1024


def boundary_of(content_type: str) -> str | None:
    """A form's boundary; None if the content type is another one."""
    match = _BOUNDARY.match(content_type.strip())
    return match[1] if match is not None else None


@dataclass(slots=True)
class Form:
    """What came before the file's bytes.

    Attributes:
        fields: by names in lower case.
        file_name: as the browser says it, without folders.
    """

    fields: dict[str, str] = field(default_factory=dict)
    file_name: str = ""
    file_type: str = ""


class FormReader:
    """Reads one form."""

    def __init__(self, body: Body, boundary: str) -> None:
        self._pieces = body.chunks()
        self._buffer = b""
        self._mark = b"\r\n--" + boundary.encode("utf-8", "surrogateescape")
        self._open = False

    async def read_fields(self) -> Form:
        """All fields before the file; its bytes come next.

        Raises:
            MalformedPostRequest: the body is no form, or has no file.
        """
        form = Form()
        self._buffer = b"\r\n"
        await self._until(self._mark, _MOST_HEAD_BYTES)
        for _ in range(_MOST_FIELDS):
            await self._fill(2)
            if self._buffer.startswith(b"--"):
                break
            head = await self._head()
            disposition = head.get("content-disposition", "")
            name = _NAME.search(disposition)
            if name is None:
                raise MalformedPostRequest
            if name[1].lower() == "file":
                file_name = _FILE_NAME.search(disposition)
                form.file_name = re.split(r"[/\\]", file_name[1])[-1] if file_name else ""
                form.file_type = head.get("content-type", "")
                self._open = True
                return form
            value = await self._until(self._mark, _MOST_FIELD_BYTES)
            form.fields[name[1].lower()] = value.decode("utf-8", "replace")
        raise MalformedPostRequest

    async def _head(self) -> Mapping[str, str]:
        await self._until(b"\r\n", 256)
        text = await self._until(b"\r\n\r\n", _MOST_HEAD_BYTES)
        lines = [line.partition(":") for line in text.decode("utf-8", "replace").split("\r\n")]
        return {name.strip().lower(): value.strip() for name, _, value in lines}

    async def _fill(self, count: int) -> None:
        while len(self._buffer) < count:
            if not await self._more():
                raise MalformedPostRequest

    async def _more(self) -> bool:
        piece = await anext(self._pieces, b"")
        self._buffer += piece
        return bool(piece)

    async def _until(self, mark: bytes, most: int) -> bytes:
        """The bytes before a mark, which is passed over."""
        searched = 0
        while (index := self._buffer.find(mark, searched)) < 0:
            if len(self._buffer) > most:
                raise MalformedPostRequest
            searched = max(len(self._buffer) - len(mark), 0)
            if not await self._more():
                raise MalformedPostRequest
        found, self._buffer = self._buffer[:index], self._buffer[index + len(mark) :]
        return found

    # The file, as an upload

    @property
    def length(self) -> int | None:
        """Not known before the end."""
        return None

    @property
    def trailers(self) -> Mapping[str, str]:
        """Forms have none."""
        return {}

    async def chunks(self) -> AsyncIterator[bytes]:
        """The file's bytes; whatever follows it is read away.

        Raises:
            MalformedPostRequest: the body ends too early.
        """
        while True:
            index = self._buffer.find(self._mark)
            if index >= 0:
                if index:
                    yield self._buffer[:index]
                break
            # The mark may have begun: what could be its beginning stays.
            safe = len(self._buffer) - len(self._mark) + 1
            if safe > 0:
                piece, self._buffer = self._buffer[:safe], self._buffer[safe:]
                yield piece
            if not await self._more():
                raise MalformedPostRequest
        self._buffer = b""
        async for _ in self._pieces:
            pass

    async def read(self, limit_bytes: int) -> bytes:
        """All of the file.

        Raises:
            BodyTooLarge: it is larger.
        """
        gathered = bytearray()
        async for piece in self.chunks():
            gathered += piece
            if len(gathered) > limit_bytes:
                raise BodyTooLarge(limit_bytes)
        return bytes(gathered)
