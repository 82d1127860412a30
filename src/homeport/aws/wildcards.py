"""Patterns with wildcards, matched in time that grows with the text and not with its powers."""

import enum
from collections.abc import Sequence
from functools import lru_cache
from typing import Final


class Wild(enum.Enum):
    """What stands for other characters."""

    MANY = "many"
    """Any text, also none."""
    ONE = "one"
    """Any one character."""


Pattern = tuple[str | Wild, ...]


@lru_cache(maxsize=4096)
def compile_pattern(text: str, many: str = "*", one: str = "?", escape: str = "") -> Pattern:
    """A pattern's characters and wildcards; behind `escape` each character is itself."""
    found: list[str | Wild] = []
    escaped = False
    for character in text:
        if escaped:
            found.append(character)
            escaped = False
        elif escape and character == escape:
            escaped = True
        elif character == many:
            if found[-1:] != [Wild.MANY]:
                found.append(Wild.MANY)
        else:
            found.append(Wild.ONE if character == one else character)
    return tuple(found)


_NONE: Final = -1


def matches(pattern: Pattern, text: str) -> bool:
    """Whether the whole text fits.

    After a wildcard for many the first fit of what follows is as good as any: only the last such wildcard is ever
    tried anew, so that no pattern takes more than length times length.
    """
    place, mark, mark_place = 0, _NONE, 0
    index = 0
    while index < len(text):
        if place < len(pattern) and pattern[place] is Wild.MANY:
            mark, mark_place, place = index, place, place + 1
        elif place < len(pattern) and (pattern[place] is Wild.ONE or pattern[place] == text[index]):
            place, index = place + 1, index + 1
        elif mark != _NONE:
            mark += 1
            place, index = mark_place + 1, mark
        else:
            return False
    return _ends(pattern, place)


def _ends(pattern: Sequence[str | Wild], place: int) -> bool:
    return all(item is Wild.MANY for item in pattern[place:])


def like(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern with `*` and `?`."""
    return matches(compile_pattern(pattern), text)
