"""OCI distribution 1.1, end-3 and end-7: manifests in and out, byte for byte."""

import json

import pytest
from tests.images import (
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_EMPTY,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    Json,
    build_image,
    build_index,
    descriptor,
    digest_of,
    encode,
)
from tests.wire import EVERY_TYPE, Client, target_of

IMAGE = build_image()


def test_a_manifest_pushed_by_tag_is_created(registry: Client, name: str) -> None:
    """OCI distribution, end-7."""
    for blob in IMAGE.blobs:
        registry.push_blob(name, blob)

    response = registry.put_manifest(name, "v1", IMAGE.manifest)

    assert response.status == 201
    assert response.header("Docker-Content-Digest") == IMAGE.digest
    assert response.header("Content-Length") == "0"
    assert target_of(response) == f"/v2/{name}/manifests/{IMAGE.digest}"


@pytest.mark.parametrize("reference", ["v1", IMAGE.digest])
def test_a_manifest_comes_back_by_tag_and_by_digest(registry: Client, name: str, reference: str) -> None:
    """OCI distribution, end-3."""
    registry.push_image(name, IMAGE, "v1")

    response = registry.get_manifest(name, reference)

    assert response.status == 200
    assert response.body == IMAGE.manifest
    assert response.header("Content-Type") == OCI_MANIFEST
    assert response.header("Content-Length") == str(len(IMAGE.manifest))
    assert response.header("Docker-Content-Digest") == IMAGE.digest
    assert response.header("ETag") == f'"{IMAGE.digest}"'


def test_head_of_a_manifest_says_all_but_the_bytes(registry: Client, name: str) -> None:
    """Containerd asks for the body again when either of these two is missing."""
    registry.push_image(name, IMAGE, "v1")

    response = registry.head(f"/v2/{name}/manifests/v1", accept=EVERY_TYPE)

    assert response.status == 200
    assert response.body == b""
    assert response.header("Content-Length") == str(len(IMAGE.manifest))
    assert response.header("Docker-Content-Digest") == IMAGE.digest
    assert response.header("Content-Type") == OCI_MANIFEST


def test_head_of_an_absent_manifest_is_404(registry: Client, name: str) -> None:
    registry.push_image(name, IMAGE, "v1")

    assert registry.head(f"/v2/{name}/manifests/v2").status == 404
    assert registry.head(f"/v2/{name}/manifests/{digest_of(b'absent')}").status == 404


def test_an_unchanged_tag_is_304(registry: Client, name: str) -> None:
    """Updaters poll tags; RFC 9110, 13.1.2."""
    registry.push_image(name, IMAGE, "v1")
    etag = registry.head(f"/v2/{name}/manifests/v1", accept=EVERY_TYPE).header("ETag")

    response = registry.get(f"/v2/{name}/manifests/v1", accept=EVERY_TYPE, if_none_match=etag)

    assert response.status == 304
    assert response.body == b""


def test_odd_but_valid_json_is_kept_byte_for_byte(registry: Client, name: str) -> None:
    """OCI distribution: "in the exact byte representation provided by the client"."""
    for blob in IMAGE.blobs:
        registry.push_blob(name, blob)
    odd = b" \r\n\t" + json.dumps(json.loads(IMAGE.manifest), indent=7).encode().replace(b"{", b"{ \t", 1) + b"\n\n "

    digest = registry.put_manifest(name, "odd", odd).header("Docker-Content-Digest")

    assert digest == digest_of(odd)
    assert registry.get_manifest(name, "odd").body == odd


def test_fields_that_nobody_knows_are_kept(registry: Client, name: str) -> None:
    config = b"{}"
    registry.push_blob(name, config)
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(OCI_CONFIG, config),
            "layers": [],
            "org.example.Unknown": {"\u00fcml\u00e4ut": [1, 2.5, None, True]},
        }
    )

    assert registry.put_manifest(name, "custom", manifest).status == 201
    assert registry.get_manifest(name, "custom").body == manifest


def test_a_tag_moves_and_the_old_digest_stays(registry: Client, name: str) -> None:
    """zot#4444: pods pinned to a digest must not break when the tag moves."""
    old, new = build_image(architecture="arm64"), build_image(architecture="riscv64")
    registry.push_image(name, old, "v1")
    registry.push_image(name, new, "v1")

    assert registry.get_manifest(name, "v1").body == new.manifest
    assert registry.get_manifest(name, old.digest).body == old.manifest


@pytest.mark.parametrize("tag", ["a", "_x", "1", "UPPER.lower-1_2", "x" * 128, "sha256-abc", "latest", "v1.0.0"])
def test_a_tag_may_be_any_word_of_the_grammar(registry: Client, name: str, tag: str) -> None:
    """OCI distribution: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`."""
    registry.push_image(name, IMAGE, tag)

    assert registry.get_manifest(name, tag).body == IMAGE.manifest


def test_a_manifest_pushed_by_another_digest_is_refused(registry: Client, name: str) -> None:
    for blob in IMAGE.blobs:
        registry.push_blob(name, blob)

    response = registry.put_manifest(name, digest_of(b"another"), IMAGE.manifest)

    assert response.status == 400
    assert response.problem().code == "DIGEST_INVALID"


