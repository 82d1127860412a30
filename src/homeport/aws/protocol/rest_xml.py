"""The protocol restXml, as S3 speaks it: documents with S3's namespace, errors as a bare `Error`."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final, cast
from xml.etree.ElementTree import Element

from homeport.aws.errors import AwsError
from homeport.aws.protocol.codec import CompiledOperation, MalformedXml, Members, WireRequest
from homeport.aws.protocol.eventstream import EventWriter
from homeport.aws.protocol.model import OperationModel, Shape, WireModel
from homeport.aws.protocol.rest import Bindings, HeaderWriters, body_members
from homeport.aws.protocol.scalars import ValueMalformed
from homeport.aws.protocol.xml_values import (
    DECLARATION,
    Write,
    XmlReaders,
    XmlWriters,
    escape,
    local_name,
    parse_xml,
)
from homeport.kernel.http.message import HeaderList, Response
from homeport.kernel.streams import FileSlices

_HOST_ID: Final = "aG9tZXBvcnQvaG9tZXBvcnQvaG9tZXBvcnQvaG9tZXBvcnQvaG9tZXBvcnQvaG9tZXBvcnQ="
"""`x-amz-id-2`: some clients want one; it names no machine."""

Body = Callable[[Mapping[str, Any]], bytes | FileSlices | AsyncIterator[bytes]]


class InvalidArgument(AwsError):
    """A parameter of the wrong form."""

    code = "InvalidArgument"

    def __init__(self, where: str, name: str, error: ValueMalformed) -> None:
        message = f"Invalid value for {name}"
        if error.wanted == "integer":
            message = f"Provided {name} not an integer or within integer range"
        super().__init__(message, extra={"ArgumentName": name, "ArgumentValue": error.text})
        self.where = where


class RestXmlCodec:
    """One service's documents."""

    def __init__(self, model: WireModel) -> None:
        self._model = model
        self._readers = XmlReaders(model)
        self._writers = XmlWriters(model)
        self._namespace = f' xmlns="{model.namespace}"' if model.namespace else ""

    def compile(self, operation: OperationModel) -> CompiledOperation:
        """Both directions of an operation."""
        payload = operation.input.get("payload", "")
        reference = operation.input["members"].get(payload, {})
        streams = bool(payload) and _streams(reference, self._model)
        return CompiledOperation(operation, self._reader(operation, streams=streams), self._writer(operation), streams)

    def _reader(self, operation: OperationModel, *, streams: bool) -> Callable[[WireRequest], Members]:
        bindings = Bindings(operation.input, self._model, InvalidArgument)
        payload = operation.input.get("payload", "")
        if streams:
            return lambda request: {**bindings.read(request), payload: request.upload}
        read_body = self._body_reader(operation)

        def parse(request: WireRequest) -> Members:
            members = bindings.read(request)
            if request.content and read_body is not None:
                members.update(read_body(request.content))
            return members

        return parse

    def _body_reader(self, operation: OperationModel) -> Callable[[bytes], Members] | None:
        payload = operation.input.get("payload", "")
        if payload:
            reference = operation.input["members"][payload]
            shape = self._model.shapes[reference["shape"]]
            if shape["type"] == "structure":
                read = self._readers.of(reference["shape"])
                element = reference.get("locationName") or reference["shape"]
                return lambda content: {payload: read(_root(content, element))}
            if shape["type"] == "blob":
                return lambda content: {payload: content}
            return lambda content: {payload: _text(content)}
        members = body_members(operation.input)
        if not members:
            return None
        read_members = self._readers.structure(members)

        def read_document(content: bytes) -> Members:
            return cast("Members", read_members(_root(content, operation.input_element)))

        return read_document

    def _writer(self, operation: OperationModel) -> Callable[[Mapping[str, Any] | None, str], Response]:
        outside = HeaderWriters(operation.output, self._model)
        body, content_type = self._body_writer(operation)

        def answer(result: Mapping[str, Any] | None, request_id: str) -> Response:
            result = result or {}
            headers: HeaderList = [("x-amz-request-id", request_id), ("x-amz-id-2", _HOST_ID)]
            outside.write(result, headers)
            content = body(result) if body is not None else b""
            if content_type and content:
                headers.append(("Content-Type", content_type))
            status = outside.status(result, operation.status)
            return Response(status, headers, content, length=outside.length(result, content))

        return answer

    def _body_writer(self, operation: OperationModel) -> tuple[Body | None, str]:
        output = operation.output
        payload = output.get("payload", "")
        if payload:
            return self._payload_writer(operation, payload, output["members"][payload])
        members = body_members(output)
        if not members:
            return None, ""
        root = output.get("locationName") or operation.output_name
        if output.get("textElement"):
            member = next(iter(members))
            return self._document(root, lambda out, result: out.append(escape(result.get(member) or ""))), _XML
        return self._document(root, self._writers.members(members)), _XML

    def _payload_writer(
        self, operation: OperationModel, payload: str, reference: Mapping[str, Any]
    ) -> tuple[Body | None, str]:
        shape = self._model.shapes[reference["shape"]]
        if shape.get("eventstream"):
            writer = EventWriter(shape, self._model, self._event_document)
            return lambda result: writer.stream(result[payload]), "application/vnd.amazon.eventstream"
        if shape["type"] == "structure":
            root = operation.output.get("locationName") or reference.get("locationName") or reference["shape"]
            write = self._writers.members({m: r for m, r in shape["members"].items() if "location" not in r})
            document = self._document(root, write)
            return lambda result: document(result[payload]) if result.get(payload) is not None else b"", _XML
        if shape["type"] == "blob":
            return lambda result: result.get(payload) or b"", ""
        return lambda result: (result.get(payload) or "").encode(), ""

    def _document(self, root: str, write: Write) -> Callable[[Mapping[str, Any]], bytes]:
        opening = f"{DECLARATION}<{root}{self._namespace}>"

        def document(result: Mapping[str, Any]) -> bytes:
            out = [opening]
            write(out, result)
            out.append(f"</{root}>")
            return "".join(out).encode("utf-8", "replace")

        return document

    def _event_document(self, name: str, shape: Shape) -> Callable[[Mapping[str, Any]], tuple[bytes, str]]:
        reference = shape["members"][name]
        write = self._writers.element(reference.get("locationName") or reference["shape"], reference)

        def document(event: Mapping[str, Any]) -> tuple[bytes, str]:
            out: list[str] = []
            write(out, event[name])
            return "".join(out).encode(), "text/xml"

        return document

    def error(self, error: AwsError, request_id: str, resource: str) -> Response:
        """S3's `Error` document."""
        told = self._model.told(error)
        members: dict[str, object] = {"Code": told.query_code, "Message": error.message, **error.extra}
        if self._model.service == "s3":
            members.setdefault("Resource", resource)
        members |= {"RequestId": request_id, "HostId": _HOST_ID}
        text = "".join(f"<{n}>{escape(str(v))}</{n}>" for n, v in members.items() if v is not None)
        headers: HeaderList = [
            ("x-amz-request-id", request_id),
            ("x-amz-id-2", _HOST_ID),
            ("Content-Type", _XML),
            *error.headers.items(),
        ]
        body = f"{DECLARATION}<Error>{text}</Error>".encode("utf-8", "replace")
        return Response(told.status, headers, body if told.status != _NOT_MODIFIED else b"")


_XML: Final = "application/xml"
_NOT_MODIFIED: Final = 304


def _streams(reference: Mapping[str, Any], model: WireModel) -> bool:
    return bool(reference.get("streaming") or model.shapes[reference["shape"]].get("streaming"))


def _root(content: bytes, name: str) -> Element:
    """A document's root, which has to be of this name where one is given.

    Raises:
        MalformedXml: it is not.
    """
    root = parse_xml(content)
    if name and local_name(root.tag) != name:
        raise MalformedXml
    return root


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedXml from None
