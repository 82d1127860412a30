"""A service at work: its state, its wire model, and its operations compiled as they are first asked for."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from homeport.aws.call import Call
from homeport.aws.errors import AwsError, Fault, OperationNotImplemented
from homeport.aws.protocol.claims import Protocol
from homeport.aws.protocol.codec import Codec, CompiledOperation, MakeCodec
from homeport.aws.protocol.constraints import Constraints
from homeport.aws.protocol.json_rpc import JsonCodec
from homeport.aws.protocol.model import OperationModel, WireModel, load_model
from homeport.aws.protocol.query import QueryCodec
from homeport.aws.protocol.rest_json import RestJsonCodec
from homeport.aws.protocol.rest_xml import RestXmlCodec
from homeport.aws.protocol.routes import Routes
from homeport.aws.service import Front, Service

_CODECS: Mapping[Protocol, MakeCodec] = {
    "json": JsonCodec,
    "query": QueryCodec,
    "rest-json": RestJsonCodec,
    "rest-xml": RestXmlCodec,
}

_MIB: Final = 1024 * 1024
_LARGEST_BODY_BYTES: Final = {"lambda": 128 * _MIB, "s3": 8 * _MIB}
"""Of operations that do not stream; Lambda takes whole archives in base 64."""


class Room:
    """One service.

    Args:
        opening: opens the service of a name, and ends in `let_in`; None for a service that only has a wire model:
            every operation of it answers NotImplemented.
        on: whether the settings leave the service in.

    Attributes:
        service: None while it is closed.
    """

    def __init__(self, name: str, opening: Callable[[str], Awaitable[None]] | None, *, on: bool = True) -> None:
        self.name = name
        self._opening = opening if on else None
        self._on = on
        self.service: Service[Any] | None = None
        self.state: object = None
        self.front: Front | None = None
        self.body_limit_bytes = _LARGEST_BODY_BYTES.get(name, 20 * _MIB)
        self._model: WireModel | None = None
        self._routes: Routes | None = None
        self._constraints: Constraints | None = None
        self._codecs: dict[Protocol, Codec] = {}
        self._compiled: dict[tuple[Protocol, str], CompiledOperation] = {}

    async def open(self) -> None:
        """Open the service, if it is still closed and can be used.

        Raises:
            OperatorError: its tables are from a later Homeport.
            StorageError: the disk failed.
        """
        if self.service is None and self._opening is not None:
            await self._opening(self.name)

    def let_in(self, service: Service[Any], state: object) -> None:
        """The service has been opened."""
        self.service = service
        self.state = state
        self.front = service.front(state) if service.front is not None else None

    @property
    def model(self) -> WireModel:
        """The wire model, read at the first call."""
        if self._model is None:
            self._model = load_model(self.name)
        return self._model

    @property
    def routes(self) -> Routes:
        """The places of a REST service's operations."""
        if self._routes is None:
            self._routes = Routes(self.model)
        return self._routes

    @property
    def available(self) -> bool:
        """Whether anybody can use it; it may still be closed."""
        return self._opening is not None

    def codec(self, protocol: Protocol) -> Codec:
        """One of the service's protocols."""
        codec = self._codecs.get(protocol)
        if codec is None:
            codec = self._codecs[protocol] = _CODECS[protocol](self.model)
        return codec

    def ready(self, protocol: Protocol, operation: str) -> CompiledOperation | None:
        """An operation that has been asked for before: it is implemented, and the service is open."""
        return self._compiled.get((protocol, operation))

    def compiled(self, protocol: Protocol, operation: OperationModel) -> CompiledOperation:
        """An operation in a protocol."""
        key = protocol, operation.name
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = self.codec(protocol).compile(operation)
        return compiled

    def check_implemented(self, operation: str) -> None:
        """Refuse an operation that nobody wrote, before its body is read; the service is open if it can be.

        Raises:
            OperationNotImplemented: it is one.
            ServiceSwitchedOff: the settings leave the service out.
        """
        if not self._on:
            raise ServiceSwitchedOff(self.name)
        if self.service is None or operation not in self.service.operations:
            raise OperationNotImplemented(str(self.model.metadata["serviceId"]), operation)

    async def run(self, call: Call, request: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Check a request against the model, and run its operation.

        Raises:
            AwsError: what the model or the operation says.
            OperatorError, StorageError: as `open`.
        """
        service = self.service
        if service is None or call.operation not in service.operations:
            await self.open()
            self.check_implemented(call.operation)
            service = self.service
        assert service is not None  # noqa: S101 # checked in the line above
        if service.refuse is not None:
            if self._constraints is None:
                self._constraints = Constraints(self.model)
            violations = self._constraints.check(self.model.operations[call.operation].input_name, request)
            if violations and (refusal := service.refuse(call.operation, violations)) is not None:
                raise refusal
        return await service.operations[call.operation](self.state, call, request)


class ServiceSwitchedOff(AwsError):
    """A service that the settings leave out; 501, so that no client tries again."""

    code = "NotImplemented"
    status = 501
    fault: Fault = "Receiver"

    def __init__(self, service: str) -> None:
        super().__init__(f"The service {service} is switched off: aws.services (SERVICES) names those that are on.")


class InvalidAction(AwsError):
    """A form whose action the service has not."""

    code = "InvalidAction"
    status = 400

    def __init__(self, action: str) -> None:
        super().__init__(f"The action {action} is not valid for this endpoint.")


class MissingAction(AwsError):
    """A form without an action."""

    code = "MissingAction"
    status = 400

    def __init__(self) -> None:
        super().__init__("Missing Action")


class UnknownOperation(AwsError):
    """A target or path that means no operation."""

    code = "UnknownOperationException"

    def __init__(self, *, status: int = 400, message: str = "") -> None:
        super().__init__(message)
        self.status = status


class MethodNotAllowed(AwsError):
    """A method that nothing at the path has."""

    code = "MethodNotAllowed"
    status = 405

    def __init__(self, method: str, resource_type: str) -> None:
        super().__init__(
            "The specified method is not allowed against this resource.",
            extra={"Method": method, "ResourceType": resource_type},
        )
