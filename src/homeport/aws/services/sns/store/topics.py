"""Rows of topics."""

from collections.abc import Mapping

import orjson

from homeport.aws.services.sns.errors import NotFound
from homeport.aws.services.sns.model.names import TopicKey
from homeport.aws.services.sns.model.topic import Topic
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import Row, as_int, as_text, as_text_or_none

_COLUMNS = "id, account, region, name, attributes, tags, protection"


def find(snapshot: Snapshot, key: TopicKey) -> Topic | None:
    """The topic of that name, or None."""
    row = snapshot.row(
        f"SELECT {_COLUMNS} FROM sns_topic WHERE account = ? AND region = ? AND name = ?",  # noqa: S608 # a constant
        (key.account, key.region, key.name),
    )
    return _topic(row) if row else None


def get(snapshot: Snapshot, key: TopicKey) -> Topic:
    """The topic of that name.

    Raises:
        NotFound: there is none.
    """
    topic = find(snapshot, key)
    if topic is None:
        raise NotFound("Topic")
    return topic


def by_id(snapshot: Snapshot, topic_id: int) -> Topic | None:
    """The topic of that number, or None."""
    row = snapshot.row(f"SELECT {_COLUMNS} FROM sns_topic WHERE id = ?", (topic_id,))  # noqa: S608 # a constant
    return _topic(row) if row else None


def archiving(snapshot: Snapshot) -> list[Topic]:
    """Topics that keep an archive."""
    sql = f"SELECT {_COLUMNS} FROM sns_topic WHERE attributes LIKE '%ArchivePolicy%'"  # noqa: S608 # a constant
    return [topic for row in snapshot.execute(sql) if (topic := _topic(row)).archive_days]


def _topic(row: Row) -> Topic:
    key = TopicKey(as_text(row[1]), as_text(row[2]), as_text(row[3]))
    attributes: dict[str, str] = orjson.loads(as_text(row[4]))
    tags: dict[str, str] = orjson.loads(as_text(row[5]))
    return Topic(as_int(row[0]), key, key.arn, attributes, tags, as_text_or_none(row[6]))


def _json(mapping: Mapping[str, str]) -> str:
    return orjson.dumps(dict(mapping)).decode()


def create(
    tx: Tx, key: TopicKey, attributes: Mapping[str, str], tags: Mapping[str, str], protection: str | None
) -> None:
    """Make a topic; the name is free."""
    tx.execute(
        "INSERT INTO sns_topic (account, region, name, attributes, tags, protection) VALUES (?, ?, ?, ?, ?, ?)",
        (key.account, key.region, key.name, _json(attributes), _json(tags), protection),
    )


def set_attributes(tx: Tx, topic_id: int, attributes: Mapping[str, str]) -> None:
    """Replace all attributes that have been set."""
    tx.execute("UPDATE sns_topic SET attributes = ? WHERE id = ?", (_json(attributes), topic_id))


def set_tags(tx: Tx, topic_id: int, tags: Mapping[str, str]) -> None:
    """Replace all tags."""
    tx.execute("UPDATE sns_topic SET tags = ? WHERE id = ?", (_json(tags), topic_id))


def set_protection(tx: Tx, topic_id: int, policy: str | None) -> None:
    """Replace the data protection policy."""
    tx.execute("UPDATE sns_topic SET protection = ? WHERE id = ?", (policy, topic_id))


def next_place(tx: Tx, topic_id: int) -> int | None:
    """Count one more message of a FIFO topic, and return its place; None if the topic is gone."""
    place = tx.value("UPDATE sns_topic SET place = place + 1 WHERE id = ? RETURNING place", (topic_id,))
    return None if place is None else as_int(place)


def page(snapshot: Snapshot, account: str, region: str, *, after: str, limit: int) -> list[str]:
    """Names of topics in their order, from behind `after` on."""
    rows = snapshot.execute(
        "SELECT name FROM sns_topic WHERE account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?",
        (account, region, after, limit),
    )
    return [as_text(name) for (name,) in rows]


def delete(tx: Tx, topic: Topic, now: Millis) -> None:
    """Delete a topic; its subscriptions have nothing to get any more, and those ended before are nobody's."""
    tx.execute("DELETE FROM sns_subscription WHERE topic = ? AND ended_ms IS NOT NULL", (topic.id,))
    tx.execute("UPDATE sns_subscription SET topic = NULL, ended_ms = ? WHERE topic = ?", (now, topic.id))
    for sql in (
        "DELETE FROM sns_topic WHERE id = ?",
        "DELETE FROM sns_deduplication WHERE topic = ?",
        "DELETE FROM sns_archive WHERE topic = ?",
    ):
        tx.execute(sql, (topic.id,))


def counts(snapshot: Snapshot, topic_id: int) -> tuple[int, int, int]:
    """Subscriptions confirmed, pending and deleted."""
    row = snapshot.row(
        "SELECT coalesce(sum(pending = 0), 0), coalesce(sum(pending), 0) FROM sns_subscription"
        " WHERE topic = ? AND ended_ms IS NULL",
        (topic_id,),
    )
    ended = snapshot.value("SELECT ended_subscriptions FROM sns_topic WHERE id = ?", (topic_id,))
    return (as_int(row[0]), as_int(row[1]), as_int(ended)) if row else (0, 0, 0)
