"""A queue as its operations see it: its name, its settings with their units, and how it is addressed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from homeport.aws.arn import partition_of
from homeport.aws.services.sqs.errors import InvalidParameterValue
from homeport.aws.services.sqs.model.redrive import Redrive, RedriveAllow
from homeport.kernel.clock import Millis

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_FIFO_NAME = re.compile(r"[A-Za-z0-9_-]{1,75}\.fifo", re.ASCII)
FIFO_SUFFIX = ".fifo"


class QueueKey(NamedTuple):
    """What a queue is called: no two queues have the same."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        """The queue's ARN."""
        return f"arn:{partition_of(self.region)}:sqs:{self.region}:{self.account}:{self.name}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a queue's attributes come to."""

    fifo: bool
    delay_seconds: int
    visibility_seconds: int
    wait_seconds: int
    retention_seconds: int
    max_bytes: int
    content_deduplication: bool
    deduplicates_by_group: bool
    redrive: Redrive | None
    redrive_allow: RedriveAllow


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue, as it was when it was read.

    Attributes:
        id: the store's number for it; never used again for another queue.
        shelf: under which number its messages lie; a purge gives it a new one.
        attributes: those that somebody has set, in the wire's own names and texts.
    """

    id: int
    shelf: int
    key: QueueKey
    arn: str
    settings: Settings
    attributes: Mapping[str, str]
    tags: Mapping[str, str]
    created: Millis
    modified: Millis

    @property
    def fifo(self) -> bool:
        """Whether order is kept inside message groups, and duplicates are dropped."""
        return self.settings.fifo


def check_name(name: str, *, fifo: bool) -> None:
    """Let a queue have this name.

    Raises:
        InvalidParameterValue: characters or length are wrong, or `.fifo` is there or missing where it must not be.
    """
    if fifo and not _FIFO_NAME.fullmatch(name):
        raise InvalidParameterValue(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
            "must end with .fifo suffix and be 1 to 80 in length."
        )
    if not fifo and not _NAME.fullmatch(name):
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
