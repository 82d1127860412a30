"""Rows of subscriptions."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from homeport.aws.services.sns.model.subscription import Subscription, compiled
from homeport.aws.services.sns.model.topic import Topic
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import Row, as_int, as_int_or_none, as_text, as_text_or_none

_COLUMNS = (
    "id, arn, topic, topic_arn, account, protocol, endpoint, principal, base_url, pending, authenticated, attributes"
)


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A subscription that is to be made; everything about it has been checked.

    Attributes:
        token: what it is confirmed by; None needs no confirmation.
        asked: when the token was sent.
        base_url: how the subscriber reaches Homeport, for the links in its messages.
    """

    arn: str
    topic: Topic
    protocol: str
    endpoint: str
    account: str
    region: str
    principal: str
    base_url: str
    token: str | None
    asked: Millis
    authenticated: bool
    attributes: Mapping[str, str]


def _subscription(row: Row) -> Subscription:
    attributes: dict[str, str] = orjson.loads(as_text(row[11]))
    return Subscription(
        id=as_int(row[0]),
        arn=as_text(row[1]),
        topic_id=as_int_or_none(row[2]) or 0,
        topic_arn=as_text(row[3]),
        owner=as_text(row[4]),
        protocol=as_text(row[5]),
        endpoint=as_text(row[6]),
        principal=as_text(row[7]),
        base_url=as_text(row[8]),
        pending=bool(row[9]),
        authenticated=bool(row[10]),
        attributes=attributes,
        passes=compiled(attributes),
    )


def add(tx: Tx, new: NewSubscription) -> int:
    """Note a new subscription, and return its number."""
    row = (new.arn, new.topic.id, new.topic.arn, new.account, new.region, new.protocol, new.endpoint, new.principal)
    return as_int(
        tx.value(
            "INSERT INTO sns_subscription (arn, topic, topic_arn, account, region, protocol, endpoint, principal,"
            " base_url, pending, authenticated, attributes, token, asked_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (*row, new.base_url, new.token is not None, new.authenticated, _json(new.attributes), *_asked(new)),
        )
    )


def _asked(new: NewSubscription) -> tuple[str | None, Millis | None]:
    return (new.token, new.asked) if new.token is not None else (None, None)


def _json(mapping: Mapping[str, str]) -> str:
    return orjson.dumps(dict(mapping)).decode()


def of_topic(snapshot: Snapshot, topic_id: int) -> tuple[Subscription, ...]:
    """A topic's subscriptions, in the order in which they were made."""
    rows = snapshot.execute(
        f"SELECT {_COLUMNS} FROM sns_subscription WHERE topic = ? AND ended_ms IS NULL ORDER BY id",  # noqa: S608
        (topic_id,),
    )
    return tuple(_subscription(row) for row in rows)


def by_endpoint(snapshot: Snapshot, topic_id: int, protocol: str, endpoint: str) -> Subscription | None:
    """The subscription that an endpoint has to a topic, or None."""
    row = snapshot.row(
        f"SELECT {_COLUMNS} FROM sns_subscription"  # noqa: S608 # a constant
        " WHERE topic = ? AND protocol = ? AND endpoint = ? AND ended_ms IS NULL",
        (topic_id, protocol, endpoint),
    )
    return _subscription(row) if row else None


def by_arn(snapshot: Snapshot, arn: str) -> Subscription | None:
    """The subscription of that ARN, also of a topic that is gone; None if it was ended."""
    row = snapshot.row(
        f"SELECT {_COLUMNS} FROM sns_subscription WHERE arn = ? AND (ended_ms IS NULL OR topic IS NULL)",  # noqa: S608
        (arn,),
    )
    return _subscription(row) if row else None


def by_id(snapshot: Snapshot, number: int) -> Subscription | None:
    """The subscription of that number, unless it was ended."""
    row = snapshot.row(
        f"SELECT {_COLUMNS} FROM sns_subscription WHERE id = ? AND ended_ms IS NULL",  # noqa: S608 # a constant
        (number,),
    )
    return _subscription(row) if row else None


