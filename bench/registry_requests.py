"""How much server CPU does one small request cost, and how many a second are answered?

Unit: microseconds of server CPU per request, and requests per second.
Workload: 32 connections, each asking again as soon as it is answered: a manifest by tag with GET and HEAD, a blob of
4 KB, a tag list of 1,000; without a password and with one. Rounds of a fixed time after a warm-up, median and p95.
"""

import base64
import dataclasses
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.load import Job
from bench.process_cost import ProcessCost
from bench.target import Target
from tests.images import OCI_EMPTY, OCI_LAYER, OCI_MANIFEST, descriptor, encode, noise
from tests.wire import EVERY_TYPE, Client

CONNECTIONS = 32
ROUNDS = 30
ROUND_SECONDS = 0.15
QUICK_ROUND_SECONDS = 0.02
WARM_UP_ROUNDS = 5
TAGS = 1000
PREPARING = 4
NAME = "bench/requests"
BLOB = noise("bench blob", 4096)


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of request."""

    label: str
    method: str
    path: str


QUESTIONS = [
    Question("manifest GET", "GET", f"/v2/{NAME}/manifests/latest"),
    Question("manifest HEAD", "HEAD", f"/v2/{NAME}/manifests/latest"),
    Question("4 KB blob GET", "GET", f"/v2/{NAME}/blobs/{descriptor(OCI_LAYER, BLOB)['digest']}"),
    Question("tag list of 1,000", "GET", f"/v2/{NAME}-tags/tags/list"),
]


@dataclass(frozen=True, slots=True)
class Samples:
    """All rounds of one question at one target: microseconds per request, requests per second."""

    cpu_us: list[float]
    rate: list[float]

    def median_us(self) -> float | None:
        """The median round's CPU per request; None where the server's process is not known."""
        return statistics.median(self.cpu_us) if self.cpu_us else None

    def p95_us(self) -> float | None:
        """The CPU per request that only one round in twenty exceeds."""
        return p95(self.cpu_us) if self.cpu_us else None

    def median_rate(self) -> float:
        """The median round's requests per second."""
        return statistics.median(self.rate)


def p95(values: Sequence[float]) -> float:
    """The value that one in twenty exceeds."""
    return sorted(values)[min(len(values) - 1, len(values) * 95 // 100)]


def prepare(client: Client) -> None:
    """Push what the requests ask for."""
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(OCI_EMPTY, b"{}"),
            "layers": [descriptor(OCI_LAYER, BLOB)],
        }
    )
    for name in (NAME, f"{NAME}-tags"):
        client.push_blob(name, b"{}")
        client.push_blob(name, BLOB)
    assert client.put_manifest(NAME, "latest", manifest).status == 201
    with ThreadPoolExecutor(PREPARING) as pool:
        tags = [f"t{number:04}" for number in range(TAGS)]
        statuses = set(pool.map(lambda tag: client.put_manifest(f"{NAME}-tags", tag, manifest).status, tags))
    assert statuses == {201}


class Generator:
    """A load generator's process for one question at one target."""

    def __init__(self, client: Client, question: Question) -> None:
        request = client.head_of(question.method, question.path, f"Accept: {EVERY_TYPE}")
        job = Job(
            host=client.host,
            port=client.port,
            cacert=str(client.cacert or ""),
            tls=client.base_url.startswith("https"),
            connections=CONNECTIONS,
            request=base64.b64encode(request).decode(),
            head=question.method == "HEAD",
        )
        command = [sys.executable, "-m", "bench.load"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._tell(dataclasses.asdict(job))

    def round(self, seconds: float) -> tuple[int, float]:
        """Load for this long; requests answered, and seconds that it took."""
        self._tell({"seconds": seconds})
        assert self._process.stdout is not None
        answer = json.loads(self._process.stdout.readline())
        return int(answer["requests"]), float(answer["seconds"])

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _tell(self, message: dict[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()


def measure(clients: Sequence[tuple[Client, ProcessCost]], question: Question, *, quick: bool) -> list[Samples]:
    """One question at several servers in turns, round by round, so that the machine's moods hit all of them."""
    seconds = QUICK_ROUND_SECONDS if quick else ROUND_SECONDS
    generators = [Generator(client, question) for client, _ in clients]
    samples = [Samples([], []) for _ in clients]
    try:
        for number in range(-WARM_UP_ROUNDS, ROUNDS):
            for (_, cost), generator, taken in zip(clients, generators, samples, strict=True):
                before = cost.cpu_seconds_finely()
                requests, took = generator.round(seconds)
                after = cost.cpu_seconds_finely()
                if number < 0:
                    continue
                taken.rate.append(requests / took)
                if before is not None and after is not None:
                    taken.cpu_us.append((after - before) / requests * 1_000_000)
    finally:
        for generator in generators:
            generator.close()
    return samples


def with_and_without(targets: Sequence[Target], *, password: bool) -> list[tuple[Client, ProcessCost] | None]:
    """Each target's client of the one kind or the other; None where it has none."""
    if password:
        return [None if target.user is None else (target.user, target.user_cost) for target in targets]
    return [None if target.guest is None else (target.guest, target.guest_cost) for target in targets]
