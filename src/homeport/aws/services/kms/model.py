"""KMS's rules for policies, tags and alias names."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from homeport.aws.services.kms.errors import InvalidAliasName, MalformedPolicy, TagInvalid, ValidationFailed

DEFAULT_POLICY_NAME: Final = "default"
_ALIAS = re.compile(r"alias/[a-zA-Z0-9/_-]{1,250}")
_MOST_TAGS: Final = 50
_LONGEST_TAG_KEY: Final = 128
_LONGEST_TAG_VALUE: Final = 256


def default_policy(account: str) -> str:
    """What a key that was made without a policy has: everything for the account's root."""
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}
    return orjson.dumps(policy, option=orjson.OPT_INDENT_2).decode()


def check_policy(text: str) -> str:
    """A policy as it is kept.

    Raises:
        MalformedPolicy: it is no JSON object.
    """
    try:
        policy = orjson.loads(text)
    except orjson.JSONDecodeError:
        policy = None
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise MalformedPolicy
    return text


def check_tags(tags: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """Tags by their keys.

    Raises:
        TagInvalid: too many, too long, twice the same, or one of AWS's own.
    """
    found: dict[str, str] = {}
    for tag in tags:
        key, value = str(tag.get("TagKey", "")), str(tag.get("TagValue", ""))
        if key in found:
            raise TagInvalid("Duplicate tag keys")
        if key.lower().startswith("aws:"):
            raise TagInvalid("Tags beginning with aws: are reserved")
        if not key or len(key) > _LONGEST_TAG_KEY or len(value) > _LONGEST_TAG_VALUE:
            raise TagInvalid("A tag's key has 1 to 128 characters, its value at most 256")
        found[key] = value
    if len(found) > _MOST_TAGS:
        raise TagInvalid("Too many tags")
    return found


def check_alias(name: str) -> str:
    """An alias's name that a customer may give.

    Raises:
        ValidationFailed: it does not begin with `alias/`.
        InvalidAliasName: it has other characters, or is AWS's own.
    """
    if not name.startswith("alias/"):
        raise ValidationFailed("Invalid identifier")
    if _ALIAS.fullmatch(name) is None:
        raise InvalidAliasName("Alias contains invalid characters: only a-z, A-Z, 0-9, _, - and / are allowed")
    if name.startswith("alias/aws/"):
        raise InvalidAliasName("Alias cannot begin with alias/aws/: that is for keys of AWS's own")
    return name
