"""An AWS endpoint under measurement: where it is, which process it is, and what a round of calls costs it."""

import argparse
import asyncio
import json
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.aws_connection import Connection
from bench.process_cost import ProcessCost, listener_pid
from tests.servers import HomeportProcess

ROUNDS = 30
WARM_UP_ROUNDS = 3
# A server that is too slow for all the rounds is asked for as many as fit into these.
ROUNDS_SECONDS = 20.0
WARM_UP_SECONDS = 4.0

Work = Callable[[Connection], Awaitable[None]]
Step = Callable[[], Awaitable[None]]
Numbers = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Sample:
    """One round: calls that were made, wall seconds, CPU seconds of the server where they are known."""

    calls: int
    seconds: float
    cpu: float | None


async def nothing() -> None:
    """The step that most measurements do without."""


@dataclass(frozen=True)
class Endpoint:
    """Where it is, which process it is, and how many rounds make a number."""

    url: str
    cost: ProcessCost
    rounds: int = ROUNDS

    async def connect(self, count: int) -> list[Connection]:
        """So many connections."""
        parts = urlsplit(self.url)
        return [await Connection(parts.hostname or "", parts.port or 80).open() for _ in range(count)]

    async def measure(
        self, work: Work, *, connections: int, calls: int, before: Step = nothing, after: Step = nothing
    ) -> Numbers:
        """Server CPU in microseconds a call, calls a second, peak memory in MB: medians (and p95) over the rounds.

        Args:
            work: one call.
            connections: how many do the work at once.
            calls: of each round, over all connections.
            before: what goes ahead of each round and does not count.
            after: what ends each round and counts.
        """
        opened = await self.connect(connections)

        async def one_round(deadline: float) -> Sample:
            await before()
            start, began = self.cost.cpu_seconds_finely(), time.perf_counter()
            times = calls // connections
            done = sum(await asyncio.gather(*(_repeat(work, one, times, deadline) for one in opened)))
            await after()
            took, end = time.perf_counter() - began, self.cost.cpu_seconds_finely()
            return Sample(done, took, None if start is None or end is None else end - start)

        try:
            await _rounds(one_round, min(WARM_UP_ROUNDS, self.rounds), WARM_UP_SECONDS)
            self.cost.forget_peak()
            samples = await _rounds(one_round, self.rounds, ROUNDS_SECONDS)
        finally:
            for one in opened:
                one.close()
        return {**_summary(samples), "peak_mb": self.cost.peak_megabytes()}


async def _rounds(one_round: Callable[[float], Awaitable[Sample]], count: int, seconds: float) -> list[Sample]:
    """As many rounds as asked for, or as fit into the time; never none."""
    deadline = time.perf_counter() + seconds
    samples = [await one_round(deadline)]
    while len(samples) < count and time.perf_counter() < deadline:
        samples.append(await one_round(deadline))
    return samples


async def _repeat(work: Work, connection: Connection, times: int, deadline: float) -> int:
    """How often it was done: so many times, or until time is up; never not at all."""
    done = 0
    while done < times and not (done and time.perf_counter() > deadline):
        await work(connection)
        done += 1
    return done


def _summary(samples: Sequence[Sample]) -> dict[str, float | None]:
    cpu = [sample.cpu / sample.calls * 1_000_000 for sample in samples if sample.cpu is not None]
    return {
        "cpu_us": round(statistics.median(cpu), 1) if cpu else None,
        "cpu_us_p95": round(p95(cpu), 1) if cpu else None,
        "per_second": round(statistics.median(sample.calls / sample.seconds for sample in samples), 1),
        "rounds": len(samples),
    }


def p95(values: Sequence[float]) -> float:
    """The value that one in twenty exceeds."""
    return sorted(values)[min(len(values) - 1, len(values) * 95 // 100)]


@contextmanager
def running_endpoint(url: str) -> Iterator[Endpoint]:
    """What somebody else has started; its costs are known where it runs on this machine."""
    yield Endpoint(url, ProcessCost(listener_pid(urlsplit(url).port or 80)))


@contextmanager
def fresh_homeport(durability: str) -> Iterator[Endpoint]:
    """A Homeport of its own, on an empty directory."""
    with tempfile.TemporaryDirectory() as directory:
        settings = {"durability": durability}
        server = HomeportProcess.on(Path(directory) / "data", settings=settings, listen_aws="127.0.0.1:0").start()
        try:
            yield Endpoint(server.aws_url, ProcessCost(server.pid))
        finally:
            server.stop()


def parser_for(purpose: str | None) -> argparse.ArgumentParser:
    """The options that every bench of AWS's services has."""
    parser = argparse.ArgumentParser(description=purpose, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="", help="measure what runs at this URL instead of a fresh Homeport")
    parser.add_argument("--durability", default="process", choices=("process", "power"))
    return parser


@contextmanager
def endpoint_under_test(purpose: str | None) -> Iterator[Endpoint]:
    """The endpoint that `--endpoint` names, or a fresh Homeport with `--durability`."""
    given = parser_for(purpose).parse_args()
    with running_endpoint(given.endpoint) if given.endpoint else fresh_homeport(given.durability) as endpoint:
        yield endpoint


def report(question: str, numbers: Mapping[str, object]) -> None:
    """One line of JSON."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    machine = f"{platform.machine()} {platform.python_version()}"
    print(json.dumps({"question": question, "commit": commit.stdout.strip(), "machine": machine, **numbers}))
