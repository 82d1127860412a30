"""WHERE clauses and the right sides of SET."""

from collections.abc import Callable
from typing import Final, Literal, cast

from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model.expressions.nodes import (
    And,
    Arithmetic,
    Between,
    Call,
    Comparator,
    Comparison,
    Condition,
    Constant,
    Membership,
    Not,
    Operand,
    Or,
    Path,
    ValueRef,
)
from homeport.aws.services.dynamodb.model.partiql.literals import as_operand, parse_literal, starts_literal
from homeport.aws.services.dynamodb.model.partiql.tokens import Token, Tokens

_COMPARATORS: Final = ("=", "<>", "!=", "<", "<=", ">", ">=")
_CONDITION_FUNCTIONS: Final = frozenset(
    {"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"}
)
_UPDATE_FUNCTIONS: Final = frozenset({"if_not_exists", "list_append", "set_add", "set_delete"})
_TYPES: Final = {
    "NULL": "NULL",
    "BOOLEAN": "BOOL",
    "BOOL": "BOOL",
    "BLOB": "B",
    "BINARY": "B",
    "STRING": "S",
    "NUMERIC": "N",
    "NUMBER": "N",
    "STRUCT": "M",
    "TUPLE": "M",
    "LIST": "L",
}
_END_OF_NAME: Final = frozenset(
    {"FROM", "WHERE", "ORDER", "SET", "REMOVE", "RETURNING", "AND", "OR", "NOT", "IN", "IS", "BETWEEN", "VALUE"}
)
_MAX_DEPTH: Final = 100

_Node = Operand | Condition


def parse_path(tokens: Tokens) -> Path:
    """`a.b[1]."c"`."""
    first = tokens.take()
    if first.kind not in {"word", "quoted"} or (first.kind == "word" and first.text.upper() in _END_OF_NAME):
        tokens.refuse("Unexpected path component")
    parts: list[str | int] = [first.value]
    while tokens.is_sign(".", "["):
        if tokens.skip("."):
            token = tokens.take()
            if token.kind not in {"word", "quoted"}:
                tokens.refuse("Invalid path dot component")
            parts.append(token.value)
        else:
            parts.append(_parse_index(tokens))
    return Path(tuple(parts))


def _parse_index(tokens: Tokens) -> int:
    tokens.expect("[", "LEFT_BRACKET")
    negative = tokens.skip("-")
    token = tokens.take()
    if token.kind == "string":
        tokens.refuse("Unexpected path component")
    if token.kind != "number" or not token.text.isdigit():
        tokens.refuse("Unexpected path component")
    index = -int(token.text[:12]) if negative else int(token.text[:12])
    if not 0 <= index < 1 << 31:
        raise ValidationException(
            f"List index is not within the allowable range; index: [{index}] at {tokens.place(token)}"
        )
    tokens.expect("]", "RIGHT_BRACKET")
    return index


