"""Checks of DNS as programs see it: through the system's own resolver."""

import socket

from homeport.deploy.doctor.findings import Findings
from homeport.deploy.doctor.scene import Scene

_SLOW_SECONDS = 1.0


async def names(scene: Scene, found: Findings) -> None:
    """5: each name, a name below the wildcard, their time, and the answer to AAAA."""
    below = f"doctor-probe.{scene.values.aws_host}"
    for name in (*scene.hosts, below):
        await _name(scene, found, name)


async def _name(scene: Scene, found: Findings, name: str) -> None:
    four = await scene.resolver.look_up(name, socket.AF_INET)
    six = await scene.resolver.look_up(name, socket.AF_INET6)
    did = f"looked up {name}"
    saw = f"{', '.join(four.addresses) or four.error or 'no address'} in {four.seconds * 1000:.0f} ms"
    cure = "homeport k8s dns pihole --url http://pi.hole, or homeport k8s dns hosts"
    if not four.addresses:
        found.failed(did, saw, cure)
    elif scene.address and scene.address not in four.addresses:
        found.failed(did, f"{saw}, but Traefik answers on {scene.address}", cure)
    elif max(four.seconds, six.seconds) > _SLOW_SECONDS:
        found.warning(
            did,
            f"{saw}, AAAA in {six.seconds * 1000:.0f} ms: slow, as where mDNS is asked first for .local",
            "use a domain under home.arpa or .internal: homeport k8s upgrade --set domain=lab.home.arpa",
        )
    elif six.error:
        found.warning(
            did,
            f"{saw}; AAAA: {six.error}. Alpine images (musl) fail on that although the address is there",
            "homeport k8s dns pihole writes the `local=` lines that answer it",
        )
    elif six.addresses:
        found.warning(
            did,
            f"{saw}; AAAA {', '.join(six.addresses)} leads elsewhere",
            f"remove the AAAA record of {name}",
        )
    else:
        found.ok(did, saw)
