"""What the files cannot tell quickly: lists, sizes, times and referrers, in SQLite; derived from the files at any time.

Nothing that a client was promised depends on it. It is kept in step with each change, and a repository whose
directories have changed behind our back is read again (`scan_into`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Database, Snapshot, Tx
from homeport.kernel.storage.migrations import Migration
from homeport.kernel.storage.rows import Row, SqlValue, as_bytes, as_int, as_int_or_none, as_text
from homeport.registry.model.digest import Digest
from homeport.registry.model.manifest import ParsedManifest
from homeport.registry.model.names import RepositoryName, Tag
from homeport.registry.store.content import NOTHING_THERE

MIGRATIONS: Final = (
    Migration(
        1,
        """
        CREATE TABLE repositories (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL, pushed_at INTEGER, pulled_at INTEGER
        );
        CREATE TABLE manifests (
            repository INTEGER NOT NULL, target TEXT NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL,
            size INTEGER NOT NULL, pushed_at INTEGER NOT NULL, subject TEXT, artifact_type TEXT NOT NULL,
            annotations BLOB, PRIMARY KEY (repository, target)
        ) WITHOUT ROWID;
        CREATE INDEX manifests_by_subject ON manifests (repository, subject, digest) WHERE subject IS NOT NULL;
        CREATE TABLE tags (
            repository INTEGER NOT NULL, name TEXT NOT NULL, target TEXT NOT NULL, pushed_at INTEGER NOT NULL,
            PRIMARY KEY (repository, name)
        ) WITHOUT ROWID;
        CREATE INDEX tags_by_target ON tags (repository, target);
        CREATE TABLE uses (
            repository INTEGER NOT NULL, used TEXT NOT NULL, manifest TEXT NOT NULL,
            PRIMARY KEY (repository, used, manifest)
        ) WITHOUT ROWID;
        CREATE INDEX uses_by_manifest ON uses (repository, manifest);
        CREATE TABLE blobs (
            repository INTEGER NOT NULL, target TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (repository, target)
        ) WITHOUT ROWID;
        CREATE INDEX blobs_by_target ON blobs (target);
        """,
    ),
)


@dataclass(frozen=True, slots=True)
class Change:
    """Stamps of a repository's directories around a change of ours."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A manifest as the index keeps it. `digest` is what it was pushed by, `target` where its bytes lie."""

    digest: Digest
    target: Digest
    size_bytes: int
    pushed_at: Millis
    parsed: ParsedManifest


@dataclass(frozen=True, slots=True)
class Referrer:
    """A manifest that names another one as its subject."""

    digest: Digest
    media_type: str
    size_bytes: int
    artifact_type: str
    annotations: bytes | None
    """A JSON object, as the referrers response holds it."""


@dataclass(frozen=True, slots=True)
class ReferrersPage:
    """Some of them, and whether there are more behind the last one."""

    entries: Sequence[Referrer]
    more: bool


_REFERRERS_A_PAGE: Final = 500
_REFERRERS_BYTES: Final = 4 * 1024 * 1024
"""Of the annotations on one page; the spec limits the response as it does manifests."""


@dataclass(frozen=True, slots=True)
class RepositoryStatistics:
    """A repository in numbers; sizes in bytes, each blob counted once."""

    name: RepositoryName
    size_bytes: int
    pushed_at: Millis | None
    pulled_at: Millis | None


