"""S3 Select's operators on functions of a record; NULL and MISSING make most of them NULL."""

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from homeport.aws.services.s3.errors import SelectError
from homeport.aws.services.s3.model.select.values import (
    Number,
    Record,
    Value,
    absent,
    compare,
    number,
    text_of,
    truth,
)
from homeport.aws.wildcards import compile_pattern, matches

Evaluate = Callable[[Record], Value]

_COMPARISONS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def comparison(sign: str, left: Evaluate, right: Evaluate) -> Evaluate:
    """Left <sign> right."""
    decide = _COMPARISONS[sign]

    def evaluate(record: Record) -> Value:
        a, b = left(record), right(record)
        if absent(a) or absent(b):
            return None
        order = compare(a, b)
        if order is None:
            # What cannot be compared is not equal, and neither more nor less.
            return sign in {"<>", "!="}
        return decide(order, 0)

    return evaluate


def both(left: Evaluate, right: Evaluate) -> Evaluate:
    """Left AND right, with SQL's third truth value."""

    def evaluate(record: Record) -> Value:
        a = truth(left(record))
        if a is False:
            return False
        b = truth(right(record))
        if b is False:
            return False
        return None if a is None or b is None else True

    return evaluate


def either(left: Evaluate, right: Evaluate) -> Evaluate:
    """Left OR right, with SQL's third truth value."""

    def evaluate(record: Record) -> Value:
        a = truth(left(record))
        if a is True:
            return True
        b = truth(right(record))
        if b is True:
            return True
        return None if a is None or b is None else False

    return evaluate


def negation(inner: Evaluate) -> Evaluate:
    """NOT inner."""

    def evaluate(record: Record) -> Value:
        value = truth(inner(record))
        return None if value is None else not value

    return evaluate


def negate(inner: Evaluate) -> Evaluate:
    """Minus inner."""

    def evaluate(record: Record) -> Value:
        value = number(inner(record))
        return None if value is None else -value

    return evaluate


def concatenate(left: Evaluate, right: Evaluate) -> Evaluate:
    """Left || right."""

    def evaluate(record: Record) -> Value:
        a, b = left(record), right(record)
        return None if absent(a) or absent(b) else text_of(a) + text_of(b)

    return evaluate


def calculate(sign: str, left: Evaluate, right: Evaluate) -> Evaluate:
    """Left <sign> right, of numbers."""

    def evaluate(record: Record) -> Value:
        a, b = left(record), right(record)
        if absent(a) or absent(b):
            return None
        x, y = number(a), number(b)
        if x is None or y is None:
            raise SelectError("InvalidDataType", f"The operator {sign} needs numbers.")
        return arithmetic(sign, x, y)

    return evaluate


def arithmetic(sign: str, x: Number, y: Number) -> Number:
    """One calculation; decimals win over floats, and integers divide as integers.

    Raises:
        SelectError: a division by zero.
    """
    if isinstance(x, Decimal) or isinstance(y, Decimal):
        x, y = Decimal(str(x)), Decimal(str(y))
    if sign in {"/", "%"} and y == 0:
        raise SelectError("DivideByZero", "A division by zero in the SQL expression.")
    match sign:
        case "+":
            return x + y  # type: ignore[operator] # both are decimals, or neither
        case "-":
            return x - y  # type: ignore[operator] # as above
        case "*":
            return x * y  # type: ignore[operator] # as above
        case "%":
            return x % y  # type: ignore[operator] # as above
    if isinstance(x, int) and isinstance(y, int):
        quotient = abs(x) // abs(y)
        return quotient if (x < 0) == (y < 0) else -quotient
    return x / y  # type: ignore[operator] # as above


def like(left: Evaluate, pattern: Evaluate, escape: Evaluate | None) -> Evaluate:
    """Left LIKE pattern ESCAPE escape: `%` is any text, `_` any one character."""

    def evaluate(record: Record) -> Value:
        value, wanted = left(record), pattern(record)
        if absent(value) or absent(wanted):
            return None
        mark = text_of(escape(record)) if escape is not None else ""
        if len(mark) > 1:
            raise SelectError("LikeInvalidInputs", "The ESCAPE of LIKE must be one character.")
        return matches(compile_pattern(text_of(wanted), "%", "_", mark), text_of(value))

    return evaluate
