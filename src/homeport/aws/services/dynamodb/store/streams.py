"""Streams: which there are, how the change log falls into shards, and when records leave it."""

from collections.abc import Iterator
from typing import NamedTuple, cast

import orjson

from homeport.aws.services.dynamodb.model.schema import KeyElement, Table
from homeport.aws.services.dynamodb.store.pieces import BYTES
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx

RETENTION_MILLIS = 24 * 3600 * 1000
"""DynamoDB developer guide, "Change data capture for DynamoDB Streams": records live for 24 hours."""

SHARD_MILLIS = 4 * 3600 * 1000
"""For how long a shard is written to; DynamoDB itself takes about four hours."""


class Stream(NamedTuple):
    """A stream; `closed` once it has been disabled."""

    id: int
    arn: str
    account: str
    region: str
    name: str
    label: str
    data_id: int
    view_type: str
    key_schema: list[KeyElement]
    created: int
    closed: int | None


class Shard(NamedTuple):
    """A part of a stream: the changes from `first` up to `last`, which is None while it is open."""

    number: int
    name: str
    first: int
    last: int | None
    opened: int
    closed: int | None


class Change(NamedTuple):
    """A line of the change log."""

    id: int
    at: int
    by_service: bool
    old: bytes | None
    new: bytes | None


_SELECT = (
    "SELECT id, arn, account, region, name, label, data_id, view_type, key_schema, created, closed FROM ddb_stream"
)


def _stream(row: object) -> Stream:
    values = cast("tuple[int, str, str, str, str, str, int, str, str, int, int | None]", row)
    return Stream(*values[:8], orjson.loads(values[8]), *values[9:])


def find_stream(snapshot: Snapshot, arn: str) -> Stream | None:
    """A stream that exists, or was disabled less than a day ago."""
    row = snapshot.row(f"{_SELECT} WHERE arn = ?", (arn,))
    return None if row is None else _stream(row)


def list_streams(
    snapshot: Snapshot, account: str, region: str, name: str | None, after: str, limit: int
) -> list[Stream]:
    """Streams of an account in a region, of one table or of all, in the order of their ARNs."""
    rows = snapshot.execute(
        f"{_SELECT} WHERE account = ? AND region = ? AND (? IS NULL OR name = ?) AND arn > ? ORDER BY arn LIMIT ?",
        (account, region, name, name, after, limit),
    )
    return [_stream(row) for row in rows]


def all_streams(snapshot: Snapshot) -> list[Stream]:
    """Every stream there is."""
    return [_stream(row) for row in snapshot.execute(f"{_SELECT} ORDER BY id")]


def open_stream(tx: Tx, table: Table, label: str, view_type: str, shard: str, now: Millis) -> None:
    """Begin a stream of a table's changes from now on, with its first shard."""
    stream_id = tx.value(
        "INSERT INTO ddb_stream (arn, account, region, name, label, data_id, view_type, key_schema, created)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            f"{table.arn}/stream/{label}",
            table.account,
            table.region,
            table.name,
            label,
            table.data_id,
            view_type,
            orjson.dumps(table.settings["KeySchema"]).decode(),
            now,
        ),
    )
    _open_shard(tx, cast("int", stream_id), 0, shard, next_change(tx), now)


def _open_shard(tx: Tx, stream_id: int, number: int, name: str, first: int, now: Millis) -> None:
    tx.execute(
        "INSERT INTO ddb_shard (stream_id, number, name, first, opened) VALUES (?, ?, ?, ?, ?)",
        (stream_id, number, name, first, now),
    )


def next_change(snapshot: Snapshot) -> int:
    """The id that the next line of the change log will have."""
    last = snapshot.value("SELECT seq FROM sqlite_sequence WHERE name = 'ddb_change'")
    return 1 if last is None else cast("int", last) + 1


def close_stream(tx: Tx, arn: str, now: Millis) -> None:
    """End a stream; its records can be read until they are a day old."""
    stream = find_stream(tx, arn)
    if stream is None or stream.closed is not None:
        return
    tx.execute("UPDATE ddb_stream SET closed = ? WHERE id = ?", (now, stream.id))
    _close_shards(tx, stream.id, next_change(tx) - 1, now)


def _close_shards(tx: Tx, stream_id: int, last: int, now: Millis) -> None:
    tx.execute(
        "UPDATE ddb_shard SET last = max(first - 1, ?), closed = ? WHERE stream_id = ? AND last IS NULL",
        (last, now, stream_id),
    )


