"""Requests that nobody means well with, on every operation: each is answered with an error of the client's."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.aws.dynamodb.forms import item, make_table
from tests.aws_server import AwsServer

from homeport.aws.protocol.model import load_model

DEEP = '{"M":{"a":' * 400 + '{"S":"x"}' + "}}" * 400
WRONG: list[Any] = [None, 0, -1, 1.5, True, "", "x" * 70_000, [], [None], [[]], {}, {"": None}, {"S": {}}, [{"S": []}]]
OPERATIONS = [
    (service, target, name)
    for service, target in (("dynamodb", "DynamoDB_20120810"), ("dynamodbstreams", "DynamoDBStreams_20120810"))
    for name in load_model(service).operations
]


class Wire:
    """One connection, that sends whatever it is told."""

    def __init__(self, aws: AwsServer) -> None:
        self._connection = http.client.HTTPConnection(aws.url.removeprefix("http://").rstrip("/"), timeout=30)

    def close(self) -> None:
        self._connection.close()

    def send(self, service: str, target: str, body: bytes) -> tuple[int, bytes]:
        credential = f"000000000000/20260101/us-east-1/{service.removesuffix('streams')}/aws4_request"
        headers = {
            "X-Amz-Target": target,
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0",
        }
        self._connection.request("POST", "/", body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


@pytest.fixture
def wire(aws: AwsServer) -> Iterator[Wire]:
    connected = Wire(aws)
    yield connected
    connected.close()


def bodies(service: str, operation: str) -> Iterator[bytes]:
    """Bytes that are no request, and requests each with one member that is not as it should be."""
    yield from (b"", b"x", b"[]", b"null", b'{"TableName":', b"\xff\xfe", b'{"TableName":"\\ud800"}')
    model = load_model(service)
    members = model.operations[operation].input["members"]
    good: dict[str, Any] = {
        "TableName": "table",
        "Key": item(pk="a"),
        "Item": item(pk="a"),
        "KeyConditionExpression": "pk = :a",
        "ExpressionAttributeValues": {":a": {"S": "a"}},
    }
    base = {name: value for name, value in good.items() if name in members}
    for name in members:
        for value in WRONG:
            yield json.dumps({**base, name: value}).encode()
        yield (json.dumps({**base, name: "?"})[:-1].replace('"?"', DEEP) + "}").encode()


@pytest.mark.parametrize(("service", "target", "operation"), OPERATIONS)
def test_nothing_that_a_client_sends_is_the_servers_fault(
    wire: Wire, dynamodb: Any, service: str, target: str, operation: str
) -> None:
    make_table(dynamodb)

    for body in bodies(service, operation):
        status, answer = wire.send(service, f"{target}.{operation}", body)
        assert status in {200, 400, 413, 501}, (body[:200], answer)

    assert dynamodb.list_tables()["TableNames"] is not None


@pytest.mark.parametrize(
    "value",
    [
        {"N": "1e999999999999999999"},
        {"N": "9" * 100_000},
        {"N": "1" + "0" * 5000},
        {"NS": ["1", "1.0"]},
        {"B": "A" * 9_999},
        {"S": "\x00"},
        {"SS": [1]},
        {"L": [{"L": "x"}]},
        {"M": {"a": 1}},
        {"BOOL": "true"},
        {"NULL": 1},
        {"S": "a", "__proto__": {"S": "b"}},
    ],
)
def test_no_value_breaks_the_server(wire: Wire, dynamodb: Any, value: Any) -> None:
    make_table(dynamodb)

    for request in (
        {"TableName": "table", "Item": {"pk": {"S": "a"}, "x": value}},
        {"TableName": "table", "Item": {"pk": value}},
    ):
        status, answer = wire.send("dynamodb", "DynamoDB_20120810.PutItem", json.dumps(request).encode())
        assert status in {200, 400}, answer


def test_expressions_as_large_and_as_deep_as_they_may_be_are_read_quickly(dynamodb: Any) -> None:
    make_table(dynamodb)
    values = {":v": {"S": "x"}}
    for text in (
        "NOT " * 290 + "pk = :v",
        " AND ".join(["pk = :v"] * 150),
        "(" * 140 + "pk = :v" + ")" * 140,
        "pk IN (" + ",".join([":v"] * 100) + ")",
    ):
        try:
            dynamodb.scan(TableName="table", FilterExpression=text, ExpressionAttributeValues=values)
        except dynamodb.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "ValidationException"  # noqa: PT017 # either answer is fine
