"""Multipart uploads: begun, filled part by part, aborted."""

from collections.abc import Mapping
from typing import cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.services.s3.errors import (
    InvalidRequest,
    NoSuchUpload,
)
from homeport.aws.services.s3.model import checksums, encryption, lifecycle, multipart, ranges
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.multipart import MOST_PART_BYTES, Plan, Upload, UploadedPart
from homeport.aws.services.s3.model.names import decode_key, encode_key
from homeport.aws.services.s3.operations.answers import Members, encryption_members
from homeport.aws.services.s3.operations.contents import Content, discard, receive
from homeport.aws.services.s3.operations.copy import Source, TooLargeToCopy, find_source
from homeport.aws.services.s3.operations.put import draft, writing_file
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import buckets, uploads
from homeport.kernel.storage.database import Snapshot, Tx


async def create_multipart_upload(
    s3: S3, call: Call, bucket: Bucket, request: api.CreateMultipartUploadRequest
) -> Members:
    """Begin an upload.

    Raises:
        AwsError: something about the object to be is not allowed.
    """
    new = await draft(s3, call, bucket, cast("Mapping[str, object]", request))
    algorithm, kind = _checksum_plan(request)
    plan: Plan = {
        "head": new.head,
        "extra": new.extra,
        "storage_class": new.storage_class,
        "algorithm": algorithm,
        "checksum_type": kind,
        "owner": new.owner,
        "initiator": call.account,
    }
    upload = Upload(s3.ids.hex(multipart.UPLOAD_ID_BYTES), 0, new.key, s3.clock.now(), plan)

    def write(tx: Tx) -> None:
        uploads.start(tx, buckets.latest(tx, bucket).id, upload)

    await s3.db.write(write)
    return {
        "Bucket": bucket.name,
        "Key": request["Key"],
        "UploadId": upload.id,
        "ChecksumAlgorithm": algorithm or None,
        "ChecksumType": kind or None,
        **abort_members(bucket, upload),
        **encryption_members(new.head),
    }


def _checksum_plan(request: api.CreateMultipartUploadRequest) -> tuple[str, str]:
    algorithm = request.get("ChecksumAlgorithm", "").upper()
    kind = request.get("ChecksumType", "")
    if algorithm and algorithm not in checksums.ALGORITHMS:
        raise checksums.unsupported()
    if kind and not algorithm:
        raise InvalidRequest(
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
        )
    if not algorithm:
        return "", ""
    return algorithm, checksums.check_type(algorithm, kind) if kind else checksums.default_type(algorithm)


def abort_members(bucket: Bucket, upload: Upload) -> Members:
    """When a lifecycle rule will give an upload up."""
    rules = bucket.configurations.get("lifecycle", {}).get("rules", [])
    aborted = lifecycle.abort_date(rules, decode_key(upload.key), upload.initiated)
    return {"AbortDate": aborted[0], "AbortRuleId": aborted[1]} if aborted is not None else {}


def found_upload(snapshot: Snapshot, bucket: Bucket, key: str, identifier: str) -> Upload:
    """An upload under way.

    Raises:
        NoSuchUpload: there is none.
    """
    upload = uploads.find(snapshot, bucket.id, encode_key(key), identifier)
    if upload is None:
        raise NoSuchUpload(identifier)
    return upload


async def _find(s3: S3, bucket: Bucket, key: str, identifier: str) -> Upload:
    return await s3.db.read(lambda snapshot: found_upload(snapshot, bucket, key, identifier))


def _check_customer_key(upload: Upload, request: Mapping[str, object]) -> None:
    stored = upload.plan.get("extra", {}).get("sse_key")
    given = encryption.customer_key(request)
    if stored is not None and given is None:
        raise InvalidRequest(
            "The multipart upload initiate requested encryption. Subsequent part requests must include the "
            "appropriate encryption parameters."
        )
    if (given[1] if given else None) != stored:
        raise InvalidRequest(
            "The provided encryption parameters did not match the ones used originally to initiate the upload."
        )


async def upload_part(s3: S3, call: Call, bucket: Bucket, request: api.UploadPartRequest) -> Members:
    """Take in a part.

    Raises:
        AwsError: there is no such upload, or the part is not what it should be.
    """
    del call
    multipart.check_part_number(request["PartNumber"])
    upload = await _find(s3, bucket, request["Key"], request["UploadId"])
    asked = cast("Mapping[str, object]", request)
    _check_customer_key(upload, asked)
    _check_algorithm(upload, asked)
    default = upload.algorithm or checksums.DEFAULT
    content = await receive(s3, request.get("Body"), asked, most=MOST_PART_BYTES, default=default)
    if upload.algorithm and content.algorithm != upload.algorithm:
        raise type_mismatch(upload.algorithm, content.algorithm)
    await _keep(s3, bucket, upload, request["PartNumber"], content)
    return {
        "ETag": f'"{content.etag}"',
        f"Checksum{content.algorithm}": content.checksum,
        **encryption_members(upload.plan.get("head", {})),
    }


