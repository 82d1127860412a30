"""The doctor: that it finds a well deployment well, and each illness with its cure."""

import asyncio
import dataclasses
import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner
from tests.deploy.api_server import ApiServer, Doc, Pod
from tests.deploy.conftest import K8s, lab_scene
from tests.deploy.lab import ADMIN, Lab
from tests.servers import HomeportProcess, free_port

from homeport.cli.main import homeport
from homeport.deploy.cluster.api import Api
from homeport.deploy.cluster.kubeconfig import load_access
from homeport.deploy.doctor.cluster_list import CHECKS
from homeport.deploy.doctor.findings import Finding, run_checks
from homeport.deploy.doctor.inside import look as look_around
from homeport.deploy.doctor.pod_checks import PULL_CAUSES, cause_of
from homeport.deploy.doctor.scene import Looked, Scene, SystemResolver
from homeport.deploy.values import load_values

HOME = "/api/v1/namespaces/homeport"
GIB = 1024**3


NOTHING = Looked((), 0.001)


class Names(SystemResolver):
    """A resolver that says what the test lets it say."""

    def __init__(self, four: Looked, six: Looked = NOTHING) -> None:
        self._answers = {socket.AF_INET: four, socket.AF_INET6: six}

    async def look_up(self, name: str, family: socket.AddressFamily) -> Looked:
        assert "homelab.local" in name
        return self._answers[family]


WELL = Names(Looked(("127.0.0.1",), 0.002))


@pytest.fixture
def well(cluster: ApiServer, k8s: K8s) -> ApiServer:
    """A cluster on which everything is as it should be."""
    cluster.groups.discard("monitoring.coreos.com/v1")
    k8s("install", "--yes")
    image = {"containers": [{"image": "rancher/mirrored-library-traefik:3.7.8"}]}
    cluster.put(
        "/apis/apps/v1/namespaces/kube-system/deployments/traefik",
        {"kind": "Deployment", "spec": {"template": {"spec": image}}},
    )
    cluster.put("/apis/storage.k8s.io/v1/storageclasses/local-path", {"provisioner": "rancher.io/local-path"})
    for node in ("one", "two"):
        cluster.put(f"/api/v1/nodes/{node}", {"kind": "Node", "status": {"nodeInfo": {"architecture": "amd64"}}})
        stats = json.dumps({"node": {"fs": {"availableBytes": 100 * GIB}}})
        cluster.proxied[f"/api/v1/nodes/{node}/proxy/stats/summary"] = stats
    for half in ("registry", "aws"):
        cluster.proxied[f"{HOME}/services/{half}:metrics/proxy/metrics"] = "# HELP a b\na 1\nb 2\n"
    return cluster


def answering(pod: Doc) -> Pod:
    """Pods as they end on a well cluster: the probe prints, and the random image cannot run."""
    if "probe" in str(pod["metadata"]) and "k8s" in str(pod["spec"]):
        return Pod(log='{"did": "looked up registry.homelab.local", "saw": "10.0.0.1", "fine": true}\n')
    return Pod(phase="Pending", waiting={"reason": "CreateContainerError", "message": "no command"})


def look(
    lab: Lab, cluster: ApiServer, tmp_path: Path, *numbers: int, settings: Sequence[str] = (), **scene: object
) -> list[Finding]:
    """Run some of the checks against the cluster and the lab."""

    async def run() -> list[Finding]:
        async with Api(load_access([cluster.kubeconfig(tmp_path / "kubeconfig")])) as api:
            seen = lab_scene(lab, api)
            seen.resolver = WELL
            seen.values = load_values(None, settings)
            seen = dataclasses.replace(seen, **scene)  # type: ignore[arg-type] # the test's own fields
            return await run_checks([each for each in CHECKS if each.number in numbers], seen, _quiet)

    return asyncio.run(run())


def _quiet(_check: object, _findings: object) -> None:
    """Nobody reads along."""


