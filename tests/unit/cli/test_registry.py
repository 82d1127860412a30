import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.unit.registry.volumes import Volume

from homeport import VERSION
from homeport.registry.model.digest import digest_of


class Registry:
    """`homeport registry` with a config.yml of its own."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "volume"
        self.config = directory / "config.yml"
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(directory)}
        self.configure()

    def configure(self, more: str = "") -> None:
        self.config.write_text(
            f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {self.root}}}}}\n"
            f"http: {{addr: '127.0.0.1:0', headers: {{X-From: [config]}}}}\n{more}"
        )

    def __call__(self, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*arguments),
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def _command(self, *arguments: str | Path) -> list[str | Path]:
        return [sys.executable, "-m", "homeport", "registry", *arguments]

    @contextmanager
    def serving(self) -> Iterator[tuple[int, list[str]]]:
        """The server's port, and the lines that it wrote until it listened."""
        with subprocess.Popen(
            self._command("serve", self.config), env=self.environment, stderr=subprocess.PIPE, text=True
        ) as process:
            lines: list[str] = []
            try:
                assert process.stderr is not None
                for line in process.stderr:
                    lines.append(line)
                    if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                        yield int(found[1]), lines
                        break
                else:
                    pytest.fail("".join(lines))
            finally:
                process.send_signal(signal.SIGTERM)
                assert process.wait(30) == 0


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path)


def get(port: int, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Connection": "close"})
    return connection.getresponse()


def test_a_volume_is_served_as_its_config_says(registry: Registry) -> None:
    volume = Volume(registry.root)
    volume.image("team/app", "v1", layers=[volume.blob("team/app", b"layer")])

    with registry.serving() as (port, _):
        with get(port, "/v2/team/app/manifests/v1") as response:
            assert response.status == 200
            assert response.read() == volume.pulls("team/app", "v1")
            assert response.headers["X-From"] == "config"
        busy = registry("garbage-collect", registry.config)
        dry = registry("garbage-collect", "--dry-run", registry.config)

    assert busy.returncode == 1
    assert busy.stderr.startswith("failed to garbage collect: ")
    assert "in use" in busy.stderr
    assert dry.returncode == 0
    assert registry("garbage-collect", registry.config).returncode == 0


def test_a_missing_password_file_is_made_and_its_password_told_once(registry: Registry) -> None:
    """As registry:2 does."""
    path = registry.root.parent / "htpasswd"
    registry.configure(f"auth: {{htpasswd: {{realm: r, path: {path}}}}}\nhttp2: {{}}\n")

    with registry.serving() as (port, lines):
        with get(port, "/v2/") as response:
            assert (response.status, response.headers["WWW-Authenticate"]) == (401, 'Basic realm="r"')
        assert any("http2" in line and "unknown key, ignored" in line for line in lines)

    assert path.read_text().startswith("docker:$2y$")
    with registry.serving():
        pass
    assert len(path.read_text().splitlines()) == 1


def test_garbage_is_collected_with_registry_2_s_flags_and_words(registry: Registry) -> None:
    volume = Volume(registry.root)
    orphan = volume.blob("team/app", b"orphan")
    volume.image("team/app", layers=[volume.blob("team/app", b"layer")])

    dry = registry("garbage-collect", registry.config, "-d", "-m")
    wet = registry("garbage-collect", "--dry-run=false", "--delete-untagged=true", registry.config)
    quiet = registry("garbage-collect", "-q", registry.config)

    assert (dry.returncode, wet.returncode) == (0, 0), wet.stderr
    assert dry.stdout == wet.stdout
    assert dry.stderr == ""
    assert f"blob eligible for deletion: {orphan}" in wet.stdout.splitlines()
    assert "0 blobs marked, 4 blobs and 1 manifests eligible for deletion" in wet.stdout
    assert "Deleting blob: /docker/registry/v2/blobs/sha256/" in wet.stderr
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_damage_ends_the_collection_with_status_1_and_names_the_file(registry: Registry) -> None:
    volume = Volume(registry.root)
    image = volume.image("team/app", "v1", layers=[])
    orphan = volume.blob("team/app", b"orphan")
    Path(volume.paths.blob(image)).write_bytes(b"")

    done = registry("garbage-collect", registry.config)

    assert done.returncode == 1
    assert done.stderr.startswith(f"failed to garbage collect: failed to mark: {volume.paths.blob(image)}: ")
    assert volume.has_bytes(orphan)


def test_the_configuration_s_path_may_come_from_the_environment(registry: Registry) -> None:
    Volume(registry.root)

    assert registry("garbage-collect", REGISTRY_CONFIGURATION_PATH=str(registry.config)).returncode == 0


@pytest.mark.parametrize("command", ["serve", "garbage-collect"])
def test_without_a_configuration_nothing_runs(registry: Registry, command: str) -> None:
    done = registry(command)

    assert done.returncode == 1
    assert done.stderr.startswith("configuration error: configuration path unspecified")


def test_a_configuration_that_cannot_be_served_is_told_with_status_1(registry: Registry) -> None:
    done = registry("serve", registry.config, REGISTRY_AUTH="token")

    assert done.returncode == 1
    assert done.stderr.startswith("configuration error: auth.token: ")


def test_the_version_is_told_as_registry_2_tells_it(registry: Registry) -> None:
    assert registry("--version").stdout == f"registry homeport {VERSION}\n"


def test_a_large_output_reaches_a_pipe_whole(registry: Registry) -> None:
    volume = Volume(registry.root)
    names = [digest_of(str(number).encode()) for number in range(300)]
    for number in range(300):
        volume.blob("team/app", str(number).encode())

    lines = registry("garbage-collect", "-d", registry.config).stdout.splitlines()

    assert {line for line in lines if line.startswith("blob eligible")} == {
        f"blob eligible for deletion: {name}" for name in names
    }
