"""The image: what its names mean, and, where a base image is at hand, that it is built and runs as pods run it.

The base cannot be fetched on every machine. `IMAGE_BASE_TAR=FILE` names a root file system with Python 3.11 or newer:
mmdebstrap --variant=apt --include=python3,python3-venv,ca-certificates bookworm FILE
IMAGE_BUILD_MOUNTS=A:B names more files and folders that pip needs during the build, such as a mirror's.
"""

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.servers import free_port
from tests.tools import require
from tools.write_deploy_files import ROOT

from homeport.cli.container import arguments_for
from homeport.cli.serve import settings_for
from homeport.deploy.objects.config import DATA, FOREIGN_VOLUME
from homeport.deploy.objects.pods import USER
from homeport.kernel.config import load

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()


@pytest.mark.parametrize(
    ("program", "given", "meant"),
    [
        ("/usr/local/bin/homeport", ["serve", "all"], ["serve", "all"]),
        ("/bin/registry", ["serve", "/c.yml"], ["registry", "serve", "/c.yml"]),
        (
            "/entrypoint.sh",
            ["/etc/docker/registry/config.yml"],
            ["registry", "serve", "/etc/docker/registry/config.yml"],
        ),
        ("/entrypoint.sh", ["serve", "/c.yml"], ["registry", "serve", "/c.yml"]),
        ("/entrypoint.sh", ["garbage-collect", "-m", "/c.yml"], ["registry", "garbage-collect", "-m", "/c.yml"]),
        ("/entrypoint.sh", ["registry", "serve", "/c.yml"], ["registry", "serve", "/c.yml"]),
        ("/usr/local/bin/docker-entrypoint.sh", [], ["serve", "aws"]),
    ],
)
def test_the_images_other_names_mean_what_they_meant(program: str, given: Sequence[str], meant: Sequence[str]) -> None:
    assert arguments_for(program, given) == meant


def test_the_dockerfile_and_the_manifests_agree() -> None:
    assert f"USER {USER}:{USER}" in DOCKERFILE
    assert f"VOLUME {DATA}" in DOCKERFILE
    assert FOREIGN_VOLUME in DOCKERFILE
    assert FOREIGN_VOLUME in (ROOT / "deploy" / "registry.yml").read_text()
    assert "STOPSIGNAL SIGTERM" in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE


@pytest.mark.parametrize(
    ("half", "registry", "aws"), [("registry", ":5000", ""), ("aws", "", ":4566"), ("all", ":5000", ":4566")]
)
def test_one_half_or_both_listen_on_every_interface(half: str, registry: str, aws: str) -> None:
    settings = settings_for(half, load(None, {}, {}))

    assert ",".join(map(str, settings.listen_registry)) == registry
    assert ",".join(map(str, settings.listen_aws)) == aws
    assert ",".join(map(str, settings.listen_debug)) == ":5001"


def test_an_address_that_was_set_stays() -> None:
    settings = settings_for("registry", load(None, {}, {"listen.registry": "127.0.0.1:99", "listen.aws": ":1"}))

    assert [str(each) for each in (*settings.listen_registry, *settings.listen_aws)] == ["127.0.0.1:99"]


class Built:
    """The image's file system, mounted."""

    def __init__(self, folder: Path, base: Path) -> None:
        self._store = ["--root", str(folder / "store"), "--runroot", str(folder / "run")]
        made = self._buildah("from", "scratch")
        self._buildah("add", made, str(base), "/")
        self._buildah("commit", "--rm", made, "localhost/base")
        volumes = [f"--volume={each}:{each}:ro" for each in _package_settings()]
        self._buildah(
            "bud",
            "--isolation",
            "chroot",
            "--network",
            "host",
            *volumes,
            "--build-arg",
            "BASE=localhost/base",
            "--file",
            str(ROOT / "deploy" / "Dockerfile"),
            "--tag",
            "localhost/homeport",
            str(ROOT),
        )
        self._container = self._buildah("from", "localhost/homeport")
        self.root = Path(self._buildah("mount", self._container))
        self.folder = folder

    def _buildah(self, *arguments: str) -> str:
        command = [require("buildah"), *self._store, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=250)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip()

    def command(self, *arguments: str) -> list[str]:
        """A command in the image: read-only root, a volume, an empty /tmp, and the image's user without any rights."""
        volume = self.folder / "volume"
        volume.mkdir(exist_ok=True)
        os.chown(volume, USER, USER)
        script = (
            'root=$0; mount --bind "$root" "$root" && mount --bind "$1" "$root/var/lib/homeport" '
            '&& mount -t tmpfs tmpfs "$root/tmp" && mount -o remount,bind,ro "$root" && shift '
            f'&& exec setpriv --no-new-privs chroot --userspec={USER}:{USER} "$root" "$@"'
        )
        inside = ["env", "-i", f"HOMEPORT_DATA_DIR={DATA}", "HOMEPORT_TLS_MODE=off", "HOME=/tmp", *arguments]
        return ["unshare", "--mount", "sh", "-c", script, str(self.root), str(volume), *inside]

    def remove(self) -> None:
        """Remove everything."""
        self._buildah("umount", self._container)
        self._buildah("rm", "--all")


def _package_settings() -> list[str]:
    """Where this machine says where packages come from."""
    places = ["/etc/pip.conf", "/etc/ssl/certs", *os.environ.get("IMAGE_BUILD_MOUNTS", "").split(":")]
    return [each for each in places if each and Path(each).exists()]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The image, built from the base that the environment names."""
    base = os.environ.get("IMAGE_BASE_TAR", "")
    if not base or os.geteuid() != 0:
        pytest.skip("needs root and IMAGE_BASE_TAR, a root file system with Python")
    made = Built(tmp_path_factory.mktemp("image"), Path(base))
    yield made
    made.remove()


def test_the_image_serves_as_nobody_on_a_read_only_root_and_ends_when_asked(built: Built) -> None:
    ports = {name: free_port() for name in ("registry", "aws", "debug")}
    listen = [f"--listen-{name}=127.0.0.1:{port}" for name, port in ports.items()]
    with (built.folder / "log").open("wb") as log:
        process = subprocess.Popen(
            built.command("/usr/local/bin/homeport", "serve", "all", *listen), stdout=log, stderr=log
        )
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{ports['debug']}/readyz", timeout=2) as answer:
                assert answer.status == 200
            break
        except OSError:
            assert process.poll() is None, (built.folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
    owner = Path(f"/proc/{process.pid}/status").read_text().partition("Uid:")[2].split()[0]
    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 0
    assert owner == str(USER)
    assert "stopped" in (built.folder / "log").read_text()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["/bin/registry", "--version"], "homeport"),
        (["/entrypoint.sh", "garbage-collect", "--dry-run", "/etc/docker/registry/config.yml"], "blobs marked"),
        (["/usr/local/bin/homeport", "k8s", "render"], "kind: Namespace"),
    ],
)
def test_the_images_programs_run(built: Built, command: Sequence[str], words: str) -> None:
    done = subprocess.run(built.command(*command), capture_output=True, text=True, check=False, timeout=60)

    assert words in done.stdout, done.stderr
