"""Uploads on the wire: end-4a, 4b, 4c, 5, 6, 11, 13 and 14."""

from homeport.kernel.http.message import HeaderList, Request, Response
from homeport.registry.errors import DigestInvalid, RangeInvalid
from homeport.registry.model.content_range import parse_content_range
from homeport.registry.model.digest import (
    ALGORITHMS,
    CANONICAL,
    Algorithm,
    Digest,
    algorithm,
    find_digest,
    parse_digest,
)
from homeport.registry.model.names import RepositoryName, UploadId, is_repository, parse_upload_id
from homeport.registry.operations.blobs import mount_blob
from homeport.registry.operations.uploads import (
    Chunk,
    append_chunk,
    cancel_upload,
    complete_upload,
    start_upload,
    upload_status,
)
from homeport.registry.store.uploads import Upload
from homeport.registry.wire.answers import empty, error_response
from homeport.registry.wire.visit import Visit, first


async def post_upload(visit: Visit) -> Response:
    """end-4a, 4b and 11: open a session, take a whole blob, or mount one."""
    query = visit.query()
    mount = first(query, "mount")
    if mount:
        mounted = await _mount(visit, mount, first(query, "from"))
        if mounted is not None:
            return _created(visit, mounted)
    whole = first(query, "digest") if not mount else None
    digest = parse_digest(whole) if whole else None
    named_by = _named_by(first(query, "digest-algorithm")) if digest is None else algorithm(digest)
    announced = visit.request.body.length or 0
    upload = start_upload(visit.registry, visit.call, visit.name, named_by=named_by, expected_bytes=announced)
    if digest is None:
        return _accepted(visit, upload)
    return await _monolithic(visit, upload, digest)


async def _mount(visit: Visit, mount: str, source: str | None) -> Digest | None:
    """end-11; whatever cannot be mounted, for whatever reason, can still be uploaded."""
    digest = find_digest(mount)
    if digest is None or (source and not is_repository(source)):
        return None
    repository = RepositoryName(source) if source else None
    return digest if await mount_blob(visit.registry, visit.call, visit.name, digest, repository) else None


async def _monolithic(visit: Visit, upload: Upload, digest: Digest) -> Response:
    """end-4b: the body is the blob. A session that its client does not know of must not outlive the request."""
    try:
        await complete_upload(
            visit.registry, visit.call, upload.name, upload.id, digest, _chunk(visit.request, may_place=False)
        )
    except BaseException:
        visit.registry.uploads.remove(upload)
        raise
    return _created(visit, digest)


def _named_by(text: str | None) -> Algorithm:
    if text is None:
        return CANONICAL
    for known in ALGORITHMS:
        if text == known:
            return known
    raise DigestInvalid("unsupported digest algorithm; this registry knows sha256 and sha512", detail=text[:100])


async def get_upload(visit: Visit) -> Response:
    """end-13."""
    upload = upload_status(visit.registry, visit.call, visit.name, parse_upload_id(visit.match.rest))
    return empty(204, _progress(visit, upload))


async def patch_upload(visit: Visit) -> Response:
    """end-5."""
    upload_id = parse_upload_id(visit.match.rest)
    try:
        upload = await append_chunk(visit.registry, visit.call, visit.name, upload_id, _chunk(visit.request))
    except RangeInvalid as error:
        return _out_of_order(visit, upload_id, error)
    return _accepted(visit, upload)


async def put_upload(visit: Visit) -> Response:
    """end-6."""
    text = first(visit.query(), "digest")
    upload_id = parse_upload_id(visit.match.rest)
    if text is None:
        upload_status(visit.registry, visit.call, visit.name, upload_id)
        raise DigestInvalid("the digest parameter is missing")
    digest = parse_digest(text)
    try:
        await complete_upload(visit.registry, visit.call, visit.name, upload_id, digest, _chunk(visit.request))
    except RangeInvalid as error:
        return _out_of_order(visit, upload_id, error)
    return _created(visit, digest)


def _out_of_order(visit: Visit, upload_id: UploadId, error: RangeInvalid) -> Response:
    """416 with the place where the upload goes on, so that the client need not ask for it."""
    upload = upload_status(visit.registry, visit.call, visit.name, upload_id)
    return error_response(error, _progress(visit, upload))


async def delete_upload(visit: Visit) -> Response:
    """end-14."""
    cancel_upload(visit.registry, visit.call, visit.name, parse_upload_id(visit.match.rest))
    return empty(204)


def _chunk(request: Request, *, may_place: bool = True) -> Chunk:
    place = request.headers.get("Content-Range") if may_place else None
    return Chunk(request.body.chunks(), request.body.length, parse_content_range(place) if place is not None else None)


def _created(visit: Visit, digest: Digest) -> Response:
    location = visit.location(f"/v2/{visit.name}/blobs/{digest}")
    return empty(201, [location, ("Docker-Content-Digest", digest)])


def _accepted(visit: Visit, upload: Upload) -> Response:
    return empty(202, _progress(visit, upload))


def _progress(visit: Visit, upload: Upload) -> HeaderList:
    # With nothing received there is no last byte; registry:2 writes 0-0 then, and clients expect it.
    last = max(upload.size_bytes - 1, 0)
    return [
        visit.location(f"/v2/{upload.name}/blobs/uploads/{upload.id}"),
        ("Docker-Upload-UUID", upload.id),
        ("Range", f"0-{last}"),
    ]
