"""FIFO queues: order, groups, duplicates, attempts."""

import asyncio

import pytest
from tests.aws.sqs.room import SqsRoom

from homeport.aws.errors import AwsError

FIFO = {"FifoQueue": "true"}


async def test_a_group_waits_for_its_first_message(room: SqsRoom) -> None:
    """SQS developer guide, "FIFO queue delivery logic": no more of a group while one of it is in flight."""
    queue = await room.create("q.fifo", **FIFO)
    for number, group in enumerate("aab"):
        await room.send(queue, f"{group}{number}", MessageGroupId=group, MessageDeduplicationId=str(number))

    (first,) = await room.receive(queue, 1)

    assert first["Body"] == "a0"
    assert await room.bodies(queue) == ["b2"]
    await room("DeleteMessage", QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
    assert await room.bodies(queue) == ["a1"]


async def test_messages_of_a_group_come_back_in_their_order(room: SqsRoom) -> None:
    queue = await room.create("q.fifo", **FIFO)
    for number in range(3):
        await room.send(queue, str(number), MessageGroupId="g", MessageDeduplicationId=str(number))
    messages = await room.receive(queue, VisibilityTimeout=10)

    for message in reversed(messages[:2]):
        await room(
            "ChangeMessageVisibility",
            QueueUrl=queue,
            ReceiptHandle=message["ReceiptHandle"],
            VisibilityTimeout=0,
        )

    assert await room.bodies(queue) == ["0", "1"]


async def test_a_new_delay_holds_for_what_a_fifo_queue_has_already(room: SqsRoom) -> None:
    """SQS developer guide, "Delay queues": retroactive for FIFO queues, not for standard queues."""
    fifo, standard = await room.create("q.fifo", **FIFO), await room.create("q")
    await room.send(fifo, "received", MessageGroupId="r", MessageDeduplicationId="r")
    await room.receive(fifo, VisibilityTimeout=20)
    for number in range(2):
        await room.send(fifo, str(number), MessageGroupId="g", MessageDeduplicationId=str(number))
        await room.send(standard, str(number))
        room.clock.advance(seconds=1)

    for queue in (fifo, standard):
        await room("SetQueueAttributes", QueueUrl=queue, Attributes={"DelaySeconds": "10"})
    assert (await room.counts(fifo), await room.counts(standard)) == ((0, 2, 1), (2, 0, 0))
    room.clock.advance(seconds=8)
    assert await room.bodies(fifo, VisibilityTimeout=1) == ["0"]
    room.clock.advance(seconds=1)
    assert await room.counts(fifo) == (2, 0, 1)
    await room("SetQueueAttributes", QueueUrl=fifo, Attributes={"DelaySeconds": "900"})
    assert (await room.bodies(fifo, VisibilityTimeout=0), await room.counts(fifo)) == (["0"], (1, 1, 1))
    await room("SetQueueAttributes", QueueUrl=fifo, Attributes={"DelaySeconds": "0"})

    assert await room.bodies(fifo) == ["0", "1"]
    assert await room.counts(fifo) == (0, 0, 3)


async def test_a_delay_that_is_taken_back_wakes_a_receive(room: SqsRoom) -> None:
    queue = await room.create("q.fifo", DelaySeconds="900", **FIFO)
    await room.send(queue, "b", MessageGroupId="g", MessageDeduplicationId="d")
    waiting = asyncio.create_task(room.bodies(queue, WaitTimeSeconds=20))
    await asyncio.sleep(0.05)

    await room("SetQueueAttributes", QueueUrl=queue, Attributes={"DelaySeconds": "0"})

    assert await asyncio.wait_for(waiting, 5) == ["b"]


async def test_a_duplicate_is_answered_and_never_arrives(room: SqsRoom) -> None:
    queue = await room.create("q.fifo", **FIFO)
    first = await room.send(queue, "one", MessageGroupId="g", MessageDeduplicationId="d")
    (got,) = await room.receive(queue)
    await room("DeleteMessage", QueueUrl=queue, ReceiptHandle=got["ReceiptHandle"])
    await room.restart()
    room.clock.advance(seconds=299.999)

    again = await room.send(queue, "two", MessageGroupId="g", MessageDeduplicationId="d")

    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert await room.bodies(queue) == []
    room.clock.advance(seconds=0.001)
    await room.send(queue, "three", MessageGroupId="g", MessageDeduplicationId="d")
    assert await room.bodies(queue) == ["three"]


async def test_content_tells_duplicates_where_the_queue_says_so(room: SqsRoom) -> None:
    queue = await room.create("q.fifo", ContentBasedDeduplication="true", **FIFO)
    for body in ("a", "a", "b"):
        await room.send(queue, body, MessageGroupId="g")

    assert await room.bodies(queue) == ["a", "b"]


async def test_ids_count_by_group_where_the_scope_says_so(room: SqsRoom) -> None:
    queue = await room.create("q.fifo", DeduplicationScope="messageGroup", **FIFO)
    for group in ("a", "b", "b"):
        await room.send(queue, group, MessageGroupId=group, MessageDeduplicationId="d")

    assert await room.bodies(queue) == ["a", "b"]


async def test_sequence_numbers_grow_also_over_a_purge(room: SqsRoom) -> None:
    queue = await room.create("q.fifo", **FIFO)
    first = await room.send(queue, "1", MessageGroupId="g", MessageDeduplicationId="1")
    await room("PurgeQueue", QueueUrl=queue)

    second = await room.send(queue, "2", MessageGroupId="g", MessageDeduplicationId="2")

    assert len(first["SequenceNumber"]) == 20
    assert second["SequenceNumber"] > first["SequenceNumber"]


async def test_an_attempt_that_is_repeated_gets_the_same_messages(room: SqsRoom) -> None:
    """SQS API reference, ReceiveMessage, ReceiveRequestAttemptId."""
    queue = await room.create("q.fifo", **FIFO)
    await room.send(queue, "1", MessageGroupId="g", MessageDeduplicationId="1")

    first = await room.receive(queue, ReceiveRequestAttemptId="try", VisibilityTimeout=10)
    room.clock.advance(seconds=9)
    again = await room.receive(queue, ReceiveRequestAttemptId="try", VisibilityTimeout=10)
    room.clock.advance(seconds=9)

    assert [m["ReceiptHandle"] for m in again] == [m["ReceiptHandle"] for m in first]
    assert await room.bodies(queue) == [], "the visibility timeout began anew"


async def test_a_handle_expires_with_its_visibility_timeout(room: SqsRoom) -> None:
    queue = await room.create("q.fifo", **FIFO)
    await room.send(queue, "1", MessageGroupId="g", MessageDeduplicationId="1")
    (got,) = await room.receive(queue, VisibilityTimeout=1)
    room.clock.advance(seconds=1)

    with pytest.raises(AwsError, match="The receipt handle has expired"):
        await room("DeleteMessage", QueueUrl=queue, ReceiptHandle=got["ReceiptHandle"])


@pytest.mark.parametrize(
    ("request_of", "reason"),
    [
        ({"MessageDeduplicationId": "d"}, "The request must contain the parameter MessageGroupId."),
        ({"MessageGroupId": "g"}, "either have ContentBasedDeduplication enabled or MessageDeduplicationId provided"),
        ({"MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 2}, "not valid for this queue type"),
        ({"MessageGroupId": "g g", "MessageDeduplicationId": "d"}, "alphanumeric and punctuation characters"),
    ],
)
async def test_what_a_fifo_queue_does_not_take(room: SqsRoom, request_of: dict[str, str], reason: str) -> None:
    queue = await room.create("q.fifo", **FIFO)

    with pytest.raises(AwsError, match=reason):
        await room.send(queue, "b", **request_of)
