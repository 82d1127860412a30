"""The benches of AWS's services: servers that hang up, are slow, refuse or never start do not end a run."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from bench import aws_endpoint, beside
from bench.aws_connection import Connection, Refused
from bench.aws_endpoint import Endpoint, Numbers
from bench.beside import Column, column_of, named_server, started
from bench.peers import PEERS
from bench.process_cost import ProcessCost

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
UNTIL_THE_END = b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nabcde"
UNKNOWN = b'{"__type":"com.amazon#UnknownOperationException"}'
SERVER = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", "{directory}", "{port}"]


@asynccontextmanager
async def server(*answers: bytes, per_connection: int = 1000, pause: float = 0) -> AsyncIterator[Endpoint]:
    """Answers requests with these, over and over, and hangs up without a word after so many."""
    count, talks = 0, set[asyncio.Task[None] | None]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        talks.add(asyncio.current_task())
        for _ in range(per_connection):
            try:
                await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            await asyncio.sleep(pause)
            answer = answers[count % len(answers)]
            writer.write(answer)
            count += 1
            if answer is UNTIL_THE_END:
                break
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield Endpoint(f"http://127.0.0.1:{port}", ProcessCost(os.getpid()), rounds=3)
        await asyncio.gather(*(each for each in talks if each))


async def get(connection: Connection) -> None:
    await connection.s3("GET", "/key")


async def test_a_connection_survives_a_server_that_hangs_up_after_each_answer() -> None:
    async with server(OK, per_connection=1) as endpoint:
        (connection,) = await endpoint.connect(1)

        assert [await connection.s3("GET", "/") for _ in range(3)] == [b"{}"] * 3
        connection.close()


@pytest.mark.parametrize("answer", [CHUNKED, UNTIL_THE_END])
async def test_a_body_without_a_length_is_read_whole_again_and_again(answer: bytes) -> None:
    async with server(answer) as endpoint:
        (connection,) = await endpoint.connect(1)

        assert [await connection.s3("GET", "/") for _ in range(3)] == [b"abcde"] * 3
        connection.close()


async def test_a_server_that_only_hangs_up_is_asked_no_third_time() -> None:
    async with server(b"", per_connection=1) as endpoint:
        (connection,) = await endpoint.connect(1)

        with pytest.raises(asyncio.IncompleteReadError):
            await connection.s3("GET", "/")
        connection.close()


async def test_a_refusal_bears_status_and_code() -> None:
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(UNKNOWN)}\r\n\r\n"
    async with server(head.encode() + UNKNOWN) as endpoint:
        (connection,) = await endpoint.connect(1)

        with pytest.raises(Refused, match=r"^400 UnknownOperationException$"):
            await connection.dynamodb("TransactWriteItems", b"")
        connection.close()


async def test_a_measurement_counts_every_call_of_every_round() -> None:
    async with server(OK) as endpoint:
        numbers = await endpoint.measure(get, connections=2, calls=10)

    assert numbers["rounds"] == 3
    assert (numbers["cpu_us"] or 0) > 0
    assert (numbers["per_second"] or 0) > 0
    assert (numbers["peak_mb"] or 0) > 1


async def test_a_slow_server_is_asked_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_endpoint, "ROUNDS_SECONDS", 0.05)
    monkeypatch.setattr(aws_endpoint, "WARM_UP_SECONDS", 0.05)
    async with server(OK, pause=0.03) as endpoint:
        began = time.perf_counter()
        numbers = await endpoint.measure(get, connections=1, calls=1000)

    assert time.perf_counter() - began < 5
    assert numbers["rounds"] == 1


async def test_what_ends_a_round_counts_and_what_goes_ahead_does_not() -> None:
    steps: list[str] = []

    def step(name: str, seconds: float) -> Callable[[], "asyncio.Future[None]"]:
        async def run() -> None:
            steps.append(name)
            await asyncio.sleep(seconds)

        return lambda: asyncio.ensure_future(run())

    async with server(OK) as endpoint:
        numbers = await endpoint.measure(
            get, connections=1, calls=1, before=step("before", 0.5), after=step("after", 0.05)
        )

    assert steps == ["before", "after"] * 6
    assert 2 < (numbers["per_second"] or 0) < 20


async def failing() -> Numbers:
    raise Refused("501 NotImplemented")


async def working() -> Numbers:
    return {"cpu_us": 1234.4, "cpu_us_p95": 2000.0, "per_second": 810.0, "peak_mb": 60.2}


async def test_a_line_that_fails_says_why_and_the_next_is_measured() -> None:
    column = Column()

    await column.add("first", failing())
    await column.add("second", working())

    assert column.cell("first") == "no: 501 NotImplemented"
    assert column.cell("second") == "1,234 us, 810/s, 60 MB"
    assert column.cell("third") == "-"
    assert column.failed()


async def fetch(endpoint: Endpoint, column: Column) -> None:
    await column.add("get", endpoint.measure(lambda one: _get(one, "/"), connections=1, calls=4))
    (one,) = await endpoint.connect(1)
    try:
        await one.s3("PUT", "/bucket")
    finally:
        one.close()
        await asyncio.sleep(0)


async def _get(connection: Connection, path: str) -> None:
    await connection.s3("GET", path)


def test_another_server_is_started_measured_and_stopped() -> None:
    column = column_of(named_server(f"files={' '.join(SERVER)}"), fetch, quick=True)

    assert column.cell("get").endswith(" MB"), column
    assert column.cell("put") == "no: 501 Error response"


def test_a_server_that_does_not_start_fills_its_column_with_the_reason() -> None:
    column = column_of(named_server("none=sh -c 'echo no such port >&2; exit 3'"), fetch, quick=True)

    assert column.cell("get") == "no: did not start: no such port"
    assert column.failed()


def test_a_server_that_listens_elsewhere_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "STARTING_SECONDS", 0.2)

    column = column_of(named_server("elsewhere=sleep 60"), fetch, quick=True)

    assert column.cell("get") == "no: does not listen at its port after 0 s"


def test_a_program_that_is_not_there_fills_its_column_with_the_reason() -> None:
    column = column_of(named_server("none=no-such-program {port}"), fetch, quick=True)

    assert "no-such-program" in column.cell("get")


def test_the_end_of_a_server_is_the_end_of_its_children_too() -> None:
    with started(f"sh -c '{' '.join(SERVER)}; true'") as endpoint:
        children = endpoint.cost.processes()
    deadline = time.monotonic() + 10
    while any(_runs(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.01)

    assert len(children) == 2
    assert not any(_runs(pid) for pid in children)


def _runs(pid: int) -> bool:
    """Whether it is there, and not dead and waiting for somebody to ask."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_cpu_of_threads_that_have_ended_counts() -> None:
    cost = ProcessCost(os.getpid())
    before = cost.cpu_seconds_finely()
    thread = threading.Thread(target=_burn, args=(0.1,))
    thread.start()
    thread.join()

    assert before is not None
    assert (cost.cpu_seconds_finely() or 0) - before >= 0.1


def _burn(seconds: float) -> None:
    began = time.thread_time()
    while time.thread_time() - began < seconds:
        pass


def test_each_peer_is_started_with_the_port_and_the_directory_of_the_run() -> None:
    for peer in PEERS:
        name, _, command = peer.beside().partition("=")
        assert name == peer.name
        assert "{port}" in command
        assert str(peer.bin / peer.program) in command.format(port=1, directory="/d")
