"""Tags, retention and legal holds of objects, read and set; and the restore of archived ones."""

from collections.abc import Callable, Mapping
from typing import Final, cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.protocol.rest import STATUS
from homeport.aws.services.s3 import events
from homeport.aws.services.s3.errors import (
    InvalidArgument,
    InvalidObjectState,
    InvalidRequest,
    MalformedXml,
    NoSuchObjectLockConfiguration,
    RestoreAlreadyInProgress,
)
from homeport.aws.services.s3.model import encryption, lifecycle, lock, tags
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.names import decode_key
from homeport.aws.services.s3.model.notifications import Event
from homeport.aws.services.s3.model.version import Extra, Head, Restore, Version
from homeport.aws.services.s3.operations.access import may
from homeport.aws.services.s3.operations.answers import Members, shown_id
from homeport.aws.services.s3.operations.get import locate
from homeport.aws.services.s3.operations.kms_keys import settle_key
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import buckets, objects
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Tx

Ask = Mapping[str, object]
RESTORE_JOB: Final = "s3-restore"
# Minutes to hours at AWS; here as soon as the job runs.
_RESTORE_DELAY_MS: Final = {"Expedited": 1000, "Standard": 5000, "Bulk": 10_000}
_ACCEPTED: Final = 202


async def _read(s3: S3, bucket: Bucket, request: Ask) -> Version:
    key, identifier = str(request["Key"]), cast("str | None", request.get("VersionId"))
    return await s3.db.read(lambda snapshot: locate(snapshot, bucket, key, identifier))


async def _change(
    s3: S3, bucket: Bucket, request: Ask, change: Callable[[Tx, Bucket, Version], Extra | None]
) -> Version:
    """Change an object's extra in one transaction; `change` says what it will be, or None for no change."""
    key, identifier = str(request["Key"]), cast("str | None", request.get("VersionId"))

    def write(tx: Tx) -> Version:
        latest = buckets.latest(tx, bucket)
        version = locate(tx, latest, key, identifier, method="PUT")
        extra = change(tx, latest, version)
        if extra is not None:
            objects.change(tx, latest.id, version, extra)
        return version

    return await s3.db.write(write)


