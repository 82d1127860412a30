"""Fair queues: a group that has much in flight does not make the others wait."""

from tests.aws.sqs.room import SqsRoom


async def test_a_quiet_group_goes_before_a_crowding_one(room: SqsRoom) -> None:
    """SQS developer guide, "Amazon SQS fair queues"."""
    queue = await room.create("q")
    for number in range(50):
        await room.send(queue, f"noisy {number}", MessageGroupId="noisy")
    assert len(await room.receive(queue)) == 10
    await room.send(queue, "quiet", MessageGroupId="quiet")

    assert await room.bodies(queue, 1) == ["quiet"]
    assert await room.bodies(queue, 1) == ["noisy 10"]


async def test_a_group_that_has_finished_crowds_nobody_out(room: SqsRoom) -> None:
    queue = await room.create("q")
    for number in range(3):
        await room.send(queue, f"a{number}", MessageGroupId="a")
    (first,) = await room.receive(queue, 1)
    room.clock.advance(seconds=0.001)
    await room.send(queue, "b", MessageGroupId="b")
    await room("DeleteMessage", QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])

    assert await room.bodies(queue, 1) == ["a1"], "nothing of it is in flight, and it is older"


async def test_a_crowding_group_is_served_when_nobody_else_is_there(room: SqsRoom) -> None:
    queue = await room.create("q")
    for number in range(25):
        await room.send(queue, str(number), MessageGroupId="only")

    got = [body for _ in range(3) for body in await room.bodies(queue)]

    assert got == [str(number) for number in range(25)]


async def test_messages_come_back_to_their_group_when_their_time_is_over(room: SqsRoom) -> None:
    queue = await room.create("q")
    for number in range(4):
        await room.send(queue, str(number), MessageGroupId="g")
    await room.receive(queue, 2, VisibilityTimeout=5)
    await room.restart()
    room.clock.advance(seconds=5)

    assert sorted(await room.bodies(queue)) == ["0", "1", "2", "3"]
    assert await room.counts(queue) == (0, 0, 4)
