"""Pages of listings: their size, and the tokens that the next one begins with."""

import base64
import binascii

from homeport.aws.services.sqs.errors import InvalidParameter, InvalidParameterValue

MAX_PAGE = 1000
_MOST_DIGITS = 18


def page_size(given: int | None) -> int:
    """How many results a page has at most.

    Raises:
        InvalidParameter: fewer than 1 or more than 1,000 are asked for.
    """
    if given is None:
        return MAX_PAGE
    if not 1 <= given <= MAX_PAGE:
        raise InvalidParameter("MaxResults", given, "MaxResults must be an integer between 1 and 1000.")
    return given


def write_token(last: str) -> str:
    """The token of the page behind the one that ends with `last`."""
    return base64.urlsafe_b64encode(last.encode()).decode()


def read_token(token: str | None) -> str:
    """What the last page ended with; empty for the first page.

    Raises:
        InvalidParameterValue: nobody has given out such a token.
    """
    if not token:
        return ""
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidParameterValue("Invalid or expired next token.") from error


def read_number(token: str | None) -> int:
    """The same for listings by number.

    Raises:
        InvalidParameterValue: nobody has given out such a token.
    """
    text = read_token(token) or "0"
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        raise InvalidParameterValue("Invalid or expired next token.")
    return int(text)
