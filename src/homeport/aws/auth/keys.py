"""Access keys: the secrets that signatures are made with, and whom each of them stands for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from homeport.kernel.clock import Clock, Millis
from homeport.kernel.ids import Ids
from homeport.kernel.storage.database import Database, Snapshot, Tx
from homeport.kernel.storage.migrations import Migration
from homeport.kernel.storage.rows import Row, as_int_or_none, as_text

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        1,
        """
        CREATE TABLE keys_key (
            id TEXT PRIMARY KEY,
            secret TEXT NOT NULL,
            token TEXT NOT NULL,
            account TEXT NOT NULL,
            principal_arn TEXT NOT NULL,
            principal_id TEXT NOT NULL,
            active INTEGER NOT NULL,
            created_ms INTEGER NOT NULL,
            expires_ms INTEGER
        ) WITHOUT ROWID;
        CREATE INDEX keys_key_by_principal ON keys_key (principal_arn);
        CREATE INDEX keys_key_by_expiry ON keys_key (expires_ms) WHERE expires_ms IS NOT NULL;
        """,
    ),
)

_COLUMNS = "id, secret, token, account, principal_arn, principal_id, active, created_ms, expires_ms"
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ID_CHARACTERS = 16
_SECRET_BYTES = 30


@dataclass(frozen=True, slots=True)
class AccessKey:
    """One pair of id and secret.

    Attributes:
        token: the session token that has to come with it; empty for a lasting key.
        principal_arn: the user, assumed role or root that it stands for.
        principal_id: as in GetCallerIdentity's `UserId`.
        expires: None for a lasting key.
    """

    id: str
    secret: str
    account: str
    principal_arn: str
    principal_id: str
    created: Millis
    token: str = ""
    active: bool = True
    expires: Millis | None = None


def unique_id(ids: Ids, prefix: str) -> str:
    """An identifier as IAM makes them: a prefix of four letters (`AKIA`, `AIDA`, ...) and sixteen of base 32."""
    number = int(ids.hex(10), 16)
    return prefix + "".join(_ALPHABET[number >> 5 * place & 31] for place in range(_ID_CHARACTERS))


def new_secret(ids: Ids) -> str:
    """Forty characters of base 64."""
    import base64

    return base64.b64encode(bytes.fromhex(ids.hex(_SECRET_BYTES))).decode()


def looks_issued(key_id: str) -> bool:
    """Whether a key id may be one that was issued here; `test`, or an account's number, cannot be."""
    return key_id[:4] in {"AKIA", "ASIA"}


class AccessKeys:
    """The table of keys."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def find(self, key_id: str) -> AccessKey | None:
        """A key that may be used now: active, not expired."""
        key = await self._db.read(lambda snapshot: self.get(snapshot, key_id))
        if key is None or not key.active or (key.expires is not None and key.expires <= self._clock.now()):
            return None
        return key

    async def expired(self, key_id: str) -> bool:
        """Whether a key is one of a session that has run out, and not yet forgotten."""
        key = await self._db.read(lambda snapshot: self.get(snapshot, key_id))
        return key is not None and key.expires is not None and key.expires <= self._clock.now()

    def get(self, snapshot: Snapshot, key_id: str) -> AccessKey | None:
        """A key whatever its state."""
        row = snapshot.row(f"SELECT {_COLUMNS} FROM keys_key WHERE id = ?", (key_id,))  # noqa: S608 # a constant
        return None if row is None else _key_of(row)

    def put(self, tx: Tx, key: AccessKey) -> None:
        """Keep a key, new or changed."""
        tx.execute(
            f"INSERT OR REPLACE INTO keys_key ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 # a constant
            (
                key.id,
                key.secret,
                key.token,
                key.account,
                key.principal_arn,
                key.principal_id,
                int(key.active),
                key.created,
                key.expires,
            ),
        )

    def remove(self, tx: Tx, key_id: str) -> bool:
        """Forget a key; says whether there was one."""
        return tx.row("DELETE FROM keys_key WHERE id = ? RETURNING id", (key_id,)) is not None

    def lasting(self, snapshot: Snapshot, account: str) -> Sequence[AccessKey]:
        """An account's keys without expiry, by their id."""
        rows = snapshot.execute(
            f"SELECT {_COLUMNS} FROM keys_key WHERE account = ? AND expires_ms IS NULL ORDER BY id",  # noqa: S608 # a constant
            (account,),
        )
        return [_key_of(row) for row in rows]

    def of_principal(self, snapshot: Snapshot, principal_arn: str) -> Sequence[AccessKey]:
        """The keys of one user, oldest first."""
        rows = snapshot.execute(
            f"SELECT {_COLUMNS} FROM keys_key WHERE principal_arn = ? ORDER BY created_ms, id",  # noqa: S608 # a constant
            (principal_arn,),
        )
        return [_key_of(row) for row in rows]

    def remove_all_but_root(self, tx: Tx) -> None:
        """Forget the keys of users and roles."""
        tx.execute("DELETE FROM keys_key WHERE principal_arn NOT LIKE 'arn:aws:iam::%:root'")

    def remove_expired(self, tx: Tx, before: Millis) -> None:
        """Forget the session keys that ran out."""
        tx.execute("DELETE FROM keys_key WHERE expires_ms IS NOT NULL AND expires_ms < ?", (before,))


def _key_of(row: Row) -> AccessKey:
    key_id, secret, token, account, arn, principal_id, active, created, expires = row
    expires_ms = as_int_or_none(expires)
    return AccessKey(
        id=as_text(key_id),
        secret=as_text(secret),
        token=as_text(token),
        account=as_text(account),
        principal_arn=as_text(arn),
        principal_id=as_text(principal_id),
        active=bool(active),
        created=Millis(as_int_or_none(created) or 0),
        expires=None if expires_ms is None else Millis(expires_ms),
    )
