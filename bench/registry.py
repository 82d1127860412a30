"""How does a registry do: large blobs, small requests, tiny images, start, memory? One table, one line of JSON.

Units: as each part says (`registry_transfer`, `registry_requests`, `registry_images`, `registry_start`).
Workload: with `--endpoint`, the registry at that URL; without it a fresh Homeport, and Debian's docker-registry beside
it where that is installed, the two in turns on the same disk.
"""

import json
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
from bench import registry_images, registry_requests, registry_start, registry_transfer
from bench.process_cost import ProcessCost
from bench.target import Target, remote_target
from rich.console import Console
from rich.table import Table
from tests.servers import DebianRegistry, HomeportProcess, Server

NOTHING = "-"


@dataclass
class Report:
    """Rows of the table as they are measured."""

    targets: Sequence[str]
    rows: list[tuple[str, list[str]]] = field(default_factory=list)
    numbers: dict[str, dict[str, float | None]] = field(default_factory=dict)

    def add(self, label: str, unit: str, values: Sequence[float | None], *, digits: int = 0) -> None:
        """One row: a number for each target."""
        shown = [NOTHING if value is None else f"{value:,.{digits}f}" for value in values]
        self.rows.append((f"{label}, {unit}", shown))
        self.numbers[f"{label}, {unit}"] = dict(zip(self.targets, values, strict=True))

    def show(self, console: Console) -> None:
        """The whole table."""
        table = Table(title="Registry benchmark", title_justify="left")
        table.add_column("")
        for target in self.targets:
            table.add_column(target, justify="right")
        for label, values in self.rows:
            table.add_row(label, *values)
        console.print(table)


def measure_transfers(report: Report, targets: Sequence[Target], *, quick: bool) -> None:
    """512 MB in and out, by 1 and by 8 clients."""
    for target in targets:
        registry_transfer.warm_up(target.writer)
    for crowd in registry_transfer.CROWDS:
        clients = "1 client" if crowd == 1 else f"{crowd} clients"
        answers = registry_transfer.race(targets, crowd, quick=quick)
        for position, direction in enumerate(("push", "pull")):
            samples = [answer[position] for answer in answers]
            report.add(f"{direction}, {clients}", "MB/s", [sample.speed for sample in samples])
            report.add(f"{direction}, {clients}", "CPU s/GB", [sample.cpu for sample in samples], digits=2)
            report.add(f"{direction}, {clients}", "peak MB", [sample.peak for sample in samples])


def measure_requests(report: Report, targets: Sequence[Target], *, quick: bool) -> None:
    """Small requests on 32 connections, with and without password."""
    for target in targets:
        registry_requests.prepare(target.writer)
    for password in (False, True):
        clients = registry_requests.with_and_without(targets, password=password)
        how = "with password" if password else "no password"
        for question in registry_requests.QUESTIONS:
            there = [client for client in clients if client is not None]
            found = iter(registry_requests.measure(there, question, quick=quick))
            samples = [None if client is None else next(found) for client in clients]
            label = f"{question.label}, {how}"
            report.add(label, "requests/s", [None if each is None else each.median_rate() for each in samples])
            report.add(label, "CPU us median", [None if each is None else each.median_us() for each in samples])
            report.add(label, "CPU us p95", [None if each is None else each.p95_us() for each in samples])


def measure_images(report: Report, targets: Sequence[Target], *, quick: bool) -> None:
    """Tiny images, with password where there is one."""
    answers = [
        registry_images.measure(target.user or target.writer, target.user_cost, quick=quick) for target in targets
    ]
    how = "with password" if all(target.user for target in targets) else "no password"
    report.add(f"tiny images, {how}", "images/s", [answer.rate for answer in answers], digits=1)
    report.add(f"tiny images, {how}", "CPU ms each", [answer.cpu_ms for answer in answers], digits=1)


