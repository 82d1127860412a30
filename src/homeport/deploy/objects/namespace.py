"""The namespace, with Pod Security `restricted` enforced on it."""

from homeport.deploy.objects.labels import KEPT, NAMESPACE, labels
from homeport.deploy.templates.nodes import Document, given

FILE = "namespace"
ENFORCE = "pod-security.kubernetes.io/enforce"

DOCUMENTS = (
    Document(
        FILE,
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": NAMESPACE,
                "labels": {
                    **labels(),
                    ENFORCE: "restricted",
                    "pod-security.kubernetes.io/enforce-version": "latest",
                    "pod-security.kubernetes.io/warn": "restricted",
                    "pod-security.kubernetes.io/audit": "restricted",
                },
                "annotations": KEPT,
            },
        },
        given("namespace.create"),
    ),
)
