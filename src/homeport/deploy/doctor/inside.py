"""What a pod sees: names, the CA and a Service, each told as one line of JSON; run in the pod that check 13 makes."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import aiohttp

from homeport.deploy.documents import Json

_SECONDS = 10.0
_PAUSE_SECONDS = 1.0
_FIRST_ERROR = 500
Tell = Callable[[Mapping[str, Json]], None]


async def look(
    hosts: Sequence[str],
    urls: Sequence[str],
    authority: Path | None,
    tell: Tell,
    *,
    port: int = 443,
    patience_seconds: float = 30.0,
) -> None:
    """Try each host and URL, and tell what came of it.

    K3s' network policies know a new pod some seconds after it has started and refuse it until then, so that URLs of
    Services are tried again meanwhile.
    """
    context = _trusting(authority)
    for host in hosts:
        await _host(host, context, tell, port)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as session:
        for url in urls:
            await _url(session, url, tell, patience_seconds)


def _trusting(authority: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority if authority and authority.exists() else None)


async def _host(host: str, context: ssl.SSLContext, tell: Tell, port: int) -> None:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        tell({"did": f"looked up {host}", "saw": str(error.strerror), "fine": False})
        return
    tell({"did": f"looked up {host}", "saw": str(found[0][4][0]), "fine": True})
    did = f"shook hands with {host}"
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError) as error:
        tell({"did": did, "saw": str(error) or "no answer", "fine": False})
        return
    writer.close()
    tell({"did": did, "saw": "its certificate is trusted", "fine": True})


async def _url(session: aiohttp.ClientSession, url: str, tell: Tell, patience_seconds: float) -> None:
    deadline = asyncio.get_running_loop().time() + patience_seconds
    while True:
        try:
            async with session.get(url) as answer:
                tell({"did": f"asked {url}", "saw": str(answer.status), "fine": answer.status < _FIRST_ERROR})
                return
        except (aiohttp.ClientError, TimeoutError) as error:
            if asyncio.get_running_loop().time() > deadline:
                tell({"did": f"asked {url}", "saw": str(error) or "no answer", "fine": False})
                return
        await asyncio.sleep(_PAUSE_SECONDS)
