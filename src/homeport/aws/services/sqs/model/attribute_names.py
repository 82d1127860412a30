"""Which attributes a receiver asks for, by exact name, by prefix, or all."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from homeport.aws.services.sqs.errors import InvalidAttributeName

T = TypeVar("T")

SYSTEM_NAMES = frozenset(
    {
        "All",
        "SenderId",
        "SentTimestamp",
        "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp",
        "SequenceNumber",
        "MessageDeduplicationId",
        "MessageGroupId",
        "AWSTraceHeader",
        "DeadLetterQueueSourceArn",
    }
)
_NOT_OF_MESSAGES = frozenset(
    {
        "Policy",
        "VisibilityTimeout",
        "MaximumMessageSize",
        "MessageRetentionPeriod",
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "CreatedTimestamp",
        "LastModifiedTimestamp",
        "QueueArn",
        "ApproximateNumberOfMessagesDelayed",
        "DelaySeconds",
        "ReceiveMessageWaitTimeSeconds",
        "RedrivePolicy",
        "FifoQueue",
        "ContentBasedDeduplication",
        "KmsMasterKeyId",
        "KmsDataKeyReusePeriodSeconds",
        "DeduplicationScope",
        "FifoThroughputLimit",
        "RedriveAllowPolicy",
        "SqsManagedSseEnabled",
    }
)


def wanted_system_names(*lists: Iterable[str]) -> frozenset[str]:
    """The system attributes to return; queues' own names are known and mean nothing here.

    Raises:
        InvalidAttributeName: nobody knows the name.
    """
    names = frozenset(name for one in lists for name in one)
    for name in names:
        if name not in SYSTEM_NAMES and name not in _NOT_OF_MESSAGES:
            raise InvalidAttributeName(name)
    return SYSTEM_NAMES if "All" in names else names


def pick(attributes: Mapping[str, T], wanted: Iterable[str]) -> dict[str, T]:
    """The message attributes whose names are asked for: `All`, `.*`, an exact name, or `prefix.*`."""
    names = list(wanted)
    if "All" in names or ".*" in names:
        return dict(attributes)
    prefixes = tuple(name.removesuffix(".*") for name in names if name.endswith(".*"))
    exact = frozenset(names)
    return {
        name: value for name, value in attributes.items() if name in exact or (prefixes and name.startswith(prefixes))
    }
