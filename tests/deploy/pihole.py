"""A double of Pi-hole 6's API, as the real FTL 6.4.1 was measured to answer."""

import asyncio
import json
import threading
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

SEATS = 16


@dataclass
class PiHoleServer:
    """One Pi-hole in a thread of its own.

    Args:
        password: empty asks for none.
        refusal: what every change is answered with, as (status, key, message); None lets them pass.
    """

    password: str = "secret"
    refusal: tuple[int, str, str] | None = None
    hosts: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    restarts: int = 0
    url: str = ""
    _made: int = 0

    def start(self) -> Self:
        """Listen on a free port."""
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(20)
        return self

    async def _serve(self, ready: threading.Event) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await self._stop.wait()
        await runner.cleanup()

    def stop(self) -> None:
        """Stop listening."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    async def _answer(self, request: web.Request) -> web.Response:  # noqa: PLR0911 # one way out for each path
        path = request.raw_path
        if path == "/api/auth" and request.method == "POST":
            return self._login(await request.json())
        if self.password and request.headers.get("X-FTL-SID") not in self.sessions:
            return _error(401, "unauthorized", "Unauthorized")
        if path == "/api/auth" and request.method == "DELETE":
            self.sessions.discard(request.headers.get("X-FTL-SID", ""))
            return web.Response(status=204)
        if request.method == "GET":
            return self._read(path)
        if self.refusal is not None:
            return _error(*self.refusal)
        if path.startswith("/api/config/dns/hosts/"):
            return self._host(request.method, path.removeprefix("/api/config/dns/hosts/"))
        if path == "/api/config" and request.method == "PATCH":
            return self._patch(json.loads(await request.read()))
        return _error(404, "not_found", "Not found")

    def _login(self, body: dict[str, str]) -> web.Response:
        if not self.password:
            return web.json_response({"session": {"valid": True, "sid": None, "validity": -1}})
        if body.get("password") != self.password:
            return web.json_response({"session": {"valid": False, "sid": None}}, status=401)
        if len(self.sessions) >= SEATS:
            return _error(429, "api_seats_exceeded", "API seats exceeded")
        self._made += 1
        sid = f"sid{self._made}="
        self.sessions.add(sid)
        return web.json_response({"session": {"valid": True, "sid": sid, "validity": 1800}})

    def _read(self, path: str) -> web.Response:
        if path == "/api/config/dns/hosts":
            return web.json_response({"config": {"dns": {"hosts": self.hosts}}})
        if path == "/api/config/misc/dnsmasq_lines":
            return web.json_response({"config": {"misc": {"dnsmasq_lines": self.lines}}})
        return _error(404, "not_found", "Not found")

    def _host(self, method: str, escaped: str) -> web.Response:
        # An escaped slash does not reach a handler.
        if "/" in escaped or "%2f" in escaped.lower():
            return _error(404, "not_found", "Not found")
        line = escaped.replace("%20", " ").replace("%3A", ":")
        if method == "DELETE":
            if line not in self.hosts:
                return _error(404, "not_found", "Item not found")
            self.hosts.remove(line)
            return web.Response(status=204)
        if line in self.hosts:
            return _error(400, "bad_request", "Item already present", hint="Uniqueness of items is enforced")
        if len(line.split()) < 2:
            return _error(400, "bad_request", "Config item is invalid", hint="hosts: not `IP HOSTNAME`")
        self.hosts.append(line)
        return web.json_response({"config": {"dns": {"hosts": self.hosts}}}, status=201)

    def _patch(self, body: dict[str, dict[str, dict[str, list[str]]]]) -> web.Response:
        lines = body["config"]["misc"]["dnsmasq_lines"]
        broken = [line for line in lines if "=" not in line]
        if broken:
            return _error(400, "bad_request", "Invalid dnsmasq configuration", hint=f"bad option: {broken[0]}")
        self.lines = lines
        self.restarts += 1
        return web.json_response({"config": {"misc": {"dnsmasq_lines": lines}}})


def _error(status: int, key: str, message: str, hint: str | None = None) -> web.Response:
    return web.json_response({"error": {"key": key, "message": message, "hint": hint}}, status=status)
