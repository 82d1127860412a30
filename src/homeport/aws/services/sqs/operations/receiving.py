"""ReceiveMessage: at once, or as soon as there is something."""

import asyncio
from dataclasses import dataclass
from typing import cast

from homeport.aws.api.sqs import Message, MessageAttributeValue, ReceiveMessageRequest, ReceiveMessageResult
from homeport.aws.call import Call
from homeport.aws.services.sqs.errors import InvalidParameter, OverLimit
from homeport.aws.services.sqs.model.attribute_names import SYSTEM_NAMES, pick, wanted_system_names
from homeport.aws.services.sqs.model.fifo import sequence_number
from homeport.aws.services.sqs.model.handles import ReceiptHandle
from homeport.aws.services.sqs.model.message import check_identifier, md5_of_attributes
from homeport.aws.services.sqs.model.queue import Queue, QueueKey
from homeport.aws.services.sqs.model.stored import decode
from homeport.aws.services.sqs.model.visibility import MAX_IN_FLIGHT
from homeport.aws.services.sqs.room import WAKE_JOB, Sqs, topic
from homeport.aws.services.sqs.store import deduplication, looking, messages, receiving
from homeport.aws.services.sqs.store.receiving import Receive, TooManyInFlight
from homeport.aws.services.sqs.store.rows import Stored
from homeport.kernel.clock import MILLIS_PER_SECOND, Millis
from homeport.kernel.hangups import told_of_hang_up
from homeport.kernel.signals import Listener
from homeport.kernel.storage.database import Tx

_MAX_MESSAGES = 10
_MAX_WAIT_SECONDS = 20
_MAX_VISIBILITY_SECONDS = 43_200


@dataclass(frozen=True, slots=True)
class _Ask:
    """What a receive asks for, with the queue's defaults filled in."""

    limit: int
    hide_ms: int
    wait_seconds: int
    attempt: str | None
    names: frozenset[str]
    attribute_names: tuple[str, ...]


async def receive_message(sqs: Sqs, call: Call, request: ReceiveMessageRequest) -> ReceiveMessageResult:
    """Take messages and hide them for their visibility timeout; wait for the first one if asked to.

    Raises:
        OverLimit: 120,000 messages are in flight, and the receive does not wait.
        AwsError: a parameter is out of its range, or there is no queue.
    """
    queue = await sqs.queue(call, request["QueueUrl"])
    ask = _ask(queue, request)
    found = await _take(sqs, queue, ask)
    if not found and ask.wait_seconds:
        found = await _wait(sqs, queue, ask)
    return {"Messages": [_shape(queue, message, ask) for message in found]} if found else {}


def _ask(queue: Queue, request: ReceiveMessageRequest) -> _Ask:
    limit = request.get("MaxNumberOfMessages", 1)
    if not 1 <= limit <= _MAX_MESSAGES:
        raise InvalidParameter("MaxNumberOfMessages", limit, "Must be between 1 and 10, if provided.")
    wait = request.get("WaitTimeSeconds", queue.settings.wait_seconds)
    if not 0 <= wait <= _MAX_WAIT_SECONDS:
        raise InvalidParameter("WaitTimeSeconds", wait, "Must be >= 0 and <= 20, if provided.")
    hide = request.get("VisibilityTimeout", queue.settings.visibility_seconds)
    if not 0 <= hide <= _MAX_VISIBILITY_SECONDS:
        raise InvalidParameter("VisibilityTimeout", hide, "Must be >= 0 and <= 43200, if provided.")
    names = wanted_system_names(request.get("AttributeNames") or (), request.get("MessageSystemAttributeNames") or ())
    attempt = _attempt(queue, request)
    wanted = tuple(request.get("MessageAttributeNames") or ())
    return _Ask(limit, hide * MILLIS_PER_SECOND, wait, attempt, names, wanted)


def _attempt(queue: Queue, request: ReceiveMessageRequest) -> str | None:
    attempt = request.get("ReceiveRequestAttemptId")
    if attempt is None:
        return None
    if not queue.fifo:
        reason = "The request include parameter that is not valid for this queue type."
        raise InvalidParameter("ReceiveRequestAttemptId", attempt, reason)
    check_identifier("ReceiveRequestAttemptId", attempt)
    return attempt


async def _take(sqs: Sqs, queue: Queue, ask: _Ask) -> list[Stored]:
    """Receive at once what there is."""
    receive = Receive(queue, ask.limit, Millis(0), ask.hide_ms, await _dead_letter_queue(sqs, queue))

    try:
        return await sqs.db.write(lambda tx: sqs.current(tx, queue, lambda now: _take_in(sqs, tx, now, receive, ask)))
    except TooManyInFlight as full:
        if ask.wait_seconds or queue.fifo:
            return []
        raise OverLimit(f"Too many messages in flight: the maximum is {MAX_IN_FLIGHT}.") from full


async def _dead_letter_queue(sqs: Sqs, queue: Queue) -> Queue | None:
    """Where messages go that nobody can process; a queue that names itself has no such place."""
    if queue.settings.redrive is None:
        return None
    arn = queue.settings.redrive.target
    key = QueueKey(arn.account, arn.region, arn.resource)
    return await sqs.find(key) if key != queue.key else None


