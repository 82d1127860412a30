"""Endpoints that are no AWS operation: `/_localstack/*`, and the services' own under `/_aws/*` or at other hosts."""

import itertools
import os
import platform
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from homeport import VERSION
from homeport.aws.auth.authenticate import Identity
from homeport.aws.auth.credentials import Credentials, read_credentials
from homeport.aws.call import Call
from homeport.aws.errors import AwsError, ErrorOfCode
from homeport.aws.localstack import state
from homeport.aws.localstack.hooks import STAGES, InitHooks
from homeport.aws.protocol.hosts import read_host, strip_port
from homeport.aws.room import Room
from homeport.aws.rooms import SERVICES, Rooms
from homeport.aws.service import Route
from homeport.kernel.clock import Clock, to_datetime
from homeport.kernel.config import SETTINGS, Settings
from homeport.kernel.http.message import Request, Response
from homeport.kernel.ids import Ids
from homeport.kernel.storage.database import Database

LOCALSTACK_VERSION: Final = "4.14.0"
"""The version of LocalStack whose surface this is; tools compare it."""

_ROOT: Final = "/_localstack/"
_SERVICES_ROOT: Final = "/_aws/"
_OPEN_PAGES: Final = frozenset({"health", "info", "init", "plugins"})
_BODY_LIMIT_BYTES: Final = 1024 * 1024

Authenticate = Callable[[Request, Credentials | None, str], Awaitable[Identity]]


@dataclass(frozen=True, slots=True)
class SurfaceFacts:
    """What the endpoints tell about, and whom they ask.

    Attributes:
        foreign: whether a request comes from a web page that is not the operator's own.
        prove: whether the endpoints that change or show data need a signature.
    """

    settings: Settings
    clock: Clock
    ids: Ids
    rooms: Rooms
    db: Database
    hooks: InitHooks
    authenticate: Authenticate
    foreign: Callable[[Request], bool]
    prove: bool