def the(findings: Sequence[Finding], outcome: str) -> list[Finding]:
    return [each for each in findings if each.outcome == outcome]


def test_a_well_deployment_is_found_well(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    """All of the contract's checks but the slow one and the CA in this machine's stores."""
    well.pods = answering

    findings = look(lab, well, tmp_path, *range(1, 17))

    assert the(findings, "failed") == [], [each.saw for each in the(findings, "failed")]
    assert {each.check for each in the(findings, "warning")} <= {6, 11}
    assert {each.check for each in findings} == set(range(1, 17))
    assert {each.check for each in the(findings, "skipped")} <= {6, 9, 10, 14, 15}
    assert [each for each in well.objects if "/pods/doctor" in each] == []


@pytest.mark.parametrize(
    ("number", "change", "words", "cure"),
    [
        (1, {"version": "1.28"}, "v1.28.4+k3s1", "upgrade K3s"),
        (1, {"refused_kinds": {"deployments"}}, "not Deployment", "cluster administrator"),
        (
            2,
            {"groups": {"v1", "apps/v1", "traefik.io/v1alpha1"}},
            "does not know it",
            "kubectl apply -f https://github.com",
        ),
    ],
)
def test_what_the_cluster_lacks_is_found(
    lab: Lab, well: ApiServer, tmp_path: Path, number: int, change: dict[str, object], words: str, cure: str
) -> None:
    for name, each in change.items():
        setattr(well, name, each)

    failed = the(look(lab, well, tmp_path, number), "failed")

    assert any(words in each.saw and cure in each.cure for each in failed), failed


def test_an_old_traefik_is_found(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    spec = {"template": {"spec": {"containers": [{"image": "rancher/mirrored-library-traefik:2.11.24"}]}}}
    well.put("/apis/apps/v1/namespaces/kube-system/deployments/traefik", {"kind": "Deployment", "spec": spec})

    [finding] = the(look(lab, well, tmp_path, 2), "failed")

    assert "3.7" in finding.cure


def test_a_missing_storage_class_and_a_small_disk_are_found(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    well.proxied["/api/v1/nodes/two/proxy/stats/summary"] = json.dumps({"node": {"fs": {"availableBytes": 9 * GIB}}})

    findings = look(lab, well, tmp_path, 3, settings=["storageClass=fast"])

    assert "storageClass" in the(findings, "failed")[0].cure
    assert [each.saw for each in the(findings, "warning")] == ["9.0 GiB free, 40 GiB claimed"]


def test_another_address_than_dns_gives_is_found(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    [finding] = the(look(lab, well, tmp_path, 4, settings=["lbAddress=10.9.9.9"]), "failed")

    assert finding.saw == "192.168.4.202"
    assert "homeport k8s dns" in finding.cure


@pytest.mark.parametrize(
    ("resolver", "outcome", "words"),
    [
        (Names(Looked((), 0.01)), "failed", "no address"),
        (Names(Looked((), 0.01, "Temporary failure")), "failed", "Temporary failure"),
        (Names(Looked(("10.0.0.9",), 0.01)), "failed", "Traefik answers on 127.0.0.1"),
        (Names(Looked(("127.0.0.1",), 5.0)), "warning", "mDNS"),
        (Names(Looked(("127.0.0.1",), 0.01), Looked((), 0.01, "REFUSED")), "warning", "Alpine"),
        (Names(Looked(("127.0.0.1",), 0.01), Looked(("fd00::1",), 0.01)), "warning", "leads elsewhere"),
    ],
)
def test_what_ails_names_is_found(
    lab: Lab, well: ApiServer, tmp_path: Path, resolver: Names, outcome: str, words: str
) -> None:
    findings = look(lab, well, tmp_path, 5, resolver=resolver)

    assert len(findings) == 4
    assert all(each.outcome == outcome and words in each.saw and each.cure for each in findings), findings


def test_a_certificate_of_somebody_else_is_found(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    """As Traefik shows its own default certificate where it has none of ours."""
    other = Lab(tmp_path / "other", settings=["domain=other.lan"])
    other.folder.mkdir()
    other._issue()

    failed = the(look(lab, well, tmp_path, 6, authority=other.authority.read_text()), "failed")

    assert len(failed) == 4
    assert all("get certificate" in each.cure for each in failed)


def test_nobody_behind_the_address_is_found(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    findings = look(lab, well, tmp_path, 6, 7, 8, https_port=port)

    assert {each.check for each in the(findings, "failed")} == {6, 7, 8}


def test_a_wrong_password_is_found(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    findings = look(lab, well, tmp_path, 7, 8, login=(ADMIN[0], "wrong"))

    assert [each.saw for each in findings if each.did == "logged in as admin"] == ["401"]
    assert "homeport k8s user passwd admin" in the(findings, "failed")[0].cure
    assert len(the(findings, "failed")) == 2


def test_without_a_user_nothing_is_pushed(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    findings = look(lab, well, tmp_path, 7, 8, 9, 12, login=None)

    assert len(the(findings, "skipped")) == 4
    assert the(findings, "failed") == []


def test_the_bundle_of_boto3_is_read(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("nothing")

    def with_bundle(path: object) -> str:
        [finding] = look(lab, well, tmp_path, 11, environment={"AWS_CA_BUNDLE": str(path)} if path else {})
        return finding.outcome

    assert with_bundle(lab.authority) == "ok"
    assert with_bundle(wrong) == "failed"
    assert with_bundle(None) == "warning"


def test_what_docker_trusts_is_read(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    folder = tmp_path / "certs.d"

    def outcome() -> str:
        findings = look(lab, well, tmp_path, 6, docker_certs=folder)
        return next(each.outcome for each in findings if "ca.crt" in each.did)

    missing = outcome()
    (folder / "registry.homelab.local").mkdir(parents=True)
    (folder / "registry.homelab.local" / "ca.crt").write_text("another")
    wrong = outcome()
    (folder / "registry.homelab.local" / "ca.crt").write_text(lab.authority.read_text())

    assert (missing, wrong, outcome()) == ("warning", "failed", "ok")


@pytest.mark.parametrize(("words", "meaning", "cure"), PULL_CAUSES)
def test_a_pull_that_fails_on_a_node_is_explained(
    lab: Lab, well: ApiServer, tmp_path: Path, words: str, meaning: str, cure: str
) -> None:
    well.pods = lambda _pod: Pod(phase="Pending", waiting={"reason": "ErrImagePull", "message": f"rpc error: {words}"})

    failed = the(look(lab, well, tmp_path, 12), "failed")

    assert [each.did for each in failed] == ["pulled on node one", "pulled on node two"]
    assert all(meaning in each.saw and cure == each.cure for each in failed)
    assert cause_of("something new") == ("", "")


def test_a_pod_that_takes_its_time_to_end_is_in_no_other_nodes_way(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    well.last_looks, well.pods = 1, answering

    findings = look(lab, well, tmp_path, 12)

    assert [(each.did, each.outcome) for each in findings] == [
        ("pulled on node one", "ok"),
        ("pulled on node two", "ok"),
    ]


def test_a_digest_with_401_in_it_is_no_refusal() -> None:
    assert cause_of("failed to pull x@sha256:ab401cd: certificate signed by unknown authority")[0] == (
        "the node does not trust the CA"
    )


def test_a_registry_that_is_not_deployed_is_not_asked(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    findings = look(lab, well, tmp_path, 7, 8, 9, 12, settings=["registry.enabled=false"])

    assert [(each.check, each.outcome) for each in findings] == [(number, "skipped") for number in (7, 8, 9, 12)]


def test_a_pod_looks_from_inside_where_no_ca_is_told_and_the_image_needs_a_secret(
    lab: Lab, well: ApiServer, tmp_path: Path
) -> None:
    """Let's Encrypt puts no ca.crt into the Secret, and a volume that wants it keeps the pod from starting."""
    made: list[Doc] = []

    def note(pod: Doc) -> Pod:
        made.append(pod)
        return answering(pod)

    well.pods = note
    look(lab, well, tmp_path, 13, settings=["imagePullSecrets=[{name: mirror}]"])

    spec = made[0]["spec"]
    assert isinstance(spec, dict)
    assert spec["volumes"][0]["secret"]["optional"] is True
    assert spec["imagePullSecrets"] == [{"name": "mirror"}]


def test_the_first_event_says_more_than_the_last_state(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    names: list[str] = []

    def failing(pod: Doc) -> Pod:
        metadata = pod["metadata"]
        assert isinstance(metadata, dict)
        name = str(metadata["name"])
        names.append(name)
        message = f'Failed to pull image "x": unable to read CA cert "/etc/{name}"'
        well.put(
            f"{HOME}/events/{name}.{len(names)}",
            {"kind": "Event", "involvedObject": {"name": name}, "message": message},
        )
        return Pod(phase="Pending", waiting={"reason": "ImagePullBackOff", "message": "Back-off pulling image"})

    well.pods = failing

    failed = the(look(lab, well, tmp_path, 12), "failed")

    assert all("the CA file that registries.yaml names is not there" in each.saw for each in failed)


def test_what_a_pod_does_not_see_is_found(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    well.pods = lambda _pod: Pod(log='{"did": "looked up x", "saw": "Name does not resolve", "fine": false}\n')

    [finding] = look(lab, well, tmp_path, 13)

    assert (finding.outcome, finding.saw) == ("failed", "Name does not resolve")
    assert "coredns" in finding.cure


def test_the_probe_tells_what_it_sees(lab: Lab, k8s: K8s) -> None:
    arguments = ["probe", "--host", "localhost", "--host", "no.such.invalid", "--port", str(lab.https_port)]
    told = k8s(
        *arguments, "--ca-file", str(lab.authority), "--url", f"http://127.0.0.1:{lab.ports['aws', 'aws']}/"
    ).stdout

    found = {line["did"]: line["fine"] for line in map(orjson.loads, told.splitlines())}
    assert found["looked up localhost"] is True
    # The lab's certificate is for other names.
    assert found["shook hands with localhost"] is False
    assert found["looked up no.such.invalid"] is False
    assert [fine for did, fine in found.items() if did.startswith("asked")] == [True]


def test_the_probe_tries_a_service_again() -> None:
    """Network policies refuse a pod that they have not heard of yet."""
    port = free_port()
    told: list[object] = []

    async def run() -> None:
        looking = asyncio.create_task(look_around([], [f"http://127.0.0.1:{port}/"], None, told.append))
        await asyncio.sleep(0.3)
        server = await asyncio.start_server(_serve_ok, "127.0.0.1", port)
        async with server:
            await looking

    async def _serve_ok(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    asyncio.run(run())

    assert told == [{"did": f"asked http://127.0.0.1:{port}/", "saw": "200", "fine": True}]


def test_metrics_that_nobody_scrapes_are_found(lab: Lab, well: ApiServer, tmp_path: Path) -> None:
    well.groups.add("monitoring.coreos.com/v1")
    wanted = {"spec": {"serviceMonitorSelector": {"matchLabels": {"release": "my-prometheus"}}}}
    well.put("/apis/monitoring.coreos.com/v1/namespaces/monitoring/prometheuses/k8s", {"kind": "Prometheus", **wanted})

    findings = look(lab, well, tmp_path, 14, settings=["metrics.serviceMonitor=true"])
    cured = look(lab, well, tmp_path, 14, settings=["metrics.serviceMonitor=true", "metrics.release=my-prometheus"])

    assert "metrics.release=my-prometheus" in the(findings, "failed")[0].cure
    assert the(cured, "failed") == []
    del well.proxied[f"{HOME}/services/aws:metrics/proxy/metrics"]
    assert len(the(look(lab, well, tmp_path, 14), "failed")) == 1


def test_metrics_on_another_node_than_the_api_servers_are_read_in_their_pod(
    lab: Lab, well: ApiServer, tmp_path: Path
) -> None:
    """Network policies let a pod's own node through, and no other node."""
    for half in ("registry", "aws"):
        del well.proxied[f"{HOME}/services/{half}:metrics/proxy/metrics"]
    asked: list[str] = []

    def program(command: Sequence[str]) -> Sequence[str]:
        asked.append(command[-1])
        half = "registry" if ":5001" in command[-1] else "aws"
        url = f"http://127.0.0.1:{lab.ports[half, 'metrics']}/metrics"
        return [sys.executable, "-m", *command[:-1], url]

    well.programs = program
    found = look(lab, well, tmp_path, 14)
    refused = look(lab, well, tmp_path, 14, settings=["networkPolicy=false"])

    assert [each.outcome for each in found] == ["ok", "ok", "skipped"]
    assert asked == ["http://127.0.0.1:5001/metrics", "http://127.0.0.1:4567/metrics"]
    assert [each.outcome for each in refused] == ["failed", "failed", "skipped"]


def test_a_namespace_that_enforces_nothing_is_found_where_lambda_makes_pods(
    lab: Lab, well: ApiServer, tmp_path: Path
) -> None:
    settings = ["aws.lambda.executor=kubernetes"]
    [fine] = look(lab, well, tmp_path, 15, settings=settings)
    well.put(HOME, {"kind": "Namespace", "metadata": {"labels": {}}})
    [finding] = look(lab, well, tmp_path, 15, settings=settings)

    assert fine.outcome == "ok"
    assert "root on the node" in finding.saw
    assert "kubectl label namespace homeport" in finding.cure


def test_the_command_prints_json_and_ends_with_1_when_something_fails(k8s: K8s, well: ApiServer) -> None:
    told = json.loads(k8s("doctor", "--check", "3", "--check", "15", "--json").stdout)
    assert told["healthy"] is True
    assert {each["check"] for each in told["findings"]} == {3, 15}

    well.objects.pop("/apis/storage.k8s.io/v1/storageclasses/local-path")
    text = k8s("doctor", "--check", "3", status=1).stdout
    assert "FAIL looked for the StorageClass local-path: there is none of that name" in text
    assert "cure: kubectl get storageclass" in text
    k8s("doctor", "--user", "x", status=2)


# The laptop


def doctor(server: HomeportProcess, *arguments: str, stdin: str = "", status: int = 0) -> str:
    environment = {"HOMEPORT_DATA_DIR": str(server.data_dir), "NO_COLOR": "1"}
    result = CliRunner().invoke(homeport, ["doctor", *arguments], input=stdin, env=environment)
    assert result.exit_code == status, (result.output, result.exception)
    return result.stdout


def test_a_well_laptop_is_found_well(tmp_path: Path) -> None:
    server = HomeportProcess.on(tmp_path / "data").start()
    try:
        login = ["--user", server.user, "--password-stdin"]
        told = json.loads(doctor(server, *login, "--json", stdin=server.password + "\n"))
        wrong = doctor(server, *login, stdin="wrong\n", status=1)
    finally:
        server.stop()

    assert told["healthy"], told
    assert {each["check"] for each in told["findings"]} == set(range(1, 7))
    assert any("came back as they went in" in each["saw"] for each in told["findings"])
    assert "homeport user passwd captain" in wrong


def test_a_laptop_without_a_server_is_told_to_start_one(tmp_path: Path) -> None:
    server = HomeportProcess.on(tmp_path / "data")
    server.data_dir.mkdir(mode=0o755)

    said = doctor(server, status=1)

    assert "none runs" in said
    assert "cure: homeport up" in said
    assert "chmod 700" in said


def test_every_check_has_a_number_and_a_scene_needs_no_cluster_to_be_made(lab: Lab) -> None:
    assert [each.number for each in CHECKS] == list(range(1, 17))
    assert isinstance(lab_scene(lab), Scene)
