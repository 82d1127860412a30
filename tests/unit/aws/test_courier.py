"""Deliveries between services: in the same transaction where possible, in order, at least once, never lost."""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from tests.aws_server import LogLines

from homeport.aws import outbox
from homeport.aws.courier import Courier
from homeport.aws.delivery import Delivery, DeliveryFailed, DeliveryRefused
from homeport.kernel.clock import FakeClock
from homeport.kernel.log import Log
from homeport.kernel.log_human import HumanLines
from homeport.kernel.storage.database import Database, Tx
from homeport.kernel.storage.errors import StorageFailed
from homeport.kernel.storage.migrations import Migration

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
TOPIC = "arn:aws:sns:us-east-1:000000000000:t"
INBOX = Migration(3, "CREATE TABLE inbox (number INTEGER PRIMARY KEY, id TEXT NOT NULL)")


class Queue:
    """A target in the same database."""

    refusing = False
    poison = ""

    def deliver(self, tx: Tx, delivery: Delivery) -> None:
        if delivery.id == self.poison:
            tx.execute("INSERT INTO inbox (id) VALUES ('half')")
            raise KeyError("unforeseen")
        if self.refusing:
            raise DeliveryRefused("QueueDoesNotExist", "gone")
        tx.execute("INSERT INTO inbox (id) VALUES (?)", (delivery.id,))


@dataclass
class Endpoint:
    """A target outside; `open` lets it answer."""

    got: list[str] = field(default_factory=list)
    failures: int = 0
    answering: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, delivery: Delivery) -> None:
        await self.answering.wait()
        if self.failures:
            self.failures -= 1
            raise DeliveryFailed("no answer")
        self.got.append(f"{delivery.id}/{delivery.attempt}")


@dataclass
class Sender:
    """A source that tries three times, a second apart."""

    given_up: list[str] = field(default_factory=list)
    arrived: list[str] = field(default_factory=list)

    def next_attempt_ms(self, delivery: Delivery, _failure: DeliveryFailed) -> int | None:
        return 1000 if delivery.attempt < 2 else None

    def delivered(self, _tx: Tx, delivery: Delivery) -> None:
        self.arrived.append(delivery.id)

    def gave_up(self, _tx: Tx, delivery: Delivery, _failure: DeliveryFailed | DeliveryRefused) -> None:
        self.given_up.append(delivery.id)


@dataclass
class Closed:
    """Services that come to the courier when they are opened."""

    opened: list[str] = field(default_factory=list)
    doors: dict[str, Callable[[], None]] = field(default_factory=dict)
    stuck: int = 0

    def can_open(self, name: str) -> bool:
        return name in self.doors and name not in self.opened

    async def open(self, name: str) -> None:
        if self.stuck:
            self.stuck -= 1
            raise StorageFailed("disk", errno.EIO)
        self.opened.append(name)
        self.doors[name]()


@dataclass
class World:
    """A courier with a queue, an endpoint and a sender."""

    path: Path
    clock: FakeClock = field(default_factory=FakeClock)
    queue: Queue = field(default_factory=Queue)
    endpoint: Endpoint = field(default_factory=Endpoint)
    sender: Sender = field(default_factory=Sender)
    closed: Closed = field(default_factory=Closed)
    log: LogLines = field(default_factory=LogLines)

    def open(self) -> None:
        self.db = Database.open(
            self.path, migrations=[*outbox.MIGRATIONS, INBOX], durability="process", clock=self.clock
        )
        log = Log(self.log, HumanLines(colour=False), self.clock)
        self.courier = Courier(self.db, self.clock, log, wake=lambda _name: None, services=self.closed)
        self.courier.add_target("sqs", self.queue)
        self.courier.add_target("http", self.endpoint)
        self.courier.add_source("sns", self.sender)

    async def close(self) -> None:
        await self.courier.close()
        await self.db.close()

    async def post(self, *deliveries: Delivery) -> None:
        def write(tx: Tx) -> None:
            for each in deliveries:
                self.courier.post(tx, each)

        await self.db.write(write)

    async def run(self) -> None:
        await self.courier.run_due(self.clock.now())
        await self.courier.settled()

    async def inbox(self) -> list[str]:
        rows = await self.db.read(lambda s: [str(i) for (i,) in s.execute("SELECT id FROM inbox ORDER BY number")])
        return list(rows)

    async def waiting(self) -> int:
        return await self.db.read(lambda s: int(str(s.value("SELECT count(*) FROM outbox_delivery"))))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path / "aws.sqlite")
    made.open()
    yield made
    await made.close()


