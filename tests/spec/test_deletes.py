"""OCI distribution 1.1, end-9 and end-10: tags, manifests and blobs on their way out."""

import pytest
from tests.images import OCI_INDEX, build_image, build_index, digest_of
from tests.wire import Client

IMAGE = build_image()
OTHER = build_image(architecture="arm64")


def test_a_deleted_tag_is_gone_and_its_manifest_stays(registry: Client, name: str) -> None:
    """Distribution cannot do this: #1566, #2317."""
    registry.push_image(name, IMAGE, "v1")
    registry.push_image(name, IMAGE, "v2")

    assert registry.delete(f"/v2/{name}/manifests/v1").status == 202

    assert registry.get_manifest(name, "v1").problem().code == "MANIFEST_UNKNOWN"
    assert registry.get_manifest(name, "v2").status == 200
    assert registry.get_manifest(name, IMAGE.digest).status == 200
    assert registry.get(f"/v2/{name}/tags/list").strings("tags") == ["v2"]


def test_a_deleted_manifest_takes_its_tags_along(registry: Client, name: str) -> None:
    """OCI distribution: "any tag pointing to that digest will return a 404"."""
    registry.push_image(name, IMAGE, "v1")
    registry.push_image(name, IMAGE, "v2")
    registry.push_image(name, OTHER, "v3")

    assert registry.delete(f"/v2/{name}/manifests/{IMAGE.digest}").status == 202

    assert registry.get_manifest(name, IMAGE.digest).status == 404
    assert registry.get_manifest(name, "v1").status == 404
    assert registry.get(f"/v2/{name}/tags/list").strings("tags") == ["v3"]


def test_a_tag_that_has_moved_on_survives_its_old_manifest(registry: Client, name: str) -> None:
    registry.push_image(name, IMAGE, "v1")
    registry.push_image(name, OTHER, "v1")

    registry.delete(f"/v2/{name}/manifests/{IMAGE.digest}")

    assert registry.get_manifest(name, "v1").header("Docker-Content-Digest") == OTHER.digest


@pytest.mark.parametrize("reference", ["nothing", digest_of(b"nothing")])
def test_deleting_what_is_not_there_is_404(registry: Client, name: str, reference: str) -> None:
    registry.push_image(name, IMAGE, "v1")

    response = registry.delete(f"/v2/{name}/manifests/{reference}")

    assert response.status == 404
    assert response.problem().code == "MANIFEST_UNKNOWN"


def test_deleting_in_a_repository_that_is_not_there_is_404(registry: Client, name: str) -> None:
    response = registry.delete(f"/v2/{name}/manifests/{IMAGE.digest}")

    assert response.status == 404
    assert response.problem().code in {"NAME_UNKNOWN", "MANIFEST_UNKNOWN"}


def test_deleting_twice_is_404_the_second_time(registry: Client, name: str) -> None:
    registry.push_image(name, IMAGE, "v1")

    registry.delete(f"/v2/{name}/manifests/v1")

    assert registry.delete(f"/v2/{name}/manifests/v1").status == 404


def test_a_deleted_manifest_may_be_pushed_again(registry: Client, name: str) -> None:
    registry.push_image(name, IMAGE, "v1")
    registry.delete(f"/v2/{name}/manifests/{IMAGE.digest}")

    registry.push_image(name, IMAGE, "v1")

    assert registry.get_manifest(name, "v1").body == IMAGE.manifest


def test_the_same_image_elsewhere_does_not_notice(registry: Client, name: str, other_name: str) -> None:
    registry.push_image(name, IMAGE, "v1")
    registry.push_image(other_name, IMAGE, "v1")

    registry.delete(f"/v2/{name}/manifests/{IMAGE.digest}")

    assert registry.get_manifest(other_name, "v1").body == IMAGE.manifest


def test_a_deleted_index_leaves_its_children(registry: Client, name: str) -> None:
    registry.push_image(name, IMAGE)
    index = build_index([IMAGE.entry()])
    registry.put_manifest(name, "multi", index, OCI_INDEX)

    registry.delete(f"/v2/{name}/manifests/{digest_of(index)}")

    assert registry.get_manifest(name, IMAGE.digest).status == 200


def test_a_deleted_blob_is_gone(registry: Client, name: str) -> None:
    digest = registry.push_blob(name, b"unwanted")

    assert registry.delete(f"/v2/{name}/blobs/{digest}").status == 202

    assert registry.get(f"/v2/{name}/blobs/{digest}").problem().code == "BLOB_UNKNOWN"
    assert registry.head(f"/v2/{name}/blobs/{digest}").status == 404
    assert registry.delete(f"/v2/{name}/blobs/{digest}").status == 404


def test_a_deleted_blob_may_be_pushed_again(registry: Client, name: str) -> None:
    """Distribution's stale cache says "Layer already exists" here: #1803."""
    digest = registry.push_blob(name, b"back again")
    registry.delete(f"/v2/{name}/blobs/{digest}")

    registry.push_blob(name, b"back again")

    assert registry.get(f"/v2/{name}/blobs/{digest}").body == b"back again"


def test_a_blob_that_an_image_needs_is_not_deleted(registry: Client, name: str) -> None:
    """Distribution lets one break every image that holds the blob."""
    registry.push_image(name, IMAGE, "v1")

    response = registry.delete(f"/v2/{name}/blobs/{digest_of(IMAGE.blobs[1])}")

    assert response.status in {403, 405, 409}
    assert response.problem().message
    assert registry.get(f"/v2/{name}/blobs/{digest_of(IMAGE.blobs[1])}").body == IMAGE.blobs[1]


def test_the_blobs_of_a_deleted_manifest_may_be_deleted(registry: Client, name: str) -> None:
    """As the specification's own suite does: manifests first, then blobs."""
    registry.push_image(name, IMAGE, "v1")
    registry.delete(f"/v2/{name}/manifests/{IMAGE.digest}")

    statuses = [registry.delete(f"/v2/{name}/blobs/{digest_of(blob)}").status for blob in IMAGE.blobs]

    assert set(statuses) == {202}
