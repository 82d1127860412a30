"""Numbers: one text for each, in the order of their values, and the size that AWS counts."""

from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model import numbers

EXACT = Context(prec=400)

digits = st.integers(1, 38).flatmap(lambda count: st.integers(0, 10**count - 1))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Numbers in every way to write them that DynamoDB takes."""
    number, exponent = draw(digits), draw(st.integers(-120, 80))
    sign = draw(st.sampled_from(["", "-", "+"]))
    body = str(number)
    if draw(st.booleans()):
        cut = draw(st.integers(0, len(body)))
        body = f"{body[:cut]}.{body[cut:]}" if cut < len(body) else body
    mark = draw(st.sampled_from(["e", "E", "e+", "E+"])) if exponent >= 0 else draw(st.sampled_from(["e", "E"]))
    return f"{sign}{'0' * draw(st.integers(0, 3))}{body}{mark}{exponent}"


@given(texts())
def test_a_canonical_number_is_the_same_number_and_its_own_canonical_form(text: str) -> None:
    canonical = numbers.canonical(text)

    assert Decimal(canonical) == Decimal(text)
    assert numbers.canonical(canonical) == canonical
    assert "e" not in canonical.lower()


@given(texts(), texts())
def test_numbers_sort_as_their_bytes_do(one: str, two: str) -> None:
    left, right = numbers.canonical(one), numbers.canonical(two)

    by_value = (Decimal(left) > Decimal(right)) - (Decimal(left) < Decimal(right))
    by_bytes = (numbers.ordered(left) > numbers.ordered(right)) - (numbers.ordered(left) < numbers.ordered(right))
    assert by_bytes == by_value
    assert (numbers.compare(left, right) > 0) - (numbers.compare(left, right) < 0) == by_value


@given(st.integers(-(10**18), 10**18), st.integers(0, 9), st.integers(-(10**18), 10**18), st.integers(0, 9))
def test_sums_and_differences_are_exact(one: int, places: int, two: int, other_places: int) -> None:
    left, right = numbers.canonical(f"{one}e-{places}"), numbers.canonical(f"{two}e-{other_places}")

    assert Decimal(numbers.add(left, right)) == EXACT.add(Decimal(left), Decimal(right))
    assert Decimal(numbers.subtract(left, right)) == EXACT.subtract(Decimal(left), Decimal(right))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The parameter cannot be converted to a numeric value"),
        ("b", "The parameter cannot be converted to a numeric value: b"),
        ("1 ", "The parameter cannot be converted to a numeric value: 1 "),
        ("NaN", "The parameter cannot be converted to a numeric value: NaN"),
        ("1" * 39, "Attempting to store more than 38 significant digits in a Number"),
        ("1e126", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ("-1e126", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ("1e-131", "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
        (
            "1e" + "9" * 5000,
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        ),
    ],
)
def test_what_is_no_number_is_refused_in_aws_own_words(text: str, message: str) -> None:
    with pytest.raises(ValidationException) as caught:
        numbers.canonical(text)

    assert caught.value.message == message


def test_exponents_with_leading_zeros_are_read_whole() -> None:
    assert numbers.canonical("1e+0000000000005") == "100000"


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 1), ("1", 2), ("-1", 3), ("10", 2), ("123456", 4), ("3.14159", 5), ("0.001", 2), ("1e125", 2), ("42.12", 3)],
)
def test_a_number_counts_what_aws_was_measured_to_count(text: str, size: int) -> None:
    """Digits on both sides of the point are rounded up to pairs; one byte more, and one for the sign."""
    assert numbers.size_bytes(numbers.canonical(text)) == size
