"""What an installation will do to a cluster, tried by the API server before any of it is done."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from homeport.deploy.cluster.api import Api
from homeport.deploy.documents import Object, describe, kind_of, map_at, name_of, namespace_of, text_at
from homeport.deploy.objects.all import DOCUMENTS
from homeport.deploy.objects.labels import INSTANCE, MANAGED_BY, PART_OF, PRODUCT
from homeport.deploy.values.table import Values
from homeport.kernel.errors import OperatorError

Tell = Callable[[str], None]
"""Where a line of progress goes."""

KEPT_KINDS = frozenset({"PersistentVolumeClaim", "Namespace", "Secret"})
"""What is never removed in passing: data, users, and what holds them."""


class NotOursError(OperatorError):
    """An object of that name is somebody else's, and must not be overwritten."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an installation will do.

    Attributes:
        created: objects that are not there yet.
        changed: objects that will differ from what is there.
        removed: paths and names of objects that are no longer rendered.
    """

    created: Sequence[str]
    changed: Sequence[str]
    same: Sequence[str]
    removed: Sequence[tuple[str, str]]


async def plan(api: Api, values: Values, objects: Sequence[Object]) -> Plan:
    """Let the API server try every object, and see what differs; nothing is changed.

    Raises:
        ApiError, UnknownKindError: an object would be refused.
        NotOursError: Traefik's HelmChartConfig is somebody else's.
    """
    present = await api.get(f"/api/v1/namespaces/{values.namespace.name}") is not None
    created: list[str] = []
    changed: list[str] = []
    same: list[str] = []
    for each in objects:
        before = await _before(api, each)
        _refuse_foreign(each, before)
        elsewhere = "" if present or namespace_of(each) != values.namespace.name else "default"
        after = await api.apply(each, dry_run=True, namespace=elsewhere)
        where = created if before is None else same if _content(before) == _content(after) else changed
        where.append(describe(each))
    return Plan(created, changed, same, [] if not present else await surplus(api, values, objects))


async def _before(api: Api, document: Object) -> Object | None:
    return await api.get(await api.path_of(document))


def _refuse_foreign(document: Object, before: Object | None) -> None:
    """Of what K3s' own parts read there is one only, and somebody else's must not be overwritten or removed later."""
    if before is None or text_at(before, "metadata", "labels", MANAGED_BY) == PRODUCT:
        return
    if kind_of(document) == "HelmChartConfig":
        raise NotOursError(
            f"{describe(document)} is there already, and Traefik reads only one",
            hint="set ingress.helmChartConfig to false and add to its valuesContent:\n"
            + text_at(document, "spec", "valuesContent"),
        )
    if name_of(document) == "coredns-custom":
        raise NotOursError(
            f"{describe(document)} is there already",
            hint="set coredns to false and add the keys that `homeport k8s dns coredns` prints",
        )


def _content(document: Object) -> Object:
    """An object without what the server changes by itself."""
    metadata = map_at(document, "metadata")
    kept = {key: metadata[key] for key in ("name", "namespace", "labels", "annotations") if key in metadata}
    return {**{key: each for key, each in document.items() if key not in {"status", "metadata"}}, "metadata": kept}


async def surplus(api: Api, values: Values, objects: Iterable[Object]) -> list[tuple[str, str]]:
    """Path and description of what bears this installation's labels and is not among the objects."""
    wanted = {await api.path_of(each) for each in objects}
    found = []
    for path, document in await labelled(api, values):
        if path not in wanted and kind_of(document) not in KEPT_KINDS:
            found.append((path, describe(document)))
    return found


async def labelled(api: Api, values: Values) -> list[tuple[str, Object]]:
    """Every object on the cluster that bears this installation's labels, of the kinds that there can be."""
    selector = f"{MANAGED_BY}={PRODUCT},{PART_OF}={PRODUCT},{INSTANCE}={values.name}"
    found: list[tuple[str, Object]] = []
    for api_version, kind in rendered_kinds():
        resource = await api.resource(api_version, kind)
        if resource is None:
            continue
        for item in await api.items(resource.collection(""), labelSelector=selector):
            document = {"apiVersion": api_version, "kind": kind, **item}
            found.append((f"{resource.collection(namespace_of(item))}/{name_of(item)}", document))
    return found


def rendered_kinds() -> list[tuple[str, str]]:
    """Every kind that the templates make."""
    return list(dict.fromkeys((str(each.body["apiVersion"]), str(each.body["kind"])) for each in DOCUMENTS))


async def carry_out(api: Api, objects: Sequence[Object], made: Plan, tell: Tell) -> None:
    """Apply the objects in their order, then remove what the plan removes.

    Raises:
        ApiError: an object was refused after all; those before it are applied.
    """
    for each in objects:
        await api.apply(each, dry_run=False)
        tell(f"applied {describe(each)}")
    for path, name in made.removed:
        await api.delete(path)
        tell(f"removed {name}")
