"""The cluster's certificate authority: fetched, and told to the machines that are to trust it."""

import base64

from homeport.deploy.cluster.api import Api
from homeport.deploy.documents import list_at, text_at
from homeport.deploy.objects.certificates import TLS_SECRET
from homeport.deploy.values.table import Values
from homeport.kernel.errors import OperatorError

CONFIG_MAP = "homeport-ca"


class NoCertificateError(OperatorError):
    """cert-manager has not issued the certificate yet."""


async def fetch_authority(api: Api, values: Values) -> str:
    """PEM of the CA that signed the certificate; empty when the issuer tells none, as public ones do.

    Raises:
        NoCertificateError: there is no certificate.
    """
    path = f"/api/v1/namespaces/{values.namespace.name}/secrets/{TLS_SECRET}"
    secret = await api.get(path)
    if secret is None:
        raise NoCertificateError(
            f"there is no Secret {values.namespace.name}/{TLS_SECRET} yet",
            hint=f"kubectl -n {values.namespace.name} describe certificate {TLS_SECRET} says why",
        )
    return base64.b64decode(text_at(secret, "data", "ca.crt")).decode()


async def offer_authority(api: Api, values: Values, namespace: str, authority: str) -> None:
    """Write the CA into a ConfigMap of a namespace, for its pods to mount."""
    labels = {"app.kubernetes.io/instance": values.name, "app.kubernetes.io/part-of": "homeport"}
    await api.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": CONFIG_MAP, "namespace": namespace, "labels": labels},
            "data": {"ca.crt": authority},
        },
        dry_run=False,
    )


async def traefik_address(api: Api, values: Values) -> str:
    """IPv4 address that Traefik answers on: the given one, or what its Service got; empty when there is none."""
    if values.lb_address:
        return values.lb_address
    return next(iter(await traefik_addresses(api, values)), "")


async def traefik_addresses(api: Api, values: Values) -> list[str]:
    """The addresses of Traefik's Service; K3s' ServiceLB gives the nodes' own."""
    service = await api.get(f"/api/v1/namespaces/{values.ingress.traefik_namespace}/services/traefik")
    entries = list_at(service, "status", "loadBalancer", "ingress")
    return [text_at(each, "ip") for each in entries if text_at(each, "ip") and ":" not in text_at(each, "ip")]
