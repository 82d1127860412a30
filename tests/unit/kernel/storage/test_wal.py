import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from homeport.kernel.clock import FakeClock
from homeport.kernel.storage.database import Database, Durability, Snapshot, Tx
from homeport.kernel.storage.errors import SnapshotExpired
from homeport.kernel.storage.migrations import Migration, migrate
from homeport.kernel.storage.rows import as_int
from homeport.kernel.storage.sqlite import open_connection
from homeport.kernel.storage.wal import WriteAheadLog

MIGRATIONS = (Migration(1, "CREATE TABLE blobs (number INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT"),)
PAGE_BYTES = 4096
CHECKPOINT_PAGES = 50
EXPIRE_PAGES = 400
FRAME_BYTES = PAGE_BYTES + 24


@pytest.fixture(params=["process", "power"])
async def db(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Database]:
    durability: Durability = "power" if request.param == "power" else "process"
    path = tmp_path / "a.sqlite"
    migrate(path, MIGRATIONS, backups=tmp_path, clock=clock)
    log = WriteAheadLog(checkpoint_pages=CHECKPOINT_PAGES, expire_pages=EXPIRE_PAGES)
    database = Database(path, durability, log=log)
    yield database
    await database.close()


def put(number: int) -> Callable[[Tx], None]:
    def fn(tx: Tx) -> None:
        tx.execute("INSERT INTO blobs VALUES (?, ?)", (number, bytes(3000)))

    return fn


def count(tx: Snapshot) -> int:
    return as_int(tx.value("SELECT count(*) FROM blobs"))


async def fill(db: Database, start: int, end: int) -> int:
    """Write one by one, with two writers so that commits and new writes overlap; the longest log on the way."""
    longest = 0
    for number in range(start, end, 2):
        await asyncio.gather(db.write(put(number)), db.write(put(number + 1)))
        longest = max(longest, db.log_pages)
    return longest


async def test_the_log_stays_short_however_much_is_written(db: Database, tmp_path: Path) -> None:
    longest = await fill(db, 0, 1000)

    assert longest < CHECKPOINT_PAGES * 2
    assert (tmp_path / "a.sqlite-wal").stat().st_size < CHECKPOINT_PAGES * 2 * FRAME_BYTES
    assert await db.read(count) == 1000
    assert db.checkpoint_failure is None


async def test_the_log_grows_under_a_long_read_and_is_short_again_after_it(db: Database) -> None:
    looked, done = threading.Event(), threading.Event()

    def look(tx: Snapshot) -> int:
        seen = count(tx)
        looked.set()
        assert done.wait(10)
        return seen

    reading = asyncio.create_task(db.read_long(look))
    await asyncio.to_thread(looked.wait, 10)
    during = await fill(db, 0, 200)
    done.set()
    seen = await reading
    await fill(db, 200, 400)

    assert seen == 0
    assert during > CHECKPOINT_PAGES * 2
    assert db.log_pages < CHECKPOINT_PAGES * 2


async def test_a_read_for_whose_sake_too_much_is_kept_is_cut_off(db: Database) -> None:
    looked, done = threading.Event(), threading.Event()

    def look_again(tx: Snapshot) -> int:
        count(tx)
        looked.set()
        assert done.wait(10)
        return count(tx)

    reading = asyncio.create_task(db.read_long(look_again))
    await asyncio.to_thread(looked.wait, 10)
    await fill(db, 0, EXPIRE_PAGES + 100)
    done.set()

    with pytest.raises(SnapshotExpired):
        await reading
    assert await db.read_long(count) == EXPIRE_PAGES + 100


async def test_a_scan_is_cut_off_in_the_middle_of_its_statement(db: Database) -> None:
    await fill(db, 0, 100)
    looked, done = threading.Event(), threading.Event()

    def scan(tx: Snapshot) -> int:
        rows = 0
        for _ in tx.execute("SELECT number FROM blobs"):
            rows += 1
            looked.set()
            assert done.wait(10)
        return rows

    reading = asyncio.create_task(db.read_long(scan))
    await asyncio.to_thread(looked.wait, 10)
    await fill(db, 100, EXPIRE_PAGES + 200)
    done.set()

    with pytest.raises(SnapshotExpired):
        await reading


async def test_rows_that_outlive_their_write_do_not_make_the_log_grow(db: Database) -> None:
    await fill(db, 0, 100)

    def escape(tx: Tx) -> list[object]:
        rows = tx.execute("SELECT number FROM blobs")
        return [next(rows), rows]

    kept = await db.write(escape)
    longest = await fill(db, 100, 600)

    assert len(kept) == 2
    assert longest < CHECKPOINT_PAGES * 2
    assert await db.read(count) == 600


def test_the_commit_that_starts_the_log_anew_waits_for_the_disk_in_the_thread_too(tmp_path: Path) -> None:
    """It writes a new header to the log, and with `synchronous=NORMAL` that is followed by an fsync."""
    log = WriteAheadLog(checkpoint_pages=3, expire_pages=1000)
    connection = open_connection(tmp_path / "a.sqlite", "process")
    log.watch(connection)
    connection.execute("CREATE TABLE blobs (content BLOB)")
    log.tend(connection)
    needs: list[bool] = []

    for _ in range(8):
        needs.append(log.needs_thread)
        connection.execute("INSERT INTO blobs VALUES (zeroblob(100))")
        log.tend(connection)
    connection.close()

    first = needs.index(True)
    assert not any(needs[:first])
    assert needs[first : first + 3] == [True, False, False]


def test_a_log_that_a_reader_keeps_long_is_tried_again_only_now_and_then(tmp_path: Path) -> None:
    log = WriteAheadLog(checkpoint_pages=10, expire_pages=1000)
    connection, reader = (open_connection(tmp_path / "a.sqlite", "process") for _ in range(2))
    log.watch(connection)
    connection.execute("CREATE TABLE blobs (content BLOB)")
    reader.execute("BEGIN; SELECT * FROM blobs")
    tries = 0

    for _ in range(40):
        tries += log.needs_thread
        connection.execute("INSERT INTO blobs VALUES (zeroblob(100))")
        log.tend(connection)
    reader.close(force=True)
    connection.close()

    assert log.pages >= 40
    assert tries <= log.pages // 10


async def test_close_cuts_off_long_reads(tmp_path: Path, clock: FakeClock) -> None:
    database = Database.open(tmp_path / "b.sqlite", migrations=MIGRATIONS, durability="process", clock=clock)
    looked = threading.Event()

    def endless(tx: Snapshot) -> int:
        looked.set()
        sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        return as_int(tx.value(sql))

    reading = asyncio.create_task(database.read_long(endless))
    await asyncio.to_thread(looked.wait, 10)
    closing = asyncio.create_task(database.close())

    with pytest.raises(SnapshotExpired):
        await reading
    await closing
