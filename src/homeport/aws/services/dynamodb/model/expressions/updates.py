"""The grammar of update expressions."""

from typing import Literal, cast

from homeport.aws.services.dynamodb.model.expressions.nodes import Action, Arithmetic, Operand, Path
from homeport.aws.services.dynamodb.model.expressions.operands import parse_operand, parse_path
from homeport.aws.services.dynamodb.model.expressions.tokens import Tokens

Section = Literal["SET", "REMOVE", "ADD", "DELETE"]
_SECTIONS = ("SET", "REMOVE", "ADD", "DELETE")
LABEL = "UpdateExpression"


def parse_update(text: str) -> tuple[tuple[Action, ...], Section | None]:
    """The clauses of an update, and the first section that is there twice.

    Raises:
        Invalid: its syntax is wrong, or it is too large.
    """
    tokens = Tokens(text, LABEL)
    actions: list[Action] = []
    seen: set[Section] = set()
    repeated: Section | None = None
    while not actions or tokens.peek().kind != "end":
        if not tokens.is_word(*_SECTIONS):
            tokens.refuse()
        section = cast("Section", tokens.take().text.upper())
        repeated = repeated or (section if section in seen else None)
        seen.add(section)
        actions.append(_parse_action(tokens, section))
        while tokens.skip(","):
            actions.append(_parse_action(tokens, section))
    return tuple(actions), repeated


def _parse_action(tokens: Tokens, section: Section) -> Action:
    tokens.count_operator()
    path = parse_path(tokens)
    if section == "REMOVE":
        return Action(section, path, None)
    if section != "SET":
        return Action(section, path, _parse_plain(tokens))
    tokens.expect("=")
    return Action(section, path, _parse_sum(tokens))


def _parse_plain(tokens: Tokens) -> Operand:
    if tokens.peek().kind != "value":
        tokens.refuse()
    return parse_operand(tokens, _parse_sum)


def _parse_sum(tokens: Tokens) -> Operand:
    left = _parse_term(tokens)
    if not tokens.is_sign("+", "-"):
        return left
    operator = cast("Literal['+', '-']", tokens.take().text)
    tokens.count_operator()
    return Arithmetic(operator, left, _parse_term(tokens))


def _parse_term(tokens: Tokens) -> Operand:
    if tokens.skip("("):
        inner = _parse_sum(tokens)
        tokens.expect(")")
        return inner
    return parse_operand(tokens, _parse_sum)


def parse_projection(text: str) -> tuple[Path, ...]:
    """The paths of a projection expression.

    Raises:
        Invalid: its syntax is wrong, or it is too large.
    """
    tokens = Tokens(text, "ProjectionExpression")
    paths = [parse_path(tokens)]
    while tokens.skip(","):
        paths.append(parse_path(tokens))
    if tokens.peek().kind != "end":
        tokens.refuse()
    return tuple(paths)
