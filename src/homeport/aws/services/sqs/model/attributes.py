"""The attributes of a queue: which there are, what they may be, what they are when nobody has said."""

from collections.abc import Callable, Mapping

import orjson

from homeport.aws.services.sqs.errors import InvalidAttributeName, InvalidAttributeValue, InvalidParameter
from homeport.aws.services.sqs.model.queue import Settings
from homeport.aws.services.sqs.model.redrive import RedriveAllow, parse_redrive, parse_redrive_allow

Check = Callable[[str], bool]

MAX_MESSAGE_BYTES = 1_048_576
_MIN_MESSAGE_BYTES = 1024
_DAY = 86_400


def _number(low: int, high: int) -> Check:
    return lambda text: text.isascii() and text.isdigit() and low <= int(text) <= high


def _one_of(*words: str) -> Check:
    return lambda text: text in words


def _policy(text: str) -> bool:
    """An object whose statements are objects: several of them, or a single one without a list around it."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    statements = found.get("Statement", []) if isinstance(found, dict) else None
    return all(isinstance(each, dict) for each in (statements if isinstance(statements, list) else [statements]))


_BOOLEAN = _one_of("true", "false")

SETTABLE: Mapping[str, Check] = {
    "DelaySeconds": _number(0, 900),
    "MaximumMessageSize": _number(_MIN_MESSAGE_BYTES, MAX_MESSAGE_BYTES),
    "MessageRetentionPeriod": _number(60, 14 * _DAY),
    "ReceiveMessageWaitTimeSeconds": _number(0, 20),
    "VisibilityTimeout": _number(0, 43_200),
    "Policy": _policy,
    "RedrivePolicy": lambda text: bool(parse_redrive(text)),
    "RedriveAllowPolicy": lambda text: bool(parse_redrive_allow(text)),
    "KmsMasterKeyId": lambda _: True,
    "KmsDataKeyReusePeriodSeconds": _number(60, _DAY),
    "SqsManagedSseEnabled": _BOOLEAN,
    "FifoQueue": _BOOLEAN,
    "ContentBasedDeduplication": _BOOLEAN,
    "DeduplicationScope": _one_of("messageGroup", "queue"),
    "FifoThroughputLimit": _one_of("perQueue", "perMessageGroupId"),
}
"""Every attribute that a request may set, and what its text has to be."""

FIFO_ONLY = frozenset({"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"})

REMOVED_BY_EMPTY = frozenset({"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"})
"""An empty text takes these away."""

COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)

READABLE = frozenset({*SETTABLE, *COUNTS, "All", "QueueArn", "CreatedTimestamp", "LastModifiedTimestamp"})
"""Every name that GetQueueAttributes knows."""

_DEFAULTS: Mapping[str, str] = {
    "DelaySeconds": "0",
    "MaximumMessageSize": str(MAX_MESSAGE_BYTES),
    "MessageRetentionPeriod": str(4 * _DAY),
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
}
_FIFO_DEFAULTS: Mapping[str, str] = {
    "FifoQueue": "true",
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}


def check_attributes(given: Mapping[str, str], *, fifo: bool) -> None:
    """Let a request set these attributes on a queue of this type.

    Raises:
        InvalidAttributeName: there is no such attribute, or not for this type of queue.
        InvalidAttributeValue: it cannot have this value.
        InvalidParameter: a redrive policy is wrong.
    """
    for name, text in given.items():
        if name not in SETTABLE or (name in FIFO_ONLY and not fifo):
            raise InvalidAttributeName(name)
        if not text and name in REMOVED_BY_EMPTY:
            continue
        if not SETTABLE[name](text):
            raise InvalidAttributeValue(name)


def merge(old: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The attributes after a request has set some; given ones have passed `check_attributes`.

    Raises:
        InvalidAttributeValue: together they make no sense.
    """
    new = {**old, **given}
    for name in REMOVED_BY_EMPTY & new.keys():
        if not new[name]:
            del new[name]
    if new.get("KmsMasterKeyId") and given.get("SqsManagedSseEnabled") == "true":
        if given.get("KmsMasterKeyId"):
            raise InvalidAttributeValue("SqsManagedSseEnabled", "You can use one type of server-side encryption (SSE).")
        del new["KmsMasterKeyId"]
    elif given.get("KmsMasterKeyId"):
        new["SqsManagedSseEnabled"] = "false"
    _check_throughput(new)
    return new


def _check_throughput(new: Mapping[str, str]) -> None:
    by_group = new.get("DeduplicationScope") == "messageGroup"
    if new.get("FifoThroughputLimit") == "perMessageGroupId" and not by_group:
        raise InvalidAttributeValue(
            "FifoThroughputLimit",
            "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
        )


def effective(attributes: Mapping[str, str], *, fifo: bool) -> dict[str, str]:
    """What a queue's attributes read as: those that were set, and the defaults of the rest."""
    defaults = {**_DEFAULTS, **_FIFO_DEFAULTS} if fifo else _DEFAULTS
    found = {**defaults, **attributes}
    if found.get("KmsMasterKeyId"):
        found.setdefault("KmsDataKeyReusePeriodSeconds", "300")
    found.setdefault("SqsManagedSseEnabled", "true")
    return found


def settings_of(attributes: Mapping[str, str], *, fifo: bool) -> Settings:
    """The attributes as numbers and choices."""
    found = effective(attributes, fifo=fifo)
    redrive, allow = attributes.get("RedrivePolicy"), attributes.get("RedriveAllowPolicy")
    return Settings(
        fifo=fifo,
        delay_seconds=int(found["DelaySeconds"]),
        visibility_seconds=int(found["VisibilityTimeout"]),
        wait_seconds=int(found["ReceiveMessageWaitTimeSeconds"]),
        retention_seconds=int(found["MessageRetentionPeriod"]),
        max_bytes=int(found["MaximumMessageSize"]),
        content_deduplication=found.get("ContentBasedDeduplication") == "true",
        deduplicates_by_group=found.get("DeduplicationScope") == "messageGroup",
        redrive=parse_redrive(redrive) if redrive else None,
        redrive_allow=parse_redrive_allow(allow) if allow else RedriveAllow(),
    )


def first_difference(existing: Mapping[str, str], wanted: Mapping[str, str], *, fifo: bool) -> str | None:
    """The first wanted attribute that an existing queue has otherwise; None when CreateQueue may hand it out."""
    now = effective(existing, fifo=fifo)
    for name, text in wanted.items():
        if not _same(now.get(name, ""), text):
            return name
    return None


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return bool(orjson.loads(one) == orjson.loads(other))
    except orjson.JSONDecodeError:
        return False


def check_redrive_type(text: str, source_name: str, target_name: str) -> None:
    """A dead-letter queue is of its source's type.

    Raises:
        InvalidParameter: one is FIFO, and the other is not.
    """
    if source_name.endswith(".fifo") != target_name.endswith(".fifo"):
        raise InvalidParameter("RedrivePolicy", text, "Dead-letter queue must be same type of queue as the source.")
