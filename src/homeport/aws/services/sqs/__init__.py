"""The room of SQS: queues and their messages."""

from collections.abc import Mapping, Sequence
from typing import Any

from homeport.aws.errors import AwsError
from homeport.aws.protocol.constraints import Violation
from homeport.aws.service import Operation, Service, ServiceContext
from homeport.aws.services.sqs.errors import InvalidAttributeName, InvalidParameter, MissingParameter
from homeport.aws.services.sqs.jobs import Moves, Retention, WakeWaiting
from homeport.aws.services.sqs.operations import acknowledging, attributes, moving, queues, receiving, sending
from homeport.aws.services.sqs.room import Sqs
from homeport.aws.services.sqs.store.schema import MIGRATIONS
from homeport.aws.services.sqs.target import QueueTarget
from homeport.aws.services.sqs.wire import ROUTES
from homeport.kernel.jobs import Job

_PAUSE_SECONDS = 60

_OPERATIONS: Mapping[str, Operation[Sqs]] = {
    "AddPermission": attributes.add_permission,
    "CancelMessageMoveTask": moving.cancel_message_move_task,
    "ChangeMessageVisibility": acknowledging.change_message_visibility,
    "ChangeMessageVisibilityBatch": acknowledging.change_message_visibility_batch,
    "CreateQueue": queues.create_queue,
    "DeleteMessage": acknowledging.delete_message,
    "DeleteMessageBatch": acknowledging.delete_message_batch,
    "DeleteQueue": queues.delete_queue,
    "GetQueueAttributes": attributes.get_queue_attributes,
    "GetQueueUrl": queues.get_queue_url,
    "ListDeadLetterSourceQueues": queues.list_dead_letter_source_queues,
    "ListMessageMoveTasks": moving.list_message_move_tasks,
    "ListQueueTags": attributes.list_queue_tags,
    "ListQueues": queues.list_queues,
    "PurgeQueue": queues.purge_queue,
    "ReceiveMessage": receiving.receive_message,
    "RemovePermission": attributes.remove_permission,
    "SendMessage": sending.send_message,
    "SendMessageBatch": sending.send_message_batch,
    "SetQueueAttributes": attributes.set_queue_attributes,
    "StartMessageMoveTask": moving.start_message_move_task,
    "TagQueue": attributes.tag_queue,
    "UntagQueue": attributes.untag_queue,
}


async def _open(context: ServiceContext) -> Sqs:
    settings = context.settings
    pause = _PAUSE_SECONDS if settings.aws_sqs_pauses else 0
    return Sqs(
        context.db,
        context.clock,
        context.ids,
        context.signals,
        context.wake_job,
        strategy=settings.aws_sqs_queue_urls,
        signed=settings.aws_auth == "signed",
        purge_pause_seconds=pause,
        recreate_pause_seconds=pause,
    )


def _drain(sqs: Sqs) -> None:
    sqs.drain()


async def _reset(sqs: Sqs) -> None:
    sqs.forget()


def _jobs(sqs: Sqs) -> Sequence[Job]:
    return (WakeWaiting(sqs), Retention(sqs), Moves(sqs))


def _refuse(operation: str, violations: Sequence[Violation]) -> AwsError | None:
    # The model knows only queues' attributes by name; SQS takes those of messages too, and the operation tells them.
    counting = [one for one in violations if one.kind != "enum" or operation != "ReceiveMessage"]
    if not counting:
        return None
    first = counting[0]
    if first.kind == "required":
        return MissingParameter(first.member)
    if first.kind == "enum":
        # All enumerations of the model are of attributes' names.
        return InvalidAttributeName(first.value or "")
    return InvalidParameter(first.member, first.value, first.constraint)


SERVICE: Service[Any] = Service(
    name="sqs",
    operations=_OPERATIONS,
    open=_open,
    migrations=MIGRATIONS,
    jobs=_jobs,
    drain=_drain,
    reset=_reset,
    routes=ROUTES,
    target_of=QueueTarget,
    refuse=_refuse,
)
