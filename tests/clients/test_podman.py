"""podman and buildah against Homeport: login, pull, push, build."""

import json
from pathlib import Path

import pytest
from tests.clients.programs import ProgramFailedError, Programs
from tests.clients.test_skopeo import PLAIN, layer_types, make_layout, manifest
from tests.images import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from tests.servers import HomeportProcess


def seeded(logged_in: Programs, server: HomeportProcess, directory: Path, name: str, *, count: int = 1) -> str:
    """An image of the name in the registry, for podman to pull; its reference."""
    layout = make_layout(directory, name, count=count)
    reference = f"{server.netloc}/podman/{name}:v1"
    copy = ["copy", "--all", "--dest-tls-verify=false", f"oci:{layout}:latest", f"docker://{reference}"]
    logged_in.run("skopeo", *copy)
    return reference


@pytest.mark.parametrize("program", ["podman", "buildah"])
def test_login_succeeds_with_the_password_alone(programs: Programs, server: HomeportProcess, program: str) -> None:
    with pytest.raises(ProgramFailedError, match="invalid username/password"):
        programs.login(program, server.netloc, server.user, "wrong", PLAIN)

    assert "Login Succeeded" in programs.login(program, server.netloc, server.user, server.password, PLAIN)


def test_podman_pulls_tags_and_pushes(logged_in: Programs, server: HomeportProcess, tmp_path: Path) -> None:
    source = seeded(logged_in, server, tmp_path, "pulled")
    target = f"{server.netloc}/podman/pushed:v2"

    logged_in.run("podman", "pull", PLAIN, source)
    logged_in.run("podman", "tag", source, target)
    logged_in.run("podman", "push", PLAIN, target)
    logged_in.run("podman", "rmi", "--all", "--force")
    logged_in.run("podman", "pull", PLAIN, target)

    assert target in logged_in.run("podman", "images", "--format", "{{.Repository}}:{{.Tag}}")


def test_podman_picks_its_platform_from_an_index(logged_in: Programs, server: HomeportProcess, tmp_path: Path) -> None:
    source = seeded(logged_in, server, tmp_path, "platforms", count=3)

    logged_in.run("podman", "pull", PLAIN, "--arch", "riscv64", source)

    inspected = json.loads(logged_in.run("podman", "image", "inspect", source))
    assert inspected[0]["Architecture"] == "riscv64"


@pytest.mark.parametrize("form", [("oci", OCI_MANIFEST), ("v2s2", DOCKER_MANIFEST)], ids=lambda form: form[0])
def test_podman_pushes_both_formats(
    logged_in: Programs, server: HomeportProcess, tmp_path: Path, form: tuple[str, str]
) -> None:
    source = seeded(logged_in, server, tmp_path, f"pformat{form[0]}")
    name = f"podman/format-{form[0]}"
    logged_in.run("podman", "pull", PLAIN, source)

    logged_in.run("podman", "push", PLAIN, "--format", form[0], source, f"{server.netloc}/{name}:v1")

    assert manifest(server, name).header("Content-Type") == form[1]


@pytest.mark.parametrize("compression", ["zstd", "zstd:chunked"])
def test_podman_pushes_and_pulls_zstd(
    logged_in: Programs, server: HomeportProcess, tmp_path: Path, compression: str
) -> None:
    """zstd:chunked is pulled with ranges, several in one request."""
    seed = "p" + compression.replace(":", "")
    name = f"podman/{seed}-pushed"
    layout = make_layout(tmp_path, seed, compress=False)
    logged_in.run("podman", "pull", f"oci:{layout}:latest")
    image = logged_in.run("podman", "images", "--quiet").strip()

    target = f"{server.netloc}/{name}:v1"
    logged_in.run("podman", "push", PLAIN, "--format", "oci", "--compression-format", compression, image, target)
    logged_in.run("podman", "rmi", "--all", "--force")
    logged_in.run("podman", "pull", PLAIN, target)

    assert layer_types(manifest(server, name)) == {"application/vnd.oci.image.layer.v1.tar+zstd"}


def test_podman_searches_the_catalog(logged_in: Programs, server: HomeportProcess, tmp_path: Path) -> None:
    seeded(logged_in, server, tmp_path, "needle")

    assert "podman/needle" in logged_in.run("podman", "search", PLAIN, f"{server.netloc}/needle")


def test_podman_pushes_a_manifest_list(logged_in: Programs, server: HomeportProcess, tmp_path: Path) -> None:
    source = seeded(logged_in, server, tmp_path, "listed", count=2)
    logged_in.run("podman", "manifest", "create", "several")
    logged_in.run("podman", "manifest", "add", PLAIN, "--all", "several", f"docker://{source}")

    target = f"docker://{server.netloc}/podman/list-pushed:v1"
    logged_in.run("podman", "manifest", "push", "--all", PLAIN, "--format", "oci", "several", target)

    stored = manifest(server, "podman/list-pushed")
    assert stored.header("Content-Type") == OCI_INDEX
    assert len(stored.descriptors()) == 2


def test_buildah_builds_on_one_image_and_pushes_the_next(
    logged_in: Programs, server: HomeportProcess, tmp_path: Path
) -> None:
    source = seeded(logged_in, server, tmp_path, "base")
    added = tmp_path / "added"
    added.write_text("by buildah")
    target = f"{server.netloc}/podman/built:v1"

    logged_in.run("buildah", "from", "--name", "work", PLAIN, source)
    logged_in.run("buildah", "copy", "work", str(added), "/etc/added")
    logged_in.run("buildah", "commit", "work", target)
    logged_in.run("buildah", "push", PLAIN, target)

    layers = manifest(server, "podman/built").document()["layers"]
    assert isinstance(layers, list)
    assert len(layers) == 3
