"""Names: which bucket names and keys there can be, and the canonical id that S3 calls an account by."""

import hashlib
import ipaddress
import re
from functools import lru_cache
from typing import Final

from homeport.aws.services.s3.errors import (
    IllegalLocationConstraint,
    InvalidBucketName,
    InvalidLocationConstraint,
    KeyTooLong,
)

LONGEST_KEY_BYTES: Final = 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}")
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
HOME: Final = "us-east-1"
"""Where buckets are whose creator names no region."""


def check_bucket_name(name: str) -> None:
    """Refuse a name that no bucket can be given (S3 user guide, "General purpose bucket naming rules").

    Raises:
        InvalidBucketName: it breaks a rule.
    """
    fits = _NAME.fullmatch(name) is not None and ".." not in name and ".-" not in name and "-." not in name
    if not fits or name.startswith(_RESERVED_STARTS) or name.endswith(_RESERVED_ENDS) or _is_address(name):
        raise InvalidBucketName(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True


def encode_key(key: str) -> bytes:
    """A key as it is stored and ordered: its UTF-8 bytes.

    Raises:
        KeyTooLong: it has more than 1,024 of them.
    """
    encoded = key.encode("utf-8", "surrogatepass")
    if len(encoded) > LONGEST_KEY_BYTES:
        raise KeyTooLong(len(encoded), LONGEST_KEY_BYTES)
    return encoded


def decode_key(key: bytes) -> str:
    """The text of a stored key."""
    return key.decode("utf-8", "surrogatepass")


@lru_cache(maxsize=4096)
def canonical_id(account: str) -> str:
    """The 64 hexadecimal digits that ACLs and owners call an account by."""
    return hashlib.sha256(f"s3:{account}".encode()).hexdigest()


def bucket_region(constraint: str | None, endpoint_region: str) -> str:
    """The region of a new bucket, of its location constraint and the region that was spoken to.

    Raises:
        InvalidLocationConstraint: there can be no such region.
        IllegalLocationConstraint: it is not the one that was spoken to.
    """
    endpoint_region = spoken_region(endpoint_region)
    if constraint is None:
        if endpoint_region != HOME:
            raise IllegalLocationConstraint("unspecified")
        return HOME
    region = "eu-west-1" if constraint == "EU" else constraint
    if endpoint_region == HOME:
        # The home region makes buckets everywhere else, and has no constraint of its own.
        if region == HOME or _REGION.fullmatch(region) is None:
            raise InvalidLocationConstraint(constraint)
        return region
    if region != endpoint_region:
        raise IllegalLocationConstraint(constraint)
    return constraint


def spoken_region(region: str) -> str:
    """The region that a request means: the home region has older names, one of which s3cmd signs with."""
    return HOME if region in {"aws-global", "US", ""} else region


def location_constraint(region: str) -> str:
    """What GetBucketLocation says: nothing for the home region."""
    return "" if region == HOME else region
