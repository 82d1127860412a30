"""Requests as they are, without an SDK that mends them."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from tests.aws_server import AwsServer


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Raw:
    """Sends bytes to a server."""

    def __init__(self, server: AwsServer) -> None:
        self.server = server

    def __call__(
        self, method: str, target: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        parts = urlsplit(self.server.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            connection.request(method, target, body=body, headers={**(headers or {})})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def json(self, target: str, body: bytes, *, path: str = "/") -> Answer:
        """A JSON protocol's request, unsigned."""
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
        return self("POST", path, body=body, headers=headers)

    def form(self, body: str, *, path: str = "/", headers: Mapping[str, str] | None = None) -> Answer:
        """A query protocol's request, unsigned."""
        own = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self("POST", path, body=body.encode(), headers=own)


@pytest.fixture
def raw(aws: AwsServer) -> Raw:
    """Requests to the server."""
    return Raw(aws)


def scope(service: str, *, key: str = "test", region: str = "us-east-1") -> dict[str, str]:
    """An Authorization header that names a service; its signature is nobody's."""
    credential = f"{key}/20260101/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature={'0' * 64}"
    return {"Authorization": text, "X-Amz-Date": "20260101T000000Z"}
