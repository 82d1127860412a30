"""The outbox, and who empties it: see `delivery` for what is promised."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, cast
from urllib.parse import urlsplit

import orjson

from homeport.aws.delivery import (
    Delivery,
    DeliveryFailed,
    DeliveryRefused,
    RemoteTarget,
    Source,
    StoredTarget,
    Target,
)
from homeport.kernel.clock import Clock, Millis
from homeport.kernel.jobs import AT_ONCE, WHEN_WOKEN, Next
from homeport.kernel.log import Log
from homeport.kernel.storage.database import Database, Snapshot, Tx
from homeport.kernel.storage.migrations import Migration
from homeport.kernel.storage.rows import Row, as_bytes, as_int, as_text

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        1,
        """
        CREATE TABLE outbox_lane (
            lane TEXT PRIMARY KEY,
            due_ms INTEGER NOT NULL,
            place TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX outbox_lane_by_due ON outbox_lane (due_ms, place);
        CREATE TABLE outbox_delivery (
            number INTEGER PRIMARY KEY,
            lane TEXT NOT NULL,
            content BLOB NOT NULL,
            attempt INTEGER NOT NULL
        );
        CREATE INDEX outbox_delivery_by_lane ON outbox_delivery (lane, number);
        """,
    ),
)

_LANES_AT_ONCE: Final = 64
_LANES_A_PLACE: Final = 8
"""So many lanes at once lead to one host or resource: what does not answer takes no more of the others' room."""

_DELIVERIES_A_WRITE: Final = 50


class NoSource:
    """For a sender that takes no interest: three more attempts a second apart, then nothing."""

    def next_attempt_ms(self, delivery: Delivery, _failure: DeliveryFailed) -> int | None:
        """Three of them."""
        return 1000 if delivery.attempt < 3 else None  # noqa: PLR2004 # said in the line above

    def delivered(self, _tx: Tx, _delivery: Delivery) -> None:
        """Nothing to note."""

    def gave_up(self, _tx: Tx, _delivery: Delivery, _failure: DeliveryFailed | DeliveryRefused) -> None:
        """Nothing to keep."""


_NO_SOURCE: Final = NoSource()


class Services(Protocol):
    """Those who may be a delivery's source or target, and are opened when they are needed."""

    def can_open(self, name: str) -> bool:
        """Whether there is such a service, and it is closed."""
        ...

    async def open(self, name: str) -> None:
        """Open it: it adds itself to the courier.

        Raises:
            OperatorError, StorageError: it cannot be opened now.
        """
        ...


class Courier:
    """Takes deliveries where they go; a Job, and the `Deliveries` that services post to.

    Args:
        wake: lets this job run.
        services: None where everybody is there from the start.
    """

    name: Final = "aws-courier"

    def __init__(
        self,
        db: Database,
        clock: Clock,
        log: Log,
        *,
        wake: Callable[[str], None],
        services: Services | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._log = log
        self._wake = wake
        self._services = services
        self._targets: dict[str, Target] = {}
        self._sources: dict[str, Source] = {}
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._busy: Counter[str] = Counter()

    def add_target(self, kind: str, target: Target) -> None:
        """Say who takes deliveries for ARNs of a service, or for URLs of a scheme."""
        self._targets[kind] = target

    def add_source(self, service: str, source: Source) -> None:
        """Say who decides about a service's own deliveries."""
        self._sources[service] = source

    # Posting

    def post(self, tx: Tx, delivery: Delivery) -> None:
        """Hand over a delivery, in the transaction of the change that causes it."""
        kind, lane = _kind(delivery.target), delivery.lane_key
        target = self._targets.get(kind)
        if target is None and self._is_closed(kind):
            self._enqueue(tx, delivery, lane)
        elif target is None:
            self._source(delivery).gave_up(tx, delivery, DeliveryRefused("NotFound", "nobody takes such deliveries"))
        elif _is_stored(target) and tx.value("SELECT 1 FROM outbox_lane WHERE lane = ?", (lane,)) is None:
            self._deliver(tx, cast("StoredTarget", target), delivery)
        else:
            self._enqueue(tx, delivery, lane)

    def _enqueue(self, tx: Tx, delivery: Delivery, lane: str) -> None:
        tx.execute(
            "INSERT INTO outbox_delivery (lane, content, attempt) VALUES (?, ?, ?)", (lane, _encode(delivery), 0)
        )
        tx.execute(
            "INSERT INTO outbox_lane (lane, due_ms, place) VALUES (?, ?, ?) ON CONFLICT (lane) DO NOTHING",
            (lane, self._clock.now(), _place(delivery.target)),
        )
        tx.after_commit(lambda: self._wake(self.name))

    def _deliver(self, tx: Tx, target: StoredTarget, delivery: Delivery) -> None:
        source = self._source(delivery)
        try:
            target.deliver(tx, delivery)
        except DeliveryRefused as refused:
            source.gave_up(tx, delivery, refused)
        else:
            source.delivered(tx, delivery)

    def _source(self, delivery: Delivery) -> Source:
        return self._sources.get(delivery.via, _NO_SOURCE)

    def _is_closed(self, name: str) -> bool:
        return self._services is not None and self._services.can_open(name)

    # Bringing

    async def run_due(self, now: Millis) -> Next:
        """Take the heads of the lanes that are due; remote targets are waited for in tasks of their own."""
        full = [place for place, count in self._busy.items() if count >= _LANES_A_PLACE]
        lanes = await self._db.read(lambda snapshot: _due_lanes(snapshot, now, full))
        started = False
        for lane, place in lanes:
            if lane not in self._under_way and self._has_room(place):
                self._busy[place] += 1
                self._under_way[lane] = asyncio.create_task(self._empty(lane, place), name=f"courier {lane}")
                started = True
        await asyncio.sleep(0)
        if started and len(lanes) == _LANES_AT_ONCE and len(self._under_way) < _LANES_AT_ONCE:
            return AT_ONCE
        following = await self._db.read(lambda snapshot: _next_due(snapshot, now))
        return Next(following) if following is not None else WHEN_WOKEN

    def _has_room(self, place: str) -> bool:
        return len(self._under_way) < _LANES_AT_ONCE and self._busy[place] < _LANES_A_PLACE

    async def settled(self) -> None:
        """Wait until nothing is under way: for the end of the program, and for tests."""
        while self._under_way:
            await asyncio.wait(list(self._under_way.values()))
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Leave what is under way where it is: in the outbox."""
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _empty(self, lane: str, place: str) -> None:
        try:
            while await self._step(lane):
                pass
        except Exception as error:  # noqa: BLE001 # a job's task: one lane's trouble must not end the others
            self._log.error("delivery failed", lane=lane, error=error)
            await self._db.write(lambda tx: _postpone(tx, lane, Millis(self._clock.now() + _TROUBLE_MS)))
        finally:
            del self._under_way[lane]
            self._busy[place] -= 1
            if not self._busy[place]:
                del self._busy[place]
            self._wake(self.name)

    async def _step(self, lane: str) -> bool:
        """Bring a lane's head, or as many as are stored; says whether there is more that is due now."""
        head = await self._db.read(lambda snapshot: _head(snapshot, lane))
        if head is None:
            await self._db.write(lambda tx: _drop_if_empty(tx, lane))
            return False
        number, delivery = head
        await self._open_both_ends(delivery)
        target = self._targets.get(_kind(delivery.target))
        if target is None or _is_stored(target):
            return await self._db.write(lambda tx: self._bring_stored(tx, lane))
        failure = await _send(cast("RemoteTarget", target), delivery)
        return await self._db.write(lambda tx: self._note(tx, lane, number, delivery, failure))

    async def _open_both_ends(self, delivery: Delivery) -> None:
        for name in (delivery.via, _kind(delivery.target)):
            if self._services is not None and self._services.can_open(name):
                await self._services.open(name)

    def _bring_stored(self, tx: Tx, lane: str) -> bool:
        for _ in range(_DELIVERIES_A_WRITE):
            head = _head(tx, lane)
            if head is None:
                break
            number, delivery = head
            kind = _kind(delivery.target)
            target = self._targets.get(kind)
            if target is None and self._is_closed(kind):
                break
            if target is None:
                self._source(delivery).gave_up(tx, delivery, DeliveryRefused("NotFound", "nobody takes it"))
            else:
                self._deliver(tx, cast("StoredTarget", target), delivery)
            tx.execute("DELETE FROM outbox_delivery WHERE number = ?", (number,))
        return _drop_if_empty(tx, lane)

    def _note(
        self, tx: Tx, lane: str, number: int, delivery: Delivery, failure: DeliveryFailed | DeliveryRefused | None
    ) -> bool:
        source = self._source(delivery)
        if failure is None:
            source.delivered(tx, delivery)
        else:
            pause = source.next_attempt_ms(delivery, failure) if isinstance(failure, DeliveryFailed) else None
            if pause is not None:
                tx.execute("UPDATE outbox_delivery SET attempt = attempt + 1 WHERE number = ?", (number,))
                _postpone(tx, lane, Millis(self._clock.now() + pause))
                return False
            source.gave_up(tx, delivery, failure)
        tx.execute("DELETE FROM outbox_delivery WHERE number = ?", (number,))
        return _drop_if_empty(tx, lane)


_TROUBLE_MS: Final = 5000


async def _send(target: RemoteTarget, delivery: Delivery) -> DeliveryFailed | DeliveryRefused | None:
    try:
        await target.send(delivery)
    except (DeliveryFailed, DeliveryRefused) as failure:
        return failure
    return None


def _is_stored(target: Target) -> bool:
    return hasattr(target, "deliver")


def _kind(target: str) -> str:
    """An ARN's service, or a URL's scheme."""
    if target.startswith("arn:"):
        return target.split(":", 3)[2] if target.count(":") > 2 else ""  # noqa: PLR2004 # arn:partition:service
    return urlsplit(target).scheme


def _place(target: str) -> str:
    """What answers for a target: its host, or the resource itself."""
    return target if target.startswith("arn:") else urlsplit(target).netloc


def _due_lanes(snapshot: Snapshot, now: Millis, full: Sequence[str]) -> list[tuple[str, str]]:
    """Lanes that are due with their places, except to those that can take no more now."""
    others = f" AND place NOT IN ({', '.join('?' * len(full))})" if full else ""
    rows = snapshot.execute(
        f"SELECT lane, place FROM outbox_lane WHERE due_ms <= ?{others} ORDER BY due_ms LIMIT ?",  # noqa: S608
        (now, *full, _LANES_AT_ONCE),
    )
    return [(as_text(lane), as_text(place)) for lane, place in rows]


def _next_due(snapshot: Snapshot, now: Millis) -> Millis | None:
    due = snapshot.value("SELECT min(due_ms) FROM outbox_lane WHERE due_ms > ?", (now,))
    return None if due is None else Millis(as_int(due))


def _head(snapshot: Snapshot, lane: str) -> tuple[int, Delivery] | None:
    row = snapshot.row(
        "SELECT number, content, attempt FROM outbox_delivery WHERE lane = ? ORDER BY number LIMIT 1", (lane,)
    )
    return None if row is None else _decode(row)


def _postpone(tx: Tx, lane: str, due: Millis) -> None:
    tx.execute("UPDATE outbox_lane SET due_ms = ? WHERE lane = ?", (due, lane))


def _drop_if_empty(tx: Tx, lane: str) -> bool:
    """Forget a lane that has nothing left; says whether it has."""
    if tx.value("SELECT 1 FROM outbox_delivery WHERE lane = ? LIMIT 1", (lane,)) is not None:
        return True
    tx.execute("DELETE FROM outbox_lane WHERE lane = ?", (lane,))
    return False


def _encode(delivery: Delivery) -> bytes:
    return orjson.dumps(
        {
            "id": delivery.id,
            "via": delivery.via,
            "source": delivery.source,
            "target": delivery.target,
            "payload": dict(delivery.payload),
            "created": delivery.created,
            "account": delivery.account,
            "lane": delivery.lane,
            "context": dict(delivery.context),
        }
    )


def _decode(row: Row) -> tuple[int, Delivery]:
    number, content, attempt = row
    members: Mapping[str, object] = orjson.loads(as_bytes(content))
    return as_int(number), Delivery(**members, attempt=as_int(attempt))  # type: ignore[arg-type] # as `_encode` wrote them
