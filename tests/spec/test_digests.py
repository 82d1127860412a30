"""Digests other than sha256: OCI image-spec registers sha512 beside it."""

import pytest
from tests.images import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, build_index, descriptor, digest_of, encode
from tests.wire import OCTETS_ARGUMENT, Client, Response, target_of, with_query

DATA = b"sha512 " * 5000
DIGEST = digest_of(DATA, "sha512")


def check(response: Response, data: bytes) -> None:
    """The whole bytes, and a digest header that is theirs."""
    assert response.status == 200
    assert response.body == data
    said = response.header("Docker-Content-Digest")
    assert said == digest_of(data, said.partition(":")[0])


def test_a_blob_is_pushed_and_pulled_by_sha512(registry: Client, name: str) -> None:
    registry.push_blob(name, DATA, algorithm="sha512")

    check(registry.get(f"/v2/{name}/blobs/{DIGEST}"), DATA)
    assert registry.head(f"/v2/{name}/blobs/{DIGEST}").header("Content-Length") == str(len(DATA))


def test_the_location_of_a_sha512_blob_can_be_pulled(registry: Client, name: str) -> None:
    location = registry.start_upload(name)

    response = registry.put(with_query(location, digest=DIGEST), DATA, **OCTETS_ARGUMENT)

    assert response.status == 201
    check(registry.get(target_of(response)), DATA)


def test_chunks_and_single_posts_take_sha512(registry: Client, name: str, other_name: str) -> None:
    patched = registry.patch(registry.start_upload(name), DATA)
    closed = registry.put(with_query(target_of(patched), digest=DIGEST))
    posted = registry.post(f"/v2/{other_name}/blobs/uploads/?digest={DIGEST}", DATA, **OCTETS_ARGUMENT)

    assert (closed.status, posted.status) == (201, 201)
    check(registry.get(f"/v2/{name}/blobs/{DIGEST}"), DATA)
    check(registry.get(f"/v2/{other_name}/blobs/{DIGEST}"), DATA)


def test_a_wrong_sha512_is_refused(registry: Client, name: str) -> None:
    wrong = digest_of(b"something else", "sha512")
    location = registry.start_upload(name)

    response = registry.put(with_query(location, digest=wrong), DATA, **OCTETS_ARGUMENT)

    assert response.status == 400
    assert response.problem().code == "DIGEST_INVALID"


def test_a_blob_is_mounted_by_sha512(registry: Client, name: str, other_name: str) -> None:
    registry.push_blob(other_name, DATA, algorithm="sha512")

    response = registry.post(f"/v2/{name}/blobs/uploads/?mount={DIGEST}&from={other_name}")

    assert response.status == 201
    check(registry.get(f"/v2/{name}/blobs/{DIGEST}"), DATA)


def test_a_range_of_a_sha512_blob(registry: Client, name: str) -> None:
    registry.push_blob(name, DATA, algorithm="sha512")

    assert registry.get(f"/v2/{name}/blobs/{DIGEST}", range="bytes=7-13").body == DATA[7:14]


def test_a_sha512_blob_is_deleted(registry: Client, name: str) -> None:
    registry.push_blob(name, DATA, algorithm="sha512")

    assert registry.delete(f"/v2/{name}/blobs/{DIGEST}").status == 202
    assert registry.get(f"/v2/{name}/blobs/{DIGEST}").status == 404


@pytest.fixture
def manifest(registry: Client, name: str) -> bytes:
    """A manifest whose every descriptor is of sha512, its blobs pushed."""
    registry.push_blob(name, b"{}", algorithm="sha512")
    registry.push_blob(name, DATA, algorithm="sha512")
    return encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(OCI_CONFIG, b"{}", algorithm="sha512"),
            "layers": [descriptor(OCI_LAYER, DATA, algorithm="sha512")],
        }
    )


def test_a_manifest_is_pushed_and_pulled_by_sha512(registry: Client, name: str, manifest: bytes) -> None:
    """OCI distribution: Docker-Content-Digest "MUST be equal to the client provided digest"."""
    digest = digest_of(manifest, "sha512")

    response = registry.put_manifest(name, digest, manifest)

    assert response.status == 201
    assert response.header("Docker-Content-Digest") == digest
    assert registry.get(target_of(response)).body == manifest
    check(registry.get(f"/v2/{name}/manifests/{digest}"), manifest)
    assert registry.head(f"/v2/{name}/manifests/{digest}").status == 200


def test_a_manifest_with_a_wrong_sha512_is_refused(registry: Client, name: str, manifest: bytes) -> None:
    response = registry.put_manifest(name, digest_of(b"else", "sha512"), manifest)

    assert response.status == 400
    assert response.problem().code == "DIGEST_INVALID"


def test_an_index_may_name_children_by_sha512(registry: Client, name: str, manifest: bytes) -> None:
    registry.put_manifest(name, digest_of(manifest, "sha512"), manifest)
    index = build_index([descriptor(OCI_MANIFEST, manifest, algorithm="sha512")])

    assert registry.put_manifest(name, "multi", index, OCI_INDEX).status == 201


def test_a_subject_may_be_named_by_sha512(registry: Client, name: str, manifest: bytes) -> None:
    registry.put_manifest(name, digest_of(manifest, "sha512"), manifest)
    subject = descriptor(OCI_MANIFEST, manifest, algorithm="sha512")
    referrer = build_index([], extra={"subject": subject, "artifactType": "application/vnd.example"})

    response = registry.put_manifest(name, digest_of(referrer, "sha512"), referrer, OCI_INDEX)

    assert response.header("OCI-Subject") == subject["digest"]
    found = registry.get(f"/v2/{name}/referrers/{subject['digest']}").descriptors()
    assert [entry["artifactType"] for entry in found] == ["application/vnd.example"]


def test_a_manifest_is_deleted_by_sha512(registry: Client, name: str, manifest: bytes) -> None:
    digest = digest_of(manifest, "sha512")
    registry.put_manifest(name, digest, manifest)

    assert registry.delete(f"/v2/{name}/manifests/{digest}").status == 202
    assert registry.get(f"/v2/{name}/manifests/{digest}").status == 404


@pytest.mark.parametrize("algorithm", ["md5", "sha1"])
def test_a_broken_algorithm_is_refused(registry: Client, name: str, algorithm: str) -> None:
    location = registry.start_upload(name)

    response = registry.put(with_query(location, digest=digest_of(DATA, algorithm)), DATA, **OCTETS_ARGUMENT)

    assert response.status == 400
    assert response.problem().code in {"DIGEST_INVALID", "UNSUPPORTED"}
