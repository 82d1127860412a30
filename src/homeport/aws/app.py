"""The AWS half, put together: which services there are, their store, the gateway, their background work."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from homeport.aws import courier as outbox
from homeport.aws import schema
from homeport.aws.auth import keys as access_keys
from homeport.aws.auth.door import Door
from homeport.aws.auth.keys import AccessKeys
from homeport.aws.call import DEFAULT_REGION, Call
from homeport.aws.cors import CorsPolicy
from homeport.aws.courier import Courier
from homeport.aws.gateway import Doorman, Gateway
from homeport.aws.localstack.hooks import InitHooks
from homeport.aws.localstack.surface import Surface, SurfaceFacts
from homeport.aws.protocol.claims import Claims, load_index
from homeport.aws.room import Room
from homeport.aws.service import Service, ServiceContext
from homeport.kernel.clock import Clock, Millis
from homeport.kernel.config import Settings
from homeport.kernel.health import Health
from homeport.kernel.http.access_log import AccessLog
from homeport.kernel.http.message import Handler, Response
from homeport.kernel.http.service_pages import plain_error
from homeport.kernel.ids import Ids
from homeport.kernel.jobs import Job, Next
from homeport.kernel.log import Log
from homeport.kernel.metrics import Metrics
from homeport.kernel.signals import Signals
from homeport.kernel.storage.database import Database
from homeport.kernel.storage.layout import DataDirectory
from homeport.kernel.storage.migrations import Migration

SERVICES: Final[Mapping[str, str]] = {
    "s3": "homeport.aws.services.s3",
    "dynamodb": "homeport.aws.services.dynamodb",
    "dynamodbstreams": "homeport.aws.services.dynamodb.streams",
    "iam": "homeport.aws.services.iam",
    "kms": "homeport.aws.services.kms",
    "sns": "homeport.aws.services.sns",
    "sqs": "homeport.aws.services.sqs",
    "sts": "homeport.aws.services.sts",
}
"""Each service's module, whose `SERVICE` is its room; a service that is not here answers NotImplemented."""

_EXPIRED_KEYS_SECONDS: Final = 3600


@dataclass(slots=True)
class _ForgetExpiredKeys:
    """Removes session keys some time after they ran out."""

    db: Database
    keys: AccessKeys
    name: str = "aws-expired-keys"

    async def run_due(self, now: Millis) -> Next:
        """Look once an hour."""
        before = Millis(now - _EXPIRED_KEYS_SECONDS * 1000)
        await self.db.write(lambda tx: self.keys.remove_expired(tx, before))
        return Next.after(now, seconds=_EXPIRED_KEYS_SECONDS)


@dataclass(frozen=True, slots=True)
class World:
    """What the half stands on."""

    settings: Settings
    data: DataDirectory
    clock: Clock
    ids: Ids
    log: Log
    metrics: Metrics
    health: Health = field(default_factory=Health)
    signals: Signals = field(default_factory=Signals)


