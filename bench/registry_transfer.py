"""How fast do large blobs go in and out, at what server CPU and memory?

Unit: MB (10^6 bytes) per second; server CPU seconds per GB (10^9 bytes); peak memory of the server in MB.
Workload: 512 MB, in one blob by 1 client, or in 8 blobs by 8 clients at once; pushed with POST and one PUT of known
length, pulled with GET. Bytes do not compress and are new in every round; pulls come from the page cache.
"""

import hashlib
import os
import secrets
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.process_cost import ProcessCost
from bench.target import Target
from tests.wire import Client, read_responses, with_query

TOTAL_BYTES = 512_000_000
QUICK_TOTAL_BYTES = 128_000_000
ROUNDS = 3
CROWDS = (1, 8)
PIECE = os.urandom(1 << 20)
READ_BYTES = 1 << 20
NAME = "bench/transfer"


@dataclass(frozen=True, slots=True)
class Sample:
    """One round: speed in MB/s, CPU in seconds per GB, the server's peak in MB."""

    speed: float
    cpu: float | None
    peak: float | None


class Blob:
    """Bytes of any length that cost no memory: one random piece repeated, and an end that no other blob has."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._whole, rest = divmod(size - 32, len(PIECE))
        self._tail = PIECE[:rest] + secrets.token_bytes(32)
        self.digest = "sha256:" + _continued(self._whole, self._tail)

    def send(self, write: Callable[[bytes], None]) -> None:
        """Hand all bytes over, a piece at a time."""
        for _ in range(self._whole):
            write(PIECE)
        write(self._tail)


_prefixes: dict[int, "hashlib._Hash"] = {}


def _continued(pieces: int, tail: bytes) -> str:
    """The sha256 of so many pieces and a tail; the pieces are hashed once for all blobs."""
    if pieces not in _prefixes:
        _prefixes[pieces] = hashlib.sha256()
        for _ in range(pieces):
            _prefixes[pieces].update(PIECE)
    digest = _prefixes[pieces].copy()
    digest.update(tail)
    return digest.hexdigest()


def push(client: Client, name: str, blob: Blob) -> None:
    """POST and PUT with one body of known length."""
    target = with_query(client.start_upload(name), digest=blob.digest)
    lines = [f"Content-Length: {blob.size}", "Content-Type: application/octet-stream"]
    with client.socket() as connection:
        connection.sendall(client.head_of("PUT", target, *lines))
        blob.send(connection.sendall)
        responses = read_responses(connection)
    assert [response.status for response in responses] == [201], responses


def pull(client: Client, name: str, blob: Blob) -> None:
    """GET, the bytes counted and thrown away."""
    buffer = memoryview(bytearray(READ_BYTES))
    with client.socket() as connection:
        connection.sendall(client.head_of("GET", f"/v2/{name}/blobs/{blob.digest}"))
        got = connection.recv_into(buffer)
        head, _, _ = bytes(buffer[:got]).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        missing = blob.size + len(head) + 4 - got
        while missing:
            count = connection.recv_into(buffer)
            assert count, f"{missing} bytes are missing"
            missing -= count


def measure(cost: ProcessCost, total: int, work: Sequence[Callable[[], None]]) -> Sample:
    """Do all pieces of work at once; what it took."""
    gate = threading.Barrier(len(work) + 1)

    def begin(piece: Callable[[], None]) -> None:
        gate.wait()
        piece()

    # What the last round wrote must not be brought to disk during this one.
    os.sync()
    cost.forget_peak()
    with ThreadPoolExecutor(len(work)) as pool:
        running = [pool.submit(begin, piece) for piece in work]
        cpu_before = cost.cpu_seconds()
        gate.wait()
        began = time.perf_counter()
        for each in running:
            each.result()
        took = time.perf_counter() - began
    cpu_after = cost.cpu_seconds()
    cpu = None if cpu_before is None or cpu_after is None else (cpu_after - cpu_before) / total * 1_000_000_000
    return Sample(total / took / 1_000_000, cpu, cost.peak_megabytes())


def median(samples: Sequence[Sample]) -> Sample:
    """The median of each number; the peak is the highest."""
    cpus = [sample.cpu for sample in samples if sample.cpu is not None]
    peaks = [sample.peak for sample in samples if sample.peak is not None]
    return Sample(
        statistics.median(sample.speed for sample in samples),
        statistics.median(cpus) if cpus else None,
        max(peaks) if peaks else None,
    )


def race(targets: Sequence[Target], crowd: int, *, quick: bool) -> list[tuple[Sample, Sample]]:
    """Push and pull by so many clients, the targets in turns; each target's medians of both."""
    total = QUICK_TOTAL_BYTES if quick else TOTAL_BYTES
    pushed: list[list[Sample]] = [[] for _ in targets]
    pulled: list[list[Sample]] = [[] for _ in targets]
    for _ in range(1 if quick else ROUNDS):
        for position, target in enumerate(targets):
            blobs = [Blob(total // crowd) for _ in range(crowd)]
            for function, samples in ((push, pushed), (pull, pulled)):
                work = [_bound(function, target.writer, blob) for blob in blobs]
                samples[position].append(measure(target.cost, total, work))
            for blob in blobs:
                target.writer.delete(f"/v2/{NAME}/blobs/{blob.digest}")
    return [(median(ins), median(outs)) for ins, outs in zip(pushed, pulled, strict=True)]


def _bound(function: Callable[[Client, str, Blob], None], client: Client, blob: Blob) -> Callable[[], None]:
    return lambda: function(client, NAME, blob)


def warm_up(client: Client) -> None:
    """The first connection, import and password of a server are not its speed."""
    for _ in range(3):
        blob = Blob(1_000_000)
        push(client, NAME, blob)
        pull(client, NAME, blob)
