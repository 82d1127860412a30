"""The road of a request: whose it is, who asks, what is asked, the operation, and the answer's bytes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from homeport.aws.auth.authenticate import Identity
from homeport.aws.auth.credentials import Credentials, read_credentials
from homeport.aws.call import Call
from homeport.aws.cors import CorsPolicy, ForeignOrigin
from homeport.aws.errors import AwsError, InternalFailure, RequestEntityTooLarge, ServiceUnavailable
from homeport.aws.protocol.claims import Claim, Claims
from homeport.aws.protocol.codec import Codec, CompiledOperation, SerializationException, WireRequest
from homeport.aws.protocol.json_rpc import LARGE_BYTES, JsonCodec
from homeport.aws.protocol.model import UNIT, WireModel
from homeport.aws.protocol.query import QueryCodec, read_parameters
from homeport.aws.protocol.rest_xml import RestXmlCodec
from homeport.aws.protocol.routes import Matched, read_query
from homeport.aws.protocol.s3_requests import (
    S3_CONTROL,
    SAFE_METHODS,
    bucket_path,
    refuse_other_operation,
    with_query_headers,
    without_framing,
)
from homeport.aws.room import InvalidAction, MethodNotAllowed, MissingAction, Room, UnknownOperation
from homeport.aws.service import Front
from homeport.aws.stream import HeldUpload, Upload
from homeport.kernel.errors import OperatorError
from homeport.kernel.http.message import Body, BodyCutOff, BodyStalled, BodyTooLarge, Request, Response
from homeport.kernel.log import Log
from homeport.kernel.storage.errors import StorageError

_NOBODY: Final = WireModel("", {"protocol": "json"}, {}, {"Unit": UNIT}, {})
_FALLBACKS: Final[Mapping[str, Codec]] = {
    "json": JsonCodec(_NOBODY),
    "query": QueryCodec(_NOBODY),
    "rest-xml": RestXmlCodec(_NOBODY),
}
"""How errors are told before it is known whose request it is."""


Authenticate = Callable[[Request, Credentials | None, str], Awaitable[Identity]]
"""Of (request, credentials, region that the host names): who that is, or an AwsError."""

OpenUpload = Callable[[Request, Credentials | None, Identity], Upload]
"""The body of an operation that streams it, without its framing."""

CheckBody = Callable[[Request, Credentials | None, Identity, bytes, str], None]
"""Compares a whole body with the digest that was signed, for a form's action or ""; raises AwsError."""


@dataclass(frozen=True, slots=True)
class Doorman:
    """What the gateway asks about credentials."""

    authenticate: Authenticate
    open_upload: OpenUpload
    check_body: CheckBody


@dataclass(slots=True)
class _Step:
    """What is known of a request on its way; `codec` is how its errors are told, as soon as that is known."""

    request: Request
    request_id: str
    codec: Codec | None
    path: str

    def refuse(self, error: AwsError) -> Response:
        """Tell an error as the protocol does."""
        return (self.codec or _fallback(self.request)).error(error, self.request_id, self.path)


