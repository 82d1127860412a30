"""A subscription: who gets what a topic publishes, which part of it, in which form."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import orjson

from homeport.aws.services.sns.errors import InvalidParameter, InvalidPhone
from homeport.aws.services.sns.model import delivery_policy
from homeport.aws.services.sns.model.filters.compiled import Matches, Scope, compile_filter
from homeport.aws.services.sns.model.filters.errors import FilterPolicyInvalid
from homeport.aws.services.sns.model.message import Publication, body_of, filter_values
from homeport.aws.services.sns.model.topic import Topic
from homeport.kernel.clock import Millis, from_datetime

PROTOCOLS = ("http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose")
RAW_PROTOCOLS = ("http", "https", "sqs", "firehose")
_CONFIRMING = ("http", "https", "email", "email-json")
_PHONE = re.compile(r"\+?[0-9][0-9 ./()-]{0,24}")
_NOT_IN_URLS = re.compile(r"[\x00-\x20\x7f]")
_SETTABLE = frozenset(
    {
        "DeliveryPolicy",
        "FilterPolicy",
        "FilterPolicyScope",
        "RawMessageDelivery",
        "RedrivePolicy",
        "SubscriptionRoleArn",
        "ReplayPolicy",
    }
)
_SCOPES = ("MessageAttributes", "MessageBody")
_DEFAULTS: Mapping[str, str] = {"RawMessageDelivery": "false", "FilterPolicyScope": "MessageAttributes"}


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription, as it was when it was read.

    Attributes:
        owner: the account that subscribed.
        principal: ARN of who did.
        pending: whether it waits to be confirmed.
        base_url: how the subscriber reaches Homeport, for the links in its messages.
        authenticated: whether it may be ended by its owner alone.
    """

    id: int
    arn: str
    topic_id: int
    topic_arn: str
    protocol: str
    endpoint: str
    owner: str
    principal: str
    base_url: str
    pending: bool
    authenticated: bool
    attributes: Mapping[str, str]
    passes: Matches | None = field(default=None, compare=False)

    @property
    def raw(self) -> bool:
        """Whether it gets the message without its envelope."""
        return self.attributes.get("RawMessageDelivery", "false").lower() == "true"

    @property
    def scope(self) -> Scope:
        """What its filter policy looks at."""
        return "MessageBody" if self.attributes.get("FilterPolicyScope") == "MessageBody" else "MessageAttributes"

    @property
    def dead_letter_arn(self) -> str | None:
        """The queue of what could not be delivered."""
        policy = self.attributes.get("RedrivePolicy")
        return orjson.loads(policy)["deadLetterTargetArn"] if policy else None

    def wants(self, publication: Publication) -> bool:
        """Whether its filter policy lets the message pass; a policy for attributes, none that has no attributes."""
        if self.passes is None:
            return True
        if self.scope == "MessageBody":
            body = body_of(publication.text_for(self.protocol))
            return body is not None and self.passes(body)
        return bool(publication.attributes) and self.passes(filter_values(publication.attributes))

    def has(self, attributes: Mapping[str, str]) -> bool:
        """Whether it has these attributes, those included that nobody has set."""
        own = {**_DEFAULTS, **self.attributes}
        return all(own.get(name) == value for name, value in attributes.items())


TOKEN_MS: Final = 2 * 86_400_000
"""So long an endpoint has time to agree; then the token counts no more, and a subscription that waits is gone."""


def needs_confirmation(protocol: str) -> bool:
    """Whether the endpoint has to agree first."""
    return protocol in _CONFIRMING


def compiled(attributes: Mapping[str, str]) -> Matches | None:
    """The filter policy as a function; None without one."""
    policy = attributes.get("FilterPolicy")
    if not policy or policy == "{}":
        return None
    return compile_filter(policy, _scope(attributes))


def _scope(attributes: Mapping[str, str]) -> Scope:
    return "MessageBody" if attributes.get("FilterPolicyScope") == "MessageBody" else "MessageAttributes"


