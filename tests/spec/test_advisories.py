"""Advisories against other registries, each with the test that would have caught its class; more in test_access."""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.images import OCI_EMPTY, OCI_INDEX, OCI_MANIFEST, Json, build_image, descriptor, digest_of, encode
from tests.servers import HomeportProcess
from tests.wire import Client

IMAGE = build_image()
MEBIBYTE = 1 << 20
LIMIT = 4 * MEBIBYTE
Start = Callable[[Mapping[str, str]], HomeportProcess]


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunked coding"])
def test_cve_2017_11468_a_manifest_above_4_mebibytes_is_413(registry: Client, name: str, *, chunked: bool) -> None:
    """Distribution read whatever came into memory."""
    body = b"{" + b" " * LIMIT

    target = f"/v2/{name}/manifests/large"
    response = registry.put(target, iter([body]) if chunked else body, content_type=OCI_MANIFEST)

    assert response.status == 413
    assert response.problem().code in {"MANIFEST_INVALID", "SIZE_INVALID"}


def test_cve_2017_11468_a_crowd_of_large_manifests_does_not_fill_the_memory(homeport: Start) -> None:
    server = homeport({})
    client = server.client()
    before = peak_kibibytes(server.pid)
    body = b"{" + b" " * LIMIT

    def push(number: int) -> int:
        target = f"/v2/crowd/manifests/n{number}"
        return client.put(target, iter([body[:MEBIBYTE]] * 4 + [b"{"]), content_type=OCI_MANIFEST).status

    with ThreadPoolExecutor(50) as crowd:
        statuses = set(crowd.map(push, range(50)))

    assert statuses <= {413, 429, 503}
    assert peak_kibibytes(server.pid) - before < 150 * 1024


def peak_kibibytes(pid: int) -> int:
    """The most memory that the process ever held."""
    match = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert match
    return int(match[1])


@pytest.mark.parametrize(
    ("media_type", "extra"),
    [
        (OCI_MANIFEST, {"manifests": []}),
        (OCI_MANIFEST, {"Manifests": [{}]}),
        (OCI_MANIFEST, {"MANIFESTS": [{}]}),
        (OCI_MANIFEST, {"LAYERS": [{}]}),
        (OCI_MANIFEST, {"mediatype": OCI_INDEX}),
        (OCI_MANIFEST, {"fsLayers": []}),
    ],
)
def test_cve_2021_41190_a_document_is_an_image_or_an_index_never_both(
    registry: Client, name: str, media_type: str, extra: Mapping[str, Json]
) -> None:
    """GHSA-qq97-vm5h-rrhg; Go reads keys in any case, so other spellings of a key count as that key."""
    registry.push_blob(name, b"{}")
    fields: dict[str, Json] = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": descriptor(OCI_EMPTY, b"{}"),
        "layers": [descriptor(OCI_EMPTY, b"{}")],
    }

    response = registry.put_manifest(name, "both", encode({**fields, **extra}), media_type)

    assert response.status == 400
    assert response.problem().code == "MANIFEST_INVALID"


@pytest.mark.parametrize("foreign", ["config", "layers"])
def test_cve_2021_41190_an_index_has_no_layers(registry: Client, name: str, foreign: str) -> None:
    registry.push_blob(name, b"{}")
    value: Json = descriptor(OCI_EMPTY, b"{}") if foreign == "config" else [descriptor(OCI_EMPTY, b"{}")]
    index = encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], foreign: value})

    assert registry.put_manifest(name, "both", index, OCI_INDEX).problem().code == "MANIFEST_INVALID"


@pytest.mark.parametrize("n", ["2147483647", "9223372036854775807", "99999999999999999999999999"])
def test_cve_2023_2253_a_huge_page_is_clamped(registry: Client, n: str) -> None:
    """GHSA-hqxw-f8mx-cpmw: distribution made room for as many names as were asked for."""
    response = registry.get(f"/v2/_catalog?n={n}")

    assert response.status == 200
    assert len(response.strings("repositories")) <= 10_000


