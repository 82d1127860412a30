"""The table of values: every name, type, default and explanation of a deployment, once."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from homeport import VERSION
from homeport.deploy.documents import Json

T = TypeVar("T")

ABOUT = "about"
PATTERN = "pattern"

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
NAME = rf"^{_LABEL}$"
"""RFC 1123 label."""
HOST = rf"^({_LABEL}(\.{_LABEL})*)?$"
DOMAIN = rf"^{_LABEL}(\.{_LABEL})+$"
QUANTITY = r"^[1-9][0-9]*(Ki|Mi|Gi|Ti)$"
OPTIONAL_QUANTITY = r"^([1-9][0-9]*(Ki|Mi|Gi|Ti))?$"
CPU = r"^[1-9][0-9]*m?$"
ADDRESS = r"^([0-9]{1,3}(\.[0-9]{1,3}){3})?$"
CIDRS = r"^[0-9a-f:.]+/[0-9]{1,3}(,[0-9a-f:.]+/[0-9]{1,3})*$"
OPTIONAL_NAME = rf"^({_LABEL})?$"
WORDS = r"^([a-z0-9-]+(,[a-z0-9-]+)*)?$"
USER = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
HTPASSWD = r"^([^:\s]+:\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}\n?)*$"
AGE = r"^(never|[0-9]+(\.[0-9]+)?(s|m|h|d|w)?)$"
SCHEDULE = r"^\S+ \S+ \S+ \S+ \S+$"
IMAGE = r"^[a-z0-9][a-zA-Z0-9._:/-]*$"
TAG = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"

IngressMode = Literal["tcp", "http", "ingress", "none"]
IssuerKind = Literal["private-ca", "ClusterIssuer", "Issuer"]
Executor = Literal["process", "kubernetes"]
PullPolicy = Literal["Always", "IfNotPresent", "Never"]


def value(default: T, about: str, pattern: str = "") -> T:
    """A field with its explanation, and the form that a text must have."""
    return field(default=default, metadata={ABOUT: about, PATTERN: pattern})


def section(kind: type[T], about: str, **usual: object) -> T:
    """A field with fields of its own, and their defaults where they differ from the usual ones."""
    return field(default_factory=functools.partial(kind, **usual), metadata={ABOUT: about})


def free(about: str) -> dict[str, Json]:
    """A map that Kubernetes understands and Homeport does not look into."""
    return field(default_factory=dict, metadata={ABOUT: about})


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """Where the objects live."""

    name: str = value("homeport", "Namespace of everything that needs none of its own.", NAME)
    create: bool = value(True, "Whether the Namespace is rendered, with Pod Security `restricted` enforced.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Names that clients use."""

    registry: str = value("", "Host of the registry; empty is registry.<domain>.", HOST)
    ui: str = value("", "Host of the start page; empty is registry-ui.<domain>.", HOST)
    aws: str = value("", "Host of the AWS endpoint; empty is localstack.<domain>; `*.` and `*.s3.` belong to it.", HOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who signs the certificate."""

    kind: IssuerKind = value("private-ca", "An own authority made by cert-manager, or the kind of a given issuer.")
    name: str = value("", "Name of the given issuer; not for private-ca.", OPTIONAL_NAME)
    namespace: str = value(
        "cert-manager", "cert-manager's cluster resource namespace, where the own authority's key lies.", NAME
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingress:
    """How requests come in."""

    mode: IngressMode = value(
        "tcp",
        "tcp: Traefik ends TLS and passes bytes on untouched (no 60 s limit, no rewritten paths); http: Traefik's HTTP "
        "routers and a HelmChartConfig; ingress: plain Ingress objects; none: Services only.",
    )
    entry_point: str = value("websecure", "Traefik's entry point for HTTPS.", NAME)
    plain_entry_point: str = value("web", "Traefik's entry point for HTTP, which redirects the start page.", NAME)
    class_name: str = value("traefik", "Class of the Ingress objects in mode ingress.", NAME)
    traefik_namespace: str = value("kube-system", "Namespace of Traefik; K3s has it in kube-system.", NAME)
    helm_chart_config: bool = value(
        True, "In mode http: whether to render the HelmChartConfig that lifts the 60 s limit of K3s' Traefik."
    )
    trusted_proxies: str = value(
        "10.42.0.0/16", "In modes http and ingress: networks whose X-Forwarded headers count; K3s' pods.", CIDRS
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What runs."""

    repository: str = value("ghcr.io/homeport/homeport", "Image without its tag; not from this registry.", IMAGE)
    tag: str = value(VERSION, "Tag of the image.", TAG)
    pull_policy: PullPolicy = value("IfNotPresent", "When nodes pull it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """CPU and memory of one container."""

    cpu: str = value("", "CPU as in 500m.", CPU)
    memory: str = value("", "Memory as in 512Mi.", QUANTITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryResources:
    """Requests and limits of the registry."""

    requests: Amounts = section(Amounts, "Reserved.", cpu="100m", memory="256Mi")
    limits: Amounts = section(Amounts, "Most.", cpu="500m", memory="512Mi")


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsResources:
    """Requests and limits of the AWS half."""

    requests: Amounts = section(Amounts, "Reserved.", cpu="200m", memory="512Mi")
    limits: Amounts = section(Amounts, "Most.", cpu="1000m", memory="2Gi")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The container registry."""

    enabled: bool = value(True, "Whether the registry is deployed.")
    size: str = value("30Gi", "Size of its volume claim; local-path does not enforce it.", QUANTITY)
    max_size: str = value(
        "", "Most that blobs may take before pushes are refused; empty is the size.", OPTIONAL_QUANTITY
    )
    existing_claim: str = value(
        "",
        "A volume claim with a registry:2 volume to go on with, mounted beside Homeport's own; uid 65532 has to be "
        "allowed to write its files, as `install --adopt` sees to.",
        OPTIONAL_NAME,
    )
    existing_secret: str = value(
        "", "A Secret of your own whose key `htpasswd` holds the users; empty is registry-htpasswd.", OPTIONAL_NAME
    )
    htpasswd: str = value(
        "", "Lines of the users, bcrypt; empty leaves the Secret to `install`, `user` or you.", HTPASSWD
    )
    pull_user: str = value("puller", "User that may pull and nothing else; for the nodes.", USER)
    anonymous_pull: bool = value(False, "Whether everybody may pull without a password.")
    resources: RegistryResources = section(RegistryResources, "CPU and memory.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lambda:
    """Where functions run."""

    executor: Executor = value(
        "process", "process: in the AWS pod; kubernetes: in pods of their own, which needs a Role that may make pods."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """The AWS endpoint."""

    enabled: bool = value(True, "Whether the AWS half is deployed.")
    size: str = value("10Gi", "Size of its volume claim; local-path does not enforce it.", QUANTITY)
    services: str = value("", "AWS services that are switched on, with commas; empty is all of them.", WORDS)
    load_balancer: bool = value(False, "Whether a LoadBalancer Service offers plain HTTP on port 4566 of the nodes.")
    lambda_: Lambda = section(Lambda, "AWS Lambda.")
    resources: AwsResources = section(AwsResources, "CPU and memory.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Who watches."""

    service_monitor: bool = value(
        False,
        "Whether ServiceMonitor and PrometheusRule are rendered (needs prometheus-operator's CRDs); else "
        "prometheus.io annotations.",
    )
    dashboard: bool = value(False, "Whether a ConfigMap with a Grafana dashboard is rendered.")
    release: str = value("kube-prometheus-stack", "Label `release` that your Prometheus selects by.", NAME)
    namespace: str = value("monitoring", "Namespace of Prometheus, which may reach the metrics.", NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Garbage collection in the registry."""

    schedule: str = value("0 4 * * 0", "When the CronJob would run, if it were not suspended.", SCHEDULE)
    suspend: bool = value(True, "Whether the CronJob only waits for `kubectl create job --from=cronjob/registry-gc`.")
    untagged: str = value(
        "never", "How old a manifest without a tag becomes before it is deleted too, as in `7d`.", AGE
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Everything that can be chosen; the defaults fit a bare K3s with cert-manager."""

    name: str = value(
        "homeport", "Name of this installation: a label on every object, and of what is cluster-wide.", NAME
    )
    namespace: Namespace = section(Namespace, "Where the objects live.")
    domain: str = value("homelab.local", "Domain of the three hosts.", DOMAIN)
    hosts: Hosts = section(Hosts, "Names that clients use, where they differ from the usual ones.")
    lb_address: str = value("", "Address that Traefik answers on, for DNS; empty asks the cluster.", ADDRESS)
    issuer: Issuer = section(Issuer, "Who signs the certificate.")
    ingress: Ingress = section(Ingress, "How requests come in.")
    image: Image = section(Image, "What runs.")
    image_pull_secrets: tuple[Mapping[str, Json], ...] = field(
        default=(), metadata={ABOUT: "Pull secrets for the image, as `{name: ...}`."}
    )
    storage_class: str = value("local-path", "StorageClass of the volume claims.", NAME)
    registry: Registry = section(Registry, "The container registry.")
    aws: Aws = section(Aws, "The AWS endpoint.")
    metrics: Metrics = section(Metrics, "Who watches.")
    network_policy: bool = value(True, "Whether only Traefik, Prometheus and pods that use AWS may connect.")
    coredns: bool = value(
        False,
        "Whether pods resolve the hosts by a ConfigMap coredns-custom; needs lbAddress. For nodes without Pi-hole.",
    )
    gc: Collection = section(Collection, "Garbage collection in the registry.")
    node_selector: dict[str, Json] = free("Node selector of both Deployments; local-path pins the data to one node.")
    tolerations: tuple[Mapping[str, Json], ...] = field(
        default=(), metadata={ABOUT: "Tolerations of both Deployments."}
    )

    @property
    def registry_host(self) -> str:
        """What image names begin with."""
        return self.hosts.registry or f"registry.{self.domain}"

    @property
    def ui_host(self) -> str:
        """Where people look."""
        return self.hosts.ui or f"registry-ui.{self.domain}"

    @property
    def aws_host(self) -> str:
        """What AWS clients speak to; buckets are names below it."""
        return self.hosts.aws or f"localstack.{self.domain}"

    @property
    def htpasswd_secret(self) -> str:
        """Name of the Secret with the registry's users."""
        return self.registry.existing_secret or "registry-htpasswd"
