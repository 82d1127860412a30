"""registries.yaml, and the script that brings it to a node, run by a real shell with a node's programs beside it."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from homeport.deploy.nodes import Pull, RegistriesError, node_script, registries_yaml

HOST = "registry.homelab.local"
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
PULL = Pull(HOST, "puller", "pass word$'\"", PEM)


def test_the_file_names_mirror_account_and_authority() -> None:
    assert yaml.safe_load(registries_yaml(PULL)) == {
        "mirrors": {HOST: {"endpoint": [f"https://{HOST}"]}},
        "configs": {
            HOST: {
                "auth": {"username": "puller", "password": "pass word$'\""},
                "tls": {"ca_file": "/etc/rancher/k3s/homeport-ca.crt"},
            }
        },
    }


def test_without_password_or_authority_only_the_mirror_is_named() -> None:
    assert set(yaml.safe_load(registries_yaml(Pull(HOST, None, "", "")))) == {"mirrors"}


def test_other_entries_of_an_existing_file_stay() -> None:
    existing = (
        "mirrors: {docker.io: {endpoint: [https://mirror]}}\nconfigs: {mirror: {tls: {insecure_skip_verify: true}}}\n"
    )

    found = yaml.safe_load(registries_yaml(PULL, existing))

    assert set(found["mirrors"]) == {"docker.io", HOST}
    assert found["configs"]["mirror"] == {"tls": {"insecure_skip_verify": True}}


@pytest.mark.parametrize("existing", ["- a", "a: [", "server: x"])
def test_something_else_is_not_added_to(existing: str) -> None:
    with pytest.raises(RegistriesError):
        registries_yaml(PULL, existing)


class Node:
    """A folder with a node's files, and the programs that a node has."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        self.said = folder / "said"
        self.program("systemctl", f'[ "$1" = cat ] && [ "$2" != k3s.service ] && exit 1; echo "$@" >> {self.said}')
        self.program("curl", f'echo curl "$@" >> {self.said}; printf 401')
        self.program("k3s", f'echo k3s "$@" >> {self.said}')
        self.program("id", "echo 0")

    def program(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    @property
    def file(self) -> Path:
        return self.root / "etc/rancher/k3s/registries.yaml"

    def run(self, script: str) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, "PATH": f"{self.bin}:/usr/bin:/bin", "ROOT": str(self.root)}
        return subprocess.run(
            ["/bin/sh", "-s"], input=script, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_the_script_writes_restarts_and_tests(node: Node) -> None:
    done = node.run(node_script(PULL, image=f"{HOST}/app:1"))

    assert done.returncode == 0, done.stderr
    assert node.file.read_text() == registries_yaml(PULL)
    assert node.file.stat().st_mode & 0o777 == 0o600
    authority = node.file.with_name("homeport-ca.crt")
    assert authority.read_text() == PEM
    assert authority.stat().st_mode & 0o777 == 0o644
    said = node.said.read_text()
    assert "restart k3s\n" in said
    assert f"--cacert {authority} https://{HOST}/v2/" in said
    assert f"k3s crictl pull {HOST}/app:1" in said


def test_a_second_run_restarts_nothing(node: Node) -> None:
    node.run(node_script(PULL))
    node.said.unlink()

    done = node.run(node_script(PULL))

    assert done.returncode == 0
    assert "restart k3s" not in node.said.read_text()


def test_a_new_password_is_written_and_the_old_file_kept(node: Node) -> None:
    node.run(node_script(PULL))
    newer = Pull(HOST, "puller", "another", PEM)

    assert node.run(node_script(newer)).returncode == 0
    assert node.file.read_text() == registries_yaml(newer)
    [saved] = node.file.parent.glob("registries.yaml.*.bak")
    assert saved.read_text() == registries_yaml(PULL)
    assert saved.stat().st_mode & 0o777 == 0o600


def test_what_somebody_else_wrote_is_not_touched(node: Node) -> None:
    node.file.parent.mkdir(parents=True)
    node.file.write_text("mirrors: {}\n")

    done = node.run(node_script(PULL))

    assert done.returncode == 1
    assert "--existing FILE" in done.stderr
    assert node.file.read_text() == "mirrors: {}\n"
    assert not node.said.exists() or "restart" not in node.said.read_text()


def test_what_somebody_else_wrote_is_kept_when_it_is_brought_along(node: Node) -> None:
    existing = "mirrors: {docker.io: {endpoint: [https://mirror]}}\n"
    node.file.parent.mkdir(parents=True)
    node.file.write_text(existing)

    assert node.run(node_script(PULL, existing)).returncode == 0
    assert set(yaml.safe_load(node.file.read_text())["mirrors"]) == {"docker.io", HOST}


def test_entries_of_others_are_not_dropped_by_a_later_script_that_was_not_told_of_them(node: Node) -> None:
    existing = "mirrors: {docker.io: {endpoint: [https://mirror]}}\n"
    node.file.parent.mkdir(parents=True)
    node.file.write_text(existing)
    node.run(node_script(PULL, existing))
    newer = Pull(HOST, "puller", "another", PEM)

    again = node.run(node_script(PULL, existing))
    untold = node.run(node_script(newer))
    told = node.run(node_script(newer, node.file.read_text()))

    assert (again.returncode, untold.returncode, told.returncode) == (0, 1, 0)
    assert "--existing FILE" in untold.stderr
    found = yaml.safe_load(node.file.read_text())
    assert set(found["mirrors"]) == {"docker.io", HOST}
    assert found["configs"][HOST]["auth"]["password"] == "another"


@pytest.mark.parametrize(
    ("program", "body", "message"),
    [
        ("id", "echo 1000", "run this as root"),
        ("systemctl", "exit 1", "neither a k3s nor a k3s-agent"),
        ("curl", "printf 000; exit 60", "cannot be reached"),
        ("curl", "printf 404", "answers 404"),
        ("k3s", "exit 1", "cannot pull"),
    ],
)
def test_what_goes_wrong_is_said(node: Node, program: str, body: str, message: str) -> None:
    node.program(program, body)

    done = node.run(node_script(PULL, image="x"))

    assert done.returncode == 1
    assert message in done.stderr


def test_agents_restart_their_own_service(node: Node) -> None:
    node.program("systemctl", f'[ "$1" = cat ] && [ "$2" != k3s-agent.service ] && exit 1; echo "$@" >> {node.said}')

    assert node.run(node_script(PULL)).returncode == 0
    assert "restart k3s-agent" in node.said.read_text()
