"""Single pods for a purpose: one that waits to be fed, one that is waited for, and the one that serves."""

import asyncio
from collections.abc import Mapping, Sequence

from homeport.deploy.cluster.api import MERGE, Api
from homeport.deploy.documents import Json, Object, list_at, map_at, name_of, text_at
from homeport.deploy.objects.labels import INSTANCE, NAME
from homeport.deploy.objects.pods import CONTAINER_SECURITY, POD_SECURITY
from homeport.deploy.values.table import Values
from homeport.kernel.errors import OperatorError

Volume = tuple[str, str]
"""A claim and where it is mounted."""

_ENDED = frozenset({"Succeeded", "Failed"})


class PodError(OperatorError):
    """A pod that did not do what it was made for."""


class NotRunningError(OperatorError):
    """No pod of the component runs."""


def pod_for(
    values: Values,
    name: str,
    args: Sequence[str],
    volumes: Sequence[Volume],
    *,
    namespace: str = "",
    stdin: bool = False,
    root: bool = False,
) -> Object:
    """A pod of the deployment's image that does one thing; as nobody in particular unless it has to be root."""
    container: dict[str, Json] = {
        "name": "once",
        "image": f"{values.image.repository}:{values.image.tag}",
        "imagePullPolicy": values.image.pull_policy,
        "args": list(args),
        "volumeMounts": [{"name": claim, "mountPath": path} for claim, path in volumes],
        "securityContext": _as_json({} if root else CONTAINER_SECURITY),
    }
    if stdin:
        container |= {"stdin": True, "stdinOnce": True}
    claims: list[Json] = [{"name": claim, "persistentVolumeClaim": {"claimName": claim}} for claim, _ in volumes]
    spec: dict[str, Json] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": _as_json({"runAsUser": 0} if root else POD_SECURITY),
        "containers": [container],
        "volumes": claims,
    }
    if values.image_pull_secrets:
        spec["imagePullSecrets"] = list(values.image_pull_secrets)
    if values.node_selector:
        spec["nodeSelector"] = values.node_selector
    if values.tolerations:
        spec["tolerations"] = list(values.tolerations)
    metadata = {"name": name, "namespace": namespace or values.namespace.name}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _as_json(template: Mapping[str, object]) -> Json:
    """Security contexts hold no values, so the template is the document."""
    return {key: _as_json(each) if isinstance(each, Mapping) else _plain(each) for key, each in template.items()}


def _plain(each: object) -> Json:
    return (
        [str(item) for item in each] if isinstance(each, list) else each if isinstance(each, bool | int) else str(each)
    )


async def running_pod(api: Api, values: Values, component: str) -> str:
    """The path of the pod that serves a component.

    Raises:
        NotRunningError: there is none.
    """
    pods = f"/api/v1/namespaces/{values.namespace.name}/pods"
    for pod in await api.items(pods, labelSelector=f"{NAME}={component},{INSTANCE}={values.name}"):
        if text_at(pod, "status", "phase") == "Running" and not text_at(pod, "metadata", "deletionTimestamp"):
            return f"{pods}/{name_of(pod)}"
    raise NotRunningError(
        f"no pod of {component} is running",
        hint=f"kubectl -n {values.namespace.name} get pods says what keeps it; or `homeport k8s doctor`",
    )


async def scale(api: Api, values: Values, component: str, replicas: int, *, pause_seconds: float = 1.0) -> None:
    """Have a Deployment run so many pods, and wait until the others are gone."""
    path = f"/apis/apps/v1/namespaces/{values.namespace.name}/deployments/{component}"
    await api.request("PATCH", path, body={"spec": {"replicas": replicas}}, content_type=MERGE)
    pods = f"/api/v1/namespaces/{values.namespace.name}/pods"
    selector = f"{NAME}={component},{INSTANCE}={values.name}"
    if not replicas:
        for pod in await api.items(pods, labelSelector=selector):
            await until_gone(api, f"{pods}/{name_of(pod)}", pause_seconds)


async def until_gone(api: Api, path: str, pause_seconds: float) -> None:
    """Wait until an object that is being removed is no longer there."""
    while await api.get(path) is not None:  # noqa: ASYNC110 # the API server is asked again, nobody here can signal
        await asyncio.sleep(pause_seconds)


async def until_running(api: Api, path: str, *, patience_seconds: float, pause_seconds: float) -> None:
    """Wait until a pod runs, or has ended already.

    Raises:
        PodError: it does neither.
    """
    await _until(api, path, _ENDED | {"Running"}, patience_seconds, pause_seconds)


async def until_ended(api: Api, path: str, *, patience_seconds: float, pause_seconds: float) -> str:
    """Wait until a pod has ended; what it printed.

    Raises:
        PodError: it failed, or did not end in time.
    """
    pod = await _until(api, path, _ENDED, patience_seconds, pause_seconds)
    said = (await api.text(f"{path}/log")).strip()
    if text_at(pod, "status", "phase") != "Succeeded":
        raise PodError(f"pod {name_of(pod)} failed: {said}")
    return said


async def _until(api: Api, path: str, phases: frozenset[str], patience_seconds: float, pause_seconds: float) -> Object:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_seconds
    while True:
        pod = await api.get(path) or {}
        phase = text_at(pod, "status", "phase")
        if phase in phases:
            return pod
        if loop.time() > deadline:
            state = map_at(next(iter(list_at(pod, "status", "containerStatuses")), None), "state", "waiting")
            raise PodError(f"{path.rsplit('/', 1)[-1]} is still {phase or 'missing'}: {text_at(state, 'message')}")
        await asyncio.sleep(pause_seconds)


def uses_claim(pod: Object, claim: str) -> bool:
    """Whether a pod that has not ended mounts a claim."""
    if text_at(pod, "status", "phase") in _ENDED:
        return False
    volumes = list_at(pod, "spec", "volumes")
    return any(text_at(each, "persistentVolumeClaim", "claimName") == claim for each in volumes)
