"""Checks of the cluster itself: rights, definitions, storage, addresses, Pod Security and the clock."""

import re
import time
from collections.abc import Sequence

from homeport.deploy.cluster.api import ApiError
from homeport.deploy.cluster.plan import rendered_kinds
from homeport.deploy.doctor.findings import Findings
from homeport.deploy.doctor.scene import Scene
from homeport.deploy.documents import Json, at, kind_of, map_at, name_of, number_at, text_at
from homeport.deploy.objects.namespace import ENFORCE
from homeport.deploy.render import render
from homeport.deploy.trust import traefik_addresses

# preStop.sleep, which needs no shell in the image, is on since 1.30.
_OLDEST = (1, 30)
_TRAEFIK_WITH_WILDCARDS = (3, 7)
_SKEW_SECONDS = 30.0
_SKEW_TOO_MUCH_SECONDS = 240.0
_version_in = re.compile(r":v?(\d+)\.(\d+)").search
_UNITS = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4}


async def rights(scene: Scene, found: Findings) -> None:
    """1: kubeconfig, server version, and the right to make each kind that is rendered."""
    version = await scene.api.request("GET", "/version")
    number = text_at(version, "major"), text_at(version, "minor").rstrip("+")
    did = f"asked {scene.api.access.server} for its version"
    if tuple(int(each or 0) for each in number) < _OLDEST:
        found.failed(did, text_at(version, "gitVersion"), "upgrade K3s: pods need Kubernetes 1.30 or newer")
    else:
        found.ok(did, text_at(version, "gitVersion"))
    refused = [kind for api_version, kind in _needed(scene) if not await _may(scene, api_version, kind)]
    did = "asked whether this user may create each kind"
    if refused:
        found.failed(did, f"not {', '.join(refused)}", "use a kubeconfig of a cluster administrator")
    else:
        found.ok(did, "all of them")


def _needed(scene: Scene) -> Sequence[tuple[str, str]]:
    kinds = [(text_at(each, "apiVersion"), kind_of(each)) for each in render(scene.values)]
    return [each for each in rendered_kinds() if each in kinds]


async def _may(scene: Scene, api_version: str, kind: str) -> bool:
    resource = await scene.api.resource(api_version, kind)
    if resource is None:
        # Check 2 says so in better words.
        return True
    group = api_version.rpartition("/")[0]
    attributes: dict[str, Json] = {"group": group, "resource": resource.plural, "verb": "create"}
    if resource.namespaced:
        attributes["namespace"] = scene.values.namespace.name
    answer = await scene.api.request(
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        body={
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        },
    )
    return at(answer, "status", "allowed") is True


async def definitions(scene: Scene, found: Findings) -> None:
    """2: the CRDs that the values need, and Traefik's version."""
    needed = dict.fromkeys(api_version for api_version, _ in _needed(scene) if "." in api_version.split("/")[0])
    for api_version in needed:
        if api_version.endswith("k8s.io/v1"):
            continue
        did = f"looked for {api_version}"
        if await scene.api.resources(api_version) is None:
            found.failed(did, "the cluster does not know it", _cure_of(api_version))
        else:
            found.ok(did, "there")
    if scene.values.ingress.mode in {"tcp", "http"}:
        await _traefik_version(scene, found)
    monitoring = await scene.api.resources("monitoring.coreos.com/v1")
    if monitoring is not None and not scene.values.metrics.service_monitor:
        found.warning(
            "looked for prometheus-operator",
            "it is there, and no ServiceMonitor is rendered",
            "homeport k8s upgrade --set metrics.serviceMonitor=true",
        )


def _cure_of(api_version: str) -> str:
    group = api_version.split("/", maxsplit=1)[0]
    cures = {
        "cert-manager.io": "kubectl apply -f "
        "https://github.com/cert-manager/cert-manager/releases/latest/download/cert-manager.yaml",
        "traefik.io": "start K3s without --disable traefik, or set ingress.mode to ingress or none",
        "monitoring.coreos.com": "homeport k8s upgrade --set metrics.serviceMonitor=false",
        "helm.cattle.io": "homeport k8s upgrade --set ingress.helmChartConfig=false",
    }
    return cures.get(group, f"install what defines {group}")


