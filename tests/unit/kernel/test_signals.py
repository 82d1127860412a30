import asyncio

import pytest

from homeport.kernel.signals import Signals, TooManyListeners


@pytest.fixture
def signals() -> Signals:
    return Signals()


async def test_a_signal_wakes_everybody_who_waits_for_its_topic_and_nobody_else(signals: Signals) -> None:
    waiting = [asyncio.create_task(signals.wait("a", timeout_seconds=None)) for _ in range(3)]
    other = asyncio.create_task(signals.wait("b", timeout_seconds=None))
    await asyncio.sleep(0)

    assert signals.send("a") == 3

    assert await asyncio.gather(*waiting) == [True, True, True]
    assert not other.done()
    other.cancel()


async def test_a_signal_that_nobody_hears_is_gone(signals: Signals) -> None:
    assert signals.send("a") == 0

    assert await signals.wait("a", timeout_seconds=0) is False


async def test_what_is_sent_between_listening_and_waiting_is_heard(signals: Signals) -> None:
    with signals.listen("a") as listener:
        signals.send("a")
        signals.send("a")

        assert await listener.heard(timeout_seconds=0.01) is True
        assert await listener.heard(timeout_seconds=0) is False


async def test_with_a_limit_those_who_have_waited_longest_are_woken_first(signals: Signals) -> None:
    order: list[int] = []

    async def wait(number: int) -> None:
        await signals.wait("a", timeout_seconds=None)
        order.append(number)

    tasks = [asyncio.create_task(wait(number)) for number in range(3)]
    await asyncio.sleep(0)

    assert [signals.send("a", most=1), signals.send("a", most=1)] == [1, 1]
    await asyncio.sleep(0.001)

    assert order == [0, 1]
    assert signals.send("a", most=5) == 1
    await asyncio.gather(*tasks)


async def test_thousands_who_wait_leave_nothing_behind_however_they_leave(signals: Signals) -> None:
    tasks = [asyncio.create_task(signals.wait(f"topic {number % 100}", timeout_seconds=None)) for number in range(3000)]
    late = [asyncio.create_task(signals.wait("late", timeout_seconds=0.001)) for _ in range(1000)]
    await asyncio.sleep(0)
    most = (signals.listeners, signals.topics)

    for number in range(50):
        signals.send(f"topic {number}")
    await asyncio.gather(*late)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert most == (4000, 101)
    assert results.count(True) == 1500
    assert (signals.listeners, signals.topics) == (0, 0)


async def test_more_than_the_server_will_hold_are_refused_at_once() -> None:
    signals = Signals(most_listeners=2)

    with signals.listen("a"), signals.listen("b"):
        with pytest.raises(TooManyListeners):
            await signals.wait("a", timeout_seconds=None)
        assert signals.listeners == 2

    assert await signals.wait("a", timeout_seconds=0) is False
