"""An access rule as the configuration file writes it; what it means, whoever enforces it knows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Who may do what to which repositories.

    Attributes:
        repositories: glob patterns over repository names.
        users: user names; `*` is everybody signed in, `anonymous` is everybody else, `!name` is not that one.
        groups: names of `registry.groups`.
        actions: of `pull`, `push` and `delete`.
    """

    repositories: tuple[str, ...]
    users: tuple[str, ...]
    groups: tuple[str, ...]
    actions: frozenset[str]
