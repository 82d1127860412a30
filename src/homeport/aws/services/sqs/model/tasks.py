"""Message move tasks: their handles, and how fast they go."""

import base64
import binascii
import json

from homeport.aws.services.sqs.errors import InvalidParameterValue

MAX_RATE = 500
BATCH = 100


def task_handle(task_id: str, source_arn: str) -> str:
    """The handle that clients cancel a task by."""
    return base64.b64encode(json.dumps({"taskId": task_id, "sourceArn": source_arn}).encode()).decode()


def parse_task_handle(handle: str) -> tuple[str, str]:
    """The task's id and its source's ARN.

    Raises:
        InvalidParameterValue: it is no handle.
    """
    try:
        found = json.loads(base64.b64decode(handle, validate=True))
        return str(found["taskId"]), str(found["sourceArn"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise InvalidParameterValue("Value for parameter TaskHandle is invalid.") from error


def check_rate(rate: int | None) -> None:
    """Let a task move so many messages a second.

    Raises:
        InvalidParameterValue: fewer than one, or more than 500.
    """
    if rate is not None and not 1 <= rate <= MAX_RATE:
        raise InvalidParameterValue(
            f"Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. "
            f"Reason: You must enter a value that is between 1 and {MAX_RATE}."
        )


def due_count(rate: int | None, started_ms: int, now_ms: int, moved: int) -> int:
    """How many messages to move now, so that the task keeps to its rate from its start on."""
    if rate is None:
        return BATCH
    return max(0, min(BATCH, (now_ms - started_ms) * rate // 1000 + 1 - moved))
