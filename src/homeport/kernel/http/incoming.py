"""A request on its connection, and what takes the place of one that could not be parsed."""

import time
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import StreamReader
from aiohttp.http import HttpVersion10, HttpVersion11, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD

from homeport.kernel.http.message import Body, Request

if TYPE_CHECKING:
    from homeport.kernel.http.connection import Connection


class Malformed(NamedTuple):
    """What could not be parsed, in the place of a request."""

    status: int
    reason: str


class Incoming:
    """A request on its connection."""

    __slots__ = ("connection", "keep_alive", "request", "speaks_1_1", "started_at", "version")

    def __init__(self, message: RawRequestMessage, payload: StreamReader, connection: "Connection") -> None:
        self.connection = connection
        self.version = message.version
        self.speaks_1_1 = message.version == HttpVersion11
        # HTTP/1.0 would have to be told in so many words. CONNECT and upgrades, which nobody gets here, are where
        # parsers disagree about what follows the header.
        self.keep_alive: bool = self.speaks_1_1 and not message.should_close and not message.upgrade
        # Not the loop's time: it stands still during a turn, which is longer than most requests.
        self.started_at = time.perf_counter()
        self.request = connection.request_from(message, payload)

    @classmethod
    def unreadable(cls, connection: "Connection") -> "Incoming":
        """Stands for a request whose header could not be parsed."""
        incoming = cls.__new__(cls)
        incoming.connection = connection
        incoming.version = HttpVersion10
        incoming.speaks_1_1 = incoming.keep_alive = False
        incoming.started_at = time.perf_counter()
        nothing = Body(EMPTY_PAYLOAD, length=0, timeout_seconds=0)
        server = connection.server
        incoming.request = Request(
            *("UNKNOWN", "/", "", {}, nothing, server.next_request_id()),
            *(server.service.name, connection.peer, connection.tls, server.origin_of),
        )
        return incoming
