"""DynamoDB's background work: what expires, leaves the streams, has to be filled or cleared away."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from homeport.aws.services.dynamodb.model.schema import Table
from homeport.aws.services.dynamodb.operations.copying import run_copies
from homeport.aws.services.dynamodb.operations.exports import run_export
from homeport.aws.services.dynamodb.operations.imports import run_import
from homeport.aws.services.dynamodb.operations.restoring import RECOVERY_DAYS
from homeport.aws.services.dynamodb.operations.table_updates import activate_index
from homeport.aws.services.dynamodb.operations.tables import shard_name
from homeport.aws.services.dynamodb.operations.time_to_live import delete_expired
from homeport.aws.services.dynamodb.room import COPIES_JOB, TRANSFERS_JOB, DynamoDb
from homeport.aws.services.dynamodb.store import copies, streams, tables, tasks, tokens
from homeport.aws.services.dynamodb.store.clearing import clear_dropped, fill_expiry, fill_index
from homeport.aws.services.dynamodb.store.streams import RETENTION_MILLIS, SHARD_MILLIS, Stream
from homeport.kernel.clock import Millis
from homeport.kernel.jobs import AT_ONCE, WHEN_WOKEN, Next
from homeport.kernel.storage.database import Tx

_EXPIRY_SECONDS: Final = 30
_TRIM_SECONDS: Final = 300
_TIDY_SECONDS: Final = 15
_TRIM_PIECE: Final = 1000
_DAY_MILLIS: Final = 24 * 3600 * 1000


@dataclass(slots=True)
class Expiry:
    """Deletes items whose time to live has passed."""

    dynamodb: DynamoDb
    name: str = "dynamodb-time-to-live"

    async def run_due(self, now: Millis) -> Next:
        """Delete what is due."""
        await delete_expired(self.dynamodb)
        return Next.after(now, seconds=_EXPIRY_SECONDS)


@dataclass(slots=True)
class StreamTrimming:
    """Drops changes that nobody may read any more, begins new shards, and forgets old streams."""

    dynamodb: DynamoDb
    name: str = "dynamodb-streams"

    async def run_due(self, now: Millis) -> Next:
        """Trim some of each change log, and roll shards that are old enough."""
        db = self.dynamodb.db
        keep = await db.read(lambda snapshot: _retentions(tables.all_tables(snapshot)))
        copied = {copy.source for copy in await db.read(copies.unfinished)}
        done = True
        for data_id in await db.read(streams.logged_data):
            if data_id in copied:
                continue
            before = now - keep.get(data_id, RETENTION_MILLIS)
            done &= await db.write(partial(streams.trim, data_id=data_id, before=before, limit=_TRIM_PIECE))
        for stream in await db.read(streams.all_streams):
            await db.write(partial(self._tend, stream=stream, now=now))
        await db.write(lambda tx: tokens.forget_old(tx, now))
        return Next.after(now, seconds=_TRIM_SECONDS) if done else AT_ONCE

    def _tend(self, tx: Tx, stream: Stream, now: Millis) -> None:
        if stream.closed is not None:
            if stream.closed <= now - RETENTION_MILLIS:
                streams.forget_stream(tx, stream.id)
            return
        streams.forget_shards(tx, stream.id, now - RETENTION_MILLIS)
        shards = streams.list_shards(tx, stream.id)
        old = not shards or shards[-1].opened <= now - SHARD_MILLIS
        # A shard without a record stays open: an empty one would say nothing to anybody.
        if old and (not shards or streams.has_changes(tx, stream.data_id, shards[-1].first)):
            streams.roll_shard(tx, stream, shard_name(self.dynamodb, now), now)


def _retentions(every: list[Table]) -> dict[int, int]:
    """For how long the changes of each table's items are kept, in milliseconds."""
    keep: dict[int, int] = {}
    for table in every:
        if "PointInTime" in table.settings:
            days = table.settings.get("RecoveryDays", RECOVERY_DAYS)
            keep[table.data_id] = max(days * _DAY_MILLIS, keep.get(table.data_id, RETENTION_MILLIS))
    return keep


@dataclass(slots=True)
class Tidying:
    """Fills indexes that were added to tables with items, and clears away what deleted ones have left."""

    dynamodb: DynamoDb
    name: str = "dynamodb-indexes"

    async def run_due(self, now: Millis) -> Next:
        """Do a piece of whatever there is to do."""
        db = self.dynamodb.db
        by_data = {table.data_id: table for table in await db.read(tables.all_tables)}
        done = await db.write(clear_dropped)
        for table in by_data.values():
            if any(not index.active for index in table.indexes):
                done &= await self.dynamodb.tables.change(partial(self._fill, table=table))
            elif table.expiry is not None:
                done &= await db.write(partial(fill_expiry, table=table))
        return Next.after(now, seconds=_TIDY_SECONDS) if done else AT_ONCE

    def _fill(self, tx: Tx, table: Table) -> bool:
        done = fill_expiry(tx, table)
        for index in table.indexes:
            if index.active:
                continue
            if fill_index(tx, table, index):
                activate_index(tx, table.data_id, index.id)
            else:
                done = False
        return done


@dataclass(slots=True)
class Copies:
    """Completes backups and restored tables."""

    dynamodb: DynamoDb
    name: str = COPIES_JOB

    async def run_due(self, _now: Millis) -> Next:
        """Do what is left of each."""
        await run_copies(self.dynamodb)
        return WHEN_WOKEN


@dataclass(slots=True)
class Transfers:
    """Does exports and imports, one after another."""

    dynamodb: DynamoDb
    name: str = TRANSFERS_JOB

    async def run_due(self, _now: Millis) -> Next:
        """Do what waits; one that was cut off begins again."""
        for task in await self.dynamodb.db.read(tasks.unfinished):
            await (run_export if task.kind == "export" else run_import)(self.dynamodb, task)
        return WHEN_WOKEN
