"""The recipes as shells and parsers read them."""

import json
import os
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from homeport.kernel.tls.trust import RECIPES, BadRegistryName, UnknownTrustTarget, recipe_for

REGISTRY = "registry.lan:5000"
NO_SHELL = {"windows"}
AWKWARD = '/data/Home port\'s $(touch pwned) "CA"; `x`\nca.crt'
shell_targets = pytest.mark.parametrize("target", sorted(RECIPES.keys() - NO_SHELL))


def here_documents(commands: str) -> list[str]:
    """What the recipe's files will hold."""
    return [part.partition("\nEOF")[0] for part in commands.split("<<'EOF'\n")[1:]]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A home, and programs in place of those that would change the system: they swallow what they are given."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sudo", "certutil", "curl"):
        (programs / name).write_text("#!/bin/sh\ncat > /dev/null\n")
        (programs / name).chmod(0o755)
    return tmp_path


def run(commands: str, machine: Path) -> None:
    environment = {"HOME": str(machine), "PATH": f"{machine / 'bin'}:{os.environ['PATH']}"}
    subprocess.run(
        ["sh", "-eu", "-c", commands], env=environment, check=True, cwd=machine, stdin=subprocess.DEVNULL, timeout=30
    )


@shell_targets
def test_every_recipe_is_a_shell_s_and_names_the_certificate(target: str) -> None:
    recipe = recipe_for(target, registry=REGISTRY, ca_file="/srv/ca.crt")

    assert subprocess.run(["sh", "-n", "-c", recipe.commands], check=False).returncode == 0
    assert "/srv/ca.crt" in recipe.commands
    assert recipe.note.endswith(".")


@shell_targets
def test_no_name_of_a_file_becomes_a_command(target: str, machine: Path) -> None:
    awkward = machine / AWKWARD.lstrip("/")
    awkward.parent.mkdir(parents=True)
    awkward.write_text("certificate")

    run(recipe_for(target, registry=REGISTRY, ca_file=str(awkward)).commands, machine)

    assert not list(machine.rglob("pwned"))


@pytest.mark.parametrize(
    ("target", "directory"), [("podman", ".config/containers/certs.d"), ("docker-desktop", ".docker/certs.d")]
)
@pytest.mark.parametrize("registry", ["registry.lan:5000", "registry.lan", "[fd00::20]:5000", "192.168.1.20:5000"])
def test_a_user_s_own_store_is_filled(target: str, directory: str, registry: str, machine: Path) -> None:
    certificate = machine / "-ca with space.crt"
    certificate.write_text("certificate")

    run(recipe_for(target, registry=registry, ca_file=certificate.name).commands, machine)

    assert (machine / directory / registry / "ca.crt").read_text() == "certificate"


def test_docker_s_directory_is_named_for_host_and_port() -> None:
    commands = recipe_for("docker", registry=REGISTRY, ca_file="/srv/ca.crt").commands

    assert shlex.split(commands)[-2:] == ["/srv/ca.crt", "/etc/docker/certs.d/registry.lan:5000/ca.crt"]


def test_containerd_s_hosts_file_names_the_installed_certificate() -> None:
    commands = recipe_for("containerd", registry=REGISTRY, ca_file="/srv/ca.crt").commands

    (written,) = here_documents(commands)
    installed = "/etc/containerd/certs.d/registry.lan:5000/ca.crt"
    assert tomllib.loads(written) == {
        "server": "https://registry.lan:5000",
        "host": {"https://registry.lan:5000": {"capabilities": ["pull", "resolve", "push"], "ca": installed}},
    }
    assert f"/srv/ca.crt {installed}\n" in commands


def test_k3s_gets_a_mirror_entry_beside_the_certificate() -> None:
    """K3s 1.29.3 ignores `configs` of a registry that is not under `mirrors`: k3s-io/k3s#9839."""
    commands = recipe_for("k3s", registry=REGISTRY, ca_file="/srv/ca.crt").commands

    (written,) = here_documents(commands)
    assert yaml.safe_load(written) == {
        "mirrors": {REGISTRY: {"endpoint": ["https://registry.lan:5000"]}},
        "configs": {REGISTRY: {"tls": {"ca_file": "/etc/rancher/k3s/homeport-ca.crt"}}},
    }
    assert "/srv/ca.crt /etc/rancher/k3s/homeport-ca.crt\n" in commands