def delivery(name: str, target: str = QUEUE) -> Delivery:
    return Delivery(name, "sns", TOPIC, target, {"n": name}, FakeClock().now())


def remote(name: str) -> Delivery:
    return delivery(name, "http://127.0.0.1:1/hook")


async def test_a_stored_target_has_it_when_the_change_is_made(world: World) -> None:
    await world.post(delivery("1"), delivery("2"))

    assert await world.inbox() == ["1", "2"]
    assert await world.waiting() == 0
    assert world.sender.arrived == ["1", "2"]


async def test_a_change_that_fails_delivers_nothing(world: World) -> None:
    def write(tx: Tx) -> None:
        world.courier.post(tx, delivery("1"))
        raise LookupError

    with pytest.raises(LookupError):
        await world.db.write(write)

    assert await world.inbox() == []


async def test_a_target_that_refuses_gives_it_back_to_the_source(world: World) -> None:
    world.queue.refusing = True

    await world.post(delivery("1"), delivery("2", "arn:aws:nothing:::x"))

    assert world.sender.given_up == ["1", "2"]
    assert await world.waiting() == 0


async def test_a_remote_target_gets_its_deliveries_in_order(world: World) -> None:
    world.endpoint.answering.set()
    await world.post(*(remote(str(n)) for n in range(5)))
    assert world.endpoint.got == []

    await world.run()

    assert world.endpoint.got == ["0/0", "1/0", "2/0", "3/0", "4/0"]
    assert await world.waiting() == 0


async def test_the_head_is_tried_again_and_those_behind_it_wait(world: World) -> None:
    world.endpoint.answering.set()
    world.endpoint.failures = 2
    await world.post(remote("1"), remote("2"))

    await world.run()
    assert (world.endpoint.got, await world.waiting()) == ([], 2)
    await world.run()
    assert world.endpoint.failures == 1, "not before its time"
    for _ in range(2):
        world.clock.advance(seconds=1)
        await world.run()

    assert world.endpoint.got == ["1/2", "2/0"]


async def test_after_its_last_attempt_the_source_is_told_and_the_next_one_goes(world: World) -> None:
    world.endpoint.answering.set()
    world.endpoint.failures = 3
    await world.post(remote("1"), remote("2"))

    for _ in range(3):
        await world.run()
        world.clock.advance(seconds=1)
    await world.run()

    assert world.sender.given_up == ["1"]
    assert world.endpoint.got == ["2/0"]


async def test_a_slow_target_keeps_nobody_else_waiting(world: World) -> None:
    await world.post(remote("slow"), delivery("fast"))

    await world.courier.run_due(world.clock.now())

    assert await world.inbox() == ["fast"]
    assert await world.waiting() == 1


async def test_many_slow_deliveries_to_one_host_keep_no_other_host_waiting(world: World) -> None:
    async def send(delivery: Delivery) -> None:
        if delivery.target.startswith("http://slow"):
            await asyncio.Event().wait()
        world.endpoint.got.append(delivery.id)

    world.endpoint.send = send  # type: ignore[method-assign] # one endpoint that stands for two hosts
    slow = [delivery(f"s{n}", f"http://slow/{n}")._replace(lane=f"own{n}") for n in range(200)]
    await world.post(*slow)
    world.clock.advance(seconds=1)
    await world.post(delivery("fast", "http://fast/hook"))

    for _ in range(20):
        await world.courier.run_due(world.clock.now())

    assert world.endpoint.got == ["fast"]
    assert await world.waiting() == 200


