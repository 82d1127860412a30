"""The grammar of statements: SELECT, INSERT, UPDATE, DELETE, EXISTS."""

from typing import Final, cast

from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model.expressions.nodes import (
    Action,
    Call,
    Condition,
    Constant,
    Operand,
    Path,
    ValueRef,
)
from homeport.aws.services.dynamodb.model.expressions.remembering import remembered
from homeport.aws.services.dynamodb.model.partiql.conditions import Conditions, parse_assigned, parse_path
from homeport.aws.services.dynamodb.model.partiql.literals import Literal, parse_field_name, parse_literal
from homeport.aws.services.dynamodb.model.partiql.statements import (
    Delete,
    Exists,
    Insert,
    Prepared,
    Returning,
    Select,
    Statement,
    Update,
)
from homeport.aws.services.dynamodb.model.partiql.tokens import NotWellFormed, Token, Tokens
from homeport.aws.services.dynamodb.model.values import SETS, kind

_SET_FUNCTIONS: Final = {"set_add": "ADD", "set_delete": "DELETE"}
_SET_ARGUMENTS: Final = 2
_SECOND_STATEMENT: Final = "Unexpected token after semicolon. (Only one query is allowed.)"


@remembered
def prepare(text: str) -> Prepared:
    """A statement, parsed.

    Raises:
        ValidationException: it is not well formed, or asks for what DynamoDB cannot do.
    """
    tokens = Tokens(text)
    statement = _parse(tokens)
    ended = tokens.skip(";")
    if tokens.peek().kind != "end":
        tokens.refuse(_SECOND_STATEMENT if ended else "Unexpected token after expression")
    return Prepared(statement, tokens.parameters)


def _parse(tokens: Tokens) -> Statement:
    if tokens.skip_word("SELECT"):
        return _select(tokens)
    if tokens.skip_word("INSERT"):
        return _insert(tokens)
    if tokens.skip_word("UPDATE"):
        return _update(tokens)
    if tokens.skip_word("DELETE"):
        return _delete(tokens)
    if tokens.skip_word("EXISTS"):
        return _exists(tokens)
    raise NotWellFormed("Expected data manipulation")


def _source(tokens: Tokens) -> tuple[str, str | None]:
    """A table, and perhaps an index of it."""
    parts = []
    while True:
        token = tokens.take()
        if token.kind not in {"word", "quoted"}:
            tokens.refuse("Expected identifier for simple name")
        if not token.value:
            raise ValidationException("Path component cannot be an empty string")
        parts.append(token.value)
        if not tokens.skip("."):
            break
    if len(parts) > 2:  # noqa: PLR2004 # a table and an index
        raise ValidationException("A path may contain at most 2 components in the FROM clause")
    return parts[0], parts[1] if len(parts) > 1 else None


def _table(tokens: Tokens) -> str:
    name, index = _source(tokens)
    if index is not None:
        raise ValidationException("This operation is not supported on an index")
    return name


def _where(tokens: Tokens) -> Condition | None:
    return Conditions(tokens).parse() if tokens.skip_word("WHERE") else None


def _select(tokens: Tokens) -> Select:
    paths: list[Path] = []
    if not tokens.skip("*"):
        paths.append(_projected(tokens))
        while tokens.skip(","):
            paths.append(_projected(tokens))
    tokens.expect_word("FROM")
    table, index = _source(tokens)
    if tokens.skip(","):
        raise ValidationException("Only select from a single table or index is supported.")
    where = _where(tokens)
    return Select(table, index, tuple(paths), where, _order(tokens))


def _projected(tokens: Tokens) -> Path:
    token, following = tokens.peek(), tokens.peek(1)
    if token.kind == "word" and following.kind == "sign" and following.text == "(":
        raise ValidationException(f"Unexpected path component at {tokens.place(token)}")
    return parse_path(tokens)


def _order(tokens: Tokens) -> tuple[tuple[str, bool], ...]:
    if not tokens.skip_word("ORDER", "BY"):
        return ()
    order: list[tuple[str, bool]] = []
    while not order or tokens.skip(","):
        path = parse_path(tokens)
        descending = tokens.skip_word("DESC")
        if not descending:
            tokens.skip_word("ASC")
        order.append((str(path.parts[0]), descending))
    return tuple(order)


