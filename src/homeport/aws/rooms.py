"""Which services there are, and how each is opened: when something first comes for it, or at the start if it has data.

Importing and opening every service takes more time and memory than all the rest of the server, and most people use a
few. A service that holds nothing has nothing to do in the background, so it stays closed until a request, a delivery
or another service asks for it. One that holds something is opened soon after the start, for its jobs to go on.
"""

import asyncio
import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from homeport.aws import schema
from homeport.aws.auth.keys import AccessKeys
from homeport.aws.call import Call
from homeport.aws.courier import Courier
from homeport.aws.protocol.claims import load_index
from homeport.aws.room import Room
from homeport.aws.service import Route, Service, ServiceContext
from homeport.aws.world import World
from homeport.kernel.errors import OperatorError
from homeport.kernel.storage.database import Database
from homeport.kernel.storage.errors import StorageError


@dataclass(frozen=True, slots=True)
class Listed:
    """What is known of a service without importing it.

    Attributes:
        module: its `SERVICE` is the room.
        tables: what its tables' names begin with.
        beside: the service whose tables it works on, if they are not its own.
    """

    module: str
    tables: str
    beside: str = ""

    def load(self) -> Service[Any]:
        """Import it; some take a tenth of a second."""
        service: Service[Any] = importlib.import_module(self.module).SERVICE
        return service


SERVICES: Final[Mapping[str, Listed]] = {
    "s3": Listed("homeport.aws.services.s3", "s3_"),
    "dynamodb": Listed("homeport.aws.services.dynamodb", "ddb_"),
    "dynamodbstreams": Listed("homeport.aws.services.dynamodb.streams", "dynamodbstreams_", beside="dynamodb"),
    "iam": Listed("homeport.aws.services.iam", "iam_"),
    "kms": Listed("homeport.aws.services.kms", "kms_"),
    "sns": Listed("homeport.aws.services.sns", "sns_"),
    "sqs": Listed("homeport.aws.services.sqs", "sqs_"),
    "sts": Listed("homeport.aws.services.sts", "sts_"),
}
"""Every service that is written; another one answers NotImplemented."""


class Rooms(Mapping[str, Room]):
    """Every service that has a wire model, open or not.

    `resume` has to be called once; until it has ended, whoever needs a service that is closed waits.
    """

    def __init__(self, world: World, db: Database) -> None:
        self._world = world
        self._db = db
        self.access_keys = AccessKeys(db, world.clock)
        self.courier = Courier(db, world.clock, world.log, wake=world.runner.wake, services=self)
        self.routes_by_host: list[tuple[Room, Route[Any]]] = []
        """Of the open services; one that holds nothing has given no host to anybody."""
        on = world.settings.aws_services
        _tell_missing(world, on)
        self._rooms = {
            name: Room(name, self.open if name in SERVICES else None, on=not on or name in on) for name in load_index()
        }
        self._opening = asyncio.Lock()
        self._resumed = asyncio.Event()
        self.has_resumed = False
        """Whether `resumed` would return at once."""
        self._failures: dict[str, str] = {}
        world.health.add("aws_services", self._failing)
        self._context = ServiceContext(
            db=db,
            clock=world.clock,
            ids=world.ids,
            signals=world.signals,
            log=world.log,
            metrics=world.metrics,
            data=world.data,
            settings=world.settings,
            deliveries=self.courier,
            invoke=self.invoke,
            keys=self.access_keys,
            wake_job=world.runner.wake,
        )

    def __getitem__(self, name: str) -> Room:
        return self._rooms[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rooms)

    def __len__(self) -> int:
        return len(self._rooms)

    @property
    def in_use(self) -> Sequence[Room]:
        """Those that are open."""
        return [room for room in self._rooms.values() if room.service is not None]

    async def invoke(self, call: Call, service: str, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run an operation without bytes; see `service.Invoke`."""
        return await self._rooms[service].run(call._replace(service=service, operation=operation), request) or {}

    async def close(self) -> None:
        """Close what is open; no request or job may be running any more."""
        await self.courier.close()
        for room in self.in_use:
            if room.service is not None and room.service.close is not None:
                await room.service.close(room.state)

    # Opening

    def can_open(self, name: str) -> bool:
        """Whether there is such a service that could be used but is closed."""
        room = self._rooms.get(name)
        return room is not None and room.available and room.service is None

    async def open(self, name: str) -> None:
        """Open a service, unless that has been done; it is tried again at each call that fails.

        Raises:
            OperatorError: its tables are from a later Homeport.
            StorageError: the disk failed.
        """
        await self._resumed.wait()
        async with self._opening:
            await self._open(name)

    async def resumed(self) -> None:
        """Wait until the services that hold data are open."""
        await self._resumed.wait()

    async def resume(self) -> None:
        """Open the services that hold what earlier runs were told.

        Raises:
            OperatorError, StorageError: one of them cannot be opened; the others are.
        """
        failures: list[OperatorError | StorageError] = []
        try:
            async with self._opening:
                names = await self._with_data()
                # All at once, so that an older file is copied once; whose failure it is shows below.
                with suppress(OperatorError, StorageError):
                    await self._bring_up(*names)
                for name in names:
                    try:
                        await self._open(name)
                    except (OperatorError, StorageError) as failure:
                        failures.append(failure)
        finally:
            self.has_resumed = True
            self._resumed.set()
        if failures:
            raise failures[0]

    async def _with_data(self) -> Sequence[str]:
        prefixes = {name: listed.tables for name, listed in SERVICES.items() if self.can_open(name)}
        return await self._db.read(lambda snapshot: schema.with_rows(snapshot, prefixes))

    async def _open(self, name: str) -> None:
        room = self._rooms[name]
        if room.service is not None:
            return
        try:
            await self._bring_up(name)
            service = SERVICES[name].load()
            state = await service.open(self._context)
        except (OperatorError, StorageError) as failure:
            self._failures[name] = f"{name} cannot be opened: {failure}"
            raise
        self._failures.pop(name, None)
        self._let_in(room, service, state)

    async def _bring_up(self, *names: str) -> None:
        """Import services, in a thread, and bring their tables up to date."""
        wanted = [*names, *(SERVICES[name].beside for name in names if SERVICES[name].beside)]
        loaded = {name: await asyncio.to_thread(SERVICES[name].load) for name in wanted}
        await schema.bring_up(
            self._db,
            self._world.data.database("aws"),
            {name: service.migrations for name, service in loaded.items()},
            backups=self._world.data.backups,
            clock=self._world.clock,
        )

    def _let_in(self, room: Room, service: Service[Any], state: object) -> None:
        if service.target_of is not None:
            self.courier.add_target(room.name, service.target_of(state))
        if service.url_targets_of is not None:
            for scheme, target in service.url_targets_of(state).items():
                self.courier.add_target(scheme, target)
        if service.source_of is not None:
            self.courier.add_source(room.name, service.source_of(state))
        self.routes_by_host += [(room, route) for route in service.routes if route.host is not None]
        room.let_in(service, state)
        for job in service.jobs(state):
            self._world.runner.add(job)

    def _failing(self) -> str | None:
        return "; ".join(self._failures.values()) or None


def _tell_missing(world: World, on: Sequence[str]) -> None:
    """Say which of the services that somebody switched on are not there: a word misspelt, or one not written yet."""
    missing = [name for name in on if name not in SERVICES]
    if missing:
        world.log.warning("services that are not there", services=", ".join(missing), there_are=", ".join(SERVICES))
