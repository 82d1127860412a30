"""Taking over the volume of a registry:2 that ran on the cluster: kept, made ours, and claimed in our namespace."""

import asyncio
import re
from dataclasses import dataclass

from homeport.deploy.cluster.api import MERGE, Api
from homeport.deploy.cluster.plan import Tell
from homeport.deploy.cluster.pods import pod_for, until_ended, until_gone, uses_claim
from homeport.deploy.documents import Object, at, list_at, name_of, text_at
from homeport.deploy.objects.config import FOREIGN_VOLUME
from homeport.deploy.values.table import Values
from homeport.kernel.errors import OperatorError

_reference = re.compile(r"([a-z0-9-]+)/([a-z0-9.-]+)").fullmatch


class AdoptionError(OperatorError):
    """A volume that cannot be taken over as it is."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim by its namespace and name."""

    namespace: str
    name: str

    @property
    def path(self) -> str:
        """On the API server."""
        return f"/api/v1/namespaces/{self.namespace}/persistentvolumeclaims/{self.name}"


def parse_claim(text: str) -> Claim:
    """`NAMESPACE/CLAIM`.

    Raises:
        AdoptionError: it is something else.
    """
    found = _reference(text)
    if found is None:
        raise AdoptionError(f"{text!r} is not NAMESPACE/CLAIM", hint="kubectl get pvc --all-namespaces lists them")
    return Claim(found[1], found[2])


async def check(api: Api, claim: Claim) -> Object:
    """The claim, if it can be taken over.

    Raises:
        AdoptionError: it is not bound, or a pod uses it.
    """
    found = await api.get(claim.path)
    if found is None:
        raise AdoptionError(f"there is no claim {claim.namespace}/{claim.name}")
    if not text_at(found, "spec", "volumeName"):
        raise AdoptionError(f"claim {claim.namespace}/{claim.name} has no volume")
    for pod in await api.items(f"/api/v1/namespaces/{claim.namespace}/pods"):
        if uses_claim(pod, claim.name):
            raise AdoptionError(
                f"pod {claim.namespace}/{name_of(pod)} still uses the volume",
                hint=f"kubectl -n {claim.namespace} scale deployment --replicas=0 NAME, so that nobody writes to it",
            )
    return found


async def adopt(
    api: Api, values: Values, claim: Claim, tell: Tell, *, pause_seconds: float = 1.0, patience_seconds: float = 600.0
) -> None:
    """Take the volume over; our namespace has to be there.

    The volume is set to `Retain` before anything else, so that no step of this can lose it.

    Raises:
        AdoptionError, PodError: with the step that failed; running it again goes on from there.
    """
    found = await check(api, claim)
    volume = text_at(found, "spec", "volumeName")
    volume_path = f"/api/v1/persistentvolumes/{volume}"
    await api.request(
        "PATCH", volume_path, body={"spec": {"persistentVolumeReclaimPolicy": "Retain"}}, content_type=MERGE
    )
    tell(f"volume {volume} is kept, whatever happens to its claim")
    await _take_over_files(api, values, claim, pause_seconds, patience_seconds)
    tell("its files belong to the registry's user")
    if claim.namespace == values.namespace.name:
        return
    await api.delete(claim.path)
    await until_gone(api, claim.path, pause_seconds)
    await api.request("PATCH", volume_path, body={"spec": {"claimRef": None}}, content_type=MERGE)
    await api.apply(_claim_in(values, found, volume), dry_run=False)
    await _until_bound(api, Claim(values.namespace.name, claim.name), pause_seconds, patience_seconds)
    tell(f"claimed as {values.namespace.name}/{claim.name}")


async def _take_over_files(api: Api, values: Values, claim: Claim, pause: float, patience: float) -> None:
    """registry:2 writes as root, and the registry's pod is nobody in particular: one pod as root changes the owner."""
    name = "homeport-take-over"
    pods = f"/api/v1/namespaces/{claim.namespace}/pods"
    pod = pod_for(
        values,
        name,
        ["k8s", "take-over", FOREIGN_VOLUME],
        [(claim.name, FOREIGN_VOLUME)],
        namespace=claim.namespace,
        root=True,
    )
    if await api.delete(f"{pods}/{name}"):
        await until_gone(api, f"{pods}/{name}", pause)
    await api.request("POST", pods, body=pod)
    try:
        await until_ended(api, f"{pods}/{name}", patience_seconds=patience, pause_seconds=pause)
    finally:
        await api.delete(f"{pods}/{name}")


def _claim_in(values: Values, found: Object, volume: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name_of(found),
            "namespace": values.namespace.name,
            "labels": {"app.kubernetes.io/instance": values.name, "app.kubernetes.io/part-of": "homeport"},
        },
        "spec": {
            "accessModes": list_at(found, "spec", "accessModes"),
            "storageClassName": text_at(found, "spec", "storageClassName"),
            "resources": {"requests": {"storage": at(found, "spec", "resources", "requests", "storage")}},
            "volumeName": volume,
        },
    }


async def _until_bound(api: Api, claim: Claim, pause: float, patience: float) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while text_at(await api.get(claim.path), "status", "phase") != "Bound":
        if loop.time() > deadline:
            raise AdoptionError(f"claim {claim.namespace}/{claim.name} was not bound to its volume in time")
        await asyncio.sleep(pause)
