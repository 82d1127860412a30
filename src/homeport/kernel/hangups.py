"""Clients that hang up: told to who waits long on their behalf, so that nothing is handed to somebody who is gone.

A connection runs its requests in a task of its own, and lets a handler end by itself when the client is gone: most
are done in a moment, and what they have begun they finish. Only who waits for long asks to be told.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakSet

_gone: WeakSet[asyncio.Task[None]] = WeakSet()
_waiting: dict[asyncio.Task[object] | None, Callable[[], None]] = {}


@contextmanager
def told_of_hang_up(tell: Callable[[], None]) -> Iterator[None]:
    """Have `tell` called, at most once, if the client of the running request hangs up meanwhile or has already."""
    task = asyncio.current_task()
    if task in _gone:
        tell()
    _waiting[task] = tell
    try:
        yield
    finally:
        _waiting.pop(task, None)


def hung_up(task: asyncio.Task[None]) -> None:
    """The client whose requests run in this task is gone."""
    _gone.add(task)
    tell = _waiting.pop(task, None)
    if tell is not None:
        tell()
