"""A registry's client of our own: what push and pull need of OCI distribution, and no more."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import aiohttp
import orjson

from homeport.kernel.auth.basic import Credentials, format_basic
from homeport.kernel.errors import OperatorError

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_FIRST_ERROR = 400


class RegistryAnswerError(OperatorError):
    """The registry answered something else than what was asked for."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """An image in the registry."""

    repository: str
    tag: str
    digest: str
    blobs: tuple[str, ...]


class RegistryClient:
    """Requests to one registry as one user."""

    def __init__(self, session: aiohttp.ClientSession, url: str, login: tuple[str, str] | None) -> None:
        self._session = session
        self._url = url
        self._headers = {"Authorization": format_basic(Credentials(*login))} if login else {}

    async def ask(
        self,
        method: str,
        location: str,
        *,
        data: bytes | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request; status, headers and body."""
        async with self._session.request(
            method,
            urljoin(self._url + "/", location),
            data=data,
            headers={**self._headers, **(headers or {})},
            allow_redirects=False,
        ) as answer:
            return answer.status, answer.headers, await answer.read()

    async def _need(
        self,
        method: str,
        location: str,
        *,
        data: bytes | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Mapping[str, str], bytes]:
        status, found, body = await self.ask(method, location, data=data, headers=headers)
        if status >= _FIRST_ERROR:
            raise RegistryAnswerError(f"{method} {location}: {status} {body.decode('utf-8', 'replace').strip()[:300]}")
        return found, body

    async def push_blob(self, repository: str, content: bytes) -> str:
        """Upload one blob in one PATCH and an empty PUT, as docker does; its digest."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"

        async def once() -> AsyncIterator[bytes]:
            yield content

        await self.push_stream(repository, once(), digest)
        return digest

    async def push_stream(self, repository: str, pieces: AsyncIterator[bytes], digest: str) -> None:
        """Upload pieces as they come."""
        opened, _ = await self._need("POST", f"/v2/{repository}/blobs/uploads/")
        octets = {"Content-Type": "application/octet-stream"}
        sent, _ = await self._need("PATCH", opened["Location"], data=pieces, headers=octets)
        closing = sent["Location"]
        await self._need("PUT", f"{closing}{'&' if '?' in closing else '?'}digest={digest}")

    async def push_image(self, repository: str, tag: str, layer: bytes, config: Mapping[str, object]) -> Pushed:
        """Upload an image of one uncompressed layer."""
        layer_digest = await self.push_blob(repository, layer)
        text = orjson.dumps({**config, "rootfs": {"type": "layers", "diff_ids": [layer_digest]}})
        config_digest = await self.push_blob(repository, text)
        manifest = orjson.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": {"mediaType": _CONFIG, "digest": config_digest, "size": len(text)},
                "layers": [{"mediaType": _LAYER, "digest": layer_digest, "size": len(layer)}],
            }
        )
        path = f"/v2/{repository}/manifests/{tag}"
        await self._need("PUT", path, data=manifest, headers={"Content-Type": _MANIFEST})
        digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        return Pushed(repository, tag, digest, (layer_digest, config_digest))

    async def pull_image(self, image: Pushed) -> int:
        """Download an image and check every digest; bytes received.

        Raises:
            RegistryAnswerError: other bytes came than were pushed.
        """
        _, manifest = await self._need(
            "GET", f"/v2/{image.repository}/manifests/{image.tag}", headers={"Accept": _MANIFEST}
        )
        received = _checked(manifest, image.digest)
        for digest in image.blobs:
            _, body = await self._need("GET", f"/v2/{image.repository}/blobs/{digest}")
            received += _checked(body, digest)
        return received

    async def delete_image(self, image: Pushed) -> None:
        """Delete tag and manifest, then the blobs."""
        await self._need("DELETE", f"/v2/{image.repository}/manifests/{image.digest}")
        for digest in image.blobs:
            await self._need("DELETE", f"/v2/{image.repository}/blobs/{digest}")


def _checked(content: bytes, digest: str) -> int:
    found = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if found != digest:
        raise RegistryAnswerError(f"the registry gave {found} for {digest}")
    return len(content)
