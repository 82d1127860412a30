"""The outbox, and who empties it: see `delivery` for what is promised."""

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol, cast
from urllib.parse import urlsplit

from homeport.aws import outbox
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
from homeport.kernel.errors import OperatorError
from homeport.kernel.jobs import AT_ONCE, WHEN_WOKEN, Next
from homeport.kernel.log import Log
from homeport.kernel.storage.database import Database, Tx
from homeport.kernel.storage.errors import StorageError

_LANES_AT_ONCE: Final = 64
_LANES_A_PLACE: Final = 8
"""So many lanes at once lead to one host or resource: what does not answer takes no more of the others' room."""

_DELIVERIES_A_WRITE: Final = 50
_TROUBLE_MS: Final = 5000
_LOOK_MS: Final = 30_000


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

    Attributes:
        set_aside: how many deliveries an operator has to look at.
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
        self.set_aside = 0
        self._may_wait = True
        """Whether the outbox may hold deliveries, those of transactions included that are not committed yet."""
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
        kind, lane = _kind(delivery.target), delivery.lane or delivery.lane_key
        target = self._targets.get(kind)
        if target is None and self._is_closed(kind):
            self._enqueue(tx, delivery, lane)
        elif target is None:
            self._source(delivery).gave_up(tx, delivery, DeliveryRefused("NotFound", "nobody takes such deliveries"))
        elif _is_stored(target) and not (self._may_wait and outbox.is_waiting(tx, lane)):
            self._deliver(tx, cast("StoredTarget", target), delivery)
        else:
            self._enqueue(tx, delivery, lane)

    def _enqueue(self, tx: Tx, delivery: Delivery, lane: str) -> None:
        self._may_wait = True
        outbox.add(tx, delivery, lane, _place(delivery.target), self._clock.now())
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
        lanes = await self._db.read(lambda snapshot: outbox.due_lanes(snapshot, now, full, _LANES_AT_ONCE))
        started = False
        for lane, place in lanes:
            if lane not in self._under_way and self._has_room(place):
                self._busy[place] += 1
                self._under_way[lane] = asyncio.create_task(self._empty(lane, place), name=f"courier {lane}")
                started = True
        await asyncio.sleep(0)
        if started and len(lanes) == _LANES_AT_ONCE and len(self._under_way) < _LANES_AT_ONCE:
            return AT_ONCE
        following, self.set_aside = await self._db.read(
            lambda snapshot: (outbox.next_due(snapshot, now), outbox.count_set_aside(snapshot))
        )
        if self.set_aside:
            # The command line puts them back without telling us.
            look = Millis(now + _LOOK_MS)
            following = look if following is None else min(following, look)
        elif following is None and self._may_wait:
            await self._db.write(self._note_emptiness)
        return Next(following) if following is not None else WHEN_WOKEN

    def _note_emptiness(self, tx: Tx) -> None:
        # In a transaction, which sees what others of its batch have put there.
        self._may_wait = not outbox.is_empty(tx)

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
            await self._note_trouble(lane, error)
        finally:
            del self._under_way[lane]
            self._busy[place] -= 1
            if not self._busy[place]:
                del self._busy[place]
            self._wake(self.name)

    async def _note_trouble(self, lane: str, error: Exception) -> None:
        """Try again later: for ever what is the server's own trouble, some times what may be the delivery's."""
        text, own = f"{type(error).__name__}: {error}", isinstance(error, OperatorError | StorageError)

        def write(tx: Tx) -> int | None:
            now = self._clock.now()
            if not own:
                return outbox.note_trouble(tx, lane, text, now)
            outbox.postpone(tx, lane, Millis(now + _TROUBLE_MS))
            return _TROUBLE_MS

        try:
            pause = await self._db.write(write)
        except StorageError as failure:
            self._log.error("delivery failed", lane=lane, error=error, unwritten=failure)
            await asyncio.sleep(_TROUBLE_MS / 1000)  # else it would be due again at once
            return
        if pause is None:
            self._log.error("delivery set aside: see `homeport deliveries`", lane=lane, error=error)
        else:
            self._log.error("delivery failed", lane=lane, error=error, again_in_seconds=pause / 1000)

    async def _step(self, lane: str) -> bool:
        """Bring a lane's head, or as many as are stored; says whether there is more that is due now."""
        head = await self._db.read(lambda snapshot: outbox.head(snapshot, lane))
        if head is None:
            return await self._db.write(lambda tx: outbox.drop_if_empty(tx, lane))
        number, delivery = head
        await self._open_both_ends(delivery)
        target = self._targets.get(_kind(delivery.target))
        if target is None or _is_stored(target):
            return await self._bring_many(lane)
        failure = await _send(cast("RemoteTarget", target), delivery)
        return await self._db.write(lambda tx: self._note(tx, lane, number, delivery, failure))

    async def _open_both_ends(self, delivery: Delivery) -> None:
        for name in (delivery.via, _kind(delivery.target)):
            if self._services is not None and self._services.can_open(name):
                await self._services.open(name)

    async def _bring_many(self, lane: str) -> bool:
        try:
            return await self._db.write(lambda tx: self._bring_stored(tx, lane, _DELIVERIES_A_WRITE))
        except StorageError:
            raise
        except Exception:  # noqa: BLE001 # whatever one of them did, those before it go: the head has its own failure
            return await self._db.write(lambda tx: self._bring_stored(tx, lane, 1))

    def _bring_stored(self, tx: Tx, lane: str, most: int) -> bool:
        for _ in range(most):
            head = outbox.head(tx, lane)
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
            outbox.remove(tx, number)
        return outbox.drop_if_empty(tx, lane)

    def _note(
        self, tx: Tx, lane: str, number: int, delivery: Delivery, failure: DeliveryFailed | DeliveryRefused | None
    ) -> bool:
        source = self._source(delivery)
        if failure is None:
            source.delivered(tx, delivery)
        else:
            pause = source.next_attempt_ms(delivery, failure) if isinstance(failure, DeliveryFailed) else None
            if pause is not None:
                outbox.count_attempt(tx, number)
                outbox.postpone(tx, lane, Millis(self._clock.now() + pause))
                return False
            source.gave_up(tx, delivery, failure)
        outbox.remove(tx, number)
        return outbox.drop_if_empty(tx, lane)


async def _send(target: RemoteTarget, delivery: Delivery) -> DeliveryFailed | DeliveryRefused | None:
    try:
        await target.send(delivery)
    except (DeliveryFailed, DeliveryRefused) as failure:
        return failure
    return None


def _is_stored(target: Target) -> bool:
    return hasattr(target, "deliver")


@lru_cache(maxsize=4096)
def _kind(target: str) -> str:
    """An ARN's service, or a URL's scheme."""
    if target.startswith("arn:"):
        return target.split(":", 3)[2] if target.count(":") > 2 else ""  # noqa: PLR2004 # arn:partition:service
    return urlsplit(target).scheme


def _place(target: str) -> str:
    """What answers for a target: its host, or the resource itself."""
    return target if target.startswith("arn:") else urlsplit(target).netloc
