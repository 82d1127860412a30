"""The debug listener's page that collects garbage: for the cluster's CronJob and for `homeport gc`."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import orjson

from homeport.kernel.errors import OperatorError
from homeport.kernel.http.message import Handler, Request, Response
from homeport.registry.collect.plan import Plan
from homeport.registry.model.digest import from_key
from homeport.registry.operations.gate import GateBusy
from homeport.registry.wire.routes import query_values

PATH = "/registry/gc"
_SECONDS = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)
_PREVIEW = re.compile("true|false")
_PARAMETERS: Final = {"preview": (_PREVIEW, "true or false"), "untagged": (_SECONDS, "a number of seconds")}
_JSON = ("Content-Type", "application/json")


def with_collection(handler: Handler, collect: Callable[..., Awaitable[Plan]]) -> Handler:
    """Answer `POST /registry/gc[?preview=true][&untagged=SECONDS]`, and hand on everything else."""

    async def handle(request: Request) -> Response:
        if request.raw_path != PATH or request.method != "POST":
            return await handler(request)
        query = query_values(request.raw_query)
        problem = _problem(query)
        if problem is not None:
            return _told(400, {"error": problem})
        preview = query.get("preview") == ["true"]
        untagged = query.get("untagged")
        try:
            plan = await collect(preview=preview, untagged_seconds=float(untagged[0]) if untagged else None)
        except GateBusy:
            return _told(
                503, {"error": "a collection runs already, or a push is being completed: try again in a moment"}
            )
        except OperatorError as error:
            return _told(500, {"error": error.message})
        return _told(
            200,
            {
                "preview": preview,
                "kept": plan.marked,
                "freed_bytes": plan.freed_bytes,
                "young_bytes": plan.young_bytes,
                "manifests": [f"{manifest.repository}@{manifest.digest}" for manifest in plan.manifests],
                "blobs": [str(from_key(key)) for key in plan.blobs],
            },
        )

    return handle


def _problem(query: Mapping[str, Sequence[str]]) -> str | None:
    """What is wrong with the parameters: who wants only to look must not delete by a slip of the pen."""
    for name, values in query.items():
        if name not in _PARAMETERS:
            return f"there is no {name[:100]!r}, only {' and '.join(_PARAMETERS)}"
        pattern, meant = _PARAMETERS[name]
        if len(values) != 1 or not pattern.fullmatch(values[0]):
            return f"{name} is {meant}, not {', '.join(values)[:100]!r}"
    return None


def _told(status: int, document: dict[str, object]) -> Response:
    return Response(status, [_JSON], orjson.dumps(document) + b"\n")
