"""RFC 7617, and what hostile clients send instead."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.kernel.auth.basic import Credentials, format_basic, parse_basic

names = st.text(st.characters(exclude_characters=":", exclude_categories=["Cc", "Cs"]), max_size=40)
passwords = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80)


def basic(raw: bytes) -> str:
    return "Basic " + base64.b64encode(raw).decode()


def test_the_example_of_the_rfc_is_read() -> None:
    """RFC 7617, section 2."""
    assert parse_basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == Credentials("Aladdin", "open sesame")


def test_utf_8_is_read() -> None:
    """RFC 7617, section 2.1: user-id `test`, password `123` and the pound sign."""
    assert parse_basic("Basic dGVzdDoxMjPCow==") == Credentials("test", "123£")


@given(names, passwords)
def test_what_is_written_is_read_again(username: str, password: str) -> None:
    credentials = Credentials(username, password)

    assert parse_basic(format_basic(credentials)) == credentials


def test_the_scheme_is_known_in_any_case_and_the_password_may_hold_colons() -> None:
    assert parse_basic("bAsIc " + base64.b64encode(b"a:b:c").decode()) == Credentials("a", "b:c")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic YTpi\n",
        "Basic YTp",
        "Basic YTpi YTpi",
        "Basic ÄÖÜ",
        "Basic \udcff\udcfe",
        "Basic\tYTpi",
        "Bearer YTpi",
        "YTpi",
        basic(b"no colon"),
        basic(b"latin-1:\xe4"),
        basic(b"nul:a\0b"),
        basic(b"nul\0:a"),
        basic(b"line\nfeed:a"),
        basic(b"delete\x7f:a"),
        basic(b"long:" + b"a" * 4000),
    ],
)
def test_anything_else_is_refused_without_an_exception(header: str) -> None:
    assert parse_basic(header) is None


@given(st.text(max_size=60))
def test_no_header_raises(header: str) -> None:
    parse_basic(header)
    parse_basic("Basic " + header)


def test_a_password_is_not_shown() -> None:
    assert "sesame" not in repr(Credentials("Aladdin", "open sesame"))
