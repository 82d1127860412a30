"""skopeo against Homeport: copy, formats, compressions, delete, sync."""

from pathlib import Path

import pytest
from tests.clients.programs import ProgramFailedError, Programs
from tests.images import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Json, build_image, noise, write_layout
from tests.servers import HomeportProcess
from tests.wire import Response

PLAIN = "--tls-verify=false"
TO = "--dest-tls-verify=false"
FROM = "--src-tls-verify=false"
ARCHITECTURES = ("amd64", "arm64", "riscv64")


def make_layout(directory: Path, seed: str, *, count: int = 1, compress: bool = True) -> Path:
    """A layout of one image, or of an index of several platforms; contents follow from the seed.

    The seed matters: clients remember, per machine, in which compressions they have seen a layer before.
    """
    files = [{"etc/name": seed.encode(), "bin/tool": noise(seed, 150_000)}, {"etc/more": noise(seed + "more", 3000)}]
    images = [build_image(files, architecture=each, compress=compress) for each in ARCHITECTURES[:count]]
    write_layout(directory / seed, images)
    return directory / seed


def manifest(server: HomeportProcess, name: str, reference: str = "v1") -> Response:
    """The manifest as stored."""
    response = server.client().get_manifest(name, reference)
    assert response.status == 200
    return response


def layer_types(response: Response) -> set[Json]:
    """The media types of an image's layers."""
    layers = response.document()["layers"]
    assert isinstance(layers, list)
    return {layer["mediaType"] for layer in layers}


def test_login_with_the_password_succeeds(programs: Programs, server: HomeportProcess) -> None:
    said = programs.login("skopeo", server.netloc, server.user, server.password, PLAIN)

    assert "Login Succeeded" in said


def test_login_with_a_wrong_password_fails(programs: Programs, server: HomeportProcess) -> None:
    with pytest.raises(ProgramFailedError, match="invalid username/password"):
        programs.login("skopeo", server.netloc, server.user, "wrong", PLAIN)


def test_a_push_without_login_fails(programs: Programs, server: HomeportProcess, tmp_path: Path) -> None:
    layout = make_layout(tmp_path, "nologin")

    with pytest.raises(ProgramFailedError, match=r"(?i)unauthorized|authentication required"):
        programs.run("skopeo", "copy", TO, f"oci:{layout}:latest", f"docker://{server.netloc}/skopeo/nologin:v1")


def test_an_image_goes_in_and_comes_out(logged_in: Programs, server: HomeportProcess, tmp_path: Path) -> None:
    layout = make_layout(tmp_path, "round")
    remote = f"docker://{server.netloc}/skopeo/round:v1"

    logged_in.run("skopeo", "copy", TO, f"oci:{layout}:latest", remote)
    logged_in.run("skopeo", "copy", FROM, remote, f"oci:{tmp_path / 'back'}:latest")

    sent = {path.name: path.read_bytes() for path in (layout / "blobs/sha256").iterdir()}
    came = {path.name: path.read_bytes() for path in (tmp_path / "back/blobs/sha256").iterdir()}
    assert came == sent


def test_a_multi_arch_image_goes_in_and_comes_out(logged_in: Programs, server: HomeportProcess, tmp_path: Path) -> None:
    layout = make_layout(tmp_path, "multi", count=3)
    remote = f"docker://{server.netloc}/skopeo/multi:v1"

    logged_in.run("skopeo", "copy", "--all", TO, f"oci:{layout}:latest", remote)
    logged_in.run("skopeo", "copy", "--all", FROM, remote, f"oci:{tmp_path / 'back'}:latest")

    stored = manifest(server, "skopeo/multi")
    assert stored.header("Content-Type") == OCI_INDEX
    assert len(stored.descriptors()) == 3
    sent = {path.name for path in (layout / "blobs/sha256").iterdir()}
    assert {path.name for path in (tmp_path / "back/blobs/sha256").iterdir()} == sent


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_one_platform_is_picked_from_many(
    logged_in: Programs, server: HomeportProcess, tmp_path: Path, architecture: str
) -> None:
    layout = make_layout(tmp_path, f"pick{architecture}", count=3)
    remote = f"docker://{server.netloc}/skopeo/pick-{architecture}:v1"
    logged_in.run("skopeo", "copy", "--all", TO, f"oci:{layout}:latest", remote)

    said = logged_in.run("skopeo", "--override-arch", architecture, "inspect", PLAIN, remote)

    assert f'"Architecture": "{architecture}"' in said


