"""Paths into a record: members by name, list items by index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from homeport.aws.services.s3.model.select.values import MISSING, Record, Value


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: a member's name (exact or in any case), an index, or `*`."""

    name: str = ""
    index: int | None = None
    every: bool = False
    exact: bool = False


def walk(value: Value | Record, steps: Sequence[Step]) -> Value:
    """What a path leads to; MISSING if nothing is there."""
    current: Value | Record = value
    for step in steps:
        if step.index is not None:
            if not isinstance(current, list) or step.index >= len(current):
                return MISSING
            current = current[step.index]
        elif step.every:
            return MISSING
        elif isinstance(current, Mapping):
            current = _member(current, step)
        else:
            return MISSING
    return dict(current) if isinstance(current, Mapping) else current


def _member(value: Record, step: Step) -> Value:
    if step.name in value or step.exact:
        return value.get(step.name, MISSING)
    lower = step.name.lower()
    return next((item for name, item in value.items() if name.lower() == lower), MISSING)
