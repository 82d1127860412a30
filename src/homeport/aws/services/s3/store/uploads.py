"""Rows of multipart uploads and their parts."""

from collections.abc import Sequence
from typing import cast

import orjson

from homeport.aws.services.s3.model.listing import INCLUSIVE, Cursor
from homeport.aws.services.s3.model.multipart import Plan, Upload, UploadedPart
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import Row, as_bytes, as_int, as_text

_COLUMNS = "row, id, key, initiated_ms, plan"
_PART_COLUMNS = "number, size, etag, algorithm, checksum, modified_ms, body_row, body_file"


def _upload_of(row: Row) -> Upload:
    number, identifier, key, initiated, plan = row
    return Upload(
        as_text(identifier),
        as_int(number),
        as_bytes(key),
        Millis(as_int(initiated)),
        cast("Plan", orjson.loads(as_text(plan))),
    )


def _part_of(row: Row) -> UploadedPart:
    number, size, etag, algorithm, checksum, modified, body_row, body_file = row
    return UploadedPart(
        as_int(number),
        as_int(size),
        as_text(etag),
        as_text(algorithm),
        as_text(checksum),
        Millis(as_int(modified)),
        as_int(body_row),
        as_text(body_file),
    )


def start(tx: Tx, bucket: int, upload: Upload) -> None:
    """Begin an upload; its row is given by the table."""
    tx.execute(
        "INSERT INTO s3_upload (bucket, key, id, initiated_ms, plan) VALUES (?, ?, ?, ?, ?)",
        (bucket, upload.key, upload.id, upload.initiated, orjson.dumps(upload.plan).decode()),
    )


def find(snapshot: Snapshot, bucket: int, key: bytes, identifier: str) -> Upload | None:
    """An upload of a key."""
    row = snapshot.row(
        f"SELECT {_COLUMNS} FROM s3_upload WHERE bucket = ? AND key = ? AND id = ?",  # noqa: S608 # constants
        (bucket, key, identifier),
    )
    return None if row is None else _upload_of(row)


def is_under_way(snapshot: Snapshot, bucket: int, identifier: str) -> bool:
    """Whether an upload of any key has this id."""
    return snapshot.row("SELECT 1 FROM s3_upload WHERE bucket = ? AND id = ?", (bucket, identifier)) is not None


def end(tx: Tx, upload: Upload) -> Sequence[UploadedPart]:
    """Forget an upload and its parts; returns those, whose bodies are the caller's to remove."""
    gone = parts(tx, upload.row, after=0, most=1 << 30)
    tx.execute("DELETE FROM s3_body WHERE id IN (SELECT body_row FROM s3_part WHERE upload = ?)", (upload.row,))
    tx.execute("DELETE FROM s3_part WHERE upload = ?", (upload.row,))
    tx.execute("DELETE FROM s3_upload WHERE row = ?", (upload.row,))
    return gone


def put_part(tx: Tx, upload: Upload, part: UploadedPart) -> UploadedPart | None:
    """Keep a part; returns the one of the same number that it replaces."""
    row = tx.row(
        f"DELETE FROM s3_part WHERE upload = ? AND number = ? RETURNING {_PART_COLUMNS}",  # noqa: S608 # constants
        (upload.row, part.number),
    )
    tx.execute(
        f"INSERT INTO s3_part (upload, {_PART_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 # constants
        (
            upload.row,
            part.number,
            part.size,
            part.etag,
            part.algorithm,
            part.checksum,
            part.modified,
            part.row,
            part.file,
        ),
    )
    if row is None:
        return None
    replaced = _part_of(row)
    if replaced.row:
        tx.execute("DELETE FROM s3_body WHERE id = ?", (replaced.row,))
    return replaced


def parts(snapshot: Snapshot, upload_row: int, *, after: int, most: int) -> Sequence[UploadedPart]:
    """Parts behind a number, in their order."""
    rows = snapshot.execute(
        f"SELECT {_PART_COLUMNS} FROM s3_part WHERE upload = ? AND number > ? ORDER BY number LIMIT ?",  # noqa: S608 # constants
        (upload_row, after, most),
    )
    return [_part_of(row) for row in rows]


def list_uploads(snapshot: Snapshot, bucket: int, begin: Cursor, end: bytes | None, most: int) -> Sequence[Upload]:
    """Uploads in the order of their keys, of one key the oldest first."""
    key, below = begin
    bound = " AND key < ?" if end is not None else ""
    rows = snapshot.execute(
        f"SELECT {_COLUMNS} FROM s3_upload WHERE bucket = ? AND (key > ? OR (key = ? AND row > ?)){bound}"  # noqa: S608 # constants
        " ORDER BY key, row LIMIT ?",
        (bucket, key, key, INCLUSIVE - below, *((end,) if end is not None else ()), most),
    )
    return [_upload_of(row) for row in rows]


def place_of(upload: Upload) -> Cursor:
    """An upload's place in a listing: its row is turned round, since those of a key are listed oldest first."""
    return upload.key, INCLUSIVE - upload.row


def of_bucket(snapshot: Snapshot, bucket: int) -> Sequence[Upload]:
    """All uploads of a bucket."""
    rows = snapshot.execute(f"SELECT {_COLUMNS} FROM s3_upload WHERE bucket = ?", (bucket,))  # noqa: S608 # constants
    return [_upload_of(row) for row in rows]


def remember(tx: Tx, bucket: int, identifier: str, at: Millis, result: object) -> None:
    """Note what a completion answered: a client that did not hear it asks again."""
    tx.execute(
        "INSERT OR REPLACE INTO s3_completed (bucket, id, completed_ms, result) VALUES (?, ?, ?, ?)",
        (bucket, identifier, at, orjson.dumps(result).decode()),
    )


def remembered(snapshot: Snapshot, bucket: int, identifier: str) -> dict[str, object] | None:
    """What a completion answered before."""
    text = snapshot.value("SELECT result FROM s3_completed WHERE bucket = ? AND id = ?", (bucket, identifier))
    return None if text is None else cast("dict[str, object]", orjson.loads(as_text(text)))


def forget(tx: Tx, before: Millis) -> None:
    """Drop old notes of completions."""
    tx.execute("DELETE FROM s3_completed WHERE completed_ms < ?", (before,))
