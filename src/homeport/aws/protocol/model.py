"""A service's wire model: operations and shapes as `aws/api/<service>.json` tells them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import orjson

from homeport.aws.errors import AwsError, Fault

Shape = Mapping[str, Any]
"""A shape as botocore's models write it: `type`, `members`, `required`, `member`, `key`, `value` and traits."""

UNIT: Shape = {"type": "structure", "members": {}}
"""The shape of what has no members."""


@dataclass(frozen=True, slots=True)
class OperationModel:
    """One operation.

    Attributes:
        uri: the request's path and literal query with `{Label}` and `{Greedy+}`.
        status: of an answer without a status member.
        result_wrapper: the element around a query protocol's result; empty where there is none.
    """

    name: str
    method: str
    uri: str
    status: int
    input: Shape
    output: Shape
    input_name: str
    output_name: str
    input_element: str
    input_namespace: str
    result_wrapper: str
    errors: Sequence[str]
    checksum: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """An error as a service declares it: the shape's name, the query protocol's code, status and fault."""

    name: str
    query_code: str
    status: int
    receiver: bool
    shape: Shape


@dataclass(frozen=True, slots=True)
class ToldError:
    """How an error is told: its name in JSON, its code in XML, and what they have in common."""

    name: str
    query_code: str
    status: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class WireModel:
    """A service as its protocols see it."""

    service: str
    metadata: Mapping[str, Any]
    operations: Mapping[str, OperationModel]
    shapes: Mapping[str, Shape]
    errors: Mapping[str, ErrorModel] = field(repr=False)
    """By the shape's name and by the query protocol's code."""

    def told(self, error: AwsError) -> ToldError:
        """What the model says about an error that was raised."""
        declared = self.errors.get(error.code)
        if declared is None:
            return ToldError(error.code, error.code, error.status or 400, error.fault)
        fault: Fault = "Receiver" if declared.receiver else error.fault
        return ToldError(declared.name, declared.query_code, error.status or declared.status, fault)

    @property
    def protocols(self) -> Sequence[str]:
        """Every protocol that the service speaks, its own first."""
        protocols: Sequence[str] = self.metadata.get("protocols") or [self.metadata["protocol"]]
        return protocols

    @property
    def namespace(self) -> str:
        """The XML namespace of its answers; empty where there is none."""
        return str(self.metadata.get("xmlNamespace", ""))


@cache
def load_model(service: str) -> WireModel:
    """Read a service's wire model; a few milliseconds, once.

    Raises:
        FileNotFoundError: nobody knows the service.
    """
    return build_model(orjson.loads(resources.files("homeport.aws.api").joinpath(f"{service}.json").read_bytes()))


def build_model(source: Mapping[str, Any]) -> WireModel:
    """A wire model from its JSON."""
    shapes = source["shapes"]
    errors: dict[str, ErrorModel] = {}
    for name, shape in shapes.items():
        if shape.get("exception"):
            error = _error(name, shape)
            errors[name] = error
            errors.setdefault(error.query_code, error)
    return WireModel(
        service=source["service"],
        metadata=source["metadata"],
        operations={name: _operation(name, op, shapes) for name, op in source["operations"].items()},
        shapes=shapes,
        errors=errors,
    )


def _operation(name: str, source: Mapping[str, Any], shapes: Mapping[str, Shape]) -> OperationModel:
    http = source["http"]
    given, result = source.get("input", {}), source.get("output", {})
    return OperationModel(
        name=name,
        method=http["method"],
        uri=http["requestUri"],
        status=http.get("responseCode", 200),
        input=shapes[given["shape"]] if given else UNIT,
        output=shapes[result["shape"]] if result else UNIT,
        input_name=given.get("shape", ""),
        output_name=result.get("shape", ""),
        input_element=given.get("locationName", ""),
        input_namespace=given.get("xmlNamespace", {}).get("uri", ""),
        result_wrapper=result.get("resultWrapper", ""),
        errors=source.get("errors", ()),
        checksum=source.get("httpChecksum", {}),
    )


def _error(name: str, shape: Shape) -> ErrorModel:
    traits = shape.get("error", {})
    receiver = bool(shape.get("fault"))
    return ErrorModel(
        name=name,
        query_code=traits.get("code", name),
        status=traits.get("httpStatusCode", 500 if receiver else 400),
        receiver=receiver,
        shape=shape,
    )
