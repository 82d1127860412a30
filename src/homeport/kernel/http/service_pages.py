"""Pages that every listener has: health, and on the debug listener metrics and what distribution has there."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import orjson

from homeport.kernel.health import Health
from homeport.kernel.http.message import Handler, Request, Response
from homeport.kernel.metrics import CONTENT_TYPE, Metrics

HEALTH_PATH = "/_homeport/health"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_JSON = ("Content-Type", "application/json")
_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_NOT_FOUND = b"404 page not found\n"
_NOT_FOR_PAGES = b"a page in a browser may not do this\n"


def with_health(handler: Handler, health: Health) -> Handler:
    """Answer the health page of every listener, and hand on everything else."""

    async def handle(request: Request) -> Response:
        if request.raw_path == HEALTH_PATH:
            return _health_response(health.problems(), health.notes())
        return await handler(request)

    return handle


def without_browsers(handler: Handler) -> Handler:
    """Refuse what a page in a browser has sent and that changes something; reading is left to the browser's rules.

    A listener without passwords is kept by its address alone, and the operator's own browser can reach that for any
    page in the world. With what it sends to another site a browser always names the page's own.
    """

    async def handle(request: Request) -> Response:
        if request.method not in _SAFE and "Origin" in request.headers:
            return Response(403, [_TEXT], _NOT_FOR_PAGES)
        return await handler(request)

    return handle


def debug_handler(metrics: Metrics, health: Health, *, metrics_path: str = "/metrics") -> Handler:
    """The debug listener: `/metrics`, `/healthz`, `/readyz`, and distribution's `/debug/health`, `/up` and `/down`."""

    async def scrape(_request: Request) -> Response:
        return Response(200, [("Content-Type", CONTENT_TYPE)], metrics.render().encode())

    async def healthz(_request: Request) -> Response:
        # Alive is who answers: a full disk is no reason to be killed.
        return Response(200, [_TEXT], b"ok\n")

    async def readyz(_request: Request) -> Response:
        return _health_response(health.not_ready())

    async def show(_request: Request) -> Response:
        return _health_response(health.problems())

    async def show_all(_request: Request) -> Response:
        return _health_response(health.problems(), health.notes())

    async def switch(request: Request) -> Response:
        if request.method != "POST":
            return Response(404, [_TEXT], _NOT_FOUND)
        health.down_by_hand = request.raw_path.endswith("/down")
        return Response(200)

    pages: Mapping[str, Callable[[Request], Awaitable[Response]]] = {
        metrics_path: scrape,
        "/healthz": healthz,
        "/readyz": readyz,
        HEALTH_PATH: show_all,
        "/debug/health": show,
        "/debug/health/up": switch,
        "/debug/health/down": switch,
    }

    async def handle(request: Request) -> Response:
        page = pages.get(request.raw_path)
        return Response(404, [_TEXT], _NOT_FOUND) if page is None else await page(request)

    return handle


def _health_response(problems: Mapping[str, str], notes: Mapping[str, str] = {}) -> Response:
    return Response(503 if problems else 200, [_JSON], orjson.dumps({**notes, **problems}))


def plain_error(status: int, reason: str) -> Response:
    """What goes wrong on a listener whose protocol is for people."""
    return Response(status, [_TEXT], f"{reason}\n".encode())
