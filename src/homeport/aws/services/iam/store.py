"""IAM's table: users, groups, roles, policies and instance profiles, each a row with everything that belongs to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson

from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.migrations import Migration
from homeport.kernel.storage.rows import Row, as_bytes, as_int, as_text

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        1,
        """
        CREATE TABLE iam_entity (
            account TEXT NOT NULL,
            kind TEXT NOT NULL,
            lookup TEXT NOT NULL,
            name TEXT NOT NULL,
            path TEXT NOT NULL,
            id TEXT NOT NULL,
            created_ms INTEGER NOT NULL,
            facts BLOB NOT NULL,
            PRIMARY KEY (account, kind, lookup)
        ) WITHOUT ROWID;
        CREATE TABLE iam_account (
            account TEXT PRIMARY KEY,
            alias TEXT NOT NULL
        ) WITHOUT ROWID;
        """,
    ),
)

Kind = Literal["user", "group", "role", "policy", "instance-profile"]


@dataclass(frozen=True, slots=True)
class Entity:
    """One of them.

    Attributes:
        name: as it was given; two that differ only in case are the same.
        facts: `tags` and `boundary` of all; `attached` ARNs and `inline` documents of users, groups and roles;
            `members` of groups; `roles` of instance profiles; `document`, `description`, `max_session_seconds` of
            roles; `versions`, `default`, `updated`, `next_version` of policies.
    """

    account: str
    kind: Kind
    name: str
    path: str
    id: str
    created: Millis
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Its full name."""
        return f"arn:aws:iam::{self.account}:{self.kind}{self.path}{self.name}"

    def with_facts(self, **facts: Any) -> "Entity":
        """The same with some facts changed."""
        return replace(self, facts={**self.facts, **facts})

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags."""
        tags: Mapping[str, str] = self.facts.get("tags", {})
        return tags

    @property
    def attached(self) -> Sequence[str]:
        """ARNs of its managed policies, in the order in which they were attached."""
        attached: Sequence[str] = self.facts.get("attached", ())
        return attached

    @property
    def inline(self) -> Mapping[str, str]:
        """Its own policies' documents by their names."""
        inline: Mapping[str, str] = self.facts.get("inline", {})
        return inline

    @property
    def members(self) -> Sequence[str]:
        """A group's users; an instance profile's roles."""
        members: Sequence[str] = self.facts.get("members", ())
        return members


_COLUMNS = "account, kind, name, path, id, created_ms, facts"


def put(tx: Tx, entity: Entity) -> None:
    """Keep an entity, new or changed."""
    tx.execute(
        f"INSERT OR REPLACE INTO iam_entity (lookup, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 # a constant
        (
            entity.name.lower(),
            entity.account,
            entity.kind,
            entity.name,
            entity.path,
            entity.id,
            entity.created,
            orjson.dumps(dict(entity.facts)),
        ),
    )


def get(snapshot: Snapshot, account: str, kind: Kind, name: str) -> Entity | None:
    """An entity by its name."""
    row = snapshot.row(
        f"SELECT {_COLUMNS} FROM iam_entity WHERE account = ? AND kind = ? AND lookup = ?",  # noqa: S608 # a constant
        (account, kind, name.lower()),
    )
    return None if row is None else _entity_of(row)


def every(snapshot: Snapshot, account: str, kind: Kind) -> Iterator[Entity]:
    """All of a kind, by their names."""
    rows = snapshot.execute(
        f"SELECT {_COLUMNS} FROM iam_entity WHERE account = ? AND kind = ? ORDER BY lookup",  # noqa: S608 # a constant
        (account, kind),
    )
    return map(_entity_of, rows)


def remove(tx: Tx, entity: Entity) -> None:
    """Forget an entity."""
    tx.execute(
        "DELETE FROM iam_entity WHERE account = ? AND kind = ? AND lookup = ?",
        (entity.account, entity.kind, entity.name.lower()),
    )


def _entity_of(row: Row) -> Entity:
    account, kind, name, path, entity_id, created, facts = row
    return Entity(
        account=as_text(account),
        kind=_kind_of(as_text(kind)),
        name=as_text(name),
        path=as_text(path),
        id=as_text(entity_id),
        created=Millis(as_int(created)),
        facts=orjson.loads(as_bytes(facts)),
    )


def _kind_of(text: str) -> Kind:
    match text:
        case "user" | "group" | "role" | "policy" | "instance-profile":
            return text
    raise ValueError(text)


def alias_of(snapshot: Snapshot, account: str) -> str | None:
    """The account's alias."""
    alias = snapshot.value("SELECT alias FROM iam_account WHERE account = ?", (account,))
    return None if alias is None else as_text(alias)


def put_alias(tx: Tx, account: str, alias: str) -> None:
    """Give the account an alias; it has one at most."""
    tx.execute("INSERT OR REPLACE INTO iam_account (account, alias) VALUES (?, ?)", (account, alias))


def remove_alias(tx: Tx, account: str) -> None:
    """Take it away."""
    tx.execute("DELETE FROM iam_account WHERE account = ?", (account,))
