"""SendMessage and SendMessageBatch; and what other services put into queues."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from homeport.aws.api.sqs import (
    BatchResultErrorEntry,
    SendMessageBatchRequest,
    SendMessageBatchResult,
    SendMessageBatchResultEntry,
    SendMessageRequest,
    SendMessageResult,
)
from homeport.aws.call import Call
from homeport.aws.errors import AwsError
from homeport.aws.services.sqs.errors import BatchRequestTooLong
from homeport.aws.services.sqs.model.attributes import MAX_MESSAGE_BYTES
from homeport.aws.services.sqs.model.batches import check_ids
from homeport.aws.services.sqs.model.fifo import sequence_number
from homeport.aws.services.sqs.model.queue import Queue
from homeport.aws.services.sqs.operations.drafts import Draft, Given, check_whole_batch, draft
from homeport.aws.services.sqs.operations.failures import failed_entry
from homeport.aws.services.sqs.room import Sqs
from homeport.aws.services.sqs.store import messages
from homeport.aws.services.sqs.store.deduplication import WHOLE_QUEUE, Sent, recall, remember
from homeport.aws.services.sqs.store.rows import NewMessage
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Tx


async def send_message(sqs: Sqs, call: Call, request: SendMessageRequest) -> SendMessageResult:
    """Put one message into a queue.

    Raises:
        AwsError: the message breaks a rule of the queue, or there is no queue.
    """
    queue = await sqs.queue(call, request["QueueUrl"])
    one = draft(queue, cast("Given", request), message_id=sqs.ids.uuid(), sender=call.account, trace=call.trace)
    (sent,) = await sqs.db.write(lambda tx: send(sqs, tx, queue, [one.message]))
    return _result(queue, one, sent)


def send(sqs: Sqs, tx: Tx, queue: Queue, drafts: Sequence[NewMessage]) -> list[Sent]:
    """Put messages into a queue, and wake as many receives that wait for them.

    Raises:
        QueueDoesNotExist: it was deleted since it was read.
    """
    now = sqs.clock.now()
    return sqs.current(tx, queue, lambda current: _send(sqs, tx, current, drafts, now))


def _send(sqs: Sqs, tx: Tx, queue: Queue, drafts: Sequence[NewMessage], now: Millis) -> list[Sent]:
    if queue.fifo:
        sent = [_send_once(tx, queue, message, now) for message in drafts]
    else:
        places = messages.put(tx, queue, drafts, now)
        sent = [Sent(message.message_id, place) for message, place in zip(drafts, places, strict=True)]
    delayed = len([message for message in drafts if message.delay_seconds])
    sqs.arrived(tx, queue.id, len(drafts) - delayed)
    if delayed:
        sqs.will_arrive(tx, queue.id)
    return sent


def _send_once(tx: Tx, queue: Queue, message: NewMessage, now: Millis) -> Sent:
    """Put a message into a FIFO queue unless it was sent in the last five minutes; then the first one is the answer."""
    group, deduplication_id = message.group or "", message.deduplication_id or ""
    earlier = recall(tx, queue.id, deduplication_id, group, now)
    if earlier is not None:
        return earlier
    (place,) = messages.put(tx, queue, [message], now)
    sent = Sent(message.message_id, place)
    scope = group if queue.settings.deduplicates_by_group else WHOLE_QUEUE
    remember(tx, queue.id, deduplication_id, scope, sent, now)
    return sent


def _result(queue: Queue, one: Draft, sent: Sent) -> SendMessageResult:
    result: SendMessageResult = {"MD5OfMessageBody": one.message.md5.hex(), "MessageId": sent.message_id}
    if one.md5_of_attributes is not None:
        result["MD5OfMessageAttributes"] = one.md5_of_attributes
    if one.md5_of_system_attributes is not None:
        result["MD5OfMessageSystemAttributes"] = one.md5_of_system_attributes
    if queue.fifo:
        result["SequenceNumber"] = sequence_number(sent.place)
    return result


@dataclass(slots=True)
class _Batch:
    """The entries of a batch that may be sent, and the errors of the others."""

    ids: list[str]
    drafts: list[Draft]
    failed: list[BatchResultErrorEntry]


async def send_message_batch(sqs: Sqs, call: Call, request: SendMessageBatchRequest) -> SendMessageBatchResult:
    """Put up to ten messages into a queue; those that break a rule are named, the others are sent.

    Raises:
        AwsError: the batch as a whole is wrong, or there is no queue.
    """
    queue = await sqs.queue(call, request["QueueUrl"])
    entries = request["Entries"]
    check_ids([entry["Id"] for entry in entries], "SendMessageBatchRequestEntry")
    check_whole_batch(queue, [cast("Given", entry) for entry in entries])
    batch = _drafts(sqs, call, queue, request)
    size = sum(one.size_bytes for one in batch.drafts)
    if size > MAX_MESSAGE_BYTES:
        raise BatchRequestTooLong(MAX_MESSAGE_BYTES, size)
    new = [one.message for one in batch.drafts]
    sent = await sqs.db.write(lambda tx: send(sqs, tx, queue, new)) if new else []
    successful: list[SendMessageBatchResultEntry] = []
    for entry_id, one, each in zip(batch.ids, batch.drafts, sent, strict=True):
        successful.append(cast("SendMessageBatchResultEntry", {"Id": entry_id, **_result(queue, one, each)}))
    return {"Successful": successful, "Failed": batch.failed}


def _drafts(sqs: Sqs, call: Call, queue: Queue, request: SendMessageBatchRequest) -> _Batch:
    # A message that is too long by itself makes the whole batch too long, so it is not refused on its own.
    roomy = replace(queue, settings=replace(queue.settings, max_bytes=max(queue.settings.max_bytes, 1 << 30)))
    lenient = queue if queue.settings.max_bytes < MAX_MESSAGE_BYTES else roomy
    batch = _Batch([], [], [])
    for entry in request["Entries"]:
        try:
            given, message_id = cast("Given", entry), sqs.ids.uuid()
            one = draft(lenient, given, message_id=message_id, sender=call.account, trace=call.trace)
        except AwsError as error:
            batch.failed.append(failed_entry(entry["Id"], error))
        else:
            batch.ids.append(entry["Id"])
            batch.drafts.append(one)
    return batch
