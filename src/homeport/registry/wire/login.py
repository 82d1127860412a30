"""Who is asking, by the Authorization header; and what somebody unknown is told."""

from homeport.kernel.auth.basic import parse_basic
from homeport.kernel.auth.principal import ANONYMOUS, Principal
from homeport.kernel.auth.verifier import Rejected, Throttled, Verifier
from homeport.kernel.clock import Clock
from homeport.kernel.http.message import Request, Response
from homeport.registry.errors import RegistryError, TooManyRequests, Unauthorized
from homeport.registry.wire.addresses import Addresses
from homeport.registry.wire.tokens import Tokens, bearer_challenge, is_bearer, refuse_method

EVERYBODY = Principal("anonymous", frozenset())
"""Who everybody is where no password is asked: one user, who may do what users may."""


class Login:
    """Authentication of one registry.

    Args:
        verifier: None where no password is asked of anybody.
        realm: shown by clients beside their prompt.
        open_to_guests: whether there is anything that callers without credentials may do.
    """

    def __init__(
        self, verifier: Verifier | None, clock: Clock, addresses: Addresses, *, realm: str, open_to_guests: bool
    ) -> None:
        self._verifier = verifier
        self._addresses = addresses
        self._tokens = Tokens(verifier, clock) if verifier is not None and open_to_guests else None
        escaped = realm.replace("\\", "\\\\").replace('"', '\\"')
        self._basic = ("WWW-Authenticate", f'Basic realm="{escaped}"')

    @property
    def asks_first(self) -> bool:
        """Whether clients must learn at `/v2/` that there is something to log in to, though guests may enter."""
        return self._tokens is not None

    def challenge(self, request: Request, error: RegistryError) -> tuple[str, str]:
        """The header that tells a client how to log in."""
        address = self._addresses.absolute(request)
        if self._tokens is None or not address:
            return self._basic
        return bearer_challenge(address, error)

    async def token(self, request: Request) -> Response:
        """The token endpoint: a token for whoever the credentials name, or for a guest.

        Raises:
            Unauthorized, TooManyRequests: as `principal`.
        """
        if self._tokens is None:
            raise Unauthorized
        return refuse_method(request) or self._tokens.issue(await self.principal(request))

    async def principal(self, request: Request) -> Principal:
        """Who sent a request; nobody in particular without credentials.

        Raises:
            Unauthorized: the credentials are wrong.
            TooManyRequests: too many wrong ones came before them.
        """
        if self._verifier is None:
            return EVERYBODY
        authorization = request.headers.get("Authorization")
        if authorization is None:
            return ANONYMOUS
        return self._verifier.cached(authorization) or await self._check(self._verifier, authorization, request)

    async def _check(self, verifier: Verifier, authorization: str, request: Request) -> Principal:
        if self._tokens is not None:
            if is_bearer(authorization):
                return self._by_token(self._tokens, authorization)
            if _empty(authorization):
                return ANONYMOUS
        outcome = await verifier.check(authorization, request.origin.client)
        match outcome:
            case Rejected():
                raise Unauthorized
            case Throttled(seconds):
                raise TooManyRequests(retry_after_seconds=seconds)
            case _:
                return outcome

    def _by_token(self, tokens: Tokens, authorization: str) -> Principal:
        found = tokens.principal(authorization)
        if found is None:
            raise Unauthorized
        return found


def _empty(authorization: str) -> bool:
    """Whether a client sent Basic credentials without having any: podman and skopeo do when they were asked."""
    found = parse_basic(authorization)
    return found is not None and not found.username and not found.password
