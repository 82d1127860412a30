"""How much is remembered of what expressions have become: as much as programs need, never as much as a client likes."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

T = TypeVar("T")

_SMALL: Final = 512
_LARGE: Final = 16 * 1024
_MANY: Final = 1024
_FEW: Final = 32

Argument = str | tuple[tuple[str, str], ...]
"""An expression's text, its label, or its names and values as pairs."""


def remembered(compile_: Callable[..., T]) -> Callable[..., T]:
    """A function of texts and of pairs of texts, with a cache whose size in bytes is bounded.

    An expression compiles to some sixty times its length. Programs use a handful of short ones again and again, so
    many short ones are remembered, few long ones, and none that is absurdly long.
    """
    short, long = lru_cache(_MANY)(compile_), lru_cache(_FEW)(compile_)

    @wraps(compile_)
    def call(*arguments: Argument) -> T:
        weight = sum(map(_weight, arguments))
        if weight <= _SMALL:
            return short(*arguments)
        return long(*arguments) if weight <= _LARGE else compile_(*arguments)

    return call


def _weight(argument: Argument) -> int:
    if isinstance(argument, str):
        return len(argument)
    return sum(len(key) + len(value) for key, value in argument)
