import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.registry.strategies import JSON_VALUES, to_json

from homeport.registry.errors import ManifestInvalid, SchemaOneRefused
from homeport.registry.model.digest import digest_of
from homeport.registry.model.documents import MAX_DEPTH, load_object
from homeport.registry.model.manifest import parse_manifest, read_stored, sniff_media_type
from homeport.registry.model.media_types import (
    DOCKER_IMAGE,
    DOCKER_LIST,
    OCI_IMAGE,
    OCI_INDEX,
    SCHEMA_ONE,
    SCHEMA_ONE_SIGNED,
    Kind,
)

A, B, C = (digest_of(text) for text in (b"a", b"b", b"c"))
WIDE = digest_of(b"wide", "sha512")
CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": A, "size": 1}
LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": B, "size": 2}
CHILD = {
    "mediaType": OCI_IMAGE,
    "digest": C,
    "size": 3,
    "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"},
}


def image(**changes: object) -> dict[str, object]:
    return {"schemaVersion": 2, "mediaType": OCI_IMAGE, "config": CONFIG, "layers": [LAYER]} | changes


def index(**changes: object) -> dict[str, object]:
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [CHILD]} | changes


def without(document: Mapping[str, object], key: str) -> dict[str, object]:
    return {name: value for name, value in document.items() if name != key}


def test_an_image_refers_to_its_config_and_layers() -> None:
    """OCI image, manifest."""
    parsed = parse_manifest(to_json(image()), OCI_IMAGE)

    assert (parsed.kind, parsed.media_type) == (Kind.IMAGE, OCI_IMAGE)
    assert parsed.config is not None
    assert parsed.config.digest == A
    assert list(parsed.references) == [A, B]
    assert [blob.size for blob in parsed.blobs] == [1, 2]


def test_an_index_refers_to_its_children_with_their_platforms() -> None:
    """OCI image, index."""
    parsed = parse_manifest(to_json(index()), OCI_INDEX)

    assert parsed.kind is Kind.INDEX
    assert list(parsed.references) == [C]
    platform = parsed.manifests[0].platform
    assert platform is not None
    assert (platform.os, platform.architecture, platform.variant) == ("linux", "arm64", "v8")
    assert parsed.manifests[0].is_manifest


@pytest.mark.parametrize(
    ("media_type", "make", "kind"), [(DOCKER_IMAGE, image, Kind.IMAGE), (DOCKER_LIST, index, Kind.INDEX)]
)
def test_docker_s_own_types_are_taken_by_default(media_type: str, make: type, kind: Kind) -> None:
    parsed = parse_manifest(to_json(make(mediaType=media_type)), media_type)

    assert (parsed.kind, parsed.media_type) == (kind, media_type)


@pytest.mark.parametrize("content_type", ["", "application/json", OCI_IMAGE.upper(), f"{OCI_IMAGE}; charset=utf-8"])
def test_the_document_has_the_word_where_the_header_says_nothing_else(content_type: str) -> None:
    assert parse_manifest(to_json(image()), content_type).media_type == OCI_IMAGE


def test_an_image_without_a_type_of_its_own_is_what_its_header_says() -> None:
    """OCI image, manifest: mediaType is only recommended."""
    assert parse_manifest(to_json(without(image(), "mediaType")), OCI_IMAGE).media_type == OCI_IMAGE
    assert parse_manifest(to_json(without(index(), "mediaType")), "").media_type == OCI_INDEX


@pytest.mark.parametrize("media_type", [DOCKER_IMAGE, DOCKER_LIST])
def test_docker_s_types_must_stand_in_the_document(media_type: str) -> None:
    """Nothing else records them: without it the manifest would be served as OCI."""
    document = without(image() if media_type == DOCKER_IMAGE else index(), "mediaType")

    with pytest.raises(ManifestInvalid, match="mediaType must be"):
        parse_manifest(to_json(document), media_type)


def test_header_and_document_must_agree() -> None:
    """CVE-2021-41190."""
    with pytest.raises(ManifestInvalid, match="Content-Type"):
        parse_manifest(to_json(image()), DOCKER_IMAGE)
    with pytest.raises(ManifestInvalid, match="Content-Type"):
        parse_manifest(to_json(image()), OCI_INDEX)


