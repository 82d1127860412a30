"""Values of S3 Select: what is missing, how they compare, and what a CAST makes of them."""

import enum
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from homeport.aws.services.s3.errors import SelectError


class Missing(enum.Enum):
    """A column or member that a record does not have."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING

Number = int | float | Decimal
Value = str | int | float | Decimal | bool | datetime | None | Missing | list["Value"] | dict[str, "Value"]


def absent(value: Value) -> bool:
    """Whether it is NULL or missing."""
    return value is None or value is MISSING


def number(value: Value) -> Number | None:
    """A number, or a text that is one; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, str):
        text = value.strip()
        try:
            return int(text)
        except ValueError:
            pass
        try:
            made = float(text)
        except ValueError:
            return None
        return made if math.isfinite(made) else None
    return None


def compare(left: Value, right: Value) -> int | None:
    """Below, equal or above zero as left is to right; None if they cannot be compared.

    A text that is a number compares as one with numbers: every field of CSV is a text.
    """
    if absent(left) or absent(right):
        return None
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, bool) or isinstance(right, bool):
        return _compare_truths(left, right)
    if isinstance(left, datetime) and isinstance(right, datetime):
        return (left > right) - (left < right)
    a, b = number(left), number(right)
    if a is not None and b is not None:
        return (a > b) - (a < b)
    return 0 if left == right else None


def _compare_truths(left: Value, right: Value) -> int | None:
    a, b = truth(left), truth(right)
    return None if a is None or b is None else a - b


def truth(value: Value) -> bool | None:
    """A truth value; None for NULL and for what is none."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    return None


def text_of(value: Value) -> str:
    """A value as a field of CSV, or as CAST(... AS STRING) makes it."""
    match value:
        case None | Missing():
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 # beyond it digits are lost
            return str(int(value))
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case list() | dict():
            return dumps(value)
    return str(value)


def dumps(value: Value) -> str:
    """A value as JSON."""
    import orjson

    return orjson.dumps(plain(value)).decode()


def plain(value: Value) -> object:
    """A value in types that JSON has; what is missing inside is left out."""
    match value:
        case Missing():
            return None
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime():
            return text_of(value)
        case list():
            return [plain(item) for item in value]
        case dict():
            return {name: plain(item) for name, item in value.items() if item is not MISSING}
    return value


def cast(value: Value, kind: str) -> Value:
    """CAST(value AS kind).

    Raises:
        SelectError: it cannot be made one.
    """
    if absent(value):
        return value
    try:
        return _cast(value, kind)
    except (ValueError, InvalidOperation, OverflowError):
        raise SelectError(
            "CastFailed",
            f"Attempt to convert from one data type to another using CAST failed: {text_of(value)!r} to {kind}.",
        ) from None


def _cast(value: Value, kind: str) -> Value:
    text = text_of(value).strip()
    match kind:
        case "INT" | "INTEGER":
            return int(value) if isinstance(value, bool | int | float | Decimal) else int(text)
        case "FLOAT" | "DOUBLE" | "REAL":
            return float(text)
        case "DECIMAL" | "NUMERIC":
            return Decimal(text)
        case "STRING" | "VARCHAR" | "CHAR":
            return text_of(value)
        case "BOOL" | "BOOLEAN":
            return _boolean(value)
        case "TIMESTAMP":
            return timestamp(text)
    raise SelectError("UnsupportedSyntax", f"Unsupported data type {kind}.")


def _boolean(value: Value) -> bool:
    known = truth(value)
    if known is not None:
        return known
    made = number(value)
    if made is None:
        raise ValueError
    return bool(made)


def timestamp(text: str) -> datetime:
    """An instant from ISO 8601; UTC if it does not say.

    Raises:
        ValueError: it is none.
    """
    text = text.removesuffix("T")
    if len(text) in {4, 7}:  # a year, or a year and a month
        text = f"{text}-01-01"[:10] if len(text) == 4 else f"{text}-01"  # noqa: PLR2004 # a year
    made = datetime.fromisoformat(text)
    return made if made.tzinfo is not None else made.replace(tzinfo=UTC)


Record = Mapping[str, Value]
"""A record's columns or members; those of CSV are also called _1, _2, ... (see `records`)."""
