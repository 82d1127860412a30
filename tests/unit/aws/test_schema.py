"""Rooms in one file: each with its own migrations, done together or not at all."""

from pathlib import Path

import apsw
import pytest

from homeport.aws import schema
from homeport.kernel.clock import FakeClock
from homeport.kernel.storage.database import Database
from homeport.kernel.storage.migrations import DatabaseTooNew, Migration

FIRST = Migration(1, "CREATE TABLE a_one (x INTEGER); CREATE TABLE a_two (x INTEGER);")
SECOND = Migration(2, "ALTER TABLE a_one ADD COLUMN y TEXT;")


async def bring_up(directory: Path, rooms: schema.Rooms) -> None:
    path = directory / "aws.sqlite"
    clock = FakeClock()
    db = Database.open(path, migrations=schema.ROOT, durability="process", clock=clock)
    try:
        await schema.bring_up(db, path, rooms, backups=directory / "backups", clock=clock)
    finally:
        await db.close()


def versions(directory: Path) -> dict[str, int]:
    connection = apsw.Connection(str(directory / "aws.sqlite"))
    try:
        return {str(room): int(str(n)) for room, n in connection.execute("SELECT room, version FROM aws_schema")}
    finally:
        connection.close()


async def test_rooms_climb_each_at_their_own_pace(tmp_path: Path) -> None:
    await bring_up(tmp_path, {"a": [FIRST]})
    await bring_up(tmp_path, {"a": [FIRST, SECOND], "b": [Migration(1, "CREATE TABLE b_one (x INTEGER)")]})

    assert versions(tmp_path) == {"a": 2, "b": 1}
    assert len(list((tmp_path / "backups").iterdir())) == 1


async def test_a_room_of_a_later_homeport_is_left_alone(tmp_path: Path) -> None:
    await bring_up(tmp_path, {"a": [FIRST, SECOND]})

    with pytest.raises(DatabaseTooNew):
        await bring_up(tmp_path, {"a": [FIRST], "b": [Migration(1, "CREATE TABLE b_one (x INTEGER)")]})
    assert versions(tmp_path) == {"a": 2}


async def test_a_room_that_fails_takes_everything_back(tmp_path: Path) -> None:
    with pytest.raises(apsw.SQLError):
        await bring_up(tmp_path, {"a": [FIRST], "b": [Migration(1, "CREATE NOTHING")]})

    assert versions(tmp_path) == {}


async def test_rooms_that_are_switched_off_keep_their_tables(tmp_path: Path) -> None:
    await bring_up(tmp_path, {"a": [FIRST]})
    await bring_up(tmp_path, {})

    assert versions(tmp_path) == {"a": 1}


async def test_only_a_room_with_a_row_in_one_of_its_tables_keeps_something(tmp_path: Path) -> None:
    clock = FakeClock()
    db = Database.open(tmp_path / "aws.sqlite", migrations=schema.ROOT, durability="process", clock=clock)
    rooms = {"a": [FIRST], "b": [Migration(1, "CREATE TABLE bee_one (x INTEGER)")]}
    await schema.bring_up(db, tmp_path / "aws.sqlite", rooms, backups=tmp_path, clock=clock)
    prefixes = {"a": "a_", "b": "bee_", "c": "c_"}
    assert await db.read(lambda snapshot: schema.with_rows(snapshot, prefixes)) == []

    await db.write(lambda tx: tx.execute("INSERT INTO a_two VALUES (1)"))

    assert await db.read(lambda snapshot: schema.with_rows(snapshot, prefixes)) == ["a"]
    await db.close()
