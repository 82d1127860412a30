"""Who may connect: Traefik, Prometheus, pods that use AWS, and the collector of the same installation."""

from homeport.deploy.objects import config
from homeport.deploy.objects.labels import INSTALLATION, INSTANCE, PART_OF, PRODUCT, metadata
from homeport.deploy.templates.nodes import Document, If, Node, Ref, equals, given, some

FILE = "network"
_IN_CLUSTER: Node = {"namespaceSelector": {}}
_TRAEFIK: Node = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": Ref("ingress.traefikNamespace")}},
    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "traefik"}},
}
_PROMETHEUS: Node = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": Ref("metrics.namespace")}},
}
_OURS: Node = {"podSelector": {"matchLabels": {INSTANCE: INSTALLATION, PART_OF: PRODUCT}}}
_DEBUG_PORTS: Node = [{"port": config.REGISTRY_DEBUG_PORT}, {"port": config.AWS_DEBUG_PORT}]

DOCUMENTS = (
    Document(
        FILE,
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": metadata("homeport"),
            "spec": {
                "podSelector": {"matchLabels": {INSTANCE: INSTALLATION, PART_OF: PRODUCT}},
                "policyTypes": ["Ingress"],
                "ingress": [
                    If(
                        some(equals("ingress.mode", "tcp"), equals("ingress.mode", "http")),
                        {"ports": [{"port": config.REGISTRY_PORT}, {"port": config.AWS_PORT}], "from": [_TRAEFIK]},
                    ),
                    # Another ingress controller, or whoever uses the Services: nobody knows where it lives.
                    If(
                        some(equals("ingress.mode", "ingress"), equals("ingress.mode", "none")),
                        {"ports": [{"port": config.REGISTRY_PORT}]},
                    ),
                    {"ports": [{"port": config.AWS_PORT}], "from": [_IN_CLUSTER]},
                    If(given("aws.loadBalancer"), {"ports": [{"port": config.AWS_PORT}]}),
                    {"ports": _DEBUG_PORTS, "from": [_PROMETHEUS, _OURS]},
                ],
            },
        },
        given("networkPolicy"),
    ),
)