class Index:
    """Questions and changes; each is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def repositories(self, after: str, limit: int | None) -> list[RepositoryName]:
        """Names of repositories that hold a manifest, sorted, behind `after`."""
        return await self._db.read(lambda tx: _names(tx, after, limit))

    async def tags(self, name: RepositoryName, after: str, limit: int | None) -> list[Tag]:
        """A repository's tags, sorted, behind `after`."""
        return await self._db.read(lambda tx: _tags(tx, name, after, limit))

    async def referrers(
        self, name: RepositoryName, subjects: Sequence[Digest], artifact_type: str, after: str
    ) -> ReferrersPage:
        """Manifests with one of two subjects, sorted by digest, behind `after`; of one artifact type, or of any."""
        return await self._db.read(lambda tx: _referrers(tx, name, subjects, artifact_type, after))

    async def holders_of(self, target: Digest) -> list[RepositoryName]:
        """Repositories that hold a blob."""
        sql = "SELECT name FROM blobs JOIN repositories r ON repository = r.id WHERE target = ?"
        return await self._db.read(lambda tx: [RepositoryName(as_text(row[0])) for row in tx.execute(sql, (target,))])

    async def users_of(self, name: RepositoryName, used: Digest) -> list[Digest]:
        """Manifests of a repository that need a blob or manifest."""
        sql = "SELECT manifest FROM uses JOIN repositories r ON repository = r.id WHERE r.name = ? AND used = ?"
        return await self._db.read(lambda tx: [Digest(as_text(row[0])) for row in tx.execute(sql, (name, used))])

    async def stamp(self, name: RepositoryName) -> str | None:
        """A repository's stamp as it was when the index last agreed with its directories; None if it knows of none."""
        found = await self._db.read(lambda tx: tx.value("SELECT stamp FROM repositories WHERE name = ?", (name,)))
        return None if found is None else as_text(found)

    async def stamps(self) -> dict[RepositoryName, str]:
        """Each repository's stamp as it was when the index last agreed with its directories."""
        sql = "SELECT name, stamp FROM repositories"
        return await self._db.read(
            lambda tx: {RepositoryName(as_text(name)): as_text(stamp) for name, stamp in tx.execute(sql)}
        )

    async def statistics(self) -> list[RepositoryStatistics]:
        """Every repository in numbers."""
        return await self._db.read_long(_statistics)

    async def add_manifest(
        self, name: RepositoryName, entry: ManifestEntry, tags: Sequence[Tag], *, change: Change
    ) -> None:
        """A manifest was put, and these tags now mean it."""

        def write(tx: Tx) -> None:
            repository = _repository(tx, name)
            _insert_manifest(tx, repository, entry)
            _insert_tags(tx, repository, ((tag, entry.target, entry.pushed_at) for tag in tags))
            tx.execute("UPDATE repositories SET pushed_at = ? WHERE id = ?", (entry.pushed_at, repository))
            _follow(tx, repository, change)

        await self._db.write(write)

    async def remove_manifest(self, name: RepositoryName, target: Digest, *, change: Change) -> None:
        """A manifest was deleted, and its tags with it."""

        def write(tx: Tx) -> None:
            repository = _repository(tx, name)
            tx.execute("DELETE FROM tags WHERE repository = ? AND target = ?", (repository, target))
            tx.execute("DELETE FROM uses WHERE repository = ? AND manifest = ?", (repository, target))
            tx.execute("DELETE FROM manifests WHERE repository = ? AND target = ?", (repository, target))
            _follow(tx, repository, change)

        await self._db.write(write)

    async def remove_tag(self, name: RepositoryName, tag: Tag, *, change: Change) -> None:
        """A tag was deleted."""

        def write(tx: Tx) -> None:
            repository = _repository(tx, name)
            tx.execute("DELETE FROM tags WHERE repository = ? AND name = ?", (repository, tag))
            _follow(tx, repository, change)

        await self._db.write(write)

    async def add_blob(self, name: RepositoryName, target: Digest, size_bytes: int) -> None:
        """A blob was pushed or mounted."""
        sql = "INSERT OR REPLACE INTO blobs VALUES (?, ?, ?)"
        await self._db.write(lambda tx: tx.execute(sql, (_repository(tx, name), target, size_bytes)))

    async def remove_blob(self, name: RepositoryName, target: Digest) -> None:
        """A blob was deleted."""
        sql = "DELETE FROM blobs WHERE repository = ? AND target = ?"
        await self._db.write(lambda tx: tx.execute(sql, (_repository(tx, name), target)))

    async def note_pulls(self, pulls: Iterable[tuple[RepositoryName, Millis]]) -> None:
        """When repositories were last pulled from."""
        rows = list(pulls)

        def change(tx: Tx) -> None:
            for name, at in rows:
                tx.execute("UPDATE repositories SET pulled_at = ? WHERE name = ?", (at, name))

        await self._db.write(change)

    async def replace_repository(  # one repository's whole content
        self,
        name: RepositoryName,
        manifests: Sequence[ManifestEntry],
        tags: Sequence[tuple[Tag, Digest, Millis]],
        blobs: Sequence[tuple[Digest, int]],
        *,
        stamp: str,
    ) -> None:
        """Put what a scan has found in the place of all that was known of a repository."""

        def change(tx: Tx) -> None:
            repository = _repository(tx, name)
            _clear(tx, repository)
            for entry in manifests:
                _insert_manifest(tx, repository, entry)
            _insert_tags(tx, repository, tags)
            for target, size_bytes in blobs:
                tx.execute("INSERT OR REPLACE INTO blobs VALUES (?, ?, ?)", (repository, target, size_bytes))
            newest = max((at for _, _, at in tags), default=None)
            tx.execute(
                "UPDATE repositories SET stamp = ?, pushed_at = coalesce(pushed_at, ?) WHERE id = ?",
                (stamp, newest, repository),
            )

        await self._db.write(change)

    async def forget_repository(self, name: RepositoryName) -> None:
        """A repository's directories are gone."""

        def change(tx: Tx) -> None:
            repository = _repository(tx, name)
            _clear(tx, repository)
            tx.execute("DELETE FROM repositories WHERE id = ?", (repository,))

        await self._db.write(change)


