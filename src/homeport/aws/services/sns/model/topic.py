"""A topic: its attributes, what they may be and what they read as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from homeport.aws.services.sns.errors import InvalidParameter, SubscriptionLimitExceeded
from homeport.aws.services.sns.model import delivery_policy
from homeport.aws.services.sns.model.message import MAX_BYTES
from homeport.aws.services.sns.model.names import TopicKey

_FEEDBACK = tuple(
    f"{kind}{what}"
    for kind in ("Application", "Firehose", "HTTP", "Lambda", "SQS")
    for what in ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
)
_FIFO_ONLY = frozenset({"ContentBasedDeduplication", "FifoThroughputScope", "ArchivePolicy"})
_SETTABLE = frozenset(
    {
        "DeliveryPolicy",
        "DisplayName",
        "FifoTopic",
        "Policy",
        "SignatureVersion",
        "TracingConfig",
        "KmsMasterKeyId",
        "MaximumMessageSize",
        *_FIFO_ONLY,
        *_FEEDBACK,
    }
)
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "FifoTopic": ("true", "false"),
    "ContentBasedDeduplication": ("true", "false"),
    "FifoThroughputScope": ("Topic", "MessageGroup"),
    "SignatureVersion": ("1", "2"),
    "TracingConfig": ("PassThrough", "Active"),
}
_MAX_DISPLAY_NAME = 100
_SIZES = range(1024, 1_048_577)
_MAX_LARGE_SUBSCRIPTIONS = 100
_LARGE_PROTOCOLS = frozenset({"sqs", "firehose", "lambda"})
_MAX_ARCHIVE_DAYS = 365

ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic, as it was when it was read.

    Attributes:
        id: the store's number for it; never used again for another topic.
        attributes: those that somebody has set, in the wire's own names and texts.
    """

    id: int
    key: TopicKey
    arn: str
    attributes: Mapping[str, str]
    tags: Mapping[str, str]
    protection: str | None

    @property
    def fifo(self) -> bool:
        """Whether order is kept inside message groups, and duplicates are dropped."""
        return self.key.fifo

    @property
    def content_deduplication(self) -> bool:
        """Whether a message without a deduplication id is known by its content."""
        return self.attributes.get("ContentBasedDeduplication") == "true"

    @property
    def deduplicates_by_group(self) -> bool:
        """Whether a deduplication id counts inside its group alone."""
        return self.attributes.get("FifoThroughputScope") == "MessageGroup"

    @property
    def signature_version(self) -> str:
        """`1` is SHA-1, `2` is SHA-256."""
        return self.attributes.get("SignatureVersion", "1")

    @property
    def max_bytes(self) -> int:
        """How large a message may be, and a batch of them."""
        return int(self.attributes.get("MaximumMessageSize") or MAX_BYTES)

    @property
    def archive_days(self) -> int:
        """For how many days messages are kept for replays; 0 keeps none."""
        policy = self.attributes.get("ArchivePolicy")
        return int(orjson.loads(policy).get("MessageRetentionPeriod", 0)) if policy else 0


def check_attribute(name: str, value: str, *, fifo: bool) -> None:
    """Let a topic have this attribute.

    Raises:
        InvalidParameter: there is no such attribute, not for this type of topic, or it cannot have this value.
    """
    if name not in _SETTABLE or (name in _FIFO_ONLY and not fifo):
        raise InvalidParameter("AttributeName")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise InvalidParameter(name, "Invalid value, must be one of " + ", ".join(_CHOICES[name]))
    if name == "DisplayName" and len(value) > _MAX_DISPLAY_NAME:
        raise InvalidParameter("DisplayName", f"Must be at most {_MAX_DISPLAY_NAME} characters long")
    if name == "MaximumMessageSize" and value and not (_is_number(value) and int(value) in _SIZES):
        raise InvalidParameter(name, f"must be between {_SIZES[0]} and {_SIZES[-1]}")
    if name == "DeliveryPolicy" and value:
        delivery_policy.check(value, of_topic=True)
    if name == "Policy" and value:
        _check_policy(value)
    if name == "ArchivePolicy" and value:
        _check_archive(value)
    if name.endswith("SampleRate") and not (value.isdigit() and int(value) <= 100):  # noqa: PLR2004 # percent
        raise InvalidParameter(name)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10  # noqa: PLR2004 # digits


def check_audience(max_bytes: int, protocols: Sequence[str]) -> None:
    """Let a topic of messages of that size have subscriptions of these protocols: large ones go to few and not to all.

    Raises:
        InvalidParameter: one of them takes no large messages.
        SubscriptionLimitExceeded: they are too many.
    """
    if max_bytes <= MAX_BYTES:
        return
    for protocol in protocols:
        if protocol not in _LARGE_PROTOCOLS:
            raise InvalidParameter(
                "MaximumMessageSize", f"Protocol {protocol} does not support messages larger than {MAX_BYTES} bytes"
            )
    if len(protocols) > _MAX_LARGE_SUBSCRIPTIONS:
        raise SubscriptionLimitExceeded(_MAX_LARGE_SUBSCRIPTIONS, MAX_BYTES)


def _check_policy(value: str) -> None:
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        found = None
    statements = found.get("Statement", []) if isinstance(found, dict) else None
    several = statements if isinstance(statements, list) else [statements]
    if not all(isinstance(each, dict) for each in several):
        raise InvalidParameter("Policy", "Policy Error: null")


def _check_archive(value: str) -> None:
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise InvalidParameter("ArchivePolicy: failed to parse JSON")
    if not found:
        return
    days = str(found.get("MessageRetentionPeriod", ""))
    if not (days.isdigit() and 1 <= int(days) <= _MAX_ARCHIVE_DAYS):
        raise InvalidParameter("ArchivePolicy: MessageRetentionPeriod must be between 1 and 365 days")


def default_policy(key: TopicKey) -> str:
    """The policy of a topic that nobody has given one."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in ACTIONS],
        "Resource": key.arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": key.account}},
    }
    document = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    return orjson.dumps(document).decode()


def read_attributes(topic: Topic, counts: tuple[int, int, int]) -> dict[str, str]:
    """What GetTopicAttributes tells; `counts` of subscriptions confirmed, pending and deleted."""
    set_ones = {name: value for name, value in topic.attributes.items() if value}
    found = {
        "TopicArn": topic.arn,
        "Owner": topic.key.account,
        "Policy": default_policy(topic.key),
        "DisplayName": "",
        "SubscriptionsConfirmed": str(counts[0]),
        "SubscriptionsPending": str(counts[1]),
        "SubscriptionsDeleted": str(counts[2]),
        "EffectiveDeliveryPolicy": delivery_policy.effective_text(topic.attributes.get("DeliveryPolicy")),
    }
    if topic.fifo:
        found |= {"FifoTopic": "true", "ContentBasedDeduplication": "false", "FifoThroughputScope": "Topic"}
    return found | set_ones


def check_tags(old: Mapping[str, str], given: list[tuple[str, str]]) -> dict[str, str]:
    """The tags with the given ones; too many are the operation's to refuse.

    Raises:
        InvalidParameter: a key comes twice, or is too long.
    """
    new = dict(given)
    if len(new) != len(given):
        raise InvalidParameter("Duplicated keys are not allowed.")
    for key, value in new.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:  # noqa: PLR2004 # characters
            raise InvalidParameter("Tags", "Tag keys have 1 to 128 characters, values at most 256.")
        if key.lower().startswith("aws:"):
            raise InvalidParameter("Tags", "System tags cannot be added/updated by requester.")
    return {**old, **new}
