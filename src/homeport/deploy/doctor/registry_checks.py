"""Checks of the registry as clients use it: login, push and pull, and an upload that takes its time."""

import asyncio
import hashlib
import io
import os
import platform
import tarfile
from collections.abc import AsyncIterator

from homeport.deploy.doctor.findings import Findings
from homeport.deploy.doctor.registry_client import Pushed, RegistryAnswerError, RegistryClient
from homeport.deploy.doctor.scene import Scene

REPOSITORY = "homeport-doctor/probe"
_IMAGE_BYTES = 1024 * 1024
NO_REGISTRY = "registry.enabled is false"
_OK, _UNAUTHORIZED = 200, 401
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


async def login(scene: Scene, found: Findings) -> None:
    """7: the registry asks for a password, and takes the given one."""
    if not scene.values.registry.enabled:
        found.skipped("asked the registry", NO_REGISTRY)
        return
    async with scene.session() as session:
        url = scene.url(scene.values.registry_host)
        status, headers, _ = await RegistryClient(session, url, None).ask("GET", "/v2/")
        did, saw = f"asked {url}/v2/ without a password", f"{status} {headers.get('WWW-Authenticate', '')}".strip()
        if status == _UNAUTHORIZED and headers.get("WWW-Authenticate", "").startswith("Basic"):
            found.ok(did, saw)
        elif status == _OK and scene.values.registry.anonymous_pull:
            found.ok(did, f"{saw}: everybody may pull")
        else:
            found.failed(did, saw, f"kubectl -n {scene.values.namespace.name} logs deployment/registry")
        if scene.login is None:
            found.skipped("logged in", "no user given: --user NAME --password-stdin")
            return
        status, _, _ = await RegistryClient(session, url, scene.login).ask("GET", "/v2/")
        did = f"logged in as {scene.login[0]}"
        if status == _OK:
            found.ok(did, "accepted")
        else:
            found.failed(did, f"{status}", f"homeport k8s user passwd {scene.login[0]}; it takes a minute")


async def push_and_pull(scene: Scene, found: Findings) -> None:
    """8: a random image of 1 MB goes in and comes out; it stays for the nodes' check, which removes it."""
    did = "pushed and pulled a random image of 1 MB"
    if not scene.values.registry.enabled:
        found.skipped(did, NO_REGISTRY)
        return
    if scene.login is None:
        found.skipped(did, "no user given: --user NAME --password-stdin")
        return
    async with scene.session() as session:
        client = RegistryClient(session, scene.url(scene.values.registry_host), scene.login)
        image = await push_probe(client, f"t{os.getpid()}")
        received = await client.pull_image(image)
        found.ok(did, f"{received} bytes came back as they went in")
        try:
            await client.delete_image(image)
        except RegistryAnswerError as error:
            found.warning("deleted it", error.message, "registry.delete is off: the image stays")
        else:
            found.ok("deleted it", "gone")


async def push_probe(client: RegistryClient, tag: str, architecture: str = "") -> Pushed:
    """Push an image with one file of chance in it, which any node can pull."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("probe")
        entry.size = _IMAGE_BYTES
        archive.addfile(entry, io.BytesIO(os.urandom(_IMAGE_BYTES)))
    machine = architecture or _ARCHITECTURES.get(platform.machine(), "amd64")
    config = {"architecture": machine, "os": "linux", "config": {"Cmd": ["/probe"]}}
    return await client.push_image(REPOSITORY, tag, buffer.getvalue(), config)


async def slow_upload(scene: Scene, found: Findings) -> None:
    """9: an upload that takes longer than Traefik's 60 s for an HTTP request."""
    did = f"uploaded a blob over {scene.slow_seconds:.0f} s"
    if not scene.values.registry.enabled:
        found.skipped(did, NO_REGISTRY)
        return
    if not scene.slow or scene.login is None:
        found.skipped(did, "only with --slow and a user")
        return
    pieces = [os.urandom(1024) for _ in range(max(2, int(scene.slow_seconds)))]
    digest = f"sha256:{hashlib.sha256(b''.join(pieces)).hexdigest()}"
    pause = scene.slow_seconds / len(pieces)

    async def dripping() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
            await asyncio.sleep(pause)

    async with scene.session() as session:
        client = RegistryClient(session, scene.url(scene.values.registry_host), scene.login)
        try:
            await client.push_stream(REPOSITORY, dripping(), digest)
        except (RegistryAnswerError, OSError) as error:
            found.failed(
                did,
                str(error) or "cut off",
                "Traefik's readTimeout of 60 s: set ingress.mode to tcp, or ingress.helmChartConfig to true",
            )
            return
        await client.ask("DELETE", f"/v2/{REPOSITORY}/blobs/{digest}")
    found.ok(did, "it went through")