def test_an_image_is_copied_between_repositories_by_mounts(
    logged_in: Programs, server: HomeportProcess, tmp_path: Path
) -> None:
    layout = make_layout(tmp_path, "mounts")
    first, second = (f"docker://{server.netloc}/skopeo/{name}:v1" for name in ("mount-a", "mount-b"))
    logged_in.run("skopeo", "copy", TO, f"oci:{layout}:latest", first)

    logged_in.run("skopeo", "copy", FROM, TO, first, second)

    assert manifest(server, "skopeo/mount-b").body == manifest(server, "skopeo/mount-a").body


@pytest.mark.parametrize("form", [("oci", OCI_MANIFEST), ("v2s2", DOCKER_MANIFEST)], ids=lambda form: form[0])
def test_both_formats_are_taken(
    logged_in: Programs, server: HomeportProcess, tmp_path: Path, form: tuple[str, str]
) -> None:
    layout = make_layout(tmp_path, f"format{form[0]}")
    remote = f"docker://{server.netloc}/skopeo/format-{form[0]}:v1"

    logged_in.run("skopeo", "copy", TO, "--format", form[0], f"oci:{layout}:latest", remote)
    logged_in.run("skopeo", "inspect", PLAIN, remote)

    assert manifest(server, f"skopeo/format-{form[0]}").header("Content-Type") == form[1]


def test_a_docker_manifest_list_is_taken(logged_in: Programs, server: HomeportProcess, tmp_path: Path) -> None:
    layout = make_layout(tmp_path, "dockerlist", count=2)
    remote = f"docker://{server.netloc}/skopeo/docker-list:v1"

    logged_in.run("skopeo", "copy", "--all", "--format", "v2s2", TO, f"oci:{layout}:latest", remote)

    assert manifest(server, "skopeo/docker-list").header("Content-Type") == DOCKER_LIST
    assert "Layers" in logged_in.run("skopeo", "inspect", PLAIN, remote)


@pytest.mark.parametrize("compression", ["zstd", "zstd:chunked"])
def test_zstd_layers_go_in_and_come_out(
    logged_in: Programs, server: HomeportProcess, tmp_path: Path, compression: str
) -> None:
    seed = compression.replace(":", "")
    layout = make_layout(tmp_path, seed, compress=False)
    remote = f"docker://{server.netloc}/skopeo/{seed}:v1"

    logged_in.run("skopeo", "copy", TO, "--dest-compress-format", compression, f"oci:{layout}:latest", remote)
    logged_in.run("skopeo", "copy", FROM, remote, f"oci:{tmp_path / 'back'}:latest")

    assert layer_types(manifest(server, f"skopeo/{seed}")) == {"application/vnd.oci.image.layer.v1.tar+zstd"}


def test_an_image_is_deleted(logged_in: Programs, server: HomeportProcess, tmp_path: Path) -> None:
    layout = make_layout(tmp_path, "deleted")
    remote = f"docker://{server.netloc}/skopeo/deleted:v1"
    logged_in.run("skopeo", "copy", TO, f"oci:{layout}:latest", remote)

    logged_in.run("skopeo", "delete", PLAIN, remote)

    assert server.client().get_manifest("skopeo/deleted", "v1").status == 404


def test_tags_are_listed(logged_in: Programs, server: HomeportProcess, tmp_path: Path) -> None:
    layout = make_layout(tmp_path, "tags")
    for tag in ("v2", "v1", "latest"):
        logged_in.run("skopeo", "copy", TO, f"oci:{layout}:latest", f"docker://{server.netloc}/skopeo/tags:{tag}")

    said = logged_in.run("skopeo", "list-tags", PLAIN, f"docker://{server.netloc}/skopeo/tags")

    assert [line.strip(' ",') for line in said.splitlines() if line.startswith("        ")] == ["latest", "v1", "v2"]


def test_a_repository_is_synced_out_and_in(logged_in: Programs, server: HomeportProcess, tmp_path: Path) -> None:
    layout = make_layout(tmp_path, "sync", count=2)
    for tag in ("v1", "v2"):
        remote = f"docker://{server.netloc}/skopeo/sync:{tag}"
        logged_in.run("skopeo", "copy", "--all", TO, f"oci:{layout}:latest", remote)
    out = tmp_path / "out"
    out.mkdir()

    source = f"{server.netloc}/skopeo/sync"
    logged_in.run("skopeo", "sync", "--all", FROM, "--src", "docker", "--dest", "dir", source, str(out))
    target = f"{server.netloc}/skopeo/synced"
    logged_in.run("skopeo", "sync", "--all", TO, "--src", "dir", "--dest", "docker", str(out), target)

    assert sorted(path.name for path in out.iterdir()) == ["sync:v1", "sync:v2"]
    assert manifest(server, "skopeo/synced/sync", "v2").body == manifest(server, "skopeo/sync", "v2").body
