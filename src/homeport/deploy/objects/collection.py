"""The CronJob that asks the running registry to collect its garbage; it never touches the volume itself."""

from homeport.deploy.objects import config, pods
from homeport.deploy.objects.labels import NAMESPACE, REGISTRY, labels, metadata
from homeport.deploy.templates.nodes import Document, Node, Ref, given, join

FILE = "collection"
NAME = "registry-gc"

_CONTAINER = pods.container(
    "gc",
    [
        "gc",
        *("--server", join("http://registry.", NAMESPACE, f".svc:{config.REGISTRY_DEBUG_PORT}")),
        *("--untagged", Ref("gc.untagged")),
        # K3s' network policies know a new pod some seconds after it has started, and refuse it until then.
        *("--wait", "2m"),
    ],
    resources={
        "requests": {"cpu": "50m", "memory": "64Mi"},
        "limits": {"cpu": "500m", "memory": "256Mi"},
    },
)

_POD: Node = {
    "restartPolicy": "Never",
    "serviceAccountName": REGISTRY,
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "securityContext": pods.POD_SECURITY,
    **pods.PULL_SECRETS,
    "containers": [_CONTAINER],
}

DOCUMENTS = (
    Document(
        FILE,
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": metadata(NAME, NAME),
            "spec": {
                "suspend": Ref("gc.suspend"),
                "schedule": Ref("gc.schedule"),
                "concurrencyPolicy": "Forbid",
                "successfulJobsHistoryLimit": 1,
                "failedJobsHistoryLimit": 3,
                "jobTemplate": {
                    "spec": {
                        "backoffLimit": 0,
                        "activeDeadlineSeconds": 7200,
                        "ttlSecondsAfterFinished": 86400,
                        "template": {"metadata": {"labels": labels(NAME)}, "spec": _POD},
                    }
                },
            },
        },
        given("registry.enabled"),
    ),
)
