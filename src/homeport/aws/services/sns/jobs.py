"""What topics do by themselves: replay their archives, and forget what is too old."""

from dataclasses import dataclass

from homeport.aws.services.sns.model.names import TopicKey
from homeport.aws.services.sns.model.subscription import TOKEN_MS
from homeport.aws.services.sns.operations.archive import send_replayed
from homeport.aws.services.sns.room import REPLAY_JOB, Sns
from homeport.aws.services.sns.store import mail, memory, subscriptions, topics
from homeport.aws.services.sns.store.memory import Replay
from homeport.kernel.clock import Millis
from homeport.kernel.jobs import AT_ONCE, WHEN_WOKEN, Next
from homeport.kernel.storage.database import Tx

_PIECE = 500
_DAY_MS = 86_400_000
_ENDED_MS = 3 * _DAY_MS
_MAIL_MS = 14 * _DAY_MS


@dataclass(frozen=True, slots=True)
class Replays:
    """Sends archived messages to the subscriptions that have asked for them."""

    sns: Sns
    name: str = REPLAY_JOB

    async def run_due(self, now: Millis) -> Next:
        """A piece of each replay; one whose end is to come is looked at again then."""
        more = False
        under_way = await self.sns.db.read(memory.replays)
        for replay in under_way:
            more |= await self._send(replay)
        if more:
            return AT_ONCE
        ends = [replay.end for replay in under_way if replay.end is not None and replay.end >= now]
        return Next(Millis(min(ends) + 1)) if ends else WHEN_WOKEN

    async def _send(self, replay: Replay) -> bool:
        def write(tx: Tx) -> bool:
            subscription = subscriptions.by_id(tx, replay.subscription)
            if subscription is None:
                memory.end_replay(tx, replay.subscription)
                return False
            if subscription.pending:
                return False
            return send_replayed(self.sns, tx, replay, subscription)

        return await self.sns.db.write(write)


@dataclass(frozen=True, slots=True)
class Forget:
    """Deletes what is too old: deduplication ids, archived messages, mail; subscriptions ended or never confirmed."""

    sns: Sns
    name: str = "sns-forget"

    async def run_due(self, now: Millis) -> Next:
        """Look once a minute."""
        archiving = await self.sns.db.read(topics.archiving)

        def write(tx: Tx) -> None:
            memory.forget(tx, now)
            mail.forget(tx, Millis(now - _MAIL_MS))
            subscriptions.forget_ended(tx, Millis(now - _ENDED_MS))
            for arn in subscriptions.forget_unconfirmed(tx, Millis(now - TOKEN_MS)):
                self.sns.changed(tx, TopicKey.parse(arn))
            for topic in archiving:
                memory.forget_archived(tx, topic.id, Millis(now - topic.archive_days * _DAY_MS), _PIECE)

        await self.sns.db.write(write)
        return Next.after(now, seconds=60)