def _check_algorithm(upload: Upload, request: Mapping[str, object]) -> None:
    told = [checksums.MEMBERS[name] for name in request if name in checksums.MEMBERS]
    named = request.get("ChecksumAlgorithm")
    actual = told[0] if told else named.upper() if isinstance(named, str) else ""
    if upload.algorithm and actual and actual != upload.algorithm:
        raise type_mismatch(upload.algorithm, actual)


def type_mismatch(expected: str, actual: str) -> InvalidRequest:
    """The error about a checksum of another algorithm than the upload's."""
    return InvalidRequest(
        f"Checksum Type mismatch occurred, expected checksum Type: {expected.lower()}, "
        f"actual checksum Type: {actual.lower()}"
    )


async def _keep(s3: S3, bucket: Bucket, upload: Upload, number: int, content: Content) -> UploadedPart:
    def write(tx: Tx) -> Members:
        # Looked up again: the upload may have been completed or aborted while the bytes came.
        latest = found_upload(tx, bucket, decode_key(upload.key), upload.id)
        part = UploadedPart(
            number,
            content.size,
            content.etag,
            content.algorithm,
            content.checksum,
            s3.clock.now(),
            content.keep(tx),
            content.file,
        )
        replaced = uploads.put_part(tx, latest, part)
        if replaced is not None and replaced.file:
            tx.after_commit(s3.files.removal((replaced.file,)))
        return {"part": part}

    return cast("UploadedPart", (await writing_file(s3, content.file, write))["part"])


async def upload_part_copy(s3: S3, call: Call, bucket: Bucket, request: api.UploadPartCopyRequest) -> Members:
    """Take a part from an object that is there already.

    Raises:
        AwsError: there is no such upload or object.
    """
    multipart.check_part_number(request["PartNumber"])
    upload = await _find(s3, bucket, request["Key"], request["UploadId"])
    asked = cast("Mapping[str, object]", request)
    source = await find_source(s3, call, asked)
    try:
        content = await _copied(s3, source, request.get("CopySourceRange"), upload.algorithm or checksums.DEFAULT)
    except BaseException:
        discard(s3, source.held)
        raise
    part = await _keep(s3, bucket, upload, request["PartNumber"], content)
    return {
        "CopyPartResult": {
            "ETag": f'"{part.etag}"',
            "LastModified": part.modified,
            **({f"Checksum{part.algorithm}": part.checksum} if upload.algorithm else {}),
        },
        "CopySourceVersionId": source.version.id if source.bucket.versioning else None,
        **encryption_members(upload.plan.get("head", {})),
    }


async def _copied(s3: S3, source: Source, header: str | None, algorithm: str) -> Content:
    """The part of the source that is wanted, as a content of its own."""
    size = source.version.size
    extent = ranges.of_copy(header, size) if header else ranges.Extent(0, size, size)
    if extent.count > MOST_PART_BYTES:
        raise TooLargeToCopy
    md5, other = checksums.running("MD5"), checksums.running(algorithm)
    await s3.files.digest(source.held or source.data, extent.start, extent.count, (md5, other))
    file, data = source.held, source.data[extent.start : extent.start + extent.count]
    if source.held and extent.count != size:
        file = await s3.files.join([(source.held, extent.start, extent.count)])
        discard(s3, source.held)
    return Content(extent.count, md5.digest().hex(), algorithm, checksums.encode(other.digest()), data, file)


async def abort_multipart_upload(
    s3: S3, call: Call, bucket: Bucket, request: api.AbortMultipartUploadRequest
) -> Members:
    """Give an upload up.

    Raises:
        NoSuchUpload: there is none.
    """
    del call
    await s3.db.write(lambda tx: give_up(s3, tx, found_upload(tx, bucket, request["Key"], request["UploadId"])))
    return {}


def give_up(s3: S3, tx: Tx, upload: Upload) -> None:
    """Forget an upload and its parts."""
    files = [part.file for part in uploads.end(tx, upload) if part.file]
    if files:
        tx.after_commit(s3.files.removal(files))
