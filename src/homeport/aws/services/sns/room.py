"""What every operation of SNS works with: the database, the road to other services, the topics it has seen."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from homeport.aws.delivery import Deliveries
from homeport.aws.services.sns.errors import NotFound
from homeport.aws.services.sns.model.names import TopicKey
from homeport.aws.services.sns.model.subscription import Subscription
from homeport.aws.services.sns.model.topic import Topic
from homeport.aws.services.sns.store import subscriptions, topics
from homeport.kernel.clock import Clock, Millis, to_datetime
from homeport.kernel.ids import Ids
from homeport.kernel.log import Log
from homeport.kernel.storage.database import Database, Snapshot, Tx

if TYPE_CHECKING:
    from homeport.aws.services.sns.signing import Signer

REPLAY_JOB = "sns-replay"


@dataclass(frozen=True, slots=True)
class Audience:
    """A topic and who gets what it publishes."""

    topic: Topic
    subscriptions: tuple[Subscription, ...]


@dataclass(slots=True)
class Sns:
    """The open room.

    Attributes:
        directory: where the signing key lies.
        signed: whether callers are who they say, so that topics can be kept from them.
    """

    db: Database
    clock: Clock
    ids: Ids
    log: Log
    deliveries: Deliveries
    wake_job: Callable[[str], None]
    directory: Path
    signed: bool = False
    _audiences: dict[TopicKey, Audience] = field(default_factory=dict)
    _signer: "Signer | None" = None

    async def audience(self, key: TopicKey) -> Audience:
        """The topic of that name with its subscriptions; may be a turn behind what is being written.

        Raises:
            NotFound: there is no such topic.
        """
        found = self._audiences.get(key)
        if found is None:
            found = await self.db.read(lambda snapshot: self._read(snapshot, key))
            if found is None:
                raise NotFound("Topic")
            self._audiences[key] = found
        return found

    def audience_in(self, tx: Tx, key: TopicKey) -> Audience | None:
        """The same inside a transaction; None if there is no such topic."""
        return self._audiences.get(key) or self._read(tx, key)

    def _read(self, snapshot: Snapshot, key: TopicKey) -> Audience | None:
        topic = topics.find(snapshot, key)
        return Audience(topic, subscriptions.of_topic(snapshot, topic.id)) if topic else None

    def changed(self, tx: Tx, key: TopicKey) -> None:
        """Forget a topic once what this transaction does to it is committed."""
        tx.after_commit(lambda: self._audiences.pop(key, None))

    def forget(self) -> None:
        """Forget every topic."""
        self._audiences.clear()

    @property
    def signer(self) -> "Signer":
        """Who signs; read, or made, when somebody first needs it."""
        if self._signer is None:
            self._signer = _load_signer(self.directory, self.clock)
        return self._signer

    async def prepare_signer(self) -> None:
        """Make the key in a thread, before a transaction needs it."""
        if self._signer is None:
            self._signer = await asyncio.to_thread(_load_signer, self.directory, self.clock)


def _load_signer(directory: Path, clock: Clock) -> "Signer":
    """Import what signs only now: most topics reach queues alone, and cryptography is large."""
    from homeport.aws.services.sns.signing import load_or_make

    return load_or_make(directory, clock)


def timestamp(moment: Millis) -> str:
    """A moment as envelopes have it: ISO 8601 in UTC, with milliseconds."""
    return to_datetime(moment).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment % 1000:03d}Z"
