"""Tables: their rows, their configuration as JSON, the ids of their items and indexes; read once and remembered."""

from collections.abc import Callable, Iterator
from typing import TypeVar, cast

import orjson

from homeport.aws.arn import Arn, ArnInvalid, partition_of
from homeport.aws.services.dynamodb.errors import ResourceNotFoundException
from homeport.aws.services.dynamodb.model.schema import IndexSettings, Table, TableSettings, read_table
from homeport.kernel.storage.database import Database, Snapshot, Tx

T = TypeVar("T")

Name = tuple[str, str, str]
"""Account, region and name."""

_SELECT = "SELECT id, data_id, account, region, name, settings FROM ddb_table"
_PREFIX = "table/"


def table_arn(account: str, region: str, name: str) -> str:
    """The ARN of a table."""
    return f"arn:{partition_of(region)}:dynamodb:{region}:{account}:{_PREFIX}{name}"


def name_of(account: str, region: str, name_or_arn: str) -> Name:
    """Which table a request means: operations take a name, or an ARN that may lie in another account.

    Raises:
        ArnInvalid: it begins like an ARN and is none of a table.
    """
    if not name_or_arn.startswith("arn:"):
        return account, region, name_or_arn
    arn = Arn.parse(name_or_arn)
    name = arn.resource.removeprefix(_PREFIX)
    # The ARN of an index or a stream is no table's.
    if arn.service != "dynamodb" or not arn.resource.startswith(_PREFIX) or "/" in name:
        raise ArnInvalid(name_or_arn)
    return arn.account, arn.region, name


class Tables:
    """What is known of tables, kept until one of them changes.

    A write looks its table up before its transaction begins, and another one may change the table in between: an index
    is added, a stream begins. So a write asks `fresh` for the table once more, inside of its transaction.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[Name, Table] = {}
        self._changing = 0
        self._changes = 0

    async def find(self, name: Name) -> Table:
        """A table that is not being deleted.

        Raises:
            ResourceNotFoundException: there is none.
        """
        table = self._known.get(name)
        if table is None:
            changes = self._changes
            table = await self._db.read(lambda snapshot: load(snapshot, name))
            if table is None:
                raise ResourceNotFoundException
            # What is read while a change waits for its commit may be over in a moment.
            if not self._changing and changes == self._changes:
                self._known[name] = table
        return table

    def known(self, name: Name) -> Table | None:
        """A table that has been found before and not changed since."""
        return self._known.get(name)

    def fresh(self, tx: Tx, table: Table) -> Table:
        """The table as it is in a transaction: the same object, unless it has changed since it was found.

        Raises:
            ResourceNotFoundException: it has been deleted.
        """
        name = table.account, table.region, table.name
        if not self._changing and self._known.get(name) is table:
            return table
        current = load(tx, name)
        if current is None:
            raise ResourceNotFoundException
        return current

    def forget(self) -> None:
        """Read everything anew."""
        self._known.clear()

    async def change(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn`, which changes tables, in a transaction."""
        self._changing += 1
        self._changes += 1
        try:
            return await self._db.write(fn)
        finally:
            self._changing -= 1
            self._known.clear()


def load(snapshot: Snapshot, name: Name) -> Table | None:
    """A table as the data plane needs it."""
    row = snapshot.row(f"{_SELECT} WHERE account = ? AND region = ? AND name = ?", name)
    return None if row is None else _table(snapshot, cast("tuple[int, int, str, str, str, str]", row))


def _table(snapshot: Snapshot, row: tuple[int, int, str, str, str, str]) -> Table:
    id_, data_id, account, region, name, text = row
    settings = cast("TableSettings", orjson.loads(text))
    others = _replicas(snapshot, data_id, id_)
    logs = any("Stream" in each or "PointInTime" in each for each in (settings, *others.values()))
    # A copy that is being made takes back what has changed meanwhile.
    logs = logs or snapshot.row("SELECT 1 FROM ddb_copy WHERE source = ?", (data_id,)) is not None
    arn = table_arn(account, region, name)
    return read_table((id_, data_id, account, region, name), settings, arn, tuple(sorted(others)), logs=logs)


