"""Object lock: what retention and legal holds forbid, and until when."""

from datetime import UTC, datetime, timedelta
from typing import Final

from homeport.aws.api import s3 as api
from homeport.aws.services.s3.errors import AllAccessDisabled, InvalidArgument, InvalidRequest, MalformedXml
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.version import Extra
from homeport.kernel.clock import Millis, from_datetime, to_datetime

GOVERNANCE: Final = "GOVERNANCE"
COMPLIANCE: Final = "COMPLIANCE"
_MODES: Final = frozenset({GOVERNANCE, COMPLIANCE})
_LONGEST_DAYS = 36_500
_LONGEST_YEARS = 100


def protect_deletion(extra: Extra, now: Millis, *, bypass: bool) -> None:
    """Refuse to delete a protected version.

    `bypass`: the caller may pass over governance, and asks to.

    Raises:
        AllAccessDisabled: a hold or a retention is on it.
    """
    retained = extra.get("retain_until", 0) > now and not (bypass and extra.get("mode") == GOVERNANCE)
    if retained or extra.get("hold") == "ON":
        raise AllAccessDisabled


def check_retention(mode: str | None, until: Millis | None, now: Millis) -> None:
    """Refuse a retention that is half said, unknown or over.

    Raises:
        MalformedXml, InvalidArgument: it is.
    """
    if mode is None or until is None or mode not in _MODES:
        raise MalformedXml
    if until <= now:
        raise InvalidArgument("The retain until date must be in the future!", "RetainUntilDate", _iso(until))


def protect_retention(extra: Extra, mode: str | None, until: Millis | None, now: Millis, *, bypass: bool) -> None:
    """Refuse a change that would protect a version less than it is.

    Raises:
        AllAccessDisabled: compliance cannot be shortened, nor governance without leave.
    """
    old_until, old_mode = extra.get("retain_until", Millis(0)), extra.get("mode")
    if old_until <= now:
        return
    shorter = until is None or until < old_until
    weaker = mode != old_mode
    if old_mode == COMPLIANCE and (shorter or weaker):
        raise AllAccessDisabled
    if old_mode == GOVERNANCE and (shorter or weaker) and not bypass:
        raise AllAccessDisabled


def requested(bucket: Bucket, *, mode: str | None, until: Millis | None, hold: str | None, now: Millis) -> Extra:
    """The protection of a new version: what its headers say, or the bucket's default.

    Raises:
        InvalidRequest: the bucket was made without object lock.
        InvalidArgument: the headers contradict themselves.
    """
    if (mode or until or hold) and not bucket.lockable:
        raise InvalidRequest("Bucket is missing Object Lock Configuration")
    if (mode is None) != (until is None):
        missing = "x-amz-object-lock-mode" if mode is None else "x-amz-object-lock-retain-until-date"
        raise InvalidArgument(
            "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied", missing
        )
    extra: Extra = {}
    if mode is not None and until is not None:
        if mode not in _MODES:
            raise InvalidArgument("Unknown wormMode directive.", "x-amz-object-lock-mode", mode)
        if until <= now:
            raise InvalidArgument(
                "The retain until date must be in the future!", "x-amz-object-lock-retain-until-date", _iso(until)
            )
        extra |= {"mode": mode, "retain_until": until}
    elif default := bucket.configurations.get("lock", {}).get("Rule", {}).get("DefaultRetention"):
        extra |= {"mode": default.get("Mode", GOVERNANCE), "retain_until": _until(default, now)}
    if hold is not None:
        if hold not in {"ON", "OFF"}:
            raise InvalidArgument("Legal Hold must be either of 'ON' or 'OFF'", "x-amz-object-lock-legal-hold", hold)
        extra["hold"] = hold
    return extra


def _until(default: api.DefaultRetention, now: Millis) -> Millis:
    start = to_datetime(now)
    if "Days" in default:
        return from_datetime(start + timedelta(days=default["Days"]))
    years = default.get("Years", 1)
    try:
        return from_datetime(start.replace(year=start.year + years))
    except ValueError:  # a leap day
        return from_datetime(start.replace(year=start.year + years, month=3, day=1))


def check_configuration(configuration: api.ObjectLockConfiguration) -> None:
    """Refuse a bucket's lock configuration that does not fit the schema.

    Raises:
        MalformedXml, InvalidArgument: it does not.
    """
    if configuration.get("ObjectLockEnabled") != "Enabled":
        raise MalformedXml
    if "Rule" not in configuration:
        return
    default = configuration["Rule"].get("DefaultRetention")
    if default is None or default.get("Mode") not in _MODES or ("Days" in default) == ("Years" in default):
        raise MalformedXml
    for name, most in (("Days", _LONGEST_DAYS), ("Years", _LONGEST_YEARS)):
        number = default.get(name)
        if isinstance(number, int) and number <= 0:
            raise InvalidArgument("Default retention period must be a positive integer value.", name, str(number))
        if isinstance(number, int) and number > most:
            raise InvalidArgument("Default retention period too large", name, str(number))


def _iso(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
