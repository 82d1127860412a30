"""What queues do by themselves: wake who waits, let messages expire, move them between queues."""

from dataclasses import dataclass

from homeport.aws.arn import Arn
from homeport.aws.services.sqs.model.queue import Queue, QueueKey
from homeport.aws.services.sqs.model.tasks import due_count
from homeport.aws.services.sqs.room import MOVES_JOB, RETENTION_JOB, WAKE_JOB, Sqs, topic
from homeport.aws.services.sqs.store import clearing, deduplication, looking, move_tasks, queues, receiving, transfer
from homeport.aws.services.sqs.store.messages import ShelfGone
from homeport.aws.services.sqs.store.move_tasks import COMPLETED, FAILED, RUNNING, MoveTask
from homeport.kernel.clock import MILLIS_PER_SECOND, Millis
from homeport.kernel.jobs import AT_ONCE, WHEN_WOKEN, Next
from homeport.kernel.storage.database import Snapshot, Tx

_PIECE = 500
_NO_SUCH_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"
_NO_SOURCE = "CouldNotDetermineMessageSource"


@dataclass(frozen=True, slots=True)
class WakeWaiting:
    """Lets receives that wait look again when a delay or a visibility timeout runs out."""

    sqs: Sqs
    name: str = WAKE_JOB

    async def run_due(self, now: Millis) -> Next:
        """Wake as many as there are messages, for each queue that somebody waits for."""
        upcoming: list[Millis] = []
        for queue_id, waiting in list(self.sqs.parked.items()):
            due, following = await self._look(queue_id, waiting, now)
            if due:
                self.sqs.signals.send(topic(queue_id), most=due)
            if following is not None:
                upcoming.append(following)
        return Next(min(upcoming)) if upcoming else WHEN_WOKEN

    async def _look(self, queue_id: int, waiting: int, now: Millis) -> tuple[int, Millis | None]:
        def read(snapshot: Snapshot) -> tuple[int, Millis | None]:
            queue = queues.by_id(snapshot, queue_id)
            if queue is None:
                return waiting, None
            found = receiving.front(snapshot, queue.shelf, now, waiting)
            return len(found), receiving.next_visible(snapshot, queue.shelf, now)

        return await self.sqs.db.read(read)


@dataclass(frozen=True, slots=True)
class Retention:
    """Deletes messages past their queue's retention, and what purged and deleted queues have left behind."""

    sqs: Sqs
    name: str = RETENTION_JOB

    async def run_due(self, now: Millis) -> Next:
        """One piece of each kind of work; no message can become due sooner than a minute after it was sent."""
        due, following = await self.sqs.db.read_long(lambda snapshot: _expiries(snapshot, now))
        more = False
        for queue in due:
            more |= await self._expire(queue, now)
        more |= await self.sqs.db.write(lambda tx: clearing.clear_abandoned(tx, _PIECE))
        more |= await self.sqs.db.write(lambda tx: deduplication.forget(tx, now, _PIECE))
        horizon = Next.after(now, seconds=60)
        if more:
            return AT_ONCE
        return horizon if following is None or horizon.at is None else Next(min(following, horizon.at))

    async def _expire(self, queue: Queue, now: Millis) -> bool:
        return await self.sqs.db.write(lambda tx: clearing.expire(tx, queue, now, _PIECE))


def _expiries(snapshot: Snapshot, now: Millis) -> tuple[list[Queue], Millis | None]:
    """Queues with messages past their retention, and when the next one of another queue will be."""
    due, upcoming = [], None
    for queue in list(queues.every(snapshot)):
        moment = clearing.next_expiry(snapshot, queue)
        if moment is None:
            continue
        if moment <= now:
            due.append(queue)
        elif upcoming is None or moment < upcoming:
            upcoming = moment
    return due, upcoming


@dataclass(frozen=True, slots=True)
class Moves:
    """Does what message move tasks ask for, at their rates."""

    sqs: Sqs
    name: str = MOVES_JOB

    async def run_due(self, now: Millis) -> Next:
        """Move what is due of every task."""
        upcoming: list[int] = []
        for task in await self.sqs.db.read(move_tasks.running):
            if await self._move(task, now):
                pause = 0 if task.rate is None else MILLIS_PER_SECOND // task.rate + 1
                upcoming.append(now + pause)
        return Next(Millis(min(upcoming))) if upcoming else WHEN_WOKEN

    async def _move(self, task: MoveTask, now: Millis) -> bool:
        return await self.sqs.db.write(lambda tx: _move(self.sqs, tx, task, now))


def _move(sqs: Sqs, tx: Tx, seen: MoveTask, now: Millis) -> bool:
    """Move a task's next messages; False when it has ended."""
    task = move_tasks.get(tx, seen.id)
    source = queues.by_id(tx, seen.source)
    if task is None or task.status != RUNNING:
        return False
    if source is None:
        move_tasks.set_status(tx, task.id, FAILED, _NO_SUCH_QUEUE)
        return False
    allowed = due_count(task.rate, task.started, now, task.moved)
    moved = 0
    while moved < allowed:
        rows = receiving.front(tx, source.shelf, now, 1)
        if not rows:
            move_tasks.progress(tx, task.id, moved)
            move_tasks.set_status(tx, task.id, COMPLETED)
            return False
        failure = _move_one(sqs, tx, task, source, rows[0], now)
        if failure is not None:
            move_tasks.progress(tx, task.id, moved)
            move_tasks.set_status(tx, task.id, FAILED, failure)
            return False
        moved += 1
    move_tasks.progress(tx, task.id, moved)
    return True


def _move_one(sqs: Sqs, tx: Tx, task: MoveTask, source: Queue, row: int, now: Millis) -> str | None:
    """Move one message; the reason if it cannot be moved."""
    message = looking.message(tx, source.shelf, row)
    arn = task.destination_arn or (message.origin if message else None)
    if arn is None:
        return _NO_SOURCE
    parsed = Arn.parse(arn)
    target = queues.find(tx, QueueKey(parsed.account, parsed.region, parsed.resource))
    if target is None:
        return _NO_SUCH_QUEUE
    try:
        transfer.redrive(tx, source, target, row, message_id=sqs.ids.uuid(), now=now)
    except ShelfGone:
        return _NO_SUCH_QUEUE
    sqs.arrived(tx, target.id, 1)
    return None
