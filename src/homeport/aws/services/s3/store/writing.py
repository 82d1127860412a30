"""How versions take each other's place: puts and deletes by the bucket's versioning, each in one transaction."""

from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.version import NULL_VERSION, Version
from homeport.aws.services.s3.store import objects
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Tx


def place(tx: Tx, bucket: Bucket, new: Version, current: Version | None) -> list[str]:
    """Make a version its key's newest; returns the files whose rows went with what it replaces.

    `current`: the newest one so far.
    """
    gone = _give_way(tx, bucket, new, current) if current is not None else []
    objects.insert(tx, bucket.id, new)
    return gone


def _give_way(tx: Tx, bucket: Bucket, new: Version, current: Version) -> list[str]:
    gone: list[str] = []
    if new.id == NULL_VERSION:
        # What is written without versioning is one version, whatever lies above it.
        replaced = current if current.id == NULL_VERSION else objects.find(tx, bucket.id, new.key, NULL_VERSION)
        if replaced is not None:
            objects.remove(tx, bucket.id, replaced)
            gone.append(replaced.file)
            if replaced is current:
                return gone
    since = {**current.extra, "noncurrent_since": new.modified}
    objects.set_current(tx, bucket.id, current, current=False, extra=since)  # type: ignore[arg-type] # the same keys
    return gone


def new_marker(key: bytes, seq: int, identifier: str, owner: str, at: Millis) -> Version:
    """A delete marker."""
    return Version(key, seq, identifier, True, True, 0, "", at, "STANDARD", "", "", 0, "", owner, {}, {})


def remove_version(tx: Tx, bucket: Bucket, version: Version) -> list[str]:
    """Remove a version for good; the next older one takes its place. Returns the file whose row went."""
    objects.remove(tx, bucket.id, version)
    if version.current and bucket.versioning:
        heir = objects.newest_before(tx, bucket.id, version.key, version.seq)
        if heir is not None:
            extra = {name: value for name, value in heir.extra.items() if name != "noncurrent_since"}
            objects.set_current(tx, bucket.id, heir, current=True, extra=extra)  # type: ignore[arg-type] # the same keys
    return [version.file]
