"""How should SQLite lay out DynamoDB's items, so that a call on a table of 1,000,000 is no dearer than on one of 1,000?

Unit: microseconds of CPU for one call, in this process and without a server: a get, a put in place of what is there
(in transactions of 16), a query of 10; and the MB (10^6 bytes) of the file. Each is the median of a few rounds, first
on a table of 1,000 items and then on one of 1,000,000, with the pragmas that Homeport opens its files with.
Workload: items of 300 bytes and of 1,100, ten a partition, loaded in the order of their numbers, asked for at random.

Layouts: `indexed` is Homeport's, rows in the order in which they came, behind an index of keys; `clustered` is a table
WITHOUT ROWID, where the key's tree holds the items; `hashed` numbers rows by a hash of the key, so that a get needs no
index, and has one for queries. Pages are of 4 KiB as Homeport's, or of 16.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

import apsw
from rich.console import Console
from rich.table import Table

from homeport.kernel.storage.sqlite import open_connection
from homeport.kernel.storage.wal import CHECKPOINT_PAGES

SIZES = (1_000, 1_000_000)
ITEM_BYTES = (300, 1_100)
PAGE_BYTES = (4096, 16384)
ROUNDS, CALLS, TOGETHER = 5, 8_000, 16
PER_PARTITION = 10
_ROWS = "key BLOB NOT NULL, item BLOB NOT NULL"


@dataclass(frozen=True, slots=True)
class Layout:
    """A table of items and how it is asked."""

    name: str
    schema: str
    insert: str
    get: str
    put: str
    place: Callable[[bytes], bytes | int]


def hashed(key: bytes) -> int:
    """A row's number; 63 bits."""
    return int.from_bytes(blake2b(key, digest_size=8).digest()) >> 1


def as_it_is(key: bytes) -> bytes:
    """The key itself finds the row."""
    return key


LAYOUTS = (
    Layout(
        "indexed",
        f"CREATE TABLE items (id INTEGER PRIMARY KEY, {_ROWS}); CREATE UNIQUE INDEX of_key ON items (key)",
        "INSERT INTO items (key, item) VALUES (?2, ?3)",
        "SELECT item FROM items WHERE key = ?",
        "UPDATE items SET item = ? WHERE key = ?",
        as_it_is,
    ),
    Layout(
        "clustered",
        f"CREATE TABLE items ({_ROWS}, PRIMARY KEY (key)) WITHOUT ROWID",
        "INSERT INTO items (key, item) VALUES (?2, ?3)",
        "SELECT item FROM items WHERE key = ?",
        "UPDATE items SET item = ? WHERE key = ?",
        as_it_is,
    ),
    Layout(
        "hashed",
        f"CREATE TABLE items (id INTEGER PRIMARY KEY, {_ROWS}); CREATE UNIQUE INDEX of_key ON items (key)",
        "INSERT INTO items (id, key, item) VALUES (?1, ?2, ?3)",
        "SELECT item FROM items WHERE id = ?",
        "UPDATE items SET item = ? WHERE id = ?",
        hashed,
    ),
)
_QUERY = "SELECT item FROM items WHERE key >= ? AND key < ? ORDER BY key"


def partition(number: int) -> bytes:
    """As DynamoDB's keys are kept: a CRC spreads them."""
    name = b"p%d" % (number // PER_PARTITION)
    return crc32(name).to_bytes(4) + len(name).to_bytes(2) + name


def key(number: int) -> bytes:
    """Of an item."""
    return partition(number) + b"%d" % (number % PER_PARTITION)


def load(connection: apsw.Connection, layout: Layout, count: int, item: bytes) -> None:
    """Fill a table, in transactions that the log does not outgrow."""
    connection.execute(layout.schema)
    for start in range(0, count, 5_000):
        keys = [key(number) for number in range(start, min(count, start + 5_000))]
        with connection:
            connection.executemany(layout.insert, [(hashed(each), each, item) for each in keys])
        connection.wal_checkpoint()


def microseconds(work: Callable[[int], None], count: int) -> float:
    """CPU for one call, on random items; the first round warms up."""
    chance, rounds = random.Random(count), list[float]()
    for _ in range(ROUNDS + 1):
        some = [chance.randrange(count) for _ in range(CALLS)]
        began = time.process_time()
        for number in some:
            work(number)
        rounds.append((time.process_time() - began) / CALLS * 1_000_000)
    return statistics.median(rounds[1:])


def works(connection: apsw.Connection, layout: Layout, item: bytes) -> Iterable[tuple[str, Callable[[int], None]]]:
    """What is measured: each takes an item's number."""
    other, pending = item[::-1], list[int]()
    connection.wal_autocheckpoint(CHECKPOINT_PAGES)

    def get(number: int) -> None:
        with connection:
            next(connection.execute(layout.get, (layout.place(key(number)),)))

    def put(number: int) -> None:
        pending.append(number)
        if len(pending) == TOGETHER:
            with connection:
                for each in pending:
                    connection.execute(layout.put, (other, layout.place(key(each))))
            pending.clear()

    def query(number: int) -> None:
        low = partition(number)
        with connection:
            if len(list(connection.execute(_QUERY, (low, low + b"\xff")))) != PER_PARTITION:
                raise LookupError(number)

    return (("get", get), ("put", put), ("query of 10", query))


def measured(directory: Path, layout: Layout, page_bytes: int, count: int, item: bytes) -> dict[str, float]:
    """Every number of one table."""
    path = directory / f"{layout.name}-{page_bytes}-{count}-{len(item)}.sqlite"
    with closing(apsw.Connection(str(path))) as connection:
        connection.pragma("page_size", page_bytes)
        connection.pragma("journal_mode", "wal")
    with closing(open_connection(path, "process")) as connection:
        load(connection, layout, count, item)
        numbers = {kind: microseconds(work, count) for kind, work in works(connection, layout, item)}
    numbers["MB"] = path.stat().st_size / 1_000_000
    path.unlink()
    return numbers


def main() -> None:
    """Measure, and print a table: a row for each layout, thousand -> million."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    table = Table("layout, page, item", "get, us", "put, us", "query of 10, us", "MB")
    with tempfile.TemporaryDirectory() as place:
        for item_bytes in ITEM_BYTES:
            for page_bytes in PAGE_BYTES:
                for layout in LAYOUTS:
                    item = random.Random(1).randbytes(item_bytes)
                    few, many = (measured(Path(place), layout, page_bytes, count, item) for count in SIZES)
                    cells = [f"{few[name]:.1f} -> {many[name]:.1f}" for name in few]
                    table.add_row(f"{layout.name}, {page_bytes // 1024} KiB, {item_bytes} bytes", *cells)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
