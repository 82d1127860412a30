"""The two Deployments with their accounts, claims and Services."""

from collections.abc import Mapping, Sequence

from homeport.deploy.objects import config, pods
from homeport.deploy.objects.certificates import TLS_SECRET
from homeport.deploy.objects.labels import AWS, KEPT, REGISTRY, labels, metadata, selector
from homeport.deploy.templates.nodes import Condition, Document, If, Node, Not, Ref, Sha256, Text, equals, every, given

_PODS_MAY_BE_MADE = equals("aws.lambda.executor", "kubernetes")


def _account(component: str, condition: Condition) -> Document:
    return Document(
        component,
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata(component, component),
            "automountServiceAccountToken": False,
        },
        condition,
    )


def _claim(component: str, condition: Condition) -> Document:
    return Document(
        component,
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {**metadata(f"{component}-data", component), "annotations": KEPT},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": Ref("storageClass"),
                "resources": {"requests": {"storage": Ref(f"{component}.size")}},
            },
        },
        condition,
    )


def _service(component: str, ports: Sequence[tuple[str, int]], condition: Condition) -> Document:
    return Document(
        component,
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata(component, component),
            "spec": {
                "selector": selector(component),
                "ports": [
                    {"name": name, "port": port, "targetPort": name, "appProtocol": "http"} for name, port in ports
                ],
            },
        },
        condition,
    )


def _deployment(
    component: str,
    *,
    config_text: Text,
    ports: Sequence[tuple[str, int]],
    mounts: Sequence[Node],
    volumes: Sequence[Node],
    condition: Condition,
    tmp: str,
    token: Mapping[str, Node],
    env: Mapping[str, Node],
) -> Document:
    mounted: list[Node] = [
        {"name": "data", "mountPath": config.DATA},
        {"name": "config", "mountPath": config.CONFIG, "readOnly": True},
        *mounts,
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 # the pod's own
    ]
    kept: list[Node] = [
        pods.volume_claim("data", f"{component}-data"),
        {"name": "config", "configMap": {"name": config.NAME}},
        *volumes,
        {"name": "tmp", "emptyDir": {"sizeLimit": tmp}},
    ]
    container = pods.container(
        component,
        ["serve", component, "--config", f"{config.CONFIG}/{component}.yaml"],
        **env,
        ports=[{"name": name, "containerPort": port} for name, port in ports],
        resources=pods.resources(component),
        volumeMounts=mounted,
        **pods.PROBES,
    )
    pod = _pod(component, container, kept, token)
    return Document(
        component,
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata(component, component),
            "spec": {
                # ReadWriteOnce is per node: two pods on one would be two writers.
                "replicas": 1,
                "strategy": {"type": "Recreate"},
                "revisionHistoryLimit": 3,
                "selector": {"matchLabels": selector(component)},
                "template": {
                    "metadata": {"labels": labels(component), "annotations": _annotations(config_text, ports[-1][1])},
                    "spec": pod,
                },
            },
        },
        condition,
    )


def _pod(component: str, container: Node, volumes: Sequence[Node], token: Mapping[str, Node]) -> dict[str, Node]:
    return {
        "serviceAccountName": component,
        **token,
        # A Service named registry would put REGISTRY_PORT=tcp://... into the environment.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 60,
        "securityContext": pods.POD_SECURITY,
        **pods.PULL_SECRETS,
        **pods.PLACEMENT,
        "containers": [container],
        "volumes": list(volumes),
    }


def _annotations(config_text: Text, metrics_port: int) -> dict[str, Node]:
    unwatched = Not(given("metrics.serviceMonitor"))
    return {
        # A changed configuration makes a new pod.
        "homeport.dev/config": Sha256(config_text),
        "prometheus.io/scrape": If(unwatched, "true"),
        "prometheus.io/port": If(unwatched, str(metrics_port)),
    }


_REGISTRY = given("registry.enabled")
_AWS = given("aws.enabled")
_REGISTRY_PORTS = (("http", config.REGISTRY_PORT), ("metrics", config.REGISTRY_DEBUG_PORT))
_AWS_PORTS = (("aws", config.AWS_PORT), ("metrics", config.AWS_DEBUG_PORT))
_FOREIGN = given("registry.existingClaim")
_SECRET: Node = {
    "name": "auth",
    "secret": {"secretName": Ref("registry.existingSecret"), "defaultMode": pods.SECRET_MODE},
}
_OWN_SECRET: Node = {
    "name": "auth",
    "secret": {"secretName": config.HTPASSWD_SECRET, "defaultMode": pods.SECRET_MODE},
}

# Of the Secret only the CA, for the start page to offer; public issuers put none there.
_CA: Node = {
    "name": "ca",
    "secret": {"secretName": TLS_SECRET, "optional": True, "items": [{"key": "ca.crt", "path": "ca.crt"}]},
}
_CERTIFIED = Not(equals("ingress.mode", "none"))

_REGISTRY_DOCUMENTS = (
    _account(REGISTRY, _REGISTRY),
    _claim(REGISTRY, _REGISTRY),
    _deployment(
        REGISTRY,
        config_text=config.REGISTRY_CONFIG,
        ports=_REGISTRY_PORTS,
        mounts=[
            # Mounted as a directory: by subPath a changed Secret would never arrive.
            {"name": "auth", "mountPath": config.AUTH, "readOnly": True},
            If(_CERTIFIED, {"name": "ca", "mountPath": config.AUTHORITY, "readOnly": True}),
            If(_FOREIGN, {"name": "foreign", "mountPath": config.FOREIGN_VOLUME}),
        ],
        volumes=[
            If(given("registry.existingSecret"), _SECRET),
            If(Not(given("registry.existingSecret")), _OWN_SECRET),
            If(_CERTIFIED, _CA),
            If(_FOREIGN, pods.volume_claim("foreign", Ref("registry.existingClaim"))),
        ],
        condition=_REGISTRY,
        tmp="1Gi",
        token={"automountServiceAccountToken": False},
        env={},
    ),
    _service(REGISTRY, _REGISTRY_PORTS, _REGISTRY),
)

_POD_IP: Node = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}

_AWS_DOCUMENTS = (
    _account(AWS, _AWS),
    _claim(AWS, _AWS),
    _deployment(
        AWS,
        config_text=config.AWS_CONFIG,
        ports=_AWS_PORTS,
        mounts=[],
        volumes=[],
        condition=_AWS,
        tmp="2Gi",
        token={
            "automountServiceAccountToken": If(Not(_PODS_MAY_BE_MADE), False),
        },
        # Pods of functions find their way back by it.
        env={"env": If(_PODS_MAY_BE_MADE, [_POD_IP])},
    ),
    _service(AWS, _AWS_PORTS, _AWS),
    Document(
        AWS,
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata("aws-plain", AWS),
            "spec": {
                "type": "LoadBalancer",
                "selector": selector(AWS),
                "ports": [{"name": "aws", "port": config.AWS_PORT, "targetPort": "aws"}],
            },
        },
        every(_AWS, given("aws.loadBalancer")),
    ),
)

DOCUMENTS = (*_REGISTRY_DOCUMENTS, *_AWS_DOCUMENTS)
