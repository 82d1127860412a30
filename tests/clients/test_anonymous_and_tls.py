"""Real clients without a password where everybody may pull, and over TLS with Homeport's own CA."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.clients.programs import ProgramFailedError, Programs
from tests.clients.test_skopeo import FROM, PLAIN, TO, make_layout
from tests.servers import HomeportProcess
from tests.wire import Client


@pytest.fixture
def open_server(tmp_path: Path) -> Iterator[HomeportProcess]:
    """A Homeport from which everybody may pull."""
    server = HomeportProcess.on(tmp_path / "open", settings={"registry.anonymous_pull": "true"}).start()
    yield server
    server.stop()


def test_everybody_pulls_and_only_users_push(programs: Programs, open_server: HomeportProcess, tmp_path: Path) -> None:
    layout = make_layout(tmp_path, "anonymous")
    remote = f"docker://{open_server.netloc}/open/image:v1"
    with pytest.raises(ProgramFailedError, match=r"(?i)unauthorized|authentication required"):
        programs.run("skopeo", "copy", TO, f"oci:{layout}:latest", remote)
    programs.login("skopeo", open_server.netloc, open_server.user, open_server.password, PLAIN)
    programs.run("skopeo", "copy", TO, f"oci:{layout}:latest", remote)
    programs.run("skopeo", "logout", open_server.netloc)

    programs.run("skopeo", "copy", FROM, remote, f"oci:{tmp_path / 'back'}:latest")
    programs.run("podman", "pull", PLAIN, f"{open_server.netloc}/open/image:v1")

    assert (tmp_path / "back" / "index.json").exists()


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[HomeportProcess]:
    """A Homeport that speaks TLS with a certificate of its own CA."""
    server = HomeportProcess.on(tmp_path / "tls", settings={"tls.mode": "on"}).start()
    yield server
    server.stop()


@pytest.fixture
def certificates(tls_server: HomeportProcess, programs: Programs, tmp_path: Path) -> Path:
    """A directory with the CA's certificate as `homeport ca export` gives it, in the form of certs.d."""
    directory = tmp_path / "certs.d"
    directory.mkdir()
    command = ["-m", "homeport", "ca", "export", "--data-dir", str(tls_server.data_dir)]
    (directory / "ca.crt").write_text(programs.run(sys.executable, *command))
    return directory


def test_the_wire_is_tls_with_the_own_ca(tls_server: HomeportProcess, certificates: Path) -> None:
    assert tls_server.base_url.startswith("https://")

    client = Client(
        tls_server.base_url, user=tls_server.user, password=tls_server.password, cacert=certificates / "ca.crt"
    )

    assert client.get("/v2/").status == 200


def test_skopeo_trusts_the_exported_ca(
    programs: Programs, tls_server: HomeportProcess, certificates: Path, tmp_path: Path
) -> None:
    layout = make_layout(tmp_path, "tlsskopeo")
    remote = f"docker://{tls_server.netloc}/tls/skopeo:v1"
    trust = f"--cert-dir={certificates}"

    programs.login("skopeo", tls_server.netloc, tls_server.user, tls_server.password, trust)
    programs.run("skopeo", "copy", f"--dest-cert-dir={certificates}", f"oci:{layout}:latest", remote)
    programs.run("skopeo", "copy", f"--src-cert-dir={certificates}", remote, f"oci:{tmp_path / 'back'}:latest")

    assert (tmp_path / "back" / "index.json").exists()


def test_podman_trusts_the_exported_ca(
    programs: Programs, tls_server: HomeportProcess, certificates: Path, tmp_path: Path
) -> None:
    layout = make_layout(tmp_path, "tlspodman")
    image = f"{tls_server.netloc}/tls/podman:v1"
    trust = f"--cert-dir={certificates}"
    programs.login("podman", tls_server.netloc, tls_server.user, tls_server.password, trust)
    programs.run("podman", "pull", f"oci:{layout}:latest")
    pulled = programs.run("podman", "images", "--quiet").strip()

    programs.run("podman", "push", trust, pulled, image)
    programs.run("podman", "pull", trust, image)

    assert image in programs.run("podman", "images", "--format", "{{.Repository}}:{{.Tag}}")


def test_without_the_ca_nobody_trusts_it(programs: Programs, tls_server: HomeportProcess) -> None:
    with pytest.raises(ProgramFailedError, match=r"x509|certificate"):
        programs.login("skopeo", tls_server.netloc, tls_server.user, tls_server.password)
