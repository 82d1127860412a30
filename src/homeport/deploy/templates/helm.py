"""A template -> the text of a Helm template: every value as JSON, so that types and quotes survive."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

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

_STEP = "  "
_plain_key = re.compile(r"[a-zA-Z][a-zA-Z0-9./-]*").fullmatch


def helm_template(documents: Sequence[Document]) -> str:
    """One file of a chart."""
    return "".join(f"{line}\n" for document in documents for line in _document(document))


def _document(document: Document) -> Iterator[str]:
    body = ["---", *_map(document.body, "")]
    yield from _guarded(document.condition, body) if document.condition is not None else body


def _guarded(condition: Condition, lines: Sequence[str]) -> Iterator[str]:
    yield f"{{{{- if {_condition(condition)} }}}}"
    yield from lines
    yield "{{- end }}"


def _map(entries: Mapping[str, Node], indent: str) -> Iterator[str]:
    for key, node in entries.items():
        if isinstance(node, If):
            yield from _guarded(node.condition, list(_entry(key, node.node, indent)))
        else:
            yield from _entry(key, node, indent)


def _entry(key: str, node: Node, indent: str) -> Iterator[str]:
    label = f"{indent}{key if _plain_key(key) else _scalar(key)}:"
    if _is_block(node):
        yield label
        yield from _block(node, indent + _STEP)
    else:
        yield f"{label} {_inline(node)}"


def _list(items: Sequence[Node], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, If):
            yield from _guarded(item.condition, list(_item(item.node, indent)))
        else:
            yield from _item(item, indent)


def _item(node: Node, indent: str) -> Iterator[str]:
    if not _is_block(node):
        yield f"{indent}- {_inline(node)}"
        return
    yield f"{indent}-"
    yield from _block(node, indent + _STEP)


def _block(node: Node, indent: str) -> Iterator[str]:
    if isinstance(node, Mapping):
        yield from _map(node, indent)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        yield from _list(node, indent)


def _is_block(node: Node) -> bool:
    return isinstance(node, Mapping | Sequence) and not isinstance(node, str) and len(node) > 0


def _inline(node: Node) -> str:
    match node:
        case bool() | int() | str():
            return _scalar(node)
        case Ref() | Join() | Either() | Sha256() | When():
            return f"{{{{ {_expression(node)} | toJson }}}}"
        case _:
            return json.dumps(node)  # an empty map or list


def _scalar(value: str | int | bool) -> str:  # noqa: FBT001 # a YAML scalar is one of these
    text = json.dumps(value, ensure_ascii=False)
    # Prometheus and Grafana have templates of their own in braces like Helm's.
    return f"{{{{ {_quoted(str(value))} | toJson }}}}" if "{{" in text else text


def _expression(text: Text) -> str:
    """A Go template expression in brackets where it needs them."""
    match text:
        case str():
            return _quoted(text)
        case Ref(path):
            return f".Values.{path}"
        case Join(parts):
            return _printf(list(_flat(parts)))
        case Either(first, otherwise):
            return f"(default {_expression(otherwise)} {_expression(first)})"
        case Sha256(of):
            return f"(sha256sum {_expression(of)})"
        case When(condition, then, otherwise):
            return f"(ternary {_expression(then)} {_expression(otherwise)} {_truth(condition)})"


def _flat(parts: Sequence[Text]) -> Iterator[Text]:
    for part in parts:
        if isinstance(part, Join):
            yield from _flat(part.parts)
        else:
            yield part


def _printf(parts: Sequence[Text]) -> str:
    form = "".join(part.replace("%", "%%") if isinstance(part, str) else "%s" for part in parts)
    filled = " ".join(_expression(part) for part in parts if not isinstance(part, str))
    return f"(printf {_quoted(form)} {filled})" if filled else _quoted(form.replace("%%", "%"))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _condition(condition: Condition) -> str:
    match condition:
        case Given(path):
            return f".Values.{path.path}"
        case Is(path, text):
            return f"(eq .Values.{path.path} {_quoted(text)})"
        case Not(of):
            return f"(not {_condition(of)})"
        case All(of):
            return f"(and {' '.join(_condition(each) for each in of)})"
        case AnyOf(of):
            return f"(or {' '.join(_condition(each) for each in of)})"


def _truth(condition: Condition) -> str:
    """`ternary` wants a boolean, and `and` gives its last operand."""
    return f"(not (not {_condition(condition)}))"
