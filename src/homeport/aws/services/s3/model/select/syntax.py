"""S3 Select's SQL, read into functions of a record: what a query selects, from where, under which condition."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from homeport.aws.services.s3.errors import SelectError
from homeport.aws.services.s3.model.select import functions
from homeport.aws.services.s3.model.select.operators import (
    both,
    calculate,
    comparison,
    concatenate,
    either,
    like,
    negate,
    negation,
)
from homeport.aws.services.s3.model.select.tokens import END, Token, tokenize
from homeport.aws.services.s3.model.select.values import MISSING, Record, Value, absent, cast, compare, truth

Evaluate = Callable[[Record], Value]
AGGREGATES: Final = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX"})
_DEEPEST: Final = 64


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: a member's name (exact or in any case), an index, or `*`."""

    name: str = ""
    index: int | None = None
    every: bool = False
    exact: bool = False


@dataclass(slots=True)
class Aggregate:
    """One aggregate of a query; `slot` is where its result is found."""

    kind: str
    argument: Evaluate | None
    slot: str


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


def _unexpected(token: Token, wanted: str = "") -> SelectError:
    hint = f", expected {wanted}" if wanted else ""
    return SelectError("ParseUnexpectedToken", f"Unexpected token found {token.text or 'end of expression'!r}{hint}.")


