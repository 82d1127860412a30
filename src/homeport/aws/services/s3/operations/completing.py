"""CompleteMultipartUpload: parts checked, joined inside the kernel, and made a version in one transaction."""

from collections.abc import Mapping
from typing import cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.services.s3.errors import (
    BadDigest,
    ConditionalRequestConflict,
    InvalidRequest,
    NoSuchUpload,
)
from homeport.aws.services.s3.model import checksums, listing, multipart
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.conditions import check_write
from homeport.aws.services.s3.model.multipart import Upload, UploadedPart
from homeport.aws.services.s3.model.names import encode_key
from homeport.aws.services.s3.model.version import Part, Version
from homeport.aws.services.s3.operations.answers import Members, put_members
from homeport.aws.services.s3.operations.contents import Content, body_of
from homeport.aws.services.s3.operations.put import announce, put_in_place, writing_file
from homeport.aws.services.s3.operations.uploads import found_upload, type_mismatch
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import buckets, objects, uploads
from homeport.aws.services.s3.store.files import INLINE_BYTES
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.errors import StorageError


async def complete_multipart_upload(
    s3: S3, call: Call, bucket: Bucket, request: api.CompleteMultipartUploadRequest
) -> Members:
    """Make an object of the parts.

    Raises:
        AwsError: a part is missing or another one, a checksum is wrong, or a condition does not hold.
    """
    identifier, key = request["UploadId"], request["Key"]
    named = request.get("MultipartUpload", {}).get("Parts", [])

    def read(snapshot: Snapshot) -> tuple[Upload | None, Members | None, dict[int, UploadedPart]]:
        upload = uploads.find(snapshot, bucket.id, encode_key(key), identifier)
        if upload is None:
            return None, uploads.remembered(snapshot, bucket.id, identifier), {}
        return upload, None, {p.number: p for p in uploads.parts(snapshot, upload.row, after=0, most=1 << 30)}

    upload, before, uploaded = await s3.db.read(read)
    if upload is None:
        return _again(before, key, identifier)
    _check_completion(upload, request)
    chosen = multipart.chosen_parts(upload, named, uploaded)
    try:
        content, kind = await _assemble(s3, upload, chosen, request)
    except StorageError:
        # Another completion of the same upload may have been faster, and taken the parts away.
        upload, before, _ = await s3.db.read(read)
        if upload is None:
            return _again(before, key, identifier)
        raise
    try:
        return await _commit(s3, call, bucket, request, upload, chosen, content, kind)
    except NoSuchUpload:
        return _again((await s3.db.read(read))[1], key, identifier)


def _again(before: Members | None, key: str, identifier: str) -> Members:
    """What a completion answered before; clients that did not hear it ask again."""
    if before is not None and before.get("Key") == key:
        return before
    raise NoSuchUpload(identifier)


def _check_completion(upload: Upload, request: api.CompleteMultipartUploadRequest) -> None:
    planned = upload.plan.get("checksum_type", "")
    told = request.get("ChecksumType", "")
    if told and told != planned:
        raise InvalidRequest(
            f"The upload was created using the {planned or 'null'} checksum mode. The complete request must use the "
            "same checksum mode."
        )


def _expected_checksum(request: Mapping[str, object], algorithm: str, kind: str, computed: str) -> None:
    for member, told in checksums.MEMBERS.items():
        value = request.get(member)
        if not isinstance(value, str):
            continue
        checksums.check_form(told, value, composite=True)
        if told != algorithm:
            raise type_mismatch(algorithm, told)
        if kind == checksums.COMPOSITE and "-" not in value:
            value = f"{value}-{computed.partition('-')[2]}"
        if value != computed:
            raise BadDigest(f"The {told.lower()} you specified did not match the calculated checksum.")


async def _assemble(
    s3: S3, upload: Upload, chosen: list[UploadedPart], request: api.CompleteMultipartUploadRequest
) -> tuple[Content, str]:
    """The object's content, and its checksum's type.

    Raises:
        AwsError: a checksum or the size is not what the client says.
    """
    size = sum(part.size for part in chosen)
    told_size = request.get("MpuObjectSize")
    if told_size is not None and told_size != size:
        raise InvalidRequest(
            f"The provided 'x-amz-mp-object-size' header value {told_size} does not match what was computed: {size}"
        )
    algorithm = upload.algorithm or checksums.DEFAULT
    kind = upload.plan.get("checksum_type") or checksums.FULL
    checksum = await _whole_checksum(s3, algorithm, kind, chosen)
    _expected_checksum(cast("Mapping[str, object]", request), algorithm, kind, checksum)
    etag = checksums.multipart_etag([part.etag for part in chosen])
    data, file = await _join(s3, chosen, size)
    return Content(size, etag, algorithm, checksum, data, file), kind


