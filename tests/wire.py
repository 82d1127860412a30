"""A registry seen from the wire: requests, whole responses, and raw bytes where no client would send them."""

import base64
import http.client
import io
import json
import re
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.images import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Image, Json, digest_of

TIMEOUT_SECONDS = 20.0
EVERY_TYPE = f"{OCI_MANIFEST}, {OCI_INDEX}, {DOCKER_MANIFEST}, {DOCKER_LIST}"
OCTETS = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of the specification's error document."""

    code: str
    message: str
    detail: Json


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response; header names in any case."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def header(self, name: str) -> str:
        """The header's value; a missing one fails the test."""
        value = self.headers[name]
        assert value is not None, f"{self.status} without {name}: {dict(self.headers)} {self.body[:300]!r}"
        return cast("str", value)

    def json(self) -> Json:
        """The body as JSON."""
        return cast("Json", json.loads(self.body))

    def document(self) -> Mapping[str, Json]:
        """The body as a JSON object."""
        document = self.json()
        assert isinstance(document, dict)
        return document

    def strings(self, key: str) -> list[str]:
        """A list of strings in the JSON object, such as `tags` or `repositories`."""
        values = self.document()[key]
        assert isinstance(values, list)
        assert all(isinstance(value, str) for value in values)
        return cast("list[str]", values)

    def descriptors(self) -> list[Mapping[str, Json]]:
        """The `manifests` of an index."""
        entries = self.document()["manifests"]
        assert isinstance(entries, list)
        return cast("list[Mapping[str, Json]]", entries)

    def problem(self) -> Problem:
        """The first error of the specification's error document; anything else fails the test."""
        assert self.status >= 400, f"{self.status} is no error"
        assert self.header("Content-Type").split(";")[0] == "application/json", self.body[:300]
        errors = self.document()["errors"]
        assert isinstance(errors, list)
        assert errors
        first = errors[0]
        assert isinstance(first, dict)
        code, message = first["code"], first.get("message", "")
        assert isinstance(code, str)
        assert re.fullmatch("[A-Z_]+", code)
        assert isinstance(message, str)
        return Problem(code, message, first.get("detail"))


class Client:
    """Requests to one registry, each on a connection of its own.

    Args:
        base_url: scheme, host and port, with nothing behind them.
        cacert: the CA that signed the server's certificate.
    """

    def __init__(self, base_url: str, *, user: str = "", password: str = "", cacert: Path | None = None) -> None:
        parts = urlsplit(base_url)
        self.base_url = base_url.rstrip("/")
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.netloc = parts.netloc
        self.user, self.password = user, password
        self.cacert = cacert
        self._tls = ssl.create_default_context(cafile=cacert) if parts.scheme == "https" else None

    def anonymous(self) -> "Client":
        """The same registry without a password."""
        return Client(self.base_url, cacert=self.cacert)

    def as_user(self, user: str, password: str) -> "Client":
        """The same registry for another user."""
        return Client(self.base_url, user=user, password=password, cacert=self.cacert)

    def authorization(self) -> dict[str, str]:
        """The header that carries the password, if there is one."""
        if not self.user:
            return {}
        return {"Authorization": "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()}

    def connect(self) -> http.client.HTTPConnection:
        """A new connection; the caller closes it."""
        if self._tls is not None:
            return http.client.HTTPSConnection(self.host, self.port, timeout=TIMEOUT_SECONDS, context=self._tls)
        return http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS)

    def socket(self) -> socket.socket:
        """A connected socket for bytes of one's own; the caller closes it."""
        plain = socket.create_connection((self.host, self.port), timeout=TIMEOUT_SECONDS)
        return plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=self.host)

    def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes | Iterable[bytes] = b"",
    ) -> Response:
        """One request and its whole response; an iterable body goes out in chunked coding."""
        connection = self.connect()
        try:
            return send(connection, method, target, headers=[*self.authorization().items(), *pairs(headers)], body=body)
        finally:
            connection.close()

    def get(self, target: str, **headers: str) -> Response:
        """GET, with `if_none_match=` for `If-None-Match`."""
        return self.request("GET", target, headers=spelled(headers))

    def head(self, target: str, **headers: str) -> Response:
        """HEAD, headers spelled as with `get`."""
        return self.request("HEAD", target, headers=spelled(headers))

    def post(self, target: str, body: bytes = b"", **headers: str) -> Response:
        """POST, headers spelled as with `get`."""
        return self.request("POST", target, body=body, headers=spelled(headers))

    def patch(self, target: str, body: bytes | Iterable[bytes], **headers: str) -> Response:
        """PATCH of octets, headers spelled as with `get`."""
        return self.request("PATCH", target, body=body, headers={**OCTETS, **spelled(headers)})

    def put(self, target: str, body: bytes | Iterable[bytes] = b"", **headers: str) -> Response:
        """PUT, headers spelled as with `get`."""
        return self.request("PUT", target, body=body, headers=spelled(headers))

    def delete(self, target: str, **headers: str) -> Response:
        """DELETE, headers spelled as with `get`."""
        return self.request("DELETE", target, headers=spelled(headers))

    def start_upload(self, name: str, query: str = "") -> str:
        """Open an upload session; its location as a request target."""
        response = self.post(f"/v2/{name}/blobs/uploads/{query}")
        assert response.status == 202, response
        return target_of(response)

    def push_blob(self, name: str, data: bytes, *, algorithm: str = "sha256") -> str:
        """Upload with POST and PUT; the digest."""
        digest = digest_of(data, algorithm)
        location = self.start_upload(name)
        response = self.put(with_query(location, digest=digest), data, **OCTETS_ARGUMENT)
        assert response.status == 201, response
        return digest

    def put_manifest(self, name: str, reference: str, data: bytes, media_type: str = OCI_MANIFEST) -> Response:
        """Upload a manifest."""
        return self.put(f"/v2/{name}/manifests/{reference}", data, content_type=media_type)

    def push_image(self, name: str, image: Image, reference: str | None = None) -> str:
        """Upload an image's blobs and its manifest; the manifest's digest."""
        for blob in image.blobs:
            self.push_blob(name, blob)
        response = self.put_manifest(name, reference or image.digest, image.manifest, image.media_type)
        assert response.status == 201, response
        return image.digest

    def get_manifest(self, name: str, reference: str) -> Response:
        """A manifest, by a client that knows every type."""
        return self.get(f"/v2/{name}/manifests/{reference}", accept=EVERY_TYPE)

    def raw(self, payload: bytes, *, count: int = 1, methods: Sequence[str] = ()) -> list[Response]:
        """Send bytes as they are; read up to `count` responses, fewer when the server closes."""
        with self.socket() as connection:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(payload)
            return read_responses(connection, count=count, methods=methods)

    def head_of(self, method: str, target: str, *headers: str) -> bytes:
        """A request's head as raw bytes, with Host and password."""
        auth = [f"{key}: {value}" for key, value in self.authorization().items()]
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.netloc}", *auth, *headers, "", ""]
        return "\r\n".join(lines).encode("latin-1")


