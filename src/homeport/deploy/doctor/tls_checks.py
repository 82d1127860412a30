"""Checks of TLS: what Traefik shows, and who on this machine trusts it."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

from homeport.deploy.doctor.findings import Findings
from homeport.deploy.doctor.scene import PATIENCE_SECONDS, Scene

_SOON_DAYS = 14
_TRUST = "homeport k8s trust --install"


async def certificates(scene: Scene, found: Findings) -> None:
    """6: chain, names and time of every host's certificate, and whether this machine trusts it."""
    for host in (*scene.hosts, f"doctor-probe.{scene.values.aws_host}"):
        await _shown(scene, found, host)
    await _system_store(scene, found)
    _docker(scene, found)


async def _shown(scene: Scene, found: Findings, host: str) -> None:
    did = f"shook hands with {host} at {scene.address or host}"
    try:
        shown = await _handshake(scene, host, scene.tls())
    except ssl.SSLCertVerificationError as error:
        found.failed(did, error.verify_message, _cure(scene, error.verify_message))
        return
    except (OSError, TimeoutError) as error:
        found.failed(did, str(error) or "no answer", "kubectl -n kube-system get pods: is Traefik running?")
        return
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), tz=UTC)
    days = (ends - datetime.now(tz=UTC)).days
    if days < _SOON_DAYS:
        found.warning(did, f"ends in {days} days", f"kubectl -n {scene.values.namespace.name} describe certificate")
    else:
        found.ok(did, f"trusted by the deployment's CA, {days} days left")


def _cure(scene: Scene, problem: str) -> str:
    namespace = scene.values.namespace.name
    if "self-signed" in problem or "self signed" in problem or "unable to get" in problem:
        # Traefik's own default certificate: it has none of ours, or none that fits.
        return f"kubectl -n {namespace} get certificate,ingressroutetcp: is the certificate ready, is the route there?"
    return f"kubectl -n {namespace} describe certificate homeport-tls"


async def _handshake(scene: Scene, host: str, context: ssl.SSLContext) -> dict[str, object]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        _, writer = await asyncio.open_connection(
            scene.address or host, scene.https_port, ssl=context, server_hostname=host
        )
    try:
        shown: dict[str, object] = writer.get_extra_info("peercert")
    finally:
        writer.close()
    return shown


async def _system_store(scene: Scene, found: Findings) -> None:
    did = "shook hands again with the system's own trust store"
    try:
        await _handshake(scene, scene.values.registry_host, ssl.create_default_context())
    except ssl.SSLCertVerificationError:
        found.warning(did, "this machine does not trust the CA", _TRUST)
    except (OSError, TimeoutError) as error:
        found.skipped(did, str(error) or "no answer")
    else:
        found.ok(did, "this machine trusts the CA")


def _docker(scene: Scene, found: Findings) -> None:
    folder = scene.docker_certs
    did = f"looked for {folder}/{scene.values.registry_host}/ca.crt"
    if not folder.parent.is_dir():
        found.skipped(did, "there is no Docker Engine here")
        return
    try:
        known = (folder / scene.values.registry_host / "ca.crt").read_text()
    except OSError:
        found.warning(did, "not there; docker asks the system's store", "homeport k8s trust --for docker")
        return
    if scene.authority and scene.authority.strip() not in known:
        found.failed(did, "it holds another CA", "homeport k8s trust --for docker")
    else:
        found.ok(did, "it holds the CA")


async def bundle(scene: Scene, found: Findings) -> None:
    """11: the AWS SDK for Python does not use the system's store."""
    did = "looked at AWS_CA_BUNDLE"
    name = scene.environment.get("AWS_CA_BUNDLE", "")
    if not scene.authority:
        found.skipped(did, "a public CA needs none")
    elif not name:
        found.warning(did, "not set: boto3 and the AWS CLI refuse the certificate", "homeport k8s trust --for aws")
    elif scene.authority.strip() not in _content(Path(name)):
        found.failed(did, f"{name} does not hold the CA", "homeport k8s trust --for aws")
    else:
        found.ok(did, f"{name} holds the CA")


def _content(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
