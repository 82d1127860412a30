"""The AWS half, put together: its store, the services in it, the gateway before them, background work."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from homeport.aws import outbox, schema
from homeport.aws.auth import keys as access_keys
from homeport.aws.auth.door import Door
from homeport.aws.auth.keys import AccessKeys
from homeport.aws.call import DEFAULT_REGION, Call
from homeport.aws.cors import CorsPolicy
from homeport.aws.gateway import Doorman, Gateway
from homeport.aws.localstack.hooks import InitHooks
from homeport.aws.localstack.surface import Surface, SurfaceFacts
from homeport.aws.protocol.claims import Claims, load_index
from homeport.aws.rooms import Rooms
from homeport.aws.world import World
from homeport.kernel.clock import Millis
from homeport.kernel.http.access_log import AccessLog
from homeport.kernel.http.message import Handler, Response
from homeport.kernel.http.service_pages import plain_error
from homeport.kernel.jobs import WHEN_WOKEN, Next
from homeport.kernel.storage.database import Database

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


@dataclass(slots=True)
class _OpenWhatHoldsData:
    """Lets go on what an earlier run began: the jobs of every service that holds something."""

    rooms: Rooms
    name: str = "aws-opening"

    async def run_due(self, _now: Millis) -> Next:
        """Once; again after a pause while one of them cannot be opened."""
        await self.rooms.resume()
        return WHEN_WOKEN


class AwsHalf:
    """Every AWS service; its listeners and the runner of its jobs are whose who opened it."""

    def __init__(self, world: World, db: Database) -> None:
        self._world = world
        self.db = db
        self.rooms = Rooms(world, db)
        self.courier = self.rooms.courier
        self.keys = self.rooms.access_keys
        world.health.add("aws_database", lambda: db.checkpoint_failure)
        world.health.add_note("aws_deliveries", self._set_aside)
        world.metrics.read_gauge(
            "homeport_aws_deliveries_set_aside",
            "Events between services that failed for too long and wait for an operator.",
            lambda: self.courier.set_aside,
        )
        self.observer = AccessLog(world.log)
        self.hooks = InitHooks(world.settings.aws_init_dir, world.log)
        self._gateway = self._make_gateway()
        for job in (_OpenWhatHoldsData(self.rooms), self.courier, _ForgetExpiredKeys(db, self.keys)):
            world.runner.add(job)

    @classmethod
    async def open(cls, world: World) -> Self:
        """Open the store; services are opened once they are needed, and those with data once the runner runs.

        Raises:
            OperatorError: the store is from a later Homeport, or no store.
            StorageError: the disk failed.
        """
        path = world.data.database("aws")
        db = Database.open(
            path,
            migrations=schema.ROOT,
            durability=world.settings.durability,
            clock=world.clock,
            backups=world.data.backups,
        )
        own = {"keys": access_keys.MIGRATIONS, "outbox": outbox.MIGRATIONS}
        await schema.bring_up(db, path, own, backups=world.data.backups, clock=world.clock)
        return cls(world, db)

    def _set_aside(self) -> str | None:
        count = self.courier.set_aside
        return f"set aside after failing for too long: {count}; see `homeport deliveries list`" if count else None

    @property
    def handler(self) -> Handler:
        """What answers the listener's requests."""
        return self._gateway.handle

    def error_answers(self, status: int, reason: str) -> Response:
        """What goes wrong outside the handler, before it is known whose request it is."""
        return plain_error(status, reason)

    async def invoke(self, call: Call, service: str, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run an operation without bytes, for the UI and the command line; see `service.Invoke`."""
        return await self.rooms.invoke(call, service, operation, request)

    async def close(self) -> None:
        """Close the services and the store; no request or job may be running any more."""
        await self.rooms.close()
        await self.db.close()

    async def boot(self) -> None:
        """Run the scripts that come before the server: nobody can reach it yet."""
        await self.hooks.run("BOOT")

    async def ready(self, url: str) -> None:
        """Run the scripts that come once the server listens at `url` and goes on where it was stopped."""
        await self.rooms.resumed()
        self.hooks.endpoint = url
        self.hooks.environment = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": DEFAULT_REGION,
        }
        await self.hooks.run("START")
        await self.hooks.run("READY")

    async def shut_down(self) -> None:
        """Run the scripts that come before the server stops; it still answers, and what waits is answered now."""
        await self.hooks.run("SHUTDOWN")
        for room in self.rooms.in_use:
            if room.service is not None and room.service.drain is not None:
                room.service.drain(room.state)

    def _make_gateway(self) -> Gateway:
        world, settings = self._world, self._world.settings
        door = Door(
            self.keys,
            world.clock,
            settings.aws_auth,
            presigned_v2=settings.aws_presigned_v2 == "accept",
            domains=settings.aws_domains,
        )
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
            authenticate=door.authenticate_alone,
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
            public_host=settings.aws_host,
            http_counts=settings.aws_auth == "open",
            marks=(("x-localstack", "true"),) if settings.aws_localstack_header else (),
        )