async def get_object_tagging(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    """An object's tags."""
    del call
    version = await _read(s3, bucket, request)
    return {"TagSet": version.extra.get("tags", []), "VersionId": shown_id(bucket, version)}


async def put_object_tagging(s3: S3, call: Call, bucket: Bucket, request: api.PutObjectTaggingRequest) -> Members:
    """Replace an object's tags.

    Raises:
        AwsError: there is no such object, or the tags break the rules.
    """
    new = request["Tagging"].get("TagSet", [])
    tags.check_tags(new, bucket=False, most=tags.OBJECT_TAGS)

    def change(tx: Tx, latest: Bucket, version: Version) -> Extra:
        _tell(s3, tx, call, latest, version, "ObjectTagging:Put")
        return {**version.extra, "tags": new}

    version = await _change(s3, bucket, cast("Ask", request), change)
    return {"VersionId": shown_id(bucket, version)}


async def delete_object_tagging(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    """Take an object's tags away."""

    def change(tx: Tx, latest: Bucket, version: Version) -> Extra:
        _tell(s3, tx, call, latest, version, "ObjectTagging:Delete")
        return cast("Extra", {name: value for name, value in version.extra.items() if name != "tags"})

    version = await _change(s3, bucket, request, change)
    return {"VersionId": shown_id(bucket, version)}


def _tell(s3: S3, tx: Tx, call: Call, bucket: Bucket, version: Version, name: str, *, sized: bool = False) -> None:
    event = Event(
        name,
        decode_key(version.key),
        version.seq,
        version.size if sized else None,
        version.etag,
        version.id if bucket.versioning == "Enabled" else "",
    )
    events.post(s3, tx, bucket, event, events.origin_of(call))


def _check_lockable(bucket: Bucket) -> None:
    if not bucket.lockable:
        raise InvalidRequest("Bucket is missing Object Lock Configuration")


async def get_object_retention(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    """Until when an object cannot be deleted."""
    del call
    _check_lockable(bucket)
    extra = (await _read(s3, bucket, request)).extra
    if "mode" not in extra:
        raise NoSuchObjectLockConfiguration
    return {"Retention": {"Mode": extra["mode"], "RetainUntilDate": extra["retain_until"]}}


async def put_object_retention(s3: S3, call: Call, bucket: Bucket, request: api.PutObjectRetentionRequest) -> Members:
    """Say until when an object cannot be deleted.

    Raises:
        AwsError: there is no such object, or it would be protected less than it is.
    """
    _check_lockable(bucket)
    asked = cast("Ask", request)
    wanted = request.get("Retention", {})
    mode, until = wanted.get("Mode"), wanted.get("RetainUntilDate")
    if mode is not None or until is not None:
        lock.check_retention(mode, until, s3.clock.now())
    bypass = bool(request.get("BypassGovernanceRetention")) and await may(
        s3, call, bucket, "s3:BypassGovernanceRetention", asked, request["Key"]
    )

    def change(_tx: Tx, _latest: Bucket, version: Version) -> Extra:
        lock.protect_retention(version.extra, mode, until, s3.clock.now(), bypass=bypass)
        kept = {name: value for name, value in version.extra.items() if name not in {"mode", "retain_until"}}
        if mode is not None:
            kept |= {"mode": mode, "retain_until": until}
        return cast("Extra", kept)

    await _change(s3, bucket, asked, change)
    return {}


async def get_object_legal_hold(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    """Whether an object is held."""
    del call
    _check_lockable(bucket)
    extra = (await _read(s3, bucket, request)).extra
    if "hold" not in extra:
        raise NoSuchObjectLockConfiguration
    return {"LegalHold": {"Status": extra["hold"]}}


async def put_object_legal_hold(s3: S3, call: Call, bucket: Bucket, request: api.PutObjectLegalHoldRequest) -> Members:
    """Hold an object, or let it go."""
    del call
    _check_lockable(bucket)
    status = request.get("LegalHold", {}).get("Status")
    if status not in {"ON", "OFF"}:
        raise MalformedXml
    hold = str(status)

    def change(_tx: Tx, _latest: Bucket, version: Version) -> Extra:
        return {**version.extra, "hold": hold}

    await _change(s3, bucket, cast("Ask", request), change)
    return {}


async def restore_object(s3: S3, call: Call, bucket: Bucket, request: api.RestoreObjectRequest) -> Members:
    """Bring a copy of an archived object back for some days.

    Raises:
        AwsError: it is not archived, or a restore is under way.
    """
    wanted = request.get("RestoreRequest")
    if wanted is None:
        raise MalformedXml
    if "Type" in wanted or "SelectParameters" in wanted:
        raise InvalidRequest("Restores with a query have ended at AWS; use SelectObjectContent.")
    days = wanted.get("Days")
    if days is None or days <= 0:
        raise InvalidArgument("Restoration days should be at least 1", "Days", days)
    tier = wanted.get("Tier") or wanted.get("GlacierJobParameters", {}).get("Tier") or "Standard"
    if tier not in _RESTORE_DELAY_MS:
        raise MalformedXml
    status = 200

    def change(tx: Tx, latest: Bucket, version: Version) -> Extra:
        nonlocal status
        now = s3.clock.now()
        if not version.archived:
            raise InvalidObjectState(version.storage_class)
        if tier == "Expedited" and version.storage_class == "DEEP_ARCHIVE":
            raise InvalidArgument("Retrieval option is not supported by this storage class", "Tier", tier)
        before = version.extra.get("restore")
        if before is not None and before["ready"] > now:
            raise RestoreAlreadyInProgress
        ready = Millis(now + _RESTORE_DELAY_MS[tier]) if before is None else before["ready"]
        status = _ACCEPTED if before is None else 200
        if before is None:
            _tell(s3, tx, call, latest, version, "ObjectRestore:Post", sized=True)
        tx.after_commit(lambda: s3.wake_job(RESTORE_JOB))
        expires = lifecycle.restored_until(Millis(max(ready, now)), days)
        restore: Restore = {**(before or {}), "ready": ready, "expires": expires, "days": days}
        return {**version.extra, "restore": restore}

    await _change(s3, bucket, cast("Ask", request), change)
    return {STATUS: status}


async def update_object_encryption(
    s3: S3, call: Call, bucket: Bucket, request: api.UpdateObjectEncryptionRequest
) -> Members:
    """Change how an object is encrypted.

    Raises:
        AwsError: there is no such object, or no such key.
    """
    wanted = request["ObjectEncryption"]
    head: Head = {"ServerSideEncryption": encryption.AES}
    kms = wanted.get("SSEKMS")
    if kms is not None:
        head = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms["KMSKeyArn"]}
        if kms.get("BucketKeyEnabled"):
            head["BucketKeyEnabled"] = True
        await settle_key(s3, call, bucket, head)
    elif "SSES3" not in wanted:
        raise MalformedXml

    def change(tx: Tx, latest: Bucket, version: Version) -> None:
        if "sse_key" in version.extra:
            raise InvalidRequest("The encryption of objects with customer provided keys cannot be updated.")
        kept = {n: v for n, v in version.head.items() if n not in {"SSEKMSKeyId", "BucketKeyEnabled"}}
        objects.set_head(tx, latest.id, version, cast("Head", {**kept, **head}))

    await _change(s3, bucket, cast("Ask", request), change)
    return {}
