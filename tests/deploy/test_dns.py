"""Names: written into a Pi-hole, printed for everything else, and resolved by the real dnsmasq."""

import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import yaml
from tests.deploy.api_server import ApiServer
from tests.deploy.conftest import K8s
from tests.deploy.pihole import SEATS, PiHoleServer
from tests.servers import free_port
from tests.tools import require

from homeport.deploy.dns.records import records_for
from homeport.deploy.values import load_values

IP = "192.168.4.202"
HOSTS = [f"{IP} registry.homelab.local", f"{IP} registry-ui.homelab.local", f"{IP} localstack.homelab.local"]
LINES = [f"address=/localstack.homelab.local/{IP}", "local=/localstack.homelab.local/", "local=/homelab.local/"]
A, AAAA = 1, 28


@pytest.fixture
def hole() -> Iterator[PiHoleServer]:
    """A Pi-hole with a record and a line of somebody else's."""
    server = PiHoleServer(hosts=["192.168.4.1 router.lan"], lines=["domain-needed=x"]).start()
    yield server
    server.stop()


def pihole(k8s: K8s, hole: PiHoleServer, *arguments: str, status: int = 0, password: str = "secret") -> str:
    result = k8s("dns", "pihole", "--url", hole.url, *arguments, status=status, PIHOLE_PASSWORD=password)
    return result.stdout + result.stderr


def test_the_records_are_added_to_what_is_there(k8s: K8s, hole: PiHoleServer) -> None:
    pihole(k8s, hole)

    assert hole.hosts == ["192.168.4.1 router.lan", *HOSTS]
    assert hole.lines == ["domain-needed=x", *LINES]
    assert hole.sessions == set()


def test_a_second_time_nothing_changes_and_dns_is_not_restarted(k8s: K8s, hole: PiHoleServer) -> None:
    pihole(k8s, hole)
    said = pihole(k8s, hole)

    assert hole.restarts == 1
    assert "6 were there already" in said


def test_an_older_address_is_replaced(k8s: K8s, hole: PiHoleServer) -> None:
    hole.hosts += ["10.0.0.9 registry.homelab.local", "10.0.0.9 registry.homelab.local other.lan"]
    hole.lines += ["address=/localstack.homelab.local/10.0.0.9"]

    said = pihole(k8s, hole)

    assert hole.hosts == ["192.168.4.1 router.lan", "10.0.0.9 registry.homelab.local other.lan", *HOSTS]
    assert hole.lines == ["domain-needed=x", *LINES]
    assert "removed 10.0.0.9 registry.homelab.local\n" in said


def test_the_records_are_taken_out_again_and_nothing_else(k8s: K8s, hole: PiHoleServer) -> None:
    pihole(k8s, hole)
    pihole(k8s, hole, "--remove")

    assert (hole.hosts, hole.lines) == (["192.168.4.1 router.lan"], ["domain-needed=x"])


def test_a_pihole_without_a_password_is_written_to(k8s: K8s, hole: PiHoleServer) -> None:
    hole.password = ""
    pihole(k8s, hole, password="")

    assert hole.hosts[1:] == HOSTS


def test_a_wrong_password_is_told(k8s: K8s, hole: PiHoleServer) -> None:
    assert "refuses the password" in pihole(k8s, hole, password="wrong", status=1)


def test_a_pihole_without_a_free_seat_is_told(k8s: K8s, hole: PiHoleServer) -> None:
    hole.sessions |= {f"other{number}" for number in range(SEATS)}

    assert "no free session" in pihole(k8s, hole, status=1)


@pytest.mark.parametrize(
    "refusal",
    [
        (403, "forbidden", "Unable to change configuration (app_sudo is false)"),
        (400, "bad_request", "Config items set via environment variables cannot be changed via the API"),
        (400, "bad_request", "Unable to change configuration (read-only)"),
    ],
)
def test_where_it_may_not_be_changed_the_lines_to_add_are_printed(
    k8s: K8s, hole: PiHoleServer, refusal: tuple[int, str, str]
) -> None:
    hole.refusal = refusal

    said = pihole(k8s, hole, status=1)

    assert refusal[2] in said
    assert all(line in said for line in [*HOSTS, *LINES])
    assert hole.sessions == set()


def test_something_that_is_no_pihole_6_is_told(k8s: K8s, cluster: ApiServer) -> None:
    result = k8s("dns", "pihole", "--url", cluster.url, status=1, PIHOLE_PASSWORD="x")

    assert "Pi-hole" in result.stderr


def test_without_an_address_nothing_is_written(k8s: K8s, cluster: ApiServer, hole: PiHoleServer) -> None:
    cluster.put("/api/v1/namespaces/kube-system/services/traefik", {"kind": "Service"})

    assert "no address" in pihole(k8s, hole, status=1)
    assert hole.hosts == ["192.168.4.1 router.lan"]
    pihole(k8s, hole, "--set", "lbAddress=10.1.1.1")
    assert "10.1.1.1 registry.homelab.local" in hole.hosts


