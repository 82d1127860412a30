"""Dead-letter queues and message move tasks."""

import asyncio
import json
from typing import Any

import pytest
from tests.aws.sqs.room import SqsRoom

from homeport.aws.errors import AwsError


def arn_of(name: str) -> str:
    return f"arn:aws:sqs:us-east-1:000000000000:{name}"


def redrive(name: str, most: int = 1) -> str:
    return json.dumps({"deadLetterTargetArn": arn_of(name), "maxReceiveCount": most})


async def bury(room: SqsRoom, count: int, *, suffix: str = "", **more: Any) -> tuple[str, str]:
    """A queue and its dead-letter queue, which has so many messages."""
    fifo = {"FifoQueue": "true"} if suffix else {}
    dead = await room.create(f"dead{suffix}", **fifo)
    queue = await room.create(f"q{suffix}", RedrivePolicy=redrive(f"dead{suffix}"), VisibilityTimeout="0", **fifo)
    for number in range(count):
        await room.send(queue, str(number), **{k: v.format(number) for k, v in more.items()})
    for _ in range(count + 1):
        await room.receive(queue)
    return queue, dead


async def test_a_message_that_nobody_can_process_moves(room: SqsRoom) -> None:
    dead = await room.create("dead")
    queue = await room.create("q", RedrivePolicy=redrive("dead", 2))
    sent = await room.send(queue, "poison")
    for _ in range(2):
        assert await room.bodies(queue, VisibilityTimeout=1) == ["poison"]
        room.clock.advance(seconds=1)

    assert await room.bodies(queue) == []
    assert await room.counts(queue) == (0, 0, 0)
    (letter,) = await room.receive(dead)
    assert letter["MessageId"] == sent["MessageId"]
    assert letter["Attributes"]["DeadLetterQueueSourceArn"] == arn_of("q")
    assert letter["Attributes"]["ApproximateReceiveCount"] == "3"


async def test_a_queue_that_is_its_own_dead_letter_queue_goes_on_giving_out_its_messages(room: SqsRoom) -> None:
    """Not forever within one receive, which would let nobody else be answered."""
    queue = await room.create("q", VisibilityTimeout="0")
    await room("SetQueueAttributes", QueueUrl=queue, Attributes={"RedrivePolicy": redrive("q")})
    await room.send(queue, "b")

    assert [await room.bodies(queue) for _ in range(3)] == [["b"], ["b"], ["b"]]


async def test_a_receive_that_meets_many_dead_letters_lets_others_in_between(room: SqsRoom) -> None:
    """One that waits goes on until it has found a message; one that does not is answered."""
    await room.create("dead")
    queue = await room.create("q", VisibilityTimeout="0")
    for _ in range(120):
        entries = [{"Id": str(number), "MessageBody": "poison"} for number in range(10)]
        await room("SendMessageBatch", QueueUrl=queue, Entries=entries)
    for _ in range(120):
        await room.receive(queue, VisibilityTimeout=1)
    await room("SetQueueAttributes", QueueUrl=queue, Attributes={"RedrivePolicy": redrive("dead")})
    room.clock.advance(seconds=1)
    await room.send(queue, "good")

    assert await room.bodies(queue) == []
    visible, _, _ = await room.counts(queue)
    assert 0 < visible < 1200
    assert await asyncio.wait_for(room.bodies(queue, WaitTimeSeconds=20), 5) == ["good"]


async def test_a_letter_keeps_its_age(room: SqsRoom) -> None:
    """SQS developer guide: a standard queue's dead letter expires by when it was first sent."""
    dead = await room.create("dead", MessageRetentionPeriod="100")
    queue = await room.create("q", RedrivePolicy=redrive("dead"), VisibilityTimeout="0")
    await room.send(queue, "b")
    await room.receive(queue)
    room.clock.advance(seconds=60)
    await room.receive(queue)
    assert await room.counts(dead) == (1, 0, 0)

    room.clock.advance(seconds=40)
    await room.run_jobs()

    assert await room.counts(dead) == (0, 0, 0)


async def test_a_fifo_group_goes_on_behind_a_dead_letter(room: SqsRoom) -> None:
    _, dead = await bury(room, 2, suffix=".fifo", MessageGroupId="g", MessageDeduplicationId="d{}")

    assert await room.bodies(dead) == ["0", "1"]


