"""Tags of buckets and objects: their rules, and how a header carries them."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl

from homeport.aws.api import s3 as api
from homeport.aws.services.s3.errors import InvalidArgument, InvalidTag, TooManyTags

OBJECT_TAGS: Final = 10
BUCKET_TAGS: Final = 50
_LONGEST_KEY = 128
_LONGEST_VALUE = 256
# Letters, numbers, spaces, and _ . : / = + - @ (S3 user guide, "Categorizing your storage using tags").
_ALLOWED = re.compile(r"[\w\s.:/=+\-@]*")


def check_tags(tags: Sequence[api.Tag], *, bucket: bool, most: int) -> None:
    """Refuse tags that break the rules.

    Raises:
        InvalidTag, TooManyTags: they do.
    """
    if len(tags) > most:
        raise TooManyTags("Bucket" if bucket else "Object", most)
    seen = set()
    for tag in tags:
        key, value = tag["Key"], tag["Value"]
        if key in seen:
            raise InvalidTag("Cannot provide multiple Tags with the same key", key)
        seen.add(key)
        if key.startswith("aws:"):
            raise InvalidTag(
                "System tags cannot be added/updated by requester"
                if bucket
                else "Your TagKey cannot be prefixed with aws:",
                key,
            )
        if not 0 < len(key) <= _LONGEST_KEY or _ALLOWED.fullmatch(key) is None:
            raise InvalidTag("The TagKey you have provided is invalid", key)
        if len(value) > _LONGEST_VALUE or _ALLOWED.fullmatch(value) is None:
            raise InvalidTag("The TagValue you have provided is invalid", key, value)


def check_creation_tags(tags: Sequence[api.Tag]) -> None:
    """The same for the tags that a bucket is created with, whose reserved prefix is worded otherwise.

    Raises:
        InvalidTag, TooManyTags: they break the rules.
    """
    if any(tag["Key"].startswith("aws:") for tag in tags):
        raise InvalidTag(
            'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. Remove "aws:" '
            "from your tag keys and try again."
        )
    check_tags(tags, bucket=True, most=BUCKET_TAGS)


def parse_tagging(header: str) -> list[api.Tag]:
    """The tags of an `x-amz-tagging` header.

    Raises:
        InvalidArgument: it is no query string, or names a tag twice.
        InvalidTag, TooManyTags: the tags break the rules.
    """
    try:
        pairs = parse_qsl(header, keep_blank_values=True, errors="strict", max_num_fields=BUCKET_TAGS * 2)
    except ValueError:
        pairs = []
    names = [name for name, _ in pairs]
    if (header and not pairs) or len(set(names)) != len(names):
        raise InvalidArgument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag "
            "name duplicates.",
            "x-amz-tagging",
            header,
        )
    tags: list[api.Tag] = [{"Key": name, "Value": value} for name, value in pairs]
    check_tags(tags, bucket=False, most=OBJECT_TAGS)
    return tags
