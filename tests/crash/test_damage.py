"""A volume that is partly broken: what cannot be read is said to be unavailable, and everything else is served."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.images import build_image, digest_of
from tests.servers import HomeportProcess
from tests.wire import Client, Response

Ask = Callable[[Client, str], Response]
DIGEST = digest_of(b"broken")


def loop(path: Path) -> None:
    """A file that cannot be opened, whoever tries: a link to itself."""
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(path)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, digest: client.get(f"/v2/app/blobs/{digest}"),
        lambda client, digest: client.get(f"/v2/app/manifests/{digest}"),
        lambda client, digest: client.delete(f"/v2/app/manifests/{digest}"),
        lambda client, digest: client.post(f"/v2/other/blobs/uploads/?mount={digest}&from=app"),
    ],
    ids=["pull a blob", "pull a manifest", "delete a manifest", "mount a blob"],
)
def test_a_link_that_cannot_be_read_is_503_and_the_rest_is_served(server: HomeportProcess, ask: Ask) -> None:
    client = server.client()
    image = build_image()
    client.push_image("app", image, "v1")
    repository = server.registry_root / "docker/registry/v2/repositories/app"
    for links in ("_layers", "_manifests/revisions"):
        loop(repository / links / DIGEST.replace(":", "/") / "link")

    response = ask(client, DIGEST)

    assert (response.status, response.problem().code) == (503, "UNAVAILABLE")
    assert "Traceback" not in server.log_tail()
    assert client.get_manifest("app", "v1").body == image.manifest


def test_one_broken_repository_keeps_no_list_waiting(server: HomeportProcess) -> None:
    client = server.client()
    client.push_image("app", build_image(), "v1")
    server.stop()
    broken = server.registry_root / "docker/registry/v2/repositories/broken"
    broken.mkdir()
    (broken / "_manifests").write_text("a file where a directory should be")

    client = server.start().client()

    assert client.get("/v2/_catalog").strings("repositories") == ["app"]
    assert client.get("/v2/app/tags/list").strings("tags") == ["v1"]
