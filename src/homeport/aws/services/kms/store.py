"""KMS's tables: keys with their materials, aliases, grants."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.migrations import Migration
from homeport.kernel.storage.rows import Row, as_bytes, as_int, as_int_or_none, as_text

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        1,
        """
        CREATE TABLE kms_key (
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            id TEXT NOT NULL,
            facts BLOB NOT NULL,
            delete_at_ms INTEGER,
            PRIMARY KEY (account, region, id)
        ) WITHOUT ROWID;
        CREATE INDEX kms_key_by_deletion ON kms_key (delete_at_ms) WHERE delete_at_ms IS NOT NULL;
        CREATE TABLE kms_material (
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            key TEXT NOT NULL,
            number INTEGER NOT NULL,
            secret BLOB NOT NULL,
            created_ms INTEGER NOT NULL,
            rotation TEXT NOT NULL,
            PRIMARY KEY (account, region, key, number)
        ) WITHOUT ROWID;
        CREATE TABLE kms_alias (
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            name TEXT NOT NULL,
            key TEXT NOT NULL,
            created_ms INTEGER NOT NULL,
            updated_ms INTEGER NOT NULL,
            PRIMARY KEY (account, region, name)
        ) WITHOUT ROWID;
        CREATE TABLE kms_grant (
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            key TEXT NOT NULL,
            id TEXT NOT NULL,
            token TEXT NOT NULL,
            facts BLOB NOT NULL,
            PRIMARY KEY (account, region, key, id)
        ) WITHOUT ROWID;
        """,
    ),
)


@dataclass(frozen=True, slots=True)
class Place:
    """An account's region: keys of others do not exist there."""

    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secrets.

    Attributes:
        delete_at: when it will be removed, if that is planned.
        rotation_days: between two rotations; 0 is never.
    """

    place: Place
    id: str
    spec: str
    usage: str
    created: Millis
    description: str = ""
    enabled: bool = True
    multi_region: bool = False
    manager: str = "CUSTOMER"
    policy: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    rotation_days: int = 0
    deletion_days: int = 0
    delete_at: Millis | None = None

    @property
    def arn(self) -> str:
        """Its full name."""
        return f"arn:aws:kms:{self.place.region}:{self.place.account}:key/{self.id}"


@dataclass(frozen=True, slots=True)
class Material:
    """One of a key's secrets: the key itself, or a private key in PKCS #8.

    Attributes:
        rotation: AUTOMATIC or ON_DEMAND; empty for the first one.
    """

    number: int
    secret: bytes
    created: Millis
    rotation: str


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for a key."""

    name: str
    key: str
    created: Millis
    updated: Millis


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may do with a key; kept and listed."""

    id: str
    token: str
    key: str
    facts: Mapping[str, Any]


_FACTS = ("spec", "usage", "created", "description", "enabled", "multi_region", "manager", "policy", "tags")


def put_key(tx: Tx, key: Key) -> None:
    """Keep a key, new or changed."""
    facts = {name: getattr(key, name) for name in (*_FACTS, "rotation_days", "deletion_days")}
    facts["tags"] = dict(key.tags)
    tx.execute(
        "INSERT OR REPLACE INTO kms_key (account, region, id, facts, delete_at_ms) VALUES (?, ?, ?, ?, ?)",
        (key.place.account, key.place.region, key.id, orjson.dumps(facts), key.delete_at),
    )


def get_key(snapshot: Snapshot, place: Place, key_id: str) -> Key | None:
    """A key by its id."""
    row = snapshot.row(
        "SELECT account, region, id, facts, delete_at_ms FROM kms_key WHERE account = ? AND region = ? AND id = ?",
        (place.account, place.region, key_id),
    )
    return None if row is None else _key_of(row)


def keys(snapshot: Snapshot, place: Place, after: str, most: int) -> Sequence[Key]:
    """Keys by their ids, from behind one of them."""
    rows = snapshot.execute(
        "SELECT account, region, id, facts, delete_at_ms FROM kms_key"
        " WHERE account = ? AND region = ? AND id > ? ORDER BY id LIMIT ?",
        (place.account, place.region, after, most),
    )
    return [_key_of(row) for row in rows]


def due_keys(snapshot: Snapshot, now: Millis) -> Sequence[Key]:
    """Keys whose time has come."""
    rows = snapshot.execute(
        "SELECT account, region, id, facts, delete_at_ms FROM kms_key WHERE delete_at_ms <= ? LIMIT 100", (now,)
    )
    return [_key_of(row) for row in rows]


def next_deletion(snapshot: Snapshot) -> Millis | None:
    """When the next key will be removed."""
    due = as_int_or_none(snapshot.value("SELECT min(delete_at_ms) FROM kms_key WHERE delete_at_ms IS NOT NULL"))
    return None if due is None else Millis(due)


def remove_key(tx: Tx, key: Key) -> None:
    """Forget a key with all that belongs to it."""
    for table in ("kms_material", "kms_alias", "kms_grant"):
        tx.execute(
            f"DELETE FROM {table} WHERE account = ? AND region = ? AND key = ?",  # noqa: S608 # names of our own tables
            (key.place.account, key.place.region, key.id),
        )
    tx.execute(
        "DELETE FROM kms_key WHERE account = ? AND region = ? AND id = ?",
        (key.place.account, key.place.region, key.id),
    )


def _key_of(row: Row) -> Key:
    account, region, key_id, facts, delete_at = row
    due = as_int_or_none(delete_at)
    return Key(
        place=Place(as_text(account), as_text(region)),
        id=as_text(key_id),
        **orjson.loads(as_bytes(facts)),
        delete_at=None if due is None else Millis(due),
    )


# Materials


def add_material(tx: Tx, key: Key, material: Material) -> None:
    """Add a secret to a key."""
    tx.execute(
        "INSERT INTO kms_material (account, region, key, number, secret, created_ms, rotation)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            key.place.account,
            key.place.region,
            key.id,
            material.number,
            material.secret,
            material.created,
            material.rotation,
        ),
    )


def materials(snapshot: Snapshot, key: Key) -> Sequence[Material]:
    """A key's secrets, oldest first."""
    rows = snapshot.execute(
        "SELECT number, secret, created_ms, rotation FROM kms_material"
        " WHERE account = ? AND region = ? AND key = ? ORDER BY number",
        (key.place.account, key.place.region, key.id),
    )
    return [Material(as_int(n), as_bytes(s), Millis(as_int(c)), as_text(r)) for n, s, c, r in rows]


