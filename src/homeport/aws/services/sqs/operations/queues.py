"""Queues made, found, listed, purged and deleted."""

from collections.abc import Mapping

from homeport.aws.api.sqs import (
    CreateQueueRequest,
    CreateQueueResult,
    DeleteQueueRequest,
    GetQueueUrlRequest,
    GetQueueUrlResult,
    ListDeadLetterSourceQueuesRequest,
    ListDeadLetterSourceQueuesResult,
    ListQueuesRequest,
    ListQueuesResult,
    PurgeQueueRequest,
)
from homeport.aws.call import Call
from homeport.aws.page_tokens import write_token
from homeport.aws.services.sqs.errors import (
    InvalidAttributeName,
    PurgeQueueInProgress,
    QueueDeletedRecently,
    QueueNameExists,
)
from homeport.aws.services.sqs.model.attributes import check_attributes, first_difference, merge
from homeport.aws.services.sqs.model.pages import page_size, read_number, read_token
from homeport.aws.services.sqs.model.queue import FIFO_SUFFIX, QueueKey, check_name
from homeport.aws.services.sqs.model.tags import check_tags
from homeport.aws.services.sqs.operations.redriving import check_redrive
from homeport.aws.services.sqs.room import RETENTION_JOB, Sqs
from homeport.aws.services.sqs.store import queues
from homeport.kernel.clock import MILLIS_PER_SECOND
from homeport.kernel.storage.database import Tx


async def create_queue(sqs: Sqs, call: Call, request: CreateQueueRequest) -> CreateQueueResult:
    """Make a queue, or hand out the one that is there if it has the attributes that are asked for.

    Raises:
        QueueNameExists: it has others.
        QueueDeletedRecently: the name is not free yet; only where AWS's pause is kept.
        AwsError: the name, an attribute or a tag is wrong.
    """
    key = QueueKey(call.account, call.region, request["QueueName"])
    attributes, tags = request.get("Attributes") or {}, request.get("tags") or {}
    fifo = _wants_fifo(attributes, key.name)
    check_name(key.name, fifo=fifo)
    check_attributes(attributes, fifo=fifo)
    check_tags(key.name, {}, tags)
    await sqs.db.write(lambda tx: _create(sqs, tx, key, attributes, tags))
    return {"QueueUrl": sqs.url(call, key)}


def _wants_fifo(attributes: Mapping[str, str], name: str) -> bool:
    """The attribute decides; a queue whose name ends in `.fifo` without it is a standard queue of a wrong name."""
    wanted = attributes.get("FifoQueue")
    if wanted == "false" and not name.endswith(FIFO_SUFFIX):
        raise InvalidAttributeName("FifoQueue")
    return wanted is not None


def _create(sqs: Sqs, tx: Tx, key: QueueKey, attributes: Mapping[str, str], tags: Mapping[str, str]) -> None:
    fifo = key.name.endswith(FIFO_SUFFIX)
    existing = queues.find(tx, key)
    if existing is not None:
        different = first_difference(existing.attributes, attributes, fifo=fifo)
        if different is not None:
            raise QueueNameExists(different)
        return
    now = sqs.clock.now()
    if sqs.recreate_pause_seconds and now - queues.deleted_at(tx, key) < sqs.recreate_pause_seconds * MILLIS_PER_SECOND:
        raise QueueDeletedRecently(sqs.recreate_pause_seconds)
    new = merge({}, attributes)
    check_redrive(tx, key, new)
    queues.create(tx, key, new, tags, now)
    sqs.changed(tx, key)


async def get_queue_url(sqs: Sqs, call: Call, request: GetQueueUrlRequest) -> GetQueueUrlResult:
    """The URL of the queue of that name.

    Raises:
        QueueDoesNotExist: there is none.
    """
    key = QueueKey(request.get("QueueOwnerAWSAccountId") or call.account, call.region, request["QueueName"])
    await sqs.named(call, key)
    return {"QueueUrl": sqs.url(call, key)}


async def list_queues(sqs: Sqs, call: Call, request: ListQueuesRequest) -> ListQueuesResult:
    """URLs of the account's queues by name; in pages only if a size is given, and 1,000 at most."""
    limit = page_size(request.get("MaxResults"))
    after = read_token(request.get("NextToken"))
    prefix = request.get("QueueNamePrefix") or ""
    keys = await sqs.db.read(
        lambda snapshot: queues.page(snapshot, call.account, call.region, prefix=prefix, after=after, limit=limit + 1)
    )
    result: ListQueuesResult = {"QueueUrls": [sqs.url(call, key) for key in keys[:limit]]} if keys else {}
    if len(keys) > limit and "MaxResults" in request:
        result["NextToken"] = write_token(keys[limit - 1].name)
    return result


async def list_dead_letter_source_queues(
    sqs: Sqs, call: Call, request: ListDeadLetterSourceQueuesRequest
) -> ListDeadLetterSourceQueuesResult:
    """URLs of the queues that have this one as their dead-letter queue."""
    queue = await sqs.queue(call, request["QueueUrl"])
    limit = page_size(request.get("MaxResults"))
    after = read_number(request.get("NextToken"))
    found = await sqs.db.read(lambda snapshot: queues.sources_page(snapshot, queue.arn, after=after, limit=limit + 1))
    result: ListDeadLetterSourceQueuesResult = {"queueUrls": [sqs.url(call, key) for _, key in found[:limit]]}
    if len(found) > limit:
        result["NextToken"] = write_token(str(found[limit - 1][0]))
    return result


async def delete_queue(sqs: Sqs, call: Call, request: DeleteQueueRequest) -> None:
    """Delete a queue and all its messages.

    Raises:
        QueueDoesNotExist: there is none.
    """
    key = (await sqs.queue(call, request["QueueUrl"])).key

    def delete(tx: Tx) -> None:
        queue = queues.get(tx, key)
        queues.delete(tx, queue, sqs.clock.now())
        sqs.changed(tx, key)
        sqs.gone(tx, queue.id)
        tx.after_commit(lambda: sqs.wake_job(RETENTION_JOB))

    await sqs.db.write(delete)


async def purge_queue(sqs: Sqs, call: Call, request: PurgeQueueRequest) -> None:
    """Delete all messages of a queue.

    Raises:
        PurgeQueueInProgress: the last purge was less than a minute ago; only where AWS's pause is kept.
        QueueDoesNotExist: there is no such queue.
    """
    key = (await sqs.queue(call, request["QueueUrl"])).key

    def purge(tx: Tx) -> None:
        queue, now = queues.get(tx, key), sqs.clock.now()
        pause = sqs.purge_pause_seconds
        if pause and now - queues.purged_at(tx, queue) < pause * MILLIS_PER_SECOND:
            raise PurgeQueueInProgress(key.name, pause)
        queues.purge(tx, queue, now)
        sqs.changed(tx, key)
        tx.after_commit(lambda: sqs.wake_job(RETENTION_JOB))

    await sqs.db.write(purge)
