"""S3 as a sender of events: how often it tries again, and when it gives up."""

from dataclasses import dataclass
from typing import Final

from homeport.aws.delivery import Delivery, DeliveryFailed, DeliveryRefused
from homeport.aws.services.s3.room import S3
from homeport.kernel.storage.database import Tx

_FIRST_PAUSE_MS: Final = 1000
_LONGEST_PAUSE_MS: Final = 300_000
_PATIENCE_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class EventSource:
    """What S3 says about its own deliveries: it has no dead-letter queues, and tries for a day."""

    s3: S3

    def next_attempt_ms(self, delivery: Delivery, failure: DeliveryFailed) -> int | None:
        """Twice as long as before, up to five minutes."""
        del failure
        if self.s3.clock.now() - delivery.created > _PATIENCE_MS:
            return None
        return min(_FIRST_PAUSE_MS << min(delivery.attempt, 16), _LONGEST_PAUSE_MS)

    def delivered(self, tx: Tx, delivery: Delivery) -> None:
        """Nothing is noted."""

    def gave_up(self, tx: Tx, delivery: Delivery, failure: DeliveryFailed | DeliveryRefused) -> None:
        """The event is lost, as at AWS, and the log says so."""

        def tell() -> None:
            self.s3.log.warning("event lost", bucket=delivery.source, target=delivery.target, reason=failure.reason)

        tx.after_commit(tell)
