"""Values in PartiQL statements: texts, numbers, lists, tuples, sets, parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model.checking import check_value
from homeport.aws.services.dynamodb.model.expressions.nodes import Constant, Operand, ValueRef
from homeport.aws.services.dynamodb.model.numbers import canonical
from homeport.aws.services.dynamodb.model.partiql.tokens import NotWellFormed, Token, Tokens
from homeport.aws.services.dynamodb.model.values import Value, kind, text_of

_SET_TYPES = {"S": "SS", "N": "NS", "B": "BS"}
_WORDS: Mapping[str, Value] = {"TRUE": {"BOOL": True}, "FALSE": {"BOOL": False}, "NULL": {"NULL": True}}


@dataclass(frozen=True, slots=True)
class Template:
    """A list or a tuple with parameters in it: a value once these are known."""

    parts: "tuple[tuple[str | None, Literal], ...]"
    is_map: bool


Literal = Constant | ValueRef | Template


def starts_literal(tokens: Tokens) -> bool:
    """Whether a value comes next."""
    token = tokens.peek()
    if token.kind in {"string", "number"}:
        return True
    if token.kind == "sign":
        return token.text in {"?", "[", "{", "<<", "-", "+"}
    return token.kind == "word" and token.text.upper() in _WORDS


def parse_literal(tokens: Tokens) -> Literal:
    """A value.

    Raises:
        NotWellFormed: there is none.
    """
    token = tokens.take()
    if token.kind == "string":
        return Constant({"S": token.value})
    if token.kind == "number":
        return Constant({"N": canonical(token.text)})
    if token.kind == "word" and token.text.upper() in _WORDS:
        return Constant(dict(_WORDS[token.text.upper()]))
    parse = _SIGNS.get(token.text) if token.kind == "sign" else None
    if parse is None:
        raise NotWellFormed("Unexpected term")
    return parse(tokens, token)


def _parameter(tokens: Tokens, _token: Token) -> Literal:
    tokens.parameters += 1
    return ValueRef(f":{tokens.parameters - 1}")


def _signed(tokens: Tokens, sign: Token) -> Literal:
    number = tokens.take()
    if number.kind != "number":
        tokens.refuse("Expected a number")
    return Constant({"N": canonical(sign.text + number.text)})


def _list(tokens: Tokens, _token: Token) -> Literal:
    elements: list[Literal] = []
    while not tokens.skip("]"):
        if elements:
            tokens.expect(",", "COMMA")
        elements.append(parse_literal(tokens))
    return _whole(Template(tuple((None, element) for element in elements), is_map=False))


def _tuple(tokens: Tokens, _token: Token) -> Literal:
    fields: dict[str, Literal] = {}
    while not tokens.skip("}"):
        if fields:
            tokens.expect(",", "COMMA")
        name = parse_field_name(tokens)
        if name in fields:
            raise ValidationException(f"Duplicate keys in tuple. Key: {name} under root")
        fields[name] = parse_literal(tokens)
    return _whole(Template(tuple(fields.items()), is_map=True))


def parse_field_name(tokens: Tokens) -> str:
    """A field's name and the colon behind it."""
    token = tokens.take()
    if token.kind not in {"string", "quoted"}:
        tokens.refuse("Expected a string as the name of a field")
    tokens.expect(":", "COLON")
    return token.value


def _bag(tokens: Tokens, _token: Token) -> Literal:
    members: list[Value] = []
    while not tokens.skip(">>"):
        if members:
            tokens.expect(",", "COMMA")
        member = parse_literal(tokens)
        if not isinstance(member, Constant) or kind(member.value) not in {"S", "N"}:
            raise ValidationException(
                "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags"
            )
        members.append(member.value)
    if not members:
        raise ValidationException("Empty bags are not supported")
    types = {kind(member) for member in members}
    if len(types) > 1:
        raise ValidationException(
            "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags"
        )
    bag: Value = {_SET_TYPES[types.pop()]: [text_of(member) for member in members]}
    check_value(bag)
    return Constant(bag)


_SIGNS: Mapping[str, Callable[[Tokens, Token], Literal]] = {
    "?": _parameter,
    "-": _signed,
    "+": _signed,
    "[": _list,
    "{": _tuple,
    "<<": _bag,
}


def _whole(template: Template) -> Literal:
    """A constant, unless a parameter is missing."""
    if any(not isinstance(part, Constant) for _, part in template.parts):
        return template
    return Constant(fill(template, {}))


def fill(literal: Literal, values: Mapping[str, Value]) -> Value:
    """The value that a literal is, with the parameters put in."""
    if isinstance(literal, Constant):
        return literal.value
    if isinstance(literal, ValueRef):
        return values[literal.name]
    if literal.is_map:
        return {"M": {cast("str", name): fill(part, values) for name, part in literal.parts}}
    return {"L": [fill(part, values) for _, part in literal.parts]}


def as_operand(tokens: Tokens, literal: Literal) -> Operand:
    """A value where an expression stands: parameters inside of lists and tuples are not possible there."""
    if isinstance(literal, Template):
        tokens.refuse("Parameters inside of a collection are only supported in INSERT")
    return literal
