"""Time, passed in: the system's clock and the one that tests wind."""

import time
from datetime import UTC, datetime
from typing import NewType, Protocol

Millis = NewType("Millis", int)
"""Milliseconds since 1970-01-01T00:00:00Z."""

MILLIS_PER_SECOND = 1000


class Clock(Protocol):
    """What time it is, and how much of it has passed."""

    def now(self) -> Millis:
        """The wall clock; may jump when the machine's clock is set."""
        ...

    def monotonic(self) -> float:
        """Seconds from an unknown start, never going back; for durations and deadlines inside one process."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> Millis:
        """The wall clock, in milliseconds since the epoch."""
        return Millis(time.time_ns() // 1_000_000)

    def monotonic(self) -> float:
        """Seconds of the machine's monotonic clock."""
        return time.monotonic()


class FakeClock:
    """A clock that stands still until a test winds it."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now_ms = int(start.timestamp() * MILLIS_PER_SECOND)
        self._monotonic_ms = 0

    def now(self) -> Millis:
        """The time that the test has wound it to."""
        return Millis(self._now_ms)

    def monotonic(self) -> float:
        """Seconds wound since the clock was made."""
        return self._monotonic_ms / MILLIS_PER_SECOND

    def advance(self, *, seconds: float) -> None:
        """Wind the clock forward."""
        step = round(seconds * MILLIS_PER_SECOND)
        self._now_ms += step
        self._monotonic_ms += step


def to_datetime(at: Millis) -> datetime:
    """The same instant as an aware datetime in UTC."""
    return datetime.fromtimestamp(at / MILLIS_PER_SECOND, tz=UTC)


def from_datetime(at: datetime) -> Millis:
    """The same instant in milliseconds; fractions of one are cut off."""
    return Millis(int(at.timestamp() * MILLIS_PER_SECOND))