def test_firefox_gets_a_policy() -> None:
    (written,) = here_documents(recipe_for("firefox", registry=REGISTRY, ca_file="/srv/ca.crt").commands)

    assert json.loads(written)["policies"]["Certificates"]["Install"] == ["/etc/firefox/policies/homeport-ca.crt"]


@pytest.mark.parametrize("target", ["containerd", "k3s", "firefox"])
def test_a_file_that_is_there_already_is_not_overwritten(target: str, tmp_path: Path) -> None:
    commands = recipe_for(target, registry=REGISTRY, ca_file="/srv/ca.crt").commands
    inner = shlex.split(next(line for line in commands.splitlines() if "set -C" in line).partition(" <<")[0])[-1]
    path = shlex.split(inner)[-1]
    moved = inner.replace(path, str(tmp_path / "file"))

    written = [subprocess.run(["sh", "-c", moved], input=word, text=True, check=False) for word in ("first", "second")]

    assert [done.returncode == 0 for done in written] == [True, False]
    assert (tmp_path / "file").read_text() == "first"


@pytest.mark.parametrize("target", ["aws", "node", "python"])
@pytest.mark.parametrize(("ca_file", "means"), [("my ca.crt", "{home}/my ca.crt"), ("/srv/ca.crt", "/srv/ca.crt")])
def test_a_variable_names_the_certificate_from_the_root(target: str, ca_file: str, means: str, machine: Path) -> None:
    commands = recipe_for(target, registry=REGISTRY, ca_file=ca_file).commands
    variable = commands.removeprefix("export ").partition("=")[0]

    run(f'{commands}\nprintf %s "${variable}" > said', machine)

    assert (machine / "said").read_text() == means.format(home=machine)


def test_the_guide_shows_every_recipe_as_it_is_printed() -> None:
    guide = (Path(__file__).parents[4] / "docs" / "guide" / "trust.md").read_text()

    for target in RECIPES:
        recipe = recipe_for(target, registry=REGISTRY, ca_file="homeport-ca.crt")
        language = "sh" if target not in NO_SHELL else "powershell"
        section = f"### `{target}`: {recipe.title}\n\n```{language}\n{recipe.commands}\n```\n\n{recipe.note}\n"
        assert section in guide


def test_powershell_quotes_are_doubled() -> None:
    commands = recipe_for("windows", registry=REGISTRY, ca_file=r"C:\Users\Jo's\ca.crt").commands

    assert r"-FilePath 'C:\Users\Jo''s\ca.crt' " in commands


@pytest.mark.skipif(shutil.which("keytool") is None, reason="keytool of a JDK is not installed")
def test_java_takes_the_certificate(tmp_path: Path) -> None:
    from homeport.kernel.clock import SystemClock
    from homeport.kernel.tls.authority import ensure_authority
    from homeport.kernel.tls.places import AuthorityFiles

    authority = ensure_authority(AuthorityFiles(tmp_path / "ca"), SystemClock(), host="test")
    commands = recipe_for("java", registry=REGISTRY, ca_file=str(authority.files.certificate)).commands
    own_store = commands.removeprefix("sudo ").replace("-cacerts", f"-keystore {tmp_path / 'store'}")

    subprocess.run(["sh", "-c", own_store], check=True, capture_output=True, timeout=60)
    listed = subprocess.run(
        ["keytool", "-list", "-keystore", tmp_path / "store", "-storepass", "changeit"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert authority.facts.fingerprint in listed.stdout


def test_what_is_no_registry_or_no_client_is_refused() -> None:
    for name in (
        "",
        "a b",
        "https://a",
        "a/b",
        "a:b",
        "a:123456",
        "a'b",
        "a\n",
        "..",
        "-a",
        "[::1",
        "a:5000/x",
        "$(x)",
    ):
        with pytest.raises(BadRegistryName):
            recipe_for("docker", registry=name, ca_file="/srv/ca.crt")
    with pytest.raises(UnknownTrustTarget, match="netscape"):
        recipe_for("netscape", registry=REGISTRY, ca_file="/srv/ca.crt")


@given(st.text(max_size=20), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20))
def test_whatever_the_words_a_recipe_is_one_or_refused(registry: str, ca_file: str) -> None:
    try:
        commands = recipe_for("docker", registry=registry, ca_file=ca_file).commands
    except BadRegistryName:
        return
    assert shlex.split(commands)[-2:] == [ca_file, f"/etc/docker/certs.d/{registry}/ca.crt"]
