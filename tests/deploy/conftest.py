"""Clusters that are none, and the program that speaks to them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.deploy.api_server import ApiServer

from homeport.cli.main import homeport


class K8s:
    """`homeport k8s` against the test's API server."""

    def __init__(self, server: ApiServer, kubeconfig: Path) -> None:
        self.server = server
        self._environment = {"KUBECONFIG": str(kubeconfig), "HOME": str(kubeconfig.parent), "NO_COLOR": "1"}

    def __call__(self, *arguments: str, stdin: str = "", status: int = 0, **environment: str) -> Result:
        """Run a command that ends with this status."""
        result = CliRunner().invoke(
            homeport, ["k8s", *arguments], input=stdin, env={**self._environment, **environment}
        )
        assert result.exit_code == status, (result.output, result.stderr, result.exception)
        return result


@pytest.fixture
def cluster() -> Iterator[ApiServer]:
    """A bare K3s with cert-manager: Traefik has an address, nothing of ours is there."""
    server = ApiServer().start()
    for namespace in ("default", "kube-system", "cert-manager"):
        server.put(f"/api/v1/namespaces/{namespace}", {"kind": "Namespace", "metadata": {"name": namespace}})
    server.put(
        "/api/v1/namespaces/kube-system/services/traefik",
        {"kind": "Service", "status": {"loadBalancer": {"ingress": [{"ip": "192.168.4.202"}]}}},
    )
    yield server
    server.stop()


@pytest.fixture
def k8s(cluster: ApiServer, tmp_path: Path) -> K8s:
    """The program, told of the cluster."""
    assert "HOMEPORT_CONFIG" not in os.environ
    return K8s(cluster, cluster.kubeconfig(tmp_path / "kubeconfig"))
