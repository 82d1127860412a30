"""The Helm chart, made from the same templates as `render`."""

import json

import yaml

from homeport import VERSION
from homeport.deploy.objects.all import DOCUMENTS
from homeport.deploy.templates.helm import helm_template
from homeport.deploy.values.fields import as_document, schema_of
from homeport.deploy.values.table import Values

_NOTES = """\
Homeport is at https://{{ default (printf "registry.%s" .Values.domain) .Values.hosts.registry }}

The registry's users are in the Secret {{ default "registry-htpasswd" .Values.registry.existingSecret }}. The first one:
  homeport k8s user add NAME
Then `homeport k8s doctor` says what is still missing: DNS, the CA on your machines, registries.yaml on the nodes.
"""


def chart_files() -> dict[str, str]:
    """Every file of the chart by its path inside it."""
    files: dict[str, str] = {
        "Chart.yaml": _yaml(
            {
                "apiVersion": "v2",
                "name": "homeport",
                "description": "A private container registry and a local AWS cloud for homelabs on K3s",
                "type": "application",
                "version": VERSION,
                "appVersion": VERSION,
                "kubeVersion": ">=1.30.0-0",
            }
        ),
        "values.yaml": _yaml(as_document(Values())),
        "values.schema.json": json.dumps(
            {"$schema": "http://json-schema.org/draft-07/schema#", **schema_of(Values)}, indent=2
        )
        + "\n",
        "templates/NOTES.txt": _NOTES,
    }
    for name in dict.fromkeys(document.file for document in DOCUMENTS):
        ours = [document for document in DOCUMENTS if document.file == name]
        files[f"templates/{name}.yaml"] = helm_template(ours)
    return files


def _yaml(document: object) -> str:
    text: str = yaml.safe_dump(document, sort_keys=False, width=120)
    return text
