"""Where messages go that nobody could process, and from which queues a dead-letter queue takes them."""

from dataclasses import dataclass

import orjson

from homeport.aws.arn import Arn, ArnInvalid
from homeport.aws.services.sqs.errors import InvalidParameter

_MAX_RECEIVE_COUNT = 1000
_MAX_SOURCES = 10
_PERMISSIONS = ("allowAll", "denyAll", "byQueue")


@dataclass(frozen=True, slots=True)
class Redrive:
    """After `max_receives` receives the next one moves the message to the queue `target` instead."""

    target: Arn
    max_receives: int


@dataclass(frozen=True, slots=True)
class RedriveAllow:
    """Which queues may name this one as their dead-letter queue."""

    permission: str = "allowAll"
    sources: tuple[str, ...] = ()

    def allows(self, source_arn: str) -> bool:
        """Whether the queue may name this one."""
        return self.permission == "allowAll" or (self.permission == "byQueue" and source_arn in self.sources)


def parse_redrive(text: str) -> Redrive:
    """Read a RedrivePolicy.

    Raises:
        InvalidParameter: with AWS's reason.
    """
    policy = _json_map("RedrivePolicy", text, "Redrive policy is not a valid JSON map.")
    for name in ("deadLetterTargetArn", "maxReceiveCount"):
        if not policy.get(name) and policy.get(name) != 0:
            reason = f"Redrive policy does not contain mandatory attribute: {name}."
            raise InvalidParameter("RedrivePolicy", text, reason)
    return Redrive(_target(text, policy["deadLetterTargetArn"]), _count(text, policy["maxReceiveCount"]))


def parse_redrive_allow(text: str) -> RedriveAllow:
    """Read a RedriveAllowPolicy.

    Raises:
        InvalidParameter: with AWS's reason.
    """
    policy = _json_map("RedriveAllowPolicy", text, "Amazon SQS can't create the redrive allow policy.")
    permission, sources = policy.get("redrivePermission"), policy.get("sourceQueueArns", [])
    if permission not in _PERMISSIONS or not isinstance(permission, str):
        raise _refused(text)
    if not isinstance(sources, list) or not all(isinstance(source, str) for source in sources):
        raise _refused(text)
    if (permission == "byQueue") != bool(sources) or len(sources) > _MAX_SOURCES:
        raise _refused(text)
    return RedriveAllow(permission, tuple(str(source) for source in sources))


def _refused(text: str) -> InvalidParameter:
    return InvalidParameter("RedriveAllowPolicy", text, "Amazon SQS can't create the redrive allow policy.")


def _json_map(parameter: str, text: str, reason: str) -> dict[str, object]:
    try:
        policy = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidParameter(parameter, text, reason) from error
    if not isinstance(policy, dict):
        raise InvalidParameter(parameter, text, reason)
    return policy


def _target(text: str, value: object) -> Arn:
    try:
        arn = Arn.parse(str(value))
    except ArnInvalid as error:
        raise InvalidParameter("RedrivePolicy", text, "Dead-letter target is not a valid ARN.") from error
    if arn.service != "sqs":
        raise InvalidParameter("RedrivePolicy", text, "Dead-letter target is not a valid ARN.")
    return arn


def _count(text: str, value: object) -> int:
    try:
        count = int(str(value))
    except ValueError:
        count = 0
    if not 1 <= count <= _MAX_RECEIVE_COUNT:
        reason = f"Invalid value for maxReceiveCount: {value}, valid values are from 1 to 1000 both inclusive."
        raise InvalidParameter("RedrivePolicy", text, reason)
    return count
