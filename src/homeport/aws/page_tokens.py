"""The tokens that the pages of listings are continued with: what the last page ended with, in a form of no meaning."""

import base64
import binascii
from collections.abc import Callable

from homeport.aws.errors import AwsError

_MOST_DIGITS = 18


def write_token(last: str) -> str:
    """The token of the page behind the one that ends with `last`."""
    return base64.urlsafe_b64encode(last.encode()).decode()


def read_token(token: str | None, refusal: Callable[[], AwsError]) -> str:
    """What the last page ended with; empty for the first page.

    Raises:
        AwsError: the refusal; nobody has given out such a token.
    """
    if not token:
        return ""
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, ValueError) as error:
        raise refusal() from error


def read_number(token: str | None, refusal: Callable[[], AwsError]) -> int:
    """The same for listings by number, which begin with 0."""
    text = read_token(token, refusal) or "0"
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        raise refusal()
    return int(text)
