"""How long from the start of the process to its first 200, and how much memory does it hold while idle?

Unit: seconds of wall clock and of server CPU; MB (10^6 bytes) resident.
Workload: a server on a directory that it has used before, asked every few milliseconds for the tag list of a
repository by a client without password; then left alone for a second. Median of several starts.
"""

import statistics
import time
from dataclasses import dataclass

from bench.process_cost import ProcessCost
from tests.images import build_image
from tests.servers import Server

STARTS = 5
QUICK_STARTS = 1
IDLE_SECONDS = 1.0
PAUSE_SECONDS = 0.005
NAME = "bench/start"


@dataclass(frozen=True, slots=True)
class Answer:
    """Seconds of wall clock and CPU until the first 200; MB held while idle."""

    wall: float
    cpu: float
    idle: float


def measure(server: Server, *, quick: bool) -> Answer:
    """Start and stop it several times; it is not running now, and everybody may pull from it."""
    server.start().client().push_image(NAME, build_image(), "latest")
    server.stop()
    answers = [_once(server) for _ in range(QUICK_STARTS if quick else STARTS)]
    return Answer(
        statistics.median(answer.wall for answer in answers),
        statistics.median(answer.cpu for answer in answers),
        statistics.median(answer.idle for answer in answers),
    )


def _once(server: Server) -> Answer:
    began = time.perf_counter()
    server.start()
    try:
        guest = server.client().anonymous()
        while guest.get(f"/v2/{NAME}/tags/list").status != 200:
            time.sleep(PAUSE_SECONDS)
        wall = time.perf_counter() - began
        cost = ProcessCost(server.pid)
        cpu = cost.cpu_seconds() or 0.0
        time.sleep(IDLE_SECONDS)
        return Answer(wall, cpu, cost.resident_megabytes() or 0.0)
    finally:
        server.stop()
