"""Forms that browsers post: what their policy demands of the fields (S3 API reference, "POST policy")."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import orjson

from homeport.aws.services.s3.errors import (
    EntityTooLarge,
    InvalidPolicyDocument,
    PostPolicyFailed,
    PostTooSmall,
)
from homeport.kernel.clock import Millis, from_datetime

_FREE: Final = frozenset({"policy", "x-amz-signature", "signature", "awsaccesskeyid", "file"})


@dataclass(frozen=True, slots=True)
class PostPolicy:
    """A form's policy.

    Attributes:
        conditions: (operator, field in lower case, value).
        least, most: bytes of the file, where the policy says so.
    """

    expires: Millis
    conditions: tuple[tuple[str, str, str], ...]
    least: int | None = None
    most: int | None = None

    def check(self, fields: Mapping[str, str], bucket: str, now: Millis) -> None:
        """Compare a form's fields with the policy; every field must be spoken of.

        `fields`: by names in lower case.

        Raises:
            PostPolicyFailed: it has expired, or a field is another one than it demands.
        """
        if now >= self.expires:
            raise PostPolicyFailed("Policy expired.")
        # What counts is the bucket that gets the object, whatever a field says.
        given = {**fields, "bucket": bucket}
        for operator, name, value in self.conditions:
            found = given.get(name, "")
            holds = found.startswith(value) if operator == "starts-with" else found == value
            if operator == "starts-with" and name == "content-type" and "," in found:
                holds = all(part.strip().startswith(value) for part in found.split(","))
            if not holds:
                raise PostPolicyFailed(f'Policy Condition failed: ["{operator}", "${name}", "{value}"]')
        spoken = {name for _, name, _ in self.conditions}
        for name in fields:
            if name not in spoken and name not in _FREE and not name.startswith("x-ignore-"):
                raise PostPolicyFailed(f"Extra input fields: {name}")

    def check_size(self, size: int) -> None:
        """Compare the file's size with the policy's range.

        Raises:
            EntityTooLarge, PostTooSmall: it is outside.
        """
        if self.most is not None and size > self.most:
            raise EntityTooLarge(size, self.most)
        if self.least is not None and size < self.least:
            raise PostTooSmall(size, self.least)


def parse(encoded: str) -> PostPolicy:
    """Read a policy field.

    Raises:
        InvalidPolicyDocument: it is none.
    """
    try:
        document = orjson.loads(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        raise InvalidPolicyDocument("Invalid JSON.") from None
    if not isinstance(document, dict):
        raise InvalidPolicyDocument("Invalid JSON.")
    if "expiration" not in document:
        raise InvalidPolicyDocument("Policy missing expiration.")
    conditions = document.get("conditions")
    if not isinstance(conditions, list):
        raise InvalidPolicyDocument("Policy missing conditions.")
    kept, least, most = _read_conditions(conditions)
    return PostPolicy(_expiration(document["expiration"]), tuple(kept), least, most)


def _read_conditions(conditions: list[object]) -> tuple[list[tuple[str, str, str]], int | None, int | None]:
    kept: list[tuple[str, str, str]] = []
    least: int | None = None
    most: int | None = None
    for condition in conditions:
        match condition:
            case dict():
                kept += [("eq", str(name).lower(), str(value)) for name, value in condition.items()]
            case [str(operator), int(low), int(high)] if operator.lower() == "content-length-range":
                least, most = low, high
            case [str(operator), str(low), str(high)] if operator.lower() == "content-length-range":
                if not (low.isdecimal() and high.isdecimal()):
                    raise PostPolicyFailed(f'Policy Condition failed: ["{operator}", "{low}", "{high}"]')
                least, most = int(low), int(high)
            case [str(operator), str(name), str(value)] if operator.lower() in {"eq", "starts-with"}:
                if not name.startswith("$"):
                    raise InvalidPolicyDocument(f"Invalid Condition: {name}")
                kept.append((operator.lower(), name[1:].lower(), value))
            case _:
                raise InvalidPolicyDocument("Invalid Simple-Condition: value must be a string.")
    return kept, least, most


def _expiration(text: object) -> Millis:
    try:
        made = datetime.fromisoformat(str(text))
    except ValueError:
        raise InvalidPolicyDocument(f"Invalid 'expiration' value: '{text}'") from None
    return from_datetime(made if made.tzinfo is not None else made.replace(tzinfo=UTC))
