"""Signed requests to the AWS endpoint: Signature Version 4 in as many lines as a check needs."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

import aiohttp
from yarl import URL

_ALGORITHM = "AWS4-HMAC-SHA256"
_REGION = "us-east-1"
_UNRESERVED = "-_.~"


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key; LocalStack's usual one by default."""

    access: str = "test"
    secret: str = "test"  # noqa: S105 # what everybody uses against a local AWS


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, short enough for a message."""
        return self.body.decode("utf-8", "replace").strip()[:300]


class AwsClient:
    """Requests to one endpoint with one key."""

    def __init__(self, session: aiohttp.ClientSession, keys: Keys) -> None:
        self._session = session
        self._keys = keys

    async def ask(
        self,
        service: str,
        method: str,
        url: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One signed request; `path` is raw and is encoded here, once, as S3 wants it."""
        encoded = quote(path, safe=f"/{_UNRESERVED}")
        full = URL(f"{url}{encoded}{_query_text(query or {}, mark=True)}", encoded=True)
        signed = self._sign(service, method, _host(url), encoded, query or {}, body, dict(headers or {}))
        async with self._session.request(
            method, full, data=body, headers=signed, skip_auto_headers=["Content-Type"]
        ) as answer:
            return Answer(answer.status, await answer.read())

    def presigned(self, url: str, path: str, *, seconds: int = 300) -> str:
        """A URL that anybody may GET for a while."""
        encoded = quote(path, safe=f"/{_UNRESERVED}")
        now = datetime.now(tz=UTC)
        scope = f"{now:%Y%m%d}/{_REGION}/s3/aws4_request"
        query = {
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": f"{self._keys.access}/{scope}",
            "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}",
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": "host",
        }
        canonical = f"GET\n{encoded}\n{_query_text(query)}\nhost:{_host(url)}\n\nhost\nUNSIGNED-PAYLOAD"
        signature = self._signature(canonical, now, scope)
        return f"{url}{encoded}{_query_text({**query, 'X-Amz-Signature': signature}, mark=True)}"

    async def fetch(self, url: str) -> Answer:
        """GET without a signature."""
        async with self._session.get(URL(url, encoded=True)) as answer:
            return Answer(answer.status, await answer.read())

    def _sign(
        self,
        service: str,
        method: str,
        host: str,
        encoded: str,
        query: Mapping[str, str],
        body: bytes,
        headers: dict[str, str],
    ) -> dict[str, str]:
        now = datetime.now(tz=UTC)
        payload = hashlib.sha256(body).hexdigest()
        signed = {**headers, "Host": host, "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}", "X-Amz-Content-Sha256": payload}
        lines = sorted((name.lower(), value.strip()) for name, value in signed.items())
        names = ";".join(name for name, _ in lines)
        listed = "".join(f"{name}:{value}\n" for name, value in lines)
        # S3 takes the path as it was sent, every other service encodes it once more.
        path = encoded if service == "s3" else quote(encoded, safe=f"/{_UNRESERVED}")
        scope = f"{now:%Y%m%d}/{_REGION}/{service}/aws4_request"
        canonical = f"{method}\n{path}\n{_query_text(query)}\n{listed}\n{names}\n{payload}"
        signature = self._signature(canonical, now, scope)
        credential = f"{self._keys.access}/{scope}"
        signed["Authorization"] = f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
        return signed

    def _signature(self, canonical: str, now: datetime, scope: str) -> str:
        text = f"{_ALGORITHM}\n{now:%Y%m%dT%H%M%SZ}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{self._keys.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256").hex()


def _host(url: str) -> str:
    return url.split("//", 1)[1]


def _query_text(query: Mapping[str, str], *, mark: bool = False) -> str:
    text = "&".join(f"{quote(name, safe=_UNRESERVED)}={quote(query[name], safe=_UNRESERVED)}" for name in sorted(query))
    return f"?{text}" if mark and text else text
