"""How AWS's protocols write instants, numbers and bytes as text, and read them back."""

import base64
import binascii
import math
import re
from calendar import timegm
from datetime import UTC, datetime, timedelta, timezone
from email.utils import formatdate, parsedate_tz
from functools import lru_cache
from typing import Final, Literal

from homeport.kernel.clock import MILLIS_PER_SECOND, Millis

TimestampFormat = Literal["iso8601", "unixTimestamp", "rfc822"]

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(?:([Zz])|([+-])(\d\d):?(\d\d))?",
    re.ASCII,
)
_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_LARGEST: Final = 1 << 63
_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class ValueMalformed(ValueError):
    """A text that is no value of the wanted kind.

    Args:
        wanted: integer, number, boolean, timestamp or blob.
    """

    def __init__(self, wanted: str, text: str) -> None:
        super().__init__(f"{text!r} is no {wanted}")
        self.wanted = wanted
        self.text = text


def write_timestamp(at: Millis, form: TimestampFormat) -> str:
    """An instant as text; milliseconds are kept by `iso8601`, and by `unixTimestamp` where there are any."""
    if form == "iso8601":
        return f"{_iso_second(at // MILLIS_PER_SECOND)}.{at % MILLIS_PER_SECOND:03}Z"
    if form == "rfc822":
        return _http_date(at // MILLIS_PER_SECOND)
    return f"{at // MILLIS_PER_SECOND}" if not at % MILLIS_PER_SECOND else f"{at / MILLIS_PER_SECOND:.3f}"


# Listings are full of objects that were put in the same few seconds, and hot objects are read again and again.
@lru_cache(maxsize=4096)
def _iso_second(second: int) -> str:
    # Not strftime, which writes the year 999 with three digits.
    return datetime.fromtimestamp(second, tz=UTC).isoformat()[:19]


@lru_cache(maxsize=1024)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)


def read_timestamp(text: str) -> Millis:
    """An instant in any of the three forms: clients do not always use the one that the model names.

    Raises:
        ValueMalformed: it is in none of them.
    """
    text = text.strip()
    match = _ISO.fullmatch(text)
    try:
        if match is not None:
            return _from_iso(match)
        if parsed := parsedate_tz(text):
            return Millis((timegm((*parsed[:6], 0, 0, 0)) - (parsed[9] or 0)) * MILLIS_PER_SECOND)
        return millis_of(float(text))
    except (ValueError, OverflowError) as error:
        raise ValueMalformed("timestamp", text) from error


def _from_iso(match: re.Match[str]) -> Millis:
    year, month, day, hour, minute, second, fraction, _zulu, sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    zone = timezone(offset)
    moment = datetime(
        int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59), tzinfo=zone
    )
    return Millis(int(moment.timestamp()) * MILLIS_PER_SECOND + int((fraction or "0").ljust(3, "0")[:3]))


def millis_of(seconds: float) -> Millis:
    """Seconds since the epoch, as JSON numbers tell them, in milliseconds.

    Raises:
        ValueMalformed: not a number, or beyond the years that a calendar has.
    """
    if not -62135596800 <= seconds <= 253402300799:  # noqa: PLR2004 # years 1 and 9999
        raise ValueMalformed("timestamp", str(seconds))
    return Millis(round(seconds * MILLIS_PER_SECOND))


def read_integer(text: str) -> int:
    """A decimal integer of at most 64 bits.

    Raises:
        ValueMalformed: it is not.
    """
    if _INTEGER.fullmatch(text) is None or not -_LARGEST <= (number := int(text)) < _LARGEST:
        raise ValueMalformed("integer", text)
    return number


def read_number(text: str) -> float:
    """A decimal number, or NaN, Infinity, -Infinity.

    Raises:
        ValueMalformed: it is not.
    """
    if text in _SPECIAL:
        return _SPECIAL[text]
    try:
        number = float(text)
    except ValueError as error:
        raise ValueMalformed("number", text) from error
    if not math.isfinite(number) or "_" in text:
        raise ValueMalformed("number", text)
    return number


def write_number(number: float) -> str:
    """The shortest decimal that reads back as the same number."""
    if math.isfinite(number):
        return repr(number)
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def read_boolean(text: str) -> bool:
    """`true` or `false`, in any case.

    Raises:
        ValueMalformed: it is neither.
    """
    lower = text.strip().lower()
    if lower not in {"true", "false"}:
        raise ValueMalformed("boolean", text)
    return lower == "true"


def read_blob(text: str) -> bytes:
    """Bytes in base 64.

    Raises:
        ValueMalformed: the text is not.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueMalformed("blob", text) from error


def write_blob(data: bytes) -> str:
    """Bytes in base 64."""
    return base64.b64encode(data).decode("ascii")
