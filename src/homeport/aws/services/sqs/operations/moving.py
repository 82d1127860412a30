"""Message move tasks: started, listed, cancelled. The job moves the messages."""

from homeport.aws.api.sqs import (
    CancelMessageMoveTaskRequest,
    CancelMessageMoveTaskResult,
    ListMessageMoveTasksRequest,
    ListMessageMoveTasksResult,
    ListMessageMoveTasksResultEntry,
    StartMessageMoveTaskRequest,
    StartMessageMoveTaskResult,
)
from homeport.aws.arn import Arn, ArnInvalid
from homeport.aws.call import Call
from homeport.aws.services.sqs.errors import (
    InvalidParameter,
    InvalidParameterValue,
    ResourceNotFound,
    UnsupportedOperation,
)
from homeport.aws.services.sqs.model.queue import Queue, QueueKey
from homeport.aws.services.sqs.model.tasks import check_rate, parse_task_handle, task_handle
from homeport.aws.services.sqs.room import MOVES_JOB, Sqs
from homeport.aws.services.sqs.store import counting, move_tasks, queues
from homeport.aws.services.sqs.store.move_tasks import CANCELLED, CANCELLING, FAILED, RUNNING, MoveTask
from homeport.kernel.storage.database import Snapshot, Tx

_MAX_LISTED = 10


def _queue(sqs: Sqs, call: Call, snapshot: Snapshot, parameter: str, arn: str) -> Queue:
    try:
        parsed = Arn.parse(arn)
    except ArnInvalid as error:
        raise InvalidParameter(parameter, arn, "Please provide a valid ARN.") from error
    queue = queues.find(snapshot, QueueKey(parsed.account, parsed.region, parsed.resource))
    if queue is None or parsed.service != "sqs":
        raise ResourceNotFound(f"The resource that you specified for the {parameter} parameter doesn't exist.")
    sqs.admit(call, queue)
    return queue


async def start_message_move_task(
    sqs: Sqs, call: Call, request: StartMessageMoveTaskRequest
) -> StartMessageMoveTaskResult:
    """Begin to move a dead-letter queue's messages back to where they came from, or to another queue.

    Raises:
        ResourceNotFound: one of the queues does not exist.
        InvalidParameterValue: the source is nobody's dead-letter queue, or the rate is out of its range.
        UnsupportedOperation: a task of this source runs already, or the target is the source.
    """
    rate = request.get("MaxNumberOfMessagesPerSecond")
    check_rate(rate)
    return await sqs.db.write(lambda tx: _start(sqs, call, tx, request, rate))


def _start(
    sqs: Sqs, call: Call, tx: Tx, request: StartMessageMoveTaskRequest, rate: int | None
) -> StartMessageMoveTaskResult:
    source = _queue(sqs, call, tx, "SourceArn", request["SourceArn"])
    destination = request.get("DestinationArn")
    if destination is not None:
        target = _queue(sqs, call, tx, "DestinationArn", destination)
        if target.id == source.id or target.fifo != source.fifo:
            raise InvalidParameterValue(
                "Source queue arn and destination queue arn cannot be the same or differ in type."
            )
    if not queues.sources_page(tx, source.arn, after=0, limit=1):
        raise InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")
    if any(task.status in (RUNNING, CANCELLING) for task in move_tasks.of_source(tx, source.arn, 1)):
        raise UnsupportedOperation(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
        )
    now = sqs.clock.now()
    to_move = counting.counters_at(tx, source.shelf, now).visible
    task_id = sqs.ids.uuid()
    move_tasks.add(tx, MoveTask(task_id, source.id, source.arn, destination, rate, RUNNING, 0, to_move, now, None))
    tx.after_commit(lambda: sqs.wake_job(MOVES_JOB))
    return {"TaskHandle": task_handle(task_id, source.arn)}


async def list_message_move_tasks(
    sqs: Sqs, call: Call, request: ListMessageMoveTasksRequest
) -> ListMessageMoveTasksResult:
    """The latest tasks of a source, the newest first; one unless more are asked for.

    Raises:
        ResourceNotFound: the source does not exist.
    """
    limit = request.get("MaxResults", 1)
    if not 1 <= limit <= _MAX_LISTED:
        raise InvalidParameter("MaxResults", limit, "MaxResults must be an integer between 1 and 10.")

    def read(snapshot: Snapshot) -> list[MoveTask]:
        source = _queue(sqs, call, snapshot, "SourceArn", request["SourceArn"])
        return move_tasks.of_source(snapshot, source.arn, limit)

    return {"Results": [_entry(task) for task in await sqs.db.read(read)]}


def _entry(task: MoveTask) -> ListMessageMoveTasksResultEntry:
    entry: ListMessageMoveTasksResultEntry = {
        "Status": task.status,
        "SourceArn": task.source_arn,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "StartedTimestamp": task.started,
    }
    if task.status == RUNNING:
        entry["TaskHandle"] = task_handle(task.id, task.source_arn)
    if task.destination_arn is not None:
        entry["DestinationArn"] = task.destination_arn
    if task.rate is not None:
        entry["MaxNumberOfMessagesPerSecond"] = task.rate
    if task.status == FAILED and task.failure is not None:
        entry["FailureReason"] = task.failure
    return entry


async def cancel_message_move_task(
    sqs: Sqs, call: Call, request: CancelMessageMoveTaskRequest
) -> CancelMessageMoveTaskResult:
    """Stop a task; what it has moved stays moved.

    Raises:
        ResourceNotFound: there is no such task or source.
        UnsupportedOperation: it has ended.
    """
    task_id, source_arn = parse_task_handle(request["TaskHandle"])

    def cancel(tx: Tx) -> int:
        _queue(sqs, call, tx, "SourceArn", source_arn)
        task = move_tasks.get(tx, task_id)
        if task is None or task.source_arn != source_arn:
            raise ResourceNotFound("Task does not exist.")
        if task.status != RUNNING:
            raise UnsupportedOperation("Only active tasks can be cancelled.")
        move_tasks.set_status(tx, task_id, CANCELLED)
        return task.moved

    return {"ApproximateNumberOfMessagesMoved": await sqs.db.write(cancel)}