async def test_what_was_under_way_is_sent_after_a_restart(world: World) -> None:
    await world.post(remote("1"), remote("2"))
    await world.courier.run_due(world.clock.now())
    await world.close()

    world.endpoint.answering.set()
    world.open()
    await world.run()

    assert world.endpoint.got == ["1/0", "2/0"]


async def test_a_stored_target_keeps_its_place_behind_what_waits_in_its_lane(world: World) -> None:
    world.endpoint.answering.set()
    await world.post(remote("1")._replace(lane="lane"), delivery("2")._replace(lane="lane"))
    assert await world.inbox() == []

    await world.run()

    assert world.endpoint.got == ["1/0"]
    assert await world.inbox() == ["2"]


async def test_a_target_that_is_closed_is_opened_and_gets_its_deliveries_in_order(world: World) -> None:
    table = "arn:aws:dynamodb:::t"
    world.closed.doors["dynamodb"] = partial(world.courier.add_target, "dynamodb", world.queue)
    await world.post(delivery("1", table), delivery("2", table))
    assert (await world.inbox(), await world.waiting(), world.sender.given_up) == ([], 2, [])

    await world.run()

    assert world.closed.opened == ["dynamodb"]
    assert (await world.inbox(), await world.waiting()) == (["1", "2"], 0)
    await world.post(delivery("3", table))
    assert await world.inbox() == ["1", "2", "3"]


async def test_a_sender_that_is_closed_is_opened_before_it_is_told(world: World) -> None:
    late = Sender()
    world.closed.doors["s3"] = partial(world.courier.add_source, "s3", late)
    world.endpoint.answering.set()
    await world.post(remote("1")._replace(via="s3"))

    await world.run()

    assert late.arrived == ["1"]


async def test_in_a_lane_of_several_targets_each_is_opened_when_its_turn_comes(world: World) -> None:
    for name in ("dynamodb", "lambda"):
        world.closed.doors[name] = partial(world.courier.add_target, name, world.queue)
    targets = ("arn:aws:dynamodb:::t", "arn:aws:lambda:::f", "arn:aws:dynamodb:::t")
    await world.post(*(delivery(str(n), target)._replace(lane="one") for n, target in enumerate(targets)))

    await world.run()

    assert world.closed.opened == ["dynamodb", "lambda"]
    assert (await world.inbox(), await world.waiting()) == (["0", "1", "2"], 0)


async def test_a_target_that_cannot_be_opened_gets_its_delivery_later(world: World) -> None:
    world.closed.doors["dynamodb"] = partial(world.courier.add_target, "dynamodb", world.queue)
    world.closed.stuck = 1
    await world.post(delivery("1", "arn:aws:dynamodb:::t"))

    await world.run()
    assert await world.waiting() == 1
    world.clock.advance(seconds=5)
    await world.run()

    assert (await world.inbox(), await world.waiting()) == (["1"], 0)


LANE = "lane"


async def wait_before(world: World, *names: str) -> None:
    """Let deliveries to the queue wait behind one to the endpoint."""
    await world.post(*(each._replace(lane=LANE) for each in (remote("first"), *map(delivery, names))))


async def pass_time(world: World, *, minutes: int) -> None:
    for _ in range(minutes * 12):
        await world.run()
        world.clock.advance(seconds=5)


