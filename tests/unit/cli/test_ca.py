"""`homeport ca`, as a person or a script types it."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Homeport

from homeport.kernel.clock import SystemClock
from homeport.kernel.tls.authority import Authority, ensure_authority
from homeport.kernel.tls.places import AuthorityFiles


@pytest.fixture
def authority(homeport: Homeport) -> Authority:
    """What a first start with TLS leaves in the data directory."""
    made = ensure_authority(AuthorityFiles(homeport.data / "ca"), SystemClock(), host="nas")
    made.ensure_leaf(("registry.lan", "127.0.0.1"))
    return made


@pytest.mark.parametrize("command", ["show", "export", "trust"])
def test_before_there_is_one_it_says_how_it_comes(homeport: Homeport, command: str) -> None:
    done = homeport("ca", command)

    assert done.returncode == 1
    assert "there is no certificate authority" in done.stderr
    assert "homeport up" in done.stderr
    assert not homeport.data.exists()


def test_a_person_sees_fingerprint_validity_names_and_files(homeport: Homeport, authority: Authority) -> None:
    shown = homeport("ca", "show").stdout

    for word in (authority.facts.fingerprint, "registry.lan, 127.0.0.1", str(authority.files.certificate)):
        assert word in shown
    assert f"{authority.facts.not_after:%Y-%m-%d}" in shown


def test_a_script_reads_the_same_as_json(homeport: Homeport, authority: Authority) -> None:
    shown = json.loads(homeport("ca", "show", "--json").stdout)

    assert shown["authority"]["sha256"] == authority.facts.fingerprint
    assert shown["authority"]["not_after"] == f"{authority.facts.not_after:%Y-%m-%dT%H:%M:%SZ}"
    assert shown["server"]["names"] == ["registry.lan", "127.0.0.1"]
    assert shown["server"]["file"] == str(authority.files.leaf)


def test_an_authority_that_served_nothing_yet_is_shown_too(homeport: Homeport, authority: Authority) -> None:
    authority.files.leaf.unlink()

    assert "no certificate issued yet" in homeport("ca", "show").stdout
    assert json.loads(homeport("ca", "show", "--json").stdout)["server"] is None


def test_the_certificate_is_exported_without_its_key(homeport: Homeport, authority: Authority, tmp_path: Path) -> None:
    assert homeport("ca", "export").stdout == authority.pem

    homeport("ca", "export", "--out", tmp_path / "ca.crt")
    assert (tmp_path / "ca.crt").read_text() == authority.pem
    failed = homeport("ca", "export", "--out", tmp_path / "missing" / "ca.crt")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "No such file" in failed.stderr


def test_the_lines_for_one_client_can_be_piped_to_a_shell(homeport: Homeport, authority: Authority) -> None:
    lines = homeport("ca", "trust", "--for", "docker", "--registry", "registry.lan:5000").stdout.splitlines()

    commands = [line for line in lines if not line.startswith("#")]
    source = authority.files.certificate
    assert commands == [f"sudo install -D -m 0644 -- {source} /etc/docker/certs.d/registry.lan:5000/ca.crt"]


@pytest.mark.parametrize(
    ("variables", "registry"),
    [
        ({}, "127.0.0.1:5000"),
        ({"HOMEPORT_LISTEN_REGISTRY": "192.168.1.20:443"}, "192.168.1.20:443"),
        ({"HOMEPORT_LISTEN_REGISTRY": ":5000", "HOMEPORT_TLS_NAMES": "registry.lan"}, "registry.lan:5000"),
        ({"HOMEPORT_LISTEN_REGISTRY": "[::]:5000", "HOMEPORT_TLS_NAMES": "fd00::20"}, "[fd00::20]:5000"),
        ({"HOMEPORT_LISTEN_REGISTRY": "unix:/run/homeport.sock"}, "localhost"),
        ({"HOMEPORT_REGISTRY_PUBLIC_URL": "https://reg.example:8443"}, "reg.example:8443"),
    ],
)
def test_the_registry_is_called_as_the_settings_have_it(
    homeport: Homeport, variables: dict[str, str], registry: str
) -> None:
    homeport.environment.update(variables)

    printed = homeport("ca", "trust", "--for", "curl", "--ca-file", "homeport-ca.crt").stdout

    assert f"https://{registry}/v2/".replace("https://[", "'https://[").split("/v2/")[0] in printed
    assert "--cacert homeport-ca.crt" in printed


def test_without_a_client_named_there_are_those_that_this_machine_has(homeport: Homeport, authority: Authority) -> None:
    printed = homeport("ca", "trust").stdout

    assert str(authority.files.certificate) in printed
    assert "# Also --for " in printed


def test_a_client_or_registry_that_is_none_is_told(homeport: Homeport, authority: Authority) -> None:
    assert homeport("ca", "trust", "--for", "netscape").returncode == 2
    refused = homeport("ca", "trust", "--registry", "https://registry.lan")
    assert refused.returncode == 1
    assert "'https://registry.lan' is no registry" in refused.stderr


def test_half_an_authority_is_told_and_not_repaired(homeport: Homeport, authority: Authority) -> None:
    authority.files.key.unlink()

    done = homeport("ca", "show")

    assert done.returncode == 1
    assert "ca.key" in done.stderr
    assert "backup" in done.stderr
