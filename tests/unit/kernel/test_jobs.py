import asyncio
import json
from collections.abc import Callable

import pytest

from homeport.kernel.clock import FakeClock, Millis, SystemClock
from homeport.kernel.jobs import AT_ONCE, LONGEST_PAUSE_SECONDS, WHEN_WOKEN, Job, Next, Runner, add_job_metrics
from homeport.kernel.log import Log
from homeport.kernel.log_lines import JsonLines
from homeport.kernel.log_sink import MemorySink
from homeport.kernel.metrics import Metrics


class Purge:
    """Notes when it ran; what it does is given by the test."""

    def __init__(self, clock: FakeClock | SystemClock, act: Callable[[Millis], Next], name: str = "purge") -> None:
        self.name = name
        self.ran: list[float] = []
        self._clock = clock
        self._act = act

    async def run_due(self, now: Millis) -> Next:
        self.ran.append(self._clock.monotonic())
        return self._act(now)


class Upload:
    """Runs until the test lets it end."""

    name = "upload"

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.ended = False

    async def run_due(self, now: Millis) -> Next:
        self.begun.set()
        await self.may_end.wait()
        self.ended = True
        return Next(now)


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture
def log(sink: MemorySink, clock: FakeClock) -> Log:
    return Log(sink, JsonLines(), clock)


def runner_of(job: Job, clock: FakeClock | SystemClock, log: Log, chance: float = 1) -> Runner:
    return Runner([job], clock=clock, log=log, chance=lambda: chance)


def every_ten_seconds(now: Millis) -> Next:
    return Next.after(now, seconds=10)


def fail(_now: Millis) -> Next:
    raise LookupError("no such bucket")


async def test_a_job_runs_at_first_and_then_when_it_asked_to(clock: FakeClock, log: Log) -> None:
    job = Purge(clock, every_ten_seconds)
    runner = runner_of(job, clock, log)

    for _ in range(40):
        await runner.run_due()
        clock.advance(seconds=0.5)

    assert job.ran == [0, 10]
    assert await runner.run_due() == 1


async def test_a_job_without_a_time_runs_only_when_it_is_woken(clock: FakeClock, log: Log) -> None:
    job = Purge(clock, lambda _: WHEN_WOKEN)
    runner = runner_of(job, clock, log)
    await runner.run_due()
    clock.advance(seconds=1e6)
    before = await runner.run_due()

    runner.wake("purge")

    assert (before, await runner.run_due(), await runner.run_due()) == (0, 1, 0)


async def test_a_failing_job_pauses_twice_as_long_each_time_up_to_a_limit(
    clock: FakeClock, log: Log, sink: MemorySink
) -> None:
    job = Purge(clock, fail)
    runner = runner_of(job, clock, log)

    while len(job.ran) < 13:
        await runner.run_due()
        clock.advance(seconds=0.5)

    pauses = [after - before for before, after in zip(job.ran, job.ran[1:], strict=False)]
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS
    first = json.loads(sink.lines[0])
    assert (first["event"], first["job"], first["error"]) == ("job failed", "purge", "LookupError: no such bucket")


async def test_chance_shortens_a_pause_by_up_to_a_half(clock: FakeClock, log: Log) -> None:
    job = Purge(clock, fail)
    runner = runner_of(job, clock, log, chance=0)

    while len(job.ran) < 4:
        await runner.run_due()
        clock.advance(seconds=0.25)

    assert job.ran == [0, 0.5, 1.5, 3.5]


async def test_waking_a_failing_job_does_not_shorten_its_pause(clock: FakeClock, log: Log) -> None:
    runner = runner_of(Purge(clock, fail), clock, log)
    await runner.run_due()

    runner.wake("purge")
    clock.advance(seconds=0.999)
    early = await runner.run_due()
    clock.advance(seconds=0.001)

    assert (early, await runner.run_due()) == (0, 1)


async def test_the_status_tells_how_a_job_does(clock: FakeClock, log: Log) -> None:
    outcomes = iter([fail, fail, every_ten_seconds])

    def act(now: Millis) -> Next:
        return next(outcomes)(now)

    runner = runner_of(Purge(clock, act), clock, log)
    (status,) = runner.statuses

    await runner.run_due()
    clock.advance(seconds=1)
    await runner.run_due()
    failing = (status.state, status.failures_in_row, status.last_error, status.last_succeeded)
    clock.advance(seconds=2)
    await runner.run_due()

    assert failing == ("failing", 2, "LookupError: no such bucket", None)
    assert (status.state, status.failures_in_row, status.last_error) == ("waiting", 0, "")
    assert (status.runs, status.failures) == (3, 2)
    assert status.last_succeeded == clock.now()
    assert status.next_at == clock.now() + 10_000


