"""OCI distribution 1.1, end-8, and the catalog: lists in order and in pages."""

from collections.abc import Iterator

import pytest
from tests.images import OCI_EMPTY, OCI_MANIFEST, descriptor, digest_of, encode
from tests.wire import Client, Response, next_page

MANIFEST = encode(
    {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_EMPTY, b"{}"),
        "layers": [],
    }
)
TAGS = ["1.0", "1.10", "1.9", "A", "Z", "_x", "a", "b-1", "b.1", "b_1", "z"]
"""In the order of their bytes, which is not that of people or of case-blind sorting."""


@pytest.fixture
def tagged(registry: Client, name: str) -> str:
    """The tag list of a repository with eleven tags, pushed out of order."""
    registry.push_blob(name, b"{}")
    for tag in sorted(TAGS, key=lambda tag: tag[::-1]):
        assert registry.put_manifest(name, tag, MANIFEST).status == 201
    return f"/v2/{name}/tags/list"


def pages(registry: Client, target: str) -> Iterator[Response]:
    """A list's pages, following Link."""
    following: str | None = target
    while following:
        response = registry.get(following)
        assert response.status == 200, response
        yield response
        following = next_page(response)


class TestTags:
    """`/v2/<name>/tags/list`."""

    def test_all_tags_in_the_order_of_their_bytes(self, registry: Client, name: str, tagged: str) -> None:
        """OCI distribution, end-8a."""
        response = registry.get(tagged)

        assert response.status == 200
        assert response.header("Content-Type").split(";")[0] == "application/json"
        assert response.document() == {"name": name, "tags": TAGS}
        assert next_page(response) is None

    @pytest.mark.parametrize("size", [1, 2, 3, 5, 10, 11, 12, 1000])
    def test_the_pages_make_the_list(self, registry: Client, tagged: str, size: int) -> None:
        """OCI distribution, end-8b."""
        found = [response.strings("tags") for response in pages(registry, f"{tagged}?n={size}")]

        assert [tag for page in found for tag in page] == TAGS
        assert all(len(page) == size for page in found[:-1])

    def test_a_page_ends_before_the_next_begins(self, registry: Client, tagged: str) -> None:
        response = registry.get(f"{tagged}?n=3&last=1.9")

        assert response.strings("tags") == TAGS[3:6]
        assert next_page(response) in {f"{tagged}?n=3&last=_x", f"{tagged}?last=_x&n=3"}

    def test_last_alone_gives_the_rest(self, registry: Client, tagged: str) -> None:
        assert registry.get(f"{tagged}?last=b.1").strings("tags") == ["b_1", "z"]

    def test_last_need_not_be_there_any_more(self, registry: Client, tagged: str) -> None:
        """Distribution 3.0 skips one tag then, zot answers 404."""
        assert registry.get(f"{tagged}?last=b.0").strings("tags") == ["b.1", "b_1", "z"]

    def test_behind_the_end_is_an_empty_list(self, registry: Client, tagged: str) -> None:
        response = registry.get(f"{tagged}?last=zz&n=5")

        assert response.strings("tags") == []
        assert next_page(response) is None

    def test_n_of_zero_is_an_empty_list_without_link(self, registry: Client, tagged: str) -> None:
        """OCI distribution: "MUST return an empty list, and MUST NOT include a Link header"."""
        response = registry.get(f"{tagged}?n=0")

        assert response.status == 200
        assert response.strings("tags") == []
        assert next_page(response) is None

    @pytest.mark.parametrize("n", ["-1", "abc", "", "1e3", "99999999999999999999999", "1000000", "%00", "%EF%BC%91"])
    def test_an_odd_n_is_clamped_never_refused(self, registry: Client, tagged: str, n: str) -> None:
        """Distribution answers 400 above its maximum, which broke user interfaces: Joxit#306."""
        response = registry.get(f"{tagged}?n={n}")

        assert response.status == 200
        assert set(response.strings("tags")) <= set(TAGS)

    def test_the_same_parameter_twice_is_no_trouble(self, registry: Client, tagged: str) -> None:
        assert registry.get(f"{tagged}?n=2&n=3&last=a&last=b").status == 200

    def test_a_repository_that_does_not_exist_is_404(self, registry: Client, name: str) -> None:
        response = registry.get(f"/v2/{name}/tags/list")

        assert response.status == 404
        assert response.problem().code == "NAME_UNKNOWN"

    def test_a_repository_whose_manifests_have_no_tags_lists_none(self, registry: Client, name: str) -> None:
        """Distribution 2.8 sends `null`, on which clients stumble."""
        registry.push_blob(name, b"{}")
        registry.put_manifest(name, digest_of(MANIFEST), MANIFEST)

        response = registry.get(f"/v2/{name}/tags/list")

        assert response.status == 200
        assert response.strings("tags") == []


class TestCatalog:
    """`/v2/_catalog`."""

    @pytest.fixture
    def names(self, registry: Client, name: str) -> list[str]:
        """Five repositories with an image each, in order."""
        found = [f"{name}/{part}" for part in ("a", "a-b", "a/b", "a_b", "b")]
        for repository in reversed(found):
            registry.push_blob(repository, b"{}")
            registry.put_manifest(repository, "latest", MANIFEST)
        return found

    def test_all_repositories_appear_in_order(self, registry: Client, names: list[str]) -> None:
        found = [name for page in pages(registry, "/v2/_catalog?n=1000") for name in page.strings("repositories")]

        assert found == sorted(found)
        assert set(names) <= set(found)

    @pytest.mark.usefixtures("names")
    def test_the_pages_make_the_catalog(self, registry: Client) -> None:
        whole = [name for page in pages(registry, "/v2/_catalog?n=1000") for name in page.strings("repositories")]

        paged = [page.strings("repositories") for page in pages(registry, "/v2/_catalog?n=2")]

        assert [name for page in paged for name in page] == whole
        assert all(len(page) <= 2 for page in paged)

    def test_last_gives_what_comes_behind(self, registry: Client, names: list[str]) -> None:
        response = registry.get(f"/v2/_catalog?n=2&last={names[0]}")

        assert response.strings("repositories") == names[1:3]
        assert next_page(response)

    @pytest.mark.usefixtures("names")
    def test_n_of_zero_lists_nothing(self, registry: Client) -> None:
        response = registry.get("/v2/_catalog?n=0")

        assert response.strings("repositories") == []
        assert next_page(response) is None

    @pytest.mark.usefixtures("names")
    @pytest.mark.parametrize("n", ["-1", "abc", "", "1001", "9" * 40])
    def test_an_odd_n_is_clamped_never_refused(self, registry: Client, n: str) -> None:
        response = registry.get(f"/v2/_catalog?n={n}")

        assert response.status == 200
        assert response.strings("repositories")