async def _whole_checksum(s3: S3, algorithm: str, kind: str, chosen: list[UploadedPart]) -> str:
    if kind == checksums.COMPOSITE:
        return checksums.composite(algorithm, [part.checksum for part in chosen])
    if all(part.algorithm == algorithm for part in chosen):
        return checksums.combined(algorithm, [(part.checksum, part.size) for part in chosen])
    # The client checked its parts with another algorithm than the one that S3 keeps by default.
    digest = checksums.running(algorithm)
    for part in chosen:
        data = await _body(s3, part)
        await s3.files.digest(part.file or data, 0, part.size, (digest,))
    return checksums.encode(digest.digest())


async def _body(s3: S3, part: UploadedPart) -> bytes:
    return await s3.db.read(lambda snapshot: body_of(snapshot, part.row))


async def _join(s3: S3, chosen: list[UploadedPart], size: int) -> tuple[bytes, str]:
    pieces: list[str | bytes | tuple[str, int, int]] = []
    for part in chosen:
        if part.file:
            pieces.append(part.file)
        else:
            pieces.append(await _body(s3, part))
    if size <= INLINE_BYTES and all(isinstance(piece, bytes) for piece in pieces):
        return b"".join(piece for piece in pieces if isinstance(piece, bytes)), ""
    if len(pieces) == 1 and isinstance(pieces[0], str):
        return b"", s3.files.link(pieces[0])
    return b"", await s3.files.join(pieces)


async def _commit(
    s3: S3,
    call: Call,
    bucket: Bucket,
    request: api.CompleteMultipartUploadRequest,
    upload: Upload,
    chosen: list[UploadedPart],
    content: Content,
    kind: str,
) -> Members:
    def write(tx: Tx) -> Members:
        latest = buckets.latest(tx, bucket)
        ended = found_upload(tx, latest, request["Key"], upload.id)
        current = objects.current(tx, latest.id, upload.key)
        _check_conditions(request, upload, current)
        files = [part.file for part in uploads.end(tx, ended) if part.file]
        if files:
            tx.after_commit(s3.files.removal(files))
        version = _version(s3, tx, latest, upload, chosen, content, kind, current)
        put_in_place(s3, tx, latest, version, current)
        announce(s3, tx, call, latest, version, "ObjectCreated:CompleteMultipartUpload")
        members = put_members(latest, version)
        members |= {
            "Location": f"{call.endpoint_url}/{bucket.name}/{listing.encode(upload.key)}",
            "Bucket": bucket.name,
            "Key": request["Key"],
        }
        uploads.remember(tx, latest.id, upload.id, s3.clock.now(), members)
        return members

    return await writing_file(s3, content.file, write)


def _check_conditions(request: api.CompleteMultipartUploadRequest, upload: Upload, current: Version | None) -> None:
    match, none_match = request.get("IfMatch"), request.get("IfNoneMatch")
    if match is None and none_match is None:
        return
    check_write(current, request["Key"], match, none_match)
    if match is not None and current is not None and current.modified > upload.initiated:
        raise ConditionalRequestConflict("If-Match", request["Key"])


def _version(
    s3: S3,
    tx: Tx,
    bucket: Bucket,
    upload: Upload,
    chosen: list[UploadedPart],
    content: Content,
    kind: str,
    current: Version | None,
) -> Version:
    seq = s3.next_seq(current.seq if current is not None else 0)
    extra = upload.plan.get("extra", {})
    parts: list[Part] = [{"number": part.number, "size": part.size} for part in chosen]
    if upload.algorithm:
        for part, kept in zip(parts, chosen, strict=True):
            part["checksum"] = kept.checksum
    extra["parts"] = parts
    return Version(
        upload.key,
        seq,
        s3.new_version_id(bucket, seq),
        True,
        False,
        content.size,
        content.etag,
        s3.clock.now(),
        upload.plan.get("storage_class", "STANDARD"),
        f"{content.algorithm}/{kind}",
        content.checksum,
        content.keep(tx),
        content.file,
        upload.plan.get("owner", bucket.account),
        upload.plan.get("head", {}),
        extra,
    )
