"""Object annotations: named notes beside an object's content, of each version its own."""

from collections.abc import Mapping
from typing import Final, cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.services.s3.errors import InvalidArgument, NoSuchAnnotation, PreconditionFailed
from homeport.aws.services.s3.model import checksums, listing
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.version import Version
from homeport.aws.services.s3.operations.answers import Members, shown_id
from homeport.aws.services.s3.operations.contents import receive
from homeport.aws.services.s3.operations.get import locate
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import annotations, buckets
from homeport.aws.services.s3.store.annotations import Annotation
from homeport.kernel.storage.database import Snapshot, Tx

MOST_BYTES: Final = 1024 * 1024
_MOST_NAME_BYTES: Final = 512
_PAGE: Final = 1000
Ask = Mapping[str, object]


def _check_name(name: str) -> None:
    if not 1 <= len(name.encode()) <= _MOST_NAME_BYTES:
        raise InvalidArgument("The annotation name is not valid", "annotationName", name)


def _check_match(version: Version, wanted: str | None) -> None:
    if wanted is not None and wanted.strip('"') != version.etag:
        raise PreconditionFailed("x-amz-object-if-match")


async def put_object_annotation(s3: S3, call: Call, bucket: Bucket, request: api.PutObjectAnnotationRequest) -> Members:
    """Note something beside an object.

    Raises:
        AwsError: there is no such object, or the note is not what its checksum says.
    """
    del call
    name = request["AnnotationName"]
    _check_name(name)
    content = await receive(s3, request.get("AnnotationPayload"), cast("Ask", request), most=MOST_BYTES)
    data = content.data
    if content.file:
        with s3.files.open(content.file, 0, content.size) as slices:
            data = slices.read()
        s3.files.listed((content.file,))
        s3.files.removal((content.file,))()

    def write(tx: Tx) -> Version:
        latest = buckets.latest(tx, bucket)
        version = locate(tx, latest, request["Key"], request.get("VersionId"), method="PUT")
        _check_match(version, request.get("ObjectIfMatch"))
        kind = f"{content.algorithm}/{checksums.FULL}"
        note = Annotation(name, content.etag, s3.clock.now(), kind, content.checksum, data)
        annotations.put(tx, latest.id, version, note)
        return version

    version = await s3.db.write(write)
    return {
        "Key": request["Key"],
        "AnnotationName": name,
        "ObjectVersionId": shown_id(bucket, version),
        "ETag": f'"{content.etag}"',
        f"Checksum{content.algorithm}": content.checksum,
        "ChecksumType": checksums.FULL,
        "ServerSideEncryption": version.head.get("ServerSideEncryption"),
    }


async def get_object_annotation(s3: S3, call: Call, bucket: Bucket, request: api.GetObjectAnnotationRequest) -> Members:
    """Read a note.

    Raises:
        AwsError: there is no such object or note.
    """
    del call

    def read(snapshot: Snapshot) -> tuple[Version, Annotation]:
        version = locate(snapshot, bucket, request["Key"], request.get("VersionId"))
        note = annotations.get(snapshot, bucket.id, version, request["AnnotationName"])
        if note is None:
            raise NoSuchAnnotation(request["AnnotationName"])
        return version, note

    version, note = await s3.db.read(read)
    members: Members = {
        "AnnotationPayload": note.content,
        "ObjectVersionId": shown_id(bucket, version),
        "LastModified": note.modified,
        "ContentLength": len(note.content),
        "ETag": f'"{note.etag}"',
        "ServerSideEncryption": version.head.get("ServerSideEncryption"),
    }
    if request.get("ChecksumMode") == "ENABLED":
        algorithm, _, kind = note.checksum_kind.partition("/")
        members |= {f"Checksum{algorithm}": note.checksum, "ChecksumType": kind}
    return members


async def list_object_annotations(
    s3: S3, call: Call, bucket: Bucket, request: api.ListObjectAnnotationsRequest
) -> Members:
    """The names of an object's notes."""
    del call
    token, prefix = request.get("ContinuationToken"), request.get("AnnotationPrefix", "")
    after = listing.read_token(token).decode() if token else ""
    most = min(request.get("MaxAnnotationResults", _PAGE), _PAGE)

    def read(snapshot: Snapshot) -> tuple[Version, list[Annotation]]:
        version = locate(snapshot, bucket, request["Key"], request.get("VersionId"))
        return version, annotations.list_of(snapshot, bucket.id, version, prefix, after, most + 1)

    version, found = await s3.db.read(read)
    page = found[:most]
    more = len(found) > most
    return {
        "Bucket": bucket.name,
        "Key": request["Key"],
        "ObjectVersionId": shown_id(bucket, version),
        "AnnotationPrefix": prefix or None,
        "MaxAnnotationResults": most,
        "AnnotationCount": len(page),
        "ContinuationToken": token,
        "NextContinuationToken": listing.token_of(page[-1].name.encode()) if more else None,
        "Annotations": [
            {
                "AnnotationName": note.name,
                "LastModified": note.modified,
                "ETag": f'"{note.etag}"',
                "ChecksumAlgorithm": [note.checksum_kind.partition("/")[0]],
                "Size": len(note.content),
            }
            for note in page
        ],
    }


async def delete_object_annotation(
    s3: S3, call: Call, bucket: Bucket, request: api.DeleteObjectAnnotationRequest
) -> Members:
    """Take a note away, whether it is there or not."""
    del call

    def write(tx: Tx) -> Version:
        latest = buckets.latest(tx, bucket)
        version = locate(tx, latest, request["Key"], request.get("VersionId"), method="DELETE")
        _check_match(version, request.get("ObjectIfMatch"))
        annotations.delete(tx, latest.id, version, request["AnnotationName"])
        return version

    version = await s3.db.write(write)
    return {"ObjectVersionId": shown_id(bucket, version)}
