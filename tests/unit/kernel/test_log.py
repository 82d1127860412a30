import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest

from homeport.kernel.clock import FakeClock
from homeport.kernel.log import Log, Request, route_library_logs
from homeport.kernel.log_lines import JsonLines
from homeport.kernel.log_sink import DescriptorSink, MemorySink


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture
def log(sink: MemorySink, clock: FakeClock) -> Log:
    return Log(sink, JsonLines(), clock)


@pytest.fixture
def library_logs(log: Log) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    route_library_logs(log)
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:
            continue


def events(sink: MemorySink) -> list[str]:
    return [json.loads(line)["event"] for line in sink.lines]


def request(status: int) -> Request:
    return Request("GET", "/", status, 0, 0, 0)


def test_events_below_the_lowest_level_are_left_out(sink: MemorySink, clock: FakeClock) -> None:
    for level in ("debug", "info", "warning", "error"):
        log = Log(sink, JsonLines(), clock, level=level)
        for write in (log.debug, log.info, log.warning, log.error):
            write(f"{level} lowest, {write.__name__}")

    assert [event.split(" lowest, ") for event in events(sink)] == [
        ["debug", "debug"], ["debug", "info"], ["debug", "warning"], ["debug", "error"],
        ["info", "info"], ["info", "warning"], ["info", "error"],
        ["warning", "warning"], ["warning", "error"],
        ["error", "error"],
    ]  # fmt: skip


def test_of_requests_only_our_own_failures_are_errors(sink: MemorySink, clock: FakeClock) -> None:
    log = Log(sink, JsonLines(), clock, level="error")

    for status in (200, 404, 500):
        log.request(request(status))

    assert [json.loads(line)["status"] for line in sink.lines] == [500]


def test_a_bound_log_adds_its_fields(log: Log, sink: MemorySink) -> None:
    bound = log.bind(job="purge").bind(run=1)

    bound.info("begun", run=2)
    log.info("else")

    first, second = map(json.loads, sink.lines)
    assert (first["job"], first["run"]) == ("purge", 2)
    assert "job" not in second


@pytest.mark.usefixtures("library_logs")
def test_what_libraries_log_comes_into_the_same_stream(sink: MemorySink) -> None:
    logger = logging.getLogger("some.library")
    try:
        int("x")
    except ValueError:
        logger.exception("it failed: %s", "badly")
    logger.info("chatter")

    (first,) = map(json.loads, sink.lines)
    assert (first["level"], first["event"], first["logger"]) == ("error", "it failed: badly", "some.library")
    assert first["error"].startswith("ValueError: invalid literal")
    assert "Traceback" in first["traceback"]


@pytest.mark.usefixtures("library_logs")
def test_a_library_whose_format_string_is_wrong_is_logged_all_the_same(sink: MemorySink) -> None:
    record = logging.LogRecord("some.library", logging.WARNING, "file", 1, "%d", ("no number",), None)

    # Handed over directly, as pytest's own handler would raise.
    logging.getLogger().handlers[0].handle(record)

    assert events(sink) == ["%d ('no number',)"]


@pytest.mark.usefixtures("library_logs")
def test_warnings_are_logged(sink: MemorySink) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old call", DeprecationWarning, stacklevel=1)

    assert "DeprecationWarning: old call" in events(sink)[0]


async def test_lines_of_one_turn_are_written_together(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.set_blocking(reading, False)
    sink = DescriptorSink(writing)

    sink.write("one")
    sink.write("two")
    with pytest.raises(BlockingIOError):
        os.read(reading, 100)
    await asyncio.sleep(0)

    assert os.read(reading, 100) == b"one\ntwo\n"


def test_without_an_event_loop_lines_are_written_at_once(pipe: tuple[int, int]) -> None:
    sink = DescriptorSink(pipe[1])

    sink.write("one")

    assert os.read(pipe[0], 100) == b"one\n"


def test_lines_left_by_a_loop_that_ended_are_written_later(pipe: tuple[int, int]) -> None:
    sink = DescriptorSink(pipe[1])
    loop = asyncio.new_event_loop()

    async def write_and_stop() -> None:
        loop.stop()
        sink.write("one")

    task = loop.create_task(write_and_stop())
    loop.run_forever()
    loop.close()
    sink.flush()

    async def write_again() -> None:
        sink.write("two")
        await asyncio.sleep(0)

    asyncio.run(write_again())

    assert task.done()
    assert os.read(pipe[0], 100) == b"one\ntwo\n"


def test_many_threads_lose_no_line(pipe: tuple[int, int]) -> None:
    sink = DescriptorSink(pipe[1])

    def write_many() -> None:
        for _ in range(100):
            sink.write("line of a thread")

    threads = [threading.Thread(target=write_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert os.read(pipe[0], 65536) == b"line of a thread\n" * 400


def test_a_pipe_that_nobody_reads_any_more_is_no_error(pipe: tuple[int, int]) -> None:
    sink = DescriptorSink(pipe[1])
    os.close(pipe[0])

    sink.write("one")
    os.close(pipe[1])
    sink.write("two")

    assert sink.dropped_batches == 2


def test_a_pipe_that_somebody_made_non_blocking_loses_nothing(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.set_blocking(writing, False)
    sink = DescriptorSink(writing)
    line = "x" * 200_000
    read: list[bytes] = []

    def drain() -> None:
        while sum(map(len, read)) <= len(line):
            read.append(os.read(reading, 65536))

    thread = threading.Thread(target=drain)
    thread.start()
    sink.write(line)
    thread.join()

    assert b"".join(read) == f"{line}\n".encode()
    assert sink.dropped_batches == 0


@pytest.mark.parametrize(("chosen", "is_json"), [("auto", True), ("json", True), ("human", False)])
def test_the_form_is_json_where_no_terminal_is(chosen: str, *, is_json: bool) -> None:
    program = (
        "from homeport.kernel.clock import SystemClock; from homeport.kernel.log import stderr_log\n"
        f"stderr_log(clock=SystemClock(), line_format={chosen!r}).info('started', port=1)"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stderr.startswith("{") == is_json
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_colours_unless_it_asks_for_none(no_color: str, *, coloured: bool) -> None:
    """https://no-color.org: any value that is not empty."""
    program = (
        "from homeport.kernel.clock import SystemClock; from homeport.kernel.log import stderr_log\n"
        "stderr_log(clock=SystemClock()).info('started', port=1)"
    )
    controller, terminal = os.openpty()
    environment = {**os.environ, "NO_COLOR": no_color, "TERM": "xterm"}

    subprocess.run([sys.executable, "-c", program], stderr=terminal, check=True, env=environment)
    line = os.read(controller, 1000).decode()
    os.close(terminal)
    os.close(controller)

    assert "started" in line
    assert ("\x1b[32minfo" in line) == coloured
