"""Garbage collection, backup, restore and adoption: the real programs, in pods that are processes of the test's own."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.deploy.api_server import ApiServer, Doc, Pod
from tests.deploy.conftest import K8s
from tests.images import build_image, digest_of, noise
from tests.servers import HomeportProcess

from homeport.deploy.documents import at

HOME = "/api/v1/namespaces/homeport"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[HomeportProcess]:
    """What runs in the registry's pod."""
    running = HomeportProcess.on(tmp_path / "registry-pod").start()
    yield running
    running.stop()


@pytest.fixture
def installed(k8s: K8s, cluster: ApiServer, registry: HomeportProcess) -> K8s:
    """An installation whose registry pod is the process."""
    k8s("install", "--yes")

    def program(command: Sequence[str]) -> Sequence[str]:
        # What a pod's paths and ports are on this machine.
        given = list(command[1:])
        place = given.index("--config")
        given[place : place + 2] = ["--data-dir", str(registry.data_dir)]
        here = [registry.debug_url if each == "http://127.0.0.1:5001" else each for each in given]
        return [sys.executable, "-m", "homeport", *here]

    cluster.programs = program
    return k8s


def test_garbage_is_collected_in_the_running_registry(installed: K8s, registry: HomeportProcess) -> None:
    image = build_image()
    registry.client().push_image("a", image, "latest")

    preview = installed("gc", "--preview")
    done = installed("gc")
    weekly = installed("gc", "--untagged", "7d")

    assert "would free 0 bytes" in preview.stderr
    assert "freed 0 bytes; 3 blobs and manifests are needed" in done.stderr
    assert weekly.stderr == done.stderr
    assert registry.client().get_manifest("a", "latest").body == image.manifest


def test_a_backup_of_the_running_registry_is_restored_into_an_empty_volume(
    installed: K8s, cluster: ApiServer, registry: HomeportProcess, tmp_path: Path
) -> None:
    image = build_image([{"file": noise("backup", 300_000)}])
    registry.client().push_image("kept/image", image, "latest")
    archive, fresh = tmp_path / "registry.tar", tmp_path / "fresh"

    saved = installed("backup", "registry", str(archive))
    cluster.pods = lambda pod: Pod(program=_restoring(pod, fresh))
    restored = installed("restore", "registry", str(archive), "--yes")

    assert "files" in saved.stderr
    assert archive.stat().st_mode & 0o777 == 0o600
    assert "stopping registry" in restored.stderr
    assert "starting registry" in restored.stderr
    assert "restore-registry" not in cluster.names("pods")
    assert "registry-0" in cluster.names("pods")
    again = HomeportProcess.on(fresh).start()
    try:
        client = again.client()
        assert client.get_manifest("kept/image", "latest").body == image.manifest
        assert all(client.get(f"/v2/kept/image/blobs/{digest_of(blob)}").body == blob for blob in image.blobs)
    finally:
        again.stop()


def _restoring(pod: Doc, folder: Path) -> Sequence[str]:
    args = at(pod, "spec", "containers", 0, "args")  # type: ignore[arg-type] # a JSON document
    assert args == ["restore", "-", "--data-dir", "/var/lib/homeport"]
    return [sys.executable, "-m", "homeport", "restore", "-", "--data-dir", str(folder)]


