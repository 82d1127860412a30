"""Passwords that come through a pipe, so that no process list and no shell history has them."""

import sys

from homeport.kernel.errors import OperatorError


class PasswordMissingError(OperatorError):
    """No password came from where it was to come from."""


def password_from_stdin() -> str:
    """The first line of standard input, without its end.

    Raises:
        PasswordMissingError: it is empty, or no text.
    """
    try:
        password = sys.stdin.buffer.readline().decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise PasswordMissingError("the password on standard input is not UTF-8") from error
    if not password:
        raise PasswordMissingError("there is no password on standard input", hint="as in `--password-stdin < FILE`")
    return password
