"""Rows of queues: made, found, changed, deleted; and the shelf that each has for its messages."""

from collections.abc import Iterator, Mapping

import orjson

from homeport.aws.services.sqs.errors import QueueDoesNotExist
from homeport.aws.services.sqs.model.attributes import settings_of
from homeport.aws.services.sqs.model.queue import FIFO_SUFFIX, Queue, QueueKey
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import Row, as_int, as_int_or_none, as_text

_COLUMNS = "id, shelf, account, region, name, attributes, tags, created_ms, modified_ms"


def find(snapshot: Snapshot, key: QueueKey) -> Queue | None:
    """The queue of that name, or None."""
    row = snapshot.row(
        f"SELECT {_COLUMNS} FROM sqs_queue WHERE account = ? AND region = ? AND name = ?",  # noqa: S608 # a constant
        (key.account, key.region, key.name),
    )
    return _queue(row) if row else None


def get(snapshot: Snapshot, key: QueueKey) -> Queue:
    """The queue of that name.

    Raises:
        QueueDoesNotExist: there is none.
    """
    queue = find(snapshot, key)
    if queue is None:
        raise QueueDoesNotExist
    return queue


def by_id(snapshot: Snapshot, queue_id: int) -> Queue | None:
    """The queue of that number, or None."""
    row = snapshot.row(f"SELECT {_COLUMNS} FROM sqs_queue WHERE id = ?", (queue_id,))  # noqa: S608 # a constant
    return _queue(row) if row else None


def every(snapshot: Snapshot) -> Iterator[Queue]:
    """All queues of all accounts."""
    sql = f"SELECT {_COLUMNS} FROM sqs_queue ORDER BY id"  # noqa: S608 # a constant
    return (_queue(row) for row in snapshot.execute(sql))


def _queue(row: Row) -> Queue:
    key = QueueKey(as_text(row[2]), as_text(row[3]), as_text(row[4]))
    attributes: dict[str, str] = orjson.loads(as_text(row[5]))
    tags: dict[str, str] = orjson.loads(as_text(row[6]))
    return Queue(
        id=as_int(row[0]),
        shelf=as_int(row[1]),
        key=key,
        arn=key.arn,
        settings=settings_of(attributes, fifo=key.name.endswith(FIFO_SUFFIX)),
        attributes=attributes,
        tags=tags,
        created=Millis(as_int(row[7])),
        modified=Millis(as_int(row[8])),
    )


def create(tx: Tx, key: QueueKey, attributes: Mapping[str, str], tags: Mapping[str, str], now: Millis) -> Queue:
    """Make a queue; the name is free."""
    tx.execute("DELETE FROM sqs_deleted WHERE account = ? AND region = ? AND name = ?", _name(key))
    queue_id = as_int(
        tx.value(
            "INSERT INTO sqs_queue (shelf, account, region, name, attributes, tags, created_ms, modified_ms)"
            " VALUES (0, ?, ?, ?, '{}', ?, ?, ?) RETURNING id",
            (*_name(key), _json(tags), now, now),
        )
    )
    _give_shelf(tx, queue_id, place=0, now=now)
    set_attributes(tx, queue_id, attributes, now)
    return get(tx, key)


def _name(key: QueueKey) -> tuple[str, str, str]:
    return key.account, key.region, key.name


def _json(mapping: Mapping[str, str]) -> str:
    return orjson.dumps(dict(mapping)).decode()


def _give_shelf(tx: Tx, queue_id: int, *, place: int, now: Millis) -> None:
    shelf = as_int(
        tx.value("INSERT INTO sqs_shelf (queue, place, as_of_ms) VALUES (?, ?, ?) RETURNING id", (queue_id, place, now))
    )
    tx.execute("UPDATE sqs_queue SET shelf = ? WHERE id = ?", (shelf, queue_id))


def set_attributes(tx: Tx, queue_id: int, attributes: Mapping[str, str], now: Millis) -> None:
    """Replace all attributes that have been set."""
    redrive = attributes.get("RedrivePolicy")
    target = orjson.loads(redrive)["deadLetterTargetArn"] if redrive else None
    tx.execute(
        "UPDATE sqs_queue SET attributes = ?, dead_letter_arn = ?, modified_ms = ? WHERE id = ?",
        (_json(attributes), target, now, queue_id),
    )


def set_tags(tx: Tx, queue_id: int, tags: Mapping[str, str]) -> None:
    """Replace all tags."""
    tx.execute("UPDATE sqs_queue SET tags = ? WHERE id = ?", (_json(tags), queue_id))


def page(snapshot: Snapshot, account: str, region: str, *, prefix: str, after: str, limit: int) -> list[QueueKey]:
    """Names of queues in their order, from behind `after` on."""
    rows = snapshot.execute(
        "SELECT name FROM sqs_queue WHERE account = ? AND region = ? AND name > ? AND name >= ? AND name < ?"
        " ORDER BY name LIMIT ?",
        (account, region, after, prefix, prefix + "\U0010ffff", limit),
    )
    return [QueueKey(account, region, as_text(name)) for (name,) in rows]


def sources_page(snapshot: Snapshot, dead_letter_arn: str, *, after: int, limit: int) -> list[tuple[int, QueueKey]]:
    """Queues that have this one as their dead-letter queue, with their numbers, from behind `after` on."""
    rows = snapshot.execute(
        "SELECT id, account, region, name FROM sqs_queue WHERE dead_letter_arn = ? AND id > ? ORDER BY id LIMIT ?",
        (dead_letter_arn, after, limit),
    )
    return [(as_int(row[0]), QueueKey(as_text(row[1]), as_text(row[2]), as_text(row[3]))) for row in rows]


def purge(tx: Tx, queue: Queue, now: Millis) -> None:
    """Give the queue an empty shelf; sequence numbers go on."""
    place = as_int(tx.value("UPDATE sqs_shelf SET queue = NULL WHERE id = ? RETURNING place", (queue.shelf,)))
    _give_shelf(tx, queue.id, place=place, now=now)
    tx.execute("UPDATE sqs_queue SET purged_ms = ? WHERE id = ?", (now, queue.id))


def purged_at(snapshot: Snapshot, queue: Queue) -> Millis:
    """When the queue was last purged; 0 if never."""
    return Millis(as_int_or_none(snapshot.value("SELECT purged_ms FROM sqs_queue WHERE id = ?", (queue.id,))) or 0)


def delete(tx: Tx, queue: Queue, now: Millis) -> None:
    """Delete a queue with its messages and everything that is known about it."""
    tx.execute("UPDATE sqs_shelf SET queue = NULL WHERE id = ?", (queue.shelf,))
    tx.execute("DELETE FROM sqs_queue WHERE id = ?", (queue.id,))
    tx.execute("DELETE FROM sqs_deduplication WHERE queue = ?", (queue.id,))
    tx.execute("DELETE FROM sqs_attempt WHERE queue = ?", (queue.id,))
    tx.execute("INSERT OR REPLACE INTO sqs_deleted VALUES (?, ?, ?, ?)", (*_name(queue.key), now))


def deleted_at(snapshot: Snapshot, key: QueueKey) -> Millis:
    """When a queue of that name was last deleted; 0 if never."""
    found = snapshot.value(
        "SELECT deleted_ms FROM sqs_deleted WHERE account = ? AND region = ? AND name = ?", _name(key)
    )
    return Millis(as_int_or_none(found) or 0)
