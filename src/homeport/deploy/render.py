"""Values -> manifests: pure and the same every time, so that what is rendered can be committed and compared."""

from collections.abc import Iterable, Mapping, Sequence

import yaml

from homeport import VERSION
from homeport.deploy.documents import Json, Object
from homeport.deploy.objects.all import DOCUMENTS
from homeport.deploy.templates.evaluate import evaluate
from homeport.deploy.values.fields import as_document
from homeport.deploy.values.table import Values

_WIDTH = 120

K3S_MANIFESTS = "/var/lib/rancher/k3s/server/manifests/homeport.yaml"


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: texts of several lines as blocks, no references."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 # yaml's signature
        """Every object stands for itself."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def render(values: Values) -> list[Object]:
    """The objects, in the order in which they are applied."""
    return [body for _, body in evaluate(DOCUMENTS, as_document(values))]


def render_files(values: Values) -> dict[str, list[Object]]:
    """The objects by the file that they go to, files in order."""
    files: dict[str, list[Object]] = {}
    for file, body in evaluate(DOCUMENTS, as_document(values)):
        files.setdefault(file, []).append(body)
    return files


def to_yaml(objects: Iterable[Object]) -> str:
    """Objects as one YAML stream."""
    return "".join(f"---\n{_one(each)}" for each in objects)


def _one(document: Mapping[str, Json]) -> str:
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True)
    return text


def for_k3s(values: Values) -> str:
    """One file for K3s' auto-deploy directory; needs no tool on the node."""
    return (
        f"# Homeport {VERSION} for K3s: put this file at {K3S_MANIFESTS} on a server node.\n"
        "# K3s applies it within seconds and whenever it changes; removing the file does not remove the objects.\n"
        f"{to_yaml(render(values))}"
    )


def for_kustomize(values: Values) -> dict[str, str]:
    """A Kustomize base: the files by name, and the kustomization that lists them."""
    files = {f"{name}.yaml": to_yaml(objects) for name, objects in render_files(values).items()}
    return {**files, "kustomization.yaml": _kustomization(list(files))}


def _kustomization(resources: Sequence[str]) -> str:
    return _one({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources})
