"""The room of SQS without a wire: its operations on a real store, with a clock that tests wind."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from homeport.aws.call import Call
from homeport.aws.services.sqs import SERVICE
from homeport.aws.services.sqs.jobs import Moves, Retention, WakeWaiting
from homeport.aws.services.sqs.room import Sqs
from homeport.aws.services.sqs.store.schema import MIGRATIONS
from homeport.kernel.clock import FakeClock
from homeport.kernel.ids import SystemIds
from homeport.kernel.signals import Signals
from homeport.kernel.storage.database import Database

CALL = Call("000000000000", "us-east-1", "sqs", "Test", "request")
Members = Mapping[str, Any]


@dataclass
class SqsRoom:
    """One data directory's queues; `restart` loses everything but the file."""

    path: Path
    clock: FakeClock = field(default_factory=FakeClock)
    woken: list[str] = field(default_factory=list)

    def open(self) -> Self:
        """Open the store."""
        self.db = Database.open(self.path, migrations=MIGRATIONS, durability="process", clock=self.clock)
        self.sqs = Sqs(self.db, self.clock, SystemIds(), Signals(), self.woken.append)
        return self

    async def restart(self) -> None:
        """Close and open it."""
        await self.db.close()
        self.open()

    async def __call__(self, operation: str, **request: Any) -> Any:
        """Run an operation."""
        return await SERVICE.operations[operation](self.sqs, CALL, request) or {}

    async def create(self, name: str, **attributes: str) -> str:
        """A queue's URL."""
        url: str = (await self("CreateQueue", QueueName=name, Attributes=attributes))["QueueUrl"]
        return url

    async def send(self, queue: str, body: str, **request: Any) -> Members:
        """Send a message."""
        result: Members = await self("SendMessage", QueueUrl=queue, MessageBody=body, **request)
        return result

    async def receive(self, queue: str, most: int = 10, **request: Any) -> Sequence[Members]:
        """Receive messages with all their attributes."""
        result = await self(
            "ReceiveMessage",
            QueueUrl=queue,
            MaxNumberOfMessages=most,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
            **request,
        )
        found: Sequence[Members] = result.get("Messages", [])
        return found

    async def bodies(self, queue: str, most: int = 10, **request: Any) -> list[str]:
        """What a receive finds."""
        return [message["Body"] for message in await self.receive(queue, most, **request)]

    async def counts(self, queue: str) -> tuple[int, int, int]:
        """Messages visible, delayed and in flight."""
        found = await self("GetQueueAttributes", QueueUrl=queue, AttributeNames=["All"])
        names = ("", "Delayed", "NotVisible")
        visible, delayed, hidden = (int(found["Attributes"][f"ApproximateNumberOfMessages{name}"]) for name in names)
        return visible, delayed, hidden

    async def run_jobs(self) -> None:
        """Do what is due in the background."""
        for job in (WakeWaiting(self.sqs), Retention(self.sqs), Moves(self.sqs)):
            for _ in range(50):
                following = await job.run_due(self.clock.now())
                if following.at is None or following.at > self.clock.now():
                    break
            await asyncio.sleep(0)
