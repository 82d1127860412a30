"""What a protocol is: how one operation's request is read and how its result, or an error, is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from homeport.aws.errors import AwsError
from homeport.aws.protocol.model import OperationModel, WireModel
from homeport.aws.stream import Upload
from homeport.kernel.http.message import Response

Members = dict[str, Any]


_NONE: Mapping[str, Any] = MappingProxyType({})


class WireRequest(NamedTuple):
    """What protocols read of a request.

    Attributes:
        labels: the path's labels, decoded.
        query: the query string's parameters, decoded, each with all its values in order.
        content: the body; empty when the operation streams it.
        upload: the body of an operation that streams it.
    """

    headers: Mapping[str, str]
    content: bytes = b""
    labels: Mapping[str, str] = _NONE
    query: Mapping[str, list[str]] = _NONE
    upload: Upload | None = None
    path: str = "/"


@dataclass(frozen=True, slots=True)
class CompiledOperation:
    """An operation's two directions.

    Attributes:
        read: raises AwsError for bytes that are no request of the operation.
        write: a result's answer, with the request id told to the client.
        streams: whether the request's body is handed on unread.
    """

    model: OperationModel
    read: Callable[[WireRequest], Members]
    write: Callable[[Mapping[str, Any] | None, str], Response]
    streams: bool = False


class Codec(Protocol):
    """One protocol, for one service."""

    def compile(self, operation: OperationModel) -> CompiledOperation:
        """Both directions of an operation; costly, done once."""
        ...

    def error(self, error: AwsError, request_id: str, resource: str) -> Response:
        """An error's answer; `resource` is the request's path."""
        ...


MakeCodec = Callable[[WireModel], Codec]


class SerializationException(AwsError):
    """The bytes are no request of the operation: not JSON, or members of the wrong type."""

    code = "SerializationException"


class MalformedInput(AwsError):
    """The query protocol's word for it."""

    code = "MalformedInput"


class MalformedXml(AwsError):
    """S3's word for it."""

    code = "MalformedXML"

    def __init__(self) -> None:
        super().__init__("The XML you provided was not well-formed or did not validate against our published schema")
