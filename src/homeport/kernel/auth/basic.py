"""The Authorization header of HTTP Basic authentication (RFC 7617)."""

import base64
import binascii
from dataclasses import dataclass

MAX_HEADER_CHARS = 4096
"""Longer headers hold no name and password that anybody typed."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A name and a password as a client sent them; the password never shows in a repr."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r}, password=...)"


def parse_basic(authorization: str) -> Credentials | None:
    """The credentials in the value of an Authorization header, or None when they are not Basic or not well-formed.

    Spec: RFC 7617, section 2: the scheme's case does not matter, the first colon divides, UTF-8 throughout. Control
    characters are refused in names; of passwords only NUL, at which bcrypt would start over.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic" or len(authorization) > MAX_HEADER_CHARS:
        return None
    try:
        text = base64.b64decode(token.strip(" "), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    username, colon, password = text.partition(":")
    if not colon or "\0" in password or any(ord(char) < ord(" ") or char == "\x7f" for char in username):
        return None
    return Credentials(username, password)


def format_basic(credentials: Credentials) -> str:
    """The header value that common clients send for these credentials."""
    raw = f"{credentials.username}:{credentials.password}".encode()
    return "Basic " + base64.b64encode(raw).decode("ascii")
