"""What the items of a table were before they changed, in the order of their keys, however many have changed.

The change log knows the order of changes alone. What is sorted here are keys and the numbers of log lines, in a file
of their own; the items themselves are looked up one by one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, cast

from homeport.aws.services.dynamodb.store import items, streams
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot
from homeport.kernel.storage.scratch import scratch_database

_SCHEMA = "CREATE TABLE span (key BLOB PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL) WITHOUT ROWID"
_NOTE = "INSERT INTO span (key, first, last) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET last = excluded.last"
_EVERYTHING = b"\xff" * 8


class Change(NamedTuple):
    """An item that changed in some time: when last, what it was before, and what it was then."""

    at: Millis
    old: bytes | None
    new: bytes | None


class _Span(NamedTuple):
    """The first and the last line of the change log that are about a key."""

    key: bytes
    first: int
    last: int


def states_at(snapshot: Snapshot, data_id: int, at: Millis) -> Iterator[bytes]:
    """The JSON of every item as it was at a time, in the order of their keys."""
    with _spans(snapshot, data_id, at, None) as spans:
        changed = next(spans, None)
        for key, _, blob in items.scan(snapshot, data_id=data_id, index_id=None, low=b"", high=_EVERYTHING):
            while changed is not None and changed.key < key:
                yield from _old(snapshot, changed)
                changed = next(spans, None)
            if changed is not None and changed.key == key:
                yield from _old(snapshot, changed)
                changed = next(spans, None)
            else:
                yield blob
        while changed is not None:
            yield from _old(snapshot, changed)
            changed = next(spans, None)


def _old(snapshot: Snapshot, span: _Span) -> Iterator[bytes]:
    old = cast("bytes | None", snapshot.value("SELECT old FROM ddb_change WHERE id = ?", (span.first,)))
    if old is not None:
        yield old


def changes_between(snapshot: Snapshot, data_id: int, start: Millis, end: Millis) -> Iterator[Change]:
    """Every item that changed after one time and up to another, in the order of their keys."""
    with _spans(snapshot, data_id, start, end) as spans:
        for span in spans:
            old = snapshot.value("SELECT old FROM ddb_change WHERE id = ?", (span.first,))
            row = snapshot.row("SELECT at, new FROM ddb_change WHERE id = ?", (span.last,))
            if row is not None:
                yield Change(cast("Millis", row[0]), cast("bytes | None", old), cast("bytes | None", row[1]))


@contextmanager
def _spans(snapshot: Snapshot, data_id: int, start: Millis, end: Millis | None) -> Iterator[Iterator[_Span]]:
    """The keys that changed after one time and up to another; None is now."""
    first = streams.oldest_change(snapshot, data_id, start)
    last = None if end is None else streams.oldest_change(snapshot, data_id, end)
    with scratch_database(_SCHEMA) as scratch:
        if first is not None:
            rows = snapshot.execute(
                "SELECT id, key FROM ddb_change WHERE data_id = ? AND id >= ? AND (? IS NULL OR id < ?) ORDER BY id",
                (data_id, first, last, last),
            )
            for change, key in cast("Iterator[tuple[int, bytes]]", rows):
                scratch.execute(_NOTE, (key, change, change))
        found = scratch.execute("SELECT key, first, last FROM span ORDER BY key")
        yield (_Span(*row) for row in cast("Iterator[tuple[bytes, int, int]]", found))