def by_token(snapshot: Snapshot, token: str, after: Millis) -> Subscription | None:
    """The subscription that the token confirms, also one that was ended; None if it was sent before `after`."""
    row = snapshot.row(
        f"SELECT {_COLUMNS} FROM sns_subscription"  # noqa: S608 # a constant
        " WHERE token = ? AND (asked_ms IS NULL OR asked_ms > ?)",
        (token, after),
    )
    return _subscription(row) if row else None


def page(snapshot: Snapshot, account: str, region: str, *, after: int, limit: int) -> list[Subscription]:
    """An account's subscriptions, from behind `after` on."""
    rows = snapshot.execute(
        f"SELECT {_COLUMNS} FROM sns_subscription WHERE account = ? AND region = ? AND id > ?"  # noqa: S608
        " AND (ended_ms IS NULL OR topic IS NULL) ORDER BY id LIMIT ?",
        (account, region, after, limit),
    )
    return [_subscription(row) for row in rows]


def page_of_topic(snapshot: Snapshot, topic_id: int, *, after: int, limit: int) -> list[Subscription]:
    """A topic's subscriptions, from behind `after` on."""
    rows = snapshot.execute(
        f"SELECT {_COLUMNS} FROM sns_subscription WHERE topic = ? AND id > ? AND ended_ms IS NULL"  # noqa: S608
        " ORDER BY id LIMIT ?",
        (topic_id, after, limit),
    )
    return [_subscription(row) for row in rows]


def confirm(tx: Tx, number: int, *, authenticated: bool) -> None:
    """Let it get messages from now on, again if it was ended; one that gets them already stays as it is."""
    tx.execute(
        "UPDATE sns_subscription SET pending = 0, ended_ms = NULL, asked_ms = NULL, authenticated = ?"
        " WHERE id = ? AND (pending = 1 OR ended_ms IS NOT NULL)",
        (authenticated, number),
    )


def set_attributes(tx: Tx, number: int, attributes: Mapping[str, str]) -> None:
    """Replace all attributes that have been set."""
    tx.execute("UPDATE sns_subscription SET attributes = ? WHERE id = ?", (_json(attributes), number))


def end(tx: Tx, subscription: Subscription, token: str, now: Millis) -> None:
    """End it; the token begins it again, unless its topic is gone."""
    if not subscription.topic_id:
        tx.execute("DELETE FROM sns_subscription WHERE id = ?", (subscription.id,))
        return
    tx.execute(
        "UPDATE sns_subscription SET ended_ms = ?, token = ?, asked_ms = ? WHERE id = ?",
        (now, token, now, subscription.id),
    )
    tx.execute(
        "UPDATE sns_topic SET ended_subscriptions = ended_subscriptions + 1 WHERE id = ?", (subscription.topic_id,)
    )


def forget_ended(tx: Tx, before: Millis) -> None:
    """Delete what was ended long ago."""
    tx.execute("DELETE FROM sns_subscription WHERE ended_ms <= ?", (before,))


def forget_unconfirmed(tx: Tx, before: Millis) -> set[str]:
    """Delete those that were asked long ago and never agreed; the ARNs of their topics."""
    rows = tx.execute(
        "DELETE FROM sns_subscription WHERE pending = 1 AND asked_ms <= ? AND ended_ms IS NULL RETURNING topic_arn",
        (before,),
    )
    return {as_text(arn) for (arn,) in rows}


def set_token(tx: Tx, number: int, token: str, now: Millis) -> None:
    """Replace the token that it is confirmed by."""
    tx.execute("UPDATE sns_subscription SET token = ?, asked_ms = ? WHERE id = ?", (token, now, number))


def token_of(snapshot: Snapshot, arn: str) -> str | None:
    """The token that it is confirmed by, or None."""
    return as_text_or_none(snapshot.value("SELECT token FROM sns_subscription WHERE arn = ?", (arn,)))
