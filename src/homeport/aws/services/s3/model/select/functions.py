"""S3 Select's functions of values (S3 user guide, "SQL functions")."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from homeport.aws.services.s3.errors import SelectError
from homeport.aws.services.s3.model.select.values import Value, absent, compare, number, text_of, timestamp

Function = Callable[[Sequence[Value]], Value]
_PARTS: Final = ("year", "month", "day", "hour", "minute", "second")
_SECONDS: Final = {"day": 86_400, "hour": 3600, "minute": 60, "second": 1}
_MONTHS: Final = 12


def _coalesce(values: Sequence[Value]) -> Value:
    return next((value for value in values if not absent(value)), None)


def _nullif(values: Sequence[Value]) -> Value:
    left, right = values
    return None if compare(left, right) == 0 else left


def _substring(values: Sequence[Value]) -> Value:
    if absent(values[0]):
        return None
    text, start = text_of(values[0]), int(number(values[1]) or 0)
    end = len(text) if len(values) == 2 else start - 1 + int(number(values[2]) or 0)  # noqa: PLR2004 # without a length
    # SQL counts from 1, and what lies before the text counts against the length.
    return text[max(start - 1, 0) : max(end, 0)]


def _texts(function: Callable[[str], Value]) -> Function:
    return lambda values: None if absent(values[0]) else function(text_of(values[0]))


def _instant(value: Value) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return timestamp(text_of(value))
    except ValueError:
        raise SelectError(
            "ValueParseFailure", f"Time stamp parse failure in the SQL expression: {text_of(value)!r}."
        ) from None


def _to_timestamp(values: Sequence[Value]) -> Value:
    return None if absent(values[0]) else _instant(values[0])


def extract(part: str, value: Value) -> Value:
    """EXTRACT(part FROM value).

    Raises:
        SelectError: there is no such part.
    """
    if absent(value):
        return None
    if part.lower() not in _PARTS:
        raise SelectError("InvalidDataType", f"The date part {part} is not valid.")
    found: int = getattr(_instant(value), part.lower())
    return found


def date_add(part: str, values: Sequence[Value]) -> Value:
    """DATE_ADD(part, count, value)."""
    count, value = number(values[0]), values[1]
    if count is None or absent(value):
        return None
    start, unit = _instant(value), part.lower()
    if unit in _SECONDS:
        return start + timedelta(seconds=float(count) * _SECONDS[unit])
    if unit not in {"year", "month"}:
        raise SelectError("InvalidDataType", f"The date part {part} is not valid.")
    months = start.year * _MONTHS + start.month - 1 + int(count) * (_MONTHS if unit == "year" else 1)
    year, month = divmod(months, _MONTHS)
    for day in range(start.day, 27, -1):
        try:
            return start.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return start.replace(year=year, month=month + 1)


def date_diff(part: str, values: Sequence[Value]) -> Value:
    """DATE_DIFF(part, from, to)."""
    if absent(values[0]) or absent(values[1]):
        return None
    start, end, unit = _instant(values[0]), _instant(values[1]), part.lower()
    if unit in _SECONDS:
        return int((end - start).total_seconds() // _SECONDS[unit])
    if unit not in {"year", "month"}:
        raise SelectError("InvalidDataType", f"The date part {part} is not valid.")
    months = (end.year - start.year) * _MONTHS + end.month - start.month
    return months // _MONTHS if unit == "year" else months


def _to_string(values: Sequence[Value]) -> Value:
    if absent(values[0]):
        return None
    moment, pattern = _instant(values[0]), text_of(values[1])
    for mark, code in (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S")):
        pattern = pattern.replace(mark, moment.strftime(code))
    return pattern.replace("y", str(moment.year))


FUNCTIONS: Final[Mapping[str, tuple[int, int, Function]]] = {
    "COALESCE": (1, 100, _coalesce),
    "NULLIF": (2, 2, _nullif),
    "CHAR_LENGTH": (1, 1, _texts(len)),
    "CHARACTER_LENGTH": (1, 1, _texts(len)),
    "LOWER": (1, 1, _texts(str.lower)),
    "UPPER": (1, 1, _texts(str.upper)),
    "SUBSTRING": (2, 3, _substring),
    "TO_TIMESTAMP": (1, 1, _to_timestamp),
    "TO_STRING": (2, 2, _to_string),
}
"""Least and most arguments, and the function."""

UTCNOW: Final = "UTCNOW"


def now_at(millis: int) -> datetime:
    """UTCNOW() of a query that began then."""
    return datetime.fromtimestamp(millis / 1000, tz=UTC)
