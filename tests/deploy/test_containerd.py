"""A node's containerd, pulling as K3s would have it pull: by a certs.d and credentials made from our registries.yaml.

What K3s does with the file at its start is done here, after pkg/agent/containerd of K3s: endpoints and CA go to
certs.d/<registry>/hosts.toml, credentials to containerd's config.toml, since hosts.toml has no field for them.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import grpc
import pytest
import yaml
from tests.deploy.lab import ADMIN, PULLER, Lab, with_hosts
from tests.images import build_image, noise
from tests.tools import require, say_missing
from tests.wire import Client

from homeport.deploy.doctor.pod_checks import cause_of
from homeport.deploy.documents import Json, list_at, map_at, text_at
from homeport.deploy.nodes import CA_FILE, Pull, registries_yaml

_SECONDS = 30.0
_CONFIG = """version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs"]
[grpc]
  address = "{folder}/c.sock"
[ttrpc]
  address = "{folder}/t.sock"
[plugins."io.containerd.grpc.v1.cri"]
  disable_tcp_service = true
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{folder}/certs.d"
"""


def as_k3s_reads_it(text: str, folder: Path) -> str:
    """Write certs.d from a registries.yaml; the stanzas of config.toml."""
    document: Json = yaml.safe_load(text)
    stanzas = []
    for host, mirror in map_at(document, "mirrors").items():
        config = map_at(document, "configs", host)
        place = folder / "certs.d" / host
        place.mkdir(parents=True)
        lines = [f'server = "https://{host}/v2"', 'capabilities = ["pull", "resolve", "push"]']
        if ca := text_at(config, "tls", "ca_file"):
            lines.append(f'ca = ["{ca}"]')
        for endpoint in list_at(mirror, "endpoint"):
            lines += [f'[host."{endpoint}/v2"]', '  capabilities = ["pull", "resolve"]']
            lines += [f'  ca = ["{ca}"]'] if ca else []
        (place / "hosts.toml").write_text("\n".join(lines) + "\n")
        if auth := map_at(config, "auth"):
            head = f'[plugins."io.containerd.grpc.v1.cri".registry.configs."{host}".auth]'
            stanzas.append(
                f'{head}\nusername = "{text_at(auth, "username")}"\npassword = "{text_at(auth, "password")}"\n'
            )
    return "".join(stanzas)


class Node:
    """containerd with its CRI, on a file system and with a hosts file of its own."""

    def __init__(self, lab: Lab, folder: Path, pull: Pull, *, ca_there: bool = True) -> None:
        ca = folder / "ca.crt"
        if ca_there:
            ca.write_text(pull.authority)
        self.ca = ca
        stanzas = as_k3s_reads_it(registries_yaml(pull).replace(CA_FILE, str(ca)), folder)
        (folder / "config.toml").write_text(_CONFIG.format(folder=folder) + stanzas)
        command = with_hosts([require("containerd"), "--config", str(folder / "config.toml")], lab, folder)
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self._folder = folder
        self._channel = grpc.insecure_channel(f"unix://{folder / 'c.sock'}")
        self._await()

    def _await(self) -> None:
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                self._call("ListImages", b"")
            except grpc.RpcError as error:
                log = (self._folder / "log").read_text()[-3000:]
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise AssertionError(log) from error
                time.sleep(0.05)
            else:
                return

    def _call(self, method: str, request: bytes) -> bytes:
        call = self._channel.unary_unary(f"/runtime.v1.ImageService/{method}", _as_it_is, _as_it_is)
        answer = call(request, timeout=_SECONDS)
        assert isinstance(answer, bytes)
        return answer

    def pull(self, image: str, login: tuple[str, str] | None = None) -> str:
        """CRI's PullImage, with a pull secret's account if there is one; empty when it succeeded, else its error."""
        request = _field(1, _field(1, image.encode()))
        if login is not None:
            request += _field(2, _field(1, login[0].encode()) + _field(2, login[1].encode()))
        try:
            self._call("PullImage", request)
        except grpc.RpcError as error:
            return str(error.details())
        return ""

    def stop(self) -> None:
        """Stop it."""
        self._channel.close()
        self._process.terminate()
        self._process.wait(20)


def _as_it_is(content: bytes) -> bytes:
    return content


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field of a protocol buffer."""
    size, length = len(content), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


MakeNode = Callable[..., Node]


@pytest.fixture
def node(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeNode]:
    """Starts nodes that are told of the registry in different ways."""
    if os.geteuid() != 0:
        say_missing("containerd wants to be root")
    started: list[Node] = []

    def start(login: tuple[str, str] | None, **more: bool) -> Node:
        user, password = login or (None, "")
        pull = Pull(lab.registry, user, password, lab.authority.read_text())
        made = Node(lab, tmp_path_factory.mktemp("n"), pull, **more)
        started.append(made)
        return made

    yield start
    for each in started:
        each.stop()


@pytest.fixture(scope="module")
def images(lab: Lab) -> Mapping[str, str]:
    """Images in the registry, one for each test that must not find another's layers."""
    client = Client(f"http://127.0.0.1:{lab.ports['registry', 'http']}", user=ADMIN[0], password=ADMIN[1])
    for name in ("account", "secret", "none", "wrong", "late"):
        client.push_image(f"pods/{name}", build_image([{"file": noise(name, 100_000)}]), "1")
    return {name: f"{lab.registry}/pods/{name}:1" for name in ("account", "secret", "none", "wrong", "late")}


def test_a_node_pulls_by_our_registries_yaml(node: MakeNode, images: Mapping[str, str]) -> None:
    assert node(PULLER).pull(images["account"]) == ""


def test_without_an_account_it_needs_a_pull_secret(node: MakeNode, images: Mapping[str, str]) -> None:
    bare = node(None)

    refused = bare.pull(images["none"])

    assert cause_of(refused)[0] in {"the node has no account", "the node's account is refused"}, refused
    assert bare.pull(images["secret"], PULLER) == ""


def test_a_wrong_password_is_known_by_its_error(node: MakeNode, images: Mapping[str, str]) -> None:
    refused = node(("puller", "wrong")).pull(images["wrong"])

    assert cause_of(refused)[1] == "homeport k8s node script with the present password", refused


def test_a_missing_authority_is_known_by_its_error_and_cured_without_a_restart(
    node: MakeNode, lab: Lab, images: Mapping[str, str]
) -> None:
    made = node(PULLER, ca_there=False)

    refused = made.pull(images["late"])
    made.ca.write_text(lab.authority.read_text())
    cured = made.pull(images["late"])

    assert "CA" in cause_of(refused)[0], refused
    assert cured == ""