def measure_starts(report: Report, servers: Sequence[Server], *, quick: bool) -> None:
    """From the start of the process to the first 200, and then idle."""
    answers = [registry_start.measure(server, quick=quick) for server in servers]
    report.add("start to first 200", "wall s", [answer.wall for answer in answers], digits=2)
    report.add("start to first 200", "CPU s", [answer.cpu for answer in answers], digits=2)
    report.add("idle", "MB", [answer.idle for answer in answers], digits=1)


def homeport_on(directory: Path) -> HomeportProcess:
    """A Homeport from which everybody may pull, to be started."""
    return HomeportProcess.on(directory, settings={"registry.anonymous_pull": "true", "log.level": "warning"})


@contextmanager
def started(server: Server) -> Iterator[Server]:
    """A server for a while."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


def start_homeport(stack: ExitStack, directory: Path) -> Target:
    """A fresh Homeport: one process for guests and users."""
    server = stack.enter_context(started(homeport_on(directory / "homeport")))
    cost = ProcessCost(server.pid)
    client = server.client()
    return Target("homeport", client, client.anonymous(), client, cost, cost, cost)


def start_debian(stack: ExitStack, directory: Path) -> Target:
    """A fresh docker-registry: it asks everybody for a password or nobody, so there are two on one volume."""
    free = stack.enter_context(started(DebianRegistry.on(directory / "debian")))
    asking = DebianRegistry.on(directory / "debian", user="captain", password="a password")
    locked = stack.enter_context(started(asking))
    cost, locked_cost = ProcessCost(free.pid), ProcessCost(locked.pid)
    return Target("docker-registry", free.client(), free.client(), locked.client(), cost, cost, locked_cost)


def own_run(directory: Path, *, quick: bool) -> Report:
    """Everything, at servers of our own."""
    debian = shutil.which("docker-registry") is not None
    with ExitStack() as stack:
        targets = [start_homeport(stack, directory)]
        if debian:
            targets.append(start_debian(stack, directory))
        report = remote_run(targets, quick=quick)
    servers: list[Server] = [homeport_on(directory / "start")]
    if debian:
        servers.append(DebianRegistry.on(directory / "debian-start"))
    measure_starts(report, servers, quick=quick)
    return report


def remote_run(targets: Sequence[Target], *, quick: bool) -> Report:
    """All that needs no start of the server."""
    report = Report([target.name for target in targets])
    measure_requests(report, targets, quick=quick)
    measure_images(report, targets, quick=quick)
    measure_transfers(report, targets, quick=quick)
    return report


def circumstances(*, quick: bool) -> dict[str, str | bool]:
    """What the numbers depend on."""
    git = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return {
        "bench": "registry",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": git.stdout.strip(),
        "machine": f"{platform.machine()}, {len(_processors())} CPUs, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "quick": quick,
    }


def _processors() -> list[str]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return [line for line in lines if line.startswith("processor")]


@click.command()
@click.option("--endpoint", help="URL of a running registry; without it fresh servers are started.")
@click.option("--user", default="", help="User who may push, pull and delete there.")
@click.option("--password", default="", help="That user's password.")
@click.option("--cacert", type=click.Path(path_type=Path, exists=True), help="CA of the endpoint's certificate.")
@click.option("--pid", default="auto", help="Process whose costs are measured; auto finds it, 0 measures none.")
@click.option("--directory", type=click.Path(path_type=Path), help="Where the fresh servers keep their data.")
@click.option("--quick", is_flag=True, help="Less of everything, in under a minute.")
def main(
    *,
    endpoint: str | None,
    user: str,
    password: str,
    cacert: Path | None,
    pid: str,
    directory: Path | None,
    quick: bool,
) -> None:
    """Measure registries; print a table on standard error and one line of JSON on standard output."""
    if endpoint:
        process = None if pid == "auto" else int(pid)
        target = remote_target(endpoint, user=user, password=password, cacert=cacert, pid=process)
        report = remote_run([target], quick=quick)
    else:
        with tempfile.TemporaryDirectory(prefix="homeport-bench-", dir=directory) as place:
            report = own_run(Path(place), quick=quick)
    report.show(Console(stderr=True))
    json.dump({**circumstances(quick=quick), "results": report.numbers}, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
