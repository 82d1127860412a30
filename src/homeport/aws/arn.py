"""Amazon Resource Names: their six parts."""

from dataclasses import dataclass
from typing import Self

_PARTS = 6


class ArnInvalid(ValueError):
    """A text that is no ARN."""


@dataclass(frozen=True, slots=True)
class Arn:
    """`arn:partition:service:region:account:resource`; region and account may be empty."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take an ARN apart.

        Raises:
            ArnInvalid: it has not six parts, or does not begin with `arn`.
        """
        parts = text.split(":", _PARTS - 1)
        if len(parts) != _PARTS or parts[0] != "arn" or not parts[1] or not parts[2] or not parts[5]:
            raise ArnInvalid(text)
        return cls(*parts[1:])

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def partition_of(region: str) -> str:
    """The partition that a region belongs to; `aws` for every region that nobody knows."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
