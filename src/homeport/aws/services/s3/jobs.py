"""S3's background work: lifecycle rules carried out, restored copies taken away, files without rows swept."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

from homeport.aws.services.s3 import events
from homeport.aws.services.s3.errors import NoSuchBucket, S3Error
from homeport.aws.services.s3.events import INTERNAL
from homeport.aws.services.s3.model import lifecycle
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.lifecycle import Age
from homeport.aws.services.s3.model.listing import INCLUSIVE, Cursor
from homeport.aws.services.s3.model.names import decode_key
from homeport.aws.services.s3.model.notifications import Event
from homeport.aws.services.s3.model.version import Extra, Version
from homeport.aws.services.s3.operations.delete import Names, Wish, carry_out
from homeport.aws.services.s3.operations.protections import RESTORE_JOB
from homeport.aws.services.s3.operations.uploads import give_up
from homeport.aws.services.s3.room import S3, SWEEP_JOB
from homeport.aws.services.s3.store import buckets, objects, uploads
from homeport.aws.services.s3.store.files import named
from homeport.kernel.clock import Millis
from homeport.kernel.jobs import WHEN_WOKEN, Next
from homeport.kernel.storage.database import Snapshot, Tx

_PAGE: Final = 500
_HOUR_SECONDS: Final = 3600
_DAY_SECONDS: Final = 86_400
_EXPIRY: Final = Names("LifecycleExpiration:Delete", "LifecycleExpiration:DeleteMarkerCreated")


@dataclass(slots=True)
class Lifecycle:
    """Expires, moves and gives up what the rules of each bucket say; looks once an hour."""

    s3: S3
    name: str = "s3-lifecycle"

    async def run_due(self, now: Millis) -> Next:
        """Go through all buckets that have rules."""
        names = await self.s3.db.read(lambda snapshot: buckets.configured(snapshot, "lifecycle"))
        for name in names:
            try:
                bucket = await self.s3.bucket(name)
            except NoSuchBucket:
                continue
            await self._versions(bucket, now)
            await self._uploads(bucket, now)
        return Next.after(now, seconds=_HOUR_SECONDS)

    async def _versions(self, bucket: Bucket, now: Millis) -> None:
        place: Cursor | None = (b"", INCLUSIVE)
        rank = _Rank()
        while place is not None:
            page = await self.s3.db.read(partial(_page, bucket.id, place))
            due = [
                (version, age)
                for version, age in rank.of(page)
                if _deed(bucket, version, age, now) or _target_class(bucket, version, age, now)
            ]
            if due:
                await self.s3.db.write(partial(self._carry_out, bucket, due, now))
            place = (page[-1].key, page[-1].seq) if len(page) == _PAGE else None
            await asyncio.sleep(0)

    def _carry_out(self, bucket: Bucket, due: Sequence[tuple[Version, Age]], now: Millis, tx: Tx) -> None:
        latest = buckets.latest(tx, bucket)
        for seen, age in due:
            version = objects.find(tx, latest.id, seen.key, seen.id)
            if version is None or version.seq != seen.seq:
                continue
            alone = age.newer is None and objects.newest_before(tx, latest.id, version.key, version.seq) is None
            age_now = Age(age.newer, alone)
            deed = _deed(latest, version, age_now, now)
            if deed:
                self._delete(tx, latest, version, deed)
            elif target := _target_class(latest, version, age_now, now):
                objects.set_class(tx, latest.id, version, target)
                self._tell(tx, latest, version, "LifecycleTransition")

    def _delete(self, tx: Tx, bucket: Bucket, version: Version, deed: str) -> None:
        wish = Wish(version.key, None if deed == "expire" else version.id)
        try:
            carry_out(self.s3, tx, bucket, wish, INTERNAL, _EXPIRY)
        except S3Error:
            # Protected by a lock: looked at again in an hour.
            return

    def _tell(self, tx: Tx, bucket: Bucket, version: Version, name: str) -> None:
        shown = version.id if bucket.versioning == "Enabled" else ""
        event = Event(name, decode_key(version.key), version.seq, version.size, version.etag, shown)
        events.post(self.s3, tx, bucket, event, INTERNAL)

    async def _uploads(self, bucket: Bucket, now: Millis) -> None:
        rules = bucket.configurations.get("lifecycle", {}).get("rules", [])
        if not any("AbortIncompleteMultipartUpload" in rule for rule in rules):
            return

        def write(tx: Tx) -> None:
            for upload in uploads.of_bucket(tx, bucket.id):
                aborted = lifecycle.abort_date(rules, decode_key(upload.key), upload.initiated)
                if aborted is not None and aborted[0] <= now:
                    give_up(self.s3, tx, upload)

        await self.s3.db.write(write)


def _page(bucket: int, begin: Cursor, snapshot: Snapshot) -> Sequence[Version]:
    return objects.list_versions(snapshot, bucket, begin, None, _PAGE)


def _deed(bucket: Bucket, version: Version, age: Age, now: Millis) -> str:
    rules = bucket.configurations.get("lifecycle", {}).get("rules", [])
    return lifecycle.verdict(rules, version, decode_key(version.key), age, now)


def _target_class(bucket: Bucket, version: Version, age: Age, now: Millis) -> str:
    told = bucket.configurations.get("lifecycle", {})
    minimum = told.get("minimum_size", lifecycle.DEFAULT_MINIMUM)
    return lifecycle.transition(told.get("rules", []), minimum, version, decode_key(version.key), age, now)


class _Rank:
    """How many newer versions each version has, while those of each key go by, the newest first."""

    def __init__(self) -> None:
        self._key = b""
        self._newer = 0

    def of(self, page: Sequence[Version]) -> Iterator[tuple[Version, Age]]:
        """Each version with its age; whether a marker is alone is for the transaction to see."""
        for version in page:
            if version.key != self._key:
                self._key, self._newer = version.key, 0
            if version.current:
                yield version, Age(None, version.marker)
                continue
            yield version, Age(self._newer, False)
            self._newer += 1


@dataclass(slots=True)
class Restores:
    """Says when a restored copy is there, and takes it away when its days are over."""

    s3: S3
    name: str = RESTORE_JOB

    async def run_due(self, now: Millis) -> Next:
        """Look at every restore under way."""
        found = await self.s3.db.read(objects.restored)
        if not found:
            return WHEN_WOKEN
        await self.s3.db.write(lambda tx: self._advance(tx, [(bucket, v.key, v.id) for bucket, v in found], now))
        following = await self.s3.db.read(objects.restored)
        moments = [_next_moment(version, now) for _, version in following]
        return Next(min(moments)) if moments else WHEN_WOKEN

    def _advance(self, tx: Tx, found: Sequence[tuple[int, bytes, str]], now: Millis) -> None:
        for bucket_id, key, identifier in found:
            bucket = buckets.by_id(tx, bucket_id)
            version = objects.find(tx, bucket_id, key, identifier)
            restore = version.extra.get("restore") if version is not None else None
            if bucket is None or version is None or restore is None:
                continue
            if restore["expires"] <= now:
                extra = {name: value for name, value in version.extra.items() if name != "restore"}
                objects.change(tx, bucket_id, version, cast("Extra", extra))
                self._tell(tx, bucket, version, "ObjectRestore:Delete", None)
            elif restore["ready"] <= now and not restore.get("told"):
                changed: Extra = {**version.extra, "restore": {**restore, "told": True}}
                objects.change(tx, bucket_id, version, changed)
                self._tell(tx, bucket, version, "ObjectRestore:Completed", restore["expires"])

    def _tell(self, tx: Tx, bucket: Bucket, version: Version, name: str, expires: Millis | None) -> None:
        shown = version.id if bucket.versioning == "Enabled" else ""
        event = Event(name, decode_key(version.key), version.seq, version.size, version.etag, shown, expires)
        events.post(self.s3, tx, bucket, event, INTERNAL)


def _next_moment(version: Version, now: Millis) -> Millis:
    restore = version.extra["restore"]
    return restore["ready"] if restore["ready"] > now else restore["expires"]


@dataclass(slots=True)
class Sweep:
    """Removes files that no row names: what a crash left between a file's renaming and its row's commit.

    Runs at every start, and once a day.
    """

    s3: S3
    name: str = SWEEP_JOB

    async def run_due(self, now: Millis) -> Next:
        """Compare the folder with the rows."""
        files = self.s3.files
        # The folder first: what is renamed after this look is none of it.
        stored = await asyncio.get_running_loop().run_in_executor(files.threads, files.stored)
        known = await self.s3.db.read_long(named)
        stray = [name for name in stored if name not in known]
        if stray:
            await asyncio.get_running_loop().run_in_executor(files.threads, files.remove, stray)
            self.s3.log.info("swept bodies that no object names", count=len(stray))
        before = Millis(now - _DAY_SECONDS * 1000)
        await self.s3.db.write(lambda tx: uploads.forget(tx, before))
        return Next.after(now, seconds=_DAY_SECONDS)
