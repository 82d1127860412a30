"""Endpoints that are no AWS operation: `/_localstack/*`, and the services' own under `/_aws/*` and at other hosts."""

import platform
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from homeport import VERSION
from homeport.aws.room import Room
from homeport.kernel.clock import Clock, to_datetime
from homeport.kernel.config import Settings
from homeport.kernel.health import Health
from homeport.kernel.http.message import Request, Response
from homeport.kernel.ids import Ids
from homeport.kernel.storage.database import Database
from homeport.kernel.storage.layout import DataDirectory

LOCALSTACK_VERSION: Final = "4.14.0"
"""The version of LocalStack whose surface this is; tools compare it."""


@dataclass(frozen=True, slots=True)
class SurfaceFacts:
    """What the endpoints tell about."""

    settings: Settings
    clock: Clock
    ids: Ids
    data: DataDirectory
    rooms: Mapping[str, Room]
    db: Database
    health: Health
    started_monotonic: float


Page = Callable[[Request], Awaitable[Response]]


class Surface:
    """Answers the endpoints."""

    def __init__(self, facts: SurfaceFacts) -> None:
        self._facts = facts
        self._features: dict[str, Any] = {}
        self._session = facts.ids.uuid()
        self._pages: Mapping[str, Page] = {
            "/_localstack/health": self._health,
            "/_localstack/info": self._info,
        }

    async def answer(self, request: Request) -> Response | None:
        """An endpoint's answer; None for a request that is some service's."""
        page = self._pages.get(request.raw_path)
        return None if page is None else await page(request)

    async def _health(self, _request: Request) -> Response:
        services = {
            name: "running" if room.service is not None else "disabled" for name, room in self._facts.rooms.items()
        }
        return as_json(
            {
                "services": services,
                "edition": "community",
                "version": LOCALSTACK_VERSION,
                "features": self._features,
                "homeport": {"version": VERSION, "auth": self._facts.settings.aws_auth},
            }
        )

    async def _info(self, _request: Request) -> Response:
        facts = self._facts
        return as_json(
            {
                "version": f"{LOCALSTACK_VERSION}:homeport-{VERSION}",
                "edition": "community",
                "is_license_activated": False,
                "session_id": self._session,
                "machine_id": "homeport",
                "system": platform.system().lower(),
                "is_docker": False,
                "server_time_utc": to_datetime(facts.clock.now()).strftime("%Y-%m-%dT%H:%M:%S"),
                "uptime": int(time.monotonic() - facts.started_monotonic),
            }
        )


def as_json(value: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(status, [("Content-Type", "application/json")], orjson.dumps(value))
