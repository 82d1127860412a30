"""HTTP itself: continuations, slow and broken bodies, pipelines, kept connections, and requests that are none."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from tests.images import OCI_MANIFEST, build_image, digest_of, noise
from tests.wire import OCTETS_ARGUMENT, Client, read_responses, received, send, target_of, with_query

DATA = noise("over the connection", 200_000)
DIGEST = digest_of(DATA)
TRIES = 100
PAUSE_SECONDS = 0.05


@pytest.fixture
def connection(registry: Client) -> Iterator[socket.socket]:
    """A connection for bytes of one's own."""
    with registry.socket() as opened:
        yield opened


def resume(registry: Client, location: str, data: bytes) -> int:
    """Go on with an upload as a client does after a broken connection; how many bytes the server had kept.

    The server may not have noticed yet that the connection broke: it refuses then, and is asked again.
    """
    for _ in range(TRIES):
        status = registry.get(location)
        assert status.status == 204
        kept = received(status)
        # "0-0" means none or one byte: the first try below says which.
        for start in [kept] if kept > 1 else [0, 1]:
            patch = registry.patch(location, data[start:], content_range=f"{start}-{len(data) - 1}")
            if patch.status == 202:
                return start
            assert patch.status in {409, 416, 423}, patch
        time.sleep(PAUSE_SECONDS)
    raise AssertionError("the session never became free")


class TestContinue:
    """RFC 9110, 10.1.1."""

    def test_a_body_that_is_welcome_is_asked_for(self, registry: Client, connection: socket.socket, name: str) -> None:
        target = with_query(registry.start_upload(name), digest=DIGEST)
        connection.sendall(registry.head_of("PUT", target, f"Content-Length: {len(DATA)}", "Expect: 100-continue"))

        assert [response.status for response in read_responses(connection)] == [100]

        connection.sendall(DATA)
        assert [response.status for response in read_responses(connection)] == [201]

    @pytest.mark.parametrize(
        ("method", "target", "status"),
        [
            ("PATCH", "/v2/{name}/blobs/uploads/019b76da-a800-7000-8000-000000000001", 404),
            ("PUT", f"/v2/{{name}}/blobs/uploads/019b76da-a800-7000-8000-000000000001?digest={DIGEST}", 404),
            ("PUT", "/v2/NAME/manifests/x", 400),
            ("POST", "/v2/{name}/blobs/uploads/?digest=nonsense", 400),
        ],
    )
    def test_a_body_that_is_not_welcome_is_not_asked_for(
        self, registry: Client, connection: socket.socket, name: str, method: str, target: str, status: int
    ) -> None:
        head = registry.head_of(
            method, target.format(name=name), "Content-Length: 1000000", "Expect: 100-continue", "Connection: close"
        )
        connection.sendall(head)

        assert [response.status for response in read_responses(connection, count=2)] == [status]

    def test_a_manifest_too_large_is_413_before_its_body(
        self, registry: Client, connection: socket.socket, name: str
    ) -> None:
        length = f"Content-Length: {4 * 1024 * 1024 + 1}"
        head = registry.head_of("PUT", f"/v2/{name}/manifests/x", length, "Expect: 100-continue")
        connection.sendall(head)

        assert [response.status for response in read_responses(connection)] == [413]

    def test_a_wrong_range_is_416_before_its_body(self, registry: Client, connection: socket.socket, name: str) -> None:
        location = registry.start_upload(name)
        lines = ["Content-Length: 10", "Content-Range: 50-59", "Expect: 100-continue"]
        connection.sendall(registry.head_of("PATCH", location, *lines))

        assert [response.status for response in read_responses(connection)] == [416]

    def test_a_guest_is_401_before_the_body(self, guest: Client, name: str) -> None:
        head = guest.head_of("POST", f"/v2/{name}/blobs/uploads/", "Content-Length: 9", "Expect: 100-continue")

        assert [response.status for response in guest.raw(head)] == [401]

    def test_an_expectation_that_nobody_knows_is_417(self, registry: Client, name: str) -> None:
        head = registry.head_of("POST", f"/v2/{name}/blobs/uploads/", "Content-Length: 0", "Expect: 200-ok")

        assert [response.status for response in registry.raw(head)] == [417]

    def test_an_expectation_without_a_body_does_no_harm(self, registry: Client) -> None:
        head = registry.head_of("GET", "/v2/", "Expect: 100-continue", "Connection: close")

        assert registry.raw(head, count=2)[-1].status == 200


