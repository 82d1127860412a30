"""OCI distribution 1.1, end-12: what refers to a manifest."""

from collections.abc import Mapping

import pytest
from tests.images import (
    OCI_CONFIG,
    OCI_EMPTY,
    OCI_INDEX,
    OCI_MANIFEST,
    Json,
    build_image,
    build_index,
    descriptor,
    digest_of,
    encode,
)
from tests.wire import Client, next_page

SUBJECT = build_image()
SBOM = "application/vnd.example.sbom.v1"
SIGNATURE = "application/vnd.example.signature.v1"


def referring(
    artifact_type: str | None, *, note: str = "", config_type: str = OCI_EMPTY, subject: Json = None
) -> bytes:
    """A manifest with a subject."""
    fields: dict[str, Json] = {"schemaVersion": 2, "mediaType": OCI_MANIFEST}
    if artifact_type is not None:
        fields["artifactType"] = artifact_type
    fields |= {
        "config": descriptor(config_type, b"{}"),
        "layers": [descriptor(OCI_EMPTY, b"{}")],
        "subject": subject or descriptor(OCI_MANIFEST, SUBJECT.manifest),
        "annotations": {"note": note},
    }
    return encode(fields)


def push(registry: Client, name: str, manifest: bytes, media_type: str = OCI_MANIFEST) -> str:
    """Push a referring manifest by its digest; the registry must say that it saw the subject."""
    registry.push_blob(name, b"{}")
    response = registry.put_manifest(name, digest_of(manifest), manifest, media_type)
    assert response.status == 201, response.body
    assert response.header("OCI-Subject").startswith("sha")
    return digest_of(manifest)


def listed(registry: Client, name: str, query: str = "", subject: str = SUBJECT.digest) -> list[Mapping[str, Json]]:
    """All the referrers, over all pages."""
    found: list[Mapping[str, Json]] = []
    target: str | None = f"/v2/{name}/referrers/{subject}{query}"
    while target:
        response = registry.get(target)
        assert response.status == 200, response
        found += response.descriptors()
        target = next_page(response)
    return found


def test_nothing_refers_to_it_is_an_empty_index(registry: Client, name: str) -> None:
    """OCI distribution: never 404 where the API exists."""
    registry.push_image(name, SUBJECT)

    response = registry.get(f"/v2/{name}/referrers/{SUBJECT.digest}")

    assert response.status == 200
    assert response.header("Content-Type") == OCI_INDEX
    assert response.document() == {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}


def test_the_probe_of_oras_and_notation_finds_the_api(registry: Client, name: str) -> None:
    """oras asks for a digest of zeros: 404 would mean that the API is missing."""
    response = registry.get(f"/v2/{name}/referrers/sha256:{'0' * 64}")

    assert response.status == 200
    assert response.descriptors() == []


@pytest.mark.parametrize("digest", ["latest", "sha256:abc", "sha256:", "sha256:" + "G" * 64, "sha1:" + "0" * 40])
def test_a_digest_that_is_none_is_400(registry: Client, name: str, digest: str) -> None:
    """OCI distribution: "such as a <digest> with an invalid syntax, a 400 Bad Request MUST be returned"."""
    response = registry.get(f"/v2/{name}/referrers/{digest}")

    assert response.status == 400
    assert response.problem().code == "DIGEST_INVALID"


def test_a_referrer_is_listed_with_its_type_and_annotations(registry: Client, name: str) -> None:
    registry.push_image(name, SUBJECT)
    manifest = referring(SBOM, note="bill of materials")
    push(registry, name, manifest)

    assert listed(registry, name) == [
        {
            "mediaType": OCI_MANIFEST,
            "digest": digest_of(manifest),
            "size": len(manifest),
            "artifactType": SBOM,
            "annotations": {"note": "bill of materials"},
        }
    ]


def test_the_answer_to_a_push_names_the_subject(registry: Client, name: str) -> None:
    registry.push_blob(name, b"{}")
    manifest = referring(SBOM)

    response = registry.put_manifest(name, "sbom", manifest)

    assert response.header("OCI-Subject") == SUBJECT.digest


def test_a_manifest_without_subject_gets_no_such_header(registry: Client, name: str) -> None:
    for blob in SUBJECT.blobs:
        registry.push_blob(name, blob)

    assert registry.put_manifest(name, "v1", SUBJECT.manifest).headers["OCI-Subject"] is None


@pytest.mark.parametrize("artifact_type", [None, ""])
def test_without_an_artifact_type_the_configs_type_counts(
    registry: Client, name: str, artifact_type: str | None
) -> None:
    push(registry, name, referring(artifact_type, config_type=OCI_CONFIG))

    assert [entry["artifactType"] for entry in listed(registry, name)] == [OCI_CONFIG]