def check_endpoint(topic: Topic, protocol: str, endpoint: str) -> None:
    """Let this endpoint subscribe.

    Raises:
        InvalidParameter: the protocol is none, or this is no endpoint of it.
    """
    if protocol not in PROTOCOLS:
        raise InvalidParameter(f"Amazon SNS does not support this protocol string: {protocol}")
    if not endpoint:
        raise InvalidParameter("Endpoint", "no value for required parameter")
    if topic.fifo and protocol not in {"sqs", "lambda", "firehose", "http", "https"}:
        raise InvalidParameter(
            "Invalid parameter: Endpoint Reason: Please use FIFO SQS queue, or a supported protocol for FIFO topics"
        )
    _CHECKS[protocol](topic, endpoint)


def _check_url(scheme: str, endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        fits = parts.scheme == scheme and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        fits = False
    if not fits or _NOT_IN_URLS.search(endpoint):
        raise InvalidParameter("Endpoint must match the specified protocol")


def _check_queue(topic: Topic, endpoint: str) -> None:
    parts = endpoint.split(":")
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "sqs":  # noqa: PLR2004 # an ARN's parts
        raise InvalidParameter("SQS endpoint ARN")
    if endpoint.endswith(".fifo") and not topic.fifo:
        raise InvalidParameter(
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
        )


def _check_phone(_topic: Topic, endpoint: str) -> None:
    if not _PHONE.fullmatch(endpoint):
        raise InvalidPhone(endpoint)


def _check_email(_topic: Topic, endpoint: str) -> None:
    if "@" not in endpoint:
        raise InvalidParameter("Email address")


def _check_arn(service: str, name: str, endpoint: str) -> None:
    parts = endpoint.split(":")
    if len(parts) < 6 or parts[0] != "arn" or parts[2] != service:  # noqa: PLR2004 # an ARN's parts
        raise InvalidParameter(f"{name} endpoint ARN")


_CHECKS: Mapping[str, Callable[[Topic, str], None]] = {
    "http": lambda _topic, endpoint: _check_url("http", endpoint),
    "https": lambda _topic, endpoint: _check_url("https", endpoint),
    "email": _check_email,
    "email-json": _check_email,
    "sms": _check_phone,
    "sqs": _check_queue,
    "application": lambda _topic, endpoint: _check_arn("sns", "Application", endpoint),
    "lambda": lambda _topic, endpoint: _check_arn("lambda", "Lambda", endpoint),
    "firehose": lambda _topic, endpoint: _check_arn("firehose", "Firehose", endpoint),
}


def check_attributes(topic: Topic, protocol: str, attributes: Mapping[str, str], *, prefix: str = "") -> None:
    """Let a subscription have these attributes, all of which they are together.

    Args:
        topic: whose subscription it is.
        protocol: the subscription's.
        attributes: what was set, now and before.
        prefix: what AWS says before a reason; Subscribe has another one than SetSubscriptionAttributes.

    Raises:
        InvalidParameter: with AWS's reason.
    """
    for name, value in attributes.items():
        check_attribute(topic, protocol, name, value, prefix=prefix)
    try:
        compiled(attributes)
    except FilterPolicyInvalid as error:
        raise InvalidParameter(f"{prefix}FilterPolicy: {error}") from error


def check_attribute(topic: Topic, protocol: str, name: str, value: str, *, prefix: str = "") -> None:
    """Let a subscription have this attribute, as far as its other ones have no say in it: a filter policy is not read.

    Raises:
        InvalidParameter: with AWS's reason.
    """
    if name not in _SETTABLE:
        raise InvalidParameter("AttributeName" if not prefix else f"{prefix}AttributeName")
    match name:
        case "FilterPolicyScope" if value not in _SCOPES:
            raise InvalidParameter(
                f"{prefix}FilterPolicyScope: Invalid value [{value}]. "
                "Please use either MessageBody or MessageAttributes"
            )
        case "RawMessageDelivery":
            if value.lower() not in {"true", "false"}:
                raise InvalidParameter(f"{prefix}RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
            if value.lower() == "true" and protocol not in RAW_PROTOCOLS:
                raise InvalidParameter(f"{prefix}Delivery protocol [{protocol}] does not support raw message delivery.")
        case "RedrivePolicy" if value:
            _check_redrive(topic, value, prefix)
        case "DeliveryPolicy" if value:
            delivery_policy.check(value, of_topic=False)
        case "ReplayPolicy" if value:
            _check_replay(topic, value, prefix)
        case "SubscriptionRoleArn" if protocol == "firehose" and not value:
            raise InvalidParameter(f"{prefix}SubscriptionRoleArn")


def _check_redrive(topic: Topic, value: str, prefix: str) -> None:
    try:
        target = orjson.loads(value)["deadLetterTargetArn"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise InvalidParameter(f"{prefix}RedrivePolicy: failed to parse JSON.") from error
    parts = str(target).split(":")
    if len(parts) != 6 or parts[2] != "sqs":  # noqa: PLR2004 # an ARN's parts
        raise InvalidParameter(f"{prefix}RedrivePolicy: deadLetterTargetArn is an invalid arn")
    if topic.fifo and not str(target).endswith(".fifo"):
        raise InvalidParameter(
            f"{prefix}RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic."
        )


def _check_replay(topic: Topic, value: str, prefix: str) -> None:
    if not topic.archive_days:
        raise InvalidParameter(f"{prefix}ReplayPolicy: the topic has no archive policy")
    parse_replay(value, prefix)


def parse_replay(value: str, prefix: str = "") -> tuple[Millis, Millis | None]:
    """Starting and ending point of a replay.

    Raises:
        InvalidParameter: the policy is wrong.
    """
    try:
        found = orjson.loads(value)
        kind, start, end = found["PointType"], str(found["StartingPoint"]), found.get("EndingPoint")
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InvalidParameter(f"{prefix}ReplayPolicy: failed to parse JSON.") from error
    if kind != "Timestamp":
        raise InvalidParameter(f"{prefix}ReplayPolicy: PointType must be Timestamp")
    try:
        first, last = _moment(start), None if end is None else _moment(str(end))
    except (ValueError, OverflowError) as error:
        raise InvalidParameter(f"{prefix}ReplayPolicy: StartingPoint and EndingPoint must be timestamps") from error
    if last is not None and last < first:
        raise InvalidParameter(f"{prefix}ReplayPolicy: EndingPoint must not be before StartingPoint")
    return first, last


def _moment(text: str) -> Millis:
    """An instant in ISO 8601; in UTC, unless it says otherwise."""
    found = datetime.fromisoformat(text)
    return from_datetime(found if found.tzinfo is not None else found.replace(tzinfo=UTC))


def read_attributes(subscription: Subscription, topic_delivery_policy: str | None) -> dict[str, str]:
    """What GetSubscriptionAttributes tells."""
    found = {
        "SubscriptionArn": subscription.arn,
        "TopicArn": subscription.topic_arn,
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "SubscriptionPrincipal": subscription.principal,
        "PendingConfirmation": str(subscription.pending).lower(),
        "ConfirmationWasAuthenticated": str(subscription.authenticated).lower(),
    }
    found |= {name: value for name, value in subscription.attributes.items() if value}
    found["RawMessageDelivery"] = str(subscription.raw).lower()
    if "FilterPolicy" in found:
        found.setdefault("FilterPolicyScope", "MessageAttributes")
    else:
        found.pop("FilterPolicyScope", None)
    if subscription.protocol in {"http", "https"}:
        found["EffectiveDeliveryPolicy"] = delivery_policy.effective_subscription_text(
            topic_delivery_policy, subscription.attributes.get("DeliveryPolicy")
        )
    return found
