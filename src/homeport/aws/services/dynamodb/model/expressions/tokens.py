"""How an expression's text falls into tokens, and how DynamoDB names the one that it does not understand."""

import re
from dataclasses import dataclass
from typing import NoReturn

from homeport.aws.services.dynamodb.errors import ValidationException

MAX_BYTES = 4096
MAX_OPERATORS = 300
KEYWORDS = ("AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE")
"""Of all grammars together: in no expression do they name anything."""

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<name>\#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<word>[A-Za-z][A-Za-z0-9_]*)|(?P<number>[0-9]+)|(?P<sign><>|<=|>=|[=<>()\[\],.+\-])|(?P<other>.)",
    re.ASCII | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression, and where it lies in the text."""

    kind: str
    text: str
    start: int
    end: int


class Invalid(ValidationException):
    """An expression that is wrong in itself.

    Args:
        label: which one, as in `ConditionExpression`; empty for what PartiQL says.
    """

    def __init__(self, label: str, problem: str) -> None:
        super().__init__(f"Invalid {label}: {problem}" if label else problem)


class Tokens:
    """The tokens of one expression, read from left to right."""

    def __init__(self, text: str, label: str) -> None:
        if not text.strip():
            raise Invalid(label, "The expression can not be empty;")
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > MAX_BYTES:
            raise Invalid(label, f"Expression size has exceeded the maximum allowed size; expression size: {size}")
        self.label = label
        self.operators = 0
        self._text = text
        self._tokens = [
            Token(match.lastgroup or "", match.group(), match.start(), match.end())
            for match in _TOKEN.finditer(text)
            if match.lastgroup != "space"
        ]
        self._tokens.append(Token("end", "<EOF>", len(text), len(text)))
        self._position = 0

    def peek(self, ahead: int = 0) -> Token:
        """The next token, or one further on."""
        return self._tokens[min(self._position + ahead, len(self._tokens) - 1)]

    def take(self) -> Token:
        """The next token, left behind."""
        token = self.peek()
        self._position = min(self._position + 1, len(self._tokens) - 1)
        return token

    def is_sign(self, *signs: str) -> bool:
        """Whether the next token is one of these signs."""
        token = self.peek()
        return token.kind == "sign" and token.text in signs

    def is_word(self, *words: str) -> bool:
        """Whether the next token is one of these keywords, in whatever case."""
        token = self.peek()
        return token.kind == "word" and token.text.upper() in words

    def skip(self, sign: str) -> bool:
        """Leave the next token behind if it is this sign."""
        found = self.is_sign(sign)
        if found:
            self._position += 1
        return found

    def expect(self, sign: str) -> None:
        """Leave this sign behind.

        Raises:
            Invalid: something else comes next.
        """
        if not self.skip(sign):
            self.refuse()

    def refuse(self) -> NoReturn:
        """Say that the next token is not understood, with its neighbours."""
        token = self.peek()
        before = self._tokens[self._position - 1] if self._position else token
        following = self._tokens[self._position + 1] if token.kind != "end" else token
        near = self._text[before.start : following.end].strip()
        raise Invalid(self.label, f'Syntax error; token: "{token.text}", near: "{near}"')

    def count_operator(self) -> None:
        """Keep the number of operators and functions in bounds.

        Raises:
            Invalid: there are more than 300.
        """
        self.operators += 1
        if self.operators > MAX_OPERATORS:
            raise Invalid(self.label, f"The expression contains too many operators; operator count: {self.operators}")