@pytest.mark.parametrize("key", ["manifests"])
def test_an_image_with_children_is_refused(key: str) -> None:
    """CVE-2021-41190: one document, two meanings."""
    with pytest.raises(ManifestInvalid, match=key):
        parse_manifest(to_json(image(**{key: [CHILD]})), OCI_IMAGE)


@pytest.mark.parametrize("key", ["config", "layers", "fsLayers"])
def test_an_index_with_parts_of_an_image_is_refused(key: str) -> None:
    """CVE-2021-41190."""
    with pytest.raises(ManifestInvalid, match=key):
        parse_manifest(to_json(index(**{key: CONFIG})), OCI_INDEX)


@pytest.mark.parametrize("key", ["Layers", "CONFIG", "mediatype", "layer\u017f", "Subject"])
def test_a_key_that_only_go_would_recognise_is_refused(key: str) -> None:
    """CVE-2021-41190: Go folds the case of keys, also of U+017F."""
    with pytest.raises(ManifestInvalid, match="has a key"):
        parse_manifest(to_json(image(**{key: []})), OCI_IMAGE)
    with pytest.raises(ManifestInvalid, match="has a key"):
        parse_manifest(to_json(image(layers=[LAYER | {"Digest": C}])), OCI_IMAGE)


def test_annotations_may_have_keys_of_any_case() -> None:
    parsed = parse_manifest(to_json(image(annotations={"Layers": "x", "Size": "y"})), OCI_IMAGE)

    assert parsed.annotations == {"Layers": "x", "Size": "y"}


def test_a_key_given_twice_is_refused_wherever_it_stands() -> None:
    text = json.dumps(image())
    for once, twice in (('"layers"', '"layers": [], "layers"'), ('"size": 2', '"size": 1, "size": 2')):
        with pytest.raises(ManifestInvalid, match="twice"):
            parse_manifest(text.replace(once, twice).encode(), OCI_IMAGE)


@pytest.mark.parametrize("content_type", [SCHEMA_ONE, SCHEMA_ONE_SIGNED])
def test_schema_1_is_refused_by_name(content_type: str) -> None:
    document = {"schemaVersion": 1, "name": "x", "tag": "y", "fsLayers": [{"blobSum": A}]}

    for header in (content_type, "application/json", ""):
        with pytest.raises(SchemaOneRefused, match="schema 1") as caught:
            parse_manifest(to_json(document), header)
        assert (caught.value.status, caught.value.code) == (400, "MANIFEST_INVALID")


@pytest.mark.parametrize("media_type", ["application/vnd.oci.artifact.manifest.v1+json", "text/html", "x"])
def test_a_type_that_registry_2_could_not_read_back_is_refused(media_type: str) -> None:
    document = {"mediaType": media_type, "artifactType": "a/b", "blobs": [LAYER], "schemaVersion": 2}

    with pytest.raises(ManifestInvalid, match="is not one of"):
        parse_manifest(to_json(document), media_type)


WRONG_CONFIGS: list[object] = [None, [], "x", {}, CONFIG | {"digest": "x"}, CONFIG | {"digest": 1}]
WRONG_LAYERS: list[object] = [{}, "x", [1], [[]], [None], [{}]]
WRONG_SUBJECTS: list[object] = ["x", [], {}, {"digest": A}]
WRONG_ANNOTATIONS: list[object] = [[], {"a": 1}, "x"]


@pytest.mark.parametrize(
    "document",
    [
        *(image(schemaVersion=version) for version in (None, 0, 3, "2", 2.0, True)),
        *(image(config=config) for config in WRONG_CONFIGS),
        *(image(config=CONFIG | {"size": size}) for size in (-1, 1.5, "1", None, True, 1 << 63)),
        *(image(config=CONFIG | {"mediaType": text}) for text in ("", None, 1, "a\nb", "é", "x" * 256)),
        *(image(config=CONFIG | {key: 1}) for key in ("urls", "annotations", "platform", "artifactType")),
        *(image(layers=layers) for layers in WRONG_LAYERS),
        *(image(subject=subject) for subject in WRONG_SUBJECTS),
        *(image(annotations=annotations) for annotations in WRONG_ANNOTATIONS),
        image(mediaType=1),
        image(artifactType=1),
        image(config=CONFIG | {"urls": [1]}),
        image(config=CONFIG | {"platform": {"os": 1}}),
        index(manifests=1),
    ],
)
def test_a_field_of_the_wrong_type_is_refused(document: dict[str, object]) -> None:
    for content_type in (OCI_IMAGE, OCI_INDEX, ""):
        with pytest.raises(ManifestInvalid) as caught:
            parse_manifest(to_json(document), content_type)
        assert (caught.value.status, caught.value.code) == (400, "MANIFEST_INVALID")