class TestBrokenBodies:
    """Connections that end before their body does."""

    @pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunked coding"])
    def test_a_patch_cut_off_can_be_resumed(self, registry: Client, name: str, *, chunked: bool) -> None:
        """OCI distribution, "Resumable Push"."""
        location = registry.start_upload(name)
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(DATA)}"
        with registry.socket() as connection:
            connection.sendall(registry.head_of("PATCH", location, framing))
            connection.sendall((b"%x\r\n" % len(DATA) if chunked else b"") + DATA[:120_000])

        kept = resume(registry, location, DATA)

        assert kept <= 120_000
        assert registry.put(with_query(location, digest=DIGEST)).status == 201
        assert registry.get(f"/v2/{name}/blobs/{DIGEST}").body == DATA

    def test_a_put_cut_off_makes_no_blob(self, registry: Client, name: str) -> None:
        location = registry.start_upload(name)
        with registry.socket() as connection:
            head = registry.head_of("PUT", with_query(location, digest=DIGEST), f"Content-Length: {len(DATA)}")
            connection.sendall(head + DATA[:100_000])

        assert registry.head(f"/v2/{name}/blobs/{DIGEST}").status == 404
        assert registry.push_blob(name, DATA) == DIGEST

    def test_a_manifest_cut_off_is_not_there(self, registry: Client, name: str) -> None:
        image = build_image()
        for blob in image.blobs:
            registry.push_blob(name, blob)
        length = f"Content-Length: {len(image.manifest)}"
        with registry.socket() as connection:
            head = registry.head_of("PUT", f"/v2/{name}/manifests/cut", length, f"Content-Type: {OCI_MANIFEST}")
            connection.sendall(head + image.manifest[:-1])

        assert registry.get_manifest(name, "cut").status == 404

    def test_a_reader_that_leaves_does_no_harm(self, registry: Client, name: str) -> None:
        digest = registry.push_blob(name, DATA)

        for _ in range(10):
            with registry.socket() as connection:
                connection.sendall(registry.head_of("GET", f"/v2/{name}/blobs/{digest}"))
                connection.recv(100)

        assert registry.get(f"/v2/{name}/blobs/{digest}").body == DATA

    def test_a_body_in_drops_arrives_whole(self, registry: Client, connection: socket.socket, name: str) -> None:
        drops = [DATA[at : at + 1] for at in range(50)]
        target = with_query(registry.start_upload(name), digest=digest_of(DATA[:50]))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(registry.head_of("PUT", target, "Content-Length: 50"))
        for drop in drops:
            connection.sendall(drop)

        assert [response.status for response in read_responses(connection)] == [201]

    @pytest.mark.parametrize("body", [b"zz\r\nxx\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n"])
    def test_broken_chunks_are_refused(self, registry: Client, name: str, body: bytes) -> None:
        head = registry.head_of("PATCH", registry.start_upload(name), "Transfer-Encoding: chunked", "Connection: close")

        responses = registry.raw(head + body)

        assert not responses or responses[0].status == 400


class TestTwoAtOnce:
    """Contract: one writer a session; the second is told so at once, and nothing is mixed."""

    @pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
    def test_a_session_has_one_writer(
        self, registry: Client, connection: socket.socket, name: str, method: str
    ) -> None:
        location = registry.start_upload(name)
        lines = [f"Content-Length: {len(DATA)}", "Expect: 100-continue"]
        connection.sendall(registry.head_of("PATCH", location, *lines))
        assert [response.status for response in read_responses(connection)] == [100]
        connection.sendall(DATA[:1000])
        body = b"" if method == "DELETE" else b"intruder"

        second = registry.request(method, with_query(location, digest=digest_of(b"intruder")), body=body)

        assert second.status in {409, 416, 423}
        assert second.problem().message
        connection.sendall(DATA[1000:])
        assert [response.status for response in read_responses(connection)] == [202]
        assert registry.put(with_query(location, digest=DIGEST)).status == 201
        assert registry.get(f"/v2/{name}/blobs/{DIGEST}").body == DATA


