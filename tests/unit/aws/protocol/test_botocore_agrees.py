"""Every operation of every service, both ways, against botocore: what it writes we read, what we write it reads.

Values are made from the models by seeded chance: every member, lists and maps, text that needs escaping.
"""

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from importlib import resources
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
import pytest
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from multidict import CIMultiDict

from homeport.aws.protocol.claims import load_index
from homeport.aws.protocol.codec import WireRequest
from homeport.aws.protocol.query import read_parameters
from homeport.aws.protocol.routes import read_query
from homeport.aws.room import Room
from homeport.aws.stream import HeldUpload
from homeport.kernel.http.message import Response

ROUNDS = 3
DEEPEST = 4
BODY_TEXT = ["plain", "a b", "<&>\"'", "größe", "日本", " x ", "line\nline"]
HEADER_TEXT = ["plain", "a-b_c", "x;y", "1"]
SPOKEN = [(name, protocol) for name, metadata in load_index().items() for protocol in metadata["protocols"]]


class Values:
    """Makes values of a model's shapes: (ours, botocore's), which differ where instants do."""

    def __init__(self, seed: str, room: Room) -> None:
        self._random = random.Random(seed)
        shapes = room.model.shapes
        self._opaque = {name for name, shape in shapes.items() if shape.get("opaque")}
        self._texts = {name for name, shape in shapes.items() if shape["type"] == "string"}

    def structure(self, shape: Any, depth: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
        ours, theirs = {}, {}
        for name, member in shape.members.items():
            if depth >= DEEPEST and name not in shape.required_members:
                continue
            ours[name], theirs[name] = self.value(member, depth + 1, member.serialization.get("location", ""))
        return ours, theirs

    def value(self, shape: Any, depth: int, location: str) -> tuple[Any, Any]:
        match shape.type_name:
            case "structure" if shape.name in self._opaque:
                # Handed on as it is: the service itself reads these.
                return {"S": "as it is"}, {"S": "as it is"}
            case "structure":
                return self.structure(shape, depth)
            case "list":
                items = [self.value(shape.member, depth + 1, location) for _ in range(2 if depth < DEEPEST else 0)]
                return [item[0] for item in items], [item[1] for item in items]
            case "map":
                keys = [self.map_key(shape.key, location), "two"] if depth < DEEPEST else []
                pairs = {key: self.value(shape.value, depth + 1, location) for key in keys}
                return {k: v[0] for k, v in pairs.items()}, {k: v[1] for k, v in pairs.items()}
            case "timestamp":
                millis = self._random.randrange(10**9) * 1000
                # A date in botocore's model that is a text in ours is handed on as it is.
                ours = formatdate(millis / 1000, usegmt=True) if shape.name in self._texts else millis
                return ours, datetime.fromtimestamp(millis / 1000, tz=UTC)
        scalar = self.scalar(shape, location)
        return scalar, scalar

    def map_key(self, shape: Any, location: str) -> str:
        return str(shape.enum[0]) if shape.enum else "one" if location else "key <&> ö"

    def scalar(self, shape: Any, location: str) -> Any:
        match shape.type_name:
            case "string" | "character":
                if shape.enum:
                    return self._random.choice(shape.enum)
                return self._random.choice(HEADER_TEXT if location in {"header", "headers"} else BODY_TEXT)
            case "integer" | "long":
                return self._random.randrange(-1000, 10**6)
            case "float" | "double":
                return self._random.randrange(1000) / 8
            case "boolean":
                return self._random.random() < 0.5
            case "blob":
                return self._random.randbytes(5).hex().encode()
        raise AssertionError(shape.type_name)


def service_model(service: str, protocol: str) -> ServiceModel:
    """Botocore's model; for SQS's forms, which botocore has forgotten, with what our wire model adds."""
    source = Loader().load_service_model(service, "service-2")
    if (service, protocol) == ("sqs", "query"):
        amended = orjson.loads(resources.files("homeport.aws.api").joinpath("sqs.json").read_bytes())
        source = {**source, "shapes": amended["shapes"], "metadata": {**source["metadata"], "protocol": "query"}}
        for name, operation in source["operations"].items():
            if "output" in operation:
                operation["output"] = amended["operations"][name]["output"]
    return ServiceModel(source, service)


def operations(service: str, protocol: str) -> Iterator[OperationModel]:
    model = service_model(service, protocol)
    for name in model.operation_names:
        yield model.operation_model(name)


def without_empty(value: Any, *, lists: bool = True) -> Any:
    """A value without members that protocols cannot tell from missing ones: empty lists and maps."""
    if isinstance(value, dict):
        kept = {name: without_empty(item, lists=lists) for name, item in value.items()}
        return {name: item for name, item in kept.items() if not (item in ({}, []) and lists)}
    if isinstance(value, list):
        return [without_empty(item, lists=lists) for item in value]
    return value


async def read_request(room: Room, protocol: Any, operation: OperationModel, wire: Mapping[str, Any]) -> Any:
    headers = CIMultiDict(wire["headers"])
    body = wire["body"]
    name = operation.name
    if protocol == "json":
        assert headers["X-Amz-Target"].endswith(f".{name}")
        return room.compiled("json", room.model.operations[name]).read(WireRequest(headers, bytes(body)))
    if protocol == "query":
        form = read_parameters(urlencode(body, encoding="utf-8").encode(), "")
        assert form.pop("Action") == name
        query = {key: [value] for key, value in form.items()}
        return room.compiled("query", room.model.operations[name]).read(WireRequest(headers, query=query))
    path, _, literal = wire["url_path"].partition("?")
    raw = "&".join(part for part in (literal, urlencode(wire["query_string"], doseq=True)) if part)
    query = read_query(raw)
    matched = room.routes.find(wire["method"], urlsplit(path).path, query, headers)
    assert matched is not None, f"{name}: no route for {wire['method']} {path}?{raw}"
    assert matched.operation.name == name
    compiled = room.compiled(protocol, matched.operation)
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    request = WireRequest(headers, b"" if compiled.streams else content, matched.labels, query, HeldUpload(content))
    members = compiled.read(request)
    if compiled.streams:
        payload = matched.operation.input["payload"]
        members[payload] = await members[payload].read(10**6)
    return members


UNREACHABLE = frozenset({"ListDirectoryBuckets", "WriteGetObjectResponse"})
"""Operations whose place on the wire another one has, or that have a host of their own."""
SAME_PLACE = {
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
}


@pytest.mark.parametrize(("service", "protocol"), SPOKEN)
async def test_requests_that_botocore_writes_are_read(service: str, protocol: Any) -> None:
    room = Room(service, None)
    serializer = create_serializer(protocol, include_validation=False)
    for operation in operations(service, protocol):
        if operation.name in UNREACHABLE or operation.name in SAME_PLACE:
            continue
        for seed in range(ROUNDS):
            values = Values(f"{operation.name} {seed}", room)
            ours, theirs = values.structure(operation.input_shape) if operation.input_shape else ({}, {})
            if operation.has_event_stream_input:
                continue
            wire = serializer.serialize_to_request(theirs, operation)

            read = await read_request(room, protocol, operation, wire)

            assert without_empty(read) == without_empty(ours), operation.name


UNCHECKED = frozenset({"GetBucketLocation", "GetBucketNotification", "Invoke"})
"""Answers that botocore's parser cannot read by its model alone: a text without a member, a deprecated shape with two
members of one name, and a blob that it takes for text."""


def told(response: Response) -> dict[str, Any]:
    assert isinstance(response.body, bytes)
    headers = CIMultiDict(response.headers)
    if response.length is not None:
        headers["Content-Length"] = str(response.length)
    return {"status_code": response.status, "headers": headers, "body": response.body}


@pytest.mark.parametrize(("service", "protocol"), SPOKEN)
def test_answers_that_we_write_are_read_by_botocore(service: str, protocol: Any) -> None:
    room = Room(service, None)
    parser = create_parser(protocol)
    for operation in operations(service, protocol):
        shape: Shape | None = operation.output_shape
        if shape is None or operation.name in UNCHECKED or operation.has_event_stream_output:
            continue
        for seed in range(ROUNDS):
            ours, theirs = Values(f"{operation.name} {seed}", room).structure(shape)
            ours, theirs = with_good_status(ours, shape), with_good_status(theirs, shape)

            response = room.compiled(protocol, room.model.operations[operation.name]).write(ours, "an-id")

            read = parser.parse(told(response), shape)
            read.pop("ResponseMetadata")
            if operation.has_streaming_output:
                payload = shape.serialization["payload"]
                assert response.body == ours.pop(payload)
                for values in (read, theirs):
                    values.pop(payload, None)
                    values.pop("ContentLength", None)
            assert without_empty(read) == without_empty(theirs), operation.name


def with_good_status(values: dict[str, Any], shape: Any) -> dict[str, Any]:
    """The status of a success, where the answer's status line carries a member."""
    return {
        name: 200 if shape.members[name].serialization.get("location") == "statusCode" else value
        for name, value in values.items()
    }
