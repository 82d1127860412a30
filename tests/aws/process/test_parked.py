"""Thousands of consumers that wait for messages at a server with its default settings."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.servers import HomeportProcess

from homeport.kernel.file_limit import raise_file_limit

CONSUMERS = 3000
AT_ONCE = 100
SCOPE = "20260101/us-east-1/sqs/aws4_request"
PATIENCE_SECONDS = 30
QUICK_SECONDS = 1.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HomeportProcess]:
    raise_file_limit()
    running = HomeportProcess.on(tmp_path / "data", listen_aws="127.0.0.1:0").start()
    yield running
    running.stop()


class Consumer:
    """One connection."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)

    async def connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._address.hostname, self._address.port)

    def ask(self, operation: str, **request: object) -> None:
        body = json.dumps(request).encode()
        head = (
            f"POST / HTTP/1.1\r\nHost: {self._address.netloc}\r\nX-Amz-Target: AmazonSQS.{operation}\r\n"
            f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n"
            f"Authorization: AWS4-HMAC-SHA256 Credential=test/{SCOPE}, SignedHeaders=host, Signature=0\r\n\r\n"
        )
        self._writer.write(head.encode() + body)

    async def answer(self) -> tuple[str, object]:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].split("\r\n")[0])
        return head.split()[1], json.loads(await self._reader.readexactly(length))

    def close(self) -> None:
        self._writer.transport.abort()


def connections(server: HomeportProcess) -> int:
    with urllib.request.urlopen(f"{server.debug_url}/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("homeport_aws_connections "):
                return int(float(line.split()[1]))
    raise LookupError("homeport_aws_connections")


async def test_three_thousand_long_polls_keep_nobody_out(server: HomeportProcess) -> None:
    beside = Consumer(server.aws_url)
    await beside.connect()
    beside.ask("CreateQueue", QueueName="q")
    assert (await beside.answer())[0] == "200"
    url = f"{server.aws_url}/000000000000/q"

    consumers = [Consumer(server.aws_url) for _ in range(CONSUMERS)]
    for start in range(0, CONSUMERS, AT_ONCE):
        some = consumers[start : start + AT_ONCE]
        await asyncio.gather(*(each.connect() for each in some))
        for each in some:
            each.ask("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=20)
    answers = [asyncio.create_task(each.answer()) for each in consumers]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while await asyncio.to_thread(connections, server) < CONSUMERS + 1:
        assert time.monotonic() < deadline

    began = time.monotonic()
    beside.ask("ListQueues")
    assert await beside.answer() == ("200", {"QueueUrls": [url]})
    assert time.monotonic() - began < QUICK_SECONDS
    assert not any(task.done() for task in answers), "nobody was turned away"

    beside.ask("SendMessage", QueueUrl=url, MessageBody="one")
    await beside.answer()
    (woken,), _ = await asyncio.wait(answers, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    status, body = woken.result()
    assert status == "200"
    assert isinstance(body, dict)
    assert [message["Body"] for message in body["Messages"]] == ["one"]

    for task in answers:
        task.cancel()
    await asyncio.gather(*answers, return_exceptions=True)
    for each in (*consumers, beside):
        each.close()
