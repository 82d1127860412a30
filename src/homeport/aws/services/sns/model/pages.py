"""Pages of listings: a hundred entries, and the tokens that the next one begins with."""

from homeport.aws import page_tokens
from homeport.aws.services.sns.errors import InvalidParameter

PAGE = 100


def read_token(token: str | None) -> str:
    """What the last page ended with; empty for the first page.

    Raises:
        InvalidParameter: nobody has given out such a token.
    """
    return page_tokens.read_token(token, _refusal)


def read_number(token: str | None) -> int:
    """The same for listings by number.

    Raises:
        InvalidParameter: nobody has given out such a token.
    """
    return page_tokens.read_number(token, _refusal)


def _refusal() -> InvalidParameter:
    return InvalidParameter("NextToken")
