"""How a PartiQL statement falls into tokens."""

import re
from dataclasses import dataclass
from typing import NoReturn

from homeport.aws.services.dynamodb.errors import ValidationException

_TOKEN = re.compile(
    r"(?P<space>\s+|--[^\n]*|/\*.*?\*/)"
    r"|(?P<string>'(?:[^']|'')*')"
    r'|(?P<quoted>"(?:[^"]|"")*")'
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)"
    r"|(?P<sign><<|>>|<>|!=|<=|>=|[=<>()\[\]{},.:;?+\-*])"
    r"|(?P<other>.)",
    re.DOTALL,
)
_MALFORMED = "Statement wasn't well formed, can't be processed: "


class NotWellFormed(ValidationException):
    """A statement that is none."""

    def __init__(self, problem: str) -> None:
        super().__init__(_MALFORMED + problem)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a statement; `start` counts from 0."""

    kind: str
    text: str
    start: int

    @property
    def value(self) -> str:
        """What a string or a quoted name means."""
        quote = self.text[0]
        return self.text[1:-1].replace(quote * 2, quote) if self.kind in {"string", "quoted"} else self.text


class Tokens:
    """The tokens of one statement, read from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [
            Token(match.lastgroup or "", match.group(), match.start())
            for match in _TOKEN.finditer(text)
            if match.lastgroup != "space"
        ]
        self._tokens.append(Token("end", "", len(text)))
        self._position = 0
        self.parameters = 0

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

    def skip(self, sign: str) -> bool:
        """Leave the next token behind if it is this sign."""
        found = self.is_sign(sign)
        if found:
            self.take()
        return found

    def expect(self, sign: str, name: str) -> None:
        """Leave this sign behind.

        Raises:
            NotWellFormed: something else comes next.
        """
        if not self.skip(sign):
            self.refuse(f"Expected {name}")

    def is_word(self, *words: str) -> bool:
        """Whether the next token is one of these keywords, in whatever case."""
        token = self.peek()
        return token.kind == "word" and token.text.upper() in words

    def skip_word(self, *words: str) -> bool:
        """Leave these keywords behind if they come next."""
        for index, word in enumerate(words):
            token = self.peek(index)
            if token.kind != "word" or token.text.upper() != word:
                return False
        for _ in words:
            self.take()
        return True

    def expect_word(self, word: str) -> None:
        """Leave this keyword behind.

        Raises:
            NotWellFormed: something else comes next.
        """
        if not self.skip_word(word):
            self.refuse(f"Expected {word}")

    def refuse(self, problem: str) -> NoReturn:
        """Say what is wrong with the statement."""
        raise NotWellFormed(problem)

    def place(self, token: Token) -> str:
        """Where a token stands, as messages tell it: line, column, length."""
        before = self._text[: token.start]
        line = before.count("\n") + 1
        column = token.start - (before.rfind("\n") + 1) + 1
        return f"{line}:{column}:{len(token.text)}"
