"""Pages of listings: a hundred entries, and the tokens that the next one begins with."""

import base64
import binascii

from homeport.aws.services.sns.errors import InvalidParameter

PAGE = 100
_MOST_DIGITS = 18


def write_token(last: str) -> str:
    """The token of the page behind the one that ends with `last`."""
    return base64.urlsafe_b64encode(last.encode()).decode()


def read_token(token: str | None) -> str:
    """What the last page ended with; empty for the first page.

    Raises:
        InvalidParameter: nobody has given out such a token.
    """
    if not token:
        return ""
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidParameter("NextToken") from error


def read_number(token: str | None) -> int:
    """The same for listings by number.

    Raises:
        InvalidParameter: nobody has given out such a token.
    """
    text = read_token(token) or "0"
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        raise InvalidParameter("NextToken")
    return int(text)
