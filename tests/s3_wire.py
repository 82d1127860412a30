"""S3 over the wire for tests: raw requests as their bytes, and errors as clients see them."""

import html
import http.client
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

OWNER = {
    "Authorization": (
        "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"
    ),
    "X-Amz-Date": "20260101T000000Z",
}
"""Headers of a request of the default account, for servers that take credentials at their word."""


@dataclass(frozen=True)
class Answer:
    """A raw answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def element(self, name: str) -> str:
        """The content of the first element of this name; empty if there is none."""
        match = re.search(rf"<{name}>(.*?)</{name}>", self.text, re.DOTALL)
        return html.unescape(match[1]) if match else ""


def send(url: str, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    """One request of the default account; header names with underscores for hyphens."""
    return ask(url, method, path, body, **OWNER, **headers)


def ask(url: str, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    """One request of nobody, unless the headers say otherwise."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.putrequest(method, path, skip_host="Host" in given, skip_accept_encoding=True)
        for name, value in given.items():
            connection.putheader(name, value)
        if "Content-Length" not in given and "Transfer-Encoding" not in given:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def refused(operation: Callable[..., object], **arguments: object) -> dict[str, Any]:
    """The answer to a call that must fail: its `Error`, with the status as `Status`."""
    with pytest.raises(ClientError) as caught:
        operation(**arguments)
    response: dict[str, Any] = dict(caught.value.response)
    return {**response["Error"], "Status": response["ResponseMetadata"]["HTTPStatusCode"]}


def code(operation: Callable[..., object], **arguments: object) -> tuple[str, int]:
    """The code and status of a call that must fail."""
    error = refused(operation, **arguments)
    return error["Code"], error["Status"]