async def test_what_fails_unforeseen_keeps_those_before_it_and_is_tried_again_ever_later(world: World) -> None:
    world.endpoint.answering.set()
    world.queue.poison = "3"
    await wait_before(world, "1", "2", "3", "4")

    await world.run()
    assert (await world.inbox(), await world.waiting()) == (["1", "2"], 2)

    for pause in (5, 10, 20, 40):
        failed = len([line for line in world.log.lines if "delivery failed" in line])
        world.clock.advance(seconds=pause - 1)
        await world.run()
        assert len([line for line in world.log.lines if "delivery failed" in line]) == failed, "not before its time"
        world.clock.advance(seconds=1)
        await world.run()
        assert len([line for line in world.log.lines if "delivery failed" in line]) == failed + 1

    world.queue.poison = ""
    world.clock.advance(seconds=80)
    await world.run()
    assert (await world.inbox(), await world.waiting()) == (["1", "2", "3", "4"], 0)


async def test_what_fails_for_ten_minutes_is_set_aside_over_restarts_and_its_lane_goes_on(world: World) -> None:
    world.endpoint.answering.set()
    world.queue.poison = "2"
    await wait_before(world, "1", "2", "3")

    for _ in range(12):
        await pass_time(world, minutes=1)
        await world.close()
        world.open()
    await world.run()

    assert (await world.inbox(), await world.waiting()) == (["1", "3"], 0)
    assert world.courier.set_aside == 1
    (aside,) = await world.db.read(outbox.all_set_aside)
    assert (aside.lane, aside.error) == (LANE, "KeyError: 'unforeseen'")
    assert any("delivery set aside" in line for line in world.log.lines)


async def test_what_was_set_aside_can_be_tried_again_while_the_server_runs(world: World) -> None:
    world.endpoint.answering.set()
    world.queue.poison = "1"
    await wait_before(world, "1")
    await pass_time(world, minutes=12)
    world.queue.poison = ""
    (aside,) = await world.db.read(outbox.all_set_aside)

    # As the command line does: nobody tells the courier.
    await world.db.write(lambda tx: outbox.retry(tx, aside.number, world.clock.now()))
    following = await world.courier.run_due(world.clock.now())
    await world.courier.settled()

    assert following.at is None or following.at <= world.clock.now() + 30_000
    assert (await world.inbox(), await world.waiting()) == (["1"], 0)
    await world.run()
    assert world.courier.set_aside == 0


async def test_while_something_is_set_aside_the_courier_looks_whether_it_was_put_back(world: World) -> None:
    world.endpoint.answering.set()
    world.queue.poison = "1"
    await wait_before(world, "1")
    await pass_time(world, minutes=12)

    following = await world.courier.run_due(world.clock.now())

    assert following.at == world.clock.now() + 30_000


async def test_a_remote_target_that_breaks_is_set_aside_too(world: World) -> None:
    async def send(delivery: Delivery) -> None:
        if delivery.id == "1":
            raise RuntimeError("unforeseen")
        world.endpoint.got.append(delivery.id)

    world.endpoint.send = send  # type: ignore[method-assign] # one endpoint with a fault
    await world.post(remote("1"), remote("2"))

    await pass_time(world, minutes=12)

    assert world.endpoint.got == ["2"]
    assert await world.db.read(outbox.count_set_aside) == 1


async def test_a_row_that_cannot_be_read_is_set_aside_as_it_is(world: World) -> None:
    world.endpoint.answering.set()
    await wait_before(world, "1")
    await world.db.write(lambda tx: list(tx.execute("UPDATE outbox_delivery SET content = X'7B' WHERE number = 1")))

    await pass_time(world, minutes=12)

    assert await world.inbox() == ["1"]
    (aside,) = await world.db.read(outbox.all_set_aside)
    assert await world.db.read(lambda snapshot: outbox.content_set_aside(snapshot, aside.number)) == b"{"


async def test_a_service_that_cannot_be_opened_costs_no_delivery(world: World) -> None:
    world.closed.doors["dynamodb"] = partial(world.courier.add_target, "dynamodb", world.queue)
    world.closed.stuck = 200
    await world.post(delivery("1", "arn:aws:dynamodb:::t"))

    await pass_time(world, minutes=30)

    assert await world.inbox() == ["1"]
