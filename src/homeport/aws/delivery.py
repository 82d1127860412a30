"""Events between services: written with the change that caused them, taken where they go in their order.

A source posts a delivery in the transaction of its change. If nothing waits before it and the target keeps its state
in the same database, the target takes it in that transaction: there is no moment at which one has happened and the
other has not. Otherwise it becomes a row of the outbox, and the Courier brings it: to a stored target in the
transaction that removes the row (so exactly once), to a remote one before the row is removed (so at least once).

Deliveries of one lane keep their order: the head waits for its next attempt, and those behind it wait too.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Tx

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


class Delivery(NamedTuple):
    """Something that happened at a source and is to reach a target.

    Attributes:
        id: no other delivery has it; a remote target recognises a repetition by it.
        via: the service that sends, as in `sns`; its `Source` decides about retries.
        source: ARN of the topic, bucket, function that it comes from.
        target: ARN, or URL, of where it goes.
        payload: in the target service's own words (see its `Target`); bytes as base64.
        created: when it happened.
        account: who sends, for the target's policies: the account of the source.
        lane: what keeps its order; empty is one lane for each source and target.
        attempt: how often it has been tried before.
    """

    id: str
    via: str
    source: str
    target: str
    payload: Mapping[str, Json]
    created: Millis
    account: str = ""
    lane: str = ""
    attempt: int = 0
    context: Mapping[str, Json] = MappingProxyType({})
    """The source's own notes, as the subscription's dead-letter queue; the target does not look at them."""

    @property
    def lane_key(self) -> str:
        """The lane, or what stands for it."""
        return self.lane or f"{self.source} {self.target}"


class DeliveryRefused(Exception):
    """The target will never take it: it is gone, or its policy forbids it. Trying again is pointless.

    Args:
        code: as an AWS error code.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class DeliveryFailed(Exception):
    """The target did not take it this time."""

    def __init__(self, reason: str, *, status: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class StoredTarget(Protocol):
    """A target whose state is in the same database, as a queue."""

    def deliver(self, tx: Tx, delivery: Delivery) -> None:
        """Take it, in this transaction. Looks before it writes: when it raises it has changed nothing.

        Raises:
            DeliveryRefused: it will never take it.
        """
        ...


class RemoteTarget(Protocol):
    """A target outside the database, as an HTTP endpoint or a function."""

    async def send(self, delivery: Delivery) -> None:
        """Bring it there; done when this returns. May see the same id again after a crash.

        Raises:
            DeliveryFailed: not this time.
            DeliveryRefused: never.
        """
        ...


Target = StoredTarget | RemoteTarget


class Source(Protocol):
    """What a sending service says about its own deliveries."""

    def next_attempt_ms(self, delivery: Delivery, failure: DeliveryFailed) -> int | None:
        """How long to wait before the next attempt, in milliseconds; None gives up.

        `delivery.attempt` counts the failures before this one.
        """
        ...

    def delivered(self, tx: Tx, delivery: Delivery) -> None:
        """It has arrived; called in the transaction that says so."""
        ...

    def gave_up(self, tx: Tx, delivery: Delivery, failure: DeliveryFailed | DeliveryRefused) -> None:
        """It will not arrive: keep it elsewhere, as in a dead-letter queue, or let it go. May post other deliveries."""
        ...


class Deliveries(Protocol):
    """What a service's operations use to send."""

    def post(self, tx: Tx, delivery: Delivery) -> None:
        """Hand over a delivery, in the transaction of the change that causes it; never raises for the target's sake."""
        ...
