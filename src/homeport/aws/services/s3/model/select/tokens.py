"""S3 Select's SQL as words: keywords, names, numbers, strings, signs."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from homeport.aws.services.s3.errors import SelectError

Kind = Literal["name", "quoted", "number", "string", "sign", "end"]
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)"
    r"|(?P<string>'(?:[^']|'')*')"
    r'|(?P<quoted>"(?:[^"]|"")*"|`[^`]*`)'
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign><>|!=|<=|>=|\|\||[-+*/%(),.=<>\[\]]))"
)
LONGEST_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Token:
    """One word.

    Attributes:
        text: without quotes; a name keeps its case.
    """

    kind: Kind
    text: str

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords."""
        return self.kind == "name" and self.text.upper() in words

    def is_sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind == "sign" and self.text in signs


END: Final = Token("end", "")


def tokenize(text: str) -> list[Token]:
    """All words of a query.

    Raises:
        SelectError: something is no word, or it is too long.
    """
    if len(text.encode()) > LONGEST_BYTES:
        raise SelectError(
            "ExpressionTooLong",
            "The SQL expression is too long: The maximum byte-length for an SQL expression is 256 KB.",
        )
    tokens: list[Token] = []
    position = 0
    stripped = text.rstrip().rstrip(";").rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None or match.lastgroup is None:
            raise SelectError(
                "LexerInvalidChar", f"Invalid character at position {position + 1} in the SQL expression."
            )
        tokens.append(_token(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


def _token(kind: str, text: str) -> Token:
    match kind:
        case "string":
            return Token("string", text[1:-1].replace("''", "'"))
        case "quoted":
            return Token("quoted", text[1:-1].replace('""', '"'))
        case "number":
            return Token("number", text)
        case "name":
            return Token("name", text)
    return Token("sign", text)
