"""DynamoDB's numbers: 38 digits, their one canonical text, their order as bytes, their size and their sums."""

import re
from decimal import Context, Decimal

from homeport.aws.services.dynamodb.errors import ValidationException

MAX_DIGITS = 38
_MAX_EXPONENT = 125
_MIN_EXPONENT = -130
_LONG_EXPONENT = 6
_TEXT = re.compile(r"([+-]?)(?:([0-9]+)\.?([0-9]*)|\.([0-9]+))(?:[eE]([+-]?[0-9]+))?")
_EXACT = Context(prec=600)
_COMPLEMENT = bytes.maketrans(b"0123456789", b"9876543210")

is_plain = re.compile(r"(?:0|-?[1-9][0-9]{0,36})\Z", re.ASCII).match
"""Whether a text is an integer in canonical form, small enough to need no further check."""


def canonical(text: str) -> str:
    """The text that DynamoDB keeps and returns for a number.

    Raises:
        ValidationException: it is no number, out of range, or has more than 38 significant digits.
    """
    if is_plain(text):
        return text
    if not text:
        raise ValidationException("The parameter cannot be converted to a numeric value")
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValidationException(f"The parameter cannot be converted to a numeric value: {text}")
    sign, whole, fraction, bare_fraction, exponent = match.groups()
    whole, fraction = whole or "", fraction or bare_fraction or ""
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return "0"
    leading = len(whole) - 1 - (len(whole) + len(fraction) - len(digits)) + _exponent(exponent)
    digits = digits.rstrip("0")
    _check(digits, leading)
    return ("-" if sign == "-" else "") + _plain_text(digits, leading)


def _exponent(text: str | None) -> int:
    if not text:
        return 0
    digits = text.lstrip("+-").lstrip("0") or "0"
    # Far beyond the range is as wrong as any further; this keeps hostile exponents cheap.
    size = int(digits) if len(digits) < _LONG_EXPONENT else 10**_LONG_EXPONENT
    return -size if text[0] == "-" else size


def _check(digits: str, leading: int) -> None:
    if leading > _MAX_EXPONENT:
        raise ValidationException(
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        )
    if leading < _MIN_EXPONENT:
        raise ValidationException(
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        )
    if len(digits) > MAX_DIGITS:
        raise ValidationException("Attempting to store more than 38 significant digits in a Number")


def _plain_text(digits: str, leading: int) -> str:
    """Digits without exponent: `leading` is the power of ten of the first one."""
    if leading < 0:
        return "0." + "0" * (-leading - 1) + digits
    if len(digits) <= leading + 1:
        return digits + "0" * (leading + 1 - len(digits))
    return f"{digits[: leading + 1]}.{digits[leading + 1 :]}"


def _parts(text: str) -> tuple[bool, str, int]:
    """Sign, digits without zeros around them, the first digit's power of ten; of a canonical number other than 0."""
    negative = text[0] == "-"
    whole, _, fraction = text[negative:].partition(".")
    if whole != "0":
        return negative, (whole + fraction).rstrip("0"), len(whole) - 1
    digits = fraction.lstrip("0")
    return negative, digits, len(digits) - len(fraction) - 1


def ordered(text: str) -> bytes:
    """Bytes that sort as numbers do, for a canonical text; at most 42 of them."""
    if text == "0":
        return b"\x02"
    negative, digits, leading = _parts(text)
    exponent = leading - _MIN_EXPONENT
    if negative:
        return bytes((1, 255 - exponent)) + digits.encode().translate(_COMPLEMENT) + b"~"
    return bytes((3, exponent)) + digits.encode()


def size_bytes(text: str) -> int:
    """What a canonical number adds to its item's size.

    DynamoDB developer guide, "DynamoDB item sizes and formats", says about one byte for two significant digits, and
    one; AWS in truth rounds up the digits on each side of the point, and counts one more for the sign.
    """
    if text == "0":
        return 1
    negative = text[0] == "-"
    whole, _, fraction = text[negative:].partition(".")
    if fraction:
        left = 0 if whole == "0" else len(whole)
        right = len(fraction) if left else len(fraction.lstrip("0"))
    else:
        left, right = len(whole.rstrip("0")), 0
    return 1 + (left + 1) // 2 + (right + 1) // 2 + negative


def add(left: str, right: str) -> str:
    """The canonical sum of two canonical numbers.

    Raises:
        ValidationException: it is out of range, or needs more than 38 digits.
    """
    if is_plain(left) and is_plain(right):
        return canonical(str(int(left) + int(right)))
    return canonical(str(_EXACT.add(Decimal(left), Decimal(right))))


def subtract(left: str, right: str) -> str:
    """The canonical difference of two canonical numbers; errors as `add`'s."""
    return add(left, right[1:] if right[0] == "-" else "-" + right) if right != "0" else left


def compare(left: str, right: str) -> int:
    """Less than, equal to or greater than 0, as `left` is to `right`; both canonical."""
    if left == right:
        return 0
    if is_plain(left) and is_plain(right):
        return -1 if int(left) < int(right) else 1
    return -1 if Decimal(left) < Decimal(right) else 1
