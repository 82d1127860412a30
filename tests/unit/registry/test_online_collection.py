"""Collecting garbage in a running server, and the page that a browser finds there."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result
from tests.images import OCI_INDEX, OCI_MANIFEST, build_image, build_index, descriptor, digest_of, noise
from tests.servers import HomeportProcess
from tests.unit.registry.collecting import DAY, age, age_links, collect, list_of

from homeport.cli.main import homeport


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomeportProcess]:
    """A Homeport with two names to tell on its page."""
    folder = tmp_path_factory.mktemp("collection")
    authority = folder / "ca.pem"
    authority.write_text(PEM)
    settings = {
        "page.registry_url": "https://registry.example.org",
        "page.aws_url": "https://aws.example.org",
        "page.authority": str(authority),
    }
    running = HomeportProcess.on(folder / "data", settings=settings).start()
    yield running
    assert running.stop() == 0, running.log_tail()


PEM = """-----BEGIN CERTIFICATE-----
MIIBeDCCAR2gAwIBAgIUUqLrnTqXHBZbDbCmHKm0pXGqXhYwCgYIKoZIzj0EAwIw
-----END CERTIFICATE-----
"""


def test_what_no_manifest_needs_goes_once_it_is_old(server: HomeportProcess) -> None:
    client = server.client()
    image = build_image([{"kept": noise("kept", 1000)}])
    client.push_image("gc/kept", image, "latest")
    old, young = noise("old", 5000), noise("young", 5000)
    client.push_blob("gc/kept", old)
    client.push_blob("gc/kept", young)
    file = age(server, digest_of(old))
    for blob in image.blobs:
        age(server, digest_of(blob))

    preview = collect(server, "?preview=true")
    there_after_the_preview = file.exists()
    done = collect(server)

    assert preview["blobs"] == done["blobs"] == [digest_of(old)]
    assert (done["freed_bytes"], done["young_bytes"]) == (5000, 5000)
    assert there_after_the_preview
    assert not file.exists()
    assert client.get(f"/v2/gc/kept/blobs/{digest_of(old)}").status == 404
    assert client.get(f"/v2/gc/kept/blobs/{digest_of(young)}").body == young
    assert client.get_manifest("gc/kept", "latest").body == image.manifest
    assert all(client.get(f"/v2/gc/kept/blobs/{digest_of(blob)}").body == blob for blob in image.blobs)


def test_the_command_says_why_bytes_that_nothing_needs_are_still_there(tmp_path: Path) -> None:
    running = HomeportProcess.on(tmp_path / "data").start()
    running.client().push_blob("gc/young", noise("just now", 5000))

    told = CliRunner().invoke(homeport, ["gc", "--preview", "--server", running.debug_url])
    running.stop()

    assert "would free 0 bytes" in told.stderr
    assert "5000 bytes came within the last hour and stay for now" in told.stderr


def test_the_same_blob_can_be_pushed_again_afterwards(server: HomeportProcess) -> None:
    client = server.client()
    content = noise("again", 3000)
    client.push_blob("gc/again", content)
    age(server, digest_of(content))

    collect(server)
    client.push_blob("gc/again", content)

    assert client.get(f"/v2/gc/again/blobs/{digest_of(content)}").body == content


def test_pushes_beside_collections_lose_nothing(server: HomeportProcess) -> None:
    client = server.client()
    done = threading.Event()

    def keep_collecting() -> None:
        while not done.is_set():
            collect(server)

    collector = threading.Thread(target=keep_collecting)
    collector.start()
    images = [build_image([{"file": noise(f"beside{number}", 2000)}]) for number in range(20)]
    try:
        for number, image in enumerate(images):
            client.push_image("gc/beside", image, f"v{number}")
    finally:
        done.set()
        collector.join()

    for number, image in enumerate(images):
        assert client.get_manifest("gc/beside", f"v{number}").body == image.manifest
        assert all(client.get(f"/v2/gc/beside/blobs/{digest_of(blob)}").body == blob for blob in image.blobs)


def test_only_the_debug_listener_collects(server: HomeportProcess) -> None:
    assert server.client().request("POST", "/registry/gc").status == 404
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{server.debug_url}/registry/gc")


def test_a_browser_finds_what_runs_where(server: HomeportProcess) -> None:
    request = urllib.request.Request(server.base_url + "/", headers={"Accept": "text/html,*/*;q=0.8"})

    with urllib.request.urlopen(request) as answer:
        page = answer.read().decode()

    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "https://registry.example.org" in page
    assert "docker push registry.example.org/IMAGE" in page
    assert "https://aws.example.org" in page
    assert "/homeport-ca.crt" in page
    assert "SHA-256" in page


@pytest.mark.parametrize("accept", [{}, {"Accept": "*/*"}, {"Accept": "application/json"}])
def test_probes_find_the_empty_answer_of_registry_2(server: HomeportProcess, accept: dict[str, str]) -> None:
    with urllib.request.urlopen(urllib.request.Request(server.base_url + "/", headers=accept)) as answer:
        assert (answer.status, answer.read()) == (200, b"")


def test_the_authority_lies_at_a_fixed_place_without_a_password(server: HomeportProcess) -> None:
    with urllib.request.urlopen(server.base_url + "/homeport-ca.crt") as answer:
        assert answer.read().decode() == PEM


def test_a_key_is_never_given_away(tmp_path: Path) -> None:
    mixed = tmp_path / "both.pem"
    mixed.write_text(PEM + "-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----\n")
    running = HomeportProcess.on(tmp_path / "data", settings={"page.authority": str(mixed)}).start()
    try:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(running.base_url + "/homeport-ca.crt")
    finally:
        running.stop()


def test_what_a_pusher_was_told_is_there_stays_for_the_manifest_that_comes(server: HomeportProcess) -> None:
    """docker and podman ask for each layer first, and do not upload what is there."""
    client = server.client()
    image = build_image([{"asked": noise("asked", 2000)}])
    for blob in image.blobs:
        client.push_blob("gc/asked", blob)
        age(server, digest_of(blob))

    for blob in image.blobs:
        assert client.head(f"/v2/gc/asked/blobs/{digest_of(blob)}").status == 200
    collect(server)

    assert client.put_manifest("gc/asked", "v1", image.manifest).status == 201


def test_old_untagged_manifests_go_with_their_layers_where_that_is_asked_for(server: HomeportProcess) -> None:
    client = server.client()
    replaced, current = (build_image([{"nightly": noise(name, 3000)}]) for name in ("replaced", "current"))
    client.push_image("gc/nightly", replaced, "latest")
    client.push_image("gc/nightly", current, "latest")
    age_links(server, "gc/nightly", 8)

    kept = collect(server)["manifests"], collect(server, f"?preview=true&untagged={9 * DAY}")["manifests"]
    preview = collect(server, f"?preview=true&untagged={7 * DAY}")
    done = collect(server, f"?untagged={7 * DAY}")

    assert kept == ([], [])
    assert preview["manifests"] == done["manifests"] == [f"gc/nightly@{replaced.digest}"]
    assert {digest_of(blob) for blob in replaced.blobs} - {digest_of(blob) for blob in current.blobs} <= set(
        list_of(done["blobs"])
    )
    assert client.get(f"/v2/gc/nightly/manifests/{replaced.digest}").status == 404
    assert client.get_manifest("gc/nightly", "latest").body == current.manifest
    assert all(client.get(f"/v2/gc/nightly/blobs/{digest_of(blob)}").body == blob for blob in current.blobs)
    assert collect(server, f"?untagged={7 * DAY}")["manifests"] == []


def test_what_living_manifests_need_stays_without_a_tag(server: HomeportProcess) -> None:
    client = server.client()
    child, gone = (build_image([{"child": noise(name, 1000)}]) for name in ("child", "gone"))
    for image in (child, gone):
        client.push_image("gc/many", image, image.digest)
    index = build_index([child.entry()])
    signature, of_gone = attached_to(index, OCI_INDEX), attached_to(gone.manifest, OCI_MANIFEST)
    for reference, manifest in (("v1", index), (digest_of(signature), signature), (digest_of(of_gone), of_gone)):
        assert client.put_manifest("gc/many", reference, manifest, OCI_INDEX).status == 201
    age_links(server, "gc/many", 30)

    done = collect(server, f"?untagged={DAY}")

    ended = {f"gc/many@{digest_of(manifest)}" for manifest in (gone.manifest, of_gone)}
    assert ended == {name for name in list_of(done["manifests"]) if name.startswith("gc/many@")}
    assert orjson.loads(client.get(f"/v2/gc/many/referrers/{gone.digest}").body)["manifests"] == []
    for manifest in (child.manifest, index, signature):
        assert client.get(f"/v2/gc/many/manifests/{digest_of(manifest)}").body == manifest


def attached_to(manifest: bytes, media_type: str) -> bytes:
    """A manifest whose subject is another one, as a signature's."""
    return build_index([], extra={"subject": descriptor(media_type, manifest), "artifactType": "application/vnd.test"})


