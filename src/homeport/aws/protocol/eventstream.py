"""Event streams: frames of headers and payload with a CRC each (`application/vnd.amazon.eventstream`)."""

import struct
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from homeport.aws.errors import AwsError
from homeport.aws.protocol.model import Shape, WireModel

_STRING_TYPE: Final = 7
_PRELUDE: Final = struct.Struct(">II")
_CRC: Final = struct.Struct(">I")
_OVERHEAD_BYTES: Final = 16

Document = Callable[[Mapping[str, Any]], tuple[bytes, str]]
MakeDocument = Callable[[str, Shape], Document]
"""Makes, for a member of an event, what writes it as a payload and says its content type; "" is the whole event."""


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message: lengths and their CRC, headers (all of them strings), payload, CRC of everything."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = _PRELUDE.pack(_OVERHEAD_BYTES + len(head) + len(payload), len(head))
    message = b"".join((prelude, _CRC.pack(zlib.crc32(prelude)), head, payload))
    return message + _CRC.pack(zlib.crc32(message))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode("ascii"), value.encode("utf-8")
    return bytes((len(key),)) + key + bytes((_STRING_TYPE,)) + struct.pack(">H", len(text)) + text


class EventWriter:
    """Writes one event stream's events, which are dictionaries with one member each."""

    def __init__(self, shape: Shape, model: WireModel, make_document: MakeDocument) -> None:
        self._events = {
            name: self._event(name, model.shapes[reference["shape"]], model, make_document)
            for name, reference in shape["members"].items()
        }

    def _event(
        self, name: str, shape: Shape, model: WireModel, make_document: MakeDocument
    ) -> Callable[[Mapping[str, Any]], bytes]:
        payload = next((m for m, r in shape["members"].items() if r.get("eventpayload")), "")
        fixed = {":message-type": "event", ":event-type": name}
        if not payload and not shape["members"]:
            return lambda _event: frame(fixed, b"")
        if payload and model.shapes[shape["members"][payload]["shape"]]["type"] == "blob":
            headers = {**fixed, ":content-type": "application/octet-stream"}
            return lambda event: frame(headers, event.get(payload, b""))
        document = make_document(payload, shape)

        def write(event: Mapping[str, Any]) -> bytes:
            body, content_type = document(event)
            return frame({**fixed, ":content-type": content_type}, body)

        return write

    def write(self, event: Mapping[str, Any]) -> bytes:
        """One event's frame."""
        ((name, members),) = event.items()
        return self._events[name](members)

    async def stream(self, events: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[bytes]:
        """Each event's frame; an AwsError on the way becomes the last one."""
        try:
            async for event in events:
                yield self.write(event)
        except AwsError as error:
            yield frame({":message-type": "error", ":error-code": error.code, ":error-message": error.message}, b"")
