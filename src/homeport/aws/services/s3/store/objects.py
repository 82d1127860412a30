"""Rows of versions: found by key, put, replaced, listed."""

import errno
from collections.abc import Iterator, Sequence
from typing import Final, cast

import orjson

from homeport.aws.services.s3.model.listing import INCLUSIVE, Cursor
from homeport.aws.services.s3.model.version import NULL_VERSION, Extra, Head, Version, sequence_of
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.errors import StorageFailed
from homeport.kernel.storage.rows import Row, as_bytes, as_int

_COLUMNS: Final = (
    "key, seq, id, current, marker, size, etag, modified_ms, storage_class, checksum_kind, checksum, body_row,"
    " body_file, owner, head, extra"
)
# By the flag and not by ORDER BY, which finds the same row: that statement SQLite prepares anew at each execution.
_CURRENT: Final = f"SELECT {_COLUMNS} FROM s3_version WHERE bucket = ? AND key = ? AND current = 1"  # noqa: S608 # constants
_BY_SEQ: Final = f"SELECT {_COLUMNS} FROM s3_version WHERE bucket = ? AND key = ? AND seq = ? AND id = ?"  # noqa: S608 # constants
_BY_ID: Final = f"SELECT {_COLUMNS} FROM s3_version WHERE bucket = ? AND key = ? AND id = ?"  # noqa: S608 # constants
_INSERT: Final = (
    f"INSERT INTO s3_version (bucket, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 # constants
)
_Columns = tuple[bytes, int, str, bool, bool, int, str, Millis, str, str, str, int, str, str, str, str]
"""What those hold; flags are 0 or 1."""


def version_of(row: Row) -> Version:
    """A row as a version."""
    columns = cast("_Columns", row)
    head, extra = columns[-2:]
    return Version(
        *columns[:-2],
        cast("Head", orjson.loads(head)) if head else {},
        cast("Extra", orjson.loads(extra)) if extra else {},
    )


def current(snapshot: Snapshot, bucket: int, key: bytes) -> Version | None:
    """A key's newest version, which may be a delete marker."""
    row = snapshot.row(_CURRENT, (bucket, key))
    return None if row is None else version_of(row)


def find(snapshot: Snapshot, bucket: int, key: bytes, identifier: str) -> Version | None:
    """A version by its id."""
    if identifier == NULL_VERSION:
        row = snapshot.row(_BY_ID, (bucket, key, identifier))
    else:
        seq = sequence_of(identifier)
        row = None if seq is None else snapshot.row(_BY_SEQ, (bucket, key, seq, identifier))
    return None if row is None else version_of(row)


def insert(tx: Tx, bucket: int, version: Version) -> None:
    """Add a version."""
    tx.execute(
        _INSERT,
        (
            bucket,
            version.key,
            version.seq,
            version.id,
            int(version.current),
            int(version.marker),
            version.size,
            version.etag,
            version.modified,
            version.storage_class,
            version.checksum_kind,
            version.checksum,
            version.row,
            version.file,
            version.owner,
            orjson.dumps(version.head).decode() if version.head else "",
            orjson.dumps(version.extra).decode() if version.extra else "",
        ),
    )


def remove(tx: Tx, bucket: int, version: Version) -> None:
    """Take a version's row, its body's row and its annotations away; its file is the caller's."""
    tx.execute("DELETE FROM s3_version WHERE bucket = ? AND key = ? AND seq = ?", (bucket, version.key, version.seq))
    if version.row:
        tx.execute("DELETE FROM s3_body WHERE id = ?", (version.row,))
    tx.execute("DELETE FROM s3_annotation WHERE bucket = ? AND key = ? AND seq = ?", (bucket, version.key, version.seq))


def set_current(tx: Tx, bucket: int, version: Version, *, current: bool, extra: Extra) -> None:
    """Say whether a version is its key's newest."""
    tx.execute(
        "UPDATE s3_version SET current = ?, extra = ? WHERE bucket = ? AND key = ? AND seq = ?",
        (int(current), orjson.dumps(extra).decode() if extra else "", bucket, version.key, version.seq),
    )


def change(tx: Tx, bucket: int, version: Version, extra: Extra) -> None:
    """Change what only some objects have: tags, grants, locks, restore."""
    set_current(tx, bucket, version, current=version.current, extra=extra)