def test_an_index_refers_too_and_without_a_type_has_none(registry: Client, name: str) -> None:
    subject: dict[str, Json] = {"subject": descriptor(OCI_MANIFEST, SUBJECT.manifest)}
    plain = build_index([], extra=subject)
    typed = build_index([], extra={**subject, "artifactType": SBOM})

    for index in (plain, typed):
        push(registry, name, index, OCI_INDEX)

    found = {entry["digest"]: entry.get("artifactType") for entry in listed(registry, name)}
    assert found == {digest_of(plain): None, digest_of(typed): SBOM}
    assert all(entry["mediaType"] == OCI_INDEX for entry in listed(registry, name))


def test_the_subject_may_come_later_or_never(registry: Client, name: str) -> None:
    """OCI image-spec: a manifest may be pushed before its subject."""
    manifest = referring(SIGNATURE)

    push(registry, name, manifest)

    assert [entry["digest"] for entry in listed(registry, name)] == [digest_of(manifest)]
    assert registry.get(f"/v2/{name}/manifests/{SUBJECT.digest}").status == 404


def test_a_filter_keeps_one_type_and_says_so(registry: Client, name: str) -> None:
    """OCI distribution, end-12b."""
    push(registry, name, referring(SBOM))
    push(registry, name, referring(SIGNATURE))

    response = registry.get(f"/v2/{name}/referrers/{SUBJECT.digest}?artifactType={SBOM}")

    assert response.header("OCI-Filters-Applied") == "artifactType"
    assert [entry["artifactType"] for entry in response.descriptors()] == [SBOM]


def test_an_encoded_filter_means_the_same(registry: Client, name: str) -> None:
    push(registry, name, referring("application/vnd.example+json"))

    assert len(listed(registry, name, "?artifactType=application%2Fvnd.example%2Bjson")) == 1


def test_without_a_filter_none_is_said_to_be_applied(registry: Client, name: str) -> None:
    response = registry.get(f"/v2/{name}/referrers/{SUBJECT.digest}")

    assert response.headers["OCI-Filters-Applied"] is None


def test_a_filter_that_nothing_matches_gives_an_empty_index(registry: Client, name: str) -> None:
    push(registry, name, referring(SBOM))

    assert listed(registry, name, "?artifactType=application/none") == []


def test_the_pages_make_the_list(registry: Client, name: str) -> None:
    pushed = {push(registry, name, referring(SBOM, note=str(number))) for number in range(7)}

    found = [str(entry["digest"]) for entry in listed(registry, name, "?n=2")]

    assert len(found) == len(pushed)
    assert set(found) == pushed


def test_pages_of_a_filtered_list_stay_filtered(registry: Client, name: str) -> None:
    wanted = {push(registry, name, referring(SBOM, note=str(number))) for number in range(4)}
    for number in range(4):
        push(registry, name, referring(SIGNATURE, note=str(number)))

    found = listed(registry, name, f"?n=1&artifactType={SBOM}")

    assert {str(entry["digest"]) for entry in found} == wanted


def test_a_deleted_referrer_is_listed_no_more(registry: Client, name: str) -> None:
    digest = push(registry, name, referring(SBOM))

    registry.delete(f"/v2/{name}/manifests/{digest}")

    assert listed(registry, name) == []


def test_referrers_stay_in_their_repository(registry: Client, name: str, other_name: str) -> None:
    push(registry, name, referring(SBOM))

    assert listed(registry, other_name) == []


def test_a_referrer_pushed_twice_is_listed_once(registry: Client, name: str) -> None:
    push(registry, name, referring(SBOM))
    push(registry, name, referring(SBOM))

    assert len(listed(registry, name)) == 1


def test_a_fallback_tag_does_not_list_a_referrer_twice(registry: Client, name: str) -> None:
    """OCI distribution, "Referrers Tag Schema": clients of registries without the API keep such an index."""
    manifest = referring(SBOM, note="attached by an old client")
    push(registry, name, manifest)
    entry = descriptor(OCI_MANIFEST, manifest, extra={"artifactType": SBOM})

    fallback = registry.put_manifest(name, SUBJECT.digest.replace(":", "-"), build_index([entry]), OCI_INDEX)

    assert fallback.status == 201
    assert [found["digest"] for found in listed(registry, name)] == [digest_of(manifest)]


@pytest.mark.parametrize("subject", ["sha256:abc", {}, [], {"digest": "nonsense"}, {"mediaType": OCI_MANIFEST}, 7])
def test_a_subject_that_is_none_is_refused(registry: Client, name: str, subject: Json) -> None:
    registry.push_blob(name, b"{}")
    fields: dict[str, Json] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_EMPTY, b"{}"),
        "layers": [],
        "subject": subject,
    }

    response = registry.put_manifest(name, "broken", encode(fields))

    assert response.status == 400
    assert response.problem().code in {"MANIFEST_INVALID", "DIGEST_INVALID"}
