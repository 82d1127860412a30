"""Subscribers at URLs: one POST an attempt, over HTTP or HTTPS."""

from dataclasses import dataclass, field

import aiohttp

from homeport.aws.delivery import Delivery, DeliveryFailed, DeliveryRefused

_TIMEOUT = aiohttp.ClientTimeout(total=15)
_RETRIABLE = frozenset({408, 425, 429})
_CONNECTIONS = 64


@dataclass(slots=True)
class UrlTarget:
    """Brings deliveries to URLs; the payload is `{"Body": text, "Headers": {name: value}}`."""

    _session: aiohttp.ClientSession | None = field(default=None, repr=False)

    async def send(self, delivery: Delivery) -> None:
        """Post it.

        Raises:
            DeliveryFailed: no answer in 15 seconds, or one that says to come again.
            DeliveryRefused: the endpoint says that the request is wrong; SNS does not repeat those.
        """
        body, headers = str(delivery.payload["Body"]), delivery.payload["Headers"]
        named = {str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
        try:
            async with self._open().post(
                delivery.target, data=body.encode(), headers=named, allow_redirects=False
            ) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise DeliveryFailed(f"{type(error).__name__}: {error}") from error
        if 200 <= status < 300:  # noqa: PLR2004 # HTTP's classes
            return
        if 400 <= status < 500 and status not in _RETRIABLE:  # noqa: PLR2004 # HTTP's classes
            raise DeliveryRefused(str(status), "the endpoint has refused the message")
        raise DeliveryFailed(f"the endpoint answered {status}", status=status)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=_CONNECTIONS)
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=_TIMEOUT,
                auto_decompress=False,
                headers={"Accept-Encoding": "gzip,deflate"},
            )
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
