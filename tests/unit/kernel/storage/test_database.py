import asyncio
import errno
import gc
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import pytest

from homeport.kernel.clock import FakeClock
from homeport.kernel.storage.database import Database, DatabaseClosed, Durability, Snapshot, Tx
from homeport.kernel.storage.errors import StorageError, StorageFailed
from homeport.kernel.storage.migrations import Migration
from homeport.kernel.storage.rows import Row, SqlValue

MIGRATIONS = (Migration(1, "CREATE TABLE tags (name TEXT PRIMARY KEY, digest TEXT NOT NULL) STRICT"),)


@pytest.fixture(params=["process", "power"])
def durability(request: pytest.FixtureRequest) -> Durability:
    return "power" if request.param == "power" else "process"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.sqlite"


@pytest.fixture
async def db(path: Path, durability: Durability, clock: FakeClock) -> AsyncIterator[Database]:
    database = Database.open(path, migrations=MIGRATIONS, durability=durability, clock=clock)
    yield database
    await database.close()


def put(name: str, digest: str = "d") -> Callable[[Tx], None]:
    def fn(tx: Tx) -> None:
        tx.execute("INSERT INTO tags VALUES (?, ?)", (name, digest))

    return fn


def names(tx: Snapshot) -> list[SqlValue]:
    return [row[0] for row in tx.execute("SELECT name FROM tags ORDER BY name")]


def refuse(tx: Tx) -> None:
    put("refused")(tx)
    raise LookupError("no")


def count_commits(db: Database) -> list[int]:
    """Gets an entry at each commit from now on."""
    commits: list[int] = []

    def count() -> bool:
        commits.append(1)
        return False

    db._writer._connection.set_commit_hook(count)
    return commits


async def test_a_write_returns_what_its_function_returns_and_is_read_afterwards(db: Database) -> None:
    def fn(tx: Tx) -> int:
        put("v1")(tx)
        return 7

    result = await db.write(fn)

    assert result == 7
    assert await db.read(names) == ["v1"]


async def test_writes_of_one_turn_share_one_commit(db: Database) -> None:
    commits = count_commits(db)

    await asyncio.gather(*(db.write(put(f"v{number}")) for number in range(20)))

    assert len(commits) == 1
    assert len(await db.read(names)) == 20


async def test_writers_that_keep_coming_are_gathered_while_the_disk_is_busy(db: Database) -> None:
    commits = count_commits(db)

    async def writer(number: int) -> None:
        for step in range(10):
            await db.write(put(f"{number}-{step}"))

    await asyncio.gather(*(writer(number) for number in range(16)))

    assert len(await db.read(names)) == 160
    assert len(commits) <= 40


async def test_a_failed_function_takes_back_its_own_changes_alone(db: Database) -> None:
    results = await asyncio.gather(
        db.write(put("a")), db.write(refuse), db.write(put("b")), db.write(put("a")), return_exceptions=True
    )

    assert [type(result) for result in results] == [type(None), LookupError, type(None), apsw.ConstraintError]
    assert await db.read(names) == ["a", "b"]


async def test_a_failed_function_is_answered_only_after_the_commit_that_it_may_have_looked_at(db: Database) -> None:
    """The second write is refused because of the first: its caller must not know of it before it is durable."""
    visible: list[list[SqlValue]] = []

    async def second() -> None:
        with pytest.raises(apsw.ConstraintError):
            await db.write(put("a"))
        visible.append(await db.read(names))

    await asyncio.gather(db.write(put("a")), second())

    assert visible == [["a"]]


async def test_a_read_does_not_see_a_batch_that_is_still_open(db: Database) -> None:
    writing = asyncio.create_task(db.write(put("a")))
    await asyncio.sleep(0)  # the function has run, its commit has not
    before = await db.read(names)
    await writing

    assert before == []
    assert await db.read(names) == ["a"]


async def test_a_long_read_sees_one_state_while_others_write(db: Database) -> None:
    await db.write(put("a"))
    looked, written = threading.Event(), threading.Event()

    def look_twice(tx: Snapshot) -> tuple[list[SqlValue], list[SqlValue]]:
        first = names(tx)
        looked.set()
        assert written.wait(10)
        return first, names(tx)

    reading = asyncio.create_task(db.read_long(look_twice))
    await asyncio.to_thread(looked.wait, 10)
    await db.write(put("b"))
    written.set()

    assert await reading == (["a"], ["a"])
    assert await db.read(names) == ["a", "b"]


async def test_callbacks_run_after_the_commit_and_only_for_writes_that_succeeded(db: Database) -> None:
    called: list[str] = []

    def succeed(tx: Tx) -> None:
        put("a")(tx)
        tx.after_commit(lambda: called.append("succeeded"))

    def fail(tx: Tx) -> None:
        tx.after_commit(lambda: called.append("failed"))
        refuse(tx)

    await asyncio.gather(db.write(succeed), db.write(fail), return_exceptions=True)

    assert called == ["succeeded"]


