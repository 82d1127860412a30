"""Standard and FIFO queues against a model of a few lines, with restarts and a wound clock."""

import asyncio
import json
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from tests.aws.sqs.room import SqsRoom

T = TypeVar("T")

RETENTION_SECONDS = 3600


@dataclass
class Known:
    """A message as the model has it; times in seconds."""

    body: str
    sent: float
    visible: float
    group: str = ""
    receives: int = 0

    def expired(self, now: float) -> bool:
        return self.sent + RETENTION_SECONDS <= now


class QueueMachine(RuleBasedStateMachine):
    """What both types have in common."""

    handles: Bundle[tuple[str, str, int]] = Bundle("handles")
    name = "queue"
    attributes: dict[str, str]

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.room = self.run(self._open())
        self.now = 0.0
        self.count = 0
        self.model: list[Known] = []
        self.queue = self.run(
            self.room.create(self.name, MessageRetentionPeriod=str(RETENTION_SECONDS), **self.attributes)
        )

    async def _open(self) -> SqsRoom:
        return SqsRoom(Path(self.directory.name) / "queues.sqlite").open()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.run(self.room.db.close())
        self.loop.close()
        self.directory.cleanup()

    def known(self, body: str) -> Known | None:
        return next((message for message in self.model if message.body == body), None)

    def new_body(self) -> str:
        self.count += 1
        # Every third one is too long for its row.
        return f"message {self.count} " + "x" * (3000 if self.count % 3 == 0 else 5)

    def note(self, messages: Sequence[Mapping[str, Any]], hide: int) -> list[tuple[str, str, int]]:
        got = []
        for message in messages:
            known = self.known(message["Body"])
            assert known is not None, "a message that was deleted or never sent"
            assert known.visible <= self.now, "a message that is hidden"
            known.receives += 1
            assert message["Attributes"]["ApproximateReceiveCount"] == str(known.receives)
            known.visible = self.now + hide
            got.append((message["ReceiptHandle"], known.body, known.receives))
        return got

    @rule(seconds=st.sampled_from([0.001, 1, 5, 29, 61, 600]))
    def time_passes(self, seconds: float) -> None:
        self.room.clock.advance(seconds=seconds)
        self.now = round(self.now + seconds, 3)

    @rule()
    def retention_runs(self) -> None:
        self.run(self.room.run_jobs())
        self.model = [message for message in self.model if not message.expired(self.now)]

    @rule()
    def the_server_restarts(self) -> None:
        self.run(self.room.restart())

    @rule()
    def somebody_purges(self) -> None:
        self.run(self.room("PurgeQueue", QueueUrl=self.queue))
        self.model.clear()

    @invariant()
    def counts_are_exact(self) -> None:
        delayed = sum(1 for message in self.model if message.visible > self.now and not message.receives)
        hidden = sum(1 for message in self.model if message.visible > self.now and message.receives)
        visible = len(self.model) - delayed - hidden
        assert self.run(self.room.counts(self.queue)) == (visible, delayed, hidden)


