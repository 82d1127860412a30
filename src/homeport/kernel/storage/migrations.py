"""How a database file of an older Homeport becomes one of this, and why a newer one is left alone."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw

from homeport.kernel.clock import Clock, to_datetime
from homeport.kernel.errors import OperatorError
from homeport.kernel.files import sync_directory
from homeport.kernel.storage.errors import storage_error
from homeport.kernel.storage.rows import as_int
from homeport.kernel.storage.sqlite import TROUBLE, Snapshot, code_of_opening, open_connection, translate

_PAGES_PER_STEP = 1024


@dataclass(frozen=True, slots=True)
class Migration:
    """One change of the schema.

    Args:
        number: counts from 1 without gaps; the file's `user_version` once it is done.
        sql: statements, run in one transaction.
    """

    number: int
    sql: str


class DatabaseTooNew(OperatorError):
    """A later Homeport wrote the file."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path} was written by a newer Homeport (schema {found}, this one knows {known})",
            hint="run that version or a later one; or restore the backup that it made before it changed the file",
        )


class NotADatabase(OperatorError):
    """The file is damaged, or something else altogether."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not a database", hint="move it away; restore it from a backup if you have one")


def migrate(path: Path, migrations: Sequence[Migration], *, backups: Path, clock: Clock) -> Path | None:
    """Bring the file at `path` up to the last migration; make it if it is missing.

    Each migration is a transaction with its number: after a crash the next start goes on where this one ended.

    Returns:
        The copy that was made of an older file before it was changed.

    Raises:
        DatabaseTooNew: nothing was changed.
        NotADatabase: nothing was changed.
        StorageError: the disk failed; migrations that were done stay done.
    """
    with closing(_open(path)) as connection:
        try:
            return _bring_up(connection, path, migrations, backups, clock)
        except apsw.NotADBError as error:
            raise NotADatabase(path) from error
        except TROUBLE as error:
            raise translate(connection, path, error) from error


def back_up(path: Path, backups: Path, *, label: str, clock: Clock) -> Path:
    """Copy a database file into `backups`, whole even while it is written to; on disk when this returns.

    Raises:
        StorageError: the disk failed.
    """
    with closing(_open(path)) as connection:
        try:
            return _copy(connection, path, backups, label, clock)
        except TROUBLE as error:
            raise translate(connection, path, error) from error


def _open(path: Path) -> apsw.Connection:
    try:
        # Rare and precious writes: they survive power loss whatever the setting.
        return open_connection(path, "power")
    except apsw.NotADBError as error:
        raise NotADatabase(path) from error
    except apsw.Error as error:
        raise storage_error(str(path), code_of_opening(path, error)) from error


def _bring_up(
    connection: apsw.Connection, path: Path, migrations: Sequence[Migration], backups: Path, clock: Clock
) -> Path | None:
    found = as_int(Snapshot(connection).value("PRAGMA user_version"))
    if found > len(migrations):
        raise DatabaseTooNew(path, found, len(migrations))
    missing = migrations[found:]
    copy = _copy(connection, path, backups, f"schema-{found}", clock) if found and missing else None
    for migration in missing:
        with connection:
            connection.execute(migration.sql)
            connection.pragma("user_version", migration.number)
    return copy


def _copy(connection: apsw.Connection, path: Path, backups: Path, label: str, clock: Clock) -> Path:
    backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    moment = to_datetime(clock.now())
    target = backups / f"{path.stem}.{label}.{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}.sqlite"
    with closing(apsw.Connection(str(target))) as copy, copy.backup("main", connection, "main") as backup:
        while not backup.done:
            backup.step(_PAGES_PER_STEP)
    sync_directory(backups)
    return target