class Gateway:
    """Answers the requests of every service.

    Args:
        surface: answers what is no service's: health, LocalStack's endpoints, routes; None hands on.
        public_host: overrides how the client addressed us, in URLs that operations return.
        http_counts: whether policies are told that plain HTTP is HTTPS.
    """

    def __init__(
        self,
        rooms: Mapping[str, Room],
        claims: Claims,
        doorman: Doorman,
        cors: CorsPolicy,
        *,
        surface: Callable[[Request], Awaitable[Response | None]],
        log: Log,
        public_host: str = "",
        http_counts: bool = False,
        marks: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._rooms = rooms
        self._claims = claims
        self._doorman = doorman
        self._cors = cors
        self._surface = surface
        self._log = log
        self._public_host = public_host
        self._http_counts = http_counts
        self._marks = tuple(marks)

    async def handle(self, request: Request) -> Response:
        """Answer a request.

        Raises:
            BodyCutOff, BodyStalled: the connection cannot go on.
        """
        response = await self._answer(request)
        response.headers += self._marks
        origin = request.headers.get("Origin")
        if origin is not None:
            self._cors.decorate(origin, response)
        return response

    async def _answer(self, request: Request) -> Response:
        step = _Step(request, _request_id(request.id), None, request.raw_path)
        try:
            if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
                return await self._bucket_preflight(request) or self._cors.preflight(request)
            return await self._surface(request) or await self._serve(step)
        except (BodyCutOff, BodyStalled):
            raise
        except Exception as error:  # noqa: BLE001 # the gateway is one of the places that catch everything
            return self._refuse(step, error)

    def _refuse(self, step: _Step, error: Exception) -> Response:
        request = step.request
        match error:
            case AwsError():
                told = error
            case BodyTooLarge():
                told = RequestEntityTooLarge(error.limit_bytes)
            case RecursionError():
                told = SerializationException("The request is nested too deeply.")
            case StorageError():
                self._log.error("storage failed", path=request.raw_path, where=error.where, reason=str(error))
                told = ServiceUnavailable("Homeport cannot write to its disk.")
            case OperatorError():
                self._log.error("service cannot be opened", path=request.raw_path, reason=str(error), hint=error.hint)
                told = ServiceUnavailable("Homeport cannot open this service; its log says why.")
            case _:
                self._log.error("operation failed", route=request.route, path=request.raw_path, error=error)
                told = InternalFailure()
        return step.refuse(told)

    async def _serve(self, step: _Step) -> Response:
        request = step.request
        credentials = read_credentials(request.headers, request.raw_query)
        claim = self._claims.claim(request, credentials)
        if claim.service:
            room = self._rooms[claim.service]
            step.codec = room.codec(claim.protocol)
        if self._cors.foreign(request):
            await self._guard(request, claim)
        identity = await self._doorman.authenticate(request, credentials, claim.host.region)
        request.principal = identity.key_id
        match claim.protocol:
            case "json":
                return await self._serve_json(step, room, claim, identity, credentials)
            case "query":
                return await self._serve_form(step, claim, identity, credentials)
            case _:
                return await self._serve_rest(step, room, claim, identity, credentials)

    async def _guard(self, request: Request, claim: Claim) -> None:
        """A foreign page may read what any link could, of S3; the rest needs a bucket's leave, or is refused."""
        if claim.service == "s3":
            front = await self._s3_front()
            bucket, _, _ = bucket_path(request.raw_path, claim.host.bucket)
            if request.method in SAFE_METHODS:
                return
            if front is not None and await front.allows(bucket, request.headers.get("Origin", ""), request.method):
                return
        raise ForeignOrigin

    async def _bucket_preflight(self, request: Request) -> Response | None:
        claim = self._claims.claim(request, None)
        front = await self._s3_front() if claim.service == "s3" else None
        if front is None:
            return None
        bucket, key, _ = bucket_path(request.raw_path, claim.host.bucket)
        return await front.preflight(request, bucket, key)

    async def _s3_front(self) -> Front | None:
        room = self._rooms["s3"]
        await room.open()
        return room.front

    # JSON

    async def _serve_json(
        self, step: _Step, room: Room, claim: Claim, identity: Identity, credentials: Credentials | None
    ) -> Response:
        compiled = room.ready("json", claim.operation) or await self._ready_json(room, claim.operation)
        request = step.request
        content = await request.body.read(room.body_limit_bytes)
        self._doorman.check_body(request, credentials, identity, content, "")
        wire = WireRequest(request.headers, content)
        members = compiled.read(wire) if len(content) <= LARGE_BYTES else await asyncio.to_thread(compiled.read, wire)
        result = await room.run(self._call(step, room, claim.operation, identity), members)
        return compiled.write(result, step.request_id)

    async def _ready_json(self, room: Room, name: str) -> CompiledOperation:
        operation = room.model.operations.get(name)
        if operation is None:
            raise UnknownOperation
        await room.open()
        room.check_implemented(name)
        return room.compiled("json", operation)

    # Query

    async def _serve_form(
        self, step: _Step, claim: Claim, identity: Identity, credentials: Credentials | None
    ) -> Response:
        request = step.request
        content = await request.body.read(_FORM_LIMIT_BYTES)
        form = read_parameters(content, request.raw_query)
        self._doorman.check_body(request, credentials, identity, content, form.get("Action", ""))
        room = self._rooms[claim.service or self._claims.by_form(form, request.raw_path)]
        step.codec = room.codec("query")
        action = form.get("Action")
        if not action:
            raise MissingAction
        operation = room.model.operations.get(action)
        if operation is None:
            raise InvalidAction(action[:100])
        compiled = room.ready("query", action)
        if compiled is None:
            await room.open()
            room.check_implemented(action)
            compiled = room.compiled("query", operation)
        call = self._call(step, room, action, identity)
        if room.name == "sqs" and "QueueUrl" not in form and len(request.raw_path) > 1:
            form["QueueUrl"] = call.endpoint_url + request.raw_path
        members = compiled.read(WireRequest(request.headers, query={name: [value] for name, value in form.items()}))
        result = await room.run(call, members)
        return compiled.write(result, step.request_id)

    # REST

    async def _serve_rest(
        self, step: _Step, room: Room, claim: Claim, identity: Identity, credentials: Credentials | None
    ) -> Response:
        request = step.request
        if room.service is None:
            await room.open()
        bucket = ""
        if room.name == "s3":
            step.request_id = request.id[-16:].upper()
            bucket, key, step.path = bucket_path(request.raw_path, claim.host.bucket)
            if room.front is not None and (
                request.method == "POST" or claim.host.website or request.raw_path.startswith(S3_CONTROL)
            ):
                front_call = self._call(step, room, "", identity)
                answer = await room.front.before(front_call, request, bucket, key)
                if answer is not None:
                    return answer
        query = read_query(request.raw_query)
        matched = self._match(step, room, query)
        operation = matched.operation
        compiled = room.ready(claim.protocol, operation.name)
        if compiled is None:
            room.check_implemented(operation.name)
            compiled = room.compiled(claim.protocol, operation)
        call = self._call(step, room, operation.name, identity)
        wire = await self._wire(room, request, credentials, identity, matched, query, streams=compiled.streams)
        response = await self._run_rest(step, room, call, compiled.read, compiled.write, wire)
        if bucket and room.front is not None and "Origin" in request.headers:
            await room.front.after(call, request, bucket, response)
        return response

    async def _run_rest(
        self,
        step: _Step,
        room: Room,
        call: Call,
        read: Callable[[WireRequest], Mapping[str, Any]],
        write: Callable[[Mapping[str, Any] | None, str], Response],
        wire: WireRequest,
    ) -> Response:
        try:
            return write(await room.run(call, read(wire)), step.request_id)
        except AwsError as error:
            # Here, so that the front can add a bucket's CORS headers to errors too.
            return step.refuse(error)

    async def _wire(
        self,
        room: Room,
        request: Request,
        credentials: Credentials | None,
        identity: Identity,
        matched: Matched,
        query: Mapping[str, list[str]],
        *,
        streams: bool,
    ) -> WireRequest:
        headers = without_framing(request.headers)
        if credentials is not None and credentials.form in _PRESIGNED and room.name == "s3":
            headers = with_query_headers(headers, query)
        if room.name == "s3" and request.method in SAFE_METHODS and not _has_body(request.body):
            return WireRequest(headers, b"", matched.labels, query)
        upload = self._doorman.open_upload(request, credentials, identity)
        if streams and room.name == "s3":
            return WireRequest(headers, b"", matched.labels, query, upload)
        content = await upload.read(room.body_limit_bytes) if _has_body(request.body) else b""
        if room.name != "s3":
            self._doorman.check_body(request, credentials, identity, content, "")
        if room.front is not None:
            room.front.check(matched.operation.name, {**headers, **upload.trailers}, content)
        return WireRequest(headers, content, matched.labels, query, HeldUpload(content) if streams else None)

    def _match(self, step: _Step, room: Room, query: Mapping[str, list[str]]) -> Matched:
        """The operation that a path means; for S3 never another one than the client's.

        Raises:
            AwsError: there is none.
        """
        request = step.request
        matched = room.routes.find(request.method, step.path, query, request.headers)
        if room.name != "s3":
            if matched is None:
                raise UnknownOperation(status=404, message=f"{request.method} {step.path} is no operation")
            return matched
        if matched is None:
            kind = "OBJECT" if step.path.count("/") > 1 else "BUCKET" if len(step.path) > 1 else "SERVICE"
            raise MethodNotAllowed(request.method, kind)
        refuse_other_operation(request.method, matched.operation, query, room.routes.sub_resources)
        return matched

    def _call(self, step: _Step, room: Room, operation: str, identity: Identity) -> Call:
        request = step.request
        request.route = f"{room.name}.{operation}"
        origin = request.origin
        host = self._public_host or origin.host or "localhost"
        trace = request.headers.get("X-Amzn-Trace-Id", "")
        return Call(
            identity.account,
            identity.region,
            room.name,
            operation,
            step.request_id,
            identity.key_id,
            identity.principal_arn,
            f"{origin.scheme}://{host}",
            origin.client,
            request.headers.get("User-Agent", ""),
            not identity.key_id,
            trace if trace.isascii() and trace.isprintable() else "",
            self._http_counts or origin.scheme == "https",
            request.headers.get("Referer", ""),
        )


_PRESIGNED: Final = frozenset({"presigned", "presigned v2"})
_FORM_LIMIT_BYTES: Final = 20 * 1024 * 1024


def _request_id(number: str) -> str:
    """A request's id in the form of a UUID: the process's twelve digits of chance, and the count."""
    return f"{number[:8]}-{number[8:12]}-4000-8000-{number[12:]:0>12}"


def _fallback(request: Request) -> Codec:
    content_type = request.headers.get("Content-Type", "")
    if "X-Amz-Target" in request.headers or "json" in content_type:
        return _FALLBACKS["json"]
    return _FALLBACKS["query" if "form" in content_type else "rest-xml"]


def _has_body(body: Body) -> bool:
    return body.length is None or body.length > 0
