"""Taking an installation away, and keeping its data from going with it."""

from collections.abc import Iterable, Sequence

from homeport.deploy.cluster.api import MERGE, Api
from homeport.deploy.cluster.plan import KEPT_KINDS, Tell, labelled
from homeport.deploy.documents import Object, describe, kind_of, name_of, namespace_of, text_at
from homeport.deploy.values.table import Values


async def uninstall(api: Api, values: Values, tell: Tell, *, delete_data: bool) -> list[str]:
    """Remove everything that bears the labels; data, authority and namespace only when told to.

    Returns:
        What was kept.
    """
    kept: list[str] = []
    authority = f"{values.name}-ca"
    found = await labelled(api, values)
    for path, document in sorted(found, key=lambda each: _order(each[1])):
        is_data = kind_of(document) in KEPT_KINDS or name_of(document) in {authority, f"{values.name}-selfsigned"}
        if is_data and not delete_data:
            kept.append(describe(document))
            continue
        if await api.delete(path):
            tell(f"removed {describe(document)}")
    for secret in await _secrets(api, values):
        path = f"/api/v1/namespaces/{namespace_of(secret)}/secrets/{name_of(secret)}"
        if not delete_data:
            kept.append(f"Secret {namespace_of(secret)}/{name_of(secret)}")
        elif await api.delete(path):
            tell(f"removed Secret {namespace_of(secret)}/{name_of(secret)}")
    return kept


def _order(document: Object) -> int:
    """Namespaces last, and claims just before them: what uses them goes first."""
    return {"Namespace": 2, "PersistentVolumeClaim": 1}.get(kind_of(document), 0)


async def _secrets(api: Api, values: Values) -> Sequence[Object]:
    """Users and pull accounts, which are no part of what is rendered; and the authority's key."""
    places = [(values.namespace.name, "registry-htpasswd"), (values.namespace.name, "registry-pull")]
    if values.issuer.kind == "private-ca":
        places.append((values.issuer.namespace, f"{values.name}-ca"))
    found = [await api.get(f"/api/v1/namespaces/{namespace}/secrets/{name}") for namespace, name in places]
    return [each for each in found if each is not None]


async def retain_volumes(api: Api, claims: Iterable[Object], tell: Tell) -> None:
    """Have the volumes behind claims survive the claims' removal; local-path's own policy is to delete.

    Raises:
        ApiError: refused.
    """
    for claim in claims:
        volume = text_at(claim, "spec", "volumeName")
        if volume:
            await api.request(
                "PATCH",
                f"/api/v1/persistentvolumes/{volume}",
                body={"spec": {"persistentVolumeReclaimPolicy": "Retain"}},
                content_type=MERGE,
            )
            tell(f"volume {volume} is kept when its claim is removed")
