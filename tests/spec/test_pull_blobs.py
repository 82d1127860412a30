"""OCI distribution 1.1, end-2: blobs, whole and in part."""

import re
from email.parser import BytesParser
from email.policy import HTTP

import pytest
from tests.images import digest_of, noise
from tests.wire import Client, Response

SIZE = 300_000
DATA = noise("pulled", SIZE)


@pytest.fixture
def blob(registry: Client, name: str) -> str:
    """The target of a blob of 300,000 bytes."""
    return f"/v2/{name}/blobs/{registry.push_blob(name, DATA)}"


def parts_of(response: Response) -> list[tuple[str, bytes]]:
    """The parts of multipart/byteranges: Content-Range and bytes."""
    head = b"Content-Type: " + response.header("Content-Type").encode() + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + response.body)
    boundary = message.get_boundary()
    assert boundary
    found = []
    for piece in response.body.split(b"--" + boundary.encode())[1:-1]:
        header, _, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        match = re.search(rb"(?im)^Content-Range: *(bytes [0-9/-]+)", header)
        assert match, header
        found.append((match[1].decode(), body.removesuffix(b"\r\n")))
    return found


def test_a_blob_comes_back_byte_for_byte(registry: Client, blob: str) -> None:
    response = registry.get(blob)

    assert response.status == 200
    assert response.body == DATA
    assert response.header("Content-Length") == str(SIZE)
    assert response.header("Content-Type") == "application/octet-stream"


def test_a_blob_says_its_digest_and_may_be_cached_for_ever(registry: Client, blob: str) -> None:
    response = registry.get(blob)

    assert response.header("Docker-Content-Digest") == digest_of(DATA)
    assert response.header("ETag") == f'"{digest_of(DATA)}"'
    assert response.header("Accept-Ranges") == "bytes"
    assert "max-age=" in response.header("Cache-Control")


def test_head_says_all_but_the_bytes(registry: Client, blob: str) -> None:
    response = registry.head(blob)

    assert response.status == 200
    assert response.body == b""
    assert response.header("Content-Length") == str(SIZE)
    assert response.header("Docker-Content-Digest") == digest_of(DATA)
    assert response.header("Accept-Ranges") == "bytes"


