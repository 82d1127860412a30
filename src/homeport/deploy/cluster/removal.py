"""Taking an installation away, and keeping its data from going with it."""

from collections.abc import Iterable, Sequence

from homeport.deploy.cluster.api import MERGE, Api
from homeport.deploy.cluster.plan import KEPT_KINDS, Tell, labelled
from homeport.deploy.documents import Object, describe, kind_of, name_of, text_at
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
    for path, name in _authority_secret(values) if delete_data else ():
        if await api.delete(path):
            tell(f"removed {name}")
    return kept


def _order(document: Object) -> int:
    """Namespaces last, and claims just before them: what uses them goes first."""
    return {"Namespace": 2, "PersistentVolumeClaim": 1}.get(kind_of(document), 0)


def _authority_secret(values: Values) -> Sequence[tuple[str, str]]:
    """The authority's key, which cert-manager made and leaves behind."""
    if values.issuer.kind != "private-ca":
        return ()
    namespace, name = values.issuer.namespace, f"{values.name}-ca"
    return ((f"/api/v1/namespaces/{namespace}/secrets/{name}", f"Secret {namespace}/{name}"),)


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
