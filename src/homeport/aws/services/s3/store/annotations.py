"""Rows of annotations: notes beside a version's content."""

from dataclasses import dataclass
from typing import Final

from homeport.aws.services.s3.model.version import Version
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import Row, as_bytes, as_int, as_text

_COLUMNS: Final = "name, etag, modified_ms, checksum_kind, checksum, content"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One note."""

    name: str
    etag: str
    modified: Millis
    checksum_kind: str
    checksum: str
    content: bytes


def _of(row: Row) -> Annotation:
    name, etag, modified, kind, checksum, content = row
    return Annotation(
        as_text(name), as_text(etag), Millis(as_int(modified)), as_text(kind), as_text(checksum), as_bytes(content)
    )


def put(tx: Tx, bucket: int, version: Version, note: Annotation) -> None:
    """Keep a note, in the place of one of the same name."""
    tx.execute(
        f"INSERT OR REPLACE INTO s3_annotation (bucket, key, seq, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 # constants
        (
            bucket,
            version.key,
            version.seq,
            note.name,
            note.etag,
            note.modified,
            note.checksum_kind,
            note.checksum,
            note.content,
        ),
    )


def get(snapshot: Snapshot, bucket: int, version: Version, name: str) -> Annotation | None:
    """A note by its name."""
    row = snapshot.row(
        f"SELECT {_COLUMNS} FROM s3_annotation WHERE bucket = ? AND key = ? AND seq = ? AND name = ?",  # noqa: S608 # constants
        (bucket, version.key, version.seq, name),
    )
    return None if row is None else _of(row)


def list_of(snapshot: Snapshot, bucket: int, version: Version, prefix: str, after: str, most: int) -> list[Annotation]:
    """Notes in the order of their names."""
    rows = snapshot.execute(
        f"SELECT {_COLUMNS} FROM s3_annotation WHERE bucket = ? AND key = ? AND seq = ? AND name > ?"  # noqa: S608 # constants
        " AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
        (bucket, version.key, version.seq, after, len(prefix), prefix, most),
    )
    return [_of(row) for row in rows]


def delete(tx: Tx, bucket: int, version: Version, name: str) -> None:
    """Forget a note."""
    tx.execute(
        "DELETE FROM s3_annotation WHERE bucket = ? AND key = ? AND seq = ? AND name = ?",
        (bucket, version.key, version.seq, name),
    )