class Surface:
    """Answers the endpoints."""

    def __init__(self, facts: SurfaceFacts) -> None:
        self._facts = facts
        self._features: dict[str, Any] = {}
        self._session = facts.ids.uuid()
        self._started = time.monotonic()

    async def answer(self, request: Request) -> Response | None:
        """An endpoint's answer; None for a request that is some service's.

        Raises:
            AwsError: a foreign page asks, or nobody knows who.
        """
        path, rooms = request.raw_path, self._facts.rooms
        if path.startswith(_ROOT):
            return await self._localstack(request, path.removeprefix(_ROOT))
        if not rooms.has_resumed:
            await rooms.resumed()
        routes: Iterable[tuple[Room, Route[Any]]] = rooms.routes_by_host
        if path.startswith(_SERVICES_ROOT):
            routes = itertools.chain(await self._routes_by_path(path), routes)
        for room, route in routes:
            if _fits(route, request):
                return await self._route(request, room, route)
        return None

    # The services' own endpoints

    async def _routes_by_path(self, path: str) -> Sequence[tuple[Room, Route[Any]]]:
        """The endpoints of the service that the path names."""
        room = self._facts.rooms.get(path.removeprefix(_SERVICES_ROOT).partition("/")[0])
        if room is None:
            return ()
        await room.open()
        return [(room, route) for route in room.service.routes if route.host is None] if room.service else ()

    async def _route(self, request: Request, room: Room, route: Route[Any]) -> Response:
        if not route.public:
            self._refuse_foreign(request)
        call = await self._call(request, room.name, public=route.public)
        request.route = f"{room.name} {route.path.pattern}"
        return await route.handle(room.state, call, request)

    async def _admit_operator(self, request: Request) -> None:
        """What concerns every account is for those whom the operator gave a key: `homeport key create`.

        Raises:
            AwsError: somebody else asks, in mode `signed`.
        """
        identity = await self._identify(request)
        if self._facts.prove and not identity.root:
            raise ErrorOfCode(
                "AccessDenied",
                "This endpoint concerns every account; it needs the key of an account's root, as `homeport key create` "
                "makes it, not a user's or a session's.",
                status=403,
            )

    async def _identify(self, request: Request) -> Identity:
        """Who asks for what is not everybody's.

        Raises:
            AwsError: that cannot be told, in mode `signed`.
        """
        credentials = read_credentials(request.headers, request.raw_query)
        identity = await self._facts.authenticate(
            request, credentials, read_host(request.headers.get("Host", "")).region
        )
        if self._facts.prove and identity.anonymous:
            raise ErrorOfCode("AccessDenied", "This endpoint needs a signed request.", status=403)
        return identity

    async def _call(self, request: Request, service: str, *, public: bool) -> Call:
        identity = Identity("", "", "", "")
        if not public:
            identity = await self._identify(request)
        elif (credentials := read_credentials(request.headers, request.raw_query)) is not None:
            region = read_host(request.headers.get("Host", "")).region
            identity = await self._facts.authenticate(request, credentials, region)
        origin = request.origin
        return Call(
            account=identity.account or "000000000000",
            region=identity.region or "us-east-1",
            service=service,
            operation="",
            request_id=request.id,
            access_key_id=identity.key_id,
            principal_arn=identity.principal_arn,
            endpoint_url=f"{origin.scheme}://{origin.host or 'localhost'}",
            source_ip=origin.client,
            user_agent=request.headers.get("User-Agent", ""),
            anonymous=identity.anonymous,
            secure=not self._facts.prove or origin.scheme == "https",
        )

    def _refuse_foreign(self, request: Request) -> None:
        if self._facts.foreign(request):
            raise ErrorOfCode(
                "AccessDenied", "This request comes from a web page that Homeport does not know.", status=403
            )

    # LocalStack's

    async def _localstack(self, request: Request, name: str) -> Response:
        request.route = f"localstack {name.partition('/')[0]}"
        self._refuse_foreign(request)
        page, _, rest = name.partition("/")
        if page not in _OPEN_PAGES:
            await self._admit_operator(request)
        pages: Mapping[str, Callable[[Request, str], Awaitable[Response]]] = {
            "health": self._health,
            "info": self._info,
            "init": self._init,
            "plugins": self._plugins,
            "diagnose": self._diagnose,
            "usage": self._diagnose,
            "config": self._config,
            "state": self._state,
        }
        answer = pages.get(page)
        return await answer(request, rest) if answer is not None else _text("not found\n", 404)

    async def _health(self, request: Request, _rest: str) -> Response:
        match request.method:
            case "GET" | "HEAD":
                return as_json(self._health_facts())
            case "PUT":
                await self._admit_operator(request)
                given = await _json_body(request)
                features = self._features
                for name, value in given.items():
                    features[name.removeprefix("features:")] = value
                return as_json({"status": "OK"})
            case "POST":
                return await self._health_action(request)
        return _text("method not allowed\n", 405)

    def _health_facts(self) -> dict[str, Any]:
        services = {name: _status(room) for name, room in self._facts.rooms.items()}
        own = {"version": VERSION, "auth": self._facts.settings.aws_auth}
        facts: dict[str, Any] = {"services": services, "edition": "community", "version": LOCALSTACK_VERSION}
        if self._features:
            facts["features"] = self._features
        return {**facts, "homeport": own}

    async def _health_action(self, request: Request) -> Response:
        await self._admit_operator(request)
        given = await _json_body(request)
        if given.get("action") != "kill":
            return _text("only the action kill is known; a restart is the business of whoever started Homeport\n", 400)
        # The server's own way of stopping: it lets running requests end, this one too.
        os.kill(os.getpid(), signal.SIGTERM)
        return _text("ok", 200)

    async def _info(self, _request: Request, _rest: str) -> Response:
        return as_json(self._info_facts())

    def _info_facts(self) -> dict[str, Any]:
        now = to_datetime(self._facts.clock.now())
        return {
            "version": f"{LOCALSTACK_VERSION}:homeport-{VERSION}",
            "edition": "community",
            "is_license_activated": False,
            "session_id": self._session,
            "machine_id": "homeport",
            "system": platform.system().lower(),
            "is_docker": Path("/.dockerenv").exists(),
            "server_time_utc": f"{now:%Y-%m-%dT%H:%M:%S}",
            "uptime": int(time.monotonic() - self._started),
        }

    async def _plugins(self, _request: Request, _rest: str) -> Response:
        return as_json({"localstack.aws.provider": [_plugin(room) for room in self._facts.rooms.values()]})

    async def _init(self, _request: Request, stage_name: str) -> Response:
        if not stage_name:
            return as_json(self._facts.hooks.told())
        stage = next((stage for stage in STAGES if stage.lower() == stage_name.lower()), None)
        if stage is None:
            return _text(f"no such stage {stage_name[:50]}\n", 404)
        return as_json(self._facts.hooks.told(stage))

    async def _diagnose(self, _request: Request, _rest: str) -> Response:
        return as_json(
            {
                "version": {"localstack-version": LOCALSTACK_VERSION, "homeport": VERSION, "host": platform.platform()},
                "info": self._info_facts(),
                "services": {name: _status(room) for name, room in self._facts.rooms.items()},
                "config": self._shown_settings(),
                "init": self._facts.hooks.told(),
            }
        )

    async def _config(self, request: Request, _rest: str) -> Response:
        if request.method == "GET":
            return as_json(self._shown_settings())
        return _text("settings are read at the start; change them there\n", 405)

    def _shown_settings(self) -> dict[str, Any]:
        return {row.key: row.kind.show(getattr(self._facts.settings, row.attribute)) for row in SETTINGS}

    async def _state(self, request: Request, rest: str) -> Response:
        """`reset`, `save`, `load`, of all services or of one; a line of JSON for each."""
        rooms = self._facts.rooms
        first, _, second = rest.partition("/")
        action, chosen = (second, [first]) if second else (first, list(rooms))
        if request.method != "POST":
            return _text("method not allowed\n", 405)
        if action not in {"reset", "save", "load"} or any(name not in rooms for name in chosen):
            return _text("not found\n", 404)
        message = "everything is on disk already"
        if action == "reset":
            message = "empty"
            await self._reset(chosen, alone=bool(second))
        lines = [orjson.dumps({"service": name, "status": "ok", "message": message}) for name in chosen]
        return Response(200, [("Content-Type", "application/x-ndjson")], b"\n".join(lines) + b"\n")

    async def _reset(self, names: Sequence[str], *, alone: bool) -> None:
        """Empty services; one that is closed holds nothing, but what it shares with others is its own business."""
        rooms, db = self._facts.rooms, self._facts.db
        await rooms.resumed()
        if not alone:
            await state.reset_shared(db, rooms.access_keys)
        for name in names:
            if alone:
                await rooms[name].open()
            if rooms[name].service is not None:
                await state.reset(db, rooms[name], SERVICES[name].tables)


def _fits(route: Route[Any], request: Request) -> bool:
    if route.host is not None and route.host.fullmatch(strip_port(request.headers.get("Host", ""))) is None:
        return False
    if route.methods and request.method not in route.methods:
        return False
    return route.path.fullmatch(request.raw_path) is not None


def _status(room: Room) -> str:
    """In LocalStack's words: what nobody has asked for yet is available."""
    if room.service is not None:
        return "running"
    return "available" if room.available else "disabled"


def _plugin(room: Room) -> dict[str, object]:
    is_open = room.service is not None
    return {"name": f"{room.name}:default", "is_initialized": is_open, "is_loaded": is_open}


async def _json_body(request: Request) -> dict[str, Any]:
    try:
        given = orjson.loads(await request.body.read(_BODY_LIMIT_BYTES))
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise _NotAnObject
    return given


class _NotAnObject(AwsError):
    code = "InvalidRequest"

    def __init__(self) -> None:
        super().__init__("The body has to be a JSON object.")


def as_json(value: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(status, [("Content-Type", "application/json")], orjson.dumps(value))


def _text(text: str, status: int) -> Response:
    return Response(status, [("Content-Type", "text/plain; charset=utf-8")], text.encode())