def test_cve_2026_35172_a_deleted_blob_is_gone_from_its_repository_alone(
    registry: Client, name: str, other_name: str
) -> None:
    """A cache must never answer for the question whether this repository has the blob."""
    digest = registry.push_blob(name, b"seen and cached")
    registry.push_blob(other_name, b"seen and cached")
    for repository in (name, other_name):
        registry.get(f"/v2/{repository}/blobs/{digest}")
        registry.head(f"/v2/{repository}/blobs/{digest}")

    registry.delete(f"/v2/{name}/blobs/{digest}")

    assert registry.head(f"/v2/{name}/blobs/{digest}").status == 404
    assert registry.get(f"/v2/{name}/blobs/{digest}").status == 404
    assert registry.get(f"/v2/{other_name}/blobs/{digest}").body == b"seen and cached"


@pytest.mark.parametrize("settings", [{"registry.delete": "false"}, {"registry.read_only": "true"}])
def test_cve_2026_41888_one_gate_stops_all_three_deletes(homeport: Start, settings: Mapping[str, str]) -> None:
    """Distribution 3.0 deleted tags where deleting was switched off."""
    writable = homeport({})
    writable.client().push_image("gate/image", IMAGE, "v1")
    digest = writable.client().push_blob("gate/image", b"loose")
    writable.stop()
    writable.settings = settings
    client = writable.restart().client()

    responses = [
        client.delete("/v2/gate/image/manifests/v1"),
        client.delete(f"/v2/gate/image/manifests/{IMAGE.digest}"),
        client.delete(f"/v2/gate/image/blobs/{digest}"),
    ]

    assert [response.status for response in responses] == [405] * 3
    assert {response.problem().code for response in responses} == {"UNSUPPORTED"}
    assert client.get_manifest("gate/image", "v1").body == IMAGE.manifest
    assert client.get(f"/v2/gate/image/blobs/{digest}").body == b"loose"


def test_a_read_only_registry_takes_nothing_in_and_serves_on(homeport: Start) -> None:
    server = homeport({})
    server.client().push_image("gate/image", IMAGE, "v1")
    server.stop()
    server.settings = {"registry.read_only": "true"}
    client = server.restart().client()

    refused = [
        client.post("/v2/gate/image/blobs/uploads/"),
        client.post(f"/v2/gate/other/blobs/uploads/?mount={digest_of(IMAGE.blobs[0])}&from=gate/image"),
        client.put_manifest("gate/image", "v2", IMAGE.manifest),
    ]

    assert [response.status for response in refused] == [405] * 3
    assert client.get_manifest("gate/image", "v1").body == IMAGE.manifest


def test_cve_2025_48374_no_password_gets_into_the_log(homeport: Start) -> None:
    """zot logged its configuration with the secrets in it."""
    server = homeport({"log.level": "debug"})
    client = server.client()
    client.push_image("logged/image", IMAGE, "v1")
    client.as_user(client.user, "a wrong password that is secret").get("/v2/")
    server.stop()

    log = server.log.read_text()

    basic = client.authorization()["Authorization"].split()[1]
    assert "logged/image" in log
    for secret in (client.password, basic, "a wrong password that is secret"):
        assert secret not in log


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_zot_3980_no_stranger_reads_with_the_users_credentials(registry: Client, origin: str) -> None:
    """CORS with `*` and credentials, or with the caller's origin said back, opens the registry to every web page."""
    for method in ("GET", "OPTIONS"):
        response = registry.request(
            method, "/v2/_catalog", headers={"Origin": origin, "Access-Control-Request-Method": "DELETE"}
        )
        assert response.headers["Access-Control-Allow-Credentials"] is None
        assert response.headers["Access-Control-Allow-Origin"] in {None, "*"}


@pytest.mark.parametrize("target", ["//evil.example/v2/", "/\\evil.example/v2", "/v2//evil.example/", "/v2/\\evil"])
def test_zot_4238_no_redirect_leads_away(registry: Client, target: str) -> None:
    """Browsers read a backslash as a slash, and two slashes as a host."""
    responses = registry.raw(registry.head_of("GET", target, "Connection: close"))

    for response in responses:
        assert not re.match(r"(https?:)?[/\\]{2}(?!127\.0\.0\.1)", response.headers["Location"] or "")
