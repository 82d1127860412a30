"""How many tiny images a second does one client push, with a password?

Unit: images per second; server CPU milliseconds per image.
Workload: 200 images, each with a config and a layer of its own, pushed one after the other on one connection in the
order of podman: ping, and for each blob HEAD, POST, PATCH, PUT; then the manifest.
"""

import time
from dataclasses import dataclass

from bench.process_cost import ProcessCost
from tests.images import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, descriptor, digest_of, encode, noise
from tests.wire import Client, send, target_of, with_query

IMAGES = 200
QUICK_IMAGES = 20
NAME = "bench/tiny"


@dataclass(frozen=True, slots=True)
class Answer:
    """Images per second, and CPU milliseconds for each."""

    rate: float
    cpu_ms: float | None


class Pusher:
    """One client on one kept connection."""

    def __init__(self, client: Client) -> None:
        self._connection = client.connect()
        self._headers = [*client.authorization().items(), ("Content-Type", "application/octet-stream")]

    def push(self, number: int, seed: str) -> None:
        """One image that nobody has."""
        config, layer = encode({"number": number, "seed": seed}), noise(f"{seed} {number}", 1500)
        manifest = encode(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": descriptor(OCI_CONFIG, config),
                "layers": [descriptor(OCI_LAYER, layer)],
            }
        )
        assert send(self._connection, "GET", "/v2/", headers=self._headers).status == 200
        for blob in (config, layer):
            self._push_blob(blob)
        headers = [*self._headers[:-1], ("Content-Type", OCI_MANIFEST)]
        target = f"/v2/{NAME}/manifests/t{number}"
        assert send(self._connection, "PUT", target, headers=headers, body=manifest).status == 201

    def _push_blob(self, blob: bytes) -> None:
        digest = digest_of(blob)
        head = send(self._connection, "HEAD", f"/v2/{NAME}/blobs/{digest}", headers=self._headers)
        assert head.status == 404, head
        opened = send(self._connection, "POST", f"/v2/{NAME}/blobs/uploads/", headers=self._headers)
        patched = send(self._connection, "PATCH", target_of(opened), headers=self._headers, body=blob)
        closing = with_query(target_of(patched), digest=digest)
        assert send(self._connection, "PUT", closing, headers=self._headers).status == 201

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def measure(client: Client, cost: ProcessCost, *, quick: bool) -> Answer:
    """Push them all."""
    seed = f"{time.time_ns()}"
    count = QUICK_IMAGES if quick else IMAGES
    pusher = Pusher(client)
    try:
        for number in range(5):
            pusher.push(number, seed + " warm-up")
        before, began = cost.cpu_seconds(), time.perf_counter()
        for number in range(count):
            pusher.push(number, seed)
        took, after = time.perf_counter() - began, cost.cpu_seconds()
    finally:
        pusher.close()
    cpu_ms = None if before is None or after is None else (after - before) / count * 1000
    return Answer(count / took, cpu_ms)