class StandardQueue(QueueMachine):
    """Sends with delays and groups, receives, deletes and changes of visibility, in any order."""

    attributes: dict[str, str] = {}  # noqa: RUF012 # hypothesis makes one instance a run

    @rule(delay=st.sampled_from([0, 0, 0, 1, 30]), group=st.sampled_from([None, None, "a", "b"]))
    def send(self, delay: int, group: str | None) -> None:
        body = self.new_body()
        more = {"MessageGroupId": group} if group else {}
        self.run(self.room.send(self.queue, body, DelaySeconds=delay, **more))
        self.model.append(Known(body, self.now, self.now + delay))

    @rule(target=QueueMachine.handles, most=st.integers(1, 10), hide=st.sampled_from([0, 1, 30]))
    def receive(self, most: int, hide: int) -> Any:
        wanted = [m for m in self.model if m.visible <= self.now and not m.expired(self.now)]
        messages = list(self.run(self.room.receive(self.queue, most, VisibilityTimeout=hide)))
        assert len(messages) == min(most, len(wanted)), "a standard queue hands out whatever is visible"
        assert len({message["MessageId"] for message in messages}) == len(messages)
        got = self.note(messages, hide)
        # What a receive meets past its retention is gone; it may have met some.
        left = self.run(self.room.counts(self.queue))
        if sum(left) != len(self.model):
            self.retention_runs()
        return multiple(*got)

    @rule(handle=consumes(QueueMachine.handles))
    def delete(self, handle: tuple[str, str, int]) -> None:
        receipt, body, receives = handle
        self.run(self.room("DeleteMessage", QueueUrl=self.queue, ReceiptHandle=receipt))
        known = self.known(body)
        if known is not None and known.receives == receives:
            self.model.remove(known)

    @rule(handle=QueueMachine.handles, seconds=st.sampled_from([0, 10, 100]))
    def change_visibility(self, handle: tuple[str, str, int], seconds: int) -> None:
        receipt, body, receives = handle
        known = self.known(body)
        entry = {"Id": "one", "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
        result = self.run(self.room("ChangeMessageVisibilityBatch", QueueUrl=self.queue, Entries=[entry]))
        valid = known is not None and known.receives == receives and known.visible > self.now
        assert bool(result["Successful"]) == valid
        if known is not None and valid:
            known.visible = self.now + seconds


def bodies_of(messages: list[Any], group: str) -> list[str]:
    """Of those of one group, as they came."""
    return [message["Body"] for message in messages if message["Attributes"]["MessageGroupId"] == group]


class FifoQueue(QueueMachine):
    """Order in groups, blocked groups, and duplicates that never arrive."""

    name = "queue.fifo"
    attributes = {"FifoQueue": "true"}  # noqa: RUF012 # hypothesis makes one instance a run

    def __init__(self) -> None:
        super().__init__()
        self.remembered: dict[str, float] = {}

    @rule(group=st.sampled_from(["a", "b", "c"]), deduplication=st.integers(1, 12))
    def send(self, group: str, deduplication: int) -> None:
        body, key = self.new_body(), f"id-{deduplication}"
        self.run(self.room.send(self.queue, body, MessageGroupId=group, MessageDeduplicationId=key))
        if key in self.remembered and self.now - self.remembered[key] < 300:
            return
        self.remembered[key] = self.now
        self.model.append(Known(body, self.now, self.now, group))

    def runs(self) -> dict[str, list[Known]]:
        """Of each group the messages from its first one on that are visible without a gap."""
        found: dict[str, list[Known]] = {}
        blocked: set[str] = set()
        for message in self.model:
            if message.visible > self.now:
                blocked.add(message.group)
            if message.group not in blocked:
                found.setdefault(message.group, []).append(message)
        return found

    @rule(target=QueueMachine.handles, most=st.integers(1, 10), hide=st.sampled_from([1, 30]))
    def receive(self, most: int, hide: int) -> Any:
        self.retention_runs()
        runs = self.runs()
        messages = list(self.run(self.room.receive(self.queue, most, VisibilityTimeout=hide)))
        self.check_received(most, runs, messages)
        return multiple(*self.note(messages, hide))

    def check_received(self, most: int, runs: dict[str, list[Known]], messages: list[Any]) -> None:
        """What came is what could be had before, as `runs` tells it."""
        assert len(messages) == min(most, sum(len(run) for run in runs.values()))
        for group, run in runs.items():
            got = bodies_of(messages, group)
            assert got == [message.body for message in run[: len(got)]], "in order, from the group's first one on"

    @rule(handle=consumes(QueueMachine.handles))
    def delete(self, handle: tuple[str, str, int]) -> None:
        receipt, body, receives = handle
        entry = {"Id": "one", "ReceiptHandle": receipt}
        result = self.run(self.room("DeleteMessageBatch", QueueUrl=self.queue, Entries=[entry]))
        known = self.known(body)
        valid = known is None or (known.receives == receives and known.visible > self.now)
        assert bool(result["Successful"]) == valid
        if known is not None and valid:
            self.model.remove(known)

    @rule(handle=QueueMachine.handles, seconds=st.sampled_from([0, 10, 100]))
    def change_visibility(self, handle: tuple[str, str, int], seconds: int) -> None:
        receipt, body, receives = handle
        known = self.known(body)
        entry = {"Id": "one", "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
        result = self.run(self.room("ChangeMessageVisibilityBatch", QueueUrl=self.queue, Entries=[entry]))
        valid = known is not None and known.receives == receives and known.visible > self.now
        assert bool(result["Successful"]) == valid
        if known is not None and valid:
            known.visible = self.now + seconds


class FifoQueueWithDeadLetters(FifoQueue):
    """Poisoned messages leave their group in its order, and the group goes on behind them."""

    most_receives = 1

    def __init__(self) -> None:
        super().__init__()
        self.dead = self.run(self.room.create("dead.fifo", FifoQueue="true"))
        arn = "arn:aws:sqs:us-east-1:000000000000:dead.fifo"
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": self.most_receives})
        self.run(self.room("SetQueueAttributes", QueueUrl=self.queue, Attributes={"RedrivePolicy": policy}))

    def letters(self) -> list[Known]:
        """Take all out of the dead-letter queue, and out of the model."""
        found = []
        while messages := self.run(self.room.receive(self.dead)):
            for message in messages:
                known = self.known(message["Body"])
                assert known is not None, "a message that was deleted or never sent"
                found.append(known)
                self.model.remove(known)
                receipt = message["ReceiptHandle"]
                self.run(self.room("DeleteMessage", QueueUrl=self.dead, ReceiptHandle=receipt))
        return found

    def check_received(self, most: int, runs: dict[str, list[Known]], messages: list[Any]) -> None:
        """Poisoned messages have been moved on the way, in order, and the others came as they do without them."""
        letters = self.letters()
        assert len(messages) <= most
        for group, run in runs.items():
            got = bodies_of(messages, group)
            healthy = [known.body for known in run if known.receives < self.most_receives]
            assert got == healthy[: len(got)], "in order, from the first one on that is not poisoned"
            poisoned = [known for known in run if known.receives >= self.most_receives]
            buried = [known for known in letters if known.group == group]
            assert buried == poisoned[: len(buried)], "in order"
            assert messages or (not healthy and buried == poisoned), "no group is stuck"
        assert all(known.group in runs for known in letters)


_SETTINGS = settings(
    max_examples=60,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

TestStandardQueue = StandardQueue.TestCase
TestStandardQueue.settings = _SETTINGS
TestFifoQueue = FifoQueue.TestCase
TestFifoQueue.settings = _SETTINGS
TestFifoQueueWithDeadLetters = FifoQueueWithDeadLetters.TestCase
TestFifoQueueWithDeadLetters.settings = _SETTINGS
