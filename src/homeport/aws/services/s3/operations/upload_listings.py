"""ListParts and ListMultipartUploads."""

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.services.s3.errors import (
    InvalidArgument,
)
from homeport.aws.services.s3.model import listing
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.listing import Cursor
from homeport.aws.services.s3.model.multipart import Upload, UploadedPart, may_be_upload_id
from homeport.aws.services.s3.model.names import canonical_id, decode_key
from homeport.aws.services.s3.operations.answers import Members
from homeport.aws.services.s3.operations.uploads import abort_members, found_upload
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import uploads
from homeport.kernel.storage.database import Snapshot


async def list_parts(s3: S3, call: Call, bucket: Bucket, request: api.ListPartsRequest) -> Members:
    """The parts that have come.

    Raises:
        NoSuchUpload: there is no such upload.
    """
    del call
    most = listing.page_size(request.get("MaxParts"), "max-parts")
    after = int(request.get("PartNumberMarker", "0") or 0)

    def read(snapshot: Snapshot) -> tuple[Upload, list[UploadedPart]]:
        upload = found_upload(snapshot, bucket, request["Key"], request["UploadId"])
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
        **abort_members(bucket, upload),
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
        if not marker:
            start = b"", listing.INCLUSIVE
        elif id_marker:
            start = _behind_upload(snapshot, bucket, marker.encode(), id_marker)
        else:
            start = listing.behind(marker.encode(), prefix.encode(), delimiter.encode())
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
        "KeyMarker": show(marker.encode()),
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


def _behind_upload(snapshot: Snapshot, bucket: Bucket, key: bytes, identifier: str) -> Cursor:
    """Where a page begins behind an upload; one that has ended since means all that are left of its key.

    Raises:
        InvalidArgument: it cannot have been an upload of this key.
    """
    known = uploads.find(snapshot, bucket.id, key, identifier)
    if known is not None:
        return uploads.place_of(known)
    if not may_be_upload_id(identifier) or uploads.is_under_way(snapshot, bucket.id, identifier):
        raise InvalidArgument("Invalid uploadId marker", "upload-id-marker", identifier)
    return key, listing.INCLUSIVE
