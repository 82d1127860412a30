"""S3 Select's expressions, read into functions of a record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from homeport.aws.services.s3.model.select.paths import Step, walk
from homeport.aws.services.s3.model.select.tokens import Token
from homeport.aws.services.s3.model.select.values import MISSING, Record, Value, absent, cast, compare, truth
from homeport.aws.services.s3.model.select.words import Words, unexpected

Evaluate = Callable[[Record], Value]
AGGREGATES: Final = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX"})
_DEEPEST: Final = 64


@dataclass(slots=True)
class Aggregate:
    """One aggregate of a query; `slot` is where its result is found."""

    kind: str
    argument: Evaluate | None
    slot: str


class Expressions(Words):
    """A recursive descent over the words.

    Attributes:
        aliases: names of the record itself, in lower case.
        aggregates: those that have been met.
    """

    def __init__(self, tokens: Sequence[Token], now_ms: int) -> None:
        super().__init__(tokens)
        self._now = now_ms
        self._depth = 0
        self.aliases: set[str] = {"s3object"}
        self.aggregates: list[Aggregate] = []

    def expression(self) -> Evaluate:
        """A value of a record, from the loosest operator to the tightest."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SelectError("ParseUnexpectedToken", "The SQL expression is nested too deeply.")
        left = self._conjunction()
        while self.take_word("OR"):
            left = either(left, self._conjunction())
        self._depth -= 1
        return left

    def _conjunction(self) -> Evaluate:
        left = self._inverse()
        while self.take_word("AND"):
            left = both(left, self._inverse())
        return left

    def _inverse(self) -> Evaluate:
        inversions = 0
        while self.take_word("NOT"):
            inversions += 1
        evaluate = self._comparison()
        return negation(evaluate) if inversions % 2 else evaluate

    def _comparison(self) -> Evaluate:
        left = self._sum()
        token = self.peek()
        if token.is_sign("=", "<>", "!=", "<", "<=", ">", ">="):
            self.at += 1
            return comparison(token.text, left, self._sum())
        if self.take_word("IS"):
            return self._is(left)
        inverted = self.take_word("NOT")
        if self.take_word("LIKE"):
            found = self._like(left)
        elif self.take_word("IN"):
            found = self._in(left)
        elif self.take_word("BETWEEN"):
            low = self._sum()
            self.expect_word("AND")
            found = both(comparison(">=", left, low), comparison("<=", left, self._sum()))
        elif inverted:
            raise unexpected(self.peek())
        else:
            return left
        return negation(found) if inverted else found

    def _is(self, left: Evaluate) -> Evaluate:
        inverted = self.take_word("NOT")
        if self.take_word("NULL"):
            return lambda record: absent(left(record)) != inverted
        if self.take_word("MISSING"):
            return lambda record: (left(record) is MISSING) != inverted
        for word, wanted in (("TRUE", True), ("FALSE", False)):
            if self.take_word(word):
                return lambda record, wanted=wanted: (truth(left(record)) is wanted) != inverted  # type: ignore[misc] # bound now
        raise unexpected(self.peek(), "NULL or MISSING")

    def _like(self, left: Evaluate) -> Evaluate:
        pattern = self._sum()
        escape = self._sum() if self.take_word("ESCAPE") else None
        return like(left, pattern, escape)

    def _in(self, left: Evaluate) -> Evaluate:
        self.expect_sign("(")
        choices = self._arguments()

        def found(record: Record) -> Value:
            value = left(record)
            return None if absent(value) else any(compare(value, choice(record)) == 0 for choice in choices)

        return found

    def _sum(self) -> Evaluate:
        left = self._product()
        while self.peek().is_sign("+", "-", "||"):
            sign = self.next().text
            right = self._product()
            left = concatenate(left, right) if sign == "||" else calculate(sign, left, right)
        return left

    def _product(self) -> Evaluate:
        left = self._unary()
        while self.peek().is_sign("*", "/", "%"):
            sign = self.next().text
            left = calculate(sign, left, self._unary())
        return left

    def _unary(self) -> Evaluate:
        negative = False
        while self.peek().is_sign("-", "+"):
            negative ^= self.next().text == "-"
        evaluate = self._primary()
        return negate(evaluate) if negative else evaluate

    def _primary(self) -> Evaluate:
        token = self.next()
        match token.kind:
            case "number":
                value: Value = float(token.text) if set(token.text) & set(".eE") else int(token.text)
                return lambda _record: value
            case "string":
                text = token.text
                return lambda _record: text
            case "sign" if token.text == "(":
                inner = self.expression()
                self.expect_sign(")")
                return inner
            case "quoted":
                return self._path(token)
            case "name":
                return self._named(token)
        raise unexpected(token)

    def _named(self, token: Token) -> Evaluate:
        word = token.text.upper()
        constants: dict[str, Value] = {"NULL": None, "MISSING": MISSING, "TRUE": True, "FALSE": False}
        if word in constants:
            constant = constants[word]
            return lambda _record: constant
        if word == "CASE":
            return self._case()
        if self.peek().is_sign("("):
            self.at += 1
            return self._call(word)
        return self._path(token)

    def _case(self) -> Evaluate:
        subject = None if self.peek().is_word("WHEN") else self.expression()
        branches: list[tuple[Evaluate, Evaluate]] = []
        while self.take_word("WHEN"):
            condition = self.expression()
            self.expect_word("THEN")
            branches.append((comparison("=", subject, condition) if subject else condition, self.expression()))
        otherwise = self.expression() if self.take_word("ELSE") else None
        self.expect_word("END")

        def choose(record: Record) -> Value:
            for condition, result in branches:
                if truth(condition(record)):
                    return result(record)
            return otherwise(record) if otherwise is not None else None

        return choose

    def _arguments(self) -> list[Evaluate]:
        found: list[Evaluate] = []
        if self.take_sign(")"):
            return found
        while True:
            found.append(self.expression())
            if self.take_sign(")"):
                return found
            self.expect_sign(",")

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
                value = self.expression()
                self.expect_word("AS")
                kind = self.next().text.upper()
                if self.take_sign("("):
                    self._arguments()
                self.expect_sign(")")
                return lambda record: cast(value(record), kind)
            case "EXTRACT":
                part = self.next().text
                self.expect_word("FROM")
                moment = self.expression()
                self.expect_sign(")")
                return lambda record: functions.extract(part, moment(record))
            case "DATE_ADD" | "DATE_DIFF":
                part = self.next().text
                self.expect_sign(",")
                arguments = self._checked(name, self._arguments(), 2, 2)
                apply = functions.date_add if name == "DATE_ADD" else functions.date_diff
                return lambda record: apply(part, [argument(record) for argument in arguments])
            case functions.UTCNOW:
                self.expect_sign(")")
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
        found = [self.expression()]
        while self.take_sign(",") or self.take_word("FROM", "FOR"):
            found.append(self.expression())
        self.expect_sign(")")
        return found

    @staticmethod
    def _checked(name: str, arguments: list[Evaluate], least: int, most: int) -> list[Evaluate]:
        if not least <= len(arguments) <= most:
            raise SelectError(
                "EvaluatorInvalidArguments", f"Incorrect number of arguments in the function call {name}."
            )
        return arguments

    def _trim(self) -> Evaluate:
        side = self.next().text.upper() if self.peek().is_word("LEADING", "TRAILING", "BOTH") else "BOTH"
        first = self.expression() if not self.peek().is_word("FROM") else None
        characters: Evaluate | None = None
        subject = first
        if self.take_word("FROM"):
            characters, subject = first, self.expression()
        self.expect_sign(")")
        if subject is None:
            raise unexpected(self.peek())
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
        if kind == "COUNT" and self.take_sign("*"):
            self.expect_sign(")")
        else:
            argument = self._checked(kind, self._arguments(), 1, 1)[0]
        # No column can have this name: it holds what no name does.
        slot = f"\x00{len(self.aggregates)}"
        self.aggregates.append(Aggregate(kind, argument, slot))
        return lambda record: record.get(slot, MISSING)

    # Paths

    def steps(self) -> list[Step]:
        """What follows a name: members and indexes."""
        steps: list[Step] = []
        while True:
            if self.take_sign("."):
                token = self.next()
                if token.is_sign("*"):
                    steps.append(Step(every=True))
                elif token.kind in {"name", "quoted"}:
                    steps.append(Step(token.text, exact=token.kind == "quoted"))
                else:
                    raise unexpected(token, "a name")
            elif self.take_sign("["):
                token = self.next()
                if token.is_sign("*"):
                    steps.append(Step(every=True))
                elif token.kind == "number" and token.text.isdecimal():
                    steps.append(Step(index=int(token.text)))
                elif token.kind == "string":
                    steps.append(Step(token.text, exact=True))
                else:
                    raise unexpected(token, "an index")
                self.expect_sign("]")
            else:
                return steps

    def _path(self, first: Token) -> Evaluate:
        steps = self.steps()
        if not (first.text.lower() in self.aliases and (steps or first.kind == "name")):
            steps = [Step(first.text, exact=first.kind == "quoted"), *steps]
        if steps == [Step(every=True)] or not steps:
            return dict
        return lambda record: walk(record, steps)
