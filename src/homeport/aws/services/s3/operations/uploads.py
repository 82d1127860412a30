"""Multipart uploads: begun, filled part by part, listed, completed, aborted."""

from collections.abc import Mapping
from typing import Final, cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.services.s3.errors import (
    BadDigest,
    ConditionalRequestConflict,
    InvalidArgument,
    InvalidRequest,
    NoSuchUpload,
)
from homeport.aws.services.s3.model import checksums, encryption, lifecycle, listing, multipart, ranges
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.conditions import check_write
from homeport.aws.services.s3.model.multipart import MOST_PART_BYTES, Plan, Upload, UploadedPart
from homeport.aws.services.s3.model.names import canonical_id, decode_key, encode_key
from homeport.aws.services.s3.model.version import Part, Version
from homeport.aws.services.s3.operations.answers import Members, encryption_members, put_members
from homeport.aws.services.s3.operations.contents import Content, body_of, receive
from homeport.aws.services.s3.operations.copy import find_source
from homeport.aws.services.s3.operations.put import announce, draft, put_in_place, writing_file
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import buckets, objects, uploads
from homeport.aws.services.s3.store.files import INLINE_BYTES
from homeport.kernel.storage.database import Snapshot, Tx

_ID_BYTES: Final = 48


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
    upload = Upload(s3.ids.hex(_ID_BYTES), 0, new.key, s3.clock.now(), plan)

    def write(tx: Tx) -> None:
        uploads.start(tx, buckets.latest(tx, bucket).id, upload)

    await s3.db.write(write)
    return {
        "Bucket": bucket.name,
        "Key": request["Key"],
        "UploadId": upload.id,
        "ChecksumAlgorithm": algorithm or None,
        "ChecksumType": kind or None,
        **_abort_members(bucket, upload),
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


def _abort_members(bucket: Bucket, upload: Upload) -> Members:
    rules = bucket.configurations.get("lifecycle", {}).get("rules", [])
    aborted = lifecycle.abort_date(rules, decode_key(upload.key), upload.initiated)
    return {"AbortDate": aborted[0], "AbortRuleId": aborted[1]} if aborted is not None else {}


def _found(snapshot: Snapshot, bucket: Bucket, key: str, identifier: str) -> Upload:
    upload = uploads.find(snapshot, bucket.id, encode_key(key), identifier)
    if upload is None:
        raise NoSuchUpload(identifier)
    return upload


async def _find(s3: S3, bucket: Bucket, key: str, identifier: str) -> Upload:
    return await s3.db.read(lambda snapshot: _found(snapshot, bucket, key, identifier))


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
        raise _type_mismatch(upload.algorithm, content.algorithm)
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
        raise _type_mismatch(upload.algorithm, actual)


def _type_mismatch(expected: str, actual: str) -> InvalidRequest:
    return InvalidRequest(
        f"Checksum Type mismatch occurred, expected checksum Type: {expected.lower()}, "
        f"actual checksum Type: {actual.lower()}"
    )


async def _keep(s3: S3, bucket: Bucket, upload: Upload, number: int, content: Content) -> UploadedPart:
    def write(tx: Tx) -> Members:
        # Looked up again: the upload may have been completed or aborted while the bytes came.
        latest = _found(tx, bucket, decode_key(upload.key), upload.id)
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
    version = source.version
    header = request.get("CopySourceRange")
    extent = ranges.of_copy(header, version.size) if header else ranges.Extent(0, version.size, version.size)
    if extent.count > MOST_PART_BYTES:
        raise InvalidRequest(
            f"The specified copy source is larger than the maximum allowable size for a copy source: {MOST_PART_BYTES}"
        )
    algorithm = upload.algorithm or checksums.DEFAULT
    md5, other = checksums.running("MD5"), checksums.running(algorithm)
    await s3.files.digest(version.file or source.data, extent.start, extent.count, (md5, other))
    file, data = "", source.data[extent.start : extent.start + extent.count]
    if version.file:
        if extent.count == version.size:
            file = s3.files.link(version.file)
        elif extent.count:
            file = await s3.files.join([(version.file, extent.start, extent.count)])
    content = Content(extent.count, md5.digest().hex(), algorithm, checksums.encode(other.digest()), data, file)
    part = await _keep(s3, bucket, upload, request["PartNumber"], content)
    return {
        "CopyPartResult": {
            "ETag": f'"{part.etag}"',
            "LastModified": part.modified,
            **({f"Checksum{algorithm}": part.checksum} if upload.algorithm else {}),
        },
        "CopySourceVersionId": version.id if source.bucket.versioning else None,
        **encryption_members(upload.plan.get("head", {})),
    }


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
        if before is not None and before.get("Key") == key:
            return before
        raise NoSuchUpload(identifier)
    _check_completion(upload, request)
    chosen = multipart.chosen_parts(upload, named, uploaded)
    content, kind = await _assemble(s3, upload, chosen, request)
    return await _commit(s3, call, bucket, request, upload, chosen, content, kind)


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
            raise _type_mismatch(algorithm, told)
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
        ended = _found(tx, latest, request["Key"], upload.id)
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


async def abort_multipart_upload(
    s3: S3, call: Call, bucket: Bucket, request: api.AbortMultipartUploadRequest
) -> Members:
    """Give an upload up.

    Raises:
        NoSuchUpload: there is none.
    """
    del call
    await s3.db.write(lambda tx: give_up(s3, tx, _found(tx, bucket, request["Key"], request["UploadId"])))
    return {}


def give_up(s3: S3, tx: Tx, upload: Upload) -> None:
    """Forget an upload and its parts."""
    files = [part.file for part in uploads.end(tx, upload) if part.file]
    if files:
        tx.after_commit(s3.files.removal(files))


async def list_parts(s3: S3, call: Call, bucket: Bucket, request: api.ListPartsRequest) -> Members:
    """The parts that have come.

    Raises:
        NoSuchUpload: there is no such upload.
    """
    del call
    most = listing.page_size(request.get("MaxParts"), "max-parts")
    after = int(request.get("PartNumberMarker", "0") or 0)

    def read(snapshot: Snapshot) -> tuple[Upload, list[UploadedPart]]:
        upload = _found(snapshot, bucket, request["Key"], request["UploadId"])
        return upload, list(uploads.parts(snapshot, upload.row, after=after, most=most + 1))

    upload, found = await s3.db.read(read)
    page = found[:most]
    return {
        "Bucket": bucket.name,
        "Key": request["Key"],
        "UploadId": upload.id,
        "PartNumberMarker": after,
        "NextPartNumberMarker": page[-1].number if page else 0,
        "MaxParts": most,
        "IsTruncated": len(found) > most,
        "Parts": [_part_members(upload, part) for part in page],
        "Initiator": {"ID": canonical_id(upload.plan.get("initiator", bucket.account))},
        "Owner": {"ID": canonical_id(upload.plan.get("owner", bucket.account))},
        "StorageClass": upload.plan.get("storage_class"),
        "ChecksumAlgorithm": upload.algorithm or None,
        "ChecksumType": upload.plan.get("checksum_type") or None,
        **_abort_members(bucket, upload),
    }


def _part_members(upload: Upload, part: UploadedPart) -> Members:
    members: Members = {
        "PartNumber": part.number,
        "LastModified": part.modified,
        "ETag": f'"{part.etag}"',
        "Size": part.size,
    }
    if upload.algorithm:
        members[f"Checksum{part.algorithm}"] = part.checksum
    return members


async def list_multipart_uploads(
    s3: S3, call: Call, bucket: Bucket, request: api.ListMultipartUploadsRequest
) -> Members:
    """The uploads under way.

    Raises:
        InvalidArgument: a marker names no upload.
    """
    del call
    listing.check_encoding(request.get("EncodingType"))
    most = listing.page_size(request.get("MaxUploads"), "max-uploads")
    prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
    marker, id_marker = request.get("KeyMarker", ""), request.get("UploadIdMarker", "")

    def read(snapshot: Snapshot) -> listing.Page[Upload]:
        start = (
            listing.behind(marker.encode(), prefix.encode(), delimiter.encode()) if marker else (b"", listing.INCLUSIVE)
        )
        if marker and id_marker:
            known = uploads.find(snapshot, bucket.id, marker.encode(), id_marker)
            if known is None:
                raise InvalidArgument("Invalid uploadId marker", "upload-id-marker", id_marker)
            start = uploads.place_of(known)
        query = listing.Query(prefix.encode(), delimiter.encode(), start, most)
        return listing.page(
            lambda begin, end, count: uploads.list_uploads(snapshot, bucket.id, begin, end, count),
            uploads.place_of,
            query,
        )

    page = await s3.db.read(read)
    show = listing.encode if request.get("EncodingType") else decode_key
    last = page.rows[-1] if page.rows else None
    return {
        "Bucket": bucket.name,
        "KeyMarker": marker,
        "UploadIdMarker": id_marker if marker else "",
        "Prefix": show(prefix.encode()),
        "Delimiter": show(delimiter.encode()) if delimiter else None,
        "NextKeyMarker": show(page.last) if page.count else "",
        "NextUploadIdMarker": last.id if last is not None and last.key == page.last else "",
        "MaxUploads": most,
        "IsTruncated": page.truncated,
        "EncodingType": request.get("EncodingType"),
        "CommonPrefixes": [{"Prefix": show(common)} for common in page.prefixes],
        "Uploads": [
            {
                "UploadId": upload.id,
                "Key": show(upload.key),
                "Initiated": upload.initiated,
                "StorageClass": upload.plan.get("storage_class"),
                "Owner": {"ID": canonical_id(upload.plan.get("owner", bucket.account))},
                "Initiator": {"ID": canonical_id(upload.plan.get("initiator", bucket.account))},
                "ChecksumAlgorithm": upload.algorithm or None,
                "ChecksumType": upload.plan.get("checksum_type") or None,
            }
            for upload in page.rows
        ],
    }