async def _traefik_version(scene: Scene, found: Findings) -> None:
    namespace = scene.values.ingress.traefik_namespace
    deployment = await scene.api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/traefik")
    did = f"read the version of {namespace}/traefik"
    image = text_at(deployment, "spec", "template", "spec", "containers", 0, "image")
    version = _version_in(image)
    if version is None:
        found.warning(did, f"no version in its image {image!r}", "wildcard hosts need Traefik 3.7 or newer")
    elif (int(version[1]), int(version[2])) < _TRAEFIK_WITH_WILDCARDS:
        found.failed(did, image, "upgrade K3s: wildcard hosts (S3 buckets as names) need Traefik 3.7 or newer")
    else:
        found.ok(did, image)


async def storage(scene: Scene, found: Findings) -> None:
    """3: the StorageClass, and room for what is claimed; local-path does not look at sizes."""
    name = scene.values.storage_class
    kind = await scene.api.get(f"/apis/storage.k8s.io/v1/storageclasses/{name}")
    did = f"looked for the StorageClass {name}"
    if kind is None:
        found.failed(did, "there is none of that name", "kubectl get storageclass lists them: set storageClass")
    else:
        found.ok(did, text_at(kind, "provisioner"))
    wanted = sum(_bytes(half.size) for half in (scene.values.registry, scene.values.aws) if half.enabled)
    for node in await scene.api.items("/api/v1/nodes"):
        await _room(scene, found, name_of(node), wanted)


async def _room(scene: Scene, found: Findings, node: str, wanted: int) -> None:
    did = f"asked the kubelet of {node} for its free disk"
    try:
        stats = await scene.api.request("GET", f"/api/v1/nodes/{node}/proxy/stats/summary")
    except ApiError as error:
        found.skipped(did, error.message)
        return
    free = number_at(stats, "node", "fs", "availableBytes")
    saw = f"{free / 1024**3:.1f} GiB free, {wanted / 1024**3:.0f} GiB claimed"
    if free < wanted:
        found.warning(did, saw, "make room, or set registry.size and aws.size lower: claims are not enforced")
    else:
        found.ok(did, saw)


def _bytes(quantity: str) -> int:
    return int(quantity[:-2]) * _UNITS[quantity[-2:]]


async def address(scene: Scene, found: Findings) -> None:
    """4: the address of Traefik's Service is the one that DNS is to give."""
    did = f"read the address of {scene.values.ingress.traefik_namespace}/traefik"
    addresses = await traefik_addresses(scene.api, scene.values)
    wanted = scene.values.lb_address
    if not addresses:
        found.failed(
            did, "it has none", "kubectl -n kube-system get service traefik: K3s' ServiceLB or MetalLB gives it"
        )
    elif wanted and wanted not in addresses:
        found.failed(did, ", ".join(addresses), f"lbAddress is {wanted}: set one of these, then `homeport k8s dns`")
    else:
        found.ok(did, ", ".join(addresses))


async def pod_security(scene: Scene, found: Findings) -> None:
    """15: who may make pods for functions must not be able to make privileged ones."""
    did = f"read the labels of namespace {scene.values.namespace.name}"
    if scene.values.aws.lambda_.executor != "kubernetes":
        found.skipped(did, "aws.lambda.executor is process: nobody makes pods")
        return
    namespace = await scene.api.get(f"/api/v1/namespaces/{scene.values.namespace.name}")
    level = text_at(map_at(namespace, "metadata", "labels"), ENFORCE)
    if level == "restricted":
        found.ok(did, f"{ENFORCE}=restricted")
    else:
        found.failed(
            did,
            f"{ENFORCE} is {level or 'missing'}: whoever may make pods there is root on the node",
            f"kubectl label namespace {scene.values.namespace.name} {ENFORCE}=restricted",
        )


async def clock(scene: Scene, found: Findings) -> None:
    """16: this machine's clock against the API server's; signatures and certificates go by it."""
    skew = time.time() - await scene.api.date()
    did, saw = "compared this machine's clock with the API server's", f"{abs(skew):.0f} s apart"
    if abs(skew) > _SKEW_TOO_MUCH_SECONDS:
        found.failed(did, saw, "sudo timedatectl set-ntp true, on both: AWS signatures are refused from 5 minutes on")
    elif abs(skew) > _SKEW_SECONDS:
        found.warning(did, saw, "sudo timedatectl set-ntp true, on both")
    else:
        found.ok(did, saw)
