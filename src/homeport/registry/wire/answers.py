"""Responses in the registry's own form: its headers on each of them, its errors as JSON."""

from collections.abc import Mapping, Sequence

import orjson

from homeport.kernel.http.message import HeaderList, Response
from homeport.registry.errors import RegistryError, SeveralErrors, TooManyRequests

API_VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")
JSON = ("Content-Type", "application/json")


def json_response(value: Mapping[str, object], headers: Sequence[tuple[str, str]] = ()) -> Response:
    """200 with a JSON document."""
    return Response(200, [API_VERSION, JSON, *headers], orjson.dumps(value))


def empty(status: int, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """A status that says everything."""
    return Response(status, [API_VERSION, *headers])


def error_response(error: RegistryError, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """An error as clients read it.

    Spec: OCI distribution, "Error Codes".
    """
    errors = error.errors if isinstance(error, SeveralErrors) else (error,)
    found: HeaderList = [API_VERSION, JSON, *headers]
    if isinstance(error, TooManyRequests):
        found.append(("Retry-After", str(error.retry_after_seconds)))
    return Response(errors[0].status, found, orjson.dumps({"errors": [_entry(each) for each in errors]}) + b"\n")


def _entry(error: RegistryError) -> dict[str, object]:
    entry: dict[str, object] = {"code": error.code, "message": error.message}
    if error.detail is not None:
        entry["detail"] = error.detail
    return entry


_CODES_BY_STATUS = {400: "UNSUPPORTED", 408: "UNAVAILABLE", 413: "SIZE_INVALID", 431: "UNSUPPORTED"}


def protocol_error(status: int, reason: str) -> Response:
    """What went wrong before or beside the registry's own road: a broken header, a body too large, a fault of ours."""
    code = _CODES_BY_STATUS.get(status, "UNKNOWN")
    body = orjson.dumps({"errors": [{"code": code, "message": reason}]}) + b"\n"
    return Response(status, [API_VERSION, JSON], body)
