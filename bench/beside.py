"""Several servers asked the same question in one run: Homeport first, then each of its peers, a column a server.

A line that a server cannot answer says so in its place, and the run goes on.
"""

import argparse
import asyncio
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from bench.aws_connection import Refused
from bench.aws_endpoint import ROUNDS, Endpoint, Numbers, fresh_homeport, parser_for, report, running_endpoint
from bench.peers import installed_beside
from bench.process_cost import ProcessCost
from rich.console import Console
from rich.table import Table
from tests.servers import free_port

QUICK_ROUNDS = 2
STARTING_SECONDS = 60.0
ENDING_SECONDS = 10.0
# For one line with all that it prepares; the rounds themselves stop long before.
LINE_SECONDS = 240.0
# What a server that cannot answer a line makes the client raise.
FAILURES = (Refused, OSError, EOFError, LookupError, ValueError)
_FORMATS = {
    "cpu_us": "{:,.0f} us",
    "cpu_s_per_gb": "{:.2f} s/GB",
    "median_ms": "{:,.2f} ms",
    "p95_ms": "p95 {:,.2f} ms",
    "per_second": "{:,.0f}/s",
    "mb_per_second": "{:,.0f} MB/s",
    "peak_mb": "{:,.0f} MB",
}


@dataclass
class Column:
    """What one server was measured at, line by line; where it failed, why.

    Attributes:
        otherwise: what stands in every line that was not measured.
    """

    lines: dict[str, Numbers | str] = field(default_factory=dict)
    otherwise: str = "-"

    async def add(self, line: str, measuring: Awaitable[Numbers]) -> None:
        """Measure a line; a failure does not end the run."""
        try:
            self.lines[line] = await asyncio.wait_for(measuring, LINE_SECONDS)
        except FAILURES as failure:
            self.lines[line] = refusal(failure)

    def failed(self) -> bool:
        """Whether it has no number in some line of its own."""
        return not self.lines or any(isinstance(numbers, str) for numbers in self.lines.values())

    def cell(self, line: str) -> str:
        """The line's numbers with their units."""
        numbers = self.lines.get(line, self.otherwise)
        if isinstance(numbers, str):
            return numbers
        known = [(shape, numbers.get(name)) for name, shape in _FORMATS.items()]
        return ", ".join(shape.format(number) for shape, number in known if number is not None)


Measure = Callable[[Endpoint, Column], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class Server:
    """A column of the table: how to start it, and what is asked of it if not the same as of the others."""

    name: str
    start: Callable[[], AbstractContextManager[Endpoint]]
    measure: Measure | None = None


def refusal(failure: BaseException) -> str:
    """Why there is no number, in a few words."""
    words = str(failure) or ("no answer in time" if isinstance(failure, TimeoutError) else type(failure).__name__)
    return f"no: {' '.join(words.split())[:80]}"


def run(question: str, purpose: str | None, measure: Measure, more: Sequence[Server] = ()) -> None:
    """Measure one server after the other; print a table on standard error and one line of JSON on standard output.

    The exit status is 1 if the first one has no number somewhere.
    """
    given = arguments(purpose)
    servers = [first_server(given), *more, *(named_server(one) for one in peers(question, given))]
    columns = {server.name: column_of(server, measure, quick=given.quick) for server in servers}
    show(question, columns)
    report(question, {"quick": given.quick, "servers": {name: told(column) for name, column in columns.items()}})
    if columns[servers[0].name].failed():
        sys.exit(1)


def arguments(purpose: str | None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = parser_for(purpose)
    parser.add_argument(
        "--beside",
        action="append",
        default=[],
        metavar="NAME=COMMAND",
        help="start this server too, and measure it the same; {port} is a free port, {directory} the empty directory "
        "in which it starts, so name the program by its whole path or let PATH find it",
    )
    parser.add_argument("--beside-peers", action="store_true", help="the same with all that `make peers` has installed")
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that it works, not to be published")
    return parser.parse_args()


def peers(question: str, given: argparse.Namespace) -> list[str]:
    """NAME=COMMAND of every peer."""
    installed = installed_beside(question) if given.beside_peers else []
    if given.beside_peers and not installed:
        sys.exit("no peers are installed\n  hint: make peers")
    return [*given.beside, *installed]


def first_server(given: argparse.Namespace) -> Server:
    """What `--endpoint` names, or a fresh Homeport."""
    if given.endpoint:
        return Server(given.endpoint, partial(running_endpoint, given.endpoint))
    return Server("Homeport", partial(fresh_homeport, given.durability))


def named_server(beside: str) -> Server:
    """Of NAME=COMMAND."""
    name, _, command = beside.partition("=")
    return Server(name, partial(started, command))


def column_of(server: Server, measure: Measure, *, quick: bool) -> Column:
    """Everything about one server; one that does not even start has a column too."""
    column, began = Column(), time.monotonic()
    try:
        with server.start() as endpoint:
            asked = replace(endpoint, rounds=QUICK_ROUNDS if quick else ROUNDS)
            asyncio.run((server.measure or measure)(asked, column))
    except FAILURES as failure:
        column.otherwise = refusal(failure)
    print(f"{server.name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return column


def started(command: str) -> AbstractContextManager[Endpoint]:
    """A server of its own command, with `{port}` and `{directory}` in it."""
    return process_at(lambda port, directory: [w.format(port=port, directory=directory) for w in shlex.split(command)])


@contextmanager
def process_at(command: Callable[[int, Path], Sequence[str]]) -> Iterator[Endpoint]:
    """A server that stays in the foreground, in a group of its own, so that all of it ends with us."""
    with tempfile.TemporaryDirectory() as place, (Path(place) / "log").open("wb") as log:
        directory, port = Path(place) / "data", free_port()
        directory.mkdir()
        words = command(port, directory)
        process = subprocess.Popen(words, stdout=log, stderr=log, cwd=directory, start_new_session=True)
        try:
            _await_port(port, process, Path(log.name))
            yield Endpoint(f"http://127.0.0.1:{port}", ProcessCost(process.pid))
        finally:
            _end(process)


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None:
                last = log.read_text(errors="replace").strip().rpartition("\n")[2]
                raise Refused(f"did not start: {last}") from None
            if time.monotonic() > deadline:
                raise Refused(f"does not listen at its port after {STARTING_SECONDS:.0f} s") from None
            time.sleep(0.1)
        else:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDING_SECONDS)
        # Whoever of the group has not listened.
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def show(question: str, columns: Mapping[str, Column]) -> None:
    """The table: the lines of all servers, in the order of the first."""
    table = Table("at 1 and 16 connections", *columns, title=f"{question}: server CPU or time, rate, peak memory")
    for line in dict.fromkeys(line for column in columns.values() for line in column.lines):
        table.add_row(line, *(column.cell(line) for column in columns.values()))
    Console(stderr=True, width=None if sys.stderr.isatty() else 160).print(table)


def told(column: Column) -> Mapping[str, object]:
    """A column as JSON has it."""
    return column.lines if column.otherwise == "-" else {**column.lines, "otherwise": column.otherwise}
