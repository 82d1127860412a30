"""OCI distribution 1.1, end-4a, 4b, 5, 6, 13, 14: blobs on their way in."""

import re

import pytest
from tests.images import digest_of, noise
from tests.wire import OCTETS_ARGUMENT, Client, received, target_of, with_query

DATA = noise("uploaded", 100_000)
DIGEST = digest_of(DATA)
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def finish(registry: Client, location: str, data: bytes = b"", digest: str = DIGEST) -> int:
    """Close a session; the status."""
    return registry.put(with_query(location, digest=digest), data, **OCTETS_ARGUMENT).status


def test_post_opens_a_session(registry: Client, name: str) -> None:
    """OCI distribution, end-4a."""
    response = registry.post(f"/v2/{name}/blobs/uploads/")

    assert response.status == 202
    assert re.search(UUID, response.header("Location"))
    assert response.header("Location").partition("?")[0].endswith(response.header("Docker-Upload-UUID"))
    assert response.header("Range") == "0-0"
    assert response.header("Content-Length") == "0"


def test_every_session_is_another_one(registry: Client, name: str) -> None:
    assert registry.start_upload(name) != registry.start_upload(name)


def test_post_then_put_makes_a_blob(registry: Client, name: str) -> None:
    """OCI distribution, end-6."""
    location = registry.start_upload(name)

    response = registry.put(with_query(location, digest=DIGEST), DATA, **OCTETS_ARGUMENT)

    assert response.status == 201
    assert response.header("Docker-Content-Digest") == DIGEST
    assert response.header("Content-Length") == "0"
    assert registry.get(target_of(response)).body == DATA


def test_a_put_of_unknown_length_makes_a_blob(registry: Client, name: str) -> None:
    location = registry.start_upload(name)

    response = registry.put(with_query(location, digest=DIGEST), iter([DATA[:7], DATA[7:]]), **OCTETS_ARGUMENT)

    assert response.status == 201
    assert registry.get(target_of(response)).body == DATA


def test_a_single_post_makes_a_blob(registry: Client, name: str) -> None:
    """OCI distribution, end-4b."""
    response = registry.post(f"/v2/{name}/blobs/uploads/?digest={DIGEST}", DATA, **OCTETS_ARGUMENT)

    assert response.status == 201
    assert response.header("Docker-Content-Digest") == DIGEST
    assert registry.get(target_of(response)).body == DATA


def test_a_single_post_with_the_wrong_digest_is_refused(registry: Client, name: str) -> None:
    wrong = digest_of(b"something else")

    response = registry.post(f"/v2/{name}/blobs/uploads/?digest={wrong}", DATA, **OCTETS_ARGUMENT)

    assert response.status == 400
    assert response.problem().code == "DIGEST_INVALID"
    assert registry.head(f"/v2/{name}/blobs/{wrong}").status == 404
    assert registry.head(f"/v2/{name}/blobs/{DIGEST}").status == 404


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunked coding"])
def test_a_streamed_patch_and_an_empty_put_make_a_blob(registry: Client, name: str, *, chunked: bool) -> None:
    """Docker and podman push so: one PATCH without Content-Range."""
    location = registry.start_upload(name)

    patched = registry.patch(location, iter([DATA[:50_000], DATA[50_000:]]) if chunked else DATA)

    assert patched.status == 202
    assert patched.header("Range") == f"0-{len(DATA) - 1}"
    assert patched.header("Docker-Upload-UUID")
    assert finish(registry, target_of(patched)) == 201
    assert registry.get(f"/v2/{name}/blobs/{DIGEST}").body == DATA


