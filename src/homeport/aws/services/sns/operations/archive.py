"""Messages of a FIFO topic's archive: kept in a form from which they can be sent again."""

import base64

import orjson

from homeport.aws.services.sns import fanout
from homeport.aws.services.sns.model.envelope import Notification
from homeport.aws.services.sns.model.message import AttributeValue, Publication
from homeport.aws.services.sns.model.subscription import Subscription, parse_replay
from homeport.aws.services.sns.room import REPLAY_JOB, Audience, Sns
from homeport.aws.services.sns.store import memory, topics
from homeport.aws.services.sns.store.memory import Replay
from homeport.kernel.storage.database import Tx

_PIECE = 50


def archived_form(notice: Notification) -> bytes:
    """A message as the archive keeps it."""
    publication = notice.publication
    return orjson.dumps(
        {
            "message_id": notice.message_id,
            "timestamp": notice.timestamp,
            "sequence_number": notice.sequence_number,
            "message": publication.message,
            "subject": publication.subject,
            "attributes": dict(publication.attributes),
            "texts": dict(publication.texts),
            "group": publication.group,
            "deduplication_id": publication.deduplication_id,
        },
        default=lambda blob: {"blob": base64.b64encode(blob).decode()},
    )


def _revived(topic_arn: str, content: bytes) -> Notification:
    found = orjson.loads(content)
    publication = Publication(
        found["message"],
        found["subject"],
        {name: _attribute(value) for name, value in found["attributes"].items()},
        found["texts"],
        found["group"],
        found["deduplication_id"],
    )
    return Notification(
        found["message_id"], topic_arn, found["timestamp"], publication, found["sequence_number"], replayed=True
    )


def _attribute(value: dict[str, object]) -> AttributeValue:
    blob = value.get("BinaryValue")
    if isinstance(blob, dict):
        return {"DataType": str(value["DataType"]), "BinaryValue": base64.b64decode(blob["blob"])}
    return {"DataType": str(value["DataType"]), "StringValue": str(value["StringValue"])}


def begin_replay(sns: Sns, tx: Tx, subscription_id: int, policy: str | None) -> None:
    """Note what a subscription's replay policy asks for; the job sends it."""
    if not policy:
        memory.end_replay(tx, subscription_id)
        return
    start, end = parse_replay(policy)
    memory.begin_replay(tx, Replay(subscription_id, 0, start, end))
    tx.after_commit(lambda: sns.wake_job(REPLAY_JOB))


def listeners(sns: Sns, tx: Tx, audience: Audience) -> tuple[Subscription, ...]:
    """Those who get a message now that a topic with an archive publishes it; a replay brings it to others."""
    held = memory.held_back(tx, audience.topic.id)
    if not held:
        return audience.subscriptions
    tx.after_commit(lambda: sns.wake_job(REPLAY_JOB))
    return tuple(one for one in audience.subscriptions if one.id not in held)


def send_replayed(sns: Sns, tx: Tx, replay: Replay, subscription: Subscription) -> bool:
    """Send the next archived messages; says whether there may be more."""
    topic = topics.by_id(tx, subscription.topic_id)
    found = memory.archived(tx, topic.id, replay, _PIECE) if topic else []
    now = sns.clock.now()
    if topic is None:
        memory.end_replay(tx, subscription.id)
    elif not found and (replay.end is None or replay.end < now):
        memory.complete_replay(tx, subscription.id)
    if topic is None or not found:
        return False
    for _, content in found:
        fanout.fan_out(sns, tx, topic, (subscription,), _revived(topic.arn, content), now)
    last, _ = found[-1]
    memory.begin_replay(tx, Replay(subscription.id, last, replay.start, replay.end))
    return True
