"""JSON documents as Kubernetes has them: reaching into one without trusting its shape."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
Object: TypeAlias = Mapping[str, Json]
"""A Kubernetes object: `apiVersion`, `kind`, `metadata` and the rest."""


def at(document: Json, *path: str | int) -> Json:
    """What lies at a path; None when the path leads nowhere."""
    for step in path:
        if isinstance(step, int):
            fits = isinstance(document, Sequence) and not isinstance(document, str) and step < len(document)
            document = document[step] if fits else None  # type: ignore[index] # `fits` has looked at it
        else:
            document = document.get(step) if isinstance(document, Mapping) else None
    return document


def text_at(document: Json, *path: str | int) -> str:
    """The text at a path; empty when there is none."""
    found = at(document, *path)
    return found if isinstance(found, str) else ""


def number_at(document: Json, *path: str | int) -> int:
    """The whole number at a path; 0 when there is none."""
    found = at(document, *path)
    return found if isinstance(found, int) else 0


def list_at(document: Json, *path: str | int) -> Sequence[Json]:
    """The list at a path; empty when there is none."""
    found = at(document, *path)
    return found if isinstance(found, Sequence) and not isinstance(found, str) else ()


def map_at(document: Json, *path: str | int) -> Object:
    """The map at a path; empty when there is none."""
    found = at(document, *path)
    return found if isinstance(found, Mapping) else {}


def kind_of(document: Object) -> str:
    """Its kind."""
    return text_at(document, "kind")


def name_of(document: Object) -> str:
    """Its name within its kind and namespace."""
    return text_at(document, "metadata", "name")


def namespace_of(document: Object) -> str:
    """Its namespace; empty for what belongs to the whole cluster."""
    return text_at(document, "metadata", "namespace")


def describe(document: Object) -> str:
    """`Kind namespace/name`, as messages name an object."""
    place = namespace_of(document)
    return f"{kind_of(document)} {place}/{name_of(document)}" if place else f"{kind_of(document)} {name_of(document)}"