def test_chunks_in_order_make_a_blob(registry: Client, name: str) -> None:
    """OCI distribution, end-5, "Pushing a blob in chunks"."""
    location = registry.start_upload(name)

    for start in range(0, len(DATA), 30_000):
        chunk = DATA[start : start + 30_000]
        end = start + len(chunk) - 1
        response = registry.patch(location, chunk, content_range=f"{start}-{end}")
        assert response.status == 202
        assert response.header("Range") == f"0-{end}"
        location = target_of(response)

    assert finish(registry, location) == 201
    assert registry.get(f"/v2/{name}/blobs/{DIGEST}").body == DATA


def test_the_last_chunk_may_come_with_the_put(registry: Client, name: str) -> None:
    location = target_of(registry.patch(registry.start_upload(name), DATA[:60_000], content_range="0-59999"))

    response = registry.put(
        with_query(location, digest=DIGEST), DATA[60_000:], content_range="60000-99999", **OCTETS_ARGUMENT
    )

    assert response.status == 201
    assert registry.get(f"/v2/{name}/blobs/{DIGEST}").body == DATA


@pytest.mark.parametrize("start", [0, 59_999, 60_001, 90_000], ids=["repeated", "overlapping", "one off", "far"])
def test_a_chunk_out_of_order_is_416_and_changes_nothing(registry: Client, name: str, start: int) -> None:
    """OCI distribution, end-5: the answer says where to go on."""
    location = target_of(registry.patch(registry.start_upload(name), DATA[:60_000], content_range="0-59999"))

    refused = registry.patch(location, DATA[start : start + 10_000], content_range=f"{start}-{start + 9_999}")

    assert refused.status == 416
    assert refused.header("Range") == "0-59999"
    assert registry.get(target_of(refused)).header("Range") == "0-59999"
    assert finish(registry, target_of(refused), DATA[60_000:]) == 201


def test_a_first_chunk_that_does_not_begin_at_zero_is_416(registry: Client, name: str) -> None:
    response = registry.patch(registry.start_upload(name), DATA[10:20], content_range="10-19")

    assert response.status == 416


def test_a_last_chunk_out_of_order_is_416_and_the_session_lives(registry: Client, name: str) -> None:
    """Distribution does not look at Content-Range here, finds a wrong digest and drops the session."""
    location = target_of(registry.patch(registry.start_upload(name), DATA[:60_000], content_range="0-59999"))
    closing = with_query(location, digest=DIGEST)

    refused = registry.put(closing, DATA[70_000:], content_range="70000-99999", **OCTETS_ARGUMENT)

    assert refused.status == 416
    assert registry.get(location).header("Range") == "0-59999"


@pytest.mark.parametrize("content_range", ["9-0", "a-b", "0", "-5", "0-9-9", "0-99999999999999999999999999"])
def test_a_content_range_that_is_none_is_refused(registry: Client, name: str, content_range: str) -> None:
    location = registry.start_upload(name)

    response = registry.patch(location, DATA[:10], content_range=content_range)

    assert response.status in {400, 416}
    assert registry.get(location).header("Range") == "0-0"


def test_a_content_range_longer_than_the_body_is_refused(registry: Client, name: str) -> None:
    location = registry.start_upload(name)

    assert registry.patch(location, DATA[:10], content_range="0-19").status in {400, 416}


def test_the_status_says_how_far_an_upload_has_come(registry: Client, name: str) -> None:
    """OCI distribution, end-13."""
    location = registry.start_upload(name)
    fresh = registry.get(location)
    registry.patch(location, DATA[:1234])

    response = registry.get(location)

    assert fresh.status == 204
    assert fresh.header("Range") == "0-0"
    assert response.status == 204
    assert received(response) == 1234
    assert target_of(response)


def test_a_cancelled_upload_is_gone(registry: Client, name: str) -> None:
    """OCI distribution, end-14."""
    location = target_of(registry.patch(registry.start_upload(name), DATA))

    assert registry.delete(location).status == 204

    assert registry.get(location).problem().code == "BLOB_UPLOAD_UNKNOWN"
    assert registry.patch(location, DATA).status == 404
    assert finish(registry, location, DATA) == 404
    assert registry.delete(location).status == 404


