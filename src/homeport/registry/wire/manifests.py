"""Manifests on the wire: end-3, 7 and 9, with the negotiation that old clients need."""

from homeport.kernel.http.message import BodyTooLarge, HeaderList, Request, Response
from homeport.registry.errors import ManifestInvalid, ManifestTooLarge, TagInvalid
from homeport.registry.model.manifest import MAX_MANIFEST_BYTES
from homeport.registry.model.media_types import DOCKER_IMAGE, DOCKER_LIST
from homeport.registry.model.names import Tag, as_digest, parse_reference, parse_tag
from homeport.registry.operations.context import LARGE_MANIFEST_BYTES, require
from homeport.registry.operations.manifests import (
    StoredManifest,
    child_for,
    delete_manifest,
    get_manifest,
    put_manifest,
)
from homeport.registry.wire.answers import API_VERSION, empty
from homeport.registry.wire.conditions import not_modified
from homeport.registry.wire.visit import Visit

_MOST_TAGS = 10


async def get(visit: Visit) -> Response:
    """end-3; a HEAD is the same without its body."""
    reference = parse_reference(visit.match.rest)
    manifest = get_manifest(visit.registry, visit.call, visit.name, reference)
    if manifest.media_type == DOCKER_LIST and as_digest(reference) is None and _wants_one_image(visit.request):
        manifest = _one_image(visit, manifest)
    headers: HeaderList = [
        API_VERSION,
        ("Docker-Content-Digest", manifest.digest),
        ("ETag", f'"{manifest.digest}"'),
    ]
    if not_modified(visit.request, manifest.digest):
        return Response(304, headers)
    return Response(200, [("Content-Type", manifest.media_type), *headers], manifest.data)


def _wants_one_image(request: Request) -> bool:
    """Whether a client knows images and no lists: registry:2 sends those the list's linux/amd64 image."""
    accept = request.headers.get("Accept", "*/*")
    return DOCKER_IMAGE in accept and DOCKER_LIST not in accept and "*/*" not in accept


def _one_image(visit: Visit, listed: StoredManifest) -> StoredManifest:
    digest = child_for(visit.registry, visit.name, listed, os="linux", arch="amd64")
    return listed if digest is None else get_manifest(visit.registry, visit.call, visit.name, digest)


async def put(visit: Visit) -> Response:
    """end-7."""
    reference = parse_reference(visit.match.rest)
    name, request = visit.name, visit.request
    more_tags = _more_tags(visit.query().get("tag", []), by_digest=as_digest(reference) is not None)
    # Before the body: who may not push need not send it.
    require(visit.registry, visit.call, "push", name)
    data = await _read(visit)
    done = await put_manifest(
        visit.registry,
        visit.call,
        name,
        reference,
        data,
        content_type=request.headers.get("Content-Type", ""),
        more_tags=more_tags,
    )
    headers = [visit.location(f"/v2/{name}/manifests/{done.digest}"), ("Docker-Content-Digest", done.digest)]
    if done.subject is not None:
        headers.append(("OCI-Subject", done.subject))
    headers += [("OCI-Tag", tag) for tag in more_tags]
    return empty(201, headers)


async def _read(visit: Visit) -> bytes:
    """A manifest's bytes; only a few large ones are in memory at a time."""
    body = visit.request.body
    try:
        if body.length is not None and body.length < LARGE_MANIFEST_BYTES:
            return await body.read(LARGE_MANIFEST_BYTES)
        async with visit.registry.large_manifests:
            return await body.read(MAX_MANIFEST_BYTES)
    except BodyTooLarge as error:
        raise ManifestTooLarge(error.limit_bytes) from None


def _more_tags(texts: list[str], *, by_digest: bool) -> list[Tag]:
    """Tags of end-7b (spec main): only beside a digest."""
    if texts and not by_digest:
        raise TagInvalid(texts[0])
    if len(texts) > _MOST_TAGS:
        raise ManifestInvalid(f"more than {_MOST_TAGS} tags at once")
    return list(dict.fromkeys(parse_tag(text) for text in texts))


async def delete(visit: Visit) -> Response:
    """end-9."""
    await delete_manifest(visit.registry, visit.call, visit.name, parse_reference(visit.match.rest))
    return empty(202)
