"""The ways in: Traefik's TCP routers with TLS, its HTTP routers, plain Ingress objects, or none."""

from collections.abc import Mapping, Sequence

from homeport.deploy.objects.certificates import AWS_HOST, AWS_HOSTS, REGISTRY_HOST, TLS_SECRET, UI_HOST
from homeport.deploy.objects.labels import AWS, NAMESPACE, REGISTRY, metadata
from homeport.deploy.templates.nodes import Condition, Document, If, Node, Ref, Text, equals, every, given, join, some

FILE = "ingress"
_API = "traefik.io/v1alpha1"
_REGISTRY = given("registry.enabled")
_AWS = given("aws.enabled")
_TCP = equals("ingress.mode", "tcp")
_HTTP = equals("ingress.mode", "http")
_PLAIN = equals("ingress.mode", "ingress")
_ENTRY_POINT = Ref("ingress.entryPoint")
_TLS: Mapping[str, Node] = {"secretName": TLS_SECRET}
_OPTIONS = "http1"


def _rule(function: str, hosts: Sequence[Text]) -> Text:
    """A rule that any of the hosts meets; Traefik 3.7 takes wildcards in Host and HostSNI."""
    parts: list[Text] = []
    for host in hosts:
        parts += [" || " if parts else "", f"{function}(`", host, "`)"]
    return join(*parts)


def _route(match: Text, service: str, port: str, **more: Node) -> dict[str, Node]:
    return {"kind": "Rule", "match": match, **more, "services": [{"name": service, "port": port}]}


def _http_route(name: str, hosts: Sequence[Text], service: str, port: str, condition: Condition) -> Document:
    return Document(
        FILE,
        {
            "apiVersion": _API,
            "kind": "IngressRoute",
            "metadata": metadata(name),
            "spec": {
                "entryPoints": [_ENTRY_POINT],
                "routes": [_route(_rule("Host", hosts), service, port)],
                "tls": _TLS,
            },
        },
        condition,
    )


# The data hosts in mode tcp. A TCP router has no 60 s limit on a request and does not touch paths; Traefik's HTTP
# routers collapse `//` and `/../`, which changes S3 keys and breaks their signatures.
_DATA = (
    Document(
        FILE,
        {
            "apiVersion": _API,
            "kind": "TLSOption",
            "metadata": metadata(_OPTIONS),
            # Traefik's default offers h2 as well, and h2 would then reach a server of HTTP/1.1.
            "spec": {"minVersion": "VersionTLS12", "alpnProtocols": ["http/1.1"]},
        },
        _TCP,
    ),
    Document(
        FILE,
        {
            "apiVersion": _API,
            "kind": "IngressRouteTCP",
            "metadata": metadata("data"),
            "spec": {
                "entryPoints": [_ENTRY_POINT],
                "routes": [
                    If(
                        _REGISTRY,
                        {
                            "match": _rule("HostSNI", [REGISTRY_HOST]),
                            "services": [{"name": REGISTRY, "port": "http"}],
                        },
                    ),
                    If(_AWS, {"match": _rule("HostSNI", AWS_HOSTS), "services": [{"name": AWS, "port": "aws"}]}),
                ],
                "tls": {**_TLS, "options": {"name": _OPTIONS, "namespace": NAMESPACE}},
            },
        },
        _TCP,
    ),
)

_PAGE = (
    _http_route("registry-ui", [UI_HOST], REGISTRY, "http", every(_REGISTRY, some(_TCP, _HTTP))),
    Document(
        FILE,
        {
            "apiVersion": _API,
            "kind": "Middleware",
            "metadata": metadata("to-https"),
            "spec": {"redirectScheme": {"scheme": "https", "permanent": False}},
        },
        every(_REGISTRY, some(_TCP, _HTTP)),
    ),
    # Only the page is redirected: a login sent to port 80 has been in the clear already, and has to fail.
    Document(
        FILE,
        {
            "apiVersion": _API,
            "kind": "IngressRoute",
            "metadata": metadata("registry-ui-redirect"),
            "spec": {
                "entryPoints": [Ref("ingress.plainEntryPoint")],
                "routes": [_route(_rule("Host", [UI_HOST]), REGISTRY, "http", middlewares=[{"name": "to-https"}])],
            },
        },
        every(_REGISTRY, some(_TCP, _HTTP)),
    ),
)

_HTTP_ROUTES = (
    _http_route("registry", [REGISTRY_HOST], REGISTRY, "http", every(_REGISTRY, _HTTP)),
    _http_route("aws", AWS_HOSTS, AWS, "aws", every(_AWS, _HTTP)),
    Document(
        "traefik-config",
        {
            "apiVersion": "helm.cattle.io/v1",
            "kind": "HelmChartConfig",
            "metadata": metadata("traefik", namespace=Ref("ingress.traefikNamespace")),
            "spec": {
                "valuesContent": "ports:\n  websecure:\n    transport:\n      respondingTimeouts:\n"
                # Traefik cuts every upload of more than 60 s without the first, and changes S3 keys without the last.
                "        readTimeout: 0s\n        idleTimeout: 300s\n    http:\n      sanitizePath: false\n"
            },
        },
        every(_HTTP, given("ingress.helmChartConfig")),
    ),
)


def _ingress(name: str, hosts: Sequence[Text], service: str, port: str, condition: Condition) -> Document:
    backend: Node = {"service": {"name": service, "port": {"name": port}}}
    path: Node = {"path": "/", "pathType": "Prefix", "backend": backend}
    return Document(
        FILE,
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": metadata(name),
            "spec": {
                "ingressClassName": Ref("ingress.className"),
                "rules": [{"host": host, "http": {"paths": [path]}} for host in hosts],
                "tls": [{"hosts": list(hosts), "secretName": TLS_SECRET}],
            },
        },
        condition,
    )


_INGRESSES = (
    _ingress("registry", [REGISTRY_HOST, UI_HOST], REGISTRY, "http", every(_REGISTRY, _PLAIN)),
    _ingress("aws", AWS_HOSTS, AWS, "aws", every(_AWS, _PLAIN)),
)

_COREDNS = (
    Document(
        "coredns",
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata("coredns-custom", namespace="kube-system"),
            "data": {
                "homeport.server": join(
                    *(
                        part
                        for host in (REGISTRY_HOST, UI_HOST, AWS_HOST)
                        for part in (
                            host,
                            ':53 {\n  template IN A {\n    answer "{{ .Name }} 60 IN A ',
                            Ref("lbAddress"),
                            # An empty answer, and not none: musl gives up on a name whose AAAA question fails.
                            '"\n  }\n  template IN AAAA {\n    rcode NOERROR\n  }\n}\n',
                        )
                    )
                )
            },
        },
        given("coredns"),
    ),
)

DOCUMENTS = (*_DATA, *_PAGE, *_HTTP_ROUTES, *_INGRESSES, *_COREDNS)