def test_only_a_private_domain_is_kept_from_upstream_as_a_whole() -> None:
    private = records_for(load_values(None, ["domain=lab.home.arpa"]), IP)
    public = records_for(load_values(None, ["domain=example.org"]), IP)

    assert "local=/lab.home.arpa/" in private.dnsmasq
    assert "local=/example.org/" not in public.dnsmasq
    assert "local=/registry.example.org/" in public.dnsmasq


def test_everything_else_is_printed(k8s: K8s) -> None:
    assert k8s("dns", "hosts").stdout.splitlines()[:3] == HOSTS
    five = k8s("dns", "pihole", "--v5").stdout
    assert "/etc/pihole/custom.list" in five
    assert "pihole restartdns" in five
    assert "CNAME" not in five
    assert LINES[0] in k8s("dns", "pihole", "--print").stdout
    config = yaml.safe_load(k8s("dns", "coredns").stdout)
    assert config["metadata"]["namespace"] == "kube-system"
    assert 'answer "{{ .Name }} 60 IN A 192.168.4.202"' in config["data"]["homeport.server"]


def test_coredns_keeps_what_was_put_there_by_hand(k8s: K8s, cluster: ApiServer) -> None:
    """There is one coredns-custom for everybody: what is not rendered is removed by its labels, and this never was."""
    k8s("install", "--yes")
    config = yaml.safe_load(k8s("dns", "coredns").stdout)
    cluster.put("/api/v1/namespaces/kube-system/configmaps/coredns-custom", config)

    again = k8s("install", "--yes")

    assert "coredns-custom" not in again.stderr
    assert "coredns-custom" in cluster.names("configmaps")


# The real dnsmasq


def ask(port: int, name: str, kind: int, *, patience_seconds: float = 5.0) -> tuple[int, list[str]]:
    """Response code and addresses of one question (RFC 1035)."""
    question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    packet = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + question + struct.pack(">HH", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(patience_seconds)
        sock.sendto(packet, ("127.0.0.1", port))
        answer = sock.recv(4096)
    _, flags, _, count, _, _ = struct.unpack(">HHHHHH", answer[:12])
    at, found = 12 + len(question) + 4, []
    for _ in range(count):
        size = struct.unpack(">H", answer[at + 10 : at + 12])[0]
        data = answer[at + 12 : at + 12 + size]
        found.append(".".join(map(str, data)) if size == 4 else data.hex())
        at += 12 + size
    return flags & 0xF, found


@pytest.fixture
def resolver(tmp_path: Path) -> Iterator["Resolver"]:
    """Something that starts dnsmasq."""
    made = Resolver(tmp_path)
    yield made
    made.stop()


class Resolver:
    """Debian's dnsmasq on a free port, without any upstream server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def start(self, lines: Sequence[str], hosts: Sequence[str] = ()) -> "Resolver":
        """Start it with these lines of configuration and this hosts file, as Pi-hole gives them to its own."""
        (self._folder / "dnsmasq.conf").write_text("\n".join(lines) + "\n")
        (self._folder / "hosts").write_text("\n".join(hosts) + "\n")
        self._process = subprocess.Popen(
            [
                require("dnsmasq"),
                "--keep-in-foreground",
                "--no-resolv",
                "--no-hosts",
                "--user=root",
                f"--port={self.port}",
                "--listen-address=127.0.0.1",
                "--bind-interfaces",
                f"--conf-file={self._folder / 'dnsmasq.conf'}",
                f"--addn-hosts={self._folder / 'hosts'}",
                f"--pid-file={self._folder / 'pid'}",
            ],
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                ask(self.port, "homelab.local", A, patience_seconds=0.1)
            except OSError:
                time.sleep(0.02)
            else:
                break
        return self

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


def check(port: int) -> None:
    for name in ("registry", "registry-ui", "localstack", "bucket.localstack", "a.s3.localstack"):
        assert ask(port, f"{name}.homelab.local", A) == (0, [IP]), name
        # NOERROR without an address: anything else makes musl programs fail.
        assert ask(port, f"{name}.homelab.local", AAAA) == (0, []), name
    assert ask(port, "other.homelab.local", A)[0] == 3


def test_dnsmasq_resolves_what_was_written_into_pihole(k8s: K8s, hole: PiHoleServer, resolver: Resolver) -> None:
    hole.lines.clear()
    pihole(k8s, hole)

    check(resolver.start(hole.lines, hole.hosts).port)


def test_dnsmasq_resolves_its_own_file(k8s: K8s, resolver: Resolver) -> None:
    check(resolver.start(k8s("dns", "dnsmasq").stdout.splitlines()).port)


def test_without_the_local_lines_aaaa_is_refused(resolver: Resolver) -> None:
    """What the lines are for."""
    port = resolver.start([], HOSTS).port

    assert ask(port, "registry.homelab.local", A) == (0, [IP])
    assert ask(port, "registry.homelab.local", AAAA)[0] == 5