def test_head_of_an_absent_blob_is_404_without_a_body(registry: Client, blob: str) -> None:
    response = registry.head(blob.rpartition("/")[0] + "/" + digest_of(b"absent"))

    assert response.status == 404
    assert response.body == b""


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=299999-", 299_999, 299_999),
        ("bytes=100000-199999", 100_000, 199_999),
        ("bytes=299990-400000", 299_990, 299_999),
        ("bytes=-10", 299_990, 299_999),
        ("bytes=-999999", 0, 299_999),
        ("bytes=0-", 0, 299_999),
    ],
)
def test_a_single_range_is_206_with_just_those_bytes(
    registry: Client, blob: str, asked: str, first: int, last: int
) -> None:
    """RFC 9110, 14.2 and 15.3.7."""
    response = registry.get(blob, range=asked)

    assert response.status == 206
    assert response.header("Content-Range") == f"bytes {first}-{last}/{SIZE}"
    assert response.header("Content-Length") == str(last - first + 1)
    assert response.body == DATA[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=300000-", "bytes=300000-300001", "bytes=-0"])
def test_a_range_behind_the_end_is_416_with_the_size(registry: Client, blob: str, asked: str) -> None:
    """RFC 9110, 15.5.17."""
    response = registry.get(blob, range=asked)

    assert response.status == 416
    assert response.header("Content-Range") == f"bytes */{SIZE}"


@pytest.mark.parametrize("asked", ["bytes=5-1", "bytes=a-b", "lines=1-2", "bytes=", "bytes=--5", "bytes=1-2-3"])
def test_a_range_that_is_none_is_ignored_or_refused_but_never_guessed(registry: Client, blob: str, asked: str) -> None:
    """RFC 9110, 14.2: an invalid Range may be ignored or answered with 416."""
    response = registry.get(blob, range=asked)

    assert response.status in {200, 416}
    assert response.status == 416 or response.body == DATA


def test_several_ranges_come_as_one_multipart(registry: Client, blob: str) -> None:
    """RFC 9110, 14.6; podman reads zstd:chunked layers this way."""
    response = registry.get(blob, range="bytes=0-9,1000-1999,-5")

    assert response.status == 206
    assert parts_of(response) == [
        (f"bytes 0-9/{SIZE}", DATA[:10]),
        (f"bytes 1000-1999/{SIZE}", DATA[1000:2000]),
        (f"bytes 299995-299999/{SIZE}", DATA[-5:]),
    ]
    assert response.header("Content-Length") == str(len(response.body))


def test_the_boundary_is_of_letters_and_digits(registry: Client, blob: str) -> None:
    """containers/image reads it with `multipart/byteranges; boundary=([A-Za-z-0-9:]+)`."""
    response = registry.get(blob, range="bytes=0-1,100-101")

    assert re.fullmatch(r"multipart/byteranges; boundary=[A-Za-z0-9]+", response.header("Content-Type"))


def test_a_thousand_tiny_ranges_cannot_multiply_the_blob(registry: Client, blob: str) -> None:
    """RFC 9110, 17.15: overlapping ranges are a way to make a server send much more than it stores."""
    asked = "bytes=" + ",".join(["0-"] * 1000)

    response = registry.get(blob, range=asked)

    assert response.status in {200, 206, 400, 416, 431}
    assert len(response.body) <= 2 * SIZE


def test_the_same_etag_gives_304_without_a_body(registry: Client, blob: str) -> None:
    etag = registry.head(blob).header("ETag")

    response = registry.get(blob, if_none_match=etag)

    assert response.status == 304
    assert response.body == b""
    assert response.header("ETag") == etag


@pytest.mark.parametrize("condition", ['"other", {etag}', "W/{etag}", "*"])
def test_lists_weak_tags_and_the_star_match_too(registry: Client, blob: str, condition: str) -> None:
    """RFC 9110, 13.1.2: If-None-Match compares weakly."""
    etag = registry.head(blob).header("ETag")

    assert registry.head(blob, if_none_match=condition.format(etag=etag)).status == 304


def test_another_etag_gives_the_blob(registry: Client, blob: str) -> None:
    assert registry.get(blob, if_none_match='"sha256:0"').body == DATA


def test_if_range_with_the_etag_gives_the_part(registry: Client, blob: str) -> None:
    """RFC 9110, 13.1.5."""
    etag = registry.head(blob).header("ETag")

    assert registry.get(blob, range="bytes=0-9", if_range=etag).status == 206


def test_if_range_with_another_etag_gives_the_whole(registry: Client, blob: str) -> None:
    response = registry.get(blob, range="bytes=0-9", if_range='"another"')

    assert response.status == 200
    assert response.body == DATA


def test_head_ignores_range(registry: Client, blob: str) -> None:
    """RFC 9110, 14.2: Range is defined for GET alone."""
    response = registry.head(blob, range="bytes=0-9")

    assert response.status == 200
    assert response.header("Content-Length") == str(SIZE)


def test_the_empty_blob_is_a_blob(registry: Client, name: str) -> None:
    digest = registry.push_blob(name, b"")

    response = registry.get(f"/v2/{name}/blobs/{digest}")

    assert digest == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (response.status, response.body) == (200, b"")
    assert registry.head(f"/v2/{name}/blobs/{digest}").header("Content-Length") == "0"


def test_a_range_of_the_empty_blob_is_never_206(registry: Client, name: str) -> None:
    digest = registry.push_blob(name, b"")

    assert registry.get(f"/v2/{name}/blobs/{digest}", range="bytes=0-0").status in {200, 416}


def test_the_colon_of_a_digest_may_be_percent_encoded(registry: Client, blob: str) -> None:
    assert registry.get(blob.replace("sha256:", "sha256%3A")).body == DATA
