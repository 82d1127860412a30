"""Who is asking, by the Authorization header; and what somebody unknown is told."""

from homeport.kernel.auth.principal import ANONYMOUS, Principal
from homeport.kernel.auth.verifier import Rejected, Throttled, Verifier
from homeport.kernel.http.message import Request
from homeport.registry.errors import TooManyRequests, Unauthorized

EVERYBODY = Principal("anonymous", frozenset())
"""Who everybody is where no password is asked: one user, who may do what users may."""


class Login:
    """Authentication of one registry.

    Args:
        verifier: None where no password is asked of anybody.
        realm: shown by clients beside their prompt.
    """

    def __init__(self, verifier: Verifier | None, *, realm: str) -> None:
        self._verifier = verifier
        escaped = realm.replace("\\", "\\\\").replace('"', '\\"')
        self.challenge = ("WWW-Authenticate", f'Basic realm="{escaped}"')

    async def principal(self, request: Request) -> Principal:
        """Who sent a request; nobody in particular without credentials.

        Raises:
            Unauthorized: the credentials are wrong, or no credentials at all.
            TooManyRequests: too many wrong ones came before them.
        """
        if self._verifier is None:
            return EVERYBODY
        authorization = request.headers.get("Authorization")
        if authorization is None:
            return ANONYMOUS
        found = self._verifier.cached(authorization)
        if found is not None:
            return found
        outcome = await self._verifier.check(authorization, request.origin.client)
        match outcome:
            case Rejected():
                raise Unauthorized
            case Throttled(seconds):
                raise TooManyRequests(retry_after_seconds=seconds)
            case _:
                return outcome
