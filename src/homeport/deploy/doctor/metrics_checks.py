"""Check of the metrics: they answer, and a Prometheus looks for them."""

from collections.abc import Sequence

from homeport.deploy.cluster.api import ApiError
from homeport.deploy.cluster.pods import running_pod
from homeport.deploy.cluster.streams import run_in_pod
from homeport.deploy.doctor.findings import Findings
from homeport.deploy.doctor.scene import Scene
from homeport.deploy.documents import Object, list_at, map_at, name_of, text_at
from homeport.deploy.objects.config import AWS_DEBUG_PORT, REGISTRY_DEBUG_PORT
from homeport.deploy.objects.labels import REGISTRY
from homeport.kernel.errors import OperatorError


async def metrics(scene: Scene, found: Findings) -> None:
    """14: the metrics port of each half answers, and a Prometheus selects our ServiceMonitor."""
    values = scene.values
    for component, half in (("registry", values.registry), ("aws", values.aws)):
        if half.enabled:
            await _answers(scene, found, component)
    if not values.metrics.service_monitor:
        found.skipped("looked for a Prometheus", "no ServiceMonitor is rendered; prometheus.io annotations are")
        return
    resource = await scene.api.resource("monitoring.coreos.com/v1", "Prometheus")
    servers = [] if resource is None else await scene.api.items(resource.collection(""))
    _selected(scene, found, servers)


async def _answers(scene: Scene, found: Findings, component: str) -> None:
    did = f"read the metrics of {component} through the API server"
    path = f"/api/v1/namespaces/{scene.values.namespace.name}/services/{component}:metrics/proxy/metrics"
    try:
        text = await scene.api.text(path)
    except ApiError as error:
        if scene.values.network_policy and await _answers_inside(scene, component):
            # From a node of the API server's own to a pod of another one: policies let Prometheus through, not that.
            found.ok(
                f"read the metrics of {component} in its pod", "they answer; network policies refuse the API server"
            )
            return
        found.failed(did, error.message, f"kubectl -n {scene.values.namespace.name} get endpoints {component}")
        return
    found.ok(did, f"{sum(1 for line in text.splitlines() if line and not line.startswith('#'))} numbers")


async def _answers_inside(scene: Scene, component: str) -> bool:
    port = REGISTRY_DEBUG_PORT if component == REGISTRY else AWS_DEBUG_PORT
    command = ["homeport", "k8s", "probe", "--url", f"http://127.0.0.1:{port}/metrics"]
    told = bytearray()
    try:
        pod = await running_pod(scene.api, scene.values, component)
        await run_in_pod(scene.api, pod, command, told.extend, container=component)
    except OperatorError:
        return False
    return b'"fine":true' in told


def _selected(scene: Scene, found: Findings, servers: Sequence[Object]) -> None:
    did = "compared our ServiceMonitor's labels with what each Prometheus selects"
    labels = {"release": scene.values.metrics.release, "app.kubernetes.io/part-of": "homeport"}
    for server in servers:
        wanted = map_at(server, "spec", "serviceMonitorSelector", "matchLabels")
        if list_at(server, "spec", "serviceMonitorSelector", "matchExpressions"):
            continue
        if all(labels.get(key) == text for key, text in wanted.items()):
            found.ok(did, f"{text_at(server, 'metadata', 'namespace')}/{name_of(server)} selects it")
            return
    asked = [text_at(each, "spec", "serviceMonitorSelector", "matchLabels", "release") for each in servers]
    found.failed(
        did,
        f"none of {len(servers)} selects release={scene.values.metrics.release}",
        f"homeport k8s upgrade --set metrics.release={next(filter(None, asked), 'THEIR-LABEL')}",
    )
