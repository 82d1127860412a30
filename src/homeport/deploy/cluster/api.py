"""The API server's HTTP: requests, their errors, and where each kind of object lives."""

import contextlib
import os
import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
import orjson

from homeport.deploy.cluster.kubeconfig import Access
from homeport.deploy.documents import Json, Object, at, kind_of, list_at, map_at, name_of, namespace_of, text_at
from homeport.kernel.errors import OperatorError

FIELD_MANAGER = "homeport"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
_SECONDS = 30.0
_NOT_FOUND = 404


class ClusterUnreachableError(OperatorError):
    """The API server does not answer."""


class ApiError(OperatorError):
    """The API server refused.

    Attributes:
        status: of HTTP.
        reason: Kubernetes' word for it, such as Conflict or Forbidden.
    """

    def __init__(self, status: int, reason: str, message: str, *, doing: str) -> None:
        super().__init__(f"{doing}: {message}", hint=_HINTS.get(status))
        self.status = status
        self.reason = reason


_HINTS = {
    401: "the kubeconfig's certificate or token is not valid any more",
    403: "the kubeconfig's user lacks the right; `homeport k8s doctor` lists what is needed",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """Where objects of a kind live."""

    path: str
    plural: str
    namespaced: bool

    def collection(self, namespace: str) -> str:
        """The list's path; of every namespace where none is given."""
        place = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{self.path}{place}/{self.plural}"


class Api:
    """A session with one API server; an async context."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._session: aiohttp.ClientSession | None = None
        self._known: dict[str, Mapping[str, Resource] | None] = {}

    async def __aenter__(self) -> Self:
        headers = {"Authorization": f"Bearer {self.access.token.reveal()}"} if self.access.token else {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=_context(self.access)),
            timeout=aiohttp.ClientTimeout(total=None, connect=_SECONDS, sock_read=_SECONDS),
            headers=headers,
            json_serialize=lambda value: orjson.dumps(value).decode(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open session."""
        if self._session is None:
            raise RuntimeError("an Api is used inside `async with`")
        return self._session

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Json = None,
        content_type: str = "application/json",
    ) -> Object:
        """One request; the document that was answered.

        Raises:
            ApiError: with the server's own words.
            ClusterUnreachableError: no answer.
        """
        async with self._answer(method, path, query=query, body=body, content_type=content_type) as answer:
            return _document(await answer.read(), answer.status, f"{method} {path}")

    @contextlib.asynccontextmanager
    async def _answer(
        self, method: str, path: str, *, query: Mapping[str, str] | None, body: Json, content_type: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        data = None if body is None else orjson.dumps(body)
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        try:
            async with self.session.request(
                method,
                self.access.server + path,
                params=query,
                data=data,
                headers=headers,
                server_hostname=self.access.server_name or None,
            ) as answer:
                yield answer
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ClusterUnreachableError(
                f"the API server {self.access.server} does not answer: {error}",
                hint="is the address in the kubeconfig the node's own, and not 127.0.0.1 of another machine?",
            ) from error

    async def text(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """What a path answers, as text; for logs.

        Raises:
            ApiError: the server refused.
        """
        async with self._answer("GET", path, query=query, body=None, content_type="application/json") as answer:
            content = await answer.read()
            if answer.status >= _FIRST_ERROR:
                _document(content, answer.status, f"GET {path}")
            return content.decode("utf-8", "replace")

    async def date(self) -> float:
        """The API server's clock, in seconds since the epoch."""
        async with self._answer("GET", "/version", query=None, body=None, content_type="application/json") as answer:
            return parsedate_to_datetime(answer.headers["Date"]).timestamp()

    # Where things live

    async def resources(self, api_version: str) -> Mapping[str, Resource] | None:
        """Kinds of a group and version; None when the server does not know it."""
        if api_version not in self._known:
            self._known[api_version] = await self._discover(api_version)
        return self._known[api_version]

    async def _discover(self, api_version: str) -> Mapping[str, Resource] | None:
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            listed = await self.request("GET", path)
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        return {
            text_at(each, "kind"): Resource(path, text_at(each, "name"), at(each, "namespaced") is True)
            for each in list_at(listed, "resources")
            if "/" not in text_at(each, "name")
        }

    async def resource(self, api_version: str, kind: str) -> Resource | None:
        """Where a kind lives; None when the server does not know it."""
        return (await self.resources(api_version) or {}).get(kind)

    async def path_of(self, document: Object) -> str:
        """An object's path.

        Raises:
            UnknownKindError: its definition is not installed.
        """
        found = await self.resource(text_at(document, "apiVersion"), kind_of(document))
        if found is None:
            raise UnknownKindError(document)
        return f"{found.collection(namespace_of(document))}/{name_of(document)}"

    # Objects

    async def get(self, path: str) -> Object | None:
        """An object; None when it is not there.

        Raises:
            ApiError: any other refusal.
        """
        try:
            return await self.request("GET", path)
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    async def items(self, path: str, **query: str) -> Sequence[Object]:
        """The objects of a list, however many pages it has."""
        found: list[Object] = []
        more = {"limit": "500", **query}
        while True:
            page = await self.request("GET", path, query=more)
            found += [map_at(each) for each in list_at(page, "items")]
            token = text_at(page, "metadata", "continue")
            if not token:
                return found
            more["continue"] = token

    async def apply(self, document: Object, *, dry_run: bool, namespace: str = "") -> Object:
        """Server-side apply with strict fields; conflicts with other managers are taken over.

        With `namespace` it is tried there, since its own is not there yet.

        Raises:
            ApiError: the server refused it.
        """
        body = document
        if namespace and namespace_of(document):
            body = {**document, "metadata": {**map_at(document, "metadata"), "namespace": namespace}}
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict", "force": "true"}
        if dry_run:
            query["dryRun"] = "All"
        return await self.request("PATCH", await self.path_of(body), query=query, body=body, content_type=APPLY)

    async def delete(self, path: str) -> bool:
        """Remove an object with all that hangs on it; whether it was there."""
        try:
            await self.request("DELETE", path, body={"propagationPolicy": "Background"})
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return False
            raise
        return True


_FIRST_ERROR = 400
_MISSING = {
    "cert-manager.io": "install cert-manager: kubectl apply -f "
    "https://github.com/cert-manager/cert-manager/releases/latest/download/cert-manager.yaml",
    "traefik.io": "K3s brings Traefik unless it was started with --disable traefik; else set ingress.mode to ingress "
    "or none",
    "monitoring.coreos.com": "set metrics.serviceMonitor to false, or install prometheus-operator",
    "helm.cattle.io": "K3s brings its Helm controller; elsewhere set ingress.helmChartConfig to false",
}


class UnknownKindError(OperatorError):
    """An object whose definition the cluster does not have."""

    def __init__(self, document: Object) -> None:
        group = text_at(document, "apiVersion").split("/")[0]
        super().__init__(
            f"the cluster knows no {kind_of(document)} of {text_at(document, 'apiVersion')}", hint=_MISSING.get(group)
        )


def _document(content: bytes, status: int, doing: str) -> Object:
    try:
        found: Json = orjson.loads(content) if content else {}
    except orjson.JSONDecodeError:
        found = {"message": content.decode("utf-8", "replace").strip()[:500]}
    if status >= _FIRST_ERROR:
        message = text_at(found, "message") or f"HTTP {status}"
        raise ApiError(status, text_at(found, "reason"), message, doing=doing)
    return map_at(found)


def _context(access: Access) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=access.authority)
    if not access.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.certificate is not None:
        _load_certificate(context, access.certificate.reveal())
    return context


def _load_certificate(context: ssl.SSLContext, pem: str) -> None:
    """The ssl module takes certificates from files only."""
    descriptor, name = tempfile.mkstemp(prefix="homeport-")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(pem)
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()
