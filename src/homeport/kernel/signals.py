"""Wake-ups between tasks: who waits for something to happen, and who says that it has.

A signal carries no content and is not kept: it means "look again". Who must not miss one listens first and looks
then, so that what happens in between is heard:

    with signals.listen(topic) as listener:
        while not (found := await look()):
            if not await listener.heard(timeout_seconds=remaining()):
                break
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

MOST_LISTENERS = 10_000


class TooManyListeners(Exception):
    """As many wait already as the server is willing to hold."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} tasks are waiting already")


class Listener:
    """One task's ear on a topic."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = asyncio.Event()

    async def heard(self, *, timeout_seconds: float | None) -> bool:
        """Wait for a signal sent since the last call, or since listening began; False when time is up."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True

    def wake(self) -> bool:
        """Signal; False if one is waiting to be heard already."""
        if self._event.is_set():
            return False
        self._event.set()
        return True


class Signals:
    """Topics, by name, that tasks of one event loop listen on. A topic exists while somebody listens."""

    def __init__(self, *, most_listeners: int = MOST_LISTENERS) -> None:
        self._most = most_listeners
        self._count = 0
        # A dict as an ordered set: who has listened longest is woken first.
        self._topics: dict[str, dict[Listener, None]] = {}

    @property
    def listeners(self) -> int:
        """How many listen now, on all topics."""
        return self._count

    @property
    def topics(self) -> int:
        """How many topics somebody listens on."""
        return len(self._topics)

    def send(self, topic: str, *, most: int | None = None) -> int:
        """Wake those who listen, the longest first, and say how many.

        With `most`, wake no more: for one new message it is enough that one task looks. One that has not yet heard
        an earlier signal is passed over.
        """
        woken = 0
        for listener in tuple(self._topics.get(topic, ())):
            if woken == most:
                break
            woken += listener.wake()
        return woken

    @contextmanager
    def listen(self, topic: str) -> Iterator[Listener]:
        """Hear what is sent on `topic` from now on.

        Raises:
            TooManyListeners: nothing was changed.
        """
        if self._count >= self._most:
            raise TooManyListeners(self._most)
        listener = Listener()
        listening = self._topics.setdefault(topic, {})
        listening[listener] = None
        self._count += 1
        try:
            yield listener
        finally:
            self._count -= 1
            del listening[listener]
            if not listening:
                del self._topics[topic]

    async def wait(self, topic: str, *, timeout_seconds: float | None) -> bool:
        """Wait for the next signal on `topic`; False when time is up.

        Raises:
            TooManyListeners: at once.
        """
        with self.listen(topic) as listener:
            return await listener.heard(timeout_seconds=timeout_seconds)
