"""Objects far larger than what the server may hold of them, in and out at once."""

import http.client
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bench.process_cost import ProcessCost
from tests.s3_wire import OWNER, send
from tests.servers import HomeportProcess

MEBIBYTE = 1 << 20
SIZE = 256 * MEBIBYTE
CROWD = 3
ALLOWED_MEGABYTES = 48
PIECE = bytes(range(256)) * 4096


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HomeportProcess]:
    """A Homeport with its AWS endpoint."""
    running = HomeportProcess.on(tmp_path / "data", listen_aws="127.0.0.1:0")
    running.start()
    yield running
    running.stop()


def put(url: str, number: int) -> None:
    """One object, sent in pieces."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
    pieces = (PIECE for _ in range(SIZE // len(PIECE)))
    connection.request("PUT", f"/memory/{number}", pieces, {**OWNER, "Content-Length": str(SIZE)})
    assert connection.getresponse().status == 200
    connection.close()


def get(url: str, number: int) -> None:
    """One object, read in pieces."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
    connection.request("GET", f"/memory/{number}", headers=OWNER)
    response = connection.getresponse()
    count = 0
    while piece := response.read(MEBIBYTE):
        count += len(piece)
    assert count == SIZE
    connection.close()


def copy(url: str, number: int) -> None:
    """One object copied, with a checksum that has to be computed."""
    source = {"x_amz_copy_source": f"/memory/{number}", "x_amz_checksum_algorithm": "SHA256"}
    assert send(url, "PUT", f"/memory/copy-{number}", b"", **source).status == 200


@pytest.mark.parametrize("work", [put, get, copy], ids=lambda work: work.__name__)
def test_memory_stays_flat_however_large_the_objects_are(
    server: HomeportProcess, work: Callable[[str, int], None]
) -> None:
    send(server.aws_url, "PUT", "/memory")
    send(server.aws_url, "PUT", "/memory/small", b"x" * 100_000)
    if work is not put:
        for number in range(CROWD):
            put(server.aws_url, number)
    cost = ProcessCost(server.pid)
    cost.forget_peak()
    before = cost.resident_megabytes() or 0

    with ThreadPoolExecutor(CROWD) as pool:
        list(pool.map(lambda number: work(server.aws_url, number), range(CROWD)))

    assert (cost.peak_megabytes() or 0) - before < ALLOWED_MEGABYTES
