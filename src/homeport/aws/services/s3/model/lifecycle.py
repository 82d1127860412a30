"""Lifecycle rules: their form, and what they do with an object when its time has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import format_datetime
from typing import Final, Literal
from urllib.parse import quote

from homeport.aws.api import s3 as api
from homeport.aws.services.s3.errors import InvalidArgument, InvalidRequest, MalformedXml
from homeport.aws.services.s3.model.version import STORAGE_CLASSES, Version
from homeport.kernel.clock import Millis, from_datetime, to_datetime

DAY_MS: Final = 86_400_000
DEFAULT_MINIMUM: Final = "all_storage_classes_128K"
_SMALL_BYTES = 128 * 1024
_MOST_RULES = 1000
_LONGEST_ID = 255
_INFREQUENT: Final = frozenset({"STANDARD_IA", "ONEZONE_IA"})
_INFREQUENT_DAYS: Final = 30
_TRANSITIONS: Final = STORAGE_CLASSES - {"STANDARD", "REDUCED_REDUNDANCY"}
_ACTIONS: Final = (
    "Expiration",
    "NoncurrentVersionExpiration",
    "Transitions",
    "NoncurrentVersionTransitions",
    "AbortIncompleteMultipartUpload",
)
_COLDNESS: Final = {
    "STANDARD_IA": 1,
    "INTELLIGENT_TIERING": 2,
    "ONEZONE_IA": 3,
    "GLACIER_IR": 4,
    "GLACIER": 5,
    "DEEP_ARCHIVE": 6,
}


def check_rules(rules: Sequence[api.LifecycleRule]) -> None:
    """Refuse rules that break S3's form.

    Raises:
        MalformedXml, InvalidArgument, InvalidRequest: they do.
    """
    if not 1 <= len(rules) <= _MOST_RULES:
        raise MalformedXml
    ids = [rule["ID"] for rule in rules if rule.get("ID")]
    if len(set(ids)) != len(ids):
        raise InvalidArgument("Rule ID must be unique. Found same ID for more than one rule", "ID")
    for rule in rules:
        if len(rule.get("ID", "")) > _LONGEST_ID:
            raise InvalidArgument("ID length should not exceed allowed limit of 255", "ID")
        _check_rule(rule)


def _check_rule(rule: api.LifecycleRule) -> None:
    if rule.get("Status") not in {"Enabled", "Disabled"}:
        raise MalformedXml
    if "Filter" in rule and "Prefix" in rule:
        raise MalformedXml
    if not any(rule.get(action) for action in _ACTIONS):
        raise InvalidRequest("At least one action needs to be specified in a rule")
    _check_filter(rule.get("Filter", {}))
    if "Expiration" in rule:
        _check_expiration(rule["Expiration"], rule.get("Filter", {}))
    _check_transitions(rule)
    noncurrent = rule.get("NoncurrentVersionExpiration")
    if noncurrent is not None and noncurrent.get("NoncurrentDays", 0) <= 0:
        raise InvalidArgument(
            "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer", "NoncurrentDays"
        )
    abort = rule.get("AbortIncompleteMultipartUpload")
    if abort is not None and abort.get("DaysAfterInitiation", 0) <= 0:
        raise InvalidArgument(
            "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
            "DaysAfterInitiation",
        )
    if abort is not None and _has_tags(rule.get("Filter", {})):
        raise InvalidRequest("AbortIncompleteMultipartUpload cannot be specified with Tags.")


def _has_tags(rule_filter: api.LifecycleRuleFilter) -> bool:
    return "Tag" in rule_filter or "Tags" in rule_filter.get("And", {})


def _check_order(rule: api.LifecycleRule) -> None:
    """A class is worth its while for some days, and nothing moves that is gone."""
    last = rule.get("Expiration", {}).get("Days")
    for transition in rule.get("Transitions", ()):
        days, name = transition.get("Days"), transition["StorageClass"]
        if days is None:
            continue
        if name in _INFREQUENT and days < _INFREQUENT_DAYS:
            raise InvalidArgument(
                f"'Days' in Transition action must be greater than or equal to {_INFREQUENT_DAYS} for storageClass "
                f"'{name}'",
                "Days",
            )
        if last is not None and last <= days:
            prefix = rule.get("Prefix") or rule.get("Filter", {}).get("Prefix") or ""
            raise InvalidArgument(
                f"'Days' in the Expiration action for filter '(prefix={prefix})' must be greater than 'Days' in the "
                "Transition action",
                "Days",
            )


def _check_transitions(rule: api.LifecycleRule) -> None:
    for transition in rule.get("Transitions", ()):
        if transition.get("StorageClass") not in _TRANSITIONS or ("Days" in transition) == ("Date" in transition):
            raise MalformedXml
        _check_date(transition.get("Date"))
        if transition.get("Days", 0) < 0:
            raise InvalidArgument("'Days' in Transition action must be nonnegative", "Days")
    _check_order(rule)
    for later in rule.get("NoncurrentVersionTransitions", ()):
        if later.get("StorageClass") not in _TRANSITIONS or "NoncurrentDays" not in later:
            raise MalformedXml


def _check_filter(rule_filter: api.LifecycleRuleFilter) -> None:
    if len(rule_filter) > 1:
        raise MalformedXml
    both = rule_filter.get("And")
    if both is not None and sum(len(v) if isinstance(v, list) else 1 for v in both.values()) < 2:  # noqa: PLR2004 # "and"
        raise MalformedXml


def _check_expiration(expiration: api.LifecycleExpiration, rule_filter: api.LifecycleRuleFilter) -> None:
    told = [name for name in ("Days", "Date", "ExpiredObjectDeleteMarker") if name in expiration]
    if len(told) != 1:
        raise MalformedXml
    if "Days" in expiration and expiration["Days"] <= 0:
        raise InvalidArgument("'Days' for Expiration action must be a positive integer", "Days")
    _check_date(expiration.get("Date"))
    if "ExpiredObjectDeleteMarker" in expiration and _has_tags(rule_filter):
        raise InvalidRequest("ExpiredObjectDeleteMarker cannot be specified with Tags.")


def _check_date(date: Millis | None) -> None:
    if date is not None and date % DAY_MS:
        raise InvalidArgument("'Date' must be at midnight GMT", "Date")


def applies(rule: api.LifecycleRule, key: str, size: int, tags: Sequence[api.Tag]) -> bool:
    """Whether an enabled rule speaks of an object."""
    if rule.get("Status") != "Enabled":
        return False
    rule_filter = rule.get("Filter", {})
    both = rule_filter.get("And", {})
    prefix = rule.get("Prefix") or rule_filter.get("Prefix") or both.get("Prefix") or ""
    if not key.startswith(prefix):
        return False
    wanted = [*both.get("Tags", ()), *([rule_filter["Tag"]] if "Tag" in rule_filter else [])]
    least = rule_filter.get("ObjectSizeGreaterThan", both.get("ObjectSizeGreaterThan"))
    most = rule_filter.get("ObjectSizeLessThan", both.get("ObjectSizeLessThan"))
    if (least is not None and size <= least) or (most is not None and size >= most):
        return False
    own = {(tag["Key"], tag["Value"]) for tag in tags}
    return all((tag["Key"], tag["Value"]) in own for tag in wanted)


def due(since: Millis, days: int) -> Millis:
    """When something is so many days old: rounded up to the next midnight in UTC."""
    at = since + days * DAY_MS
    return Millis(-(-at // DAY_MS) * DAY_MS)


@dataclass(frozen=True, slots=True)
class Age:
    """What rules ask of a version beside what it is.

    Attributes:
        newer: how many newer noncurrent versions its key has; None for the current one.
        alone: whether it is the only version of its key.
    """

    newer: int | None
    alone: bool


Deed = Literal["expire", "remove", "remove marker", ""]


def verdict(rules: Sequence[api.LifecycleRule], version: Version, key: str, age: Age, now: Millis) -> Deed:
    """What is to be done with a version now.

    Returns:
        `expire` a current object (a delete marker in its place if the bucket is versioned), `remove` a noncurrent
        version for good, `remove marker` that hides nothing any more; empty for nothing.
    """
    tags = version.extra.get("tags", ())
    for rule in rules:
        if not applies(rule, key, version.size, tags):
            continue
        if not version.current:
            if _noncurrent_due(rule, version, age, now):
                return "remove"
            continue
        expiration = rule.get("Expiration", {})
        at = _expires(expiration, version.modified)
        if version.marker:
            old = at is not None and at <= now
            if age.alone and (expiration.get("ExpiredObjectDeleteMarker") or old):
                return "remove marker"
        elif at is not None and at <= now:
            return "expire"
    return ""


def _expires(expiration: api.LifecycleExpiration, modified: Millis) -> Millis | None:
    if "Days" in expiration:
        return due(modified, expiration["Days"])
    return expiration.get("Date")


def _noncurrent_due(rule: api.LifecycleRule, version: Version, age: Age, now: Millis) -> bool:
    expiration = rule.get("NoncurrentVersionExpiration")
    if expiration is None:
        return False
    since = version.extra.get("noncurrent_since", version.modified)
    kept = expiration.get("NewerNoncurrentVersions", 0)
    return due(since, expiration.get("NoncurrentDays", 0)) <= now and (age.newer or 0) >= kept


def transition(
    rules: Sequence[api.LifecycleRule], minimum: str, version: Version, key: str, age: Age, now: Millis
) -> str:
    """The storage class that a version moves to now; empty if it stays."""
    if version.marker or (minimum == DEFAULT_MINIMUM and version.size < _SMALL_BYTES):
        return ""
    best = ""
    for rule in rules:
        if not applies(rule, key, version.size, version.extra.get("tags", ())):
            continue
        for name in _due_classes(rule, version, age, now):
            if _COLDNESS[name] > _COLDNESS.get(best or version.storage_class, 0):
                best = name
    return best


def _due_classes(rule: api.LifecycleRule, version: Version, age: Age, now: Millis) -> list[str]:
    if version.current:
        found = []
        for item in rule.get("Transitions", ()):
            at = due(version.modified, item["Days"]) if "Days" in item else item.get("Date")
            if at is not None and at <= now:
                found.append(item["StorageClass"])
        return found
    since = version.extra.get("noncurrent_since", version.modified)
    return [
        item["StorageClass"]
        for item in rule.get("NoncurrentVersionTransitions", ())
        if due(since, item["NoncurrentDays"]) <= now and (age.newer or 0) >= item.get("NewerNoncurrentVersions", 0)
    ]


def expiration_header(rules: Sequence[api.LifecycleRule], version: Version, key: str) -> str:
    """`x-amz-expiration` of a current object: the earliest date, and the rule it comes from; empty without one."""
    found: tuple[Millis, str] | None = None
    for rule in rules:
        if not applies(rule, key, version.size, version.extra.get("tags", ())):
            continue
        at = _expires(rule.get("Expiration", {}), version.modified)
        if at is not None and (found is None or at < found[0]):
            found = at, rule.get("ID", "")
    if found is None:
        return ""
    date = format_datetime(to_datetime(found[0]), usegmt=True)
    return f'expiry-date="{date}", rule-id="{quote(found[1], safe="-_.~*")}"'


def abort_date(rules: Sequence[api.LifecycleRule], key: str, initiated: Millis) -> tuple[Millis, str] | None:
    """When an upload that is not completed is given up, and by which rule."""
    found: tuple[Millis, str] | None = None
    for rule in rules:
        abort = rule.get("AbortIncompleteMultipartUpload")
        if abort and applies(rule, key, 0, ()):
            at = due(initiated, abort["DaysAfterInitiation"])
            if found is None or at < found[0]:
                found = at, rule.get("ID", "")
    return found


def restored_until(ready: Millis, days: int) -> Millis:
    """When a restored copy is taken away: so many days later, at the next midnight in UTC."""
    midnight = to_datetime(ready).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return from_datetime(midnight + timedelta(days=days + 1))