class _Parser:
    """A recursive descent over the words."""

    def __init__(self, tokens: Sequence[Token], now_ms: int) -> None:
        self._tokens = tokens
        self._at = 0
        self._now = now_ms
        self._depth = 0
        self._aliases: set[str] = {"s3object"}
        self._found = Query()

    # Words

    def _peek(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else END

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _take_word(self, *words: str) -> bool:
        if self._peek().is_word(*words):
            self._at += 1
            return True
        return False

    def _take_sign(self, sign: str) -> bool:
        if self._peek().is_sign(sign):
            self._at += 1
            return True
        return False

    def _expect_word(self, word: str) -> None:
        if not self._take_word(word):
            raise _unexpected(self._peek(), word)

    def _expect_sign(self, sign: str) -> None:
        if not self._take_sign(sign):
            raise _unexpected(self._peek(), sign)

    # Clauses

    def query(self) -> Query:
        """The whole: the FROM clause is read first, since it names what the columns speak of."""
        self._expect_word("SELECT")
        selected = self._at
        self._skip_to_from()
        self._from()
        behind = self._at
        self._at = selected
        self._select()
        if not self._peek().is_word("FROM"):
            raise _unexpected(self._peek(), "FROM")
        self._at = behind
        if self._take_word("WHERE"):
            self._found.where = self._expression()
        if self._take_word("LIMIT"):
            token = self._next()
            if token.kind != "number" or not token.text.isdecimal():
                raise _unexpected(token, "a number")
            self._found.limit = int(token.text)
        if self._peek() is not END:
            raise _unexpected(self._peek())
        return self._found

    def _skip_to_from(self) -> None:
        depth = 0
        while not (depth == 0 and self._peek().is_word("FROM")):
            token = self._next()
            if token is END:
                raise SelectError("ParseSelectMissingFrom", "The SQL expression has no FROM clause.")
            depth += token.is_sign("(") - token.is_sign(")")

    def _from(self) -> None:
        self._expect_word("FROM")
        token = self._next()
        if not (token.kind in {"name", "quoted"} and token.text.lower() == "s3object"):
            raise SelectError("InvalidTableAlias", "The SQL expression must select from S3Object.")
        self._found.path = self._steps()
        self._take_word("AS")
        follower = self._peek()
        if follower.kind in {"name", "quoted"} and not follower.is_word("WHERE", "LIMIT"):
            self._aliases.add(self._next().text.lower())

    def _select(self) -> None:
        if self._take_sign("*"):
            return
        while True:
            start = self._peek()
            evaluate = self._expression()
            default = start.text if start.kind in {"name", "quoted"} and self._at else ""
            self._found.columns.append(Column(self._column_name(default), evaluate))
            if not self._take_sign(","):
                return

    def _column_name(self, default: str) -> str:
        last = self._tokens[self._at - 1]
        named = (
            default and last.kind in {"name", "quoted"} and not last.is_word("END", "NULL", "TRUE", "FALSE", "MISSING")
        )
        name = last.text if named else f"_{len(self._found.columns) + 1}"
        if self._take_word("AS") or (self._peek().kind in {"name", "quoted"} and not self._peek().is_word("FROM")):
            name = self._next().text
        return name

    # Expressions, from the loosest to the tightest

    def _expression(self) -> Evaluate:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SelectError("ParseUnexpectedToken", "The SQL expression is nested too deeply.")
        left = self._conjunction()
        while self._take_word("OR"):
            left = either(left, self._conjunction())
        self._depth -= 1
        return left

    def _conjunction(self) -> Evaluate:
        left = self._inverse()
        while self._take_word("AND"):
            left = both(left, self._inverse())
        return left

    def _inverse(self) -> Evaluate:
        inversions = 0
        while self._take_word("NOT"):
            inversions += 1
        evaluate = self._comparison()
        return negation(evaluate) if inversions % 2 else evaluate

    def _comparison(self) -> Evaluate:
        left = self._sum()
        token = self._peek()
        if token.is_sign("=", "<>", "!=", "<", "<=", ">", ">="):
            self._at += 1
            return comparison(token.text, left, self._sum())
        if self._take_word("IS"):
            return self._is(left)
        inverted = self._take_word("NOT")
        if self._take_word("LIKE"):
            found = self._like(left)
        elif self._take_word("IN"):
            found = self._in(left)
        elif self._take_word("BETWEEN"):
            low = self._sum()
            self._expect_word("AND")
            found = both(comparison(">=", left, low), comparison("<=", left, self._sum()))
        elif inverted:
            raise _unexpected(self._peek())
        else:
            return left
        return negation(found) if inverted else found

    def _is(self, left: Evaluate) -> Evaluate:
        inverted = self._take_word("NOT")
        if self._take_word("NULL"):
            return lambda record: absent(left(record)) != inverted
        if self._take_word("MISSING"):
            return lambda record: (left(record) is MISSING) != inverted
        for word, wanted in (("TRUE", True), ("FALSE", False)):
            if self._take_word(word):
                return lambda record, wanted=wanted: (truth(left(record)) is wanted) != inverted  # type: ignore[misc] # bound now
        raise _unexpected(self._peek(), "NULL or MISSING")

    def _like(self, left: Evaluate) -> Evaluate:
        pattern = self._sum()
        escape = self._sum() if self._take_word("ESCAPE") else None
        return like(left, pattern, escape)

    def _in(self, left: Evaluate) -> Evaluate:
        self._expect_sign("(")
        choices = self._arguments()

        def found(record: Record) -> Value:
            value = left(record)
            return None if absent(value) else any(compare(value, choice(record)) == 0 for choice in choices)

        return found

    def _sum(self) -> Evaluate:
        left = self._product()
        while self._peek().is_sign("+", "-", "||"):
            sign = self._next().text
            right = self._product()
            left = concatenate(left, right) if sign == "||" else calculate(sign, left, right)
        return left

    def _product(self) -> Evaluate:
        left = self._unary()
        while self._peek().is_sign("*", "/", "%"):
            sign = self._next().text
            left = calculate(sign, left, self._unary())
        return left

    def _unary(self) -> Evaluate:
        negative = False
        while self._peek().is_sign("-", "+"):
            negative ^= self._next().text == "-"
        evaluate = self._primary()
        return negate(evaluate) if negative else evaluate

    def _primary(self) -> Evaluate:
        token = self._next()
        match token.kind:
            case "number":
                value: Value = float(token.text) if set(token.text) & set(".eE") else int(token.text)
                return lambda _record: value
            case "string":
                text = token.text
                return lambda _record: text
            case "sign" if token.text == "(":
                inner = self._expression()
                self._expect_sign(")")
                return inner
            case "quoted":
                return self._path(token)
            case "name":
                return self._named(token)
        raise _unexpected(token)

    def _named(self, token: Token) -> Evaluate:
        word = token.text.upper()
        constants: dict[str, Value] = {"NULL": None, "MISSING": MISSING, "TRUE": True, "FALSE": False}
        if word in constants:
            constant = constants[word]
            return lambda _record: constant
        if word == "CASE":
            return self._case()
        if self._peek().is_sign("("):
            self._at += 1
            return self._call(word)
        return self._path(token)

    def _case(self) -> Evaluate:
        subject = None if self._peek().is_word("WHEN") else self._expression()
        branches: list[tuple[Evaluate, Evaluate]] = []
        while self._take_word("WHEN"):
            condition = self._expression()
            self._expect_word("THEN")
            branches.append((comparison("=", subject, condition) if subject else condition, self._expression()))
        otherwise = self._expression() if self._take_word("ELSE") else None
        self._expect_word("END")

        def choose(record: Record) -> Value:
            for condition, result in branches:
                if truth(condition(record)):
                    return result(record)
            return otherwise(record) if otherwise is not None else None

        return choose

    def _arguments(self) -> list[Evaluate]:
        found: list[Evaluate] = []
        if self._take_sign(")"):
            return found
        while True:
            found.append(self._expression())
            if self._take_sign(")"):
                return found
            self._expect_sign(",")

    def _call(self, name: str) -> Evaluate:
        if name in AGGREGATES:
            return self._aggregate(name)
        special = self._special_call(name)
        return special if special is not None else self._plain_call(name)

    def _special_call(self, name: str) -> Evaluate | None:
        """The functions whose arguments are not all expressions."""
        if name == "TRIM":
            return self._trim()
        match name:
            case "CAST":
                value = self._expression()
                self._expect_word("AS")
                kind = self._next().text.upper()
                if self._take_sign("("):
                    self._arguments()
                self._expect_sign(")")
                return lambda record: cast(value(record), kind)
            case "EXTRACT":
                part = self._next().text
                self._expect_word("FROM")
                moment = self._expression()
                self._expect_sign(")")
                return lambda record: functions.extract(part, moment(record))
            case "DATE_ADD" | "DATE_DIFF":
                part = self._next().text
                self._expect_sign(",")
                arguments = self._checked(name, self._arguments(), 2, 2)
                apply = functions.date_add if name == "DATE_ADD" else functions.date_diff
                return lambda record: apply(part, [argument(record) for argument in arguments])
            case functions.UTCNOW:
                self._expect_sign(")")
                now = functions.now_at(self._now)
                return lambda _record: now
        return None

    def _plain_call(self, name: str) -> Evaluate:
        known = functions.FUNCTIONS.get(name)
        if known is None:
            raise SelectError("UnsupportedFunction", f"Encountered an unsupported SQL function: {name}.")
        arguments = self._substring_arguments() if name == "SUBSTRING" else self._arguments()
        least, most, function = known
        checked = self._checked(name, arguments, least, most)
        return lambda record: function([argument(record) for argument in checked])

    def _substring_arguments(self) -> list[Evaluate]:
        found = [self._expression()]
        while self._take_sign(",") or self._take_word("FROM", "FOR"):
            found.append(self._expression())
        self._expect_sign(")")
        return found

    @staticmethod
    def _checked(name: str, arguments: list[Evaluate], least: int, most: int) -> list[Evaluate]:
        if not least <= len(arguments) <= most:
            raise SelectError(
                "EvaluatorInvalidArguments", f"Incorrect number of arguments in the function call {name}."
            )
        return arguments

    def _trim(self) -> Evaluate:
        side = self._next().text.upper() if self._peek().is_word("LEADING", "TRAILING", "BOTH") else "BOTH"
        first = self._expression() if not self._peek().is_word("FROM") else None
        characters: Evaluate | None = None
        subject = first
        if self._take_word("FROM"):
            characters, subject = first, self._expression()
        self._expect_sign(")")
        if subject is None:
            raise _unexpected(self._peek())
        text_of_subject = subject

        def trim(record: Record) -> Value:
            value = text_of_subject(record)
            if not isinstance(value, str):
                return value
            given = characters(record) if characters is not None else " "
            chars = given if isinstance(given, str) else " "
            if side == "LEADING":
                return value.lstrip(chars)
            return value.rstrip(chars) if side == "TRAILING" else value.strip(chars)

        return trim

    def _aggregate(self, kind: str) -> Evaluate:
        argument: Evaluate | None = None
        if kind == "COUNT" and self._take_sign("*"):
            self._expect_sign(")")
        else:
            argument = self._checked(kind, self._arguments(), 1, 1)[0]
        # No column can have this name: it holds what no name does.
        slot = f"\x00{len(self._found.aggregates)}"
        self._found.aggregates.append(Aggregate(kind, argument, slot))
        return lambda record: record.get(slot, MISSING)

    # Paths

    def _steps(self) -> list[Step]:
        steps: list[Step] = []
        while True:
            if self._take_sign("."):
                token = self._next()
                if token.is_sign("*"):
                    steps.append(Step(every=True))
                elif token.kind in {"name", "quoted"}:
                    steps.append(Step(token.text, exact=token.kind == "quoted"))
                else:
                    raise _unexpected(token, "a name")
            elif self._take_sign("["):
                token = self._next()
                if token.is_sign("*"):
                    steps.append(Step(every=True))
                elif token.kind == "number" and token.text.isdecimal():
                    steps.append(Step(index=int(token.text)))
                elif token.kind == "string":
                    steps.append(Step(token.text, exact=True))
                else:
                    raise _unexpected(token, "an index")
                self._expect_sign("]")
            else:
                return steps

    def _path(self, first: Token) -> Evaluate:
        steps = self._steps()
        if not (first.text.lower() in self._aliases and (steps or first.kind == "name")):
            steps = [Step(first.text, exact=first.kind == "quoted"), *steps]
        if steps == [Step(every=True)] or not steps:
            return dict
        return lambda record: walk(record, steps)


def walk(value: Value | Record, steps: Sequence[Step]) -> Value:
    """What a path leads to; MISSING if nothing is there."""
    current: Value | Record = value
    for step in steps:
        if step.index is not None:
            if not isinstance(current, list) or step.index >= len(current):
                return MISSING
            current = current[step.index]
        elif step.every:
            return MISSING
        elif isinstance(current, Mapping):
            current = _member(current, step)
        else:
            return MISSING
    return dict(current) if isinstance(current, Mapping) else current


def _member(value: Record, step: Step) -> Value:
    if step.name in value or step.exact:
        return value.get(step.name, MISSING)
    lower = step.name.lower()
    return next((item for name, item in value.items() if name.lower() == lower), MISSING)
