"""Clusters that are none, and the program that speaks to them."""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.deploy.api_server import ApiServer
from tests.deploy.lab import ADMIN, Lab

from homeport.cli.main import homeport
from homeport.deploy.cluster.api import Api
from homeport.deploy.cluster.kubeconfig import Access
from homeport.deploy.doctor import registry_checks
from homeport.deploy.doctor.findings import Finding, Findings
from homeport.deploy.doctor.scene import Scene


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


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A deployment with the default values behind the real Traefik.

    The upload that takes 65 seconds begins with it, if a test will ask for that: others run meanwhile.
    """
    made = Lab(tmp_path_factory.mktemp("lab"))
    try:
        made.start()
        if any("slow_uploads" in getattr(each, "fixturenames", ()) for each in request.session.items):
            others = _labs_in_mode_http(tmp_path_factory)
            for name, each in {"tcp": made, **others}.items():
                _uploads[name] = ThreadPoolExecutor(1).submit(asyncio.run, _upload_slowly(each, 65.0))
        yield made
    finally:
        for each in (*_others, made):
            each.stop()


_uploads: "dict[str, Future[list[Finding]]]" = {}
_others: list[Lab] = []


def _labs_in_mode_http(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lab]:
    """The same behind Traefik's HTTP routers, with the HelmChartConfig that goes with them and without."""
    usual = ["ingress.mode=http", "aws.enabled=false"]
    made = {"http": usual, "http, Traefik as it is": [*usual, "ingress.helmChartConfig=false"]}
    labs = {name: Lab(tmp_path_factory.mktemp("http"), settings=each) for name, each in made.items()}
    for each in labs.values():
        _others.append(each)
        each.start()
    return labs


@pytest.fixture
def slow_uploads(lab: Lab) -> "dict[str, Future[list[Finding]]]":
    """The uploads that have been running since the lab was there, by the way in."""
    return _uploads


async def _upload_slowly(lab: Lab, seconds: float) -> list[Finding]:
    scene = lab_scene(lab)
    scene.slow, scene.slow_seconds = True, seconds
    found = Findings(9)
    await registry_checks.slow_upload(scene, found)
    return found.all


def lab_scene(lab: Lab, api: Api | None = None) -> Scene:
    """The lab as the doctor sees it."""
    unused = Api(Access("", "http://127.0.0.1:1", None, None, None))
    return Scene(
        api or unused,
        lab.values,
        "127.0.0.1",
        lab.authority.read_text(),
        https_port=lab.https_port,
        login=ADMIN,
        pause_seconds=0.01,
    )
