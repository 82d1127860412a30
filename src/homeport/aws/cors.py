"""Browsers at the gateway: whose pages may read answers, and whose may not even ask.

A page from anywhere can make a browser send requests to a server on the same machine. Most of AWS's requests carry
headers that a browser asks leave for first, but forms and links need none, and in mode `open` no signature stops them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from homeport.aws.errors import AwsError
from homeport.kernel.http.message import Request, Response

_LOOPBACK = re.compile(
    r"https?://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|(?:[a-z0-9-]+\.)*localhost"
    r"|(?:[a-z0-9-]+\.)*localhost\.localstack\.cloud)(?::\d{1,5})?"
)
_ALWAYS: Final = frozenset({"https://app.localstack.cloud", "http://app.localstack.cloud", "file://"})
"""Not `null`, which is the origin of every page that somebody has put into a sandbox."""
_METHODS: Final = "HEAD,GET,PUT,POST,DELETE,OPTIONS,PATCH"
_ALLOWED_HEADERS: Final = (
    "authorization,cache-control,content-length,content-md5,content-type,etag,location,x-amz-acl,x-amz-algorithm,"
    "x-amz-content-sha256,x-amz-credential,x-amz-date,x-amz-request-id,x-amz-security-token,x-amz-tagging,"
    "x-amz-target,x-amz-user-agent,x-amz-version-id,x-amzn-requestid,x-localstack-target,amz-sdk-invocation-id,"
    "amz-sdk-request"
)
_EXPOSED_HEADERS: Final = "etag,x-amz-version-id,x-amz-request-id,x-amzn-requestid,x-amz-checksum-crc64nvme"


class ForeignOrigin(AwsError):
    """A page that is not the operator's own asks for something."""

    code = "AccessDenied"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "This request comes from a web page that Homeport does not know; EXTRA_CORS_ALLOWED_ORIGINS or "
            "aws.cors_origins names those that it may trust."
        )


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """Which pages count as the operator's own.

    Attributes:
        origins: more of them, beside those of this machine; `*` is all.
        headers: more headers that they may send.
        exposed: more headers that they may read.
        checks: whether foreign pages are refused.
        answers: whether CORS headers are sent at all.
    """

    origins: Sequence[str] = ()
    headers: Sequence[str] = ()
    exposed: Sequence[str] = ()
    checks: bool = True
    answers: bool = True

    def allows(self, origin: str) -> bool:
        """Whether a page of this origin is one of the operator's own."""
        if not self.checks or origin in _ALWAYS or "*" in self.origins or origin in self.origins:
            return True
        return _LOOPBACK.fullmatch(origin) is not None

    def foreign(self, request: Request) -> bool:
        """Whether the request comes from a page that is not the operator's own."""
        if not self.checks:
            return False
        origin = request.headers.get("Origin")
        if origin is not None:
            return not self.allows(origin)
        # Links and images carry no origin, but every browser of today says where they stand.
        return request.headers.get("Sec-Fetch-Site") == "cross-site"

    def preflight(self, request: Request) -> Response:
        """The answer to a browser that asks for leave."""
        response = Response(204)
        origin = request.headers.get("Origin", "")
        if self.answers and self.allows(origin):
            wanted = request.headers.get("Access-Control-Request-Headers", "")
            response.headers.append(("Access-Control-Allow-Methods", _METHODS))
            response.headers.append(("Access-Control-Allow-Headers", self._allowed_headers(wanted)))
            if request.headers.get("Access-Control-Request-Private-Network") == "true":
                response.headers.append(("Access-Control-Allow-Private-Network", "true"))
            self.decorate(origin, response)
        return response

    def decorate(self, origin: str, response: Response) -> None:
        """Let the page read the answer; does nothing where a bucket's own rules have spoken, or the page is foreign."""
        if not self.answers or not self.allows(origin):
            return
        if any(name.lower() == "access-control-allow-origin" for name, _ in response.headers):
            return
        exposed = ",".join((_EXPOSED_HEADERS, *self.exposed))
        response.headers += [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Expose-Headers", exposed),
            ("Vary", "Origin"),
        ]

    def _allowed_headers(self, wanted: str) -> str:
        asked = [name.strip().lower() for name in wanted.split(",")]
        own = [name for name in asked if name.startswith(("x-amz-", "x-amzn-", "amz-sdk-"))]
        known = [*_ALLOWED_HEADERS.split(","), *(name.lower() for name in self.headers)]
        return ",".join(dict.fromkeys([*known, *own]))
