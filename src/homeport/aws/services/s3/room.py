"""S3's state while the server runs: the store, bodies, what is cached of buckets, and the count of versions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from homeport.aws.auth.keys import AccessKeys
from homeport.aws.delivery import Deliveries
from homeport.aws.service import Invoke, ServiceContext
from homeport.aws.services.s3.errors import NoSuchBucket
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.version import NULL_VERSION, version_id
from homeport.aws.services.s3.store import buckets
from homeport.aws.services.s3.store.files import Files
from homeport.kernel.clock import Clock
from homeport.kernel.ids import Ids
from homeport.kernel.log import Log
from homeport.kernel.storage.database import Database, Tx

T = TypeVar("T")
SWEEP_JOB = "s3-sweep"
_CHANCE_BYTES = 16
_MICROS_PER_MILLI = 1000


@dataclass(slots=True)
class S3:
    """What S3's operations and jobs work with.

    Attributes:
        keys: for the forms that browsers post, whose signature lies in their body.
        proves_signatures: whether credentials are proved or taken at their word.
        accepts_v2: whether signatures of version 2 count.
    """

    db: Database
    files: Files
    clock: Clock
    ids: Ids
    deliveries: Deliveries
    invoke: Invoke
    log: Log
    wake_job: Callable[[str], None]
    keys: AccessKeys
    proves_signatures: bool
    accepts_v2: bool
    _buckets: dict[str, Bucket] = field(default_factory=dict)
    _last_seq: int = 0

    @classmethod
    async def open(cls, context: ServiceContext) -> "S3":
        """Start on what the data directory holds.

        Raises:
            StorageError: the folder of bodies cannot be used.
        """
        root = str(context.data.root / "aws" / "s3")
        files = Files(root, context.ids, durability=context.settings.durability)
        files.prepare()
        return cls(
            context.db,
            files,
            context.clock,
            context.ids,
            context.deliveries,
            context.invoke,
            context.log,
            context.wake_job,
            context.keys,
            context.settings.aws_auth == "signed",
            context.settings.aws_presigned_v2 == "accept",
        )

    async def close(self) -> None:
        """End what was begun."""
        self.files.close()

    async def reset(self) -> None:
        """Forget what is cached: the tables have been emptied, and no row names the files any more."""
        self._buckets.clear()
        self.wake_job(SWEEP_JOB)

    async def bucket(self, name: str) -> Bucket:
        """A bucket by its name.

        Raises:
            NoSuchBucket: there is none.
        """
        cached = self._buckets.get(name)
        if cached is not None:
            return cached
        found = await self.db.read(lambda snapshot: buckets.find(snapshot, name))
        if found is None:
            raise NoSuchBucket(name)
        self._buckets[name] = found
        return found

    async def change_bucket(self, bucket: Bucket, change: Callable[[Tx, Bucket], T]) -> T:
        """Change what a bucket is, has been told, or whether it is there.

        Raises:
            NoSuchBucket: it has been deleted meanwhile.
            AwsError: whatever `change` raised.
        """

        def write(tx: Tx) -> T:
            result = change(tx, buckets.latest(tx, bucket))
            tx.after_commit(lambda: self._buckets.pop(bucket.name, None))
            return result

        return await self.db.write(write)

    def next_seq(self, after: int) -> int:
        """A sequence number above `after` and above all given out before: the time, in microseconds, or more."""
        self._last_seq = max(self.clock.now() * _MICROS_PER_MILLI, self._last_seq + 1, after + 1)
        return self._last_seq

    def new_version_id(self, bucket: Bucket, seq: int) -> str:
        """The id of what is written now, by the bucket's versioning."""
        if bucket.versioning != "Enabled":
            return NULL_VERSION
        return version_id(seq, bytes.fromhex(self.ids.hex(_CHANCE_BYTES)))
