"""How several services share one database file: each with its own numbered migrations and its own tables."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from homeport.kernel.clock import Clock
from homeport.kernel.storage.database import Database, Snapshot, Tx
from homeport.kernel.storage.migrations import DatabaseTooNew, Migration, back_up
from homeport.kernel.storage.rows import as_int, as_text

ROOT: tuple[Migration, ...] = (
    Migration(
        1,
        """
        CREATE TABLE aws_schema (
            room TEXT PRIMARY KEY,
            version INTEGER NOT NULL
        ) WITHOUT ROWID;
        """,
    ),
)
"""The file's own sequence: only the table that says how far each room is."""

Rooms = Mapping[str, Sequence[Migration]]


async def bring_up(db: Database, path: Path, rooms: Rooms, *, backups: Path, clock: Clock) -> None:
    """Do each room's missing migrations, all in one transaction; a file that holds older tables is copied first.

    Raises:
        DatabaseTooNew: a room's tables are from a later Homeport; nothing was changed.
        StorageError: the disk failed; nothing was changed.
    """
    versions = await db.read(_versions)
    for room, version in versions.items():
        known = len(rooms.get(room, ()))
        if room in rooms and version > known:
            raise DatabaseTooNew(path, version, known)
    missing = {room: steps[versions.get(room, 0) :] for room, steps in rooms.items()}
    if any(steps and versions.get(room) for room, steps in missing.items()):
        await asyncio.to_thread(back_up, path, backups, label="rooms", clock=clock)
    if any(missing.values()):
        await db.write(lambda tx: _climb(tx, missing))


def tables(snapshot: Snapshot, prefix: str) -> list[str]:
    """The tables whose names begin so."""
    rows = snapshot.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return [name for (value,) in rows if (name := as_text(value)).startswith(prefix)]


def with_rows(snapshot: Snapshot, prefixes: Mapping[str, str]) -> list[str]:
    """The rooms that keep anything, of those whose tables' names begin so."""
    return [
        room
        for room, prefix in prefixes.items()
        if any(_has_rows(snapshot, table) for table in tables(snapshot, prefix))
    ]


def _has_rows(snapshot: Snapshot, table: str) -> bool:
    return snapshot.value(f'SELECT 1 FROM "{table}" LIMIT 1') is not None  # noqa: S608 # a name out of the schema


def _versions(snapshot: Snapshot) -> dict[str, int]:
    rows = snapshot.execute("SELECT room, version FROM aws_schema")
    return {as_text(room): as_int(version) for room, version in rows}


def _climb(tx: Tx, missing: Rooms) -> None:
    for room, steps in missing.items():
        for step in steps:
            for _ in tx.execute(step.sql):
                pass
            tx.execute(
                "INSERT INTO aws_schema (room, version) VALUES (?, ?)"
                " ON CONFLICT (room) DO UPDATE SET version = excluded.version",
                (room, step.number),
            )
