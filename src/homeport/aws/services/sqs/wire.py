"""Endpoints of SQS that are no operations: messages looked at without receiving them, as LocalStack has it."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from urllib.parse import parse_qs, unquote

import orjson

from homeport.aws.api.sqs import Message
from homeport.aws.call import Call
from homeport.aws.errors import AwsError
from homeport.aws.protocol.codec import CompiledOperation
from homeport.aws.protocol.model import load_model
from homeport.aws.protocol.query import QueryCodec
from homeport.aws.service import Route
from homeport.aws.services.sqs.errors import MissingParameter
from homeport.aws.services.sqs.model.queue import Queue, QueueKey
from homeport.aws.services.sqs.operations.receiving import peeked
from homeport.aws.services.sqs.room import Sqs
from homeport.aws.services.sqs.store import looking
from homeport.kernel.http.message import Request, Response

_FORM_LIMIT_BYTES = 65_536
_MOST = 1000
_BY_NAME = re.compile(r"/_aws/sqs/messages/([^/]+)/([0-9]{12})/([^/]+)")
_METHODS = frozenset({"GET", "POST"})


@cache
def _codec() -> QueryCodec:
    return QueryCodec(load_model("sqs"))


@cache
def _receive() -> CompiledOperation:
    return _codec().compile(load_model("sqs").operations["ReceiveMessage"])


async def peek(sqs: Sqs, call: Call, request: Request) -> Response:
    """`GET|POST /_aws/sqs/messages?QueueUrl=` and `GET /_aws/sqs/messages/{region}/{account}/{queue}`."""
    call = call._replace(operation="ReceiveMessage")
    given = parse_qs(request.raw_query)
    if request.method == "POST":
        given |= parse_qs((await request.body.read(_FORM_LIMIT_BYTES)).decode(errors="replace"))
    try:
        messages = await _look(sqs, await _queue(sqs, call, request, given), given)
    except AwsError as error:
        return _codec().error(error, request.id, request.raw_path)
    if "json" in request.headers.get("Accept", ""):
        return Response(200, [("Content-Type", "application/json")], _json(messages))
    return _receive().write({"Messages": messages}, request.id)


async def _queue(sqs: Sqs, call: Call, request: Request, given: Mapping[str, list[str]]) -> Queue:
    named = _BY_NAME.fullmatch(request.raw_path)
    if named:
        return await sqs.named(call, QueueKey(named[2], named[1], unquote(named[3])))
    if not given.get("QueueUrl"):
        raise MissingParameter("QueueUrl")
    return await sqs.queue(call, given["QueueUrl"][0])


async def _look(sqs: Sqs, queue: Queue, given: Mapping[str, list[str]]) -> list[Message]:
    now = sqs.clock.now()
    invisible, delayed = _flag(given, "ShowInvisible"), _flag(given, "ShowDelayed")
    found = await sqs.db.read(
        lambda snapshot: looking.oldest(snapshot, queue.shelf, now, invisible=invisible, delayed=delayed, limit=_MOST)
    )
    return [peeked(queue, message) for message in found]


def _flag(given: Mapping[str, list[str]], name: str) -> bool:
    return given.get(name, ["false"])[0].lower() in {"true", "1"}


def _json(messages: Sequence[Message]) -> bytes:
    """The XML's elements as JSON, one message as an object and several as a list: what LocalStack's users read."""
    found = [_element(message) for message in messages]
    result = {"Message": found[0] if len(found) == 1 else found} if found else None
    return orjson.dumps({"ReceiveMessageResponse": {"ReceiveMessageResult": result}})


def _element(message: Message) -> dict[str, object]:
    element: dict[str, object] = {
        name: value for name, value in message.items() if name not in {"Attributes", "MessageAttributes"}
    }
    attributes = [{"Name": name, "Value": value} for name, value in message.get("Attributes", {}).items()]
    if attributes:
        element["Attribute"] = attributes
    own = [
        {"Name": name, "Value": {key: part if isinstance(part, str) else "" for key, part in value.items()}}
        for name, value in message.get("MessageAttributes", {}).items()
    ]
    if own:
        element["MessageAttribute"] = own
    return element


ROUTES: Sequence[Route[Sqs]] = (
    Route(re.compile(r"/_aws/sqs/messages"), peek, methods=_METHODS),
    Route(_BY_NAME, peek, methods=_METHODS),
)
