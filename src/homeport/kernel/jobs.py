"""Background work: when each job runs next, what happens when it fails, and how all of them stop.

Every job has a task of its own, and never runs twice at once. A job that raises is tried again after a pause that
doubles with each failure in a row, with chance in it so that jobs which failed together do not return together.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, Self

from homeport.kernel.clock import MILLIS_PER_SECOND, Clock, Millis
from homeport.kernel.log import Log
from homeport.kernel.metrics import Metrics, Sample

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0
# Between two looks at the wall clock, which may be set while we sleep.
_LONGEST_SLEEP_SECONDS = 60.0
_chance = random.SystemRandom().random


@dataclass(frozen=True, slots=True)
class Next:
    """When a job wants to run again.

    Attributes:
        at: not before then; None: only when it is woken.
    """

    at: Millis | None

    @classmethod
    def after(cls, now: Millis, *, seconds: float) -> Self:
        """Some time from now."""
        return cls(Millis(now + round(seconds * MILLIS_PER_SECOND)))


AT_ONCE = Next(Millis(0))
"""There is more to do; other tasks get their turn first."""

WHEN_WOKEN = Next(None)
"""Nothing to do until `Runner.wake`."""


class Job(Protocol):
    """One kind of background work."""

    @property
    def name(self) -> str:
        """What operators know it by: `registry-upload-purge`."""
        ...

    async def run_due(self, now: Millis) -> Next:
        """Do what is due at `now`, in pieces small enough that a stop need not wait for long.

        It may be cancelled at any await, and is run again after a crash: what it does is done in transactions.
        """
        ...


State = Literal["waiting", "running", "failing", "stopped"]


@dataclass(slots=True)
class JobStatus:
    """What UI, command line and metrics show of a job.

    Attributes:
        failures_in_row: 0 once a run has succeeded.
        last_error: of the last run, empty if that succeeded.
        next_at: None: when woken.
    """

    name: str
    state: State = "waiting"
    runs: int = 0
    failures: int = 0
    failures_in_row: int = 0
    last_error: str = ""
    last_started: Millis | None = None
    last_succeeded: Millis | None = None
    last_duration_seconds: float = 0
    next_at: Millis | None = AT_ONCE.at


class _Slot:
    """One job's place in the runner."""

    def __init__(self, job: Job, clock: Clock, log: Log, chance: Callable[[], float]) -> None:
        self.status = JobStatus(job.name)
        self.woken = asyncio.Event()
        self.stopping = False
        self._job = job
        self._clock = clock
        self._log = log
        self._chance = chance

    @property
    def due(self) -> bool:
        """Whether it should run now. A failing job is not woken before its pause is over."""
        status = self.status
        if self.woken.is_set() and not status.failures_in_row:
            return True
        return status.next_at is not None and status.next_at <= self._clock.now()

    async def run(self) -> None:
        """Run once and note how it went."""
        status = self.status
        self.woken.clear()
        status.state = "running"
        status.runs += 1
        status.last_started = self._clock.now()
        began = self._clock.monotonic()
        try:
            following = await self._job.run_due(status.last_started)
        except Exception as error:  # noqa: BLE001 - a job's failure, whatever it is, must not end the others
            self._failed(error)
        else:
            self._succeeded(following)
        finally:
            status.last_duration_seconds = self._clock.monotonic() - began

    def _succeeded(self, following: Next) -> None:
        status = self.status
        status.state = "waiting"
        status.failures_in_row = 0
        status.last_error = ""
        status.last_succeeded = self._clock.now()
        status.next_at = following.at

    def _failed(self, error: Exception) -> None:
        status = self.status
        status.state = "failing"
        status.failures += 1
        status.failures_in_row += 1
        status.last_error = f"{type(error).__name__}: {error}"
        pause = self._pause_seconds()
        status.next_at = Next.after(self._clock.now(), seconds=pause).at
        self._log.error("job failed", job=status.name, error=error, again_in_seconds=round(pause, 1))

    def _pause_seconds(self) -> float:
        doublings = min(self.status.failures_in_row - 1, 30)
        longest = min(FIRST_PAUSE_SECONDS * float(1 << doublings), LONGEST_PAUSE_SECONDS)
        return longest * (0.5 + self._chance() / 2)

    async def run_forever(self) -> None:
        """Run whenever it is due."""
        while not self.stopping:
            if self.due:
                await self.run()
                await asyncio.sleep(0)
            else:
                await self._sleep()

    async def _sleep(self) -> None:
        status = self.status
        seconds = _LONGEST_SLEEP_SECONDS
        if status.next_at is not None:
            seconds = min(seconds, (status.next_at - self._clock.now()) / MILLIS_PER_SECOND)
        if status.failures_in_row:
            await asyncio.sleep(seconds)
            return
        try:
            async with asyncio.timeout(seconds):
                await self.woken.wait()
        except TimeoutError:
            return


