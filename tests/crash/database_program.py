"""A program that writes to a database and says each time that a write was acknowledged; the crash tests end it.

Usage: database_program.py PATH DURABILITY LIMIT

Sixteen writers put pairs of rows into two tables; a line `ok <number>` is an acknowledged write, `error <errno>` a
refused one. After an error its writer tries the next number. The program ends after LIMIT numbers, with a line
`readable <rows>`.
"""

import asyncio
import itertools
import os
import sys
from pathlib import Path

from homeport.kernel.clock import SystemClock
from homeport.kernel.storage.database import Database, Durability, Snapshot, Tx
from homeport.kernel.storage.errors import StorageError
from homeport.kernel.storage.migrations import Migration
from homeport.kernel.storage.rows import as_int

MIGRATIONS = (
    Migration(
        1,
        "CREATE TABLE manifests (number INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT;"
        "CREATE TABLE tags (number INTEGER PRIMARY KEY REFERENCES manifests (number)) STRICT",
    ),
)
WRITERS = 16
CONTENT_BYTES = 2000


def say(line: str) -> None:
    """Print at once, without a buffer that could die with the program."""
    os.write(1, f"{line}\n".encode())


async def put(db: Database, number: int) -> None:
    """Write one pair and say what became of it."""

    def fn(tx: Tx) -> None:
        tx.execute("INSERT INTO manifests VALUES (?, ?)", (number, number.to_bytes(8) * (CONTENT_BYTES // 8)))
        tx.execute("INSERT INTO tags VALUES (?)", (number,))

    try:
        await db.write(fn)
    except StorageError as error:
        say(f"error {error.errno}")
    else:
        say(f"ok {number}")


async def main(path: Path, durability: Durability, limit: int) -> None:
    """Write until the limit; then see whether reads still work."""
    db = Database.open(path, migrations=MIGRATIONS, durability=durability, clock=SystemClock())
    say("open")
    numbers = itertools.count()

    async def writer() -> None:
        while (number := next(numbers)) < limit:
            await put(db, number)

    await asyncio.gather(*(writer() for _ in range(WRITERS)))

    def count(tx: Snapshot) -> int:
        return as_int(tx.value("SELECT count(*) FROM manifests JOIN tags USING (number)"))

    say(f"readable {await db.read(count)}")
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), "power" if sys.argv[2] == "power" else "process", int(sys.argv[3])))