class AwsHalf:
    """Every AWS service; its listeners and jobs are run by whoever opened it.

    `attach` says how a job is woken, once there is a runner; until then jobs run when they are due.
    """

    def __init__(self, world: World, db: Database, courier: Courier, rooms: Mapping[str, Room]) -> None:
        self._world = world
        self.db = db
        self.courier = courier
        self.rooms = rooms
        self.keys = AccessKeys(db, world.clock)
        world.health.add("aws_database", lambda: db.checkpoint_failure)
        self.observer = AccessLog(world.log)
        self.hooks = InitHooks(world.settings.aws_init_dir, world.log)
        self._gateway = self._make_gateway()
        self._jobs: Sequence[Job] | None = None

    @classmethod
    async def open(cls, world: World, *, services: Sequence[Service[Any]] | None = None) -> Self:
        """Open the store and the services: all of them, or those that a test names.

        Raises:
            OperatorError: the store is from a later Homeport, or no store.
            StorageError: the disk failed.
        """
        services = load_services() if services is None else services
        db = Database.open(
            world.data.database("aws"),
            migrations=schema.ROOT,
            durability=world.settings.durability,
            clock=world.clock,
            backups=world.data.backups,
        )
        await schema.bring_up(
            db, world.data.database("aws"), _rooms(services), backups=world.data.backups, clock=world.clock
        )
        wake = _Wake()
        courier = Courier(db, world.clock, world.log, wake=wake)
        opening = _Opening(world, db, courier, wake)
        rooms = {name: await opening.room(name, services) for name in load_index()}
        half = cls(world, db, courier, rooms)
        opening.invoker.rooms = rooms
        half._wake = wake  # its own
        return half

    _wake: "_Wake"

    @property
    def handler(self) -> Handler:
        """What answers the listener's requests."""
        return self._gateway.handle

    def error_answers(self, status: int, reason: str) -> Response:
        """What goes wrong outside the handler, before it is known whose request it is."""
        return plain_error(status, reason)

    @property
    def jobs(self) -> Sequence[Job]:
        """All background work of the half."""
        if self._jobs is None:
            own: list[Job] = [self.courier, _ForgetExpiredKeys(self.db, self.keys)]
            self._jobs = (*own, *(job for room in self.rooms.values() for job in room.jobs()))
        return self._jobs

    def attach(self, wake: Callable[[str], None]) -> None:
        """Say how a job is woken."""
        self._wake.target = wake

    async def invoke(self, call: Call, service: str, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run an operation without bytes, for the UI and the command line; see `service.Invoke`."""
        room = self.rooms[service]
        return await room.run(replace(call, service=service, operation=operation), request) or {}

    async def close(self) -> None:
        """Close the services and the store; no request or job may be running any more."""
        await self.courier.close()
        for room in self.rooms.values():
            if room.service is not None and room.service.close is not None:
                await room.service.close(room.state)
        await self.db.close()

    async def boot(self) -> None:
        """Run the scripts that come before the server: nobody can reach it yet."""
        await self.hooks.run("BOOT")

    async def ready(self, url: str) -> None:
        """Run the scripts that come once the server listens at `url`."""
        self.hooks.environment = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": DEFAULT_REGION,
        }
        await self.hooks.run("START")
        await self.hooks.run("READY")

    async def shut_down(self) -> None:
        """Run the scripts that come before the server stops; it still answers, and what waits is answered now."""
        await self.hooks.run("SHUTDOWN")
        for room in self.rooms.values():
            if room.service is not None and room.service.drain is not None:
                room.service.drain(room.state)

    def _make_gateway(self) -> Gateway:
        world, settings = self._world, self._world.settings
        door = Door(self.keys, world.clock, settings.aws_auth)
        cors = CorsPolicy(
            settings.aws_cors_origins,
            settings.aws_cors_headers,
            settings.aws_cors_exposed,
            checks=settings.aws_cors_checks,
            answers=settings.aws_cors_answers,
        )
        facts = SurfaceFacts(
            settings=settings,
            clock=world.clock,
            ids=world.ids,
            rooms=self.rooms,
            db=self.db,
            hooks=self.hooks,
            authenticate=door.authenticate,
            foreign=cors.foreign,
            prove=settings.aws_auth == "signed",
        )
        return Gateway(
            self.rooms,
            Claims(load_index(), settings.aws_domains),
            Doorman(door.authenticate, door.open_upload, door.check_body),
            cors,
            surface=Surface(facts).answer,
            log=world.log,
            public_url=f"http://{settings.aws_host}" if settings.aws_host else "",
            marks=(("x-localstack", "true"),) if settings.aws_localstack_header else (),
        )


class _Wake:
    """Wakes a job once somebody has said how."""

    def __init__(self) -> None:
        self.target: Callable[[str], None] | None = None

    def __call__(self, name: str) -> None:
        if self.target is not None:
            self.target(name)


class _Invoker:
    """Calls between services; the rooms are there when the first call comes."""

    def __init__(self) -> None:
        self.rooms: Mapping[str, Room] = {}

    async def __call__(self, call: Call, service: str, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self.rooms[service].run(replace(call, service=service, operation=operation), request) or {}


class _Opening:
    """What services are given while they are opened."""

    def __init__(self, world: World, db: Database, courier: Courier, wake: Callable[[str], None]) -> None:
        self._world = world
        self._courier = courier
        self.invoker = _Invoker()
        self._context = ServiceContext(
            db=db,
            clock=world.clock,
            ids=world.ids,
            signals=world.signals,
            log=world.log,
            metrics=world.metrics,
            data=world.data,
            settings=world.settings,
            deliveries=courier,
            invoke=self.invoker,
            keys=AccessKeys(db, world.clock),
            wake_job=wake,
        )

    async def room(self, name: str, services: Sequence[Service[Any]]) -> Room:
        """Open one service; one without a room only says what it does not do."""
        service = next((service for service in services if service.name == name), None)
        on = not self._world.settings.aws_services or name in self._world.settings.aws_services
        if service is None or not on:
            return Room(name, None, None, on=on)
        state = await service.open(self._context)
        if service.target_of is not None:
            self._courier.add_target(name, service.target_of(state))
        if service.url_targets_of is not None:
            for scheme, target in service.url_targets_of(state).items():
                self._courier.add_target(scheme, target)
        if service.source_of is not None:
            self._courier.add_source(name, service.source_of(state))
        return Room(name, service, state)


def load_services() -> Sequence[Service[Any]]:
    """Import every service's room."""
    return [importlib.import_module(module).SERVICE for module in SERVICES.values()]


def _rooms(services: Sequence[Service[Any]]) -> Mapping[str, Sequence[Migration]]:
    own = {"keys": access_keys.MIGRATIONS, "outbox": outbox.MIGRATIONS}
    return {**own, **{service.name: service.migrations for service in services}}