class Conditions:
    """Recursive descent over a condition."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._depth = 0

    def parse(self) -> Condition:
        """A whole condition."""
        return self._condition(self._or())

    def _condition(self, node: _Node) -> Condition:
        if isinstance(node, Path | ValueRef | Constant | Arithmetic):
            raise ValidationException("WHERE clause must contain an expression that resolves to a boolean")
        return node

    def _or(self) -> _Node:
        left = self._and()
        while self._tokens.skip_word("OR"):
            left = Or(self._condition(left), self._condition(self._and()))
        return left

    def _and(self) -> _Node:
        left = self._not()
        while self._tokens.skip_word("AND"):
            left = And(self._condition(left), self._condition(self._not()))
        return left

    def _not(self) -> _Node:
        if self._tokens.skip_word("NOT"):
            return Not(self._condition(self._not()))
        return self._comparison()

    def _comparison(self) -> _Node:
        left = self._primary()
        tokens = self._tokens
        if tokens.is_sign(*_COMPARATORS):
            text = tokens.take().text
            operator = cast("Comparator", "<>" if text == "!=" else text)
            return Comparison(operator, self._operand(left), self._operand(self._primary()))
        if tokens.skip_word("BETWEEN"):
            low = self._operand(self._primary())
            tokens.expect_word("AND")
            return Between(self._operand(left), low, self._operand(self._primary()))
        if tokens.skip_word("NOT", "IN"):
            return Not(self._membership(self._operand(left)))
        if tokens.skip_word("IN"):
            return self._membership(self._operand(left))
        if tokens.skip_word("IS"):
            return self._is(self._operand(left))
        return left

    def _operand(self, node: _Node) -> Operand:
        if not isinstance(node, Path | ValueRef | Constant | Arithmetic | Call):
            self._tokens.refuse("Unexpected term")
        return node

    def _membership(self, operand: Operand) -> Membership:
        tokens = self._tokens
        closing = {"[": "]", "(": ")", "<<": ">>"}.get(tokens.peek().text)
        if closing is None:
            raise ValidationException(
                "IN operator must have a left hand argument of type Variable Reference and right hand argument of "
                "type Seq with at least one member"
            )
        tokens.take()
        options = [self._operand(self._primary())]
        while tokens.skip(","):
            options.append(self._operand(self._primary()))
        tokens.expect(closing, "RIGHT_PAREN")
        return Membership(operand, tuple(options))

    def _is(self, operand: Operand) -> Condition:
        negated = self._tokens.skip_word("NOT")
        token = self._tokens.take()
        name = token.text.upper()
        if name == "MISSING":
            condition: Condition = Call("attribute_not_exists", (operand,))
        elif name in _TYPES:
            condition = Call("attribute_type", (operand, Constant({"S": _TYPES[name]})))
        else:
            raise ValidationException(
                f"Unsupported data type for IS operator: {token.text}. Supported data types are "
                "[MISSING, NULL, BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST]"
            )
        return Not(condition) if negated else condition

    def _primary(self) -> _Node:
        tokens = self._tokens
        if tokens.is_sign("("):
            return self._parenthesised()
        if starts_literal(tokens):
            return as_operand(tokens, parse_literal(tokens))
        token, following = tokens.peek(), tokens.peek(1)
        if token.kind == "word" and following.kind == "sign" and following.text == "(":
            return parse_call(tokens, _CONDITION_FUNCTIONS, lambda: self._operand(self._primary()))
        return parse_path(tokens)

    def _parenthesised(self) -> _Node:
        self._tokens.take()
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._tokens.refuse("Nested too deeply")
        node = self._or()
        self._depth -= 1
        self._tokens.expect(")", "RIGHT_PAREN")
        return node


def parse_call(tokens: Tokens, known: frozenset[str], parse_argument: Callable[[], Operand]) -> Call:
    """`function(a, b)`.

    Raises:
        ValidationException: there is no such function there.
    """
    name = tokens.take()
    function = name.text.lower()
    if function not in known:
        raise ValidationException(f"Unrecognized function: {function} at {tokens.place(name)}")
    tokens.expect("(", "LEFT_PAREN")
    arguments: list[Operand] = []
    while not tokens.skip(")"):
        if arguments:
            tokens.expect(",", "COMMA")
        arguments.append(parse_argument())
    return Call(function, tuple(arguments))


def parse_assigned(tokens: Tokens) -> tuple[Operand, Token]:
    """The right side of a SET, and the token with which it begins."""
    first = tokens.peek()
    left = _parse_term(tokens)
    if not tokens.is_sign("+", "-"):
        return left, first
    operator = cast("Literal['+', '-']", tokens.take().text)
    return Arithmetic(operator, left, _parse_term(tokens)), first


def _parse_term(tokens: Tokens) -> Operand:
    if tokens.skip("("):
        inner, _ = parse_assigned(tokens)
        tokens.expect(")", "RIGHT_PAREN")
        return inner
    if starts_literal(tokens):
        return as_operand(tokens, parse_literal(tokens))
    token, following = tokens.peek(), tokens.peek(1)
    if token.kind == "word" and following.kind == "sign" and following.text == "(":
        return parse_call(tokens, _UPDATE_FUNCTIONS, lambda: parse_assigned(tokens)[0])
    return parse_path(tokens)
