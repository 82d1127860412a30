"""Checks from inside the cluster: a pull on every node, and names, CA and Services from a pod."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from typing import Self

from homeport.deploy.cluster.api import ApiError
from homeport.deploy.doctor.findings import Findings
from homeport.deploy.doctor.registry_checks import NO_REGISTRY, push_probe
from homeport.deploy.doctor.registry_client import Pushed, RegistryClient
from homeport.deploy.doctor.scene import Scene
from homeport.deploy.documents import Json, Object, list_at, name_of, text_at
from homeport.deploy.objects.certificates import TLS_SECRET
from homeport.deploy.objects.pods import USER

PULL_CAUSES: Sequence[tuple[str, str, str]] = (
    ("unable to read CA cert", "the CA file that registries.yaml names is not there", "run the node script again"),
    ("no basic auth credentials", "the node has no account", "homeport k8s node script, or a pull secret"),
    ("pull access denied", "the node's account is refused", "homeport k8s node script with the present password"),
    ("401 Unauthorized", "the node's account is refused", "homeport k8s node script with the present password"),
    ("certificate signed by unknown authority", "the node does not trust the CA", "homeport k8s node script"),
    ("certificate is not valid", "the node reaches somebody else", "homeport k8s doctor, checks 4 and 5"),
    ("no such host", "the node does not resolve the name", "have the node's resolver ask Pi-hole"),
    ("server misbehaving", "the node's resolver fails", "have the node's resolver ask Pi-hole"),
    ("connection refused", "nobody answers where the name leads", "homeport k8s doctor, checks 4 and 5"),
    ("i/o timeout", "nobody answers where the name leads", "a firewall between node and Traefik?"),
)
"""Words of containerd's errors, what they mean, and what cures it."""

_STARTED = ("CreateContainerError", "RunContainerError", "CrashLoopBackOff", "CreateContainerConfigError")
_FAILED = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName")


async def pulls(scene: Scene, found: Findings) -> None:
    """12: on every node a pod that has to pull an image pushed this minute."""
    did = "pulled on every node"
    if not scene.values.registry.enabled:
        found.skipped(did, NO_REGISTRY)
        return
    if scene.login is None:
        found.skipped(did, "no user given: --user NAME --password-stdin")
        return
    nodes = await scene.api.items("/api/v1/nodes")
    async with scene.session() as session:
        client = RegistryClient(session, scene.url(scene.values.registry_host), scene.login)
        for number, node in enumerate(nodes):
            machine = text_at(node, "status", "nodeInfo", "architecture")
            image = await push_probe(client, f"n{os.getpid()}", machine)
            try:
                await _pull(scene, found, name_of(node), image, number)
            finally:
                await client.delete_image(image)


async def _pull(scene: Scene, found: Findings, node: str, image: Pushed, number: int) -> None:
    did = f"pulled on node {node}"
    reference = f"{scene.values.registry_host}/{image.repository}@{image.digest}"
    # A pod's name is free only some seconds after it was deleted.
    pod = _pod(scene, f"doctor-pull-{os.getpid()}-{number}", reference, {"nodeName": node})
    async with _Running(scene, pod) as running:
        problem = await running.pull_problem()
    if not problem:
        found.ok(did, "the image arrived")
        return
    meaning, cure = cause_of(problem)
    found.failed(
        did, f"{meaning}: {problem}" if meaning else problem, cure or f"agent/containerd/containerd.log on {node}"
    )


def cause_of(problem: str) -> tuple[str, str]:
    """What a pull's error means and what cures it; both empty when nobody knows."""
    return next(((meaning, cure) for words, meaning, cure in PULL_CAUSES if words in problem), ("", ""))


