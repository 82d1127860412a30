"""What stands behind a listener, and the answers to its connections' requests."""

import asyncio
import itertools
import os
import time
from dataclasses import dataclass
from typing import Protocol

from aiohttp.http import HttpVersion10, HttpVersion11

from homeport.kernel.http.connection import Connection
from homeport.kernel.http.forwarded import Origin, TrustedProxies
from homeport.kernel.http.incoming import Incoming
from homeport.kernel.http.limits import Limits
from homeport.kernel.http.message import BodyCutOff, BodyStalled, BodyTooLarge, Handler, Request, Response
from homeport.kernel.streams import FileSlices

_SHORT_REST_BYTES = 256 * 1024
_LONGEST_BODY_BYTES = (1 << 63) - 1
_LOOK_AGAIN_SECONDS = 0.01


class Observer(Protocol):
    """Who is told of each request when its last byte has been handed over."""

    def started(self, request: Request, /) -> None:
        """A request's header is there."""
        ...

    def finished(self, request: Request, status: int, sent_bytes: int, seconds: float) -> None:
        """It is answered; status 499 when the client went away first."""
        ...

    def failed(self, request: Request, error: BaseException) -> None:
        """Its handler raised what it should not have."""
        ...


class ErrorAnswers(Protocol):
    """How a listener's protocol words what goes wrong outside its handler."""

    def __call__(self, status: int, reason: str) -> Response:
        """An answer of this status; `reason` is one sentence for a person."""
        ...


@dataclass(frozen=True, slots=True)
class Service:
    """What stands behind a listener."""

    name: str
    handler: Handler
    error_answers: ErrorAnswers
    observer: Observer
    proxies: TrustedProxies
    limits: Limits


def _is_odd(incoming: Incoming) -> bool:
    """Whether a request has to be looked at before a handler is asked."""
    request = incoming.request
    length = request.body.length
    return not incoming.speaks_1_1 or length is None or length > _LONGEST_BODY_BYTES or "Expect" in request.headers


def _cancelled_from_outside() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class HttpServer:
    """Makes connections for a listener and answers their requests through its service."""

    def __init__(self, service: Service, *, loop: asyncio.AbstractEventLoop) -> None:
        self.service = service
        self.open_connections: set[Connection] = set()
        self._busy = 0
        self._loop = loop
        self._drained: asyncio.Future[None] | None = None
        self._id_prefix = os.urandom(6).hex()
        self._ids = itertools.count(1)

    def __call__(self) -> Connection:
        """A protocol for a new connection."""
        return Connection(self, loop=self._loop)

    def next_request_id(self) -> str:
        """An id that no other request has: the process's prefix and a count."""
        return f"{self._id_prefix}{next(self._ids):08x}"

    def origin_of(self, request: Request) -> Origin:
        """See `TrustedProxies.origin`."""
        return self.service.proxies.origin(request.peer, tls=request.tls, headers=request.headers)

    async def answer(self, incoming: Incoming) -> Response:
        """The answer to a request whose header is there."""
        self.began(incoming)
        request = incoming.request
        try:
            response = self._refusal(incoming) if _is_odd(incoming) else None
            if response is None:
                response = await self._ask(incoming)
            if not request.body.at_end:
                await self._settle_body(request, response)
        except BaseException:
            self.finished(incoming, 499, 0)
            raise
        return response

    async def _ask(self, incoming: Incoming) -> Response:
        service, request = self.service, incoming.request
        try:
            return await service.handler(request)
        except BodyTooLarge as error:
            answer = service.error_answers(413, str(error))
        except BodyStalled:
            answer = service.error_answers(408, "the request's body did not come in time")
        except BodyCutOff:
            if incoming.connection.cutting:
                answer = service.error_answers(503, "the server stops")
            else:
                answer = service.error_answers(400, "the request's body ended too early")
        except asyncio.CancelledError as error:
            if _cancelled_from_outside():
                raise
            answer = self.failed(request, error)
        except Exception as error:  # noqa: BLE001 # the connection loop is one of the places that catch everything
            answer = self.failed(request, error)
        answer.close = True
        return answer

    def failed(self, request: Request, error: BaseException) -> Response:
        """The answer to a request that met a fault of ours."""
        self.service.observer.failed(request, error)
        return self.service.error_answers(500, "internal error")

    def _refusal(self, incoming: Incoming) -> Response | None:
        """The answer to what no handler is asked about."""
        request = incoming.request
        expected = request.headers.get("Expect")
        answer = None
        if incoming.version < HttpVersion10:
            answer = self.service.error_answers(400, "the request line names no version of HTTP")
        elif incoming.version > HttpVersion11:
            answer = self.service.error_answers(505, "the only versions of HTTP that are spoken here are 1.0 and 1.1")
        elif request.body.length is None and request.headers["Transfer-Encoding"].strip().lower() != "chunked":
            answer = self.service.error_answers(501, "the only transfer coding that can be undone is chunked")
        elif expected is not None and expected.lower() != "100-continue":
            answer = self.service.error_answers(417, "the only expectation that can be met is 100-continue")
        elif (request.body.length or 0) > _LONGEST_BODY_BYTES:
            # The parser takes the largest number that it can hold for no body at all.
            answer = self.service.error_answers(413, "no body is that long")
        if answer is not None:
            answer.close = True
        return answer

    async def _settle_body(self, request: Request, response: Response) -> None:
        """An answer to an unread body: the client either still waits for leave to send it, or is sending.

        A short rest is read away so that the connection can go on; a long one ends it.
        """
        length = request.body.length
        if response.close or request.body.unanswered_expectation or length is None or length > _SHORT_REST_BYTES:
            response.close = True
            return
        try:
            response.close = not await request.body.discard(_SHORT_REST_BYTES)
        except BaseException:
            if isinstance(response.body, FileSlices):
                response.body.close()
            raise

    def began(self, incoming: Incoming) -> None:
        """A request's header is there."""
        self._busy += 1
        self.service.observer.started(incoming.request)

    def finished(self, incoming: Incoming, status: int, sent_bytes: int) -> None:
        """A request has come to its end."""
        self._busy -= 1
        if self._drained is not None and not self._busy and not self._drained.done():
            self._drained.set_result(None)
        seconds = time.perf_counter() - incoming.started_at
        self.service.observer.finished(incoming.request, status, sent_bytes, seconds)

    def close_idle(self) -> None:
        """Let connections end once their running request is answered; those without one end now."""
        for connection in list(self.open_connections):
            connection.end()

    async def drained(self) -> None:
        """Wait until every request that is here is answered, and every answer taken."""
        while self._busy or any(connection.unfinished for connection in self.open_connections):
            if self._busy:
                self._drained = self._loop.create_future()
                await self._drained
            else:
                # Nobody tells when a transport is empty.
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def shutdown(self, patience: float) -> None:
        """Cut what is left, after so many seconds at most."""
        await asyncio.gather(*(connection.cut(patience) for connection in list(self.open_connections)))
