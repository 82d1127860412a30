"""Rows of buckets and of what they have been told."""

from collections.abc import Mapping, Sequence
from typing import cast

import orjson

from homeport.aws.services.s3.errors import NoSuchBucket
from homeport.aws.services.s3.model.bucket import Bucket, Configurations, Kind, Versioning
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import Row, as_int, as_text

_COLUMNS = "id, name, account, region, created_ms, generation, versioning, mfa_delete, lockable"


def find(snapshot: Snapshot, name: str) -> Bucket | None:
    """A bucket by its name, with all that it has been told."""
    row = snapshot.row(f"SELECT {_COLUMNS} FROM s3_bucket WHERE name = ?", (name,))  # noqa: S608 # a constant
    if row is None:
        return None
    rows = snapshot.execute("SELECT kind, content FROM s3_configuration WHERE bucket = ? AND id = ''", (row[0],))
    told = {as_text(kind): orjson.loads(as_text(content)) for kind, content in rows}
    return _bucket_of(row, cast("Configurations", told))


def by_id(snapshot: Snapshot, identifier: int) -> Bucket | None:
    """A bucket by its row."""
    name = snapshot.value("SELECT name FROM s3_bucket WHERE id = ?", (identifier,))
    return None if name is None else find(snapshot, as_text(name))


def _bucket_of(row: Row, configurations: Configurations) -> Bucket:
    identifier, name, account, region, created, generation, versioning, mfa_delete, lockable = row
    return Bucket(
        as_int(identifier),
        as_text(name),
        as_text(account),
        as_text(region),
        Millis(as_int(created)),
        as_int(generation),
        cast("Versioning", as_text(versioning)),
        bool(lockable),
        configurations,
        as_text(mfa_delete),
    )


def latest(tx: Tx, bucket: Bucket) -> Bucket:
    """The bucket as this transaction sees it; the same one unless somebody has changed it.

    Raises:
        NoSuchBucket: somebody has deleted it.
    """
    if tx.value("SELECT generation FROM s3_bucket WHERE id = ?", (bucket.id,)) == bucket.generation:
        return bucket
    found = find(tx, bucket.name)
    if found is None or found.id != bucket.id:
        raise NoSuchBucket(bucket.name)
    return found


def create(tx: Tx, bucket: Bucket) -> None:
    """Add a bucket; its id is given by the table."""
    row = tx.row(
        "INSERT INTO s3_bucket (name, account, region, created_ms, generation, versioning, mfa_delete, lockable)"
        " VALUES (?, ?, ?, ?, 1, ?, '', ?) RETURNING id",
        (bucket.name, bucket.account, bucket.region, bucket.created, bucket.versioning, int(bucket.lockable)),
    )
    identifier = as_int(row[0] if row else None)
    for kind, content in bucket.configurations.items():
        _put(tx, identifier, kind, "", content)


def delete(tx: Tx, bucket: Bucket) -> None:
    """Take away a bucket and what it has been told."""
    tx.execute("DELETE FROM s3_configuration WHERE bucket = ?", (bucket.id,))
    tx.execute("DELETE FROM s3_completed WHERE bucket = ?", (bucket.id,))
    tx.execute("DELETE FROM s3_bucket WHERE id = ?", (bucket.id,))


def _touch(tx: Tx, bucket: int) -> None:
    tx.execute("UPDATE s3_bucket SET generation = generation + 1 WHERE id = ?", (bucket,))


def set_versioning(tx: Tx, bucket: Bucket, versioning: str, mfa_delete: str) -> None:
    """Change the versioning state."""
    tx.execute("UPDATE s3_bucket SET versioning = ?, mfa_delete = ? WHERE id = ?", (versioning, mfa_delete, bucket.id))
    _touch(tx, bucket.id)


def set_lockable(tx: Tx, bucket: Bucket) -> None:
    """Give a bucket object lock."""
    tx.execute("UPDATE s3_bucket SET lockable = 1 WHERE id = ?", (bucket.id,))
    _touch(tx, bucket.id)


def configure(tx: Tx, bucket: Bucket, kind: Kind, content: object | None) -> None:
    """Tell a bucket something; None takes it back."""
    if content is None:
        tx.execute("DELETE FROM s3_configuration WHERE bucket = ? AND kind = ? AND id = ''", (bucket.id, kind))
    else:
        _put(tx, bucket.id, kind, "", content)
    _touch(tx, bucket.id)


def _put(tx: Tx, bucket: int, kind: str, identifier: str, content: object) -> None:
    tx.execute(
        "INSERT INTO s3_configuration (bucket, kind, id, content) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (bucket, kind, id) DO UPDATE SET content = excluded.content",
        (bucket, kind, identifier, orjson.dumps(content).decode()),
    )


def list_of(
    snapshot: Snapshot, account: str, *, prefix: str, after: str, region: str | None, most: int
) -> Sequence[Bucket]:
    """An account's buckets in the order of their names, without what they have been told."""
    rows = snapshot.execute(
        f"SELECT {_COLUMNS} FROM s3_bucket WHERE account = ? AND name > ? AND substr(name, 1, ?) = ?"  # noqa: S608 # a constant
        " AND (? = '' OR region = ?) ORDER BY name LIMIT ?",
        (account, after, len(prefix), prefix, region or "", region or "", most),
    )
    return [_bucket_of(row, {}) for row in rows]


def configured(snapshot: Snapshot, kind: Kind) -> Sequence[str]:
    """The names of all buckets that have been told something of a kind."""
    rows = snapshot.execute(
        "SELECT b.name FROM s3_bucket b JOIN s3_configuration c ON c.bucket = b.id"
        " WHERE c.kind = ? AND c.id = '' ORDER BY b.name",
        (kind,),
    )
    return [as_text(name) for (name,) in rows]


Entry = Mapping[str, object]


def put_entry(tx: Tx, bucket: Bucket, kind: str, identifier: str, content: Entry) -> None:
    """Keep one of several configurations of a kind: analytics, inventory, metrics, tiering."""
    _put(tx, bucket.id, kind, identifier, content)


def get_entry(snapshot: Snapshot, bucket: Bucket, kind: str, identifier: str) -> Entry | None:
    """One of several configurations of a kind."""
    text = snapshot.value(
        "SELECT content FROM s3_configuration WHERE bucket = ? AND kind = ? AND id = ?", (bucket.id, kind, identifier)
    )
    return None if text is None else cast("Entry", orjson.loads(as_text(text)))


def delete_entry(tx: Tx, bucket: Bucket, kind: str, identifier: str) -> bool:
    """Take one of several configurations away; says whether it was there."""
    row = tx.row(
        "DELETE FROM s3_configuration WHERE bucket = ? AND kind = ? AND id = ? RETURNING id",
        (bucket.id, kind, identifier),
    )
    return row is not None


def list_entries(snapshot: Snapshot, bucket: Bucket, kind: str, after: str, most: int) -> Sequence[Entry]:
    """Configurations of a kind in the order of their ids."""
    rows = snapshot.execute(
        "SELECT content FROM s3_configuration WHERE bucket = ? AND kind = ? AND id > ? ORDER BY id LIMIT ?",
        (bucket.id, kind, after, most),
    )
    return [cast("Entry", orjson.loads(as_text(content))) for (content,) in rows]
