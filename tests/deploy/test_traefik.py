"""The deployment behind the real Traefik: TLS by its CA, real clients, awkward paths, and an upload that takes long."""

import asyncio
import http.client
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from tests.deploy.conftest import lab_scene
from tests.deploy.lab import ADMIN, PULLER, Lab, with_hosts
from tests.images import build_image, digest_of, noise, write_layout
from tests.tools import require
from tests.wire import Client

from homeport.deploy.doctor import aws_checks, registry_checks, tls_checks
from homeport.deploy.doctor.findings import Check, Finding, run_checks

KEY = "a//b/../c"


def skopeo(lab: Lab, folder: Path, *arguments: str, login: tuple[str, str] = ADMIN, status: int = 0) -> str:
    certificates = folder / "certs"
    certificates.mkdir(exist_ok=True)
    (certificates / "ca.crt").write_bytes(lab.authority.read_bytes())
    (folder / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    command = [require("skopeo"), "--policy", str(folder / "policy.json"), *arguments]
    side = "--dest" if arguments[2].startswith("docker:") else "--src"
    command += [f"{side}-cert-dir={certificates}", f"{side}-creds={login[0]}:{login[1]}"]
    done = subprocess.run(with_hosts(command, lab, folder), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def test_skopeo_pushes_and_pulls_over_tls_by_the_rendered_authority(lab: Lab, tmp_path: Path) -> None:
    """Relative Locations: behind a TCP router nobody tells the server of https."""
    image = build_image([{"file": noise("traefik", 3_000_000)}])
    write_layout(tmp_path / "in", [image])

    skopeo(lab, tmp_path, "copy", f"oci:{tmp_path / 'in'}", f"docker://{lab.registry}/apps/one:1")
    skopeo(lab, tmp_path, "copy", f"docker://{lab.registry}/apps/one:1", f"oci:{tmp_path / 'out'}:1")

    blobs = {path.name: path.read_bytes() for path in (tmp_path / "out" / "blobs" / "sha256").iterdir()}
    assert set(image.blobs) <= set(blobs.values())


def test_the_pull_account_pulls_and_does_not_push(lab: Lab, tmp_path: Path) -> None:
    write_layout(tmp_path / "in", [build_image([{"file": b"x"}])])
    skopeo(lab, tmp_path, "copy", f"oci:{tmp_path / 'in'}", f"docker://{lab.registry}/apps/two:1")

    skopeo(lab, tmp_path, "copy", f"docker://{lab.registry}/apps/two:1", f"oci:{tmp_path / 'out'}:1", login=PULLER)
    denied = skopeo(
        lab, tmp_path, "copy", f"oci:{tmp_path / 'in'}", f"docker://{lab.registry}/apps/two:2", login=PULLER, status=1
    )

    assert "denied" in denied


def test_only_http_1_1_is_offered_to_the_data_hosts(lab: Lab) -> None:
    for host in (lab.values.registry_host, f"bucket.{lab.values.aws_host}"):
        assert _negotiated(lab, host) == "http/1.1"
    assert _negotiated(lab, lab.values.ui_host) == "h2"


def _negotiated(lab: Lab, host: str) -> str | None:
    with _connected(lab, host, ["h2", "http/1.1"]) as wrapped:
        return wrapped.selected_alpn_protocol()


def _connected(lab: Lab, host: str, protocols: Sequence[str] = ()) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=lab.authority)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    sock = socket.create_connection(("127.0.0.1", lab.https_port), timeout=20)
    return context.wrap_socket(sock, server_hostname=host)


def _ask(lab: Lab, host: str, target: str, *headers: str) -> bytes:
    """What is answered to bytes that no client tidies first."""
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    with _connected(lab, host) as wrapped:
        wrapped.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return b"".join(iter(lambda: wrapped.recv(65536), b""))


def test_the_start_page_is_behind_its_own_host_and_plain_http_leads_there(lab: Lab) -> None:
    page = _ask(lab, lab.values.ui_host, "/", "Accept: text/html").decode()
    assert "docker push registry.homelab.local/IMAGE" in page
    assert "https://localstack.homelab.local" in page
    plain = http.client.HTTPConnection("127.0.0.1", lab.http_port)
    plain.request("GET", "/", headers={"Host": lab.values.ui_host})
    answer = plain.getresponse()
    assert (answer.status, answer.headers["Location"]) == (302, f"https://{lab.values.ui_host}/")
    plain.close()


def test_a_login_over_plain_http_fails_and_is_not_redirected(lab: Lab) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", lab.http_port)
    plain.request("GET", "/v2/", headers={"Host": lab.values.registry_host})
    assert plain.getresponse().status == 404
    plain.close()


class Echo:
    """A server that answers every request with the path that it was sent."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            with sock:
                request = sock.recv(65536)
                if not request:
                    continue
                path = request.split(b" ")[1]
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(path)}\r\nConnection: close\r\n\r\n".encode()
                sock.sendall(head + path)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["tcp", "http", "http, Traefik as it is"])
def echoed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    """The rendered routes of both modes, with an echo in place of Homeport."""
    echo = Echo()
    mode, _, as_it_is = request.param.partition(", ")
    lab = Lab(tmp_path, settings=[f"ingress.mode={mode}", *(["ingress.helmChartConfig=false"] if as_it_is else [])])
    lab.ports = {("registry", "http"): echo.port, ("aws", "aws"): echo.port}
    lab._issue()
    lab._route()
    yield lab
    lab.stop()
    echo.close()


def test_paths_arrive_as_they_were_sent_unless_traefik_is_left_as_it_is(echoed: Lab) -> None:
    """Its HTTP routers tidy paths; mode http asks its chart not to."""
    tidied = echoed.values.ingress.mode == "http" and not echoed.values.ingress.helm_chart_config
    sent = f"/bucket/{KEY}%2Fd?x=%20"
    answer = _ask(echoed, echoed.values.aws_host, sent)
    arrived = answer.rpartition(b"\r\n\r\n")[2].decode()

    assert (arrived != sent) is tidied, arrived


def _look(lab: Lab, checks: Sequence[Check]) -> list[Finding]:  # type: ignore[type-arg]
    def quiet(_check: object, _findings: object) -> None:
        """Nobody reads along."""

    return asyncio.run(run_checks(checks, lab_scene(lab), quiet))


def test_the_doctor_logs_in_pushes_and_pulls(lab: Lab) -> None:
    findings = _look(
        lab,
        [Check(7, "Login", "laptop", registry_checks.login), Check(8, "Push", "laptop", registry_checks.push_and_pull)],
    )

    assert [(each.outcome, each.saw) for each in findings if each.outcome != "ok"] == []
    assert len(findings) == 4


def test_the_doctor_finds_every_name_in_the_certificate(lab: Lab) -> None:
    findings = _look(lab, [Check(6, "TLS", "laptop", tls_checks.certificates)])

    shaken = [each for each in findings if each.did.startswith("shook hands with ")]
    assert [each.outcome for each in shaken] == ["ok"] * 4
    assert "89 days left" in shaken[0].saw
    assert any("does not trust the CA" in each.saw for each in findings)


def test_the_doctor_uses_s3_queues_topics_and_tables(lab: Lab) -> None:
    findings = _look(lab, [Check(10, "AWS", "laptop", aws_checks.services)])

    by_name = {each.did: each for each in findings}
    assert [each for each in findings if each.outcome == "failed" and "function" not in each.did] == []
    assert by_name[f"put {aws_checks.KEY!r} by the bucket's host name"].outcome == "ok"
    assert by_name["got it by a presigned URL"].outcome == "ok"


def test_boto3_keeps_keys_with_dots_and_slashes_in_buckets_by_name(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 in virtual-host style: the bucket is a host below the wildcard, and keys are bytes."""
    real = socket.getaddrinfo

    def here(host: str, *arguments: object, **more: object) -> object:
        target = "127.0.0.1" if host.endswith(lab.values.domain) else host
        return real(target, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", here)
    client = boto3.client(
        "s3",
        endpoint_url=f"https://{lab.values.aws_host}:{lab.https_port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=str(lab.authority),
        config=Config(s3={"addressing_style": "virtual"}),
    )

    client.create_bucket(Bucket="by-name")
    client.put_object(Bucket="by-name", Key=KEY, Body=b"exact")

    assert [each["Key"] for each in client.list_objects_v2(Bucket="by-name")["Contents"]] == [KEY]
    assert client.get_object(Bucket="by-name", Key=KEY)["Body"].read() == b"exact"


@pytest.mark.parametrize(("way_in", "outcome"), [("tcp", "ok"), ("http", "ok"), ("http, Traefik as it is", "failed")])
def test_an_upload_of_65_seconds_goes_through(
    slow_uploads: "dict[str, Future[list[Finding]]]", way_in: str, outcome: str
) -> None:
    """Traefik's HTTP routers cut every request after 60, unless its chart is told otherwise."""
    [finding] = slow_uploads[way_in].result(120)

    assert (finding.did, finding.outcome) == ("uploaded a blob over 65 s", outcome), finding
    assert outcome == "ok" or "set ingress.mode to tcp" in finding.cure


def test_the_put_that_ends_a_layer_reads_nothing_again(lab: Lab) -> None:
    """Docker gives up when that takes more than 30 seconds, as it would where gigabytes are hashed then."""
    client = Client(f"http://127.0.0.1:{lab.ports['registry', 'http']}", user=ADMIN[0], password=ADMIN[1])
    content = noise("layer", 1_000_000) * 128
    location = client.start_upload("apps/layer")
    location = client.patch(location, content).header("Location")
    before = _read_bytes(lab)

    answer = client.put(f"{location}{'&' if '?' in location else '?'}digest={digest_of(content)}")

    assert answer.status == 201
    assert _read_bytes(lab) - before < 1_000_000


def _read_bytes(lab: Lab) -> int:
    """What the registry's process has read so far, from disk, cache or network."""
    text = Path(f"/proc/{lab.processes['registry'].pid}/io").read_text()
    return int(text.partition("rchar: ")[2].split()[0])


def test_mode_http_pushes_and_pulls_as_well(tmp_path: Path) -> None:
    other = Lab(tmp_path, settings=["ingress.mode=http"])
    try:
        other.start()
        findings = _look(other, [Check(8, "Push", "laptop", registry_checks.push_and_pull)])
    finally:
        other.stop()

    assert [each.outcome for each in findings] == ["ok", "ok"]
