"""Event streams, read back by botocore."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from botocore.eventstream import EventStreamBuffer

from homeport.aws.errors import ErrorOfCode
from homeport.aws.room import Room
from homeport.kernel.http.message import Response


async def read(response: Response) -> list[Any]:
    """Every frame's headers and payload; botocore checks lengths and CRCs."""
    buffer = EventStreamBuffer()
    assert not isinstance(response.body, bytes)
    async for piece in response.body:  # type: ignore[union-attr] # an event stream comes in pieces
        buffer.add_data(piece)
    events: list[Any] = list(buffer)
    return [(event.headers, event.payload) for event in events]


def respond(service: str, protocol: Any, operation: str, result: Mapping[str, Any]) -> Response:
    room = Room(service, None)
    return room.compiled(protocol, room.model.operations[operation]).write(result, "an-id")


async def test_select_s_events_are_frames_of_bytes_and_documents() -> None:
    async def events() -> AsyncIterator[dict[str, Any]]:
        yield {"Records": {"Payload": b"a,b\n"}}
        yield {"Cont": {}}
        yield {"Stats": {"Details": {"BytesScanned": 4, "BytesProcessed": 4, "BytesReturned": 4}}}
        yield {"End": {}}

    response = respond("s3", "rest-xml", "SelectObjectContent", {"Payload": events()})
    frames = await read(response)

    assert [headers[":event-type"] for headers, _ in frames] == ["Records", "Cont", "Stats", "End"]
    assert frames[0] == (
        {":message-type": "event", ":event-type": "Records", ":content-type": "application/octet-stream"},
        b"a,b\n",
    )
    assert frames[2][1].startswith(b"<Stats><BytesScanned>4</BytesScanned>")
    assert frames[3][1] == b""


async def test_an_event_without_a_payload_member_is_a_document_itself() -> None:
    async def events() -> AsyncIterator[dict[str, Any]]:
        yield {"PayloadChunk": {"Payload": b"chunk"}}
        yield {"InvokeComplete": {"LogResult": "bG9n"}}

    frames = await read(respond("lambda", "rest-json", "InvokeWithResponseStream", {"EventStream": events()}))

    assert [payload for _, payload in frames] == [b"chunk", b'{"LogResult":"bG9n"}']


async def test_an_error_on_the_way_is_the_last_frame() -> None:
    async def events() -> AsyncIterator[dict[str, Any]]:
        yield {"Records": {"Payload": b"a"}}
        raise ErrorOfCode("InvalidTextEncoding", "UTF-8 encoding is required.")

    frames = await read(respond("s3", "rest-xml", "SelectObjectContent", {"Payload": events()}))

    assert frames[-1][0] == {
        ":message-type": "error",
        ":error-code": "InvalidTextEncoding",
        ":error-message": "UTF-8 encoding is required.",
    }
