"""The grammar of condition, filter and key condition expressions."""

from typing import cast

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
    Parsed,
    Path,
    ValueRef,
)
from homeport.aws.services.dynamodb.model.expressions.operands import parse_operand
from homeport.aws.services.dynamodb.model.expressions.tokens import Invalid, Tokens

_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_MAX_OPTIONS = 100
_MAX_PARENTHESES = 150

_Node = Operand | Condition
_OPERANDS = (Path, ValueRef, Constant, Arithmetic)


def parse_condition(text: str, label: str) -> Parsed:
    """The nodes of an expression; `label` is what DynamoDB calls it in messages, as in `FilterExpression`.

    Raises:
        Invalid: its syntax is wrong, or it is too large.
    """
    parser = _Parser(Tokens(text, label))
    condition = parser.whole()
    return Parsed(condition, parser.redundant)


class _Parser:
    """Recursive descent; what is in parentheses may be a condition or an operand, which only the next token tells."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._depth = 0
        self._wrapped: _Node | None = None
        self.redundant = False

    def whole(self) -> Condition:
        condition = self._as_condition(self._or())
        if self._tokens.peek().kind != "end":
            self._tokens.refuse()
        return condition

    def _as_condition(self, node: _Node) -> Condition:
        if isinstance(node, _OPERANDS):
            self._tokens.refuse()
        return node

    def _as_operand(self, node: _Node) -> Operand:
        if not isinstance(node, (*_OPERANDS, Call)):
            self._tokens.refuse()
        return node

    def _or(self) -> _Node:
        left = self._and()
        while self._tokens.is_word("OR"):
            left = self._as_condition(left)
            self._tokens.take()
            self._tokens.count_operator()
            left = Or(left, self._as_condition(self._and()))
        return left

    def _and(self) -> _Node:
        left = self._not()
        while self._tokens.is_word("AND"):
            left = self._as_condition(left)
            self._tokens.take()
            self._tokens.count_operator()
            left = And(left, self._as_condition(self._not()))
        return left

    def _not(self) -> _Node:
        negations = 0
        while self._tokens.is_word("NOT"):
            self._tokens.take()
            self._tokens.count_operator()
            negations += 1
        node = self._comparison()
        for _ in range(negations):
            node = Not(self._as_condition(node))
        return node

    def _comparison(self) -> _Node:
        left = self._primary()
        tokens = self._tokens
        if tokens.is_sign(*_COMPARATORS):
            operand = self._as_operand(left)
            operator = cast("Comparator", tokens.take().text)
            tokens.count_operator()
            return Comparison(operator, operand, self._operand())
        if tokens.is_word("BETWEEN"):
            return self._between(self._as_operand(left))
        if tokens.is_word("IN"):
            return self._membership(self._as_operand(left))
        return left

    def _between(self, operand: Operand) -> Between:
        self._tokens.take()
        self._tokens.count_operator()
        low = self._operand()
        if not self._tokens.is_word("AND"):
            self._tokens.refuse()
        self._tokens.take()
        return Between(operand, low, self._operand())

    def _membership(self, operand: Operand) -> Membership:
        tokens = self._tokens
        tokens.take()
        tokens.count_operator()
        tokens.expect("(")
        options = [self._operand()]
        while tokens.skip(","):
            options.append(self._operand())
        tokens.expect(")")
        if len(options) > _MAX_OPTIONS:
            raise Invalid(
                tokens.label,
                "Incorrect number of operands for operator or function; "
                f"operator or function: IN, number of operands: {len(options) + 1}",
            )
        return Membership(operand, tuple(options))

    def _primary(self) -> _Node:
        if not self._tokens.is_sign("("):
            return parse_operand(self._tokens, lambda _: self._operand())
        return self._parenthesised()

    def _operand(self) -> Operand:
        return self._as_operand(self._primary())

    def _parenthesised(self) -> _Node:
        self._tokens.expect("(")
        self._depth += 1
        if self._depth > _MAX_PARENTHESES:
            self._tokens.refuse()
        node = self._or()
        self._tokens.expect(")")
        self._depth -= 1
        # Whatever stands beside parentheses makes another node of what they hold.
        self.redundant = self.redundant or node is self._wrapped
        self._wrapped = node
        return node
