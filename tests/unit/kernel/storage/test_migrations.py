from pathlib import Path

import apsw
import pytest

from homeport.kernel.clock import FakeClock
from homeport.kernel.storage.migrations import DatabaseTooNew, Migration, NotADatabase, back_up, migrate

TAGS = Migration(1, "CREATE TABLE tags (name TEXT PRIMARY KEY) STRICT")
PUSHED = Migration(2, "ALTER TABLE tags ADD COLUMN pushed INTEGER; CREATE INDEX by_push ON tags (pushed)")
BROKEN = Migration(3, "CREATE TABLE blobs (digest TEXT); INSERT INTO nowhere VALUES (1)")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.sqlite"


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def ask(path: Path, sql: str) -> list[object]:
    connection = apsw.Connection(str(path))
    rows = [row[0] for row in connection.execute(sql)]
    connection.close()
    return rows


def test_a_new_file_gets_every_migration_and_needs_no_backup(path: Path, backups: Path, clock: FakeClock) -> None:
    copy = migrate(path, [TAGS, PUSHED], backups=backups, clock=clock)

    assert copy is None
    assert ask(path, "PRAGMA user_version") == [2]
    assert ask(path, "SELECT name FROM pragma_table_info('tags')") == ["name", "pushed"]
    assert not backups.exists()


def test_a_file_that_is_up_to_date_is_left_alone(path: Path, backups: Path, clock: FakeClock) -> None:
    migrate(path, [TAGS], backups=backups, clock=clock)
    content = path.read_bytes()

    assert migrate(path, [TAGS], backups=backups, clock=clock) is None

    assert path.read_bytes() == content


def test_an_older_file_is_copied_before_it_is_changed(path: Path, backups: Path, clock: FakeClock) -> None:
    migrate(path, [TAGS], backups=backups, clock=clock)
    connection = apsw.Connection(str(path))
    connection.execute("INSERT INTO tags VALUES ('v1')")  # lies in the log, not yet in the file

    copy = migrate(path, [TAGS, PUSHED], backups=backups, clock=clock)
    connection.close()

    assert copy == backups / "registry.schema-1.20260101T000000000.sqlite"
    assert ask(copy, "PRAGMA user_version") == [1]
    assert ask(copy, "SELECT name FROM tags") == ["v1"]
    assert ask(path, "PRAGMA user_version") == [2]
    assert ask(path, "SELECT name FROM tags WHERE pushed IS NULL") == ["v1"]


def test_a_newer_file_is_refused_and_not_touched(path: Path, backups: Path, clock: FakeClock) -> None:
    migrate(path, [TAGS, PUSHED], backups=backups, clock=clock)
    content = path.read_bytes()

    with pytest.raises(DatabaseTooNew, match=r"newer Homeport \(schema 2, this one knows 1\)"):
        migrate(path, [TAGS], backups=backups, clock=clock)

    assert path.read_bytes() == content


def test_a_migration_that_fails_leaves_nothing_of_itself(path: Path, backups: Path, clock: FakeClock) -> None:
    with pytest.raises(apsw.SQLError):
        migrate(path, [TAGS, PUSHED, BROKEN], backups=backups, clock=clock)

    assert ask(path, "PRAGMA user_version") == [2]
    assert ask(path, "SELECT name FROM sqlite_schema WHERE type = 'table'") == ["tags"]


def test_a_file_that_is_no_database_is_refused(path: Path, backups: Path, clock: FakeClock) -> None:
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)

    with pytest.raises(NotADatabase, match="is not a database"):
        migrate(path, [TAGS], backups=backups, clock=clock)


def test_backups_of_different_moments_have_different_names(path: Path, backups: Path, clock: FakeClock) -> None:
    migrate(path, [TAGS], backups=backups, clock=clock)

    first = back_up(path, backups, label="by-hand", clock=clock)
    clock.advance(seconds=0.001)
    second = back_up(path, backups, label="by-hand", clock=clock)

    assert sorted(backups.iterdir()) == [first, second]
    assert ask(second, "SELECT count(*) FROM tags") == [0]