def test_a_finished_upload_is_gone(registry: Client, name: str) -> None:
    location = registry.start_upload(name)
    finish(registry, location, DATA)

    response = registry.get(location)

    assert response.status == 404
    assert response.problem().code == "BLOB_UPLOAD_UNKNOWN"


def test_a_session_belongs_to_its_repository(registry: Client, name: str, other_name: str) -> None:
    location = registry.start_upload(name)

    response = registry.patch(location.replace(name, other_name), DATA)

    assert response.status == 404
    assert response.problem().code == "BLOB_UPLOAD_UNKNOWN"


def test_a_wrong_digest_makes_no_blob(registry: Client, name: str) -> None:
    wrong = digest_of(b"something else")
    location = registry.start_upload(name)

    response = registry.put(with_query(location, digest=wrong), DATA, **OCTETS_ARGUMENT)

    assert response.status == 400
    assert response.problem().code == "DIGEST_INVALID"
    assert registry.head(f"/v2/{name}/blobs/{wrong}").status == 404
    assert registry.head(f"/v2/{name}/blobs/{DIGEST}").status == 404


@pytest.mark.parametrize(
    "query",
    [
        "",
        "digest=",
        "digest=nonsense",
        "digest=sha256:abc",
        "digest=md5:d41d8cd98f00b204e9800998ecf8427e",
        "digest=sha256:" + "g" * 64,
        "digest=sha256:" + DIGEST[7:].upper(),
        "digest=sha256:../../../../etc/passwd",
    ],
)
def test_closing_without_a_proper_digest_is_400_and_the_session_lives(registry: Client, name: str, query: str) -> None:
    location = target_of(registry.patch(registry.start_upload(name), DATA))
    glue = "&" if "?" in location else "?"

    response = registry.put(f"{location}{glue}{query}")

    assert response.status == 400
    assert response.problem().code == "DIGEST_INVALID"
    assert finish(registry, location) == 201


def test_unknown_query_parameters_are_ignored(registry: Client, name: str) -> None:
    """Clients keep what Location brought and append what they please."""
    location = registry.start_upload(name)

    response = registry.put(with_query(location, x="1", digest=DIGEST, _state="old"), DATA, **OCTETS_ARGUMENT)

    assert response.status == 201


def test_a_blob_may_be_pushed_twice(registry: Client, name: str) -> None:
    registry.push_blob(name, DATA)

    assert registry.push_blob(name, DATA) == DIGEST
    assert registry.get(f"/v2/{name}/blobs/{DIGEST}").body == DATA


def test_an_upload_is_no_blob_before_it_is_closed(registry: Client, name: str) -> None:
    registry.patch(registry.start_upload(name), DATA)

    assert registry.head(f"/v2/{name}/blobs/{DIGEST}").status == 404


def test_a_chunk_needs_no_content_type(registry: Client, name: str) -> None:
    location = registry.start_upload(name)

    assert registry.request("PATCH", location, body=DATA).status == 202


def test_a_chunk_of_another_type_is_taken_or_refused_whole(registry: Client, name: str) -> None:
    """OCI distribution, end-5: chunks are application/octet-stream; distribution answers 500 to others."""
    location = registry.start_upload(name)

    response = registry.request("PATCH", location, body=DATA, headers={"Content-Type": "application/x-tar"})

    assert response.status in {202, 400, 404, 415}
    rest = b"" if response.status == 202 else DATA
    assert finish(registry, location, rest) == 201


def test_a_large_blob_comes_back_whole(registry: Client, name: str) -> None:
    pieces = [noise(f"large {number}", 1 << 20) for number in range(24)]
    digest = digest_of(b"".join(pieces))

    patched = registry.patch(registry.start_upload(name), iter(pieces))

    assert finish(registry, target_of(patched), digest=digest) == 201
    assert digest_of(registry.get(f"/v2/{name}/blobs/{digest}").body) == digest
