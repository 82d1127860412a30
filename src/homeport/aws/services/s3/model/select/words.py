"""A query's words, taken one after the other."""

from collections.abc import Sequence

from homeport.aws.services.s3.errors import SelectError
from homeport.aws.services.s3.model.select.tokens import END, Token


def unexpected(token: Token, wanted: str = "") -> SelectError:
    """The error about a word that cannot stand where it stands."""
    hint = f", expected {wanted}" if wanted else ""
    return SelectError("ParseUnexpectedToken", f"Unexpected token found {token.text or 'end of expression'!r}{hint}.")


class Words:
    """A place in the words of a query."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    def peek(self) -> Token:
        """The next word, left where it is."""
        return self.tokens[self.at] if self.at < len(self.tokens) else END

    def next(self) -> Token:
        """The next word."""
        token = self.peek()
        self.at += 1
        return token

    def take_word(self, *words: str) -> bool:
        """Take one of these keywords, if it is next."""
        if self.peek().is_word(*words):
            self.at += 1
            return True
        return False

    def take_sign(self, sign: str) -> bool:
        """Take this sign, if it is next."""
        if self.peek().is_sign(sign):
            self.at += 1
            return True
        return False

    def expect_word(self, word: str) -> None:
        """Take this keyword; anything else is an error."""
        if not self.take_word(word):
            raise unexpected(self.peek(), word)

    def expect_sign(self, sign: str) -> None:
        """Take this sign; anything else is an error."""
        if not self.take_sign(sign):
            raise unexpected(self.peek(), sign)
