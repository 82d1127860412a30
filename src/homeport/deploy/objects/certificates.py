"""Certificates: the own authority made by cert-manager, and the one certificate with all names."""

from homeport.deploy.objects.labels import NAMESPACE, metadata, named
from homeport.deploy.templates.nodes import Document, Either, Node, Not, Ref, Text, When, equals, every, join

FILE = "certificates"
TLS_SECRET = "homeport-tls"  # noqa: S105 # the name of a Secret

REGISTRY_HOST = Either(Ref("hosts.registry"), join("registry.", Ref("domain")))
UI_HOST = Either(Ref("hosts.ui"), join("registry-ui.", Ref("domain")))
AWS_HOST = Either(Ref("hosts.aws"), join("localstack.", Ref("domain")))
AWS_HOSTS: tuple[Text, ...] = (AWS_HOST, join("*.", AWS_HOST), join("*.s3.", AWS_HOST))
"""Virtual-host buckets are one label below the endpoint, or below `s3.` of it; a wildcard covers one label only."""

_OWN = equals("issuer.kind", "private-ca")
_WANTED = Not(equals("ingress.mode", "none"))
_GROUP = "cert-manager.io"
_API = f"{_GROUP}/v1"
_NAMESPACED = equals("issuer.kind", "Issuer")


def _issuer(name: Text, kind: Text) -> dict[str, Node]:
    return {"name": name, "kind": kind, "group": _GROUP}


_SELF_SIGNED = Document(
    FILE,
    {
        "apiVersion": _API,
        "kind": "ClusterIssuer",
        "metadata": metadata(named("selfsigned"), namespace=None),
        "spec": {"selfSigned": {}},
    },
    every(_OWN, _WANTED),
)

_AUTHORITY = Document(
    FILE,
    {
        "apiVersion": _API,
        "kind": "Certificate",
        # A ClusterIssuer's Secret is looked up in cert-manager's own namespace.
        "metadata": metadata(named("ca"), namespace=Ref("issuer.namespace")),
        "spec": {
            "isCA": True,
            "commonName": join("Homeport CA of ", Ref("domain")),
            "secretName": named("ca"),
            "duration": "87600h",
            "renewBefore": "8760h",
            # A new root key would have to be brought to every laptop and node again.
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
            "issuerRef": _issuer(named("selfsigned"), "ClusterIssuer"),
        },
    },
    every(_OWN, _WANTED),
)

_AUTHORITY_ISSUER = Document(
    FILE,
    {
        "apiVersion": _API,
        "kind": "ClusterIssuer",
        "metadata": metadata(named("ca"), namespace=None),
        "spec": {"ca": {"secretName": named("ca")}},
    },
    every(_OWN, _WANTED),
)

_LEAF = Document(
    FILE,
    {
        "apiVersion": _API,
        "kind": "Certificate",
        "metadata": metadata(TLS_SECRET, namespace=NAMESPACE),
        "spec": {
            "secretName": TLS_SECRET,
            "dnsNames": [REGISTRY_HOST, UI_HOST, *AWS_HOSTS],
            "duration": "2160h",
            "renewBefore": "720h",
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "usages": ["digital signature", "server auth"],
            "issuerRef": _issuer(
                When(_OWN, named("ca"), Ref("issuer.name")), When(_NAMESPACED, "Issuer", "ClusterIssuer")
            ),
        },
    },
    _WANTED,
)

DOCUMENTS = (_SELF_SIGNED, _AUTHORITY, _AUTHORITY_ISSUER, _LEAF)
