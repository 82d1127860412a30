"""Receives that wait: woken by what makes a message receivable, many at once, and none of them in the way."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.aws.sqs.room import CALL, SqsRoom
from tests.aws_server import AwsServer

from homeport.aws.services.sqs import SERVICE
from homeport.kernel.clock import SystemClock


async def parked(room: SqsRoom, queue: str, count: int = 1, **request: Any) -> list["asyncio.Task[list[str]]"]:
    """Receives that wait already."""
    tasks = [asyncio.create_task(room.bodies(queue, WaitTimeSeconds=20, **request)) for _ in range(count)]
    for _ in range(100):
        await asyncio.sleep(0)
    assert sum(room.sqs.parked.values()) == count
    return tasks


async def test_a_send_wakes_one_receive_for_each_message(room: SqsRoom) -> None:
    queue = await room.create("q")
    tasks = await parked(room, queue, 5, most=1)

    await room("SendMessageBatch", QueueUrl=queue, Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(3)])
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    while len(done) < 3:
        more, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        done |= more

    assert sorted(body for task in done for body in task.result()) == ["0", "1", "2"]
    assert len(waiting) == 2
    await room("SendMessageBatch", QueueUrl=queue, Entries=[{"Id": str(n), "MessageBody": str(n)} for n in (3, 4)])
    assert sorted(body for found in await asyncio.gather(*waiting) for body in found) == ["3", "4"]


@pytest.mark.parametrize("what", ["a delay", "a visibility timeout"])
async def test_a_moment_that_has_come_wakes_a_receive(room: SqsRoom, what: str) -> None:
    queue = await room.create("q", VisibilityTimeout="5")
    await room.send(queue, "b", DelaySeconds=5 if what == "a delay" else 0)
    if what != "a delay":
        await room.receive(queue)
    (task,) = await parked(room, queue)
    assert "sqs-wake" in room.woken

    room.clock.advance(seconds=5)
    await room.run_jobs()

    assert await task == ["b"]


async def test_giving_a_message_back_wakes_a_receive(room: SqsRoom) -> None:
    queue = await room.create("q")
    await room.send(queue, "b")
    (got,) = await room.receive(queue)
    (task,) = await parked(room, queue)

    await room("ChangeMessageVisibility", QueueUrl=queue, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)

    assert await task == ["b"]


async def test_deleting_a_groups_first_message_wakes_a_receive_for_its_second(room: SqsRoom) -> None:
    queue = await room.create("q.fifo", FifoQueue="true")
    for number in range(2):
        await room.send(queue, str(number), MessageGroupId="g", MessageDeduplicationId=str(number))
    (got,) = await room.receive(queue, 1)
    (task,) = await parked(room, queue)

    await room("DeleteMessage", QueueUrl=queue, ReceiptHandle=got["ReceiptHandle"])

    assert await task == ["1"]


async def test_who_goes_away_takes_nobodys_wake_up_along(room: SqsRoom) -> None:
    queue = await room.create("q")
    first, second = await parked(room, queue, 2)

    await room.send(queue, "b")
    first.cancel()

    assert await second == ["b"]


@pytest.mark.parametrize("made_again", [False, True])
async def test_a_receive_ends_with_its_queue(room: SqsRoom, *, made_again: bool) -> None:
    """And takes nothing out of another one that has got the name: its handles would not be that one's."""
    queue = await room.create("q")
    (task,) = await parked(room, queue)

    await room("DeleteQueue", QueueUrl=queue)
    if made_again:
        await room.create("q")
        await room.send(queue, "b")

    assert await asyncio.wait_for(task, 5) == []
    if made_again:
        (message,) = await room.receive(queue)
        await room("DeleteMessage", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


async def test_a_send_between_the_first_look_and_the_waiting_is_heard(room: SqsRoom) -> None:
    queue = await room.create("q")

    async def send_as_soon_as_the_first_look_has_ended() -> None:
        # In the same batch as the receive's first look, and before it: goes on earlier when that is committed.
        await room.db.write(lambda _tx: None)
        await room.send(queue, "b")

    sending = asyncio.create_task(send_as_soon_as_the_first_look_has_ended())
    receiving = asyncio.create_task(room.bodies(queue, WaitTimeSeconds=20))

    async with asyncio.timeout(5):
        await sending
        assert await receiving == ["b"]


async def test_a_server_that_stops_keeps_nobody_waiting(room: SqsRoom) -> None:
    queue = await room.create("q")
    tasks = await parked(room, queue, 3)

    room.sqs.drain()

    assert await asyncio.gather(*tasks) == [[], [], []]
    assert await room.bodies(queue, WaitTimeSeconds=20) == []


@pytest.fixture
def real_time(tmp_path: Path) -> Iterator[AwsServer]:
    server = AwsServer(tmp_path / "data", clock=SystemClock(), running_jobs=True).start()
    yield server
    server.stop()


def test_many_waiting_receives_do_not_slow_others_down(real_time: AwsServer) -> None:
    """Two thousand of them, in one process; each on a connection of its own would only test the sockets."""
    sqs = real_time.client("sqs")
    urls = [sqs.create_queue(QueueName=f"q{number}")["QueueUrl"] for number in range(20)]
    room: Any = real_time.half.rooms["sqs"].state

    async def park() -> None:
        receive = SERVICE.operations["ReceiveMessage"]
        for number in range(2000):
            request = {"QueueUrl": urls[number % 20], "WaitTimeSeconds": 20}
            tasks.append(asyncio.create_task(receive(room, CALL, request)))  # type: ignore[arg-type] # a coroutine
        for _ in range(100):
            await asyncio.sleep(0)
        assert sum(room.parked.values()) == 2000

    async def end() -> list[Any]:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if not task.done():
                task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    tasks: list[asyncio.Task[Any]] = []
    real_time.run(park())
    began = time.process_time()
    for _ in range(50):
        assert len(sqs.list_queues()["QueueUrls"]) == 20
    spent = time.process_time() - began
    sqs.send_message(QueueUrl=urls[0], MessageBody="b")

    got = [found for found in real_time.run(end()) if isinstance(found, dict) and found.get("Messages")]
    assert [found["Messages"][0]["Body"] for found in got] == ["b"]
    assert spent < 5, "fifty listings cost seconds of CPU: receives that wait are being looked at again and again"


@pytest.mark.parametrize("how", ["closed", "reset", "shut down"])
def test_a_client_that_has_hung_up_gets_no_message(real_time: AwsServer, how: str) -> None:
    """Else the next message would be hidden for its visibility timeout, and nobody would have it."""
    sqs = real_time.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    parked: dict[int, int] = real_time.half.rooms["sqs"].state.parked  # type: ignore[attr-defined] # Sqs

    hung_up = [park_over_the_wire(real_time, url) for _ in range(5)]
    until(lambda: sum(parked.values()) == 5)
    for client in hung_up:
        if how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if how == "shut down":
            client.shutdown(socket.SHUT_RDWR)
        client.close()
    until(lambda: not parked)
    sqs.send_message(QueueUrl=url, MessageBody="b")

    assert [message["Body"] for message in sqs.receive_message(QueueUrl=url)["Messages"]] == ["b"]


def park_over_the_wire(server: AwsServer, url: str) -> socket.socket:
    """A client that waits for a message, on a connection of its own."""
    host, port = server.url.removeprefix("http://").split(":")
    body = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20})
    client = socket.create_connection((host, int(port)))
    client.sendall(
        f"POST / HTTP/1.1\r\nHost: {host}\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n"
        f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    return client


def until(found: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_receive_over_the_wire_is_woken_by_a_delay_that_runs_out(real_time: AwsServer) -> None:
    sqs = real_time.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="b", DelaySeconds=1)

    with ThreadPoolExecutor(1) as pool:
        got = pool.submit(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=20).result(timeout=15)

    assert [message["Body"] for message in got["Messages"]] == ["b"]
