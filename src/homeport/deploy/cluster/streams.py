"""Standard input and output of a program in a pod, over the API server's WebSocket."""

from collections.abc import AsyncIterator, Callable, Sequence

import aiohttp
import orjson

from homeport.deploy.cluster.api import Api
from homeport.deploy.documents import Json, text_at
from homeport.kernel.errors import OperatorError

_STDIN, _STDOUT, _STDERR, _ERROR, _CLOSE = 0, 1, 2, 3, 255
_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_PIECE_BYTES = 64 * 1024


class PodProgramError(OperatorError):
    """A program in a pod that did not succeed, with what it said."""


async def run_in_pod(
    api: Api, pod: str, command: Sequence[str], out: Callable[[bytes], object], *, container: str
) -> str:
    """Run a program in a running pod; what it wrote on standard error.

    `pod` is its path on the API server; `out` gets standard output as it comes.

    Raises:
        PodProgramError: it ended with another status than 0, or the connection broke.
    """
    query = [("command", each) for each in command]
    query += [("container", container), ("stdout", "true"), ("stderr", "true")]
    return await _stream(api, f"{pod}/exec", query, None, out)


async def feed_pod(api: Api, pod: str, source: AsyncIterator[bytes], *, container: str) -> str:
    """Send bytes to the standard input of a pod's own program, until it ends; what it said.

    Raises:
        PodProgramError: the connection broke.
    """
    said = bytearray()
    query = [("container", container), ("stdin", "true"), ("stdout", "true"), ("stderr", "true")]
    errors = await _stream(api, f"{pod}/attach", query, source, said.extend)
    return (said.decode("utf-8", "replace") + errors).strip()


async def _stream(
    api: Api,
    path: str,
    query: Sequence[tuple[str, str]],
    source: AsyncIterator[bytes] | None,
    out: Callable[[bytes], object],
) -> str:
    try:
        async with api.session.ws_connect(
            api.access.server + path,
            params=list(query),
            protocols=_PROTOCOLS,
            max_msg_size=0,
            heartbeat=None,
        ) as socket:
            if source is None:
                return await _read(socket, out)
            return await _write_and_read(socket, source, out)
    except aiohttp.ClientError as error:
        raise PodProgramError(f"the stream to {path} broke: {error}") from error


async def _write_and_read(
    socket: aiohttp.ClientWebSocketResponse, source: AsyncIterator[bytes], out: Callable[[bytes], object]
) -> str:
    async for piece in source:
        for start in range(0, len(piece), _PIECE_BYTES):
            await socket.send_bytes(bytes([_STDIN]) + piece[start : start + _PIECE_BYTES])
    if socket.protocol == _PROTOCOLS[0]:
        # Older protocols have no word for the end of standard input; an archive tells its own.
        await socket.send_bytes(bytes([_CLOSE, _STDIN]))
    return await _read(socket, out)


async def _read(socket: aiohttp.ClientWebSocketResponse, out: Callable[[bytes], object]) -> str:
    errors = bytearray()
    status: Json = None
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
            continue
        channel, piece = message.data[0], message.data[1:]
        if channel == _STDOUT:
            out(piece)
        elif channel == _STDERR:
            errors += piece
        elif channel == _ERROR:
            status = orjson.loads(piece)
    said = errors.decode("utf-8", "replace").strip()
    if text_at(status, "status") != "Success":
        raise PodProgramError(said or text_at(status, "message") or "the connection to the pod ended too early")
    return said
