"""Pages of listings: their size, and the tokens that the next one begins with."""

from homeport.aws import page_tokens
from homeport.aws.services.sqs.errors import InvalidParameter, InvalidParameterValue

MAX_PAGE = 1000


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


def read_token(token: str | None) -> str:
    """What the last page ended with; empty for the first page.

    Raises:
        InvalidParameterValue: nobody has given out such a token.
    """
    return page_tokens.read_token(token, _refusal)


def read_number(token: str | None) -> int:
    """The same for listings by number.

    Raises:
        InvalidParameterValue: nobody has given out such a token.
    """
    return page_tokens.read_number(token, _refusal)


def _refusal() -> InvalidParameterValue:
    return InvalidParameterValue("Invalid or expired next token.")