def test_an_untagged_manifest_of_the_last_hour_stays_however_short_the_age(server: HomeportProcess) -> None:
    client = server.client()
    image = build_image([{"fresh": noise("fresh", 1000)}])
    client.push_image("gc/fresh", image, image.digest)

    assert collect(server, "?untagged=0")["manifests"] == []

    age_links(server, "gc/fresh", 2 / 24)
    client.put_manifest("gc/fresh", image.digest, image.manifest)
    assert collect(server, "?untagged=0")["manifests"] == [], "a push makes it young again"


@pytest.mark.parametrize("wrong", ["x", "-1", "1e9", "nan", "9" * 13, "%20", "7d"])
def test_an_age_that_is_none_is_refused(server: HomeportProcess, wrong: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        collect(server, f"?untagged={wrong}")


def test_the_command_takes_an_age(server: HomeportProcess) -> None:
    client = server.client()
    image = build_image([{"cli": noise("cli", 1000)}])
    client.push_image("gc/cli", image, image.digest)
    age_links(server, "gc/cli", 8)

    def gc(*arguments: str) -> Result:
        return CliRunner().invoke(homeport, ["gc", "--server", server.debug_url, *arguments])

    assert image.digest not in gc("--untagged", "2w").stdout
    assert f"gc/cli@{image.digest}\n" in gc("--preview", "--untagged", "7d").stdout
    assert f"gc/cli@{image.digest}\n" in gc("--untagged", "7d").stdout
    assert gc("--untagged", "soon").exit_code == 2


@pytest.mark.parametrize("wrong", ["preview=1", "preview", "preview=true&preview=false", "dry-run=true", "untagged="])
def test_who_may_have_wanted_only_to_look_deletes_nothing(server: HomeportProcess, wrong: str) -> None:
    client = server.client()
    file = age(server, client.push_blob("gc/look", noise("look", 1000)))

    with pytest.raises(urllib.error.HTTPError, match="400"):
        collect(server, f"?{wrong}")

    assert file.exists()


@pytest.mark.parametrize("path", ["/registry/gc", "/debug/health/down"])
def test_a_page_in_the_operators_browser_changes_nothing(server: HomeportProcess, path: str) -> None:
    headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"}

    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(
            urllib.request.Request(server.debug_url + path, b"", method="POST", headers=headers),
        )

    assert server.client().get("/v2/").status == 200
