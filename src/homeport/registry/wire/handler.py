"""The registry's front door: path -> who asks -> what to do -> response, and every error in the registry's form."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

from homeport.kernel.health import Health
from homeport.kernel.http.message import Request, Response
from homeport.kernel.storage.errors import StorageError, from_os_error
from homeport.kernel.storage.errors import StorageFull as DiskFull
from homeport.registry.errors import RegistryError, StorageFull, Unauthorized, Unavailable, Unsupported
from homeport.registry.operations.context import Call, Registry
from homeport.registry.wire import blobs, listings, manifests, uploads
from homeport.registry.wire.addresses import Addresses
from homeport.registry.wire.answers import API_VERSION, empty, error_response, protocol_error
from homeport.registry.wire.login import Login
from homeport.registry.wire.routes import METHODS, Match, Route, match_path, query_values
from homeport.registry.wire.start_page import StartPage
from homeport.registry.wire.tokens import is_bearer
from homeport.registry.wire.visit import Visit

Operation = Callable[[Visit], Awaitable[Response]]
OnTrouble = Callable[[Request, StorageError], None]

_OPERATIONS: Final[Mapping[tuple[Route, str], Operation]] = {
    (Route.BASE, "GET"): listings.get_base,
    (Route.BASE, "HEAD"): listings.get_base,
    (Route.CATALOG, "GET"): listings.get_catalog,
    (Route.TAGS, "GET"): listings.get_tags,
    (Route.REFERRERS, "GET"): listings.get_referrers,
    (Route.MANIFEST, "GET"): manifests.get,
    (Route.MANIFEST, "HEAD"): manifests.get,
    (Route.MANIFEST, "PUT"): manifests.put,
    (Route.MANIFEST, "DELETE"): manifests.delete,
    (Route.BLOB, "GET"): blobs.get_blob,
    (Route.BLOB, "HEAD"): blobs.head_blob,
    (Route.BLOB, "DELETE"): blobs.delete,
    (Route.UPLOADS, "POST"): uploads.post_upload,
    (Route.UPLOAD, "GET"): uploads.get_upload,
    (Route.UPLOAD, "HEAD"): uploads.get_upload,
    (Route.UPLOAD, "PATCH"): uploads.patch_upload,
    (Route.UPLOAD, "PUT"): uploads.put_upload,
    (Route.UPLOAD, "DELETE"): uploads.delete_upload,
}


class InFlight(Protocol):
    """Who counts the requests that are being answered, by their route."""

    def entered(self, route: str) -> None:
        """One more."""
        ...

    def left(self, route: str) -> None:
        """One less."""
        ...


_PULLED: Final = frozenset({200, 206, 304})
_namespace = re.compile(r"[A-Za-z0-9._-]{1,253}(?::\d{1,5})?").fullmatch


class RegistryHandler:
    """Answers the requests of one registry.

    Args:
        headers: put on every answer of the API, as distribution's `http.headers`.
        start_page: what a browser finds at the root.
        on_trouble: told when the disk made a request fail.
    """

    def __init__(
        self,
        registry: Registry,
        login: Login,
        addresses: Addresses,
        *,
        health: Health,
        observer: InFlight,
        on_trouble: OnTrouble,
        start_page: StartPage,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._registry = registry
        self._login = login
        self._addresses = addresses
        self._headers = tuple(headers)
        self._on_trouble = on_trouble
        self._health = health
        self._observer = observer
        self._start_page = start_page

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        match = match_path(request.raw_path)
        if match is None:
            return self._start_page.answer(request) or _elsewhere(request)
        route = request.route = match.route.value
        self._observer.entered(route)
        try:
            response = await self._answer(request, match)
        except Unauthorized as error:
            response = error_response(error, [self._login.challenge(request, error)])
        except RegistryError as error:
            response = error_response(error)
        except StorageError as error:
            response = self._trouble(request, error)
        except ConnectionError:
            raise
        except OSError as error:
            # A file that cannot be read: nothing is wrong with the program, and other files may be fine.
            response = self._trouble(request, from_os_error(error))
        finally:
            self._observer.left(route)
        if self._headers:
            response.headers.extend(self._headers)
        return response

    def _trouble(self, request: Request, error: StorageError) -> Response:
        self._on_trouble(request, error)
        return error_response(StorageFull() if isinstance(error, DiskFull) else Unavailable())

    async def _answer(self, request: Request, match: Match) -> Response:
        if request.method == "OPTIONS":
            # A browser's preflight has no credentials: asking it for some would lock every page out.
            return empty(200, [("Allow", ", ".join(METHODS[match.route]))])
        if self._health.down_by_hand:
            raise Unavailable("health check failed: please see /debug/health")
        if match.route is Route.TOKEN:
            return await self._login.token(request)
        operation = _OPERATIONS.get((match.route, request.method))
        if operation is None:
            return error_response(Unsupported(), [("Allow", ", ".join(METHODS[match.route]))])
        principal = await self._login.principal(request)
        if match.route is Route.BASE and not principal.name and self._login.asks_first and _asks(request):
            raise Unauthorized
        request.principal = principal.name
        visit = Visit(self._registry, self._addresses, request, match, Call(principal))
        response = await operation(visit)
        if request.raw_query and response.status in _PULLED:
            _name_namespace(request, response)
        return response


def _asks(request: Request) -> bool:
    """Whether a client is finding out how to log in; one that shows a token, even a guest's, has done so already."""
    return not is_bearer(request.headers.get("Authorization", ""))


def _name_namespace(request: Request, response: Response) -> None:
    """A mirror that was asked for another registry's content says whose it served (spec main, `ns`)."""
    namespace = query_values(request.raw_query).get("ns", [""])[0]
    if _namespace(namespace):
        response.headers.append(("OCI-Namespace", namespace))


def _elsewhere(request: Request) -> Response:
    """What lies outside the API: the root answers, for probes; the rest is not found."""
    if request.raw_path in {"/", ""} and request.method in {"GET", "HEAD"}:
        return Response(200, [("Cache-Control", "no-cache"), ("Content-Type", "text/plain; charset=utf-8")])
    if request.raw_path.startswith("/v2/"):
        return protocol_error(404, "404 page not found")
    return Response(404, [API_VERSION, ("Content-Type", "text/plain; charset=utf-8")], b"404 page not found\n")
