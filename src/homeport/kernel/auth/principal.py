"""Who is asking: a user with groups, or nobody in particular."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody whose credentials were right; the empty name is the anonymous caller."""

    name: str
    groups: frozenset[str]


ANONYMOUS = Principal("", frozenset())
"""A caller without credentials."""