def set_class(tx: Tx, bucket: int, version: Version, storage_class: str) -> None:
    """Move a version to another storage class."""
    tx.execute(
        "UPDATE s3_version SET storage_class = ? WHERE bucket = ? AND key = ? AND seq = ?",
        (storage_class, bucket, version.key, version.seq),
    )


def set_head(tx: Tx, bucket: int, version: Version, head: Head) -> None:
    """Change what is said of a version's content."""
    tx.execute(
        "UPDATE s3_version SET head = ? WHERE bucket = ? AND key = ? AND seq = ?",
        (orjson.dumps(head).decode(), bucket, version.key, version.seq),
    )


def add_body(tx: Tx, content: bytes) -> int:
    """Keep a small body; returns its row."""
    row = tx.row("INSERT INTO s3_body (content) VALUES (?) RETURNING id", (content,))
    return as_int(row[0] if row else None)


def body(snapshot: Snapshot, row: int) -> bytes:
    """A small body; nothing for row 0.

    Raises:
        StorageFailed: it has been removed since its row was read.
    """
    if not row:
        return b""
    content = snapshot.value("SELECT content FROM s3_body WHERE id = ?", (row,))
    if content is None:
        raise StorageFailed("s3_body", errno.ENOENT)
    return as_bytes(content)


Listed = tuple[bytes, int, str, int, str, str, str]
"""Key, size, etag, modified, storage class, checksum kind, owner."""


def list_current(snapshot: Snapshot, bucket: int, begin: Cursor, end: bytes | None, most: int) -> Sequence[Listed]:
    """What listings show of current objects, read from the index alone."""
    key, below = begin
    behind = ">=" if below == INCLUSIVE else ">"
    bound = " AND key < ?" if end is not None else ""
    rows = snapshot.execute(
        "SELECT key, size, etag, modified_ms, storage_class, checksum_kind, owner"  # noqa: S608 # constants
        " FROM s3_version INDEXED BY s3_version_listed WHERE bucket = ? AND current = 1 AND marker = 0"
        f" AND key {behind} ?{bound} ORDER BY key LIMIT ?",
        (bucket, key, end, most) if end is not None else (bucket, key, most),
    )
    return cast("list[Listed]", list(rows))


def list_versions(snapshot: Snapshot, bucket: int, begin: Cursor, end: bytes | None, most: int) -> Sequence[Version]:
    """All versions and markers in the order of their keys, of each key the newest first."""
    key, below = begin
    found = [] if below == 0 else list(_versions_below(snapshot, bucket, key, below, most))
    if end is not None and key >= end:
        return []
    bound = " AND key < ?" if end is not None else ""
    left = most - len(found)
    rows = snapshot.execute(
        f"SELECT {_COLUMNS} FROM s3_version WHERE bucket = ? AND key > ?{bound} ORDER BY key, seq DESC LIMIT ?",  # noqa: S608 # constants
        (bucket, key, end, left) if end is not None else (bucket, key, left),
    )
    return [*found, *map(version_of, rows)]


def _versions_below(snapshot: Snapshot, bucket: int, key: bytes, below: int, most: int) -> Iterator[Version]:
    rows = snapshot.execute(
        f"SELECT {_COLUMNS} FROM s3_version WHERE bucket = ? AND key = ? AND seq < ? ORDER BY seq DESC LIMIT ?",  # noqa: S608 # constants
        (bucket, key, below, most),
    )
    return map(version_of, rows)


def newest_before(snapshot: Snapshot, bucket: int, key: bytes, below: int) -> Version | None:
    """The newest version of a key that is older than another one."""
    return next(_versions_below(snapshot, bucket, key, below, 1), None)


def any_version(snapshot: Snapshot, bucket: int) -> Row | None:
    """Whether a bucket holds anything: its first version's id and marker flag."""
    return snapshot.row("SELECT id, marker FROM s3_version WHERE bucket = ? LIMIT 1", (bucket,))


def has_objects(snapshot: Snapshot, bucket: int) -> bool:
    """Whether a bucket has any current object."""
    return bool(list_current(snapshot, bucket, (b"", INCLUSIVE), None, 1))


def restored(snapshot: Snapshot) -> Sequence[tuple[int, Version]]:
    """Every version of which a restored copy is asked for or there, with its bucket's id."""
    rows = snapshot.execute(
        f"SELECT bucket, {_COLUMNS} FROM s3_version WHERE extra LIKE '%\"restore\":%' LIMIT 1000"  # noqa: S608 # constants
    )
    return [(as_int(row[0]), version_of(row[1:])) for row in rows]
