"""When a message can be received, and how that is counted.

A message lies in a lane of its queue. Only the front lanes are looked at by a receive: of a FIFO queue they hold the
first message of each group, of a standard queue the messages without a group and the next one of each group that does
not crowd the others out; the next ones of groups that do come behind them. Every lane is double: messages that could
be received since they were sent, and messages that wait or have waited for a moment (a delay, a visibility timeout).
Counting what waits is then a matter of the second kind alone: counters say how many were waiting at one moment, and
what has come due since is found by a range of the index.
"""

from dataclasses import dataclass

from homeport.kernel.clock import Millis

FRONT = 0
BEHIND = 2
CROWDED = 4
_WAITED = 1

WAITING_LANES = (FRONT + _WAITED, BEHIND + _WAITED, CROWDED + _WAITED)
RECEIVABLE_LANES = (FRONT, FRONT + _WAITED, CROWDED, CROWDED + _WAITED)

MAX_IN_FLIGHT = 120_000
_CROWDING_SHARE = 10


def lane(kind: int, *, waited: bool) -> int:
    """The lane of a kind (`FRONT`, `BEHIND`, `CROWDED`)."""
    return kind + _WAITED if waited else kind


def kind_of(of_lane: int) -> int:
    """The kind of a lane."""
    return of_lane & ~_WAITED


def moved_to(kind: int, of_lane: int) -> int:
    """The lane of another kind for a message that is in this one."""
    return kind | (of_lane & _WAITED)


def waited(of_lane: int) -> int:
    """The lane of the same kind for messages that wait or have waited."""
    return of_lane | _WAITED


@dataclass(frozen=True, slots=True)
class Counters:
    """How many messages a queue has; how many were delayed and in flight at the moment `as_of`."""

    total: int
    delayed: int
    in_flight: int
    as_of: Millis

    @property
    def visible(self) -> int:
        """How many could be received at that moment; in a FIFO queue also those behind others of their group."""
        return self.total - self.delayed - self.in_flight


def waits(of_lane: int, visible_at: int, as_of: int) -> bool:
    """Whether the counters of that moment have the message among those that wait."""
    return bool(of_lane & _WAITED) and visible_at > as_of


def crowds(in_flight: int, in_flight_of_queue: int) -> bool:
    """Whether a group has so large a share of what is in flight that others go first.

    SQS developer guide, "Amazon SQS fair queues": a group that takes a disproportionate share makes the others wait
    less; AWS does not say how large that is. Here it is more than a tenth.
    """
    return in_flight * _CROWDING_SHARE > in_flight_of_queue