OCTETS_ARGUMENT = {"content_type": "application/octet-stream"}


def pairs(headers: Mapping[str, str] | Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers in order, whichever way they were given."""
    return list(headers.items()) if isinstance(headers, Mapping) else list(headers)


def spelled(headers: Mapping[str, str]) -> dict[str, str]:
    """`if_none_match` as `If-None-Match`."""
    return {name.replace("_", "-").title(): value for name, value in headers.items()}


def send(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    *,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes | Iterable[bytes] = b"",
) -> Response:
    """One request on a connection that stays open; an early answer is read even if the body could not be sent."""
    connection.putrequest(method, target, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    if not isinstance(body, bytes):
        connection.putheader("Transfer-Encoding", "chunked")
    elif body or method in {"POST", "PUT", "PATCH"}:
        connection.putheader("Content-Length", str(len(body)))
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.endheaders(body or None, encode_chunked=not isinstance(body, bytes))
    if connection.sock is None:
        raise ConnectionResetError("the server went away while it was connected to")
    response = connection.getresponse()
    return Response(response.status, response.headers, response.read())


def read_responses(connection: socket.socket, *, count: int = 1, methods: Sequence[str] = ()) -> list[Response]:
    """Read whole responses from a socket, interim ones (100) among them, until `count` or the end of the stream.

    Args:
        methods: what was asked, in order: the answer to a HEAD has no body.
    """
    found: list[Response] = []
    with connection.makefile("rb") as stream:
        while len(found) < count:
            method = methods[len(found)] if len(found) < len(methods) else "GET"
            response = _read_response(stream, method)
            if response is None:
                break
            found.append(response)
    return found


def _read_response(stream: io.BufferedReader, method: str) -> Response | None:
    """One response, or None at the end of the stream."""
    try:
        line = stream.readline()
    except ConnectionResetError:
        return None
    if not line:
        return None
    match = re.match(rb"HTTP/1\.[01] (\d{3})", line)
    assert match, line
    status = int(match[1])
    headers = http.client.parse_headers(stream)
    if method == "HEAD" or status < 200 or status in {204, 304}:
        return Response(status, headers, b"")
    return Response(status, headers, _read_body(stream, headers))


def _read_body(stream: io.BufferedReader, headers: http.client.HTTPMessage) -> bytes:
    """A body by its length, its chunks, or the end of the stream."""
    if "Content-Length" in headers:
        return stream.read(int(headers["Content-Length"]))
    if headers.get("Transfer-Encoding", "") != "chunked":
        return stream.read()
    body = b""
    while size := int(stream.readline().split(b";")[0], 16):
        body += stream.read(size)
        stream.readline()
    stream.readline()
    return body


def target_of(response: Response) -> str:
    """The Location as a request target: path and query, whether it came absolute or relative."""
    parts = urlsplit(response.header("Location"))
    assert parts.path.startswith("/"), response.header("Location")
    return parts.path + (f"?{parts.query}" if parts.query else "")


def with_query(target: str, **parameters: str) -> str:
    """The target with more query parameters behind those that it has, as clients append `digest`."""
    path, _, query = target.partition("?")
    return f"{path}?{urlencode([*parse_qsl(query, keep_blank_values=True), *parameters.items()], safe=':')}"


def received(response: Response) -> int:
    """How many bytes a session's `Range` says it holds; `0-0` is none or one, which the caller knows."""
    match = re.fullmatch(r"0-(\d+)", response.header("Range"))
    assert match, response.header("Range")
    return int(match[1]) + 1


def next_page(response: Response) -> str | None:
    """The target behind `Link: <...>; rel="next"`, RFC 8288."""
    link = response.headers["Link"]
    if link is None:
        return None
    match = re.fullmatch(r'<([^>]+)>; *rel="?next"?', link)
    assert match, link
    parts = urlsplit(match[1])
    return f"{parts.path}?{parts.query}"
