"""Large requests take long, and hold up nobody else meanwhile."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.servers import HomeportProcess

FIELDS = {f"{number:05d}": {"S": "x" * 12} for number in range(20_000)}
"""About as much as one item may hold."""

KEYS = [{"pk": {"S": str(number)}} for number in range(25)]


class Wire:
    """A connection of its own."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=120)

    def send(self, operation: str, body: bytes) -> bytes:
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Authorization": "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/dynamodb/aws4_request, "
            "SignedHeaders=host, Signature=0",
        }
        self._connection.request("POST", "/", body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return content

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a table."""
    directory: Path = tmp_path_factory.mktemp("patience")
    running = HomeportProcess.on(directory / "data", listen_aws="127.0.0.1:0")
    running.start()
    wire = Wire(running.aws_url)
    schema = {
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    }
    wire.send("CreateTable", json.dumps({"TableName": "table", "BillingMode": "PAY_PER_REQUEST", **schema}).encode())
    wire.close()
    yield running.aws_url
    running.stop()


def longest_wait(url: str, work: Callable[[Wire], object]) -> float:
    """The longest time that somebody else's cheap call takes while a costly one runs, as a part of that one's."""
    other, waits, running = Wire(url), [0.0], threading.Event()
    cheap = json.dumps({"TableName": "table", "Key": {"pk": {"S": "none"}}}).encode()

    def ask() -> None:
        while running.is_set():
            begun = time.perf_counter()
            other.send("GetItem", cheap)
            waits.append(time.perf_counter() - begun)

    running.set()
    asker = threading.Thread(target=ask)
    asker.start()
    wire = Wire(url)
    begun = time.perf_counter()
    work(wire)
    took = time.perf_counter() - begun
    running.clear()
    asker.join()
    for each in (wire, other):
        each.close()
    return max(waits) / took


def write(items: int) -> bytes:
    puts: list[Any] = [{"PutRequest": {"Item": {**key, "m": {"M": FIELDS}}}} for key in KEYS[:items]]
    return json.dumps({"RequestItems": {"table": puts}}).encode()


def test_a_batch_of_the_largest_items_holds_up_nobody(url: str) -> None:
    body = write(25)

    assert longest_wait(url, lambda wire: wire.send("BatchWriteItem", body)) < 0.5


def test_a_transaction_of_large_items_holds_up_nobody(url: str) -> None:
    puts = [{"Put": {"TableName": "table", "Item": {**key, "m": {"M": FIELDS}}}} for key in KEYS[:9]]
    body = json.dumps({"TransactItems": puts}).encode()

    assert longest_wait(url, lambda wire: wire.send("TransactWriteItems", body)) < 0.5


def test_a_transaction_of_large_updates_holds_up_nobody(url: str) -> None:
    change = {"UpdateExpression": "SET m = :m", "ExpressionAttributeValues": {":m": {"M": FIELDS}}}
    updates = [{"Update": {"TableName": "table", "Key": {"pk": {"S": f"u{number}"}}, **change}} for number in range(12)]
    body = json.dumps({"TransactItems": updates}).encode()

    assert longest_wait(url, lambda wire: wire.send("TransactWriteItems", body)) < 0.5


def test_to_look_into_many_large_items_holds_up_nobody(url: str) -> None:
    shown = {"ProjectionExpression": "pk, m.#n", "ExpressionAttributeNames": {"#n": "00001"}}
    batch = {"RequestItems": {"table": {"Keys": KEYS, **shown}}}
    setup = Wire(url)
    setup.send("BatchWriteItem", write(25))
    setup.close()
    body = json.dumps(batch).encode()
    answers: list[bytes] = []

    assert longest_wait(url, lambda wire: answers.append(wire.send("BatchGetItem", body))) < 0.5

    found = json.loads(answers[0])["Responses"]["table"]
    assert [each["pk"] for each in found] == [key["pk"] for key in KEYS]
    assert found[0]["m"] == {"M": {"00001": FIELDS["00001"]}}
