"""Judges of manifests that know nothing of us: Kubernetes' own schemas, CRDs, and the rules of Pod Security."""

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import importlib_resources
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from tests.tools import say_missing

from homeport.deploy.documents import Json, Object, at, list_at, map_at, text_at

VERSIONS = ("1.33", "1.34", "1.35", "1.36", "1.37")
BESIDE_THE_CHECKOUT = Path(__file__).parents[3] / "shared" / "crds"
CRDS = Path(os.environ.get("CRDS_FOR_TESTS", BESIDE_THE_CHECKOUT))
"""CustomResourceDefinitions of Traefik, cert-manager, prometheus-operator and K3s' Helm controller, one a YAML file, as
their projects publish them; not part of this one."""

Schema = bool | Mapping[str, object]
FOREIGN_GROUPS = ("traefik.io", "cert-manager.io", "monitoring.coreos.com", "helm.cattle.io")


def is_foreign(document: Object) -> bool:
    """Whether a CRD defines its kind."""
    return text_at(document, "apiVersion").split("/")[0] in FOREIGN_GROUPS


def complaints(document: Object, version: str) -> list[str]:
    """What Kubernetes of a version has against an object; unknown fields count."""
    validator = _crd_validator(document) if is_foreign(document) else _core_validator(document, version)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(document)]


@cache
def _folder(version: str) -> "importlib_resources.abc.Traversable":
    schemas = importlib_resources.files("kubernetes_validate") / "kubernetes-json-schema"
    found = [
        each for each in schemas.iterdir() if each.name.startswith(f"v{version}.") and each.name.endswith("-strict")
    ]
    assert found, f"kubernetes-validate has no schemas of {version}"
    return found[0]


@cache
def _definitions(version: str) -> Resource[Schema]:
    return Resource.from_contents(json.loads((_folder(version) / "_definitions.json").read_text()))


def _core_validator(document: Object, version: str) -> Draft202012Validator:
    group, _, api = text_at(document, "apiVersion").rpartition("/")
    prefix = f"{group.split('.')[0]}-" if group else ""
    return _core(f"{text_at(document, 'kind').lower()}-{prefix}{api}.json", version)


@cache
def _core(name: str, version: str) -> Draft202012Validator:
    schema = json.loads((_folder(version) / name).read_text())
    registry: Registry[Schema] = Resource.from_contents(schema) @ (_definitions(version) @ Registry())
    return Draft202012Validator(schema, registry=registry)


@cache
def _crds() -> Mapping[tuple[str, str], Json]:
    if not CRDS.is_dir():
        say_missing(f"there are no CRDs in {CRDS}: set CRDS_FOR_TESTS to a folder with them")
    found: dict[tuple[str, str], Json] = {}
    for file in sorted(CRDS.glob("*.yaml")):
        for crd in yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader):
            for version in list_at(crd, "spec", "versions"):
                api = f"{text_at(crd, 'spec', 'group')}/{text_at(version, 'name')}"
                found[api, text_at(crd, "spec", "names", "kind")] = at(version, "schema", "openAPIV3Schema")
    return found


def _crd_validator(document: Object) -> Draft202012Validator:
    return _crd(text_at(document, "apiVersion"), text_at(document, "kind"))


@cache
def _crd(api: str, kind: str) -> Draft202012Validator:
    schema = _crds()[api, kind]
    return Draft202012Validator({**map_at(_strict(schema)), "type": "object"})


def _strict(schema: Json) -> Json:
    """A structural schema as the API server reads it under fieldValidation=Strict."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _strict(each) for key, each in schema.items() if not key.startswith("x-") and key != "format"}
    if schema.get("x-kubernetes-int-or-string"):
        found.pop("type", None)
    properties = schema.get("properties")
    if isinstance(properties, dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        # `metadata` is the API server's own and not written out in a CRD.
        found["properties"] = {
            key: {"type": "object"} if key == "metadata" and each == {"type": "object"} else _strict(each)
            for key, each in properties.items()
        }
        found.setdefault("additionalProperties", False)
    return found


def pod_specs(document: Object) -> Iterator[Object]:
    """Every pod that an object makes."""
    match text_at(document, "kind"):
        case "Deployment":
            yield map_at(document, "spec", "template", "spec")
        case "CronJob":
            yield map_at(document, "spec", "jobTemplate", "spec", "template", "spec")
        case "Job":
            yield map_at(document, "spec", "template", "spec")
        case "Pod":
            yield map_at(document, "spec")


_ALLOWED_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected"}


def pod_security_complaints(pod: Object) -> list[str]:
    """What the profile `restricted` has against a pod (Kubernetes, Pod Security Standards)."""
    found = [f"{each} is set" for each in ("hostNetwork", "hostPID", "hostIPC") if pod.get(each)]
    security = map_at(pod, "securityContext")
    for volume in list_at(pod, "volumes"):
        kinds = set(map_at(volume)) - {"name"} - {"secret"}
        found += [f"volume {kind}" for kind in kinds - _ALLOWED_VOLUMES]
    for container in [*list_at(pod, "containers"), *list_at(pod, "initContainers")]:
        own = {**security, **map_at(container, "securityContext")}
        if own.get("allowPrivilegeEscalation") is not False:
            found.append("may gain privileges")
        if own.get("runAsNonRoot") is not True or own.get("runAsUser") == 0:
            found.append("may be root")
        if at(own, "capabilities", "drop") != ["ALL"] or at(own, "capabilities", "add"):
            found.append("has capabilities")
        if at(own, "seccompProfile", "type") not in {"RuntimeDefault", "Localhost"}:
            found.append("has no seccomp profile")
        found += ["host port" for port in list_at(container, "ports") if at(port, "hostPort")]
    return found
