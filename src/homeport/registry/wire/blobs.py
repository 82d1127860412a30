"""Blobs on the wire: end-2 and end-10, with ranges and conditions (RFC 9110)."""

import os
from collections.abc import Sequence

from homeport.kernel.http.message import HeaderList, Response
from homeport.kernel.streams import FileSlices, Slice
from homeport.registry.errors import RangeInvalid
from homeport.registry.model.digest import Digest, parse_digest
from homeport.registry.model.ranges import ByteRange, parse_range
from homeport.registry.operations.blobs import blob_size, delete_blob, open_blob
from homeport.registry.store.content import Blob
from homeport.registry.wire.answers import API_VERSION, empty, error_response
from homeport.registry.wire.conditions import if_range_holds, not_modified
from homeport.registry.wire.visit import Visit

_OCTETS = "application/octet-stream"
_FOR_EVER = ("Cache-Control", "max-age=31536000")
_BOUNDARY_BYTES = 16


async def head_blob(visit: Visit) -> Response:
    """HEAD of end-2."""
    digest = parse_digest(visit.match.rest)
    size_bytes = blob_size(visit.registry, visit.call, visit.name, digest)
    if not_modified(visit.request, digest):
        return Response(304, _headers(digest))
    return Response(200, [("Content-Type", _OCTETS), *_headers(digest)], length=size_bytes)


async def get_blob(visit: Visit) -> Response:
    """GET of end-2: the whole blob, one range, or several as multipart/byteranges."""
    digest = parse_digest(visit.match.rest)
    blob = open_blob(visit.registry, visit.call, visit.name, digest)
    try:
        return _blob_response(visit, digest, blob)
    except BaseException:
        os.close(blob.fd)
        raise


def _blob_response(visit: Visit, digest: Digest, blob: Blob) -> Response:
    request = visit.request
    if not_modified(request, digest):
        os.close(blob.fd)
        return Response(304, _headers(digest))
    wanted = request.headers.get("Range")
    if wanted is None or not if_range_holds(request, digest):
        ranges: Sequence[ByteRange] = ()
    else:
        try:
            ranges = parse_range(wanted, blob.size_bytes)
        except RangeInvalid as error:
            os.close(blob.fd)
            return error_response(error, [("Content-Range", f"bytes */{blob.size_bytes}")])
    if not ranges:
        headers = [("Content-Type", _OCTETS), *_headers(digest)]
        return Response(200, headers, FileSlices(blob.fd, [Slice(0, blob.size_bytes)]))
    if len(ranges) == 1:
        return _one_range(digest, blob, ranges[0])
    return _several_ranges(digest, blob, ranges, visit.registry.ids.hex(_BOUNDARY_BYTES))


def _one_range(digest: Digest, blob: Blob, part: ByteRange) -> Response:
    headers = [("Content-Type", _OCTETS), ("Content-Range", _content_range(part, blob)), *_headers(digest)]
    return Response(206, headers, FileSlices(blob.fd, [Slice(part.first, part.length)]))


def _several_ranges(digest: Digest, blob: Blob, ranges: Sequence[ByteRange], boundary: str) -> Response:
    """RFC 9110, 14.6; containers/image takes only letters and digits in the boundary."""
    between = f"\r\n--{boundary}\r\nContent-Type: {_OCTETS}\r\nContent-Range: "
    slices = [
        Slice(part.first, part.length, f"{between}{_content_range(part, blob)}\r\n\r\n".encode()) for part in ranges
    ]
    headers = [("Content-Type", f"multipart/byteranges; boundary={boundary}"), *_headers(digest)]
    return Response(206, headers, FileSlices(blob.fd, slices, after=f"\r\n--{boundary}--\r\n".encode()))


def _content_range(part: ByteRange, blob: Blob) -> str:
    return f"bytes {part.first}-{part.last}/{blob.size_bytes}"


def _headers(digest: Digest) -> HeaderList:
    return [
        API_VERSION,
        ("Docker-Content-Digest", digest),
        ("ETag", f'"{digest}"'),
        ("Accept-Ranges", "bytes"),
        _FOR_EVER,
    ]


async def delete(visit: Visit) -> Response:
    """end-10."""
    digest = parse_digest(visit.match.rest)
    await delete_blob(visit.registry, visit.call, visit.name, digest)
    return empty(202, [("Docker-Content-Digest", digest)])
