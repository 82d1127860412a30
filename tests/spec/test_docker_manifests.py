"""Docker's schema 2, manifest lists, content negotiation, and the schema 1 that nobody should push any more."""

import pytest
from tests.images import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    DOCKER_SCHEMA1,
    OCI_INDEX,
    OCI_MANIFEST,
    build_image,
    build_index,
    digest_of,
    encode,
)
from tests.wire import Client

AMD64 = build_image(docker=True, architecture="amd64")
ARM64 = build_image(docker=True, architecture="arm64")
LIST = build_index([ARM64.entry(), AMD64.entry()], media_type=DOCKER_LIST)


@pytest.fixture
def listed(registry: Client, name: str) -> str:
    """The target of a tagged Docker manifest list."""
    registry.push_image(name, AMD64)
    registry.push_image(name, ARM64)
    assert registry.put_manifest(name, "multi", LIST, DOCKER_LIST).status == 201
    return f"/v2/{name}/manifests/multi"


def test_a_schema_2_image_keeps_its_bytes_and_type(registry: Client, name: str) -> None:
    """zot refuses them unless told: zot#724, #2234, #3104."""
    registry.push_image(name, AMD64, "v1")

    response = registry.get(f"/v2/{name}/manifests/v1", accept=DOCKER_MANIFEST)

    assert response.body == AMD64.manifest
    assert response.header("Content-Type") == DOCKER_MANIFEST


def test_a_manifest_list_keeps_its_bytes_and_type(registry: Client, listed: str) -> None:
    response = registry.get(listed, accept=f"{DOCKER_MANIFEST}, {DOCKER_LIST}")

    assert response.body == LIST
    assert response.header("Content-Type") == DOCKER_LIST


def test_several_accept_headers_are_one_list(registry: Client, listed: str) -> None:
    """RFC 9110, 5.3: ggcr and containerd send one header each."""
    headers = [("Accept", OCI_INDEX), ("Accept", DOCKER_LIST), ("Accept", DOCKER_MANIFEST)]

    assert registry.request("GET", listed, headers=headers).body == LIST


@pytest.mark.parametrize("accept", ["*/*", "application/*", f"{DOCKER_LIST};q=0.5, */*;q=0.1", ""])
def test_curl_gets_what_is_stored(registry: Client, listed: str, accept: str) -> None:
    response = registry.get(listed, **({"accept": accept} if accept else {}))

    assert response.status == 200
    assert response.body == LIST


def test_a_client_that_knows_no_lists_gets_the_amd64_image(registry: Client, listed: str) -> None:
    """Distribution does so for a Docker list asked for by tag."""
    response = registry.get(listed, accept=DOCKER_MANIFEST)

    assert response.status == 200
    assert response.body == AMD64.manifest
    assert response.header("Content-Type") == DOCKER_MANIFEST
    assert response.header("Docker-Content-Digest") == AMD64.digest


def test_a_list_asked_for_by_digest_is_never_exchanged(registry: Client, listed: str) -> None:
    target = listed.replace("multi", digest_of(LIST))

    response = registry.get(target, accept=DOCKER_MANIFEST)

    assert response.status == 404 or response.body == LIST


@pytest.mark.parametrize("accept", [OCI_MANIFEST, "text/html", "nonsense", ",,,", "*/*;q=0"])
def test_an_accept_that_does_not_fit_never_changes_bytes(registry: Client, name: str, accept: str) -> None:
    registry.push_image(name, AMD64, "v1")

    response = registry.get(f"/v2/{name}/manifests/v1", accept=accept)

    assert response.status in {200, 404, 406}
    assert response.status != 200 or digest_of(response.body) == AMD64.digest


def test_schema_1_is_refused_with_an_error_that_says_so(registry: Client, name: str) -> None:
    schema1 = encode(
        {
            "schemaVersion": 1,
            "name": name,
            "tag": "old",
            "architecture": "amd64",
            "fsLayers": [{"blobSum": digest_of(b"")}],
            "history": [{"v1Compatibility": "{}"}],
            "signatures": [],
        }
    )

    response = registry.put_manifest(name, "old", schema1, DOCKER_SCHEMA1)

    assert response.status in {400, 415}
    assert response.problem().code in {"MANIFEST_INVALID", "UNSUPPORTED"}
    assert b"schema" in response.body.lower()
