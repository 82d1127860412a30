"""What the specification's main branch adds to 1.1."""

import pytest
from tests.images import OCI_MANIFEST, build_image, digest_of
from tests.wire import Client, target_of, with_query

IMAGE = build_image()
DATA = b"drafted"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_session_may_name_its_digest_algorithm(registry: Client, name: str, algorithm: str) -> None:
    """OCI distribution main, end-4c."""
    location = registry.start_upload(name, f"?digest-algorithm={algorithm}")
    digest = digest_of(DATA, algorithm)

    patched = registry.patch(location, DATA)
    closed = registry.put(with_query(target_of(patched), digest=digest))

    assert closed.status == 201
    assert registry.get(f"/v2/{name}/blobs/{digest}").body == DATA


def test_an_algorithm_that_nobody_knows_is_400(registry: Client, name: str) -> None:
    response = registry.post(f"/v2/{name}/blobs/uploads/?digest-algorithm=crc32")

    assert response.status == 400
    assert response.problem().code in {"DIGEST_INVALID", "UNSUPPORTED"}


def test_one_push_may_set_several_tags(registry: Client, name: str) -> None:
    """OCI distribution main, end-7b."""
    registry.push_image(name, IMAGE)

    response = registry.put_manifest(name, f"{IMAGE.digest}?tag=1.2.3&tag=1.2&tag=latest", IMAGE.manifest)

    assert response.status == 201
    said = ",".join(response.headers.get_all("OCI-Tag") or [])
    assert {tag.strip() for tag in said.split(",")} == {"1.2.3", "1.2", "latest"}
    assert registry.get(f"/v2/{name}/tags/list").strings("tags") == ["1.2", "1.2.3", "latest"]


def test_one_bad_tag_among_several_sets_none(registry: Client, name: str) -> None:
    registry.push_image(name, IMAGE)

    response = registry.put_manifest(name, f"{IMAGE.digest}?tag=good&tag=-bad%2F..", IMAGE.manifest)

    assert response.status == 400
    assert registry.get(f"/v2/{name}/tags/list").strings("tags") == []


def test_a_push_without_tags_gets_no_such_header(registry: Client, name: str) -> None:
    for blob in IMAGE.blobs:
        registry.push_blob(name, blob)

    assert registry.put_manifest(name, IMAGE.digest, IMAGE.manifest).headers["OCI-Tag"] is None


def test_too_many_tags_are_refused_whole(registry: Client, name: str) -> None:
    """OCI distribution main: 414 where a registry limits them."""
    registry.push_image(name, IMAGE)
    query = "&".join(f"tag=t{number}" for number in range(5000))

    response = registry.put_manifest(name, f"{IMAGE.digest}?{query}", IMAGE.manifest)

    assert response.status in {400, 414, 431}
    assert registry.get(f"/v2/{name}/tags/list").strings("tags") == []


def test_the_source_hosts_namespace_is_said_back(registry: Client, name: str) -> None:
    """OCI distribution main, "Registry Proxying"; containerd sends `ns` through its mirrors."""
    registry.push_image(name, IMAGE, "v1")

    response = registry.get(f"/v2/{name}/manifests/v1?ns=docker.io", accept=OCI_MANIFEST)

    assert response.body == IMAGE.manifest
    assert response.header("OCI-Namespace") == "docker.io"


@pytest.mark.parametrize("namespace", ["%0d%0aX-Injected:%20yes", "%00", "a" * 5000, "%ff", ""])
def test_a_hostile_namespace_is_not_said_back(registry: Client, name: str, namespace: str) -> None:
    registry.push_image(name, IMAGE, "v1")

    response = registry.get(f"/v2/{name}/manifests/v1?ns={namespace}", accept=OCI_MANIFEST)

    assert response.status in {200, 400, 414}
    assert response.headers["X-Injected"] is None
    assert response.headers["OCI-Namespace"] is None
