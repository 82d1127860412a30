"""One kept-alive connection to an AWS endpoint, as cheap as Python can be, patient with servers that hang up."""

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode

_SCOPE = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
_DATE = "X-Amz-Date: 20260101T000000Z\r\n"
_CODE = re.compile(rb'(?:<Code>|<title>|"__type": ?"(?:[^"]*#)?)([^<"]+)')


class Refused(Exception):
    """The server's answer is not what was asked for."""


@dataclass
class Connection:
    """Calls, one after the other; a server may hang up between two of them."""

    host: str
    port: int
    _reader: asyncio.StreamReader = field(init=False, repr=False)
    _writer: asyncio.StreamWriter = field(init=False, repr=False)
    _ended: bool = field(init=False, default=False)

    async def open(self) -> Self:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection(self.host, self.port, limit=1 << 22)
        self._ended = False
        return self

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
        self._ended = True

    async def sqs(self, operation: str, **request: Any) -> Any:
        """Call SQS by its JSON protocol."""
        headers = f"X-Amz-Target: AmazonSQS.{operation}\r\nContent-Type: application/x-amz-json-1.0\r\n"
        return json.loads(await self._post("sqs", headers, json.dumps(request).encode()) or b"{}")

    async def dynamodb(self, operation: str, body: bytes) -> bytes:
        """Call DynamoDB with a body that was made before."""
        headers = f"X-Amz-Target: DynamoDB_20120810.{operation}\r\nContent-Type: application/x-amz-json-1.0\r\n{_DATE}"
        return await self._post("dynamodb", headers, body)

    async def sns(self, action: str, **parameters: str) -> bytes:
        """Call SNS by its forms."""
        form = urlencode({"Action": action, "Version": "2010-03-31", **parameters}).encode()
        return await self._post("sns", "Content-Type: application/x-www-form-urlencoded\r\n", form)

    async def s3(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Call S3."""
        return await self._call(method, path, "s3", _DATE, body)

    async def _post(self, service: str, headers: str, body: bytes) -> bytes:
        return await self._call("POST", "/", service, headers, body)

    async def _call(self, method: str, path: str, service: str, headers: str, body: bytes) -> bytes:
        """The answer's body; any answer but 2xx is `Refused`."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAuthorization: {_SCOPE.format(service)}\r\n"
        )
        answer = await self._send(f"{head}{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        first, *lines = answer.decode().split("\r\n")
        fields = {name.lower(): value.lower() for name, _, value in (line.partition(": ") for line in lines)}
        content = b"" if method == "HEAD" else await self._body(fields)
        if first.startswith("HTTP/1.0") or fields.get("connection") == "close":
            self.close()
        status = first.split()[1]
        if status[0] != "2":
            raise Refused(f"{status} {_complaint(content)}")
        return content

    async def _send(self, request: bytes) -> bytes:
        """The head of the answer; asks once more if the server hung up before it said anything."""
        if self._ended:
            await self.open()
        try:
            return await self._once(request)
        except (asyncio.IncompleteReadError, ConnectionError) as dropped:
            if isinstance(dropped, asyncio.IncompleteReadError) and dropped.partial:
                raise
        self.close()
        await self.open()
        return await self._once(request)

    async def _once(self, request: bytes) -> bytes:
        self._writer.write(request)
        return await self._reader.readuntil(b"\r\n\r\n")

    async def _body(self, fields: dict[str, str]) -> bytes:
        if (length := fields.get("content-length")) is not None:
            return await self._reader.readexactly(int(length))
        if fields.get("transfer-encoding") == "chunked":
            return await self._chunks()
        # Neither: the body ends where the connection does, or there is none.
        return await self._reader.read() if fields.get("connection") == "close" else b""

    async def _chunks(self) -> bytes:
        content = b""
        while size := int((await self._reader.readline()).split(b";")[0], 16):
            content += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readline()
        return content


def _complaint(content: bytes) -> str:
    """The code of an error, or how its text begins."""
    found = _CODE.search(content)
    return (found[1] if found else content[:60]).decode(errors="replace")
