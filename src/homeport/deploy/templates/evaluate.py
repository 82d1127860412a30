"""A template and values -> the objects themselves."""

import hashlib
from collections.abc import Mapping, Sequence

from homeport.deploy.documents import Json, at
from homeport.deploy.templates.nodes import (
    All,
    AnyOf,
    Condition,
    Document,
    Either,
    Given,
    If,
    Is,
    Join,
    Node,
    Not,
    Ref,
    Sha256,
    Text,
    When,
)

Values = Mapping[str, Json]


def evaluate(documents: Sequence[Document], values: Values) -> list[tuple[str, Mapping[str, Json]]]:
    """The objects that are there with these values, each with its file's name, in order."""
    return [
        (document.file, {key: _node(node, values) for key, node in document.body.items() if _there(node, values)})
        for document in documents
        if document.condition is None or holds(document.condition, values)
    ]


def _node(node: Node, values: Values) -> Json:
    match node:
        case If():
            return _node(node.node, values)
        case Ref():
            return _look(node, values)
        case Join() | Either() | Sha256() | When():
            return text_of(node, values)
        case str() | bool() | int():
            return node
        case Mapping():
            return {key: _node(each, values) for key, each in node.items() if _there(each, values)}
        case _:
            return [_node(each, values) for each in node if _there(each, values)]


def _there(node: Node, values: Values) -> bool:
    return not isinstance(node, If) or holds(node.condition, values)


def text_of(text: Text, values: Values) -> str:
    """A text with its values filled in."""
    match text:
        case str():
            return text
        case Ref():
            return str(_look(text, values))
        case Join(parts):
            return "".join(text_of(part, values) for part in parts)
        case Either(first, otherwise):
            return text_of(first, values) or text_of(otherwise, values)
        case Sha256(of):
            return hashlib.sha256(text_of(of, values).encode()).hexdigest()
        case When(condition, then, otherwise):
            return text_of(then if holds(condition, values) else otherwise, values)


def holds(condition: Condition, values: Values) -> bool:
    """Whether a condition is met."""
    match condition:
        case Given(path):
            return bool(_look(path, values))
        case Is(path, text):
            return _look(path, values) == text
        case Not(of):
            return not holds(of, values)
        case All(of):
            return all(holds(each, values) for each in of)
        case AnyOf(of):
            return any(holds(each, values) for each in of)


def _look(ref: Ref, values: Values) -> Json:
    return at(values, *ref.path.split("."))