async def test_a_callback_that_raises_keeps_nobody_from_an_answer(db: Database) -> None:
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context["exception"]))

    def fn(tx: Tx) -> int:
        tx.after_commit(lambda: 1 // 0)
        return 1

    assert await db.write(fn) == 1
    assert [type(error) for error in reported] == [ZeroDivisionError]


async def test_a_caller_who_goes_away_takes_nobody_along(db: Database) -> None:
    leaving = asyncio.create_task(db.write(put("a")))
    staying = asyncio.create_task(db.write(put("b")))
    await asyncio.sleep(0)
    leaving.cancel()

    await staying

    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert "b" in await db.read(names)


async def test_a_transaction_that_sqlite_takes_back_fails_all_of_its_batch_and_nothing_else(db: Database) -> None:
    def lose(tx: Tx) -> None:
        tx.execute("ROLLBACK")  # as SQLite itself does on a full disk
        raise apsw.FullError

    async def late() -> None:
        await asyncio.sleep(0)
        await db.write(put("later"))

    results = await asyncio.gather(db.write(put("a")), db.write(lose), db.write(put("b")), return_exceptions=True)
    await late()

    assert isinstance(results[0], StorageError)
    assert results[0].errno == errno.ENOSPC
    assert isinstance(results[1], StorageError)
    assert results[2] is None
    assert await db.read(names) == ["b", "later"]


async def test_a_function_that_swallows_the_loss_of_its_transaction_fails_all_the_same(db: Database) -> None:
    def swallow(tx: Tx) -> str:
        tx.execute("ROLLBACK")
        return "all is well"

    with pytest.raises(StorageFailed):
        await db.write(swallow)
    await db.write(put("a"))

    assert await db.read(names) == ["a"]


async def test_another_process_that_holds_the_file_makes_writes_fail_and_leaves_reads_alone(
    db: Database, path: Path
) -> None:
    db._writer._connection.set_busy_timeout(1)
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StorageFailed) as caught:
        await db.write(put("a"))
    assert await db.read(names) == []
    other.execute("ROLLBACK")
    await db.write(put("a"))
    other.close()

    assert caught.value.errno == errno.EBUSY
    assert await db.read(names) == ["a"]


async def test_a_commit_that_sqlite_refuses_fails_its_batch_and_leaves_no_transaction_open(db: Database) -> None:
    def defer(tx: Tx) -> None:
        """A deferred constraint is looked at only by the commit."""
        tx.execute("CREATE TABLE aliases (name TEXT REFERENCES tags (name) DEFERRABLE INITIALLY DEFERRED)")
        tx.execute("INSERT INTO aliases VALUES ('missing')")

    results = await asyncio.gather(db.write(put("a")), db.write(defer), return_exceptions=True)
    await db.write(put("b"))

    assert [type(result) for result in results] == [StorageFailed, StorageFailed]
    assert await db.read(names) == ["b"]


async def test_rows_that_outlive_their_read_do_not_hold_later_reads_in_the_past(db: Database) -> None:
    await asyncio.gather(db.write(put("a")), db.write(put("b")))
    escaped = await db.read(lambda tx: tx.execute("SELECT name FROM tags ORDER BY name"))
    await db.write(put("c"))

    assert await db.read(names) == ["a", "b", "c"]
    with pytest.raises(apsw.CursorClosedError):
        next(escaped)


async def test_an_error_kept_from_the_middle_of_a_scan_does_not_hold_later_reads_in_the_past(db: Database) -> None:
    await asyncio.gather(db.write(put("a")), db.write(put("b")))

    def stop_inside(tx: Snapshot) -> None:
        for row in tx.execute("SELECT name FROM tags"):
            raise LookupError(row)

    with pytest.raises(LookupError) as kept:
        await db.read(stop_inside)
    await db.write(put("c"))

    assert await db.read(names) == ["a", "b", "c"]
    assert kept.value.__traceback__ is not None


async def test_a_read_cannot_write(db: Database) -> None:
    def write_anyway(tx: Snapshot) -> None:
        tx.execute("INSERT INTO tags VALUES ('a', 'd')")

    with pytest.raises(StorageFailed) as caught:
        await db.read(write_anyway)

    assert caught.value.errno == errno.EROFS


async def test_close_waits_for_the_writes_that_were_asked_for_and_leaves_one_file(
    path: Path, durability: Durability, clock: FakeClock
) -> None:
    database = Database.open(path, migrations=MIGRATIONS, durability=durability, clock=clock)
    writes = [asyncio.create_task(database.write(put(f"v{number}"))) for number in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # with durability power the commit runs in its thread now
    writes.append(asyncio.create_task(database.write(put("queued"))))
    await asyncio.sleep(0)

    await asyncio.gather(database.close(), *writes)

    assert [file.name for file in path.parent.iterdir()] == [path.name]
    again = Database.open(path, migrations=MIGRATIONS, durability=durability, clock=clock)
    assert await again.read(names) == ["queued", "v0", "v1", "v2"]
    await again.close()


async def test_nothing_is_written_after_close(path: Path, durability: Durability, clock: FakeClock) -> None:
    database = Database.open(path, migrations=MIGRATIONS, durability=durability, clock=clock)
    await database.close()
    await database.close()

    with pytest.raises(DatabaseClosed):
        await database.write(put("a"))


async def test_thousands_of_writes_leave_no_objects_behind(db: Database) -> None:
    async def some(start: int) -> None:
        await asyncio.gather(*(db.write(put(f"v{start + step}")) for step in range(100)))

    await some(0)
    gc.collect()
    before = len(gc.get_objects())
    for start in range(100, 1100, 100):
        await some(start)
    gc.collect()

    assert len(gc.get_objects()) - before < 500


async def test_the_first_row_and_the_first_value_are_none_where_nothing_is_found(db: Database) -> None:
    await db.write(put("a", "sha256:1"))

    def look(tx: Snapshot) -> tuple[Row | None, Row | None, SqlValue, SqlValue]:
        sql = "SELECT name, digest FROM tags WHERE name = :name"
        found, missing = {"name": "a"}, {"name": "b"}
        return tx.row(sql, found), tx.row(sql, missing), tx.value(sql, found), tx.value(sql, missing)

    assert await db.read(look) == (("a", "sha256:1"), None, "a", None)