def _insert(tokens: Tokens) -> Insert:
    tokens.expect_word("INTO")
    table = _table(tokens)
    if tokens.is_word("VALUES"):
        raise ValidationException(
            "Unsupported operation: Inserting multiple items in a single statement is not supported, use "
            '"INSERT INTO tableName VALUE item" instead'
        )
    tokens.expect_word("VALUE")
    if not tokens.skip("{"):
        raise ValidationException(
            "Unsupported format in item expression. Please use struct format {...} to express item values for insert "
            "statement."
        )
    attributes: dict[str, Literal] = {}
    while not tokens.skip("}"):
        if attributes:
            tokens.expect(",", "COMMA")
        name = parse_field_name(tokens)
        if name in attributes:
            raise ValidationException(f"Duplicate keys in tuple. Key: {name} under root")
        attributes[name] = _field(tokens)
    if tokens.is_word("RETURNING"):
        raise ValidationException("RETURNING is not supported in INSERT")
    return Insert(table, tuple(attributes.items()), tokens.skip_word("ON", "CONFLICT", "DO", "NOTHING"))


def _field(tokens: Tokens) -> Literal:
    token, following = tokens.peek(), tokens.peek(1)
    if token.kind == "word" and following.kind == "sign" and following.text == "(":
        raise ValidationException(
            f"Unsupported data type: {token.text.lower()} under key root at {tokens.place(token)}"
        )
    return parse_literal(tokens)


def _update(tokens: Tokens) -> Update:
    table = _table(tokens)
    actions: list[Action] = []
    while tokens.is_word("SET", "REMOVE"):
        section = tokens.take().text.upper()
        actions.append(_assignment(tokens) if section == "SET" else Action("REMOVE", parse_path(tokens), None))
        while tokens.skip(","):
            actions.append(_assignment(tokens) if section == "SET" else Action("REMOVE", parse_path(tokens), None))
    if not actions:
        tokens.refuse("Expected SET or REMOVE")
    where = _where(tokens)
    return Update(table, tuple(actions), where, _returning(tokens))


def _assignment(tokens: Tokens) -> Action:
    path = parse_path(tokens)
    tokens.expect("=", "EQ")
    operand, first = parse_assigned(tokens)
    if isinstance(operand, Call) and operand.function in _SET_FUNCTIONS:
        return _set_operation(tokens, path, operand, first)
    return Action("SET", path, operand)


def _set_operation(tokens: Tokens, path: Path, call: Call, first: Token) -> Action:
    """`s = set_add(s, <<...>>)` is what an update expression calls `ADD s :set`."""
    name = call.function.upper()
    if len(call.arguments) != _SET_ARGUMENTS:
        raise ValidationException(f"{name} must have exactly two arguments at {tokens.place(first)}")
    if call.arguments[0] != path:
        raise ValidationException(
            f"The first argument to {name} must equal the assignment value at {tokens.place(first)}"
        )
    if not _is_set(call.arguments[1]):
        raise ValidationException(f"The second argument to {name} must be a value with type SET")
    section = _SET_FUNCTIONS[call.function]
    return Action("ADD" if section == "ADD" else "DELETE", path, call.arguments[1])


def _is_set(operand: Operand) -> bool:
    return isinstance(operand, ValueRef) or (isinstance(operand, Constant) and kind(operand.value) in SETS)


def _delete(tokens: Tokens) -> Delete:
    tokens.expect_word("FROM")
    table = _table(tokens)
    where = _where(tokens)
    returning = _returning(tokens)
    if returning not in {None, "ALL OLD"}:
        raise ValidationException(
            f"Invalid returning clause: RETURNING {returning} *. Only RETURNING ALL OLD * is allowed in DELETE "
            "statements."
        )
    return Delete(table, where, returning)


def _returning(tokens: Tokens) -> Returning | None:
    if not tokens.skip_word("RETURNING"):
        return None
    if not tokens.is_word("ALL", "MODIFIED"):
        tokens.refuse("Expected ALL or MODIFIED")
    which = tokens.take().text.upper()
    if not tokens.is_word("OLD", "NEW"):
        tokens.refuse("Expected OLD or NEW")
    when = tokens.take().text.upper()
    if not tokens.skip("*"):
        raise ValidationException("Expected '*' after ( MODIFIED | ALL ) ( NEW | OLD ) in RETURNING clause")
    return cast("Returning", f"{which} {when}")


def _exists(tokens: Tokens) -> Exists:
    tokens.expect("(", "LEFT_PAREN")
    tokens.expect_word("SELECT")
    select = _select(tokens)
    tokens.expect(")", "RIGHT_PAREN")
    return Exists(select)