class Runner:
    """Runs jobs until it is stopped. Each runs once right after `start`.

    Args:
        chance: gives numbers from 0 to 1, for the pauses after failures.
    """

    def __init__(self, jobs: Sequence[Job], *, clock: Clock, log: Log, chance: Callable[[], float] = _chance) -> None:
        self._clock = clock
        self._log = log
        self._chance = chance
        self._slots: dict[str, _Slot] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._started = False
        for job in jobs:
            self.add(job)

    @property
    def statuses(self) -> tuple[JobStatus, ...]:
        """Of every job, in the order in which they were given."""
        return tuple(slot.status for slot in self._slots.values())

    def add(self, job: Job) -> None:
        """Take one more job; it runs at once if the others do already, and not any more after `stop`."""
        if job.name in self._slots:
            raise ValueError(f"two jobs have the name {job.name}")
        self._slots[job.name] = _Slot(job, self._clock, self._log, self._chance)
        if self._started:
            self._begin(job.name)

    def start(self) -> None:
        """Begin, in the running event loop."""
        self._started = True
        for name in self._slots:
            self._begin(name)

    def _begin(self, name: str) -> None:
        self._tasks[name] = asyncio.create_task(self._slots[name].run_forever(), name=f"job {name}")

    def wake(self, name: str) -> None:
        """Let a job run as soon as it can: there is something to do for it."""
        self._slots[name].woken.set()

    async def stop(self, *, deadline_seconds: float) -> tuple[str, ...]:
        """Start nothing more, let what runs end by the deadline, cancel the rest and say which those were."""
        self._started = False
        for name, task in self._tasks.items():
            self._slots[name].stopping = True
            if self._slots[name].status.state != "running":
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=deadline_seconds)
        late = tuple(name for name, task in self._tasks.items() if not task.done())
        for name in late:
            self._tasks[name].cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        for slot in self._slots.values():
            slot.status.state = "stopped"
        return late

    async def run_due(self) -> int:
        """Run every job that is due now, once, and say how many ran: for tests, which wind the clock themselves."""
        due = [slot for slot in self._slots.values() if slot.due]
        for slot in due:
            await slot.run()
        return len(due)


def add_job_metrics(metrics: Metrics, runner: Runner) -> None:
    """Show every job's status to a scrape."""

    def per_job(number: Callable[[JobStatus], float | None]) -> Callable[[], list[Sample]]:
        return lambda: [((status.name,), value) for status in runner.statuses if (value := number(status)) is not None]

    def last_success_seconds(status: JobStatus) -> float | None:
        return None if status.last_succeeded is None else status.last_succeeded / MILLIS_PER_SECOND

    labels = ("job",)
    metrics.read_counters("homeport_job_runs_total", "Runs begun.", labels, per_job(lambda job: job.runs))
    metrics.read_counters("homeport_job_failures_total", "Runs that failed.", labels, per_job(lambda job: job.failures))
    metrics.read_gauges(
        "homeport_job_running", "1 while the job runs.", labels, per_job(lambda job: int(job.state == "running"))
    )
    metrics.read_gauges(
        "homeport_job_failing", "1 if the last run failed.", labels, per_job(lambda job: int(job.failures_in_row > 0))
    )
    metrics.read_gauges(
        "homeport_job_last_duration_seconds",
        "Duration of the last run.",
        labels,
        per_job(lambda job: job.last_duration_seconds),
    )
    metrics.read_gauges(
        "homeport_job_last_success_timestamp_seconds",
        "End of the last good run.",
        labels,
        per_job(last_success_seconds),
    )