@pytest.mark.parametrize(
    "data",
    [
        *(
            b"",
            b" ",
            b"x",
            b"[]",
            b"1",
            b'"x"',
            b"null",
            b"{",
            b"{}}",
            b'{"a":}',
            b"{'a':1}",
            b'{"a":1,}',
            b"\xef\xbb\xbf{}",
        ),
        *(
            b'{"a":NaN}',
            b'{"a":Infinity}',
            b'{"a":-Infinity}',
            b'{"a":1e999}',
            b'{"a":-1e999}',
            b'{"a":%s}' % (b"9" * 5000),
        ),
        *(b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\\ud800"}', b'{"a":"\\udc00\\ud800"}', b'{"\\ud800":1}'),
        b'{"a":%s}' % (b"9" * 5000),
        *(b'{"a":"\n"}', b'{"a":1}\0', "{}".encode("utf-16"), b'{"a":01}', b'{"a":+1}', b'{"a":.5}'),
        *(b"[" * 1_000_000, b'{"a":' * 200_000, b'{"a":' + b"[" * 500 + b"]" * 500 + b"}", b'"' * 100_001),
    ],
)
def test_what_is_not_strictly_json_is_a_400_and_never_a_crash(data: bytes) -> None:
    for read in (load_object, read_stored, sniff_media_type):
        with pytest.raises(ManifestInvalid):
            read(data)


def test_a_paired_surrogate_is_text_like_any_other() -> None:
    assert load_object(b'{"a":"\\ud83d\\ude00"}') == {"a": "\U0001f600"}


def test_brackets_inside_strings_are_no_levels() -> None:
    text = '\\"[{' * 500 + "\\\\"

    assert list(load_object(f'{{"a":"{text}"}}'.encode())) == ["a"]


@pytest.mark.parametrize(("levels", "taken"), [(MAX_DEPTH - 1, True), (MAX_DEPTH, False)])
def test_levels_are_counted_to_the_limit(levels: int, *, taken: bool) -> None:
    data = b'{"pad":[%s],"a":%s%s}' % (b",".join([b"{}"] * 100), b"[" * levels, b"]" * levels)

    if taken:
        load_object(data)
    else:
        with pytest.raises(ManifestInvalid, match="nested deeper"):
            load_object(data)


def test_a_missing_or_null_list_of_layers_is_empty() -> None:
    """Go writes an empty slice as null."""
    for document in (image(layers=None), image(layers=[]), without(image(), "layers")):
        assert parse_manifest(to_json(document), OCI_IMAGE).layers == ()


def test_foreign_layers_need_not_be_in_the_repository() -> None:
    foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    layer = LAYER | {"mediaType": foreign, "urls": ["https://example.org/x"], "digest": C}
    parsed = parse_manifest(to_json(image(layers=[LAYER, layer, LAYER | {"mediaType": foreign}])), OCI_IMAGE)

    assert [blob.digest for blob in parsed.blobs] == [A, B, B]
    assert list(parsed.references) == [A, B, C, B]


def test_an_old_build_cache_lists_its_layers_as_an_index() -> None:
    parsed = parse_manifest(to_json(index(manifests=[LAYER, CHILD])), OCI_INDEX)

    assert [child.is_manifest for child in parsed.manifests] == [False, True]


def test_an_artifact_s_type_is_its_own_or_its_config_s() -> None:
    """OCI distribution, "Listing Referrers"."""
    subject = {"mediaType": OCI_IMAGE, "digest": C, "size": 3}
    assert parse_manifest(to_json(image(subject=subject)), OCI_IMAGE).artifact_type == CONFIG["mediaType"]
    assert parse_manifest(to_json(image(subject=subject, artifactType="a/b")), OCI_IMAGE).artifact_type == "a/b"
    assert parse_manifest(to_json(index(subject=subject)), OCI_INDEX).artifact_type == ""


def test_a_subject_is_known_but_not_kept_alive() -> None:
    parsed = parse_manifest(to_json(image(subject={"mediaType": OCI_IMAGE, "digest": C, "size": 3})), OCI_IMAGE)

    assert parsed.subject is not None
    assert parsed.subject.digest == C
    assert C not in list(parsed.references)


def test_a_subject_may_be_null() -> None:
    assert parse_manifest(to_json(image(subject=None)), OCI_IMAGE).subject is None


# What lies on a volume


def test_stored_schema_1_keeps_every_digest_that_it_mentions() -> None:
    history = json.dumps({"id": "x", "parent": C})
    document = {
        "schemaVersion": 1,
        "fsLayers": [{"blobSum": A}, {"blobSum": B}],
        "history": [{"v1Compatibility": history}],
    }
    parsed = read_stored(to_json(document))

    assert (parsed.kind, parsed.media_type) == (Kind.SCHEMA_ONE, SCHEMA_ONE_SIGNED)
    assert set(parsed.references) == {A, B, C}


def test_a_stored_manifest_of_unknown_type_keeps_every_digest_that_it_mentions() -> None:
    parsed = read_stored(to_json({"mediaType": "application/x", "blobs": [LAYER], "deep": [[{"x": f"see {WIDE}"}]]}))

    assert (parsed.kind, parsed.media_type) == (Kind.OTHER, "application/x")
    assert set(parsed.references) == {B, WIDE}


@pytest.mark.parametrize(
    "document",
    [
        image(Layers=[{"digest": C}]),
        image(layers=[{"digest": C}]),
        image(manifests=[CHILD]),
        index(layers=[{"digest": A}]),
    ],
)
def test_a_stored_manifest_with_two_meanings_keeps_the_digests_of_both(document: dict[str, object]) -> None:
    """Whatever another registry took in must never lose a blob here."""
    mentioned = {digest for digest in (A, B, C) if digest in json.dumps(document)}

    assert set(read_stored(to_json(document)).references) == mentioned


def test_a_stored_manifest_with_a_key_given_twice_keeps_the_digests_of_both() -> None:
    data = json.dumps(image()).replace('"layers"', f'"layers": [{json.dumps(CHILD)}], "layers"').encode()

    assert set(read_stored(data).references) == {A, B, C}
    assert sniff_media_type(data) == OCI_IMAGE


@pytest.mark.parametrize(
    ("document", "media_type"),
    [
        (image(), OCI_IMAGE),
        (image(mediaType=DOCKER_IMAGE), DOCKER_IMAGE),
        (without(image(), "mediaType"), OCI_IMAGE),
        (without(index(), "mediaType"), OCI_INDEX),
        (image(mediaType="a/b\r\nSet-Cookie: x"), OCI_IMAGE),
        (image(mediaType=7), OCI_IMAGE),
        ({}, OCI_IMAGE),
    ],
)
def test_the_type_to_serve_is_read_off_the_document(document: dict[str, object], media_type: str) -> None:
    """As registry:2 does; and never text that could end a header."""
    assert sniff_media_type(to_json(document)) == media_type


@given(st.binary(max_size=200))
def test_any_bytes_are_a_manifest_or_a_refusal(data: bytes) -> None:
    for content_type in (OCI_IMAGE, OCI_INDEX, ""):
        with pytest.raises(ManifestInvalid):
            parse_manifest(data, content_type)


KEYS = st.sampled_from(
    ["schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "annotations", "artifactType", "Layers"]
)


@given(st.dictionaries(KEYS, JSON_VALUES), st.booleans())
def test_any_json_is_a_manifest_or_a_refusal(changes: dict[str, object], as_index: object) -> None:
    document = (index() if as_index else image()) | changes
    data = to_json(document)

    try:
        parsed = parse_manifest(data, "")
    except ManifestInvalid:
        assert read_stored(data).kind in set(Kind)
        return
    assert read_stored(data) == parsed
    assert sniff_media_type(data) == parsed.media_type


@given(JSON_VALUES)
def test_strict_loading_agrees_with_python_where_it_loads_at_all(value: object) -> None:
    data = to_json({"value": value})

    assert load_object(data) == json.loads(data)
