"""What a receiver does with a message's receipt handle: delete the message, or change for how long it stays hidden."""

from collections.abc import Callable, Sequence

from homeport.aws.api.sqs import (
    BatchResultErrorEntry,
    ChangeMessageVisibilityBatchRequest,
    ChangeMessageVisibilityBatchResult,
    ChangeMessageVisibilityRequest,
    DeleteMessageBatchRequest,
    DeleteMessageBatchResult,
    DeleteMessageRequest,
)
from homeport.aws.call import Call
from homeport.aws.errors import AwsError
from homeport.aws.services.sqs.errors import InvalidParameter, MessageNotInflight, MissingParameter
from homeport.aws.services.sqs.model.batches import check_ids
from homeport.aws.services.sqs.model.handles import ReceiptHandle
from homeport.aws.services.sqs.model.queue import Queue
from homeport.aws.services.sqs.operations.failures import failed_entry
from homeport.aws.services.sqs.room import Sqs
from homeport.aws.services.sqs.store import looking, messages
from homeport.kernel.clock import MILLIS_PER_SECOND, Millis
from homeport.kernel.storage.database import Tx

_MAX_VISIBILITY_SECONDS = 43_200


async def delete_message(sqs: Sqs, call: Call, request: DeleteMessageRequest) -> None:
    """Delete a message by the handle of its latest receive; an older handle deletes nothing, and is no error.

    Raises:
        ReceiptHandleIsInvalid: the text is no handle of this queue.
        InvalidParameterValue: a FIFO queue's message has become visible again.
    """
    queue = await sqs.queue(call, request["QueueUrl"])
    handle = ReceiptHandle.parse(request["ReceiptHandle"], queue=queue.id)
    await sqs.db.write(lambda tx: _delete(sqs, tx, queue, handle))


def _delete(sqs: Sqs, tx: Tx, queue: Queue, handle: ReceiptHandle) -> None:
    now = sqs.clock.now()
    if queue.fifo:
        message = looking.message(tx, queue.shelf, handle.message)
        if message is not None and (message.receives != handle.receives or message.visible <= now):
            raise InvalidParameter("ReceiptHandle", handle, "The receipt handle has expired.")
    if messages.remove(tx, queue, handle.message, handle.receives, now) and queue.fifo:
        # The next one of its group may be received now.
        sqs.arrived(tx, queue.id, 1)


async def delete_message_batch(sqs: Sqs, call: Call, request: DeleteMessageBatchRequest) -> DeleteMessageBatchResult:
    """Delete up to ten messages; entries that are wrong are named, the others are deleted."""
    queue = await sqs.queue(call, request["QueueUrl"])
    entries = [(entry["Id"], entry["ReceiptHandle"]) for entry in request["Entries"]]
    check_ids([entry_id for entry_id, _ in entries], "DeleteMessageBatchRequestEntry")

    def each(tx: Tx, index: int) -> None:
        _delete(sqs, tx, queue, ReceiptHandle.parse(entries[index][1], queue=queue.id))

    done, failed = await _all(sqs, [entry_id for entry_id, _ in entries], each)
    return {"Successful": [{"Id": entry_id} for entry_id in done], "Failed": failed}


async def change_message_visibility(sqs: Sqs, call: Call, request: ChangeMessageVisibilityRequest) -> None:
    """Hide a message that is in flight for so many seconds from now on.

    Raises:
        ReceiptHandleIsInvalid: the text is no handle of this queue.
        MessageNotInflight: the message is visible.
        InvalidParameterValue: it is gone or was received again; or it would stay hidden for over twelve hours.
    """
    queue = await sqs.queue(call, request["QueueUrl"])
    seconds = _seconds(request.get("VisibilityTimeout"))
    handle = ReceiptHandle.parse(request["ReceiptHandle"], queue=queue.id)
    await sqs.db.write(lambda tx: _hide(sqs, tx, queue, handle, seconds))


def _seconds(given: int | None) -> int:
    if given is None:
        raise MissingParameter("VisibilityTimeout")
    if not 0 <= given <= _MAX_VISIBILITY_SECONDS:
        raise InvalidParameter("VisibilityTimeout", given, "VisibilityTimeout must be an integer between 0 and 43200")
    return given


def _hide(sqs: Sqs, tx: Tx, queue: Queue, handle: ReceiptHandle, seconds: int) -> None:
    now = sqs.clock.now()
    message = looking.message(tx, queue.shelf, handle.message)
    if message is None or message.receives != handle.receives:
        reason = "Message does not exist or is not available for visibility timeout change."
        raise InvalidParameter("ReceiptHandle", handle, reason)
    if message.visible <= now:
        raise MessageNotInflight
    until = Millis(now + seconds * MILLIS_PER_SECOND)
    if message.received is not None and until - message.received > _MAX_VISIBILITY_SECONDS * MILLIS_PER_SECOND:
        reason = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
        raise InvalidParameter("VisibilityTimeout", seconds, reason)
    messages.hide(tx, queue, handle.message, until, now)
    if seconds == 0:
        sqs.arrived(tx, queue.id, 1)
    sqs.will_arrive(tx, queue.id)


async def change_message_visibility_batch(
    sqs: Sqs, call: Call, request: ChangeMessageVisibilityBatchRequest
) -> ChangeMessageVisibilityBatchResult:
    """The same for up to ten messages; entries that are wrong are named, the others are done."""
    queue = await sqs.queue(call, request["QueueUrl"])
    entries = request["Entries"]
    ids = [entry["Id"] for entry in entries]
    check_ids(ids, "ChangeMessageVisibilityBatchRequestEntry")

    def each(tx: Tx, index: int) -> None:
        handle = ReceiptHandle.parse(entries[index]["ReceiptHandle"], queue=queue.id)
        _hide(sqs, tx, queue, handle, _seconds(entries[index].get("VisibilityTimeout")))

    done, failed = await _all(sqs, ids, each)
    return {"Successful": [{"Id": entry_id} for entry_id in done], "Failed": failed}


async def _all(
    sqs: Sqs, ids: Sequence[str], each: Callable[[Tx, int], None]
) -> tuple[list[str], list[BatchResultErrorEntry]]:
    """Do each entry in one transaction; an entry looks before it writes, so one that fails has changed nothing."""

    def run(tx: Tx) -> tuple[list[str], list[BatchResultErrorEntry]]:
        done: list[str] = []
        failed: list[BatchResultErrorEntry] = []
        for index, entry_id in enumerate(ids):
            try:
                each(tx, index)
            except AwsError as error:
                failed.append(failed_entry(entry_id, error))
            else:
                done.append(entry_id)
        return done, failed

    return await sqs.db.write(run)