# Aliases


def put_alias(tx: Tx, place: Place, alias: Alias) -> None:
    """Keep an alias, new or changed."""
    tx.execute(
        "INSERT OR REPLACE INTO kms_alias (account, region, name, key, created_ms, updated_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (place.account, place.region, alias.name, alias.key, alias.created, alias.updated),
    )


def get_alias(snapshot: Snapshot, place: Place, name: str) -> Alias | None:
    """An alias by its name."""
    row = snapshot.row(
        "SELECT name, key, created_ms, updated_ms FROM kms_alias WHERE account = ? AND region = ? AND name = ?",
        (place.account, place.region, name),
    )
    return None if row is None else _alias_of(row)


def aliases(snapshot: Snapshot, place: Place, after: str, most: int, *, key_id: str | None) -> Sequence[Alias]:
    """Aliases by their names, of all keys or of one."""
    rows = snapshot.execute(
        "SELECT name, key, created_ms, updated_ms FROM kms_alias WHERE account = ? AND region = ? AND name > ?"
        " AND (? IS NULL OR key = ?) ORDER BY name LIMIT ?",
        (place.account, place.region, after, key_id, key_id, most),
    )
    return [_alias_of(row) for row in rows]


def remove_alias(tx: Tx, place: Place, name: str) -> bool:
    """Forget an alias; says whether there was one."""
    found = tx.row(
        "DELETE FROM kms_alias WHERE account = ? AND region = ? AND name = ? RETURNING name",
        (place.account, place.region, name),
    )
    return found is not None


def _alias_of(row: Row) -> Alias:
    name, key, created, updated = row
    return Alias(as_text(name), as_text(key), Millis(as_int(created)), Millis(as_int(updated)))


# Grants


def put_grant(tx: Tx, place: Place, grant: Grant) -> None:
    """Keep a grant."""
    tx.execute(
        "INSERT OR REPLACE INTO kms_grant (account, region, key, id, token, facts) VALUES (?, ?, ?, ?, ?, ?)",
        (place.account, place.region, grant.key, grant.id, grant.token, orjson.dumps(dict(grant.facts))),
    )


def grants(snapshot: Snapshot, place: Place, key_id: str | None = None) -> Iterator[Grant]:
    """Grants of one key, or of all, by their ids."""
    rows = snapshot.execute(
        "SELECT id, token, key, facts FROM kms_grant WHERE account = ? AND region = ? AND (? IS NULL OR key = ?)"
        " ORDER BY id",
        (place.account, place.region, key_id, key_id),
    )
    for grant_id, token, key, facts in rows:
        yield Grant(as_text(grant_id), as_text(token), as_text(key), orjson.loads(as_bytes(facts)))


def remove_grant(tx: Tx, place: Place, grant: Grant) -> None:
    """Forget a grant."""
    tx.execute(
        "DELETE FROM kms_grant WHERE account = ? AND region = ? AND key = ? AND id = ?",
        (place.account, place.region, grant.key, grant.id),
    )


def changed(key: Key, **changes: Any) -> Key:
    """A key with some facts changed."""
    return replace(key, **changes)