@pytest.mark.parametrize("damage", ["cut", "bit"])
def test_a_damaged_archive_changes_nothing(
    installed: K8s, cluster: ApiServer, registry: HomeportProcess, tmp_path: Path, damage: str
) -> None:
    registry.client().push_image("kept/image", build_image([{"file": noise("damage", 300_000)}]), "latest")
    archive, fresh = tmp_path / "registry.tar", tmp_path / "fresh"
    installed("backup", "registry", str(archive))
    content = bytearray(archive.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[-30000] ^= 1
    archive.write_bytes(content)
    cluster.pods = lambda pod: Pod(program=_restoring(pod, fresh))

    result = installed("restore", "registry", str(archive), "--yes", status=1)

    assert "archive" in result.stderr
    assert list(fresh.iterdir()) == []
    assert "registry-0" in cluster.names("pods")


def test_a_volume_that_holds_something_is_not_restored_over(installed: K8s, cluster: ApiServer, tmp_path: Path) -> None:
    archive, fresh = tmp_path / "registry.tar", tmp_path / "fresh"
    installed("backup", "registry", str(archive))
    fresh.mkdir()
    (fresh / "something").write_text("else")
    cluster.pods = lambda pod: Pod(program=_restoring(pod, fresh))

    assert "not empty" in installed("restore", "registry", str(archive), "--yes", status=1).stderr
    assert (fresh / "something").read_text() == "else"


def test_a_volume_that_the_registry_has_run_on_is_replaced_when_asked(
    installed: K8s, cluster: ApiServer, registry: HomeportProcess, tmp_path: Path
) -> None:
    """Every installation's pod has run on its volume before anybody can restore into it."""
    image = build_image()
    registry.client().push_image("kept/image", image, "latest")
    archive, fresh = tmp_path / "registry.tar", tmp_path / "fresh"
    installed("backup", "registry", str(archive))
    HomeportProcess.on(fresh).start().stop()

    def pod(made: Doc) -> Pod:
        args = at(made, "spec", "containers", 0, "args")  # type: ignore[arg-type] # a JSON document
        assert isinstance(args, list)
        here = [str(fresh) if each == "/var/lib/homeport" else str(each) for each in args]
        return Pod(program=[sys.executable, "-m", "homeport", *here])

    cluster.pods = pod
    installed("restore", "registry", str(archive), "--yes", "--replace")

    again = HomeportProcess.on(fresh).start()
    try:
        assert again.client().get_manifest("kept/image", "latest").body == image.manifest
    finally:
        again.stop()


def test_a_restore_that_failed_can_be_tried_again_at_once(installed: K8s, cluster: ApiServer, tmp_path: Path) -> None:
    """The name of a pod is taken until the kubelet has ended it."""
    archive = tmp_path / "registry.tar"
    installed("backup", "registry", str(archive))
    cluster.last_looks = 1
    cluster.pods = lambda _pod: Pod(phase="Failed")

    installed("restore", "registry", str(archive), "--yes", status=1)

    assert "restore-registry" not in cluster.names("pods")


def test_a_backup_that_fails_leaves_no_file(installed: K8s, cluster: ApiServer, tmp_path: Path) -> None:
    cluster.programs = lambda _command: ["false"]
    archive = tmp_path / "registry.tar"

    installed("backup", "registry", str(archive), status=1)

    assert not archive.exists()


def test_an_upgrade_begins_with_a_backup(installed: K8s, tmp_path: Path, cluster: ApiServer) -> None:
    cluster.objects.pop(f"{HOME}/pods/aws-0")

    result = installed("upgrade", "--yes", "--backup-to", str(tmp_path))

    assert len(list(tmp_path.glob("homeport-registry-*.tar"))) == 1
    assert "aws does not run: no backup of it" in result.stderr


# Adoption


def old_registry(cluster: ApiServer, *, namespace: str = "registry") -> None:
    """A registry:2 that was scaled to nothing, with its claim and volume."""
    place = f"/api/v1/namespaces/{namespace}"
    cluster.put(place, {"kind": "Namespace", "metadata": {"name": namespace}})
    cluster.put(
        "/api/v1/persistentvolumes/pv-old",
        {
            "kind": "PersistentVolume",
            "spec": {"persistentVolumeReclaimPolicy": "Delete", "claimRef": {"name": "images", "namespace": namespace}},
        },
    )
    cluster.put(
        f"{place}/persistentvolumeclaims/images",
        {
            "kind": "PersistentVolumeClaim",
            "spec": {
                "volumeName": "pv-old",
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "local-path",
                "resources": {"requests": {"storage": "30Gi"}},
            },
        },
    )


def test_the_volume_of_a_registry_2_is_taken_over(k8s: K8s, cluster: ApiServer) -> None:
    old_registry(cluster)
    made: list[Doc] = []

    def note(pod: Doc) -> Pod:
        made.append(pod)
        return Pod(log="12 files and directories")

    cluster.pods = note

    result = k8s("install", "--yes", "--adopt", "registry/images")

    volume = cluster.objects["/api/v1/persistentvolumes/pv-old"]
    assert volume["spec"] == {"persistentVolumeReclaimPolicy": "Retain"}
    assert "/api/v1/namespaces/registry/persistentvolumeclaims/images" not in cluster.objects
    claim = cluster.objects[f"{HOME}/persistentvolumeclaims/images"]
    assert at(claim, "spec", "volumeName") == "pv-old"  # type: ignore[arg-type] # a JSON document
    deployment = str(cluster.objects["/apis/apps/v1/namespaces/homeport/deployments/registry"])
    assert "'claimName': 'images'" in deployment
    assert at(made[0], "spec", "containers", 0, "args") == ["k8s", "take-over", "/var/lib/registry"]  # type: ignore[arg-type]
    assert "is kept, whatever happens" in result.stderr


def test_a_volume_in_use_is_left_alone(k8s: K8s, cluster: ApiServer) -> None:
    old_registry(cluster)
    volumes = [{"persistentVolumeClaim": {"claimName": "images"}}]
    cluster.put(
        "/api/v1/namespaces/registry/pods/registry-1",
        {"kind": "Pod", "spec": {"volumes": volumes}, "status": {"phase": "Running"}},
    )
    before = set(cluster.objects)

    result = k8s("install", "--yes", "--adopt", "registry/images", status=1)

    assert "still uses the volume" in result.stderr
    assert set(cluster.objects) == before


def test_the_volume_survives_whatever_fails(k8s: K8s, cluster: ApiServer) -> None:
    old_registry(cluster)
    cluster.pods = lambda _pod: Pod(phase="Failed", log="Operation not permitted")

    result = k8s("install", "--yes", "--adopt", "registry/images", status=1)

    assert "Operation not permitted" in result.stderr
    assert "/api/v1/namespaces/registry/persistentvolumeclaims/images" in cluster.objects
    policy = at(cluster.objects["/api/v1/persistentvolumes/pv-old"], "spec", "persistentVolumeReclaimPolicy")  # type: ignore[arg-type]
    assert policy == "Retain"


def test_taking_over_gives_every_file_to_the_images_user(tmp_path: Path, k8s: K8s) -> None:
    import os

    if os.geteuid() != 0:
        pytest.skip("only root may give files away")
    (tmp_path / "v" / "docker" / "registry").mkdir(parents=True)
    (tmp_path / "v" / "docker" / "data").write_text("x")

    k8s("take-over", str(tmp_path / "v"))

    assert {each.stat().st_uid for each in [tmp_path / "v", *(tmp_path / "v").rglob("*")]} == {65532}


@pytest.mark.parametrize(
    ("claim", "message"),
    [("images", "not NAMESPACE/CLAIM"), ("registry/none", "there is no claim"), ("registry/unbound", "has no volume")],
)
def test_a_claim_that_is_none_is_refused(k8s: K8s, cluster: ApiServer, claim: str, message: str) -> None:
    old_registry(cluster)
    cluster.put("/api/v1/namespaces/registry/persistentvolumeclaims/unbound", {"kind": "PersistentVolumeClaim"})

    assert message in k8s("install", "--yes", "--adopt", claim, status=1).stderr
