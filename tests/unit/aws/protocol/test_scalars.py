"""Instants, numbers and bytes as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.aws.protocol import scalars
from homeport.aws.protocol.scalars import ValueMalformed
from homeport.kernel.clock import Millis

INSTANTS = st.integers(-62_135_596_800_000, 253_402_300_799_000).map(Millis)


@given(INSTANTS)
def test_instants_come_back_to_the_millisecond(at: Millis) -> None:
    assert scalars.read_timestamp(scalars.write_timestamp(at, "iso8601")) == at
    assert scalars.read_timestamp(scalars.write_timestamp(at, "unixTimestamp")) == at


@given(st.integers(0, 4_000_000_000_000).map(Millis))
def test_http_dates_come_back_to_the_second(at: Millis) -> None:
    assert scalars.read_timestamp(scalars.write_timestamp(at, "rfc822")) == at // 1000 * 1000


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("1985-04-12T23:20:50.52Z", 482196050520),
        ("1985-04-12T23:20:50Z", 482196050000),
        ("1985-04-13T00:20:50+01:00", 482196050000),
        ("1985-04-12", 482112000000),
        ("Fri, 12 Apr 1985 23:20:50 GMT", 482196050000),
        ("482196050", 482196050000),
        ("482196050.052", 482196050052),
        ("-1.5", -1500),
    ],
)
def test_instants_are_read_in_any_form(text: str, millis: int) -> None:
    """Smithy's forms date-time, http-date and epoch-seconds."""
    assert scalars.read_timestamp(text) == millis


@pytest.mark.parametrize("text", ["", "soon", "1985-13-40T00:00:00Z", "1985-04-12T99:00:00Z", "nan", "inf", "1e300"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueMalformed):
        scalars.read_timestamp(text)


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_come_back(number: int) -> None:
    assert scalars.read_integer(str(number)) == number


@pytest.mark.parametrize("text", ["", "x", "1.0", "1e3", "1_000", " 1", "٣", "9223372036854775808", "--1"])
def test_what_is_no_integer_is_refused(text: str) -> None:
    with pytest.raises(ValueMalformed):
        scalars.read_integer(text)


@given(st.floats(allow_nan=False))
def test_numbers_come_back(number: float) -> None:
    assert scalars.read_number(scalars.write_number(number)) == number


@given(st.binary())
def test_bytes_come_back(data: bytes) -> None:
    assert scalars.read_blob(scalars.write_blob(data)) == data


@pytest.mark.parametrize("text", ["a", "a===", "ä", "!!!!"])
def test_what_is_no_base_64_is_refused(text: str) -> None:
    with pytest.raises(ValueMalformed):
        scalars.read_blob(text)
