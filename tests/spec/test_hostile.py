"""Names, digests, ids and documents made to hurt: a clean 4xx every time, and a server that goes on."""

from collections.abc import Iterator

import pytest
from tests.images import DOCKER_MANIFEST, OCI_EMPTY, OCI_INDEX, OCI_MANIFEST, descriptor, digest_of, encode
from tests.wire import Client, Response, target_of, with_query

LONGEST_SENSIBLE_TARGET = 4000
DIGEST = digest_of(b"hostile")
HOSTILE_NAMES = [
    "UPPER",
    "a//b",
    "../../etc",
    "a/../b",
    "a/./b",
    "..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc",
    "..%2f..%2fetc",
    "%252e%252e%252f",
    "-a",
    "a-",
    "a..b",
    "a___b",
    "_layers",
    "a/_manifests",
    "a/_uploads/x",
    "%00",
    "a%00b",
    "a%0d%0aX-Injected:%20yes",
    "a%20b",
    "%ff%fe",
    "%c3%a9",
    "a%5cb",
    "%zz",
    "a" * 256,
    "a/" * 5000 + "a",
    "a" * 10_000,
]
HOSTILE_REFERENCES = [
    "..",
    ".hidden",
    "-x",
    "a%2f..%2f..%2fb",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2fx",
    "%00",
    "a%00b",
    "a%0d%0aX-Injected:%20yes",
    "a%20b",
    "x" * 129,
    "x" * 10_000,
    "sha256:",
    "sha256:..%2f..%2fetc",
    "sha256:" + "0" * 63,
    "sha256:" + "0" * 65,
    "sha256:" + "G" * 64,
    "sha512:" + "0" * 64,
    "md5:" + "0" * 32,
    "%ff%fe",
    "%C3%A9",
]


@pytest.fixture(autouse=True)
def still_there(registry: Client) -> Iterator[None]:
    """Whatever was sent, the registry answers afterwards."""
    yield
    assert registry.get("/v2/").status == 200


def check_refused(response: Response, method: str, target: str) -> None:
    """A clean refusal: 4xx, the specification's JSON, nothing injected, nothing of the file system."""
    assert 400 <= response.status < 500, (response.status, response.body[:300])
    assert response.headers["X-Injected"] is None
    assert b"Traceback" not in response.body
    assert b"root:" not in response.body
    assert b"/_layers" not in response.body
    # What is too long to be a request at all is refused before anybody knows that it was meant for the registry.
    if method != "HEAD" and len(target) < LONGEST_SENSIBLE_TARGET:
        assert response.problem().message


def ask_for_trouble(registry: Client, method: str, target: str, body: bytes = b"") -> None:
    """A request with the target exactly as it is must be refused cleanly."""
    head = registry.head_of(method, target, f"Content-Length: {len(body)}", f"Content-Type: {OCI_MANIFEST}")
    responses = registry.raw(head + body, methods=[method])
    assert responses, "the connection was closed without an answer"
    check_refused(responses[0], method, target)


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=lambda name: name[:24])
@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", "/tags/list"),
        ("GET", "/manifests/latest"),
        ("GET", f"/blobs/{DIGEST}"),
        ("POST", "/blobs/uploads/"),
        ("PUT", "/manifests/latest"),
        ("DELETE", "/manifests/latest"),
    ],
)
def test_a_hostile_name_is_refused(registry: Client, name: str, method: str, rest: str) -> None:
    """OCI distribution, the name's grammar; decoded once, resolved never."""
    ask_for_trouble(registry, method, f"/v2/{name}{rest}")


@pytest.mark.parametrize("reference", HOSTILE_REFERENCES, ids=lambda reference: reference[:24])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_a_hostile_reference_is_refused(registry: Client, name: str, method: str, reference: str) -> None:
    registry.push_blob(name, b"{}")
    manifest = encode({"schemaVersion": 2, "config": descriptor(OCI_EMPTY, b"{}"), "layers": []})
    body = manifest if method == "PUT" else b""

    ask_for_trouble(registry, method, f"/v2/{name}/manifests/{reference}", body)


