"""Whom a request's credentials stand for: in `open` mode as they say, in `signed` mode as their signature proves."""

from functools import lru_cache
from typing import Literal, NamedTuple

from homeport.aws.auth.credentials import Credentials
from homeport.aws.auth.keys import AccessKey, AccessKeys, looks_issued
from homeport.aws.call import DEFAULT_ACCOUNT, DEFAULT_REGION

Mode = Literal["open", "signed"]

_ACCOUNT_DIGITS = 12
_GLOBAL_REGIONS = frozenset({"", "aws-global", "aws"})


class Identity(NamedTuple):
    """Who calls, and where.

    Attributes:
        key: the key that was issued here, if it was.
    """

    account: str
    region: str
    key_id: str
    principal_arn: str
    key: AccessKey | None = None

    @property
    def anonymous(self) -> bool:
        """Whether nobody signed."""
        return not self.key_id

    @property
    def root(self) -> bool:
        """Whether an account's own lasting key signed, not a user's or a session's."""
        return self.key is not None and not self.key.token and self.principal_arn.endswith(":root")


def region_of(text: str) -> str:
    """The region that a scope or host means."""
    return DEFAULT_REGION if text in _GLOBAL_REGIONS else text


def account_of(key_id: str) -> str:
    """The account of a key that was not issued here: the key itself if that is an account's number."""
    if len(key_id) == _ACCOUNT_DIGITS and key_id.isascii() and key_id.isdecimal():
        return key_id
    return DEFAULT_ACCOUNT


async def identify(credentials: Credentials | None, keys: AccessKeys, *, host_region: str) -> Identity:
    """Take credentials at their word."""
    if credentials is None:
        return Identity(DEFAULT_ACCOUNT, region_of(host_region), "", "")
    region = credentials.region or host_region
    key = await keys.find(credentials.key_id) if looks_issued(credentials.key_id) else None
    if key is not None:
        return Identity(key.account, region_of(region), key.id, key.principal_arn, key)
    return taken_at_its_word(credentials.key_id, region)


@lru_cache(maxsize=1024)
def taken_at_its_word(key_id: str, region: str) -> Identity:
    """Whom a key stands for that was not issued here, in the region of a scope or host."""
    account = account_of(key_id)
    return Identity(account, region_of(region), key_id, f"arn:aws:iam::{account}:root")
