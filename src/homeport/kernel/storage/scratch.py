"""Databases for one's own sorting: in a file that nobody else sees, and of which nothing remains."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from homeport.kernel.storage.sqlite import Snapshot, translate

_CACHE_KIB = 4 * 1024


@contextmanager
def scratch_database(schema: str) -> Iterator[Snapshot]:
    """An empty database with these tables, in one transaction that is never kept; for one thread.

    Raises:
        StorageError: the disk is full or failing.
    """
    with tempfile.NamedTemporaryFile(prefix="homeport-") as file:
        path = Path(file.name)
        connection = apsw.Connection(file.name)
        try:
            connection.pragma("journal_mode", "off")
            connection.pragma("synchronous", "off")
            connection.pragma("cache_size", -_CACHE_KIB)
            connection.execute("BEGIN")
            connection.execute(schema)
            yield Snapshot(connection)
        except apsw.Error as error:
            raise translate(connection, path, error) from error
        finally:
            connection.close(force=True)
