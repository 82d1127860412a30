import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.registry.strategies import DIGESTS, REPOSITORIES, TAGS

from homeport.registry.errors import BlobUploadUnknown, DigestInvalid, NameInvalid, TagInvalid
from homeport.registry.model.names import (
    as_digest,
    is_repository,
    is_tag,
    is_upload_id,
    parse_reference,
    parse_repository,
    parse_tag,
    parse_upload_id,
)


@given(REPOSITORIES)
def test_a_name_of_valid_components_is_taken_as_it_stands(name: str) -> None:
    assert parse_repository(name) == name


@pytest.mark.parametrize("name", ["a", "0", "a/b/c/d/e/f", "a.b_c__d-e---f", "library/ubuntu", "a" * 255])
def test_these_names_are_valid(name: str) -> None:
    """OCI distribution, "Pulling manifests"."""
    assert is_repository(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "/", "a/", "/a", "a//b", "A", "a/B", "_a", "a_", "-a", "a-", ".a", "a.", "a..b", "a___b", "a._b", "a b"),
        *("..", "../a", "a/../b", "a/./b", "_layers", "a/_manifests", "a\n", "a\0b", "ä", "a%2fb", "a:b", "a" * 256),
        *("a\u0661", "\uff41"),
    ],
)
def test_these_names_are_refused(name: str) -> None:
    assert not is_repository(name)
    with pytest.raises(NameInvalid) as caught:
        parse_repository(name)
    assert (caught.value.status, caught.value.code) == (400, "NAME_INVALID")


@given(st.text())
def test_no_name_that_is_taken_can_lead_out_of_its_directory(text: str) -> None:
    if is_repository(text):
        assert all(part not in {"", ".", ".."} and not part.startswith("_") for part in text.split("/"))


def test_a_hostile_name_is_refused_in_no_time() -> None:
    assert not is_repository("a" + "-" * 200 + "!")
    assert not is_repository("a_" * 127 + "!")


@given(TAGS)
def test_a_valid_tag_is_taken_as_it_stands(tag: str) -> None:
    assert parse_tag(tag) == tag
    assert as_digest(parse_reference(tag)) is None


@pytest.mark.parametrize("tag", ["", ".a", "-a", "a/b", "a b", "a\n", "é", "٣", "a" * 129, "a:b", "..", "a\0"])
def test_these_tags_are_refused(tag: str) -> None:
    assert not is_tag(tag)
    with pytest.raises(TagInvalid):
        parse_tag(tag)


@given(DIGESTS)
def test_a_reference_with_a_colon_is_a_digest(digest: str) -> None:
    assert as_digest(parse_reference(digest)) == digest


@pytest.mark.parametrize("text", ["sha256:abc", "a:b", ":", "sha256:" + "G" * 64])
def test_a_reference_with_a_colon_that_is_no_digest_is_refused_as_one(text: str) -> None:
    with pytest.raises(DigestInvalid):
        parse_reference(text)


@pytest.mark.parametrize("text", ["", "..", "../x", "0190a0b0-0000-7000-8000-00000000000", "x" * 36, "A" * 36])
def test_an_upload_id_that_is_no_uuid_names_no_upload(text: str) -> None:
    assert not is_upload_id(text)
    with pytest.raises(BlobUploadUnknown):
        parse_upload_id(text)


@given(st.uuids())
def test_any_uuid_may_name_an_upload(identifier: object) -> None:
    assert parse_upload_id(str(identifier)) == str(identifier)