def _follow(tx: Tx, repository: int, change: Change) -> None:
    """Note that directories have changed by our own hand.

    If they were not as the index last saw them, somebody else was there before: the old stamp stays, and a later look
    finds that it does not agree.
    """
    tx.execute(
        "UPDATE repositories SET stamp = ? WHERE id = ? AND stamp = ?", (change.after, repository, change.before)
    )


def _repository(tx: Tx, name: RepositoryName) -> int:
    """A repository's row, made if there is none; its stamp is then that of directories that do not exist."""
    found = tx.value("SELECT id FROM repositories WHERE name = ?", (name,))
    if found is not None:
        return as_int(found)
    return as_int(tx.value("INSERT INTO repositories (name, stamp) VALUES (?, ?) RETURNING id", (name, NOTHING_THERE)))


def _clear(tx: Tx, repository: int) -> None:
    for table in ("manifests", "tags", "uses", "blobs"):
        tx.execute(f"DELETE FROM {table} WHERE repository = ?", (repository,))  # noqa: S608 # our own names


def _insert_manifest(tx: Tx, repository: int, entry: ManifestEntry) -> None:
    parsed = entry.parsed
    annotations = orjson.dumps(dict(parsed.annotations)) if parsed.annotations else None
    subject = parsed.subject.digest if parsed.subject else None
    tx.execute(
        "INSERT OR REPLACE INTO manifests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(repository, entry.target, entry.digest, parsed.media_type, entry.size_bytes, entry.pushed_at),
            *(subject, parsed.artifact_type, annotations),
        ),
    )
    for used in parsed.references:
        tx.execute("INSERT OR IGNORE INTO uses VALUES (?, ?, ?)", (repository, used, entry.target))


def _insert_tags(tx: Tx, repository: int, tags: Iterable[tuple[Tag, Digest, Millis]]) -> None:
    for tag, target, at in tags:
        tx.execute("INSERT OR REPLACE INTO tags VALUES (?, ?, ?, ?)", (repository, tag, target, at))


def _names(tx: Snapshot, after: str, limit: int | None) -> list[RepositoryName]:
    sql = (
        "SELECT name FROM repositories r WHERE name > ?"
        " AND EXISTS (SELECT 1 FROM manifests m WHERE m.repository = r.id) ORDER BY name LIMIT ?"
    )
    return [RepositoryName(as_text(row[0])) for row in tx.execute(sql, (after, -1 if limit is None else limit))]


def _tags(tx: Snapshot, name: RepositoryName, after: str, limit: int | None) -> list[Tag]:
    repository = tx.value("SELECT id FROM repositories WHERE name = ?", (name,))
    sql = "SELECT name FROM tags WHERE repository = ? AND name > ? ORDER BY name LIMIT ?"
    rows = tx.execute(sql, (repository, after, -1 if limit is None else limit))
    return [Tag(as_text(row[0])) for row in rows]


def _referrers(
    tx: Snapshot, name: RepositoryName, subjects: Sequence[Digest], artifact_type: str, after: str
) -> ReferrersPage:
    sql = (
        "SELECT digest, media_type, size, artifact_type, annotations FROM manifests"
        " WHERE repository = (SELECT id FROM repositories WHERE name = ?) AND subject IN (?, ?) AND digest > ?"
        " AND (? = '' OR artifact_type = ?) ORDER BY digest"
    )
    entries: list[Referrer] = []
    size_bytes = 0
    for row in tx.execute(sql, (name, subjects[0], subjects[-1], after, artifact_type, artifact_type)):
        entry = _referrer(row)
        size_bytes += len(entry.annotations or b"")
        if entries and (len(entries) == _REFERRERS_A_PAGE or size_bytes > _REFERRERS_BYTES):
            return ReferrersPage(entries, more=True)
        entries.append(entry)
    return ReferrersPage(entries, more=False)


def _referrer(row: Row) -> Referrer:
    digest, media_type, size, artifact_type, annotations = row
    return Referrer(
        Digest(as_text(digest)),
        as_text(media_type),
        as_int(size),
        as_text(artifact_type),
        None if annotations is None else as_bytes(annotations),
    )


def _statistics(tx: Snapshot) -> list[RepositoryStatistics]:
    sql = (
        "SELECT name, pushed_at, pulled_at,"
        " coalesce((SELECT sum(size) FROM blobs b WHERE b.repository = r.id), 0)"
        " + coalesce((SELECT sum(size) FROM manifests m WHERE m.repository = r.id), 0)"
        " FROM repositories r"
    )
    return [
        RepositoryStatistics(RepositoryName(as_text(name)), as_int(size), _millis(pushed_at), _millis(pulled_at))
        for name, pushed_at, pulled_at, size in tx.execute(sql)
    ]


def _millis(value: SqlValue) -> Millis | None:
    at = as_int_or_none(value)
    return None if at is None else Millis(at)
