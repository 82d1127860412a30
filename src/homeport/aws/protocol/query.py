"""The protocol awsQuery: a form with `Action` and `Version` there, XML back."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from homeport.aws.errors import AwsError
from homeport.aws.protocol.codec import CompiledOperation, MalformedInput, Members, WireRequest
from homeport.aws.protocol.model import OperationModel, WireModel
from homeport.aws.protocol.query_values import QueryReaders, Read, read_form, tree_of
from homeport.aws.protocol.xml_values import Write, XmlWriters, escape
from homeport.kernel.http.message import HeaderList, Response

# References to what XML 1.0 has no character for: a reader would refuse the whole document, with all else in a list.
_NO_CHARACTERS = re.compile("&#x(?!D;)[0-9A-F]+;")
_PROTOCOL_MEMBERS = frozenset({"Action", "Version"})


class QueryCodec:
    """One service's forms and documents."""

    def __init__(self, model: WireModel) -> None:
        self._model = model
        self._readers = QueryReaders(model)
        self._writers = XmlWriters(model)
        self._namespace = f' xmlns="{escape(model.namespace)}"' if model.namespace else ""

    def compile(self, operation: OperationModel) -> CompiledOperation:
        """Both directions of an operation."""
        read = self._readers.of(operation.input_name) if operation.input_name else None
        members = operation.output["members"]
        return CompiledOperation(operation, _reader(read), self._writer(operation, self._writers.members(members)))

    def _writer(self, operation: OperationModel, write: Write) -> Callable[[Mapping[str, Any] | None, str], Response]:
        name, wrapper = operation.name, operation.result_wrapper
        opening = f"<{name}Response{self._namespace}>" + (f"<{wrapper}>" if wrapper else "")
        closing = f"</{wrapper}>" if wrapper else ""

        def answer(result: Mapping[str, Any] | None, request_id: str) -> Response:
            out = [opening]
            write(out, result or {})
            out.append(
                f"{closing}<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
            )
            return _response(200, out, request_id)

        return answer

    def error(self, error: AwsError, request_id: str, _resource: str) -> Response:
        """An `ErrorResponse` with type, code and message."""
        told = self._model.told(error)
        code, message = escape(told.query_code), escape(error.message)
        out = [f"<ErrorResponse{self._namespace}><Error><Type>{told.fault}</Type><Code>{code}</Code>"]
        out.append(f"<Message>{message}</Message>")
        out += [f"<{name}>{escape(str(value))}</{name}>" for name, value in error.extra.items()]
        out.append(f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>")
        return _response(told.status, out, request_id)


def _response(status: int, out: list[str], request_id: str) -> Response:
    headers: HeaderList = [("x-amzn-RequestId", request_id), ("Content-Type", "text/xml")]
    text = "".join(out)
    if "&#x" in text:
        text = _NO_CHARACTERS.sub("\ufffd", text)
    return Response(status, headers, text.encode("utf-8", "replace"))


def read_parameters(content: bytes, raw_query: str) -> dict[str, str]:
    """A request's parameters, wherever they are: in the body, or in the query string of a GET.

    Raises:
        MalformedInput: they cannot be read.
    """
    try:
        body = content.decode("ascii")
    except UnicodeDecodeError:
        try:
            body = content.decode("utf-8")
        except UnicodeDecodeError:
            raise MalformedInput("The request contains bytes that are not UTF-8.") from None
    form = read_form(raw_query) if raw_query else {}
    form.update(read_form(body))
    return form


def _reader(read: Read | None) -> Callable[[WireRequest], Members]:
    def parse(request: WireRequest) -> Members:
        form = {name: values[-1] for name, values in request.query.items() if name not in _PROTOCOL_MEMBERS}
        members: Members = read(tree_of(form)) if read is not None else {}
        return members

    return parse
