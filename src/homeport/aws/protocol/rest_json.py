"""The protocol restJson1, as Lambda speaks it."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import orjson

from homeport.aws.errors import AwsError
from homeport.aws.protocol.codec import CompiledOperation, Members, SerializationException, WireRequest
from homeport.aws.protocol.eventstream import EventWriter
from homeport.aws.protocol.json_rpc import read_json
from homeport.aws.protocol.json_values import JsonReaders, JsonWriters
from homeport.aws.protocol.model import OperationModel, Shape, WireModel
from homeport.aws.protocol.rest import Bindings, HeaderWriters, body_members
from homeport.aws.protocol.scalars import ValueMalformed
from homeport.kernel.http.message import HeaderList, Response
from homeport.kernel.streams import FileSlices

Body = Callable[[Mapping[str, Any]], bytes | FileSlices | AsyncIterator[bytes]]
_JSON = "application/json"


def _malformed(_where: str, name: str, error: ValueMalformed) -> AwsError:
    return SerializationException(f"'{error.text[:200]}' is not a valid {error.wanted} for {name}")


class RestJsonCodec:
    """One service's JSON documents at many places."""

    def __init__(self, model: WireModel) -> None:
        self._model = model
        self._readers = JsonReaders(model)
        self._writers = JsonWriters(model)

    def compile(self, operation: OperationModel) -> CompiledOperation:
        """Both directions of an operation."""
        payload = operation.input.get("payload", "")
        reference = operation.input["members"].get(payload, {})
        streams = bool(payload) and bool(
            reference.get("streaming") or self._model.shapes[reference["shape"]].get("streaming")
        )
        return CompiledOperation(operation, self._reader(operation, streams=streams), self._writer(operation), streams)

    def _reader(self, operation: OperationModel, *, streams: bool) -> Callable[[WireRequest], Members]:
        bindings = Bindings(operation.input, self._model, _malformed)
        payload = operation.input.get("payload", "")
        if streams:
            return lambda request: {**bindings.read(request), payload: request.upload}
        read_body = self._body_reader(operation.input, payload)

        def parse(request: WireRequest) -> Members:
            members = bindings.read(request)
            if request.content:
                members.update(read_body(request.content))
            return members

        return parse

    def _body_reader(self, shape: Shape, payload: str) -> Callable[[bytes], Members]:
        if payload:
            reference = shape["members"][payload]
            if self._model.shapes[reference["shape"]]["type"] == "blob":
                return lambda content: {payload: content}
            read = self._readers.of(reference["shape"])
            return lambda content: {payload: read(read_json(content))}
        read_members = self._readers.structure(body_members(shape))

        def read_document(content: bytes) -> Members:
            members: Members = read_members(read_json(content))
            return members

        return read_document

    def _writer(self, operation: OperationModel) -> Callable[[Mapping[str, Any] | None, str], Response]:
        outside = HeaderWriters(operation.output, self._model)
        body, content_type = self._body_writer(operation.output)

        def answer(result: Mapping[str, Any] | None, request_id: str) -> Response:
            result = result or {}
            headers: HeaderList = [("x-amzn-RequestId", request_id)]
            outside.write(result, headers)
            content = body(result)
            if content_type and content and not any(name.lower() == "content-type" for name, _ in headers):
                headers.append(("Content-Type", content_type))
            status = outside.status(result, operation.status)
            return Response(status, headers, content, length=outside.length(result, content))

        return answer

    def _body_writer(self, output: Shape) -> tuple[Body, str]:
        payload = output.get("payload", "")
        if not payload:
            members = body_members(output)
            if not members:
                return lambda _result: b"", ""
            write = self._writers.structure(members)
            return lambda result: orjson.dumps(write(result)), _JSON
        reference = output["members"][payload]
        shape = self._model.shapes[reference["shape"]]
        if shape.get("eventstream"):
            writer = EventWriter(shape, self._model, self._event_document)
            return lambda result: writer.stream(result[payload]), "application/vnd.amazon.eventstream"
        if shape["type"] == "blob":
            return lambda result: result.get(payload) or b"", "application/octet-stream"
        inner = self._writers.of(reference["shape"])
        return lambda result: orjson.dumps(inner(result[payload]) if inner is not None else result[payload]), _JSON

    def _event_document(self, name: str, shape: Shape) -> Callable[[Mapping[str, Any]], tuple[bytes, str]]:
        if not name:
            write = self._writers.structure(shape["members"])
            return lambda event: (orjson.dumps(write(event)), _JSON)
        inner = self._writers.of(shape["members"][name]["shape"])
        return lambda event: (orjson.dumps(inner(event[name]) if inner is not None else event[name]), _JSON)

    def error(self, error: AwsError, request_id: str, _resource: str) -> Response:
        """The error's type in a header, `Type` and message in the body."""
        told = self._model.told(error)
        declared = self._model.errors.get(told.name)
        members = declared.shape["members"] if declared is not None else {}
        message = next((m for m in members if m.lower() == "message"), "message")
        body: dict[str, object] = {message: error.message, **error.extra}
        if "Type" in members:
            body.setdefault("Type", "User" if told.fault == "Sender" else "Service")
        headers: HeaderList = [
            ("x-amzn-RequestId", request_id),
            ("x-amzn-ErrorType", told.name),
            ("Content-Type", _JSON),
        ]
        return Response(told.status, headers, orjson.dumps(body))
