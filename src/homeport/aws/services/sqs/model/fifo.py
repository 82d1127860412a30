"""FIFO queues: sequence numbers, and which sends are the same message again."""

import hashlib

from homeport.aws.services.sqs.errors import InvalidParameter, InvalidParameterValue
from homeport.aws.services.sqs.model.message import check_identifier
from homeport.aws.services.sqs.model.queue import Settings

DEDUPLICATION_MS = 300_000
"""A deduplication id is remembered for five minutes from its first send."""

# 20 digits from the first on, as AWS's; the step leaves no two numbers next to each other, so that nobody counts on it.
_FIRST = 18_850_000_000_000_000_000
_STEP = 256


def sequence_number(place: int) -> str:
    """The wire's form of a message's place in its queue: grows with it, always 20 digits."""
    return str(_FIRST + place * _STEP)


def deduplication_id(given: str | None, body: bytes, settings: Settings) -> str:
    """The id by which a FIFO queue knows a message again.

    Raises:
        InvalidParameterValue: none was given, and the queue does not take the body's digest instead.
        InvalidParameter: the id has characters or a length that it must not have.
    """
    if given is not None:
        check_identifier("MessageDeduplicationId", given)
        return given
    if not settings.content_deduplication:
        raise InvalidParameterValue(
            "The queue should either have ContentBasedDeduplication enabled "
            "or MessageDeduplicationId provided explicitly"
        )
    return hashlib.sha256(body).hexdigest()


def refuse_for_standard(deduplication_id: str | None) -> None:
    """Standard queues take no deduplication ids.

    Raises:
        InvalidParameter: there is one.
    """
    if deduplication_id is not None:
        reason = "The request include parameter that is not valid for this queue type."
        raise InvalidParameter("MessageDeduplicationId", deduplication_id, reason)


def refuse_own_delay(seconds: int | None) -> None:
    """Messages of a FIFO queue are delayed by the queue's setting alone; 0 counts as not given.

    Raises:
        InvalidParameter: the message has a delay of its own.
    """
    if seconds:
        reason = "The request include parameter that is not valid for this queue type."
        raise InvalidParameter("DelaySeconds", seconds, reason)
