"""A message as a request gives it, checked and made ready for its queue."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple, TypedDict

from homeport.aws.services.sqs.errors import InvalidParameter, InvalidParameterValue, MissingParameter
from homeport.aws.services.sqs.model import fifo, message, stored
from homeport.aws.services.sqs.model.message import AttributeValue
from homeport.aws.services.sqs.model.queue import Queue
from homeport.aws.services.sqs.store.rows import NewMessage

_MAX_DELAY_SECONDS = 900
_NONE: Mapping[str, AttributeValue] = {}


class Given(TypedDict, total=False):
    """What a send of one message, and an entry of a batch, have in common."""

    MessageBody: str
    DelaySeconds: int
    MessageAttributes: Mapping[str, AttributeValue]
    MessageSystemAttributes: Mapping[str, AttributeValue]
    MessageDeduplicationId: str
    MessageGroupId: str


class Draft(NamedTuple):
    """A message that may go into its queue.

    Attributes:
        size_bytes: of body and attributes.
        md5_of_attributes, md5_of_system_attributes: None when there are none.
    """

    message: NewMessage
    size_bytes: int
    md5_of_attributes: str | None
    md5_of_system_attributes: str | None


def draft(queue: Queue, given: Given, *, message_id: str, sender: str, trace: str = "") -> Draft:
    """Check what is given by the rules of the queue; `trace` is the request's own, if the message has none.

    Raises:
        AwsError: with SQS's code and words.
    """
    text = given.get("MessageBody", "")
    body = message.check_body(text)
    attributes = given.get("MessageAttributes") or _NONE
    system = given.get("MessageSystemAttributes") or _NONE
    size = len(body) + (message.check_attributes(attributes) if attributes else 0)
    own_trace = message.check_system_attributes(system) if system else None
    message.check_size(size, queue.settings.max_bytes)
    named = queue.settings.fifo or "MessageGroupId" in given or "MessageDeduplicationId" in given
    new = NewMessage(
        message_id=message_id,
        body=text,
        md5=hashlib.md5(body, usedforsecurity=False).digest(),
        sender=sender,
        delay_seconds=_delay(queue, given) if "DelaySeconds" in given else queue.settings.delay_seconds,
        attributes=stored.encode(attributes) if attributes else None,
        trace=own_trace or trace or None,
        group=_group(queue, given) if named else None,
        deduplication_id=_deduplication_id(queue, given, body) if named else None,
    )
    return Draft(
        new,
        size,
        message.md5_of_attributes(attributes) if attributes else None,
        message.md5_of_attributes(system) if system else None,
    )


def _delay(queue: Queue, given: Given) -> int:
    own = given.get("DelaySeconds")
    if queue.fifo:
        fifo.refuse_own_delay(own)
        return queue.settings.delay_seconds
    if own is None:
        return queue.settings.delay_seconds
    if not 0 <= own <= _MAX_DELAY_SECONDS:
        raise InvalidParameter("DelaySeconds", own, "DelaySeconds must be >= 0 and <= 900.")
    return own


def _group(queue: Queue, given: Given) -> str | None:
    group = given.get("MessageGroupId")
    if group is not None:
        message.check_identifier("MessageGroupId", group)
    elif queue.fifo:
        raise MissingParameter("MessageGroupId")
    return group


def _deduplication_id(queue: Queue, given: Given, body: bytes) -> str | None:
    own = given.get("MessageDeduplicationId")
    if queue.fifo:
        return fifo.deduplication_id(own, body, queue.settings)
    fifo.refuse_for_standard(own)
    return None


def check_whole_batch(queue: Queue, entries: list[Given]) -> None:
    """Refuse a batch as a whole where AWS does so, though a single entry is at fault.

    Raises:
        InvalidParameterValue: a FIFO queue's message without a group, or without anything to know it again by.
    """
    if not queue.fifo:
        return
    for given in entries:
        if given.get("MessageGroupId") is None:
            raise InvalidParameterValue("The request must contain the parameter MessageGroupId.")
        _deduplication_id(queue, given, b"")