@pytest.mark.parametrize("digest", [*HOSTILE_REFERENCES, "latest", "sha256"], ids=lambda digest: digest[:24])
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_a_hostile_blob_digest_is_refused(registry: Client, name: str, method: str, digest: str) -> None:
    ask_for_trouble(registry, method, f"/v2/{name}/blobs/{digest}")


@pytest.mark.parametrize(
    "session",
    ["..", "%2e%2e", "..%2f..%2f..%2fblobs", "%00", "a%0d%0aX-Injected:%20yes", "x" * 10_000, "*", "none", "~"],
    ids=lambda session: session[:24],
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_a_hostile_session_is_refused(registry: Client, name: str, method: str, session: str) -> None:
    registry.push_blob(name, b"here")

    ask_for_trouble(registry, method, f"/v2/{name}/blobs/uploads/{session}?digest={DIGEST}")


def test_an_encoded_tag_is_decoded_once(registry: Client, name: str) -> None:
    registry.push_blob(name, b"{}")
    manifest = encode({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(OCI_EMPTY, b"{}"), "layers": []
    })  # fmt: skip
    registry.put_manifest(name, "tag", manifest)

    assert registry.get_manifest(name, "%74ag").body == manifest
    assert registry.get_manifest(name, "%2574ag").status in {400, 404}


@pytest.mark.parametrize(
    "query", ["?n=2&last=%0d%0aX-Injected:%20yes", "?last=%00", "?last=%ff", "?last=" + "z" * 5000]
)
def test_a_hostile_last_injects_nothing(registry: Client, name: str, query: str) -> None:
    registry.push_blob(name, b"{}")
    manifest = encode({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(OCI_EMPTY, b"{}"), "layers": []
    })  # fmt: skip
    for tag in ("a", "b"):
        registry.put_manifest(name, tag, manifest)

    for target in (f"/v2/{name}/tags/list", "/v2/_catalog"):
        response = registry.get(target + query)
        assert response.status in {200, 400}
        assert response.headers["X-Injected"] is None


@pytest.mark.parametrize(
    "header",
    ["Host: evil.example", "X-Forwarded-Host: evil.example", "Forwarded: host=evil.example;proto=https"],
)
def test_a_strangers_host_does_not_get_into_the_location(registry: Client, name: str, header: str) -> None:
    """Headers of proxies count only from trusted ones; a Location on another host loses the password."""
    auth = [f"{key}: {value}" for key, value in registry.authorization().items()]
    host = [] if header.startswith("Host") else [f"Host: {registry.netloc}"]
    lines = [f"POST /v2/{name}/blobs/uploads/ HTTP/1.1", *host, header, *auth, "Content-Length: 0", "", ""]

    response = registry.raw("\r\n".join(lines).encode())[0]

    assert response.status == 202
    assert "evil" not in response.header("Location")


def bombs() -> dict[str, bytes]:
    """Documents that break parsers."""
    config = encode(descriptor(OCI_EMPTY, b"{}"))
    good = b'{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[]' % (OCI_MANIFEST.encode(), config)
    return {
        "nothing": b"",
        "space": b"  \n ",
        "no JSON": b"<manifest/>",
        "half": good,
        "two": good + b"}" + good + b"}",
        "a list": b"[]",
        "a string": b'"manifest"',
        "null": b"null",
        "deep lists": good + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        "deep and open": b"[" * 1_000_000,
        "a huge number": good + b',"x":' + b"9" * 10_000 + b"}",
        "NaN": good + b',"x":NaN}',
        "infinity": good + b',"x":-Infinity}',
        "a huge exponent": good + b',"x":{"size":1e999999}}',
        "UTF-16": (good + b"}").decode().encode("utf-16"),
        "broken UTF-8": good + b',"x":"\xff\xfe"}',
        "a lone surrogate": good + b',"x":"\\ud800"}',
        "a control letter": good + b',"x":"a\nb"}',
        "the same key twice": good + b',"layers":[]}',
        "another case": good + b',"Layers":[]}',
        "no schema version": good.replace(b'"schemaVersion":2,', b"") + b"}",
        "schema version 3": good.replace(b'"schemaVersion":2', b'"schemaVersion":3') + b"}",
        "schema version as text": good.replace(b'"schemaVersion":2', b'"schemaVersion":"2"') + b"}",
        "layers as object": good.replace(b'"layers":[]', b'"layers":{}') + b"}",
        "layers as null inside": good.replace(b'"layers":[]', b'"layers":[null]') + b"}",
        "config as list": good.replace(config, b"[]") + b"}",
        "config without digest": good.replace(config, b'{"mediaType":"x","size":2}') + b"}",
        "a negative size": good.replace(b'"size":2', b'"size":-2') + b"}",
        "a size of fractions": good.replace(b'"size":2', b'"size":2.5') + b"}",
        "a size of 2^70": good.replace(b'"size":2', b'"size":1180591620717411303424') + b"}",
        "a traversing digest": good.replace(config, b'{"mediaType":"x","size":2,"digest":"sha256:../../../x"}') + b"}",
        "annotations as list": good + b',"annotations":["x"]}',
        "annotations of numbers": good + b',"annotations":{"x":1}}',
    }


TOLERATED = {"a lone surrogate", "a huge number", "a huge exponent", "annotations of numbers"}
"""Valid JSON by RFC 8259's grammar: taken byte for byte or refused, as long as it is one of the two."""


@pytest.mark.parametrize("bomb", bombs())
def test_a_broken_manifest_is_manifest_invalid(registry: Client, name: str, bomb: str) -> None:
    registry.push_blob(name, b"{}")

    response = registry.put_manifest(name, "bomb", bombs()[bomb], OCI_MANIFEST)

    if bomb in TOLERATED and response.status == 201:
        assert registry.get_manifest(name, "bomb").body == bombs()[bomb]
        return
    assert response.status == 400
    assert response.problem().code in {"MANIFEST_INVALID", "DIGEST_INVALID", "SIZE_INVALID"}
    assert registry.get_manifest(name, "bomb").status == 404


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (OCI_INDEX, OCI_MANIFEST),
        (DOCKER_MANIFEST, OCI_MANIFEST),
        ("application/json", OCI_MANIFEST),
        ("text/html", "text/html"),
        ("application/vnd.example; charset=\x7f", OCI_MANIFEST),
    ],
)
def test_a_media_type_other_than_the_content_type_is_refused(registry: Client, name: str, said: str, sent: str) -> None:
    registry.push_blob(name, b"{}")
    manifest = encode({"schemaVersion": 2, "mediaType": said, "config": descriptor(OCI_EMPTY, b"{}"), "layers": []})

    response = registry.put_manifest(name, "typed", manifest, sent)

    assert response.status in {400, 415}
    assert response.problem().code in {"MANIFEST_INVALID", "UNSUPPORTED"}


def test_a_size_that_is_not_the_blobs_is_refused_or_kept_but_no_500(registry: Client, name: str) -> None:
    registry.push_blob(name, b"{}")
    wrong = {**descriptor(OCI_EMPTY, b"{}"), "size": 12_345}
    manifest = encode({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": wrong, "layers": []})

    assert registry.put_manifest(name, "sized", manifest).status in {201, 400}


def test_a_session_id_cannot_reach_another_sessions_files(registry: Client, name: str) -> None:
    location = registry.start_upload(name)
    path = location.partition("?")[0]
    session = path.rpartition("/")[2]

    ask_for_trouble(registry, "PATCH", f"/v2/{name}/blobs/uploads/x%2f..%2f{session}", b"foreign")

    assert registry.get(location).header("Range") == "0-0"


def test_a_digest_parameter_cannot_leave_the_store(registry: Client, name: str) -> None:
    location = target_of(registry.patch(registry.start_upload(name), b"escape"))

    for digest in ("sha256:../../../../../../tmp/escaped", "sha256/../../x", "../x", "sha256:%2e%2e%2f" + "0" * 55):
        closing = with_query(location, digest=digest)
        check_refused(registry.put(closing), "PUT", closing)