def roll_shard(tx: Tx, stream: Stream, name: str, now: Millis) -> None:
    """Close the shard that is written to, and open its child."""
    shards = list_shards(tx, stream.id)
    first = next_change(tx)
    _close_shards(tx, stream.id, first - 1, now)
    _open_shard(tx, stream.id, shards[-1].number + 1 if shards else 0, name, first, now)


def list_shards(snapshot: Snapshot, stream_id: int) -> list[Shard]:
    """A stream's shards, the oldest first."""
    rows = snapshot.execute(
        "SELECT number, name, first, last, opened, closed FROM ddb_shard WHERE stream_id = ? ORDER BY number",
        (stream_id,),
    )
    return [Shard(*cast("tuple[int, str, int, int | None, int, int | None]", row)) for row in rows]


def read_changes(snapshot: Snapshot, data_id: int, first: int, last: int | None, limit: int) -> Iterator[Change]:
    """Lines of the change log of a table's items, from `first` up to `last`; read as they are asked for."""
    rows = snapshot.execute(
        "SELECT id, at, by_service, old, new FROM ddb_change WHERE data_id = ? AND id >= ? AND id <= ?"
        " ORDER BY id LIMIT ?",
        (data_id, first, last if last is not None else (1 << 62), limit),
    )
    found = cast("Iterator[tuple[int, int, int, bytes | None, bytes | None]]", rows)
    return (Change(id_, at, bool(service), old, new) for id_, at, service, old, new in found)


def has_changes(snapshot: Snapshot, data_id: int, first: int) -> bool:
    """Whether the change log of a table's items has a line from `first` on."""
    row = snapshot.row("SELECT 1 FROM ddb_change WHERE data_id = ? AND id >= ? LIMIT 1", (data_id, first))
    return row is not None


def oldest_change(snapshot: Snapshot, data_id: int, since: int) -> int | None:
    """The first line of a table's change log that is younger than `since`."""
    low, high = 0, next_change(snapshot)
    # Halving: with point-in-time recovery there may be millions of older lines.
    while low < high:
        middle = (low + high) // 2
        row = snapshot.row(
            "SELECT id, at FROM ddb_change WHERE data_id = ? AND id >= ? ORDER BY id LIMIT 1", (data_id, middle)
        )
        if row is None or cast("int", row[1]) > since:
            high = middle
        else:
            low = cast("int", row[0]) + 1
    row = snapshot.row("SELECT id FROM ddb_change WHERE data_id = ? AND id >= ? ORDER BY id LIMIT 1", (data_id, low))
    return None if row is None else cast("int", row[0])


def trim(tx: Tx, data_id: int, before: int, limit: int) -> bool:
    """Delete lines of the change log that are older than `before`; True once there are none."""
    rows = tx.execute(
        "SELECT id, at, COALESCE(LENGTH(old), 0) + COALESCE(LENGTH(new), 0) FROM ddb_change"
        " WHERE data_id = ? ORDER BY id LIMIT ?",
        (data_id, limit),
    )
    last = count = size = 0
    for id_, at, length in cast("Iterator[tuple[int, int, int]]", rows):
        if at > before or size >= BYTES:
            break
        last, count, size = id_, count + 1, size + length
    tx.execute("DELETE FROM ddb_change WHERE data_id = ? AND id <= ?", (data_id, last))
    return count < limit and size < BYTES


def logged_data(snapshot: Snapshot) -> list[int]:
    """The ids of all items of which changes are written down."""
    rows = snapshot.execute("SELECT DISTINCT data_id FROM ddb_change")
    return [cast("int", data_id) for (data_id,) in rows]


def forget_shards(tx: Tx, stream_id: int, before: int) -> None:
    """Drop shards that were closed before a time."""
    tx.execute("DELETE FROM ddb_shard WHERE stream_id = ? AND closed <= ?", (stream_id, before))


def forget_stream(tx: Tx, stream_id: int) -> None:
    """Drop a stream."""
    tx.execute("DELETE FROM ddb_shard WHERE stream_id = ?", (stream_id,))
    tx.execute("DELETE FROM ddb_stream WHERE id = ?", (stream_id,))


def follow(tx: Tx, old_data: int, new_data: int) -> None:
    """Let the streams of a table go on with the changes of the items that it now shows."""
    tx.execute("UPDATE ddb_stream SET data_id = ? WHERE data_id = ? AND closed IS NULL", (new_data, old_data))
