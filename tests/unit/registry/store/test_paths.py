import re

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.registry.strategies import DIGESTS, REPOSITORIES, TAGS

from homeport.registry.model.digest import digest_of
from homeport.registry.model.names import parse_repository, parse_tag, parse_upload_id
from homeport.registry.store.paths import Paths

PATHS = Paths("/r")
NAME = parse_repository("library/app")
TAG = parse_tag("v1")
A = digest_of(b"a")
HEX = A.removeprefix("sha256:")


def test_paths_are_those_of_distribution() -> None:
    """Written out, so that a refactoring cannot move a volume's content."""
    repository = "/r/docker/registry/v2/repositories/library/app"
    upload = parse_upload_id("0190a0b0-0000-7000-8000-000000000001")

    assert PATHS.blob(A) == f"/r/docker/registry/v2/blobs/sha256/{HEX[:2]}/{HEX}/data"
    assert PATHS.layer_link(NAME, A) == f"{repository}/_layers/sha256/{HEX}/link"
    assert PATHS.revision_link(NAME, A) == f"{repository}/_manifests/revisions/sha256/{HEX}/link"
    assert PATHS.tag_current_link(NAME, TAG) == f"{repository}/_manifests/tags/v1/current/link"
    assert PATHS.tag_index_link(NAME, TAG, A) == f"{repository}/_manifests/tags/v1/index/sha256/{HEX}/link"
    assert PATHS.upload_data(NAME, upload) == f"{repository}/_uploads/{upload}/data"
    assert PATHS.upload_started_at(NAME, upload) == f"{repository}/_uploads/{upload}/startedat"


def test_a_sha512_link_has_its_own_algorithm_s_directory() -> None:
    wide = digest_of(b"a", "sha512")

    assert f"/_layers/sha512/{wide.removeprefix('sha512:')}/link" in PATHS.layer_link(NAME, wide)


@given(REPOSITORIES, TAGS, DIGESTS, st.uuids())
def test_no_path_leaves_the_root(name: str, tag: str, digest: str, upload: object) -> None:
    repository, parsed_tag = parse_repository(name), parse_tag(tag)
    session = parse_upload_id(str(upload))
    blob = digest_of(digest.encode())

    for path in (
        PATHS.blob(blob),
        PATHS.layer_link(repository, blob),
        PATHS.tag_index_link(repository, parsed_tag, blob),
        PATHS.upload_data(repository, session),
    ):
        assert path.startswith("/r/docker/registry/v2/")
        assert not re.search(r"(^|/)\.{1,2}(/|$)|//", path)
