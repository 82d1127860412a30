"""Bearer tokens: how clients log in where some things are open to everybody.

A client asks `/v2/` once whether it has to log in. If that said yes by a Basic challenge, docker would not pull what
everybody may pull; if it said no, docker and podman would not send their password when they push. With a Bearer
challenge they fetch a token, with their credentials if they have any, and both work.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import orjson

from homeport.kernel.auth.principal import ANONYMOUS, Principal
from homeport.kernel.auth.verifier import Verifier
from homeport.kernel.clock import Clock, to_datetime
from homeport.kernel.http.message import Request, Response
from homeport.registry.errors import RegistryError, Unsupported
from homeport.registry.wire.answers import API_VERSION, JSON, error_response
from homeport.registry.wire.routes import TOKEN_PATH

LIFETIME_SECONDS: Final = 300
_SCHEME = "Bearer "


class Tokens:
    """Makes tokens and knows its own again; they end with the process, and clients then fetch new ones.

    Spec: Docker's token authentication; only the answer's form is fixed there, what a token holds is ours.
    """

    def __init__(self, verifier: Verifier, clock: Clock) -> None:
        self._verifier = verifier
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def issue(self, principal: Principal) -> Response:
        """The answer of the token endpoint."""
        now = self._clock.now()
        mark = self._verifier.mark(principal.name) if principal.name else ""
        claims = orjson.dumps([principal.name, mark, now + LIFETIME_SECONDS * 1000])
        token = urlsafe_b64encode(self._sign(claims) + claims).decode()
        answer = {
            "token": token,
            "access_token": token,
            "expires_in": LIFETIME_SECONDS,
            "issued_at": to_datetime(now).isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
        return Response(200, [API_VERSION, JSON, ("Cache-Control", "no-store")], orjson.dumps(answer))

    def principal(self, authorization: str) -> Principal | None:
        """Whose token a header holds; None if it is none of ours, too old, or its user has changed since."""
        try:
            raw = urlsafe_b64decode(authorization[len(_SCHEME) :].strip().encode("ascii"))
        except ValueError:
            return None
        signature, claims = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(claims)):
            return None
        name, mark, until = orjson.loads(claims)
        if self._clock.now() >= until:
            return None
        if not name:
            return ANONYMOUS
        # Looked up first: that reads a changed file, and the mark must be of what it holds now.
        principal = self._verifier.named(name)
        return principal if self._verifier.mark(name) == mark else None

    def _sign(self, claims: bytes) -> bytes:
        return hmac.digest(self._key, claims, hashlib.sha256)


_SIGNATURE_BYTES = hashlib.sha256().digest_size


def is_bearer(authorization: str) -> bool:
    """Whether a header holds a token rather than a password."""
    return authorization[: len(_SCHEME)].lower() == _SCHEME.lower()


def bearer_challenge(address: str, error: RegistryError) -> tuple[str, str]:
    """What a client is told that has no token, or one that is not good enough.

    Args:
        address: the registry's own scheme and host, as clients reach it.
        error: whose detail says which right is missing.
    """
    detail = error.detail
    wanted = detail[0] if isinstance(detail, list) and detail else None
    scope = ""
    if isinstance(wanted, dict):
        actions = {"push": "pull,push"}.get(str(wanted["Action"]), str(wanted["Action"]))
        scope = f',scope="{wanted["Type"]}:{wanted["Name"]}:{actions}"'
    service = address.partition("://")[2]
    return ("WWW-Authenticate", f'Bearer realm="{address}{TOKEN_PATH}",service="{service}"{scope}')


def refuse_method(request: Request) -> Response | None:
    """Tokens are fetched by GET; containerd tries POST first and takes 405 for an invitation to do so."""
    if request.method in {"GET", "HEAD"}:
        return None
    return error_response(Unsupported(), [("Allow", "GET")])
