"""What every operation of SQS works with: database, time, the queues it has seen, and who waits for messages."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from homeport.aws.auth.access import Asker
from homeport.aws.call import Call
from homeport.aws.services.sqs.errors import QueueDoesNotExist
from homeport.aws.services.sqs.model.permissions import check_permitted
from homeport.aws.services.sqs.model.queue import Queue, QueueKey
from homeport.aws.services.sqs.model.urls import Strategy, parse_url, queue_url
from homeport.aws.services.sqs.store import queues
from homeport.aws.services.sqs.store.messages import ShelfGone
from homeport.kernel.clock import Clock
from homeport.kernel.ids import Ids
from homeport.kernel.signals import Signals
from homeport.kernel.storage.database import Database, Tx

T = TypeVar("T")

WAKE_JOB = "sqs-wake"
RETENTION_JOB = "sqs-retention"
MOVES_JOB = "sqs-moves"


@dataclass(slots=True)
class Sqs:
    """The open room.

    Attributes:
        strategy: the form of queue URLs.
        signed: whether callers are who they say, so that queues can be kept from them.
        purge_pause_seconds, recreate_pause_seconds: how long AWS makes clients wait between two purges, and between
            deleting a queue and making it again; 0 does not.
        parked: how many receives wait, by the queue's number.
        draining: whether the server is about to stop, so that nobody waits any more.
    """

    db: Database
    clock: Clock
    ids: Ids
    signals: Signals
    wake_job: Callable[[str], None]
    strategy: Strategy = "dynamic"
    signed: bool = False
    purge_pause_seconds: int = 0
    recreate_pause_seconds: int = 0
    parked: dict[int, int] = field(default_factory=dict)
    draining: bool = False
    _known: dict[QueueKey, Queue] = field(default_factory=dict)

    async def queue(self, call: Call, url: str) -> Queue:
        """The queue of that URL, for who calls.

        Raises:
            InvalidAddress: it is no queue's URL.
            QueueDoesNotExist: there is no such queue.
            AccessDenied: the caller may not use it so.
        """
        return await self.named(call, parse_url(url, call.region))

    async def named(self, call: Call, key: QueueKey) -> Queue:
        """The queue of that name, for who calls.

        Raises:
            QueueDoesNotExist, AccessDenied: as `queue`.
        """
        queue = await self.find(key)
        if queue is None:
            raise QueueDoesNotExist
        self.admit(call, queue)
        return queue

    def admit(self, call: Call, queue: Queue) -> None:
        """Let somebody use a queue.

        Raises:
            AccessDenied: the caller may not.
        """
        if self.signed:
            check_permitted(queue, Asker.of_call(call, self.clock.now()), call.operation)

    async def find(self, key: QueueKey) -> Queue | None:
        """The queue of that name, or None; may be a turn behind what is being written."""
        queue = self._known.get(key)
        if queue is None:
            queue = await self.db.read(lambda snapshot: queues.find(snapshot, key))
            if queue is not None:
                self._known[key] = queue
        return queue

    def known(self, tx: Tx, key: QueueKey) -> Queue | None:
        """The same inside a transaction; what that has changed is kept only if it is committed."""
        known = self._known.get(key)
        if known is None:
            found = queues.find(tx, key)
            if found is None:
                return None
            tx.after_commit(lambda: self._known.setdefault(key, found))
            return found
        return known

    def changed(self, tx: Tx, key: QueueKey) -> None:
        """Forget a queue once what this transaction does to it is committed."""
        tx.after_commit(lambda: self._known.pop(key, None))

    def drain(self) -> None:
        """Let every receive that waits be answered."""
        self.draining = True
        for queue_id in self.parked:
            self.signals.send(topic(queue_id))

    def forget(self) -> None:
        """Forget every queue."""
        self._known.clear()

    def url(self, call: Call, key: QueueKey) -> str:
        """The queue's URL as this caller can reach it."""
        return queue_url(key, self.strategy, call.endpoint_url)

    def current(self, tx: Tx, queue: Queue, use: Callable[[Queue], T]) -> T:
        """Use a queue in a transaction; if it was purged or deleted since it was read, as it is now.

        Raises:
            QueueDoesNotExist: it is gone.
        """
        try:
            return use(queue)
        except ShelfGone:
            self.changed(tx, queue.key)
            return use(queues.get(tx, queue.key))

    def arrived(self, tx: Tx, queue_id: int, count: int) -> None:
        """Once this is committed, wake as many waiting receives as there are new messages to take."""
        if count:
            tx.after_commit(lambda: self._wake(queue_id, count))

    def gone(self, tx: Tx, queue_id: int) -> None:
        """Once this is committed, let nobody wait for the queue any more."""
        tx.after_commit(lambda: self._wake(queue_id, self.parked.get(queue_id, 0)))

    def will_arrive(self, tx: Tx, queue_id: int) -> None:
        """Once this is committed, look again when the next message of the queue becomes visible."""
        tx.after_commit(lambda: self._wake_later(queue_id))

    # Whether somebody waits is asked after the commit: who began to wait before it has not seen what it brought.

    def _wake(self, queue_id: int, count: int) -> None:
        if queue_id in self.parked:
            self.signals.send(topic(queue_id), most=count)

    def _wake_later(self, queue_id: int) -> None:
        if queue_id in self.parked:
            self.wake_job(WAKE_JOB)


def topic(queue_id: int) -> str:
    """What receives that wait for a queue listen on."""
    return f"sqs:{queue_id}"
