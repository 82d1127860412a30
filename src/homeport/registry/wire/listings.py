"""Lists on the wire: base, catalog, end-8 and end-12."""

from urllib.parse import quote

import orjson

from homeport.kernel.http.message import HeaderList, Response
from homeport.registry.errors import Unauthorized
from homeport.registry.model.digest import parse_digest
from homeport.registry.model.media_types import OCI_INDEX
from homeport.registry.model.pagination import next_link, parse_page
from homeport.registry.operations.listings import list_referrers, list_repositories, list_tags
from homeport.registry.store.index import Referrer
from homeport.registry.wire.answers import API_VERSION, json_response
from homeport.registry.wire.visit import Visit, first


async def get_base(visit: Visit) -> Response:
    """end-1: whether this is a registry, and whether the caller's credentials are good."""
    rules, caller = visit.registry.rules, visit.call.principal
    if not caller.name and not rules.allow_anywhere(caller, "pull"):
        raise Unauthorized
    return json_response({})


async def get_catalog(visit: Visit) -> Response:
    """Docker's registry API, "Catalog"."""
    rules, caller = visit.registry.rules, visit.call.principal
    if not caller.name and not rules.allow_anywhere(caller, "pull"):
        raise Unauthorized(detail=[{"Type": "registry", "Class": "", "Name": "catalog", "Action": "*"}])
    query = visit.query()
    most = visit.registry.policy.catalog_most
    page = parse_page(first(query, "n"), first(query, "last"), maximum=most, default=min(most, 100))
    names = await list_repositories(visit.registry, visit.call, page)
    link = next_link(visit.addresses.of(visit.request, "/v2/_catalog"), page, names)
    return json_response({"repositories": names[: page.limit]}, _link(link))


async def get_tags(visit: Visit) -> Response:
    """end-8."""
    name, query = visit.name, visit.query()
    page = parse_page(first(query, "n"), first(query, "last"), maximum=visit.registry.policy.tags_most)
    tags = await list_tags(visit.registry, visit.call, name, page)
    link = next_link(visit.addresses.of(visit.request, f"/v2/{name}/tags/list"), page, tags)
    return json_response({"name": name, "tags": tags[: page.limit]}, _link(link))


def _link(text: str | None) -> HeaderList:
    return [] if text is None else [("Link", text)]


async def get_referrers(visit: Visit) -> Response:
    """end-12: an index of the manifests that name this one as their subject."""
    name, query = visit.name, visit.query()
    subject = parse_digest(visit.match.rest)
    artifact_type = first(query, "artifactType") or ""
    page = await list_referrers(
        visit.registry, visit.call, name, subject, artifact_type=artifact_type, after=first(query, "last") or ""
    )
    headers: HeaderList = [API_VERSION, ("Content-Type", OCI_INDEX)]
    if artifact_type:
        headers.append(("OCI-Filters-Applied", "artifactType"))
    if page.more:
        wanted = f"artifactType={quote(artifact_type, safe='')}&" if artifact_type else ""
        path = visit.addresses.of(visit.request, f"/v2/{name}/referrers/{subject}")
        headers.append(("Link", f'<{path}?{wanted}last={page.entries[-1].digest}>; rel="next"'))
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [_descriptor(each) for each in page.entries]}
    return Response(200, headers, orjson.dumps(index))


def _descriptor(referrer: Referrer) -> dict[str, object]:
    descriptor: dict[str, object] = {
        "mediaType": referrer.media_type,
        "digest": referrer.digest,
        "size": referrer.size_bytes,
    }
    if referrer.artifact_type:
        descriptor["artifactType"] = referrer.artifact_type
    if referrer.annotations is not None:
        descriptor["annotations"] = orjson.Fragment(referrer.annotations)
    return descriptor
