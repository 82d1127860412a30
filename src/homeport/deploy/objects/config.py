"""The servers' configuration files, and the Secret with the registry's users."""

from homeport.deploy.objects.certificates import AWS_HOST, REGISTRY_HOST
from homeport.deploy.objects.labels import REGISTRY, metadata
from homeport.deploy.templates.nodes import (
    Document,
    Either,
    Join,
    Not,
    Ref,
    Text,
    When,
    equals,
    every,
    given,
    join,
    some,
)

FILE = "config"
NAME = "homeport"
HTPASSWD_SECRET = "registry-htpasswd"  # noqa: S105 # the name of a Secret
DATA = "/var/lib/homeport"
FOREIGN_VOLUME = "/var/lib/registry"
CONFIG = "/etc/homeport/config"
AUTH = "/etc/homeport/auth"
AUTHORITY = "/etc/homeport/ca"

REGISTRY_PORT = 5000
REGISTRY_DEBUG_PORT = 5001
AWS_PORT = 4566
AWS_DEBUG_PORT = 4567

_BEHIND_HTTP = some(equals("ingress.mode", "http"), equals("ingress.mode", "ingress"))


def _server(*, registry: str, aws: str, debug: int, host: Text) -> Join:
    return join(
        f"data_dir: {DATA}\n",
        "durability: power\n",
        f'listen:\n  registry: "{registry}"\n  aws: "{aws}"\n  debug: ":{debug}"\n',
        # Traefik ends TLS; between it and the pod there is only the cluster's own network.
        'tls:\n  mode: "off"\n',
        "http:\n  drain: 45s\n",
        When(_BEHIND_HTTP, join("  trusted_proxies: ", Ref("ingress.trustedProxies"), "\n")),
        # A TCP router tells nothing of the TLS that it ends, and SDKs go to the URLs that queues are given.
        When(equals("ingress.mode", "tcp"), join("  tls_hosts: ", host, "\n")),
    )


REGISTRY_CONFIG = join(
    _server(registry=f":{REGISTRY_PORT}", aws="", debug=REGISTRY_DEBUG_PORT, host=REGISTRY_HOST),
    "registry:\n",
    When(given("registry.existingClaim"), f"  root: {FOREIGN_VOLUME}\n"),
    f"  htpasswd: {AUTH}/htpasswd\n",
    "  max_size: ",
    Either(Ref("registry.maxSize"), Ref("registry.size")),
    "\n",
    "  access:\n",
    '    - {repositories: ["**"], users: ["',
    Ref("registry.pullUser"),
    '"], actions: [pull]}\n',
    '    - {repositories: ["**"], users: ["*", "!',
    Ref("registry.pullUser"),
    '"], actions: [pull, push, delete]}\n',
    When(given("registry.anonymousPull"), '    - {repositories: ["**"], users: [anonymous], actions: [pull]}\n'),
    When(
        Not(equals("ingress.mode", "none")),
        join(
            "page:\n  registry_url: https://",
            REGISTRY_HOST,
            When(given("aws.enabled"), join("\n  aws_url: https://", AWS_HOST)),
            f"\n  authority: {AUTHORITY}/ca.crt\n",
        ),
    ),
)

AWS_CONFIG = join(
    _server(registry="", aws=f":{AWS_PORT}", debug=AWS_DEBUG_PORT, host=AWS_HOST),
    # SDKs put the bucket before the endpoint's name, whatever that is.
    join("aws:\n  domains: ", AWS_HOST, "\n"),
    When(given("aws.services"), join("  services: ", Ref("aws.services"), "\n")),
)

DOCUMENTS = (
    Document(
        FILE,
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata(NAME),
            "data": {"registry.yaml": REGISTRY_CONFIG, "aws.yaml": AWS_CONFIG},
        },
    ),
    Document(
        FILE,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata(HTPASSWD_SECRET, REGISTRY),
            "type": "Opaque",
            "stringData": {"htpasswd": Ref("registry.htpasswd")},
        },
        every(given("registry.enabled"), given("registry.htpasswd"), Not(given("registry.existingSecret"))),
    ),
)
