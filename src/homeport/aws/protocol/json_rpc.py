"""The protocols awsJson1_0 and awsJson1_1: one path, the operation in a header, JSON both ways."""

import json
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from homeport.aws.errors import AwsError
from homeport.aws.protocol.codec import CompiledOperation, Members, SerializationException, WireRequest
from homeport.aws.protocol.json_values import JsonReaders, JsonWriters, Read, Write
from homeport.aws.protocol.model import OperationModel, WireModel
from homeport.kernel.http.message import HeaderList, Response

_CORAL_SERVICE: Final = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InternalFailure",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "NotImplemented",
        "SerializationException",
        "ServiceUnavailable",
        "UnknownOperationException",
        "UnrecognizedClientException",
    }
)
"""Errors that the framework answers before the service is asked, in its own namespace."""


LARGE_BYTES: Final = 1 << 18
"""What is larger takes milliseconds to read, and is better read in a thread."""


def read_json(content: bytes) -> Any:
    """Parse a body; an empty one is an empty object. A large one is read so that other threads can run meanwhile.

    Raises:
        SerializationException: it is no JSON, or nested too deeply.
    """
    try:
        if len(content) > LARGE_BYTES:
            return _read_large(content)
        return orjson.loads(content) if content else {}
    except (ValueError, RecursionError):
        raise SerializationException("Unable to parse the request body as JSON") from None


def _read_large(content: bytes) -> Any:
    text = content.decode()
    if ("\\ud" in text or "\\uD" in text) and _HALF_SURROGATE.search(text) is not None:
        # The patient parser lets a half of a pair through, which no JSON can be written with again.
        return orjson.loads(content)
    return _PATIENT.decode(text)


def _let_others_run(value: dict[str, Any]) -> dict[str, Any]:
    """Nothing is done with an object; but only a function written in Python gives way to other threads."""
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


_PATIENT: Final = json.JSONDecoder(object_hook=_let_others_run, parse_constant=_refuse_constant)
_HIGH: Final = r"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW: Final = r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_HALF_SURROGATE: Final = re.compile(f"{_HIGH}(?!{_LOW})|(?<!{_HIGH}){_LOW}")


class JsonCodec:
    """One service's JSON."""

    def __init__(self, model: WireModel) -> None:
        self._model = model
        self._readers = JsonReaders(model)
        self._writers = JsonWriters(model)
        self._content_type = f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.0')}"
        self._namespace = str(model.metadata.get("errorNamespace", ""))
        self._query_errors = bool(model.metadata.get("queryCompatible"))
        self._crc32 = bool(model.metadata.get("crc32"))

    def compile(self, operation: OperationModel) -> CompiledOperation:
        """Both directions of an operation."""
        read = self._readers.of(operation.input_name) if operation.input_name else _nothing
        write = self._writers.of(operation.output_name) if operation.output_name else None
        return CompiledOperation(operation, _reader(read), self._writer(write))

    def _writer(self, write: Write | None) -> Callable[[Mapping[str, Any] | None, str], Response]:
        def answer(result: Mapping[str, Any] | None, request_id: str) -> Response:
            if write is None:
                return self._response(200, b"", request_id)
            return self._response(200, orjson.dumps(write(result or {})), request_id)

        return answer

    def _response(self, status: int, body: bytes, request_id: str) -> Response:
        headers: HeaderList = [("x-amzn-RequestId", request_id), ("Content-Type", self._content_type)]
        if self._crc32:
            headers.append(("x-amz-crc32", str(zlib.crc32(body))))
        return Response(status, headers, body)

    def error(self, error: AwsError, request_id: str, _resource: str) -> Response:
        """`__type`, a message, and the error's own members."""
        told = self._model.told(error)
        body = {"__type": self._type(told.name), self._message_member(told.name): error.message, **error.extra}
        response = self._response(told.status, orjson.dumps(body), request_id)
        if self._query_errors:
            response.headers.append(("x-amzn-query-error", f"{told.query_code};{told.fault}"))
        return response

    def _type(self, code: str) -> str:
        if not self._namespace:
            return code
        if code in _CORAL_SERVICE:
            return f"com.amazon.coral.service#{code}"
        if code == "ValidationException":
            return f"com.amazon.coral.validate#{code}"
        return f"{self._namespace}{code}"

    def _message_member(self, code: str) -> str:
        declared = self._model.errors.get(code)
        if declared is not None:
            return next((m for m in declared.shape["members"] if m.lower() == "message"), "message")
        return "Message" if code in _CORAL_SERVICE and self._namespace else "message"


def _nothing(_value: Any) -> Members:
    return {}


def _reader(read: Read) -> Callable[[WireRequest], Members]:
    def parse(request: WireRequest) -> Members:
        members: Members = read(read_json(request.content))
        return members

    return parse
