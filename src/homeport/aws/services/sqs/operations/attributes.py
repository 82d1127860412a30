"""Attributes, tags and permissions of a queue, read and changed."""

from collections.abc import Callable, Mapping

from homeport.aws.api.sqs import (
    AddPermissionRequest,
    GetQueueAttributesRequest,
    GetQueueAttributesResult,
    ListQueueTagsRequest,
    ListQueueTagsResult,
    RemovePermissionRequest,
    SetQueueAttributesRequest,
    TagQueueRequest,
    UntagQueueRequest,
)
from homeport.aws.call import Call
from homeport.aws.services.sqs.errors import InvalidAttributeName, InvalidAttributeValue, MissingParameter
from homeport.aws.services.sqs.model.attributes import COUNTS, READABLE, check_attributes, effective, merge
from homeport.aws.services.sqs.model.permissions import add_permission as with_permission
from homeport.aws.services.sqs.model.permissions import remove_permission as without_permission
from homeport.aws.services.sqs.model.queue import Queue
from homeport.aws.services.sqs.model.tags import check_tags
from homeport.aws.services.sqs.model.visibility import Counters
from homeport.aws.services.sqs.operations.redriving import check_redrive
from homeport.aws.services.sqs.room import RETENTION_JOB, Sqs
from homeport.aws.services.sqs.store import counting, messages, queues
from homeport.kernel.clock import MILLIS_PER_SECOND
from homeport.kernel.storage.database import Tx


async def get_queue_attributes(sqs: Sqs, call: Call, request: GetQueueAttributesRequest) -> GetQueueAttributesResult:
    """The attributes that are asked for: as they were set, by default, and counted.

    Raises:
        InvalidAttributeName: nobody knows the name.
    """
    queue = await sqs.queue(call, request["QueueUrl"])
    names = request.get("AttributeNames") or []
    for name in names:
        if name not in READABLE:
            raise InvalidAttributeName(name)
    found = effective(queue.attributes, fifo=queue.fifo) | {
        "QueueArn": queue.arn,
        "CreatedTimestamp": str(queue.created // MILLIS_PER_SECOND),
        "LastModifiedTimestamp": str(queue.modified // MILLIS_PER_SECOND),
    }
    if "All" in names or any(name in COUNTS for name in names):
        found |= _counts(await _counted(sqs, queue))
    picked = found if "All" in names else {name: found[name] for name in names if name in found}
    return {"Attributes": picked} if picked else {}


async def _counted(sqs: Sqs, queue: Queue) -> Counters:
    now = sqs.clock.now()
    old = await sqs.db.read(lambda snapshot: counting.counters(snapshot, queue.shelf))
    if not old.delayed and not old.in_flight:
        return old
    return await sqs.db.write(lambda tx: counting.advance(tx, queue.shelf, now))


def _counts(counters: Counters) -> Mapping[str, str]:
    numbers = (counters.visible, counters.delayed, counters.in_flight)
    return {name: str(number) for name, number in zip(COUNTS, numbers, strict=True)}


async def set_queue_attributes(sqs: Sqs, call: Call, request: SetQueueAttributesRequest) -> None:
    """Set some attributes; the others stay.

    Raises:
        AwsError: a name or value is wrong, or there is no queue.
    """
    queue = await sqs.queue(call, request["QueueUrl"])
    given = request.get("Attributes") or {}
    if not given:
        raise MissingParameter("Attribute.Name")
    check_attributes(given, fifo=queue.fifo)
    if given.get("FifoQueue", "true") != "true":
        raise InvalidAttributeValue("FifoQueue", "Modifying queue type is not supported.")
    await _change(sqs, queue, lambda old: merge(old, given))


async def _change(sqs: Sqs, queue: Queue, change: Callable[[Mapping[str, str]], dict[str, str]]) -> None:
    def write(tx: Tx) -> None:
        current = queues.get(tx, queue.key)
        new = change(current.attributes)
        if new.get("RedrivePolicy") != current.attributes.get("RedrivePolicy"):
            check_redrive(tx, queue.key, new)
        queues.set_attributes(tx, current.id, new, sqs.clock.now())
        sqs.changed(tx, queue.key)
        if queue.fifo:
            _delay_anew(sqs, tx, current)
        # A shorter retention may have made messages due.
        tx.after_commit(lambda: sqs.wake_job(RETENTION_JOB))

    await sqs.db.write(write)


def _delay_anew(sqs: Sqs, tx: Tx, old: Queue) -> None:
    """Let a FIFO queue's new delay hold for the messages that it has.

    SQS developer guide, "Delay queues": the setting is retroactive for FIFO queues alone.
    """
    seconds = queues.get(tx, old.key).settings.delay_seconds
    if seconds != old.settings.delay_seconds:
        sqs.arrived(tx, old.id, messages.delay_anew(tx, old, seconds, sqs.clock.now()))
        sqs.will_arrive(tx, old.id)


async def add_permission(sqs: Sqs, call: Call, request: AddPermissionRequest) -> None:
    """Add a statement to the queue's policy.

    Raises:
        AwsError: the label is taken, an account or action is none.
    """
    queue = await sqs.queue(call, request["QueueUrl"])

    def change(old: Mapping[str, str]) -> dict[str, str]:
        policy = with_permission(
            old.get("Policy"), queue.key, request["Label"], request["AWSAccountIds"], request["Actions"]
        )
        return {**old, "Policy": policy}

    await _change(sqs, queue, change)


async def remove_permission(sqs: Sqs, call: Call, request: RemovePermissionRequest) -> None:
    """Take a statement out of the queue's policy.

    Raises:
        InvalidParameter: there is none of that label.
    """
    queue = await sqs.queue(call, request["QueueUrl"])
    await _change(
        sqs, queue, lambda old: merge(old, {"Policy": without_permission(old.get("Policy"), request["Label"])})
    )


async def list_queue_tags(sqs: Sqs, call: Call, request: ListQueueTagsRequest) -> ListQueueTagsResult:
    """The queue's tags."""
    queue = await sqs.queue(call, request["QueueUrl"])
    return {"Tags": dict(queue.tags)} if queue.tags else {}


async def tag_queue(sqs: Sqs, call: Call, request: TagQueueRequest) -> None:
    """Add tags, or give those that are there new values."""
    queue = await sqs.queue(call, request["QueueUrl"])
    await _tag(sqs, queue, lambda old: {**old, **request["Tags"]}, request["Tags"])


async def untag_queue(sqs: Sqs, call: Call, request: UntagQueueRequest) -> None:
    """Take tags away; those that are not there do not matter."""
    queue = await sqs.queue(call, request["QueueUrl"])
    gone = frozenset(request["TagKeys"])
    await _tag(sqs, queue, lambda old: {key: value for key, value in old.items() if key not in gone}, {})


async def _tag(
    sqs: Sqs, queue: Queue, change: Callable[[Mapping[str, str]], Mapping[str, str]], new: Mapping[str, str]
) -> None:
    def write(tx: Tx) -> None:
        current = queues.get(tx, queue.key)
        check_tags(queue.key.name, current.tags, new)
        queues.set_tags(tx, current.id, change(current.tags))
        sqs.changed(tx, queue.key)

    await sqs.db.write(write)
