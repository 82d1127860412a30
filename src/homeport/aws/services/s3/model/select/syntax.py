"""S3 Select's SQL: what a query selects, from where, under which condition."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from homeport.aws.services.s3.errors import SelectError
from homeport.aws.services.s3.model.select.expressions import Aggregate, Evaluate, Expressions
from homeport.aws.services.s3.model.select.paths import Step
from homeport.aws.services.s3.model.select.tokens import END, Token, tokenize
from homeport.aws.services.s3.model.select.words import unexpected


@dataclass(frozen=True, slots=True)
class Column:
    """One selected value and its name."""

    name: str
    evaluate: Evaluate


@dataclass(slots=True)
class Query:
    """A query.

    Attributes:
        columns: empty for `*`.
        path: from an object's root to its records.
        aggregates: computed over all records; columns find them by their slots.
    """

    columns: list[Column] = field(default_factory=list)
    path: list[Step] = field(default_factory=list)
    where: Evaluate | None = None
    limit: int | None = None
    aggregates: list[Aggregate] = field(default_factory=list)


def parse(text: str, now_ms: int) -> Query:
    """Read a query.

    Raises:
        SelectError: it is none.
    """
    return _Parser(tokenize(text), now_ms).query()


class _Parser(Expressions):
    """The clauses around the expressions."""

    def __init__(self, tokens: Sequence[Token], now_ms: int) -> None:
        super().__init__(tokens, now_ms)
        self._found = Query()

    def query(self) -> Query:
        """The whole: the FROM clause is read first, since it names what the columns speak of."""
        self.expect_word("SELECT")
        selected = self.at
        self._skip_to_from()
        self._from()
        behind = self.at
        self.at = selected
        self._select()
        if not self.peek().is_word("FROM"):
            raise unexpected(self.peek(), "FROM")
        self.at = behind
        if self.take_word("WHERE"):
            self._found.where = self.expression()
        if self.take_word("LIMIT"):
            token = self.next()
            if token.kind != "number" or not token.text.isdecimal():
                raise unexpected(token, "a number")
            self._found.limit = int(token.text)
        if self.peek() is not END:
            raise unexpected(self.peek())
        self._found.aggregates = self.aggregates
        return self._found

    def _skip_to_from(self) -> None:
        depth = 0
        while not (depth == 0 and self.peek().is_word("FROM")):
            token = self.next()
            if token is END:
                raise SelectError("ParseSelectMissingFrom", "The SQL expression has no FROM clause.")
            depth += token.is_sign("(") - token.is_sign(")")

    def _from(self) -> None:
        self.expect_word("FROM")
        token = self.next()
        if not (token.kind in {"name", "quoted"} and token.text.lower() == "s3object"):
            raise SelectError("InvalidTableAlias", "The SQL expression must select from S3Object.")
        self._found.path = self.steps()
        self.take_word("AS")
        follower = self.peek()
        if follower.kind in {"name", "quoted"} and not follower.is_word("WHERE", "LIMIT"):
            self.aliases.add(self.next().text.lower())

    def _select(self) -> None:
        if self.take_sign("*"):
            return
        while True:
            start = self.peek()
            evaluate = self.expression()
            default = start.text if start.kind in {"name", "quoted"} and self.at else ""
            self._found.columns.append(Column(self._column_name(default), evaluate))
            if not self.take_sign(","):
                return

    def _column_name(self, default: str) -> str:
        last = self.tokens[self.at - 1]
        named = (
            default and last.kind in {"name", "quoted"} and not last.is_word("END", "NULL", "TRUE", "FALSE", "MISSING")
        )
        name = last.text if named else f"_{len(self._found.columns) + 1}"
        if self.take_word("AS") or (self.peek().kind in {"name", "quoted"} and not self.peek().is_word("FROM")):
            name = self.next().text
        return name
