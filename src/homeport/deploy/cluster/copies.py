"""Backup and restore of a deployment's volumes, through the API server."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Literal

from homeport.deploy.cluster.api import Api
from homeport.deploy.cluster.plan import Tell
from homeport.deploy.cluster.pods import Volume, pod_for, running_pod, scale, until_ended, until_gone, until_running
from homeport.deploy.cluster.streams import PodProgramError, feed_pod, run_in_pod
from homeport.deploy.objects.config import CONFIG, DATA, FOREIGN_VOLUME
from homeport.deploy.values.table import Values

Half = Literal["registry", "aws"]


def _places(values: Values, half: Half) -> list[str]:
    foreign = half == "registry" and values.registry.existing_claim
    return ["--data-dir", DATA, *(["--registry-root", FOREIGN_VOLUME] if foreign else [])]


async def back_up(api: Api, values: Values, half: Half, out: Callable[[bytes], object]) -> str:
    """Write one half's data to `out` as an archive, while it serves; what the program said.

    Raises:
        NotRunningError, PodProgramError: there is no archive, or only a part of one.
    """
    pod = await running_pod(api, values, half)
    command = ["homeport", "backup", "-", "--config", f"{CONFIG}/{half}.yaml"]
    return await run_in_pod(api, pod, command, out, container=half)


async def restore(
    api: Api,
    values: Values,
    half: Half,
    source: AsyncIterator[bytes],
    tell: Tell,
    *,
    replace: bool = False,
    pause_seconds: float = 1.0,
    patience_seconds: float = 300.0,
) -> None:
    """Fill one half's volume from an archive; the half stands still meanwhile.

    The volume has to be empty, unless what it holds is to be replaced.

    Raises:
        PodError, PodProgramError: the volume was not empty, or the archive is damaged: nothing was changed.
    """
    volumes: list[Volume] = [(f"{half}-data", DATA)]
    if half == "registry" and values.registry.existing_claim:
        volumes.append((values.registry.existing_claim, FOREIGN_VOLUME))
    name = f"restore-{half}"
    path = f"/api/v1/namespaces/{values.namespace.name}/pods/{name}"
    tell(f"stopping {half}")
    await scale(api, values, half, 0, pause_seconds=pause_seconds)
    try:
        command = ["restore", "-", *_places(values, half), *(["--replace"] if replace else [])]
        pod = pod_for(values, name, command, volumes, stdin=True)
        await api.request("POST", path.rsplit("/", 1)[0], body=pod)
        await until_running(api, path, patience_seconds=patience_seconds, pause_seconds=pause_seconds)
        tell("sending the archive")
        # What went wrong, if anything did, the program's own log says best.
        with suppress(PodProgramError):
            await feed_pod(api, path, source, container="once")
        tell(await until_ended(api, path, patience_seconds=patience_seconds, pause_seconds=pause_seconds))
    finally:
        try:
            # Only then is its name free for another try, and nobody else on the volume.
            if await api.delete(path):
                await until_gone(api, path, pause_seconds)
        finally:
            await scale(api, values, half, 1)
            tell(f"starting {half}")