async def inside(scene: Scene, found: Findings) -> None:
    """13: names, CA and the AWS Service as a pod sees them."""
    ca_file = "/etc/homeport-ca/ca.crt"
    # Public issuers tell no CA, and without an ingress there is no certificate.
    secret: Json = {"secretName": TLS_SECRET, "optional": True, "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    more: Mapping[str, Json] = {
        "volumes": [{"name": "ca", "secret": secret}],
        **({"imagePullSecrets": list(scene.values.image_pull_secrets)} if scene.values.image_pull_secrets else {}),
    }
    args: list[Json] = ["k8s", "probe", "--ca-file", ca_file, *(f"--host={host}" for host in scene.hosts)]
    if scene.values.aws.enabled:
        args.append(f"--url=http://aws.{scene.values.namespace.name}.svc:4566/_homeport/health")
    image = f"{scene.values.image.repository}:{scene.values.image.tag}"
    pod = _pod(
        scene,
        f"doctor-probe-{os.getpid()}",
        image,
        more,
        args=args,
        mounts=[{"name": "ca", "mountPath": "/etc/homeport-ca"}],
    )
    async with _Running(scene, pod) as running:
        logs = await running.output()
    for line in logs.splitlines():
        _take(found, line)
    if not found.all:
        found.failed("ran a pod", "it said nothing", f"kubectl -n {scene.values.namespace.name} get events")


def _take(found: Findings, line: str) -> None:
    try:
        told = json.loads(line)
        did, saw, fine = str(told["did"]), str(told["saw"]), told["fine"] is True
    except (ValueError, KeyError, TypeError):
        return
    if fine:
        found.ok(f"from a pod {did}", saw)
    else:
        found.failed(
            f"from a pod {did}", saw, "homeport k8s dns coredns | kubectl apply -f -, or have the nodes ask Pi-hole"
        )


def _pod(
    scene: Scene,
    name: str,
    image: str,
    more: Mapping[str, Json],
    *,
    args: Sequence[Json] = (),
    mounts: Sequence[Json] = (),
) -> Object:
    container: dict[str, Json] = {
        "name": "probe",
        "image": image,
        "imagePullPolicy": "Always" if not args else scene.values.image.pull_policy,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": mounts,
    }
    if args:
        container["args"] = args
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": scene.values.namespace.name},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "activeDeadlineSeconds": 300,
            "tolerations": [{"operator": "Exists"}],
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            **more,
        },
    }


class _Running:
    """A pod for as long as a check needs it."""

    def __init__(self, scene: Scene, pod: Object) -> None:
        self._scene = scene
        self._pod = pod
        self._pods = f"/api/v1/namespaces/{scene.values.namespace.name}/pods"
        self._path = f"{self._pods}/{name_of(pod)}"

    async def __aenter__(self) -> Self:
        await self._scene.api.request("POST", self._pods, body=self._pod)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._scene.api.delete(self._path)

    async def pull_problem(self) -> str:
        """Empty once the image is there, else the kubelet's error."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._scene.pod_patience_seconds
        while True:
            pod = await self._scene.api.get(self._path) or {}
            state = next(iter(list_at(pod, "status", "containerStatuses")), None)
            waiting = text_at(state, "state", "waiting", "reason")
            if waiting in _FAILED:
                return await self._pull_events() or text_at(state, "state", "waiting", "message") or waiting
            # The probe's image holds no program: that it cannot run says that it was pulled.
            if waiting in _STARTED or text_at(pod, "status", "phase") in {"Running", "Succeeded", "Failed"}:
                return ""
            if loop.time() > deadline:
                return f"still {waiting or text_at(pod, 'status', 'phase') or 'pending'}"
            await asyncio.sleep(self._scene.pause_seconds)

    async def _pull_events(self) -> str:
        """The first error of the pull; what the container's state says later is only that it is tried again."""
        selector = f"involvedObject.name={name_of(self._pod)}"
        path = f"/api/v1/namespaces/{self._scene.values.namespace.name}/events"
        try:
            events = await self._scene.api.items(path, fieldSelector=selector)
        except ApiError:
            return ""
        return next((text_at(each, "message") for each in events if "Failed to pull" in text_at(each, "message")), "")

    async def output(self) -> str:
        """What it printed, once it has ended."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._scene.pod_patience_seconds
        while True:
            pod = await self._scene.api.get(self._path) or {}
            if text_at(pod, "status", "phase") in {"Succeeded", "Failed"}:
                return await self._scene.api.text(f"{self._path}/log")
            if loop.time() > deadline:
                return ""
            await asyncio.sleep(self._scene.pause_seconds)