def _take_in(sqs: Sqs, tx: Tx, queue: Queue, receive: Receive, ask: _Ask) -> list[Stored]:
    if queue.id != receive.queue.id:
        return []
    receive.queue, receive.now = queue, sqs.clock.now()
    if ask.attempt is not None:
        again = _again(sqs, tx, queue, ask, ask.attempt)
        if again:
            return again
    found = receiving.take(tx, receive)
    if ask.attempt is not None and found:
        received = [(message.id, message.receives) for message in found]
        deduplication.remember_attempt(tx, queue.id, ask.attempt, received, receive.now)
    if receive.dropped and receive.target:
        sqs.arrived(tx, receive.target.id, receive.dropped)
    if receive.tired:
        sqs.arrived(tx, queue.id, 1)
    if found:
        sqs.will_arrive(tx, queue.id)
    return found


def _again(sqs: Sqs, tx: Tx, queue: Queue, ask: _Ask, attempt: str) -> list[Stored]:
    """What the same attempt was answered before, hidden anew; nothing if any of it was deleted or has come back.

    SQS API reference, ReceiveMessage, ReceiveRequestAttemptId.
    """
    now = sqs.clock.now()
    found = []
    for row_id, receives in deduplication.recall_attempt(tx, queue.id, attempt, now):
        message = looking.message(tx, queue.shelf, row_id)
        if message is None or message.receives != receives or message.visible <= now:
            return []
        found.append(message)
    for message in found:
        messages.hide(tx, queue, message.id, Millis(now + ask.hide_ms), now)
    return found


@dataclass(slots=True)
class _Waiting:
    """A receive that listens, as long as its client is there."""

    listener: Listener
    gone: bool = False

    def leave(self) -> None:
        self.gone = True
        self.listener.wake()


async def _wait(sqs: Sqs, queue: Queue, ask: _Ask) -> list[Stored]:
    """Listen, look, and look again whenever something may be there, until time is up, or client or queue are gone."""
    deadline = sqs.clock.monotonic() + ask.wait_seconds
    name = topic(queue.id)
    with sqs.signals.listen(name) as listener:
        waiting = _Waiting(listener)
        _park(sqs, queue, 1)
        try:
            with told_of_hang_up(waiting.leave):
                heard = True
                while heard and not (sqs.draining or waiting.gone) and await _current(sqs, queue):
                    found = await _look(sqs, queue, ask)
                    if found:
                        return found
                    heard = await listener.heard(timeout_seconds=max(0.0, deadline - sqs.clock.monotonic()))
            return [] if waiting.gone else await _look(sqs, queue, ask)
        except asyncio.CancelledError:
            waiting.gone = True
            raise
        finally:
            _park(sqs, queue, -1)
            if waiting.gone:
                # It may have been the one that was woken.
                sqs.signals.send(name, most=1)


def _park(sqs: Sqs, queue: Queue, change: int) -> None:
    count = sqs.parked.get(queue.id, 0) + change
    if count:
        sqs.parked[queue.id] = count
    else:
        sqs.parked.pop(queue.id, None)


async def _current(sqs: Sqs, queue: Queue) -> Queue | None:
    """The queue as it is now; None if it was deleted, though another one may have got its name."""
    found = await sqs.find(queue.key)
    return found if found is not None and found.id == queue.id else None


async def _look(sqs: Sqs, queue: Queue, ask: _Ask) -> list[Stored]:
    """Receive if there is something: reading costs less than writing, and nearly always there is nothing."""
    now = sqs.clock.now()
    fresh = await _current(sqs, queue)
    if fresh is None:
        return []
    if not await sqs.db.read(lambda snapshot: receiving.anything_visible(snapshot, fresh.shelf, now)):
        if await sqs.db.read(lambda snapshot: receiving.next_visible(snapshot, fresh.shelf, now)) is not None:
            sqs.wake_job(WAKE_JOB)
        return []
    found = await _take(sqs, fresh, ask)
    if found:
        # Whoever is woken while it takes a message has used up a signal that was meant for another one.
        sqs.signals.send(topic(queue.id), most=1)
    return found


def _shape(queue: Queue, message: Stored, ask: _Ask) -> Message:
    handle = ReceiptHandle(queue.id, message.id, message.receives)
    return _message(queue, message, str(handle), ask.names, ask.attribute_names)


def peeked(queue: Queue, message: Stored) -> Message:
    """A message with all that is known of it, and no handle."""
    return _message(queue, message, "SQS/BACKDOOR/ACCESS", SYSTEM_NAMES, ("All",))


def _message(
    queue: Queue, message: Stored, handle: str, names: frozenset[str], attribute_names: tuple[str, ...]
) -> Message:
    shape: Message = {
        "MessageId": message.message_id,
        "ReceiptHandle": handle,
        "MD5OfBody": message.md5.hex(),
        "Body": message.body,
    }
    if names:
        shape["Attributes"] = _system_attributes(queue, message, names)
    if message.attributes is not None and attribute_names:
        picked = pick(decode(message.attributes), attribute_names)
        if picked:
            shape["MessageAttributes"] = cast("dict[str, MessageAttributeValue]", picked)
            shape["MD5OfMessageAttributes"] = md5_of_attributes(picked)
    return shape


def _system_attributes(queue: Queue, message: Stored, names: frozenset[str]) -> dict[str, str]:
    """What SQS says of a message beside its content, as far as it is asked for."""
    known = {
        "SenderId": message.sender,
        "SentTimestamp": str(message.sent),
        "ApproximateReceiveCount": str(message.receives),
        "ApproximateFirstReceiveTimestamp": str(message.first_received) if message.first_received else None,
        "MessageGroupId": message.group,
        "AWSTraceHeader": message.trace,
        "DeadLetterQueueSourceArn": message.origin,
        "MessageDeduplicationId": message.deduplication_id,
        "SequenceNumber": sequence_number(message.place) if queue.fifo else None,
    }
    return {name: value for name, value in known.items() if value is not None and name in names}
