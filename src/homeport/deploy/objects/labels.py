"""Names, labels and metadata that every object shares; what `install` finds its own objects by."""

from collections.abc import Mapping

from homeport.deploy.templates.nodes import Join, Node, Ref, Text, join

PART_OF = "app.kubernetes.io/part-of"
NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
MANAGED_BY = "app.kubernetes.io/managed-by"
PRODUCT = "homeport"

INSTALLATION = Ref("name")
NAMESPACE = Ref("namespace.name")

KEPT: Mapping[str, Node] = {
    "helm.sh/resource-policy": "keep",
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
}
"""Annotations of what holds data: whoever applied it does not take it along when it takes the rest away."""

REGISTRY = "registry"
AWS = "aws"


def named(suffix: str) -> Join:
    """The name of something cluster-wide: the installation's name and a word."""
    return join(INSTALLATION, f"-{suffix}")


def labels(component: str = "") -> dict[str, Node]:
    """Labels of an object; of one component when it has a name."""
    found: dict[str, Node] = {NAME: component} if component else {}
    return {**found, INSTANCE: INSTALLATION, PART_OF: PRODUCT, MANAGED_BY: PRODUCT}


def selector(component: str) -> dict[str, Node]:
    """What a component's pods are found by; never changes, since Deployments cannot change it."""
    return {NAME: component, INSTANCE: INSTALLATION}


def metadata(name: Text, component: str = "", *, namespace: Text | None = NAMESPACE) -> dict[str, Node]:
    """Metadata of an object; without a namespace it is the whole cluster's."""
    place: Mapping[str, Node] = {"namespace": namespace} if namespace is not None else {}
    return {"name": name, **place, "labels": labels(component)}
