"""Waiting for what was applied, telling what is still missing."""

import asyncio
from collections.abc import Sequence

from homeport.deploy.cluster.api import Api
from homeport.deploy.cluster.plan import Tell
from homeport.deploy.documents import Object, describe, kind_of, list_at, number_at, text_at
from homeport.kernel.errors import OperatorError


class NotReadyError(OperatorError):
    """What was applied did not come up in time."""


_LONGEST_PAUSE_SECONDS = 2.0
_READY_KINDS = ("Certificate", "Deployment")


async def wait_until_ready(
    api: Api, objects: Sequence[Object], tell: Tell, *, timeout_seconds: float, pause_seconds: float = 0.1
) -> None:
    """Wait for certificates and Deployments, and tell when a state changes.

    Raises:
        NotReadyError: with the last state of what is missing.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_seconds
    waiting = {await api.path_of(each): describe(each) for each in objects if kind_of(each) in _READY_KINDS}
    told: dict[str, str] = {}
    while waiting:
        for path, name in list(waiting.items()):
            state = missing_of(await api.get(path) or {})
            if not state:
                del waiting[path]
                tell(f"{name} is ready")
            elif told.get(path) != state:
                told[path] = state
                tell(f"{name}: {state}")
        if waiting and loop.time() > deadline:
            names = "; ".join(f"{name}: {told[path]}" for path, name in waiting.items())
            raise NotReadyError(
                f"not ready after {timeout_seconds:.0f} s: {names}", hint="`homeport k8s doctor` looks for the cause"
            )
        if waiting:
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)


def missing_of(document: Object) -> str:
    """What keeps a Deployment or Certificate from being ready; empty when nothing does."""
    if kind_of(document) == "Deployment":
        return _missing_of_deployment(document)
    ready = next((each for each in list_at(document, "status", "conditions") if text_at(each, "type") == "Ready"), None)
    if ready is None:
        return "not issued yet"
    return "" if text_at(ready, "status") == "True" else text_at(ready, "message") or "not issued yet"


def _missing_of_deployment(document: Object) -> str:
    wanted = number_at(document, "spec", "replicas")
    if number_at(document, "status", "observedGeneration") < number_at(document, "metadata", "generation"):
        return "the change is not seen yet"
    ready, updated = number_at(document, "status", "readyReplicas"), number_at(document, "status", "updatedReplicas")
    if updated >= wanted and ready >= wanted:
        return ""
    for condition in list_at(document, "status", "conditions"):
        if text_at(condition, "status") == "False" and text_at(condition, "type") == "Progressing":
            return text_at(condition, "message")
    return f"{ready} of {wanted} pods ready"
