"""OCI distribution 1.1, end-1, errors, and what HTTP asks of every route."""

import pytest
from tests.images import digest_of
from tests.wire import Client

ABSENT = digest_of(b"nobody has pushed this")


def test_the_base_says_that_this_is_a_registry(registry: Client) -> None:
    """OCI distribution, end-1."""
    response = registry.get("/v2/")

    assert response.status == 200
    assert response.header("Docker-Distribution-Api-Version") == "registry/2.0"
    assert response.header("Content-Type").split(";")[0] == "application/json"
    assert response.json() == {}


def test_the_base_answers_head(registry: Client) -> None:
    response = registry.head("/v2/")

    assert response.status == 200
    assert response.body == b""


def test_the_base_without_its_slash_leads_to_it(registry: Client) -> None:
    response = registry.get("/v2")

    assert response.status in {200, 301, 307, 308}


def test_the_root_answers_probes(registry: Client) -> None:
    assert registry.anonymous().get("/").status == 200


@pytest.mark.parametrize(
    "target",
    ["/v2/", "/v2/{name}/tags/list", f"/v2/{{name}}/blobs/{ABSENT}", "/v2/{name}/blobs/uploads/none", "/v2/nowhere"],
)
def test_every_answer_names_the_api_version(registry: Client, name: str, target: str) -> None:
    response = registry.get(target.format(name=name))

    assert response.header("Docker-Distribution-Api-Version") == "registry/2.0"


@pytest.mark.parametrize(
    ("target", "codes"),
    [
        ("/v2/{name}/tags/list", {"NAME_UNKNOWN"}),
        ("/v2/{name}/manifests/latest", {"MANIFEST_UNKNOWN", "NAME_UNKNOWN"}),
        (f"/v2/{{name}}/manifests/{ABSENT}", {"MANIFEST_UNKNOWN", "NAME_UNKNOWN"}),
        (f"/v2/{{name}}/blobs/{ABSENT}", {"BLOB_UNKNOWN", "NAME_UNKNOWN"}),
        ("/v2/{name}/blobs/uploads/019b76da-a800-7000-8000-000000000001", {"BLOB_UPLOAD_UNKNOWN", "NAME_UNKNOWN"}),
    ],
)
def test_what_is_not_there_is_404_with_its_code(registry: Client, name: str, target: str, codes: set[str]) -> None:
    """OCI distribution, "Error Codes"."""
    response = registry.get(target.format(name=name))

    assert response.status == 404
    assert response.problem().code in codes


@pytest.mark.parametrize("target", ["/v2/nowhere", "/v2/a/b/c", "/v2/a/manifests/", "/v2/a/tags/lists", "/v2/_oci/x"])
def test_an_unknown_route_under_v2_is_404_in_the_specs_json(registry: Client, target: str) -> None:
    response = registry.get(target)

    assert response.status == 404
    assert response.problem().message


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/v2/"),
        ("PUT", "/v2/_catalog"),
        ("DELETE", "/v2/{name}/tags/list"),
        ("POST", "/v2/{name}/manifests/latest"),
        ("PATCH", f"/v2/{{name}}/blobs/{ABSENT}"),
        ("PUT", "/v2/{name}/blobs/uploads/"),
        ("POST", f"/v2/{{name}}/referrers/{ABSENT}"),
    ],
)
def test_a_wrong_method_is_405_and_says_which_are_right(registry: Client, name: str, method: str, target: str) -> None:
    """RFC 9110, 15.5.6: the answer carries Allow."""
    response = registry.request(method, target.format(name=name))

    assert response.status == 405
    assert response.problem().code == "UNSUPPORTED"
    assert method not in response.header("Allow")


def test_a_method_that_nobody_knows_is_refused(registry: Client, name: str) -> None:
    """RFC 9110, 9.1: 501 where a method is unknown; a parser may find it no request at all."""
    assert registry.request("BREW", f"/v2/{name}/tags/list").status in {400, 405, 501}


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("/v2/", {"GET", "HEAD"}),
        ("/v2/{name}/tags/list", {"GET"}),
        ("/v2/{name}/manifests/latest", {"GET", "HEAD", "PUT", "DELETE"}),
        (f"/v2/{{name}}/blobs/{ABSENT}", {"GET", "HEAD", "DELETE"}),
        ("/v2/{name}/blobs/uploads/", {"POST"}),
    ],
)
def test_options_needs_no_password_and_lists_the_methods(
    registry: Client, name: str, target: str, allowed: set[str]
) -> None:
    """A browser's preflight carries no password: distribution#4458."""
    response = registry.anonymous().request("OPTIONS", target.format(name=name))

    assert response.status in {200, 204}
    assert allowed <= {method.strip() for method in response.header("Allow").split(",")}


def test_no_answer_is_content_encoded(registry: Client, name: str) -> None:
    """Containerd asks for zstd and gzip on blobs; digests are of the bytes as stored."""
    digest = registry.push_blob(name, b"compressible " * 1000)

    response = registry.get(f"/v2/{name}/blobs/{digest}", accept_encoding="zstd, gzip, deflate")

    assert response.headers["Content-Encoding"] is None
    assert digest_of(response.body) == digest


def test_repository_names_nest_deeply(registry: Client, name: str) -> None:
    """OCI distribution, "Pulling manifests": any number of components."""
    deep = f"{name}/a.b/c_d/e__f/g---h/0"

    digest = registry.push_blob(deep, b"deep")

    assert registry.get(f"/v2/{deep}/blobs/{digest}").body == b"deep"


@pytest.mark.parametrize("component", ["manifests", "blobs", "tags", "uploads", "referrers", "list", "v2"])
def test_route_words_may_be_parts_of_a_name(registry: Client, name: str, component: str) -> None:
    """`/v2/a/blobs/tags/list` is the tag list of the repository `a/blobs`."""
    awkward = f"{name}/{component}/x"

    digest = registry.push_blob(awkward, component.encode())

    assert registry.get(f"/v2/{awkward}/blobs/{digest}").body == component.encode()