class TestKeptConnections:
    """RFC 9112, 9."""

    def test_one_connection_carries_many_requests(self, registry: Client, name: str) -> None:
        """Errors, empty answers and bodies one after the other must not lose the place."""
        auth = list(registry.authorization().items())
        octets = [*auth, ("Content-Type", "application/octet-stream")]
        connection = registry.connect()
        connection.connect()
        port = connection.sock.getsockname()[1]
        try:
            assert send(connection, "GET", "/v2/", headers=auth).status == 200
            assert send(connection, "GET", f"/v2/{name}/tags/list", headers=auth).status == 404
            assert send(connection, "PUT", f"/v2/{name}/manifests/x", headers=auth, body=b"broken").status == 400
            opened = send(connection, "POST", f"/v2/{name}/blobs/uploads/", headers=auth)
            target = with_query(target_of(opened), digest=DIGEST)
            assert send(connection, "PUT", target, headers=octets, body=DATA).status == 201
            blob = f"/v2/{name}/blobs/{DIGEST}"
            assert send(connection, "HEAD", blob, headers=auth).status == 200
            assert send(connection, "GET", blob, headers=[*auth, ("Range", "bytes=0-9")]).body == DATA[:10]
            assert send(connection, "GET", blob, headers=[*auth, ("If-None-Match", f'"{DIGEST}"')]).status == 304
            assert send(connection, "GET", blob, headers=auth).body == DATA
            assert connection.sock.getsockname()[1] == port
        finally:
            connection.close()

    def test_pipelined_requests_are_answered_in_order(self, registry: Client, name: str) -> None:
        first, second = registry.push_blob(name, b"first"), registry.push_blob(name, b"second")
        targets = [f"/v2/{name}/blobs/{first}", f"/v2/{name}/blobs/{second}", "/v2/nowhere", "/v2/"]
        payload = b"".join(registry.head_of("GET", target) for target in targets)

        responses = registry.raw(payload, count=4)

        assert [response.status for response in responses] == [200, 200, 404, 200]
        assert [response.body for response in responses[:2]] == [b"first", b"second"]

    def test_a_pipelined_upload_and_its_download(self, registry: Client, name: str) -> None:
        target = with_query(registry.start_upload(name), digest=DIGEST)
        payload = registry.head_of("PUT", target, f"Content-Length: {len(DATA)}") + DATA
        payload += registry.head_of("GET", f"/v2/{name}/blobs/{DIGEST}")

        responses = registry.raw(payload, count=2)

        assert [response.status for response in responses] == [201, 200]
        assert responses[1].body == DATA

    def test_connection_close_is_obeyed(self, registry: Client) -> None:
        payload = registry.head_of("GET", "/v2/", "Connection: close") + registry.head_of("GET", "/v2/")

        assert len(registry.raw(payload, count=2)) == 1

    def test_http_1_0_is_answered_and_closed(self, registry: Client) -> None:
        payload = registry.head_of("GET", "/v2/").replace(b"HTTP/1.1", b"HTTP/1.0")

        assert [response.status for response in registry.raw(payload, count=2)] == [200]


class TestRequestsThatAreNone:
    """RFC 9112, 2.2, 6.1, 6.3: what cannot be understood is refused, and the connection with it."""

    @pytest.mark.parametrize(
        "payload",
        [
            b"nonsense\r\n\r\n",
            b"GET /v2/\r\n\r\n",
            b"GET /v2/ HTTP/9.9\r\nHost: x\r\n\r\n",
            b"GET  HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /v2/ HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
            b"GET /v2/ HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n",
            b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
            b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ],
    )
    def test_it_is_refused_and_the_server_goes_on(self, registry: Client, payload: bytes) -> None:
        with registry.socket() as connection:
            # The server may have hung up by now, which is an answer as well.
            with suppress(OSError):
                # Under TLS the sending half cannot be closed alone, so an empty line says that no more will come.
                connection.sendall(payload + b"\r\n\r\n")
                if not isinstance(connection, ssl.SSLSocket):
                    connection.shutdown(socket.SHUT_WR)
            responses = read_responses(connection, count=2)

        assert [response.status for response in responses] in ([], [400], [405], [501], [505])
        assert registry.get("/v2/").status == 200

    def test_a_request_cannot_be_smuggled_behind_two_lengths(self, registry: Client, name: str) -> None:
        """RFC 9112, 6.1: Transfer-Encoding with Content-Length ought to be handled as an error."""
        smuggled = registry.head_of("GET", "/v2/_catalog")
        head = registry.head_of(
            "POST", f"/v2/{name}/blobs/uploads/", f"Content-Length: {5 + len(smuggled)}", "Transfer-Encoding: chunked"
        )

        responses = registry.raw(head + b"0\r\n\r\n" + smuggled, count=2)

        assert [response.status for response in responses] in ([], [400])

    def test_endless_headers_are_refused(self, registry: Client) -> None:
        head = registry.head_of("GET", "/v2/", *[f"X-{number}: {'y' * 1000}" for number in range(2000)])

        responses = registry.raw(head)

        assert not responses or responses[0].status in {400, 431}
        assert registry.get("/v2/").status == 200

    def test_an_endless_target_is_refused(self, registry: Client) -> None:
        responses = registry.raw(registry.head_of("GET", "/v2/" + "a" * 1_000_000))

        assert not responses or responses[0].status in {400, 414, 431}
        assert registry.get("/v2/").status == 200


def test_a_blob_pushed_from_many_connections_is_one(registry: Client, name: str) -> None:
    locations = [registry.start_upload(name) for _ in range(5)]

    statuses = [registry.put(with_query(each, digest=DIGEST), DATA, **OCTETS_ARGUMENT).status for each in locations]

    assert statuses == [201] * 5
