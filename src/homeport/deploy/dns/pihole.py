"""Pi-hole 6 by its API: records written where it allows that, and its sessions always closed."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import quote

import aiohttp
import orjson

from homeport.deploy.dns.printed import pihole_v6_lines
from homeport.deploy.dns.records import Records
from homeport.deploy.documents import Json, list_at, map_at, text_at
from homeport.kernel.errors import OperatorError

_SECONDS = 20.0
_HEADER = "X-FTL-SID"
_CREATED, _OK, _NO_CONTENT = 201, 200, 204
_BAD, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 400, 401, 403, 404, 429


class PiHoleUnreachableError(OperatorError):
    """Nothing that speaks Pi-hole 6's API is there."""


class PiHoleLoginError(OperatorError):
    """The password is wrong, or too many sessions are open."""


class PiHoleReadOnlyError(OperatorError):
    """It may be read and not be changed; the message holds the lines to add by hand."""


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to a Pi-hole, one line each."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]


class PiHole:
    """A session with one Pi-hole; an async context that logs in and always out again: there are 16 seats."""

    def __init__(self, url: str, password: str, *, context: ssl.SSLContext | None = None) -> None:
        self._url = url.rstrip("/").removesuffix("/admin").removesuffix("/api")
        self._password = password
        self._context = context
        self._session: aiohttp.ClientSession | None = None
        self._logged_in = False

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._context if self._context is not None else True)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=_SECONDS), requote_redirect_url=False
        )
        try:
            await self._login()
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._logged_in:
                await self._request("DELETE", "/api/auth")
        finally:
            if self._session is not None:
                await self._session.close()

    async def _login(self) -> None:
        status, answer = await self._request("POST", "/api/auth", {"password": self._password})
        session = map_at(answer, "session")
        if status == _TOO_MANY:
            raise PiHoleLoginError(
                "Pi-hole has no free session", hint="wait half an hour, or close some: Settings > API > sessions"
            )
        if status == _NOT_FOUND:
            raise PiHoleUnreachableError(f"{self._url} speaks no API of Pi-hole 6", hint="for version 5 use --v5")
        if status != _OK or session.get("valid") is not True:
            raise PiHoleLoginError(
                "Pi-hole refuses the password", hint="with two factors an app password is needed: Settings > API"
            )
        sid = text_at(session, "sid")
        if sid and self._session is not None:
            # Where no password is set there is no session either.
            self._session.headers[_HEADER] = sid
            self._logged_in = True

    async def _request(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        if self._session is None:
            raise RuntimeError("a PiHole is used inside `async with`")
        from yarl import URL

        try:
            async with self._session.request(
                method,
                URL(self._url + path, encoded=True),
                data=None if body is None else orjson.dumps(body),
                headers={"Content-Type": "application/json"},
            ) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise PiHoleUnreachableError(f"{self._url} does not answer: {error}") from error
        try:
            return answer.status, orjson.loads(content) if content else None
        except orjson.JSONDecodeError as error:
            raise PiHoleUnreachableError(f"{self._url} speaks no API of Pi-hole 6") from error

    # What it holds

    async def hosts(self) -> Sequence[str]:
        """The A and AAAA records, `ADDRESS NAME...` each."""
        _, answer = await self._request("GET", "/api/config/dns/hosts")
        return [each for each in list_at(answer, "config", "dns", "hosts") if isinstance(each, str)]

    async def lines(self) -> Sequence[str]:
        """The free lines for dnsmasq."""
        _, answer = await self._request("GET", "/api/config/misc/dnsmasq_lines")
        return [each for each in list_at(answer, "config", "misc", "dnsmasq_lines") if isinstance(each, str)]

    # Changes

    async def write(self, records: Records) -> Change:
        """Have it answer with these records, and with no older ones for the same names.

        Raises:
            PiHoleReadOnlyError: it may not be changed; nothing was, or only a part.
        """
        before = await self.hosts()
        missing = [line for line in records.hosts if line not in before]
        for line in missing:
            await self._put_host(line, records)
        old = _older(before, records)
        for line in old:
            await self._delete_host(line, records)
        lines = await self.lines()
        wanted = [*(line for line in lines if not records.is_ours(line)), *records.dnsmasq]
        if set(wanted) != set(lines):
            # A change of these restarts the resolver: three seconds without DNS for the whole house.
            await self._patch_lines(wanted, records)
        return Change(
            added=(*missing, *(line for line in records.dnsmasq if line not in lines)),
            removed=(*old, *(line for line in lines if line not in wanted)),
            kept=tuple(line for line in (*records.hosts, *records.dnsmasq) if line in {*before, *lines}),
        )

    async def remove(self, records: Records) -> Change:
        """Take these records out again.

        Raises:
            PiHoleReadOnlyError: it may not be changed.
        """
        before = await self.hosts()
        ours = [line for line in (*records.hosts, *_older(before, records)) if line in before]
        for line in ours:
            await self._delete_host(line, records)
        lines = await self.lines()
        wanted = [line for line in lines if not records.is_ours(line)]
        if wanted != lines:
            await self._patch_lines(wanted, records)
        return Change((), (*ours, *(line for line in lines if line not in wanted)), ())

    async def _put_host(self, line: str, records: Records) -> None:
        status, answer = await self._request("PUT", f"/api/config/dns/hosts/{quote(line, safe='')}")
        # An item that is there already is answered with 400, and is what was wanted.
        if status not in {_OK, _CREATED} and "already present" not in _message(answer):
            raise _refusal(answer, records)

    async def _delete_host(self, line: str, records: Records) -> None:
        status, answer = await self._request("DELETE", f"/api/config/dns/hosts/{quote(line, safe='')}")
        if status not in {_OK, _NO_CONTENT, _NOT_FOUND}:
            raise _refusal(answer, records)

    async def _patch_lines(self, lines: Sequence[str], records: Records) -> None:
        # A line holds slashes, and the API's paths take none, escaped or not: the whole list is written.
        status, answer = await self._request("PATCH", "/api/config", {"config": {"misc": {"dnsmasq_lines": lines}}})
        if status != _OK:
            raise _refusal(answer, records)


def _older(hosts: Sequence[str], records: Records) -> list[str]:
    """Lines that give one of the names, and nothing else, another IPv4 address."""
    return [
        line
        for line in hosts
        if line not in records.hosts
        and line.split()[1:2]
        and line.split()[1:] == [line.split()[1]]
        and line.split()[1] in records.names
        and ":" not in line.split()[0]
    ]


def _message(answer: Json) -> str:
    error = map_at(answer, "error")
    return f"{text_at(error, 'message')} {text_at(error, 'hint')}".strip()


def _refusal(answer: Json, records: Records) -> PiHoleReadOnlyError:
    return PiHoleReadOnlyError(
        f"Pi-hole does not let itself be changed: {_message(answer) or 'no reason given'}",
        hint="app passwords may change settings only with webserver.api.app_sudo, and what FTLCONF_ variables set "
        f"nobody may; add by hand:\n{pihole_v6_lines(records)}",
    )
