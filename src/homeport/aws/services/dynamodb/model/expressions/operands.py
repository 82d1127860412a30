"""The parts that every expression language shares: document paths, placeholders, function calls."""

from collections.abc import Callable

from homeport.aws.services.dynamodb.model.expressions.nodes import Call, NameRef, Operand, Path, ValueRef
from homeport.aws.services.dynamodb.model.expressions.tokens import KEYWORDS, Invalid, Tokens

MAX_PATH_DEPTH = 32
_MAX_INDEX = 2**31 - 1
_INDEX_DIGITS = 10


def parse_path(tokens: Tokens) -> Path:
    """`a.b[1].#c`."""
    parts: list[str | int | NameRef] = [_parse_name(tokens)]
    while tokens.is_sign(".", "["):
        if tokens.skip("."):
            parts.append(_parse_name(tokens))
        else:
            parts.append(_parse_index(tokens))
    if len(parts) > MAX_PATH_DEPTH:
        raise Invalid(tokens.label, f"The document path has too many nesting elements; nesting levels: {len(parts)}")
    return Path(tuple(parts))


def _parse_name(tokens: Tokens) -> str | NameRef:
    token = tokens.peek()
    if token.kind == "name":
        tokens.take()
        return NameRef(token.text)
    if token.kind != "word" or tokens.is_word(*KEYWORDS):
        tokens.refuse()
    return tokens.take().text


def _parse_index(tokens: Tokens) -> int:
    tokens.expect("[")
    if tokens.peek().kind != "number":
        tokens.refuse()
    digits = tokens.take().text
    if len(digits) > _INDEX_DIGITS or int(digits) > _MAX_INDEX:
        raise Invalid(tokens.label, f"List index is not within the allowable range; index: [{digits}]")
    tokens.expect("]")
    return int(digits)


def parse_operand(tokens: Tokens, parse_argument: Callable[[Tokens], Operand]) -> Operand:
    """A path, a placeholder for a value, or a function call."""
    token = tokens.peek()
    if token.kind == "value":
        tokens.take()
        return ValueRef(token.text)
    following = tokens.peek(1)
    if token.kind == "word" and following.text == "(" and following.kind == "sign":
        return parse_call(tokens, parse_argument)
    return parse_path(tokens)


def parse_call(tokens: Tokens, parse_argument: Callable[[Tokens], Operand]) -> Call:
    """`function(a, b)`; which functions there are, and how many operands they take, is checked later."""
    tokens.count_operator()
    function = tokens.take().text
    tokens.expect("(")
    arguments = [parse_argument(tokens)]
    while tokens.skip(","):
        arguments.append(parse_argument(tokens))
    tokens.expect(")")
    return Call(function, tuple(arguments))