def test_a_manifest_of_3_9_megabytes_is_taken(registry: Client, name: str) -> None:
    """OCI distribution: "at least 4 megabytes"; the conformance suite pushes 390 annotations of 10,000 letters."""
    registry.push_blob(name, b"{}")
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(OCI_EMPTY, b"{}"),
            "layers": [],
            "annotations": {f"large-annotation-{number}": "A" * 10_000 for number in range(390)},
        }
    )

    assert registry.put_manifest(name, "large", manifest).status == 201
    assert registry.get_manifest(name, "large").body == manifest


def test_an_image_without_layers_is_an_image(registry: Client, name: str) -> None:
    registry.push_blob(name, b"{}")
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": "application/vnd.example.thing",
            "config": descriptor(OCI_EMPTY, b"{}"),
            "layers": [descriptor(OCI_EMPTY, b"{}")],
        }
    )

    assert registry.put_manifest(name, "thing", manifest).status == 201


def test_a_manifest_without_media_type_is_served_as_it_was_pushed(registry: Client, name: str) -> None:
    """OCI image-spec: `mediaType` SHOULD be there; images of the specification's first days lack it."""
    registry.push_blob(name, b"{}")
    manifest = encode({"schemaVersion": 2, "config": descriptor(OCI_CONFIG, b"{}"), "layers": []})

    assert registry.put_manifest(name, "plain", manifest).status == 201
    assert registry.get_manifest(name, "plain").header("Content-Type") == OCI_MANIFEST


def test_parameters_of_the_content_type_are_ignored(registry: Client, name: str) -> None:
    """OCI distribution, "Pushing Manifests"."""
    for blob in IMAGE.blobs:
        registry.push_blob(name, blob)

    response = registry.put_manifest(name, "v1", IMAGE.manifest, f"{OCI_MANIFEST}; charset=utf-8")

    assert response.status == 201
    assert registry.get_manifest(name, "v1").header("Content-Type") == OCI_MANIFEST


def test_blobs_that_are_not_there_are_named_in_the_error(registry: Client, name: str) -> None:
    response = registry.put_manifest(name, "v1", IMAGE.manifest)

    assert response.status in {400, 404}
    assert response.problem().code == "MANIFEST_BLOB_UNKNOWN"
    assert all(digest_of(blob).encode() in response.body for blob in IMAGE.blobs)
    assert registry.get(f"/v2/{name}/manifests/v1").status == 404


def test_a_blob_of_another_repository_does_not_count(registry: Client, name: str, other_name: str) -> None:
    registry.push_image(other_name, IMAGE)

    assert registry.put_manifest(name, "v1", IMAGE.manifest).problem().code == "MANIFEST_BLOB_UNKNOWN"


def test_layers_that_live_elsewhere_need_not_be_there(registry: Client, name: str) -> None:
    """OCI image-spec, non-distributable layers; Windows images have them."""
    registry.push_blob(name, b"{}")
    foreign: Json = {
        **descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", b"elsewhere"),
        "urls": ["https://example.com/layer"],
    }
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST,
            "config": descriptor("application/vnd.docker.container.image.v1+json", b"{}"),
            "layers": [foreign],
        }
    )

    assert registry.put_manifest(name, "windows", manifest, DOCKER_MANIFEST).status == 201


class TestIndexes:
    """Manifests of manifests."""

    def test_an_index_of_platforms_comes_back(self, registry: Client, name: str) -> None:
        images = [build_image(architecture=architecture) for architecture in ("amd64", "arm64")]
        for image in images:
            registry.push_image(name, image)
        index = build_index([image.entry() for image in images])

        assert registry.put_manifest(name, "multi", index, OCI_INDEX).status == 201

        response = registry.get_manifest(name, "multi")
        assert (response.body, response.header("Content-Type")) == (index, OCI_INDEX)

    def test_an_index_may_hold_an_index(self, registry: Client, name: str) -> None:
        registry.push_image(name, IMAGE)
        inner = build_index([IMAGE.entry()])
        registry.put_manifest(name, digest_of(inner), inner, OCI_INDEX)
        outer = build_index([descriptor(OCI_INDEX, inner)])

        assert registry.put_manifest(name, "outer", outer, OCI_INDEX).status == 201
        assert registry.get_manifest(name, "outer").body == outer

    def test_an_empty_index_is_an_index(self, registry: Client, name: str) -> None:
        assert registry.put_manifest(name, "empty", build_index([]), OCI_INDEX).status == 201

    def test_an_index_whose_children_are_missing_is_refused(self, registry: Client, name: str) -> None:
        registry.push_image(name, IMAGE)
        index = build_index([IMAGE.entry(), build_image(architecture="s390x").entry()])

        response = registry.put_manifest(name, "multi", index, OCI_INDEX)

        assert response.status in {400, 404}
        assert response.problem().code in {"MANIFEST_BLOB_UNKNOWN", "MANIFEST_UNKNOWN"}

    def test_an_index_may_list_blobs(self, registry: Client, name: str) -> None:
        """BuildKit's older cache format: an index whose entries are layers."""
        layer = registry.push_blob(name, b"cached layer")
        config = registry.push_blob(name, b"{}")
        index = build_index(
            [
                descriptor(OCI_LAYER, b"cached layer"),
                descriptor("application/vnd.buildkit.cacheconfig.v0", b"{}"),
            ]
        )

        assert registry.put_manifest(name, "cache", index, OCI_INDEX).status == 201
        assert layer != config
