"""The values of an installation, kept in the cluster so that later commands need not be told them again."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from homeport.deploy.cluster.api import Api
from homeport.deploy.documents import Json, text_at
from homeport.deploy.values import Values, load_values
from homeport.deploy.values.fields import as_document, differing

NAME = "homeport-values"
_KEY = "values.yaml"


async def store_values(api: Api, values: Values) -> None:
    """Keep what differs from the defaults; hashes of passwords stay out of it."""
    document = differing(as_document(values), as_document(Values()))
    registry = document.get("registry")
    if isinstance(registry, dict):
        registry.pop("htpasswd", None)
    labels = {"app.kubernetes.io/instance": values.name, "app.kubernetes.io/part-of": "homeport"}
    await api.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME, "namespace": values.namespace.name, "labels": labels},
            "data": {_KEY: yaml.safe_dump(document, sort_keys=False)},
        },
        dry_run=False,
    )


async def values_for(api: Api, namespace: str, file: Path | None, settings: Sequence[str]) -> Values:
    """The values of a command: from its file, or as they were installed; `settings` change them.

    Raises:
        ValuesError: they cannot be used.
    """
    base: Mapping[str, Json] = {}
    if file is None:
        found = await api.get(f"/api/v1/namespaces/{namespace}/configmaps/{NAME}")
        stored: Json = yaml.safe_load(text_at(found, "data", _KEY) or "{}")
        base = stored if isinstance(stored, dict) else {}
    if namespace != Values().namespace.name:
        settings = [f"namespace.name={namespace}", *settings]
    return load_values(file, settings, base)
