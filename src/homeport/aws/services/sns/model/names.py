"""ARNs of topics and subscriptions, and the names in them."""

import re
from typing import NamedTuple, Self

from homeport.aws.arn import partition_of
from homeport.aws.services.sns.errors import InvalidParameter

_PARTS = 6
_SUBSCRIPTION_PARTS = 7
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
_FIFO_NAME = re.compile(r"[A-Za-z0-9_-]{1,251}\.fifo", re.ASCII)
FIFO_SUFFIX = ".fifo"


class TopicKey(NamedTuple):
    """What a topic is called: no two topics have the same."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        """The topic's ARN."""
        return f"arn:{partition_of(self.region)}:sns:{self.region}:{self.account}:{self.name}"

    @property
    def fifo(self) -> bool:
        """Whether it is a FIFO topic."""
        return self.name.endswith(FIFO_SUFFIX)

    @classmethod
    def parse(cls, arn: str, *, parameter: str = "TopicArn") -> Self:
        """Read a topic's ARN.

        Raises:
            InvalidParameter: it is none.
        """
        parts = split_arn(arn, parameter)
        if parts[2] != "sns" or len(parts) > _PARTS:
            raise InvalidParameter(parameter)
        return cls(parts[4], parts[3], parts[5])


def split_arn(arn: str, parameter: str) -> list[str]:
    """The parts of an ARN, six or more.

    Raises:
        InvalidParameter: it is none.
    """
    parts = arn.split(":")
    if len(parts) < _PARTS:
        raise InvalidParameter(parameter, f"An ARN must have at least {_PARTS} elements, not {len(parts)}")
    if parts[0] != "arn":
        raise InvalidParameter(parameter)
    return parts


def topic_of_subscription(arn: str, parameter: str = "SubscriptionArn") -> TopicKey:
    """The topic that a subscription's ARN names.

    Raises:
        InvalidParameter: it is no subscription's ARN.
    """
    if not arn:
        raise InvalidParameter(parameter, "no value for required parameter")
    parts = split_arn(arn, parameter)
    if len(parts) != _SUBSCRIPTION_PARTS:
        raise InvalidParameter("SubscriptionId")
    return TopicKey(parts[4], parts[3], parts[5])


def check_topic_name(name: str, *, fifo: bool) -> None:
    """Let a topic have this name.

    Raises:
        InvalidParameter: characters or length are wrong, or `.fifo` is there or missing where it must not be.
    """
    if fifo and not _FIFO_NAME.fullmatch(name):
        raise InvalidParameter(
            "Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, "
            "numbers, underscores, and hyphens, and must be between 1 and 256 characters long."
        )
    if not fifo and not _NAME.fullmatch(name):
        raise InvalidParameter("Topic Name")