def _replicas(snapshot: Snapshot, data_id: int, id_: int) -> dict[str, TableSettings]:
    rows = snapshot.execute("SELECT region, settings FROM ddb_table WHERE data_id = ? AND id <> ?", (data_id, id_))
    return {
        region: cast("TableSettings", orjson.loads(text)) for region, text in cast("Iterator[tuple[str, str]]", rows)
    }


def all_tables(snapshot: Snapshot) -> list[Table]:
    """Every table there is."""
    rows = list(snapshot.execute(f"{_SELECT} ORDER BY id"))
    return [_table(snapshot, cast("tuple[int, int, str, str, str, str]", row)) for row in rows]


def list_names(snapshot: Snapshot, account: str, region: str, after: str, limit: int) -> list[str]:
    """The names of an account's tables in a region, in order, behind `after`."""
    rows = snapshot.execute(
        "SELECT name FROM ddb_table WHERE account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?",
        (account, region, after, limit),
    )
    return [name for (name,) in cast("Iterator[tuple[str]]", rows)]


def count_tables(snapshot: Snapshot, account: str, region: str) -> int:
    """How many tables an account has in a region."""
    value = snapshot.value("SELECT COUNT(*) FROM ddb_table WHERE account = ? AND region = ?", (account, region))
    return cast("int", value)


def insert(tx: Tx, name: Name, settings: TableSettings, data_id: int | None = None) -> int:
    """Make a table; with items of its own, or as a replica with another's. Returns the id of its items."""
    items = new_data(tx) if data_id is None else data_id
    tx.execute(
        "INSERT INTO ddb_table (account, region, name, data_id, settings) VALUES (?, ?, ?, ?, ?)",
        (*name, items, orjson.dumps(settings).decode()),
    )
    return items


def new_data(tx: Tx) -> int:
    """An id for items."""
    return cast("int", tx.value("INSERT INTO ddb_data (dropped) VALUES (0) RETURNING id"))


def new_index(tx: Tx, data_id: int) -> int:
    """An id for the entries of an index."""
    return cast("int", tx.value("INSERT INTO ddb_index (data_id) VALUES (?) RETURNING id", (data_id,)))


def drop_index(tx: Tx, index_id: int) -> None:
    """Let an index's entries be cleared away."""
    tx.execute("UPDATE ddb_index SET dropped = 1 WHERE id = ?", (index_id,))


def drop_data(tx: Tx, data_id: int) -> None:
    """Let items and their indexes be cleared away, unless a replica still has them."""
    if tx.row("SELECT 1 FROM ddb_table WHERE data_id = ?", (data_id,)) is None:
        tx.execute("UPDATE ddb_data SET dropped = 1 WHERE id = ?", (data_id,))
        tx.execute("UPDATE ddb_index SET dropped = 1 WHERE data_id = ?", (data_id,))


def save(tx: Tx, table_id: int, settings: TableSettings) -> None:
    """Keep a table's configuration."""
    tx.execute("UPDATE ddb_table SET settings = ? WHERE id = ?", (orjson.dumps(settings).decode(), table_id))


def share(tx: Tx, table_id: int, data_id: int) -> None:
    """Let a table show another's items."""
    tx.execute("UPDATE ddb_table SET data_id = ? WHERE id = ?", (data_id, table_id))


def remove(tx: Tx, table: Table) -> None:
    """Delete a table; its items are cleared away later."""
    tx.execute("DELETE FROM ddb_table WHERE id = ?", (table.id,))
    drop_data(tx, table.data_id)


def members(snapshot: Snapshot, data_id: int) -> list[Table]:
    """All tables that share these items."""
    rows = list(snapshot.execute(f"{_SELECT} WHERE data_id = ? ORDER BY region", (data_id,)))
    return [_table(snapshot, cast("tuple[int, int, str, str, str, str]", row)) for row in rows]


def change_indexes(tx: Tx, data_id: int, change: Callable[[list[IndexSettings]], None]) -> None:
    """Change the indexes of a table and of all of its replicas, which have them in common."""
    for member in members(tx, data_id):
        change(member.settings["Indexes"])
        save(tx, member.id, member.settings)
