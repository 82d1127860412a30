"""What all pods of a deployment share: a user without rights, a read-only root, limits, probes, and an orderly end."""

from collections.abc import Mapping, Sequence

from homeport.deploy.templates.nodes import If, Node, Ref, given, join

USER = 65532
"""uid and gid in the image: nobody in particular, as in distroless images."""

SECRET_MODE = 0o440
IMAGE = join(Ref("image.repository"), ":", Ref("image.tag"))

POD_SECURITY: Mapping[str, Node] = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}

CONTAINER_SECURITY: Mapping[str, Node] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}

PROBES: Mapping[str, Node] = {
    # Two minutes for migrations and for the index of a large volume.
    "startupProbe": {"httpGet": {"path": "/healthz", "port": "metrics"}, "periodSeconds": 2, "failureThreshold": 60},
    "readinessProbe": {"httpGet": {"path": "/readyz", "port": "metrics"}, "periodSeconds": 5, "timeoutSeconds": 3},
    "livenessProbe": {
        "httpGet": {"path": "/healthz", "port": "metrics"},
        "periodSeconds": 20,
        "timeoutSeconds": 5,
        "failureThreshold": 3,
    },
    # Traefik learns of the end first, then the server drains.
    "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
}

PULL_SECRETS: Mapping[str, Node] = {
    "imagePullSecrets": If(given("imagePullSecrets"), Ref("imagePullSecrets")),
}

PLACEMENT: Mapping[str, Node] = {
    "nodeSelector": If(given("nodeSelector"), Ref("nodeSelector")),
    "tolerations": If(given("tolerations"), Ref("tolerations")),
}


def resources(component: str) -> Mapping[str, Node]:
    """Requests and limits from the values."""
    return {
        kind: {amount: Ref(f"{component}.resources.{kind}.{amount}") for amount in ("cpu", "memory")}
        for kind in ("requests", "limits")
    }


def container(component: str, args: Sequence[Node], **more: Node) -> dict[str, Node]:
    """A container of the image; one image does everything."""
    return {
        "name": component,
        "image": IMAGE,
        "imagePullPolicy": Ref("image.pullPolicy"),
        "args": args,
        **more,
        "securityContext": CONTAINER_SECURITY,
    }


def volume_claim(name: str, claim: Node) -> dict[str, Node]:
    """A volume from a claim."""
    return {"name": name, "persistentVolumeClaim": {"claimName": claim}}
