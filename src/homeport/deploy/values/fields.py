"""Values between Python's names and the file's: camel case, plain documents, and the schema that Helm checks."""

import dataclasses
import re
import types
from collections.abc import Mapping, Sequence
from typing import Literal, TypeGuard, get_args, get_origin

from homeport.deploy.documents import Json
from homeport.deploy.values.table import ABOUT, PATTERN

_WORD_START = re.compile(r"_([a-z])")


def key_of(attribute: str) -> str:
    """`entry_point` as the file has it: `entryPoint`; `lambda_` is `lambda`."""
    return _WORD_START.sub(lambda found: found[1].upper(), attribute.rstrip("_"))


def is_section(kind: object) -> "TypeGuard[type]":
    """Whether a field holds further fields."""
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)


def fields_of(section: type) -> Mapping[str, "tuple[dataclasses.Field[object], object]"]:
    """Fields and their types by the file's key, in order."""
    return {key_of(each.name): (each, each.type) for each in dataclasses.fields(section)}


def as_document(section: object) -> dict[str, Json]:
    """Values as the file would say them, every key of them."""
    found: dict[str, Json] = {}
    for each in dataclasses.fields(section):  # type: ignore[arg-type] # a section is a dataclass's instance
        held = getattr(section, each.name)
        if is_section(type(held)):
            found[key_of(each.name)] = as_document(held)
        else:
            found[key_of(each.name)] = list(held) if isinstance(held, tuple) else held
    return found


def differing(document: Mapping[str, Json], usual: Mapping[str, Json]) -> dict[str, Json]:
    """What of a document differs from the usual one, as a file would say it."""
    found: dict[str, Json] = {}
    for key, each in document.items():
        before = usual.get(key)
        if isinstance(each, Mapping) and isinstance(before, Mapping) and before:
            if below := differing(each, before):
                found[key] = below
        elif each != before:
            found[key] = each
    return found


def schema_of(section: type) -> dict[str, Json]:
    """JSON Schema (draft 7, as Helm reads it) of a section: unknown keys are refused, forms are checked."""
    properties = {key: _schema(each, kind) for key, (each, kind) in fields_of(section).items()}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _schema(declared: "dataclasses.Field[object]", kind: object) -> dict[str, Json]:
    about = {"description": str(declared.metadata[ABOUT])}
    pattern = str(declared.metadata.get(PATTERN, ""))
    if is_section(kind):
        return {**schema_of(kind), **about}
    if get_origin(kind) is Literal:
        return {"type": "string", "enum": list(get_args(kind)), **about}
    if kind is str:
        return {"type": "string", **({"pattern": pattern} if pattern else {}), **about}
    if kind is bool:
        return {"type": "boolean", **about}
    if get_origin(kind) in {tuple, Sequence}:
        return {"type": "array", "items": {"type": "object"}, **about}
    if get_origin(kind) in {dict, Mapping, types.MappingProxyType}:
        return {"type": "object", **about}
    raise TypeError(f"a value of {kind} has no schema")