async def test_a_scrape_shows_every_jobs_status(clock: FakeClock, log: Log) -> None:
    runner = Runner([Purge(clock, fail, "a"), Purge(clock, every_ten_seconds, "b")], clock=clock, log=log)
    metrics = Metrics()
    add_job_metrics(metrics, runner)
    await runner.run_due()

    lines = metrics.render().splitlines()

    assert 'homeport_job_runs_total{job="a"} 1' in lines
    assert 'homeport_job_failures_total{job="b"} 0' in lines
    assert 'homeport_job_failing{job="a"} 1' in lines
    assert 'homeport_job_last_success_timestamp_seconds{job="b"} 1767225600' in lines
    assert not any(line.startswith('homeport_job_last_success_timestamp_seconds{job="a"}') for line in lines)


async def test_a_started_runner_runs_jobs_by_itself_and_on_waking(clock: FakeClock, log: Log) -> None:
    done = asyncio.Event()

    def act(_now: Millis) -> Next:
        done.set()
        return WHEN_WOKEN

    job = Purge(clock, act)
    runner = runner_of(job, clock, log)

    runner.start()
    await asyncio.wait_for(done.wait(), 10)
    done.clear()
    runner.wake("purge")
    await asyncio.wait_for(done.wait(), 10)
    await runner.stop(deadline_seconds=1)

    assert len(job.ran) == 2


async def test_a_job_with_always_more_to_do_lets_others_have_their_turn(clock: FakeClock, log: Log) -> None:
    job = Purge(clock, lambda _: AT_ONCE)
    runner = runner_of(job, clock, log)

    runner.start()
    for _ in range(100):
        await asyncio.sleep(0)
    await runner.stop(deadline_seconds=1)

    assert len(job.ran) >= 10


async def test_a_job_asleep_wakes_by_the_clock(log: Log) -> None:
    clock = SystemClock()
    ran_thrice = asyncio.Event()

    def act(now: Millis) -> Next:
        if len(job.ran) == 3:
            ran_thrice.set()
        return Next.after(now, seconds=0.01)

    job = Purge(clock, act)
    runner = runner_of(job, clock, log)

    runner.start()
    await asyncio.wait_for(ran_thrice.wait(), 10)
    await runner.stop(deadline_seconds=1)

    assert job.ran[2] - job.ran[0] >= 0.018
    assert runner.statuses[0].failures == 0


async def test_a_stop_lets_what_runs_end_and_starts_nothing_more(clock: FakeClock, log: Log) -> None:
    job, idle = Upload(), Purge(clock, lambda _: WHEN_WOKEN)
    runner = Runner([job, idle], clock=clock, log=log)
    runner.start()
    await job.begun.wait()

    stopping = asyncio.create_task(runner.stop(deadline_seconds=10))
    await asyncio.sleep(0)
    job.may_end.set()

    assert await stopping == ()
    assert job.ended
    assert [(status.state, status.runs) for status in runner.statuses] == [("stopped", 1), ("stopped", 1)]


async def test_what_does_not_end_by_the_deadline_is_cancelled_and_named(clock: FakeClock, log: Log) -> None:
    job = Upload()
    runner = runner_of(job, clock, log)
    runner.start()
    await job.begun.wait()

    assert await runner.stop(deadline_seconds=0.01) == ("upload",)

    assert not job.ended


async def test_a_runner_that_never_started_can_be_stopped(clock: FakeClock, log: Log) -> None:
    assert await runner_of(Purge(clock, fail), clock, log).stop(deadline_seconds=1) == ()


async def test_two_jobs_of_one_name_are_a_mistake(clock: FakeClock, log: Log) -> None:
    with pytest.raises(ValueError, match="the name purge"):
        Runner([Purge(clock, fail), Purge(clock, fail)], clock=clock, log=log)
    with pytest.raises(ValueError, match="the name purge"):
        runner_of(Purge(clock, fail), clock, log).add(Purge(clock, fail))


async def test_a_job_that_is_added_before_the_start_runs_with_the_others(clock: FakeClock, log: Log) -> None:
    late = Purge(clock, every_ten_seconds, name="late")
    runner = runner_of(Purge(clock, every_ten_seconds), clock, log)

    runner.add(late)

    assert [status.name for status in runner.statuses] == ["purge", "late"]
    assert await runner.run_due() == 2


async def test_a_job_that_is_added_while_others_run_runs_at_once_and_is_woken_like_them(
    clock: FakeClock, log: Log
) -> None:
    ran = asyncio.Event()

    def act(_now: Millis) -> Next:
        ran.set()
        return WHEN_WOKEN

    late = Purge(clock, act, name="late")
    runner = runner_of(Purge(clock, every_ten_seconds), clock, log)
    runner.start()

    runner.add(late)
    await asyncio.wait_for(ran.wait(), 10)
    ran.clear()
    runner.wake("late")
    await asyncio.wait_for(ran.wait(), 10)

    assert await runner.stop(deadline_seconds=1) == ()
    assert (late.ran, runner.statuses[1].state) == ([0, 0], "stopped")


async def test_a_job_that_is_added_after_the_stop_never_runs(clock: FakeClock, log: Log) -> None:
    late = Purge(clock, every_ten_seconds, name="late")
    runner = runner_of(Purge(clock, every_ten_seconds), clock, log)
    runner.start()
    await runner.stop(deadline_seconds=1)

    runner.add(late)
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert late.ran == []