@pytest.mark.parametrize("deleted", [False, True])
async def test_what_is_received_right_behind_a_dead_letter_leads_its_group(room: SqsRoom, *, deleted: bool) -> None:
    """The receive that buries a group's first message takes the next ones along; they come back undeleted."""
    await room.create("dead.fifo", FifoQueue="true")
    queue = await room.create("q.fifo", FifoQueue="true", RedrivePolicy=redrive("dead.fifo", 2))
    for number in range(4):
        await room.send(queue, str(number), MessageGroupId="g", MessageDeduplicationId=str(number))
    assert [await room.bodies(queue, most=1, VisibilityTimeout=0) for _ in range(2)] == [["0"], ["0"]]

    received = await room.receive(queue, VisibilityTimeout=10)
    assert [message["Body"] for message in received] == ["1", "2", "3"]
    if deleted:
        await room("DeleteMessage", QueueUrl=queue, ReceiptHandle=received[0]["ReceiptHandle"])
    room.clock.advance(seconds=10)

    assert await room.bodies(queue) == (["2", "3"] if deleted else ["1", "2", "3"])


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("no json", "Redrive policy is not a valid JSON map."),
        (json.dumps({"maxReceiveCount": 1}), "does not contain mandatory attribute: deadLetterTargetArn."),
        (json.dumps({"deadLetterTargetArn": arn_of("dead")}), "does not contain mandatory attribute: maxReceiveCount."),
        (redrive("dead", 0), "valid values are from 1 to 1000 both inclusive."),
        (redrive("missing"), "Dead letter target does not exist."),
        (redrive("other.fifo"), "Dead-letter queue must be same type of queue as the source."),
    ],
)
async def test_redrive_policies_that_cannot_work_are_refused(room: SqsRoom, policy: str, reason: str) -> None:
    await room.create("dead")

    with pytest.raises(AwsError, match=reason):
        await room.create("q", RedrivePolicy=policy)


async def test_a_dead_letter_queue_may_refuse_its_sources(room: SqsRoom) -> None:
    await room.create("dead", RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}))

    with pytest.raises(AwsError, match="does not have permission"):
        await room.create("q", RedrivePolicy=redrive("dead"))


async def test_a_task_brings_letters_back_as_new_messages(room: SqsRoom) -> None:
    queue, dead = await bury(room, 3)
    await room("SetQueueAttributes", QueueUrl=queue, Attributes={"RedrivePolicy": redrive("dead", 9)})

    await room("StartMessageMoveTask", SourceArn=arn_of("dead"))
    await room.run_jobs()

    (task,) = (await room("ListMessageMoveTasks", SourceArn=arn_of("dead")))["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 3)
    assert await room.counts(dead) == (0, 0, 0)
    messages = await room.receive(queue)
    assert [m["Body"] for m in messages] == ["0", "1", "2"]
    assert {m["Attributes"]["ApproximateReceiveCount"] for m in messages} == {"1"}


async def test_a_task_keeps_to_its_rate_over_a_restart_and_can_be_cancelled(room: SqsRoom) -> None:
    _, dead = await bury(room, 10)
    other = await room.create("other")
    started = await room(
        "StartMessageMoveTask",
        SourceArn=arn_of("dead"),
        DestinationArn=arn_of("other"),
        MaxNumberOfMessagesPerSecond=1,
    )
    for _ in range(3):
        await room.run_jobs()
        room.clock.advance(seconds=1)
    await room.restart()

    cancelled = await room("CancelMessageMoveTask", TaskHandle=started["TaskHandle"])

    assert cancelled["ApproximateNumberOfMessagesMoved"] == 3
    await room.run_jobs()
    assert (await room.counts(other))[0] == 3
    assert (await room.counts(dead))[0] == 7


async def test_a_task_fails_when_its_destination_goes_away(room: SqsRoom) -> None:
    """As AWS answered when the destination was deleted meanwhile."""
    await bury(room, 10)
    other = await room.create("other")
    await room(
        "StartMessageMoveTask",
        SourceArn=arn_of("dead"),
        DestinationArn=arn_of("other"),
        MaxNumberOfMessagesPerSecond=1,
    )
    await room.run_jobs()
    await room("DeleteQueue", QueueUrl=other)
    room.clock.advance(seconds=1)
    await room.run_jobs()

    (task,) = (await room("ListMessageMoveTasks", SourceArn=arn_of("dead")))["Results"]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "AWS.SimpleQueueService.NonExistentQueue")


async def test_what_is_no_task_cannot_be_cancelled(room: SqsRoom) -> None:
    await bury(room, 1)
    started = await room("StartMessageMoveTask", SourceArn=arn_of("dead"))
    await room.run_jobs()

    with pytest.raises(AwsError, match="parameter TaskHandle is invalid"):
        await room("CancelMessageMoveTask", TaskHandle="garbage")
    with pytest.raises(AwsError, match="Only active tasks can be cancelled"):
        await room("CancelMessageMoveTask", TaskHandle=started["TaskHandle"])
    with pytest.raises(AwsError, match="must be configured as a Dead Letter Queue"):
        await room("StartMessageMoveTask", SourceArn=arn_of("q"))


async def test_a_dead_letter_queue_that_is_purged_meanwhile_takes_the_letter(room: SqsRoom) -> None:
    dead = await room.create("dead")
    queue = await room.create("q", RedrivePolicy=redrive("dead"), VisibilityTimeout="0")
    await room.send(queue, "a")
    await room.receive(queue, 1)
    await room.send(queue, "b")

    _, found = await asyncio.gather(room("PurgeQueue", QueueUrl=dead), room.bodies(queue))

    assert found == ["b"]
    assert await room.bodies(dead) == ["a"]


async def test_a_message_stays_when_its_dead_letter_queue_is_deleted_meanwhile(room: SqsRoom) -> None:
    dead = await room.create("dead")
    queue = await room.create("q", RedrivePolicy=redrive("dead"), VisibilityTimeout="0")
    await room.send(queue, "a")
    await room.receive(queue, 1)

    _, found = await asyncio.gather(room("DeleteQueue", QueueUrl=dead), room.bodies(queue))

    assert found == ["a"]
